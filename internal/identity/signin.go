package identity

import (
	"context"
	"errors"

	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/refusals"
)

// signIn carries out a sign-in. A [refusals.RefusedSignIn] of prove is recorded.
func (s *Proofs) signIn(ctx context.Context, call directory.Call, prove func(*directory.Change) (IssuedSession, error)) (IssuedSession, error) {
	session, err := directory.WriteUnauthenticated(ctx, s.directory, call, directory.OpSignIn, prove)
	if refused, ok := errors.AsType[*refusals.RefusedSignIn](err); ok {
		s.recordRefusal(ctx, call, refused)
		err = refused.Err
	}
	return session, err
}

// recordRefusal records a refused sign-in. The response is the same if that fails.
func (s *Proofs) recordRefusal(ctx context.Context, call directory.Call, refused *refusals.RefusedSignIn) {
	_ = s.refusals.RecordRefusedSignIn(ctx, call, refused)
}

// RecordFailedIssuer records, in the log of an issuer's organization, that a sign-in by the
// issuer was refused before its person was known. If there are many refusals, some are only counted.
func (s *Proofs) RecordFailedIssuer(ctx context.Context, call directory.Call, i directory.Issuer, refusal error) {
	s.recordRefusal(ctx, call, &refusals.RefusedSignIn{Issuer: &i, Method: directory.SignInIssuer, Err: refusal})
}
