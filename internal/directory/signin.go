package directory

import (
	"context"
	"errors"
)

// signingIn starts a change by somebody who is signing in. Its actor is set once the
// account is known.
func (s *Service) signingIn(tx Tx, call Call) *Change {
	return &Change{Tx: tx, keys: s.keys, limits: s.limits, op: OpSignIn, call: call, actor: systemPrincipal(""), now: s.now()}
}

// signIn carries out a sign-in. What prove refuses for an account is recorded.
func (s *Service) signIn(ctx context.Context, call Call, prove func(*Change) (IssuedSession, error)) (session IssuedSession, err error) {
	err = s.store.Write(ForTenant(ctx, AddrTenant(call.RemoteAddr)), func(tx Tx) error {
		session, err = prove(s.signingIn(tx, call))
		return err
	})
	if err == nil {
		return session, nil
	}
	if failed, ok := errors.AsType[*failedSignIn](err); ok {
		s.recordFailedSignIn(ctx, call, failed)
		err = failed.err
	}
	return IssuedSession{}, err
}

// failedSignIn is an attempt to sign in to an account, or by an issuer, that was refused.
type failedSignIn struct {
	account AccountID
	issuer  *Issuer // nil: to an account
	method  SignInMethod
	err     error
}

func (e *failedSignIn) Error() string { return e.err.Error() }

// Unwrap gives the error that is answered.
func (e *failedSignIn) Unwrap() error { return e.err }

// recordFailedSignIn writes down that a sign-in was refused, with the outcome [Refused], in
// the log of each organization of the account, or in the issuer's. If an account or issuer
// is refused many times, some refusals are only counted. That it can't be written down changes no answer.
func (s *Service) recordFailedSignIn(ctx context.Context, call Call, f *failedSignIn) {
	key := TokenID(f.account)
	if f.issuer != nil {
		key = TokenID(f.issuer.ID)
	}
	skipped, ok := s.refusals.keep(key, s.now())
	if !ok {
		return
	}
	reason := refusalText(f.err.Error(), skipped)
	_ = s.store.Write(ForTenant(ctx, AddrTenant(call.RemoteAddr)), func(tx Tx) error {
		c := s.signingIn(tx, call)
		if f.issuer != nil {
			return c.refuseSignIn(f, f.issuer.OrgID, f.issuer.Target(), reason)
		}
		users, err := c.AccountUsers(f.account)
		if err != nil {
			return err
		}
		for _, u := range users {
			if err := c.refuseSignIn(f, u.OrgID, Target{Type: "user", ID: string(u.ID), Name: u.Name}, reason); err != nil {
				return err
			}
		}
		return nil
	})
}

// RecordFailedIssuer writes down, in the log of an issuer's organization, that a sign-in by
// the issuer was refused before anybody was known; of many refusals, some are only
// counted. That it can't be written down changes no answer.
func (s *Service) RecordFailedIssuer(ctx context.Context, call Call, i Issuer, refusal error) {
	call.Principal = nil
	s.recordFailedSignIn(ctx, call, &failedSignIn{issuer: &i, method: SignInIssuer, err: refusal})
}

func (c *Change) refuseSignIn(f *failedSignIn, org OrgID, target Target, reason string) error {
	if err := c.lockOrg(org); err != nil {
		return err
	}
	if _, err := c.Org(org); err != nil {
		return err // it was deleted meanwhile: no log begins anew
	}
	e := c.entry(org, target)
	e.Actor = Actor{Kind: ActorSystem, Name: c.actor.Name}
	e.Outcome, e.Reason = Refused, string(f.method)+": "+reason
	return appendEntry(c.Tx, c.keys, e)
}
