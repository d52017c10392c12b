package directory

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/rosterhq/roster/internal/ident"
)

// eraseBatch is how many entries are erased in one transaction.
const eraseBatch = 200

// EraseUser takes the name, the email and the addresses of somebody who is not a
// user any more out of the organization's log, and their name off the tokens and
// webhooks that they made; ids stay, and so do the proofs. It returns how many
// entries are about them. If a call is interrupted, a repeated call continues it,
// even with the same idempotency key.
//
// Needs an owner's personal token. Audit entry erasePersonalData. Errors:
// [Invalid] for what is no user's id; [Conflict] for somebody who is a user;
// [NotFound] for an id the log does not know.
func (s *Service) EraseUser(ctx context.Context, call Call, id UserID) (found int, err error) {
	if !ident.Is("usr", string(id)) { // entries without an actor's id are not of nobody
		return 0, InvalidField("userId", "must be the id of a user, as in usr_06h0tznb294kc6smm97b5r4g8g")
	}
	found, err = Write(ctx, s, call, OpEraseUser, func(c *Change) (int, error) {
		if !c.actor.IsOwner() {
			return 0, Errorf(Forbidden, "only an owner, with a personal token, can erase personal data")
		}
		_, err := c.User(c.actor.OrgID, id)
		if err == nil {
			return 0, Errorf(Conflict, "this is a user of the organization; remove the user first")
		}
		if CodeOf(err) != NotFound {
			return 0, err
		}
		made, err := forgetCreator(c, c.actor.OrgID, id)
		if err != nil {
			return 0, err
		}
		numbers, err := entriesAbout(c, c.actor.OrgID, id, made)
		if err != nil {
			return 0, err
		}
		if len(numbers) == 0 && len(made) == 0 {
			return 0, Missing("user")
		}
		return len(numbers), c.Record(Target{Type: "user", ID: string(id)}, nil, nil)
	})
	if err != nil || call.DryRun != nil {
		return found, err
	}
	if err := s.eraseAbout(ctx, call.Principal.OrgID, id); err != nil {
		return 0, err
	}
	return found, nil
}

// eraseAbout erases the entries about a user whose erasure is in the log. It looks for
// them itself: a call that is repeated under its idempotency key only gets the
// first one's result, which may have been all that the first one came to.
func (s *Service) eraseAbout(ctx context.Context, org OrgID, id UserID) error {
	var numbers []int64
	ctx = ForTenant(ctx, OrgTenant(org))
	err := s.store.Read(ctx, func(tx Tx) error {
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
		err = s.store.Write(ctx, func(tx Tx) error { return eraseEntries(tx, org, id, batch) })
	}
	return err
}

// creations are the tokens and webhooks that somebody made and that are still there.
type creations struct {
	tokens []APITokenRecord
	hooks  []Webhook
}

func creationsOf(tx Tx, org OrgID, id UserID) (made creations, err error) {
	if made.tokens, err = tx.APITokens(org); err != nil {
		return made, err
	}
	if made.hooks, err = tx.Webhooks(org); err != nil {
		return made, err
	}
	made.tokens = slices.DeleteFunc(made.tokens, func(t APITokenRecord) bool { return t.CreatedBy.UserID != id })
	made.hooks = slices.DeleteFunc(made.hooks, func(w Webhook) bool { return w.CreatedBy.UserID != id })
	return made, nil
}

func (m creations) ids() (ids []string) {
	for _, t := range m.tokens {
		ids = append(ids, string(t.ID))
	}
	for _, w := range m.hooks {
		ids = append(ids, string(w.ID))
	}
	return ids
}

// forgetCreator takes a user's name off the tokens and webhooks that they made, and
// lists the ids of those.
func forgetCreator(tx Tx, org OrgID, id UserID) ([]string, error) {
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
	return made.ids(), nil
}

// entriesAbout finds the entries that a user acted in or was acted on in, and
// those about the tokens and webhooks they made: made, and such as are gone.
func entriesAbout(tx Tx, org OrgID, id UserID, made []string) (numbers []int64, err error) {
	seen := make(map[int64]bool)
	theirs := make(map[string]bool)
	for _, target := range made {
		theirs[target] = true
	}
	note := func(q EntryQuery) error {
		for e, err := range tx.OrgEntries(org, q) {
			if err != nil {
				return err
			}
			if !seen[e.Sequence] {
				seen[e.Sequence] = true
				numbers = append(numbers, e.Sequence)
			}
			if (e.Target.Type == "apiToken" || e.Target.Type == "webhook") && e.Actor.UserID == id {
				theirs[e.Target.ID] = true
			}
		}
		return nil
	}
	if err := note(EntryQuery{Actor: string(id)}); err != nil {
		return nil, err
	}
	if err := note(EntryQuery{Target: string(id)}); err != nil {
		return nil, err
	}
	for target := range theirs {
		if err := note(EntryQuery{Target: target}); err != nil {
			return nil, err
		}
	}
	return numbers, nil
}

func eraseEntries(tx Tx, org OrgID, id UserID, numbers []int64) error {
	if err := tx.Lock(LockOrg(org)); err != nil {
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
		changed, err := found.erase(id)
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

// erase takes a user's personal data out of an entry.
func (e *Entry) erase(id UserID) (changed bool, err error) {
	sealed := e.sealed()
	if _, err := sealed.Finish(); err != nil {
		return false, err
	}
	if e.Actor.UserID == id && e.Secrets.ActorHash == nil {
		changed = true
		if err := sealed.EraseActor(); err != nil {
			return false, err
		}
	}
	named := e.Target.Name != "" || e.Before != nil || e.After != nil
	if named && e.Target.Type == "user" && e.Target.ID == string(id) && e.Secrets.TargetHash == nil {
		changed = true
		if err := sealed.EraseTarget(); err != nil {
			return false, err
		}
	}
	if e.madeBy(id) && e.Secrets.InternalHash == nil {
		changed = true
		if err := sealed.EraseMaker(); err != nil {
			return false, err
		}
	}
	e.Actor.Name, e.RemoteAddr, e.UserAgent = sealed.Actor.Name, sealed.SourceAddress, sealed.UserAgent
	e.Target.Name = sealed.Target.Name
	e.Before, e.After = []byte(sealed.RawBefore), []byte(sealed.RawAfter)
	e.Secrets = sealed.Secrets
	return changed, nil
}

// madeBy says whether an entry's state names a user as who made a token or webhook.
func (e *Entry) madeBy(id UserID) bool {
	for _, state := range []json.RawMessage{e.Before, e.After} {
		var t struct {
			CreatedBy Actor `json:"createdBy"`
		}
		if state != nil && json.Unmarshal(state, &t) == nil && t.CreatedBy.UserID == id {
			return true
		}
	}
	return false
}
