package console

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/rosterhq/roster/internal/audit"
	"github.com/rosterhq/roster/internal/directory"
)

// entryPage shows one entry with its proof.
var entryPage = page{
	about: "auditLog",
	path:  "audit/{sequence}", name: "entry", title: "Entry", needs: []directory.Operation{directory.OpListEntries}, show: showEntry,
}

type entryData struct {
	Entry   directory.Entry
	Record  audit.Record
	Members []changedMember
	Proof   entryProof
}

// changedMember is a member of what an entry is about, before and after.
type changedMember struct{ Name, Before, After string }

// entryProof is what was verified of an entry.
type entryProof struct {
	Mark entryMark
	Size int64  // of the checkpoint
	Leaf string // the entry's hash
	Root string // of the tree
}

func showEntry(rq *request) (any, error) {
	n, err := sequence(rq.PathValue("sequence"))
	if err != nil {
		return nil, err
	}
	q := directory.EntryQuery{After: n - 1, Before: n + 1, Limit: 1}
	list, _, err := rq.console.Trail.ListEntries(rq.Context(), rq.call, q)
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, directory.Errorf(directory.NotFound, "there is no such entry, or it is not kept any more")
	}
	d := entryData{Entry: list[0]}
	if d.Record, err = d.Entry.Shown(); err != nil {
		return nil, err
	}
	d.Members = changedMembers(d.Record)
	d.Proof, err = rq.prove(d.Entry, d.Record)
	return d, err
}

// prove verifies an entry: its hash, that the tree has it, and the tree's signature.
func (rq *request) prove(e directory.Entry, r audit.Record) (p entryProof, err error) {
	leaf, whole := leafOf(e, r)
	p = entryProof{Mark: markChanged, Leaf: leaf.String()}
	if !whole {
		return p, nil
	}
	p.Mark = markFresh
	s, ctx := rq.console.Trail, rq.Context()
	signed, err := s.GetCheckpoint(ctx, rq.call, 0)
	if directory.CodeOf(err) == directory.NotFound || (err == nil && e.Sequence > signed.Size) {
		return p, nil
	}
	if err != nil {
		return p, err
	}
	keys, err := s.AuditKeys(ctx, rq.call)
	if err != nil {
		return p, err
	}
	inclusion, err := s.ProveInclusion(ctx, rq.call, e.Sequence, signed.Size)
	if err != nil {
		return p, err
	}
	p.Mark = markChanged
	if head, unsigned := audit.OpenCheckpoint(signed.Note, keys); unsigned == nil {
		p.Size, p.Root = head.N, head.Hash.String()
		if tlog.CheckRecord(inclusion.Proof, head.N, head.Hash, e.Sequence-1, leaf) == nil {
			p.Mark = markSealed
		}
	}
	return p, nil
}

// leafOf computes an entry's hash from its record, and whether it is the one that the
// entry was written with.
func leafOf(e directory.Entry, r audit.Record) (leaf audit.Hash, whole bool) {
	leaf, err := r.Leaf()
	return leaf, err == nil && bytes.Equal(leaf[:], e.Leaf)
}

// changedMembers compares the states before and after, member by member. Members that stay
// are left out if both states are there.
func changedMembers(r audit.Record) (list []changedMember) {
	before, after := membersOf(r.Before), membersOf(r.After)
	all := maps.Clone(before)
	maps.Copy(all, after)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		was, is := before[name], after[name]
		if len(before) > 0 && len(after) > 0 && was == is {
			continue
		}
		list = append(list, changedMember{name, was, is})
	}
	return list
}

func membersOf(state []byte) map[string]string {
	var raw map[string]json.RawMessage
	if json.Unmarshal(state, &raw) != nil {
		return map[string]string{}
	}
	texts := make(map[string]string, len(raw))
	for name, value := range raw {
		var text string
		if json.Unmarshal(value, &text) != nil {
			text = string(value)
		}
		texts[name] = text
	}
	return texts
}
