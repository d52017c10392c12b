package audit

import (
	"golang.org/x/mod/sumdb/tlog"
)

type subtree struct {
	size int64
	hash Hash
}

// leftOf gives the subtrees left of the n-th leaf of a tree of a size, out of the
// leaf's proof: its hashes stand from the leaf upwards.
func leftOf(p tlog.RecordProof, size, n int64) (left []subtree) {
	lo, hi := int64(0), size
	for i := len(p) - 1; i >= 0 && hi-lo > 1; i-- {
		k := int64(1)
		for k*2 < hi-lo {
			k *= 2
		}
		if n < lo+k {
			hi = lo + k
			continue
		}
		left = append(left, subtree{k, p[i]})
		lo += k
	}
	return left
}

// push adds a leaf to the tree.
func (v *verifier) push(leaf Hash) {
	v.tree = append(v.tree, subtree{1, leaf})
	for n := len(v.tree); n > 1 && v.tree[n-2].size == v.tree[n-1].size; n = len(v.tree) {
		a, b := v.tree[n-2], v.tree[n-1]
		v.tree = append(v.tree[:n-2], subtree{a.size + b.size, tlog.NodeHash(a.hash, b.hash)})
	}
}

func (v *verifier) root() Hash {
	root := v.tree[len(v.tree)-1].hash
	for i := len(v.tree) - 2; i >= 0; i-- {
		root = tlog.NodeHash(v.tree[i].hash, root)
	}
	return root
}

// compare holds the tree against the checkpoints of its size.
func (v *verifier) compare(size int64) error {
	for len(v.marks) > 0 && v.marks[0].N == size {
		if m := v.marks[0]; m.Hash != v.root() {
			return &Fault{v.good + 1, size, m.problem}
		}
		v.marks = v.marks[1:]
		v.good = size
	}
	return nil
}
