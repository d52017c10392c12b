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
// What a person does in one is no business of another.
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

// TokenUsage is what is known of an API token beyond the v2 object.
type TokenUsage struct {
	Token      APITokenRecord
	LastUsedAt time.Time // zero: never; exact while the process runs, else to the minute
}

// GetTokenUsage returns who created an API token and when it was last used.
// Permission apiTokens|read. Errors: [NotFound].
func (s *Service) GetTokenUsage(ctx context.Context, call Call, id TokenID) (TokenUsage, error) {
	return Read(ctx, s, call, OpGetTokenUsage, func(tx Tx) (TokenUsage, error) {
		t, err := tx.APIToken(call.Principal.OrgID, id)
		if err != nil {
			return TokenUsage{}, err
		}
		stored, err := tx.APITokenUsed(t.OrgID, t.ID)
		if err != nil {
			return TokenUsage{}, err
		}
		return TokenUsage{Token: t, LastUsedAt: s.usage.latest(t.key(), stored)}, nil
	})
}

// ListTokenUsage returns who created each API token of the organization and when it was
// last used. With a time that is not zero, it returns only tokens that work and that were
// neither created nor used since. Permission apiTokens|read.
func (s *Service) ListTokenUsage(ctx context.Context, call Call, unusedSince time.Time) ([]TokenUsage, error) {
	return Read(ctx, s, call, OpListTokenUsage, func(tx Tx) ([]TokenUsage, error) {
		tokens, err := tx.APITokens(call.Principal.OrgID)
		if err != nil {
			return nil, err
		}
		used, err := tx.APITokensUsed(call.Principal.OrgID)
		if err != nil {
			return nil, err
		}
		all := make([]TokenUsage, 0, len(tokens))
		for _, t := range tokens {
			u := TokenUsage{Token: t, LastUsedAt: s.usage.latest(t.key(), used[t.ID])}
			if unusedSince.IsZero() || (!expired(t.ExpiresAt, s.now()) && t.CreatedAt.Before(unusedSince) && u.LastUsedAt.Before(unusedSince)) {
				all = append(all, u)
			}
		}
		return all, nil
	})
}

// CountExpiring counts the API tokens of all organizations that work now and
// won't after within. It is for the operator's metrics.
func (s *Service) CountExpiring(ctx context.Context, within time.Duration) (n int, err error) {
	now := s.now()
	err = s.store.Read(ctx, func(tx Tx) error {
		n, err = tx.CountAPITokens(now, now.Add(within))
		return err
	})
	return n, err
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
