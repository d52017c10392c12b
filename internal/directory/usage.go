package directory

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// usage keeps in memory when API tokens were last used, so that requests cost no write.
// [Service.StoreUsage] stores it from time to time.
type usage struct {
	mu    sync.Mutex
	marks map[tokenKey]*usageMark
}

type tokenKey struct {
	org OrgID
	id  TokenID
}

// usageMark is a token's last use, in microseconds since 1970.
type usageMark struct {
	last   atomic.Int64
	stored int64 // guarded by usage.mu
}

// mark returns the mark that a token's principals share.
func (u *usage) mark(org OrgID, id TokenID) *usageMark {
	u.mu.Lock()
	defer u.mu.Unlock()
	key := tokenKey{org, id}
	if u.marks[key] == nil {
		if u.marks == nil {
			u.marks = make(map[tokenKey]*usageMark)
		}
		u.marks[key] = new(usageMark)
	}
	return u.marks[key]
}

// unstored returns the marks that moved since they were last stored.
func (u *usage) unstored() map[tokenKey]time.Time {
	u.mu.Lock()
	defer u.mu.Unlock()
	moved := make(map[tokenKey]time.Time)
	for key, m := range u.marks {
		if last := m.last.Load(); last > m.stored {
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
		if last := s.usage.mark(t.OrgID, t.ID).last.Load(); last > 0 && last > stored.UnixMicro() {
			stored = time.UnixMicro(last).UTC()
		}
		return TokenUsage{Token: t, LastUsedAt: stored}, nil
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

// StoreUsage stores the times at which API tokens were last used. After an error, they
// are stored the next time.
func (s *Service) StoreUsage(ctx context.Context) error {
	used := s.usage.unstored()
	if len(used) == 0 {
		return nil
	}
	err := s.store.Write(ctx, func(tx Tx) error {
		for token, at := range used {
			if err := tx.UseAPIToken(token.org, token.id, at); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil {
		s.usage.keep(used)
	}
	return err
}
