package audit

import (
	"errors"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"
)

// RecordProof is what leads from a leaf to a tree's root.
type RecordProof = tlog.RecordProof

// TreeProof is what leads from a smaller tree's root to a tree's.
type TreeProof = tlog.TreeProof

// tileHeight is that of c2sp.org/tlog-tiles: 256 hashes to a tile.
const (
	tileHeight = 8
	tileWidth  = 1 << tileHeight
)

// ErrTiles is the error for missing or incomplete tiles.
var ErrTiles = errors.New("the tree is incomplete")

// TileID is the place of a tile in a tree: level 0 has the leaves, the tiles of
// each further level the roots of 256 tiles below.
type TileID struct {
	Level int
	Index int64
}

// Tiles gives the hashes of a tile as far as there are, one after the other;
// nothing for one that does not exist yet.
type Tiles func(TileID) ([]byte, error)

// Grow adds leaves to a tree of a size. It gives the tiles that are new or longer
// than before, and the new tree.
func Grow(tiles Tiles, size int64, leaves []Hash) (changed map[TileID][]byte, tree tlog.Tree, err error) {
	g := grown{old: tiles, changed: make(map[TileID][]byte)}
	for i, leaf := range leaves {
		if err := g.add(0, size+int64(i), leaf); err != nil {
			return nil, tree, err
		}
	}
	tree, err = Head(g.tile, size+int64(len(leaves)))
	return g.changed, tree, err
}

// grown is a tree with what was added to it.
type grown struct {
	old     Tiles
	changed map[TileID][]byte
}

func (g *grown) tile(id TileID) ([]byte, error) {
	if t, ok := g.changed[id]; ok {
		return t, nil
	}
	return g.old(id)
}

// add puts the n-th hash of a level in its tile, and a full tile's root a level up.
func (g *grown) add(level int, n int64, h Hash) error {
	id := TileID{level, n / tileWidth}
	t, err := g.tile(id)
	if err != nil {
		return err
	}
	before := n % tileWidth * tlog.HashSize
	if int64(len(t)) < before {
		return fmt.Errorf("%w: tile %d of level %d has %d bytes, want %d", ErrTiles, id.Index, level, len(t), before)
	}
	if _, ours := g.changed[id]; !ours {
		t = append(make([]byte, 0, tileWidth*tlog.HashSize), t...)
	}
	// Hashes beyond this point belong to a tree that was never signed.
	t = append(t[:before], h[:]...)
	g.changed[id] = t
	if len(t) < tileWidth*tlog.HashSize {
		return nil
	}
	return g.add(level+1, id.Index, rootOf(t))
}

// rootOf is the root over a full tile.
func rootOf(t []byte) Hash {
	if len(t) == tlog.HashSize {
		return Hash(t)
	}
	return tlog.NodeHash(rootOf(t[:len(t)/2]), rootOf(t[len(t)/2:]))
}

// Head computes the tree of a size from its tiles.
func Head(tiles Tiles, size int64) (tlog.Tree, error) {
	if size == 0 {
		return tlog.Tree{}, fmt.Errorf("an empty tree has no head")
	}
	root, err := tlog.TreeHash(size, tiles.reader(size))
	return tlog.Tree{N: size, Hash: root}, err
}

// Inclusion proves that the leaf of a sequence number is in the tree of a size.
func Inclusion(tiles Tiles, size, sequence int64) (RecordProof, error) {
	return tlog.ProveRecord(size, sequence-1, tiles.reader(size))
}

// Consistency proves that the tree of a size begins with that of a smaller one.
func Consistency(tiles Tiles, from, to int64) (TreeProof, error) {
	return tlog.ProveTree(to, from, tiles.reader(to))
}

// reader finds hashes of the tree of a size in its tiles.
func (tiles Tiles) reader(size int64) tlog.HashReader {
	return tlog.HashReaderFunc(func(indexes []int64) ([]Hash, error) {
		found := make([]Hash, len(indexes))
		for i, index := range indexes {
			t := tlog.TileForIndex(tileHeight, index)
			data, err := tiles(TileID{t.L, t.N})
			if err != nil {
				return nil, err
			}
			if len(data) < t.W*tlog.HashSize {
				return nil, fmt.Errorf("%w: tile %d of level %d lacks hashes of the tree of size %d", ErrTiles, t.N, t.L, size)
			}
			if found[i], err = tlog.HashFromTile(t, data[:t.W*tlog.HashSize], index); err != nil {
				return nil, err
			}
		}
		return found, nil
	})
}
