package auditlog

import (
	"context"
	"fmt"
	"slices"

	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/ident"
)

// eraseBatch is how many entries are erased in one transaction.
const eraseBatch = 200

// EraseUser removes the name, email and addresses of a former user from the
// organization's log, and their name from the tokens and webhooks that they created. Ids
// and proofs stay. It returns the number of entries about the user. If a call is
// interrupted, a repeated call continues it, even with the same idempotency key.
//
// Needs an owner's personal token. Audit entry erasePersonalData. Errors:
// [directory.Invalid] for another kind of id; [directory.Conflict] for a present user;
// [directory.NotFound] for an id that the log does not have.
func (l *Trail) EraseUser(ctx context.Context, call directory.Call, id directory.UserID) (found int, err error) {
	if !ident.Is("usr", string(id)) { // entries without an actor's id are not of nobody
		return 0, directory.InvalidField("userId", "must be the id of a user, as in usr_06h0tznb294kc6smm97b5r4g8g")
	}
	found, err = directory.Write(ctx, l.directory, call, directory.OpEraseUser, func(c *directory.Change) (int, error) {
		if !c.Actor().IsOwner() {
			return 0, directory.Errorf(directory.Forbidden, "only an owner, with a personal token, can erase personal data")
		}
		_, err := c.User(c.Actor().OrgID, id)
		if err == nil {
			return 0, directory.Errorf(directory.Conflict, "this is a user of the organization; remove the user first")
		}
		if directory.CodeOf(err) != directory.NotFound {
			return 0, err
		}
		made, err := forgetCreator(c, c.Actor().OrgID, id)
		if err != nil {
			return 0, err
		}
		numbers, err := entriesAbout(c, c.Actor().OrgID, id, made)
		if err != nil {
			return 0, err
		}
		if len(numbers) == 0 && len(made) == 0 {
			return 0, directory.Missing("user")
		}
		return len(numbers), c.Record(directory.Target{Type: "user", ID: string(id)}, nil, nil)
	})
	if err != nil || call.DryRun != nil {
		return found, err
	}
	if err := l.eraseAbout(ctx, call.Principal.OrgID, id); err != nil {
		return 0, err
	}
	return found, nil
}

// eraseAbout erases the entries about a user whose erasure is in the log. It
// finds them anew, because a call that is repeated under its idempotency key has only
// the first call's result, which may have been interrupted after it.
func (l *Trail) eraseAbout(ctx context.Context, org directory.OrgID, id directory.UserID) error {
	var numbers []int64
	ctx = directory.ForTenant(ctx, directory.OrgTenant(org))
	err := l.store.Read(ctx, func(tx directory.Tx) error {
		made, err := creationsOf(tx, org, id)
		if err != nil {
			return err
		}
		numbers, err = entriesAbout(tx, org, id, made.ids())
		return err
	})
	for err == nil && len(numbers) > 0 {
		batch := numbers[:min(len(numbers), eraseBatch)]
		numbers = numbers[len(batch):]
		err = l.store.Write(ctx, func(tx directory.Tx) error { return eraseEntries(tx, org, id, batch) })
	}
	return err
}

// creations are the existing tokens, webhooks and credentials of applications that a user
// created.
type creations struct {
	tokens      []directory.APITokenRecord
	hooks       []directory.Webhook
	credentials []directory.AppCredential
}

func creationsOf(tx directory.Tx, org directory.OrgID, id directory.UserID) (made creations, err error) {
	if made.tokens, err = tx.APITokens(org); err != nil {
		return made, err
	}
	if made.hooks, err = tx.Webhooks(org); err != nil {
		return made, err
	}
	made.tokens = slices.DeleteFunc(made.tokens, func(t directory.APITokenRecord) bool { return t.CreatedBy.UserID != id })
	made.hooks = slices.DeleteFunc(made.hooks, func(w directory.Webhook) bool { return w.CreatedBy.UserID != id })
	apps, err := tx.Applications(org)
	if err != nil {
		return made, err
	}
	for _, a := range apps {
		list, err := tx.AppCredentials(org, a.ID)
		if err != nil {
			return made, err
		}
		made.credentials = append(made.credentials, slices.DeleteFunc(list, func(c directory.AppCredential) bool { return c.CreatedBy.UserID != id })...)
	}
	return made, nil
}

func (m creations) ids() (ids []string) {
	for _, t := range m.tokens {
		ids = append(ids, string(t.ID))
	}
	for _, w := range m.hooks {
		ids = append(ids, string(w.ID))
	}
	for _, c := range m.credentials {
		ids = append(ids, string(c.ID))
	}
	return ids
}

// forgetCreator removes a user's name from what they created, and returns the ids of that.
func forgetCreator(tx directory.Tx, org directory.OrgID, id directory.UserID) ([]string, error) {
	made, err := creationsOf(tx, org, id)
	if err != nil {
		return nil, err
	}
	for _, t := range made.tokens {
		t.CreatedBy.Name = ""
		if err := tx.UpdateAPITokenCreator(org, t.ID, t.CreatedBy); err != nil {
			return nil, err
		}
	}
	for _, w := range made.hooks {
		w.CreatedBy.Name = ""
		if err := tx.UpdateWebhook(w); err != nil {
			return nil, err
		}
	}
	for _, c := range made.credentials {
		c.CreatedBy.Name = ""
		if err := tx.UpdateAppCredentialCreator(c); err != nil {
			return nil, err
		}
	}
	return made.ids(), nil
}

// entriesAbout finds the entries whose actor or target is a user, and those about the
// tokens, webhooks and credentials that they created: the ids in made, and deleted ones.
func entriesAbout(tx directory.Tx, org directory.OrgID, id directory.UserID, made []string) (numbers []int64, err error) {
	seen := make(map[int64]bool)
	theirs := make(map[string]bool)
	for _, target := range made {
		theirs[target] = true
	}
	note := func(q directory.EntryQuery) error {
		for e, err := range tx.OrgEntries(org, q) {
			if err != nil {
				return err
			}
			if !seen[e.Sequence] {
				seen[e.Sequence] = true
				numbers = append(numbers, e.Sequence)
			}
			switch e.Target.Type {
			case "apiToken", "webhook", "appCredential":
				if e.Actor.UserID == id {
					theirs[e.Target.ID] = true
				}
			}
		}
		return nil
	}
	if err := note(directory.EntryQuery{Actor: string(id)}); err != nil {
		return nil, err
	}
	if err := note(directory.EntryQuery{Target: string(id)}); err != nil {
		return nil, err
	}
	for target := range theirs {
		if err := note(directory.EntryQuery{Target: target}); err != nil {
			return nil, err
		}
	}
	return numbers, nil
}

func eraseEntries(tx directory.Tx, org directory.OrgID, id directory.UserID, numbers []int64) error {
	if err := tx.Lock(directory.LockOrg(org)); err != nil {
		return err
	}
	for _, number := range numbers {
		found, err := EntryAt(tx, org, number)
		if err != nil {
			return err
		}
		if found == nil {
			continue // retention was first
		}
		changed, err := erase(found, id)
		if err != nil {
			return fmt.Errorf("erase entry %d: %w", number, err)
		}
		if !changed {
			continue
		}
		if err := tx.EraseEntry(*found); err != nil {
			return err
		}
	}
	return nil
}
