package userimport

import (
	"context"
	"errors"
	"slices"

	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/members"
	"github.com/rosterhq/roster/internal/text"
)

// GroupSize is how many users [Importer.Add] takes at most. Their transaction is short
// enough that other organizations hardly wait for it.
const GroupSize = 100

// Outcome is the result for one user of an import.
type Outcome string

// The outcomes of an import.
const (
	Added     Outcome = "added"
	Invited   Outcome = "invited"   // has an account already, and becomes a user by accepting
	Unchanged Outcome = "unchanged" // is a user or invited already; stays as they are
	Refused   Outcome = "refused"
)

// Imported is the result for one user of an import.
type Imported struct {
	Outcome Outcome
	User    directory.User   // as they are now; the zero User if refused
	Err     *directory.Error // the reason for a refusal
}

// Add adds up to [GroupSize] users in one transaction, each as
// [members.Roll.CreateUser] does. A user who is refused does not affect the others.
// Users who are there already stay as they are, so that an import can be repeated. The
// call's idempotency key and precondition are not used.
//
// Permission users|create, and for each user the right to give the role. Audit entry
// createUser for each user who is added or invited. Errors: those that concern the whole
// call; [Imported.Err] has those that concern one user.
func (i *Importer) Add(ctx context.Context, call directory.Call, users []members.NewUser) ([]Imported, error) {
	if len(users) > GroupSize {
		return nil, directory.Errorf(directory.Invalid, "an import takes at most %d users at a time", GroupSize)
	}
	call.IdempotencyKey, call.Fingerprint, call.Precondition = "", nil, nil
	return directory.Write(ctx, i.service, call, directory.OpImportUsers, func(c *directory.Change) ([]Imported, error) {
		c = c.As(directory.OpCreateUser)
		out := make([]Imported, len(users))
		for i, in := range users {
			var err error
			if out[i], err = add(c, in); err != nil {
				return nil, err
			}
		}
		return out, nil
	})
}

// add refuses a user before it writes anything, so that the transaction goes on.
func add(c *directory.Change, in members.NewUser) (Imported, error) {
	u, err := members.CheckNewUser(c, in)
	if err != nil {
		return refused(err)
	}
	there, err := c.UserByEmail(u.OrgID, text.FoldKey(u.Email))
	if err == nil && !there.InvitationExpired(c.Now()) {
		return Imported{Outcome: Unchanged, User: there}, nil
	}
	if err != nil && directory.CodeOf(err) != directory.NotFound {
		return Imported{}, err
	}
	if err := members.AddUser(c, &u); err != nil {
		return refused(err)
	}
	out := Imported{Outcome: Added, User: u}
	if u.Invited {
		out.Outcome = Invited
	}
	return out, c.Record(u.Target(), nil, u)
}

// refusals are the errors that concern one user; others concern the whole import.
var refusals = []directory.Code{
	directory.Invalid, directory.Forbidden, directory.Conflict, directory.NotFound, directory.LimitExceeded, directory.Reauthenticate,
}

func refused(err error) (Imported, error) {
	if !slices.Contains(refusals, directory.CodeOf(err)) {
		return Imported{}, err
	}
	e, _ := errors.AsType[*directory.Error](err)
	return Imported{Outcome: Refused, Err: e}, nil
}
