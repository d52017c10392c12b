package directory

import (
	"context"
	"maps"
	"slices"
	"time"
)

// tokenKey is a token in an organization, or without an id an account in an organization.
// The uses of a token in one organization are not shown to another.
type tokenKey struct {
	org     OrgID
	account AccountID // of a personal token
	app     AppID     // of an application's credential
	id      TokenID
}

// ofPerson reports whether the key is that of an account, with whatever it acts.
func (k tokenKey) ofPerson() bool { return k.id == "" }

// ActivityStored is how long activity of a person is not stored again after it was stored:
// what is known of a person's last activity may lag behind by that, and by the time until
// [Service.StoreUsage] is called.
const ActivityStored = time.Hour

// storedEvery is how long the time is not stored again after it was stored. Those of people
// are rows of large tables.
func (k tokenKey) storedEvery() time.Duration {
	if k.ofPerson() {
		return ActivityStored
	}
	return 0
}

func (t APITokenRecord) key() tokenKey { return tokenKey{org: t.OrgID, id: t.ID} }

// APITokenUsed is when an API token was last used, of which the store may have an earlier
// time; zero: never.
func (s *Service) APITokenUsed(t APITokenRecord, stored time.Time) time.Time {
	return s.usage.Latest(t.key(), stored)
}

// PersonalTokenUsed is [Service.APITokenUsed] for a personal token in an organization.
func (s *Service) PersonalTokenUsed(org OrgID, t PersonalTokenRecord, stored time.Time) time.Time {
	return s.usage.Latest(tokenKey{org: org, account: t.AccountID, id: t.ID}, stored)
}

// usageBatch is how many times a transaction stores, so that others write in between.
const usageBatch = 500

// StoreUsage stores the times at which tokens were last used and people last active. After
// an error, they are stored the next time.
func (s *Service) StoreUsage(ctx context.Context) error {
	used := s.usage.Moved(tokenKey.storedEvery)
	for keys := range slices.Chunk(slices.Collect(maps.Keys(used)), usageBatch) {
		stored := make(map[tokenKey]time.Time, len(keys))
		err := s.store.Write(ctx, func(tx Tx) error {
			for _, key := range keys {
				if err := key.store(tx, used[key]); err != nil {
					return err
				}
				stored[key] = used[key]
			}
			return nil
		})
		if err != nil {
			return err
		}
		s.usage.Stored(stored)
	}
	return nil
}

func (k tokenKey) store(tx Tx, at time.Time) error {
	switch {
	case k.ofPerson():
		return tx.NoteActivity(k.org, k.account, at)
	case k.account != "":
		return tx.UsePersonalToken(k.org, k.account, k.id, at)
	case k.app != "":
		return tx.UseAppCredential(k.org, k.app, k.id, at)
	default:
		return tx.UseAPIToken(k.org, k.id, at)
	}
}
