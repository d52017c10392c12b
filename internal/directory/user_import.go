package directory

import (
	"context"
	"errors"
	"slices"

	"github.com/rosterhq/roster/internal/text"
)

// ImportGroup is how many users [Service.ImportUsers] takes at most. Their transaction is
// short enough that other organizations hardly wait for it.
const ImportGroup = 100

// ImportOutcome is the result for one user of an import.
type ImportOutcome string

// The outcomes of an import.
const (
	ImportAdded     ImportOutcome = "added"
	ImportInvited   ImportOutcome = "invited"   // has an account already, and becomes a user by accepting
	ImportUnchanged ImportOutcome = "unchanged" // is a user or invited already; stays as they are
	ImportRefused   ImportOutcome = "refused"
)

// Imported is the result for one user of an import.
type Imported struct {
	Outcome ImportOutcome
	User    User   // as they are now; the zero User if refused
	Err     *Error // the reason for a refusal
}

// ImportUsers adds up to [ImportGroup] users in one transaction, each as
// [Service.CreateUser] does. A user who is refused does not affect the others. Users who
// are there already stay as they are, so that an import can be repeated. The call's
// idempotency key and precondition are not used.
//
// Permission users|create, and for each user the right to give the role. Audit entry
// createUser for each user who is added or invited. Errors: those that concern the whole
// call; [Imported.Err] has those that concern one user.
func (s *Service) ImportUsers(ctx context.Context, call Call, in []NewUser) ([]Imported, error) {
	if len(in) > ImportGroup {
		return nil, Errorf(Invalid, "an import takes at most %d users at a time", ImportGroup)
	}
	call.IdempotencyKey, call.Fingerprint, call.Precondition = "", nil, nil
	return Write(ctx, s, call, OpImportUsers, func(c *Change) ([]Imported, error) {
		c = c.As(OpCreateUser)
		out := make([]Imported, len(in))
		for i, user := range in {
			var err error
			if out[i], err = c.importUser(user); err != nil {
				return nil, err
			}
		}
		return out, nil
	})
}

// importUser refuses a user before it writes anything, so that the transaction goes on.
func (c *Change) importUser(in NewUser) (Imported, error) {
	u, err := c.newUser(in)
	if err != nil {
		return refusedImport(err)
	}
	there, err := c.UserByEmail(u.OrgID, text.FoldKey(u.Email))
	if err == nil && (!there.Invited || !expired(there.ExpiresAt, c.now)) {
		return Imported{Outcome: ImportUnchanged, User: there}, nil
	}
	if err != nil && CodeOf(err) != NotFound {
		return Imported{}, err
	}
	if err := c.AddUser(&u); err != nil {
		return refusedImport(err)
	}
	out := Imported{Outcome: ImportAdded, User: u}
	if u.Invited {
		out.Outcome = ImportInvited
	}
	return out, c.Record(u.Target(), nil, u)
}

// refusals of one user; other errors concern the whole import.
var importRefusals = []Code{Invalid, Forbidden, Conflict, NotFound, LimitExceeded, Reauthenticate}

func refusedImport(err error) (Imported, error) {
	if !slices.Contains(importRefusals, CodeOf(err)) {
		return Imported{}, err
	}
	e, _ := errors.AsType[*Error](err)
	return Imported{Outcome: ImportRefused, Err: e}, nil
}
