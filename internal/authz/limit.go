package authz

import (
	"encoding/json"
	"fmt"
)

// Limit bounds the capabilities that a principal may give to somebody. It is the
// union of a built-in role, kept by name so that it grows with the vocabulary,
// and an explicit set. The zero value adds nothing to what everybody may give.
// Like a [Set], a Limit is not changed once made.
type Limit struct {
	upTo upTo
	set  Set // only what upTo does not cover
}

// upTo is the symbolic part of a limit, in ascending order.
type upTo uint8

const (
	upToNothing upTo = iota
	upToAdmin
	upToEverything
)

var upToNames = [...]string{upToNothing: "", upToAdmin: RoleAdmin, upToEverything: "everything"}

func (u upTo) covered() Set {
	switch u {
	case upToEverything:
		return builtin[RoleOwner]
	case upToAdmin:
		return builtin[RoleAdmin]
	default:
		return Set{}
	}
}

// Unlimited is the limit of owners and of the operator.
func Unlimited() Limit { return Limit{upTo: upToEverything} }

// LimitOf is the limit of somebody who holds the capabilities held, some of them
// through the built-in roles named.
func LimitOf(held Set, roles ...string) Limit {
	var u upTo
	for _, r := range roles {
		switch r {
		case RoleOwner:
			u = upToEverything
		case RoleAdmin:
			u = max(u, upToAdmin)
		}
	}
	return newLimit(u, held)
}

func newLimit(u upTo, set Set) Limit { return Limit{upTo: u, set: set.Minus(u.covered())} }

// Set is everything within l, as the vocabulary is now.
func (l Limit) Set() Set { return l.upTo.covered().Union(l.set) }

// Covers reports whether everything in s is within l.
func (l Limit) Covers(s Set) bool { return l.Set().Covers(s) }

// Intersect is what is within both l and other. The result is symbolic as far as
// both are.
func (l Limit) Intersect(other Limit) Limit {
	// (A ∪ s) ∩ (B ∪ t) = (A ∩ B) ∪ (s ∩ (B ∪ t)) ∪ (t ∩ (A ∪ s)), and of the
	// built-in roles here one always covers the other.
	explicit := l.set.Intersect(other.Set()).Union(other.set.Intersect(l.Set()))
	return newLimit(min(l.upTo, other.upTo), explicit)
}

// Apps are the capabilities in applications that l lists.
func (l Limit) Apps() AppGrants { return l.set.Apps }

// WithoutApps returns l without the capabilities in applications that it lists and drop
// selects.
func (l Limit) WithoutApps(drop func(AppGrant) bool) Limit {
	l.set.Apps = l.set.Apps.Without(drop)
	return l
}

// MayGive reports whether somebody with the limit l may give the capabilities in
// s: they must stay within the built-in role user, or within l. That only owners
// make owners is not decided here.
func (l Limit) MayGive(s Set) bool { return builtin[RoleUser].Covers(s) || l.Covers(s) }

// Equal reports whether l and other bound the same now and once the vocabulary has grown.
func (l Limit) Equal(other Limit) bool { return l.upTo == other.upTo && l.set.Equal(other.set) }

type limitWire struct {
	UpTo string `json:"upTo,omitempty"`
	Set  *Set   `json:"capabilities,omitempty"`
}

// MarshalJSON writes names, never bits: equal limits give equal bytes.
func (l Limit) MarshalJSON() ([]byte, error) {
	w := limitWire{UpTo: upToNames[l.upTo]}
	if !l.set.Empty() {
		w.Set = &l.set
	}
	return json.Marshal(w)
}

// UnmarshalJSON reads what [Limit.MarshalJSON] wrote.
func (l *Limit) UnmarshalJSON(b []byte) error {
	var w limitWire
	if err := json.Unmarshal(b, &w); err != nil {
		return err
	}
	for u, name := range upToNames {
		if name != w.UpTo {
			continue
		}
		var set Set
		if w.Set != nil {
			set = *w.Set
		}
		*l = newLimit(upTo(u), set)
		return nil
	}
	return fmt.Errorf("unknown limit %q", w.UpTo)
}
