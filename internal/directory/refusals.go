package directory

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/rosterhq/roster/internal/text"
)

const (
	// refusalsKept is how many refusals of one token are written down in a
	// refusalWindow; how many more there were stands in the next entry.
	refusalsKept  = 10
	refusalWindow = time.Minute
	// maxRefused bounds how many tokens are counted at a time.
	maxRefused = 10_000
	// maxTargetID bounds what a refused request may have written down.
	maxTargetID = 100
)

// refusals counts what was refused to each token, so that nobody fills the log with
// what they may not do.
type refusals struct {
	mu     sync.Mutex
	counts map[TokenID]*refused
}

type refused struct {
	since   time.Time
	kept    int
	skipped int
}

// keep reports whether a refusal is to be recorded, and how many were not since
// the last that was.
func (r *refusals) keep(id TokenID, now time.Time) (skipped int, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.counts == nil || len(r.counts) > maxRefused {
		r.counts = make(map[TokenID]*refused)
	}
	c := r.counts[id]
	if c == nil {
		c = &refused{since: now}
		r.counts[id] = c
	}
	if now.Sub(c.since) >= refusalWindow {
		c.since, c.kept = now, 0
	}
	if c.kept >= refusalsKept {
		c.skipped++
		return 0, false
	}
	c.kept++
	skipped, c.skipped = c.skipped, 0
	return skipped, true
}

// RecordRefusal writes down that an operation was refused to a principal, in the log
// of the organization it acts in, with the outcome [Refused]. If one token is
// refused many times, some refusals are only counted. Errors that are not refusals,
// and refusals outside any organization, are not recorded. An error means that the
// refusal could not be recorded.
func (s *Service) RecordRefusal(ctx context.Context, call Call, op Operation, target Target, refusal error) error {
	p := call.Principal
	if p == nil || p.OrgID == "" || CodeOf(refusal) != Forbidden {
		return nil
	}
	return s.recordRefusal(ctx, call, op, target, refusal.Error())
}

func (s *Service) recordRefusal(ctx context.Context, call Call, op Operation, target Target, reason string) error {
	p := call.Principal
	skipped, ok := s.refusals.keep(p.TokenID, s.now())
	if !ok {
		return nil
	}
	reason = refusalText(reason, skipped)
	target.ID = text.Loggable(target.ID, maxTargetID)
	return s.store.Write(ForTenant(ctx, OrgTenant(p.OrgID)), func(tx Tx) error {
		return s.change(tx, call, op, p).appendRefusal(p.OrgID, target, reason)
	})
}

// appendRefusal appends an entry with the outcome [Refused] to an organization's log.
func (c *Change) appendRefusal(org OrgID, target Target, reason string) error {
	if err := c.Lock(LockOrg(org)); err != nil {
		return err
	}
	if _, err := c.Org(org); err != nil {
		return err // it was deleted meanwhile: no log begins anew
	}
	e := c.entry(org, target)
	e.Outcome, e.Reason = Refused, reason
	_, err := appendEntry(c.Tx, c.keys, e)
	return err
}

// RefusedSignIn is an attempt to sign in, to an account or by an issuer, that was refused.
type RefusedSignIn struct {
	Account AccountID
	Issuer  *Issuer // nil: to an account
	Method  SignInMethod
	Err     error
}

func (e *RefusedSignIn) Error() string { return e.Err.Error() }

// Unwrap returns the error that is answered.
func (e *RefusedSignIn) Unwrap() error { return e.Err }

// RecordRefusedSignIn records a refused sign-in with the outcome [Refused], in the log of
// each organization of the account, or in the issuer's. If an account or issuer is refused
// many times, some refusals are only counted. An error means that it could not be recorded.
func (s *Service) RecordRefusedSignIn(ctx context.Context, call Call, f *RefusedSignIn) error {
	key := TokenID(f.Account)
	if f.Issuer != nil {
		key = TokenID(f.Issuer.ID)
	}
	skipped, ok := s.refusals.keep(key, s.now())
	if !ok {
		return nil
	}
	reason := string(f.Method) + ": " + refusalText(f.Err.Error(), skipped)
	_, err := WriteUnauthenticated(ctx, s, call, OpSignIn, func(c *Change) (struct{}, error) {
		if f.Issuer != nil {
			return struct{}{}, c.appendRefusal(f.Issuer.OrgID, f.Issuer.Target(), reason)
		}
		users, err := c.AccountUsers(f.Account)
		if err != nil {
			return struct{}{}, err
		}
		for _, u := range users {
			if err := c.appendRefusal(u.OrgID, Target{Type: "user", ID: string(u.ID), Name: u.Name}, reason); err != nil {
				return struct{}{}, err
			}
		}
		return struct{}{}, nil
	})
	return err
}

// refusalText is the reason of a refusal, after others that were only counted.
func refusalText(reason string, skipped int) string {
	if skipped > 0 {
		reason += fmt.Sprintf(" (%d earlier refusals were not recorded)", skipped)
	}
	return reason
}

// RefusedToken is the refusal of a token whose holder is known: it has expired, or
// it may not be used like this. An expired one is answered like any other bad token.
type RefusedToken struct {
	Principal *Principal
	Err       error
}

func (e *RefusedToken) Error() string { return e.Err.Error() }

// Unwrap returns the error that is answered, with its code.
func (e *RefusedToken) Unwrap() error { return e.Err }

func (e *RefusedToken) reason() string {
	if CodeOf(e.Err) == Unauthenticated {
		return "the token has expired"
	}
	return e.Err.Error()
}

// RecordSignIn writes down that a token was refused, as [Service.RecordRefusal] does.
// Tokens that were never known, or are deleted, belong to no log.
func (s *Service) RecordSignIn(ctx context.Context, call Call, refusal *RefusedToken) error {
	p := refusal.Principal
	call.Principal = p
	if p == nil || p.OrgID == "" {
		return nil
	}
	kind := "apiToken"
	if p.Kind == PersonalToken {
		kind = "personalToken"
	}
	return s.recordRefusal(ctx, call, OpSignIn, Target{Type: kind, ID: string(p.TokenID)}, refusal.reason())
}
