package directory

import (
	"context"
	"encoding/json"
	"fmt"
)

// eraseBatch is how many entries are erased in one transaction.
const eraseBatch = 200

// EraseUser takes the name, the email and the addresses of somebody who is not a
// user any more out of the organisation's log; ids stay, and so do the proofs. It
// returns how many entries are about them. What was cut off half-way goes on when
// called again.
//
// Needs an owner's personal token. Audit entry erasePersonalData. Errors:
// [Conflict] for somebody who is a user; [NotFound] for an id the log does not know.
func (s *Service) EraseUser(ctx context.Context, call Call, id UserID) (found int, err error) {
	var numbers []int64
	found, err = write(ctx, s, call, OpEraseUser, func(c *change) (int, error) {
		if !c.actor.isOwner() {
			return 0, Errorf(Forbidden, "only an owner, with a personal token, can erase personal data")
		}
		_, err := c.User(c.actor.OrgID, id)
		if err == nil {
			return 0, Errorf(Conflict, "this is a user of the organization; remove the user first")
		}
		if CodeOf(err) != NotFound {
			return 0, err
		}
		if numbers, err = entriesAbout(c, c.actor.OrgID, id); err != nil {
			return 0, err
		}
		if len(numbers) == 0 {
			return 0, notFound("user")
		}
		return len(numbers), c.record(Target{Type: "user", ID: string(id)}, nil, nil)
	})
	if err != nil || call.DryRun != nil {
		return found, err
	}
	for len(numbers) > 0 {
		batch := numbers[:min(len(numbers), eraseBatch)]
		numbers = numbers[len(batch):]
		err := s.store.Write(ctx, func(tx Tx) error { return eraseEntries(tx, call.Principal.OrgID, id, batch) })
		if err != nil {
			return 0, err
		}
	}
	return found, nil
}

// entriesAbout finds the entries that a user acted in or was acted on in, and
// those about the tokens they made.
func entriesAbout(tx Tx, org OrgID, id UserID) (numbers []int64, err error) {
	seen := make(map[int64]bool)
	tokens := make(map[string]bool)
	note := func(q EntryQuery) error {
		for e, err := range tx.OrgEntries(org, q) {
			if err != nil {
				return err
			}
			if !seen[e.Number] {
				seen[e.Number] = true
				numbers = append(numbers, e.Number)
			}
			if e.Target.Type == "apiToken" && e.Actor.UserID == id {
				tokens[e.Target.ID] = true
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
	for token := range tokens {
		if err := note(EntryQuery{Target: token}); err != nil {
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
		var found *Entry
		for e, err := range tx.OrgEntries(org, EntryQuery{After: number - 1, Limit: 1}) {
			if err != nil {
				return err
			}
			found = &e
		}
		if found == nil || found.Number != number {
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

// madeBy says whether an entry's state names a user as the maker of a token.
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
