package directory

import (
	"context"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// usage caches when tokens were last used and people last active, so that requests cost no
// write. [Service.StoreUsage] stores it from time to time.
type usage struct {
	mu    sync.Mutex
	marks map[tokenKey]*usageMark
}

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

// usageMark is the last use of a token, or the last activity of a person, in microseconds
// since 1970.
type usageMark struct {
	last   atomic.Int64
	stored int64 // guarded by usage.mu
}

// mark returns the mark that a token's principals share.
func (u *usage) mark(key tokenKey) *usageMark {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.marks[key] == nil {
		if u.marks == nil {
			u.marks = make(map[tokenKey]*usageMark)
		}
		u.marks[key] = new(usageMark)
	}
	return u.marks[key]
}

// latest is when a token was last used, of which the store may have an earlier time.
func (u *usage) latest(key tokenKey, stored time.Time) time.Time {
	u.mu.Lock()
	m := u.marks[key]
	u.mu.Unlock()
	if m != nil {
		if last := m.last.Load(); last > 0 && last > stored.UnixMicro() {
			return time.UnixMicro(last).UTC()
		}
	}
	return stored
}

// unstored returns the marks that moved since they were last stored. Those of people are
// stored less often: they are rows of large tables.
func (u *usage) unstored() map[tokenKey]time.Time {
	u.mu.Lock()
	defer u.mu.Unlock()
	moved := make(map[tokenKey]time.Time)
	for key, m := range u.marks {
		last, stored := m.last.Load(), m.stored
		if key.ofPerson() && stored > 0 {
			stored += ActivityStored.Microseconds()
		}
		if last > stored {
			moved[key] = time.UnixMicro(last).UTC()
		}
	}
	return moved
}

// keep notes what was stored.
func (u *usage) keep(stored map[tokenKey]time.Time) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for key, at := range stored {
		u.marks[key].stored = at.UnixMicro()
	}
}

func (t APITokenRecord) key() tokenKey { return tokenKey{org: t.OrgID, id: t.ID} }

// APITokenUsed is when an API token was last used, of which the store may have an earlier
// time; zero: never.
func (s *Service) APITokenUsed(t APITokenRecord, stored time.Time) time.Time {
	return s.usage.latest(t.key(), stored)
}

// PersonalTokenUsed is [Service.APITokenUsed] for a personal token in an organization.
func (s *Service) PersonalTokenUsed(org OrgID, t PersonalTokenRecord, stored time.Time) time.Time {
	return s.usage.latest(tokenKey{org: org, account: t.AccountID, id: t.ID}, stored)
}

// usageBatch is how many marks a transaction stores, so that others write in between.
const usageBatch = 500

// StoreUsage stores the times at which tokens were last used and people last active. After
// an error, they are stored the next time.
func (s *Service) StoreUsage(ctx context.Context) error {
	used := s.usage.unstored()
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
		s.usage.keep(stored)
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
