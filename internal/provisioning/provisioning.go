// Package provisioning holds the rules by which an identity provider keeps the users and
// groups of an organization, whatever protocol it speaks. Each operation is a call through
// [directory.Write] or [directory.Read], so all rules of the directory hold here too.
//
// A directory's view of a person, the profile, belongs to the organization. It never
// changes the person's account: neither their name nor their address, in a verified domain
// either. A user whom no directory has touched has a profile that is made of the account,
// so that a directory finds and takes over existing users. Removing a user through v2
// removes the profile too, and suspending them makes the profile inactive.
//
// A new user's address is the primary email, or the user name if that is an address. If
// the address has an account and its domain is not verified, the user is an invitation. It
// is a user like any other for the directory, with the same id before and after it is
// accepted. An invitation that a directory holds stays when it expires or is declined: it
// can't be accepted then, nobody is mailed, and it is renewed if the directory sets active
// from false to true, or if somebody resends it.
package provisioning

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/onboarding"
)

// Provisioner carries out a directory's operations.
type Provisioner struct {
	directory    *directory.Service
	people       *onboarding.Onboarder
	checkSchemas CheckSchemas
	maxMembers   int // see [MaxMembers]
}

// CheckSchemas checks extension schemas. It returns them as they are stored, and the
// attributes that they make unique.
type CheckSchemas func(json.RawMessage) (json.RawMessage, []directory.UniqueAttribute, error)

// New returns the operations of the directories of a service's organizations. people renews
// the invitations of those whom a directory makes active again. checkSchemas checks
// extension schemas; without it, none can be set.
func New(service *directory.Service, people *onboarding.Onboarder, checkSchemas CheckSchemas) *Provisioner {
	return &Provisioner{service, people, checkSchemas, MaxMembers}
}

// Profile is what a directory sets of a user.
type Profile struct {
	UserName   string
	ExternalID string
	Active     bool
	Attributes map[string]any
}

// Person is a user with the organization's view of them.
type Person struct {
	directory.User
	Profile   Profile
	Version   int64 // differs when anything but the groups differs
	UpdatedAt time.Time
	Groups    []directory.GroupName
}

// Group is a group as a directory sees it.
type Group struct {
	directory.Group // Members are set only if they are asked for
	ExternalID      string
	Attributes      map[string]any
	UpdatedAt       time.Time
}

// GroupChange is what a group is to be. Replace, if not nil, are all of its members.
// Otherwise the users in Add join the group, and those in Remove leave it.
type GroupChange struct {
	Name        string
	ExternalID  string
	Attributes  map[string]any
	Replace     *[]directory.UserID
	Add, Remove []directory.UserID
}

// Query asks for a page. Total asks for the number of all that meet the condition, and
// Related for the groups of users or the members of groups.
type Query struct {
	directory.ProfileQuery
	Total   bool
	Related bool
}

// Page is a part of a list. Next is where it ends, nil if nothing follows.
type Page[T any] struct {
	Items []T
	Total int // if it was asked for
	Next  *directory.ProfileCursor
}

// total is how many meet the condition of a page. They are counted if the page does not
// tell it.
func total[T any](q Query, page Page[T], count func() (int, error)) (int, error) {
	if page.Next == nil && q.After == nil && (q.Skip == 0 || len(page.Items) > 0) {
		return q.Skip + len(page.Items), nil
	}
	return count()
}

// change is a change under way.
type change struct {
	*directory.Change
	provisioner *Provisioner
	run         *Run // what has changed so far
}

// result is what a transaction commits: a value, or the hold that it began.
type result[T any] struct {
	Value T
	Held  *directory.Error
}

// write carries out a change. If the change makes the breaker hold the directory, the hold
// is committed and nothing else. Refusals are noted in the last run.
func write[T any](ctx context.Context, p *Provisioner, call directory.Call, op directory.Operation, fn func(change) (T, error)) (value T, err error) {
	out, err := directory.Write(ctx, p.directory, call, op, func(tx *directory.Change) (result[T], error) {
		c := change{Change: tx, provisioner: p, run: new(Run)}
		value, err := fn(c)
		if held, ok := err.(*heldNow); ok { //nolint:errorlint // lose returns it unwrapped
			return result[T]{Held: held.err}, c.hold(held)
		}
		if err != nil {
			return result[T]{}, err
		}
		return result[T]{Value: value}, c.saveRun()
	})
	if err == nil && out.Held != nil {
		err = out.Held
	}
	if err != nil {
		p.noteRefusal(ctx, call, op, err)
		return value, err
	}
	return out.Value, nil
}

// personOf makes a person of a user with their profile.
func personOf(u directory.Profiled) Person {
	person := Person{
		User:      u.User,
		Profile:   Profile{UserName: u.Profile.UserName, ExternalID: u.Profile.ExternalID, Active: !u.Suspended, Attributes: u.Profile.Attributes},
		Version:   u.Profile.Version * 2,
		UpdatedAt: u.Profile.UpdatedAt,
	}
	if u.Suspended {
		person.Version++
	}
	return person
}

func groupOf(g directory.ProfiledGroup) Group {
	return Group{Group: g.Group, ExternalID: g.Profile.ExternalID, Attributes: g.Profile.Attributes, UpdatedAt: g.Profile.UpdatedAt}
}

// same reports whether attributes are the same as JSON.
func same(a, b any) bool {
	x, errX := json.Marshal(a)
	y, errY := json.Marshal(b)
	return errX == nil && errY == nil && slices.Equal(x, y)
}

func sortedSet(ids []directory.UserID) []directory.UserID {
	set := slices.Clone(ids)
	slices.Sort(set)
	return slices.Compact(set)
}

// without are those of ids that others, which are sorted, don't have.
func without(ids, others []directory.UserID) []directory.UserID {
	return slices.DeleteFunc(slices.Clone(ids), func(id directory.UserID) bool {
		_, found := slices.BinarySearch(others, id)
		return found
	})
}
