// Package refusals records in the audit log what was refused: operations, tokens and
// sign-ins. Nobody fills a log that way: what one token or account is refused many times is
// only counted.
package refusals

import (
	"context"

	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/text"
)

// maxTargetID bounds what a refused request may have written down.
const maxTargetID = 100

// Recorder records refusals. Each kind of credential is counted by the Recorder of the place
// where it is presented. Its methods are safe for concurrent use.
type Recorder struct {
	directory *directory.Service
	repeated  repeated
}

// New returns a recorder of what a directory refuses.
func New(service *directory.Service) *Recorder { return &Recorder{directory: service} }

// RecordRefusal records that an operation was refused to a principal, in the log of the
// organization it acts in, with the outcome [directory.Refused]. If one token is refused many
// times, some refusals are only counted. Errors that are not refusals, and refusals outside
// any organization, are not recorded. An error means that the refusal could not be recorded.
func (r *Recorder) RecordRefusal(ctx context.Context, call directory.Call, op directory.Operation, target directory.Target, refusal error) error {
	p := call.Principal
	if p == nil || p.OrgID == "" || directory.CodeOf(refusal) != directory.Forbidden {
		return nil
	}
	return r.record(ctx, call, op, target, refusal.Error())
}

// RecordRefusedToken records that a token was refused, as [Recorder.RecordRefusal] does.
// Tokens that never existed, or are deleted, belong to no log.
func (r *Recorder) RecordRefusedToken(ctx context.Context, call directory.Call, refusal *directory.RefusedToken) error {
	p := refusal.Principal
	call.Principal = p
	if p == nil || p.OrgID == "" {
		return nil
	}
	kind := "apiToken"
	if p.Kind == directory.PersonalToken {
		kind = "personalToken"
	}
	reason := refusal.Error()
	if directory.CodeOf(refusal) == directory.Unauthenticated {
		reason = "the token has expired"
	}
	return r.record(ctx, call, directory.OpSignIn, directory.Target{Type: kind, ID: string(p.TokenID)}, reason)
}

func (r *Recorder) record(ctx context.Context, call directory.Call, op directory.Operation, target directory.Target, reason string) error {
	skipped, ok := r.repeated.keep(string(call.Principal.TokenID), r.directory.Now())
	if !ok {
		return nil
	}
	target.ID = text.Loggable(target.ID, maxTargetID)
	return directory.RecordRefused(ctx, r.directory, call, op, target, after(skipped, reason))
}

// RefusedSignIn is an attempt to sign in, to an account or by an issuer, that was refused.
type RefusedSignIn struct {
	Account directory.AccountID
	Issuer  *directory.Issuer // nil: to an account
	Method  directory.SignInMethod
	Err     error
}

func (e *RefusedSignIn) Error() string { return e.Err.Error() }

// Unwrap returns the error that is answered.
func (e *RefusedSignIn) Unwrap() error { return e.Err }

// RecordRefusedSignIn records a refused sign-in with the outcome [directory.Refused], in the
// log of each organization of the account, or in the issuer's. If an account or issuer is
// refused many times, some refusals are only counted. An error means that it could not be
// recorded.
func (r *Recorder) RecordRefusedSignIn(ctx context.Context, call directory.Call, refusal *RefusedSignIn) error {
	key := string(refusal.Account)
	if refusal.Issuer != nil {
		key = string(refusal.Issuer.ID)
	}
	skipped, ok := r.repeated.keep(key, r.directory.Now())
	if !ok {
		return nil
	}
	reason := string(refusal.Method) + ": " + after(skipped, refusal.Error())
	_, err := directory.WriteUnauthenticated(ctx, r.directory, call, directory.OpSignIn, func(c *directory.Change) (struct{}, error) {
		if i := refusal.Issuer; i != nil {
			return struct{}{}, c.RecordRefused(i.OrgID, i.Target(), reason)
		}
		users, err := c.AccountUsers(refusal.Account)
		if err != nil {
			return struct{}{}, err
		}
		for _, u := range users {
			if err := c.RecordRefused(u.OrgID, directory.Target{Type: "user", ID: string(u.ID), Name: u.Name}, reason); err != nil {
				return struct{}{}, err
			}
		}
		return struct{}{}, nil
	})
	return err
}
