package credentials

import (
	"context"
	"math"
	"time"

	"github.com/rosterhq/roster/internal/authz"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/ident"
	"github.com/rosterhq/roster/internal/limits"
)

// CreateAPIToken creates an API token. Permission apiTokens|create, and the
// capabilities must be among the principal's own. It ends no later than the token
// that makes it and the organization's maximum lifetime, and works only from where
// that token does. Audit entry createAPIToken. Errors: [directory.Invalid] for a bad name,
// or an expiry that has passed or is later; [directory.Forbidden] for wider networks.
func (k *Keeper) CreateAPIToken(ctx context.Context, call directory.Call, in NewAPIToken) (IssuedAPIToken, error) {
	return directory.Write(ctx, k.directory, call, directory.OpCreateAPIToken, func(c *directory.Change) (IssuedAPIToken, error) {
		if err := c.CheckSet(authz.Set{}, in.Capabilities); err != nil {
			return IssuedAPIToken{}, err
		}
		t, err := IssueAPIToken(c, in, c.Actor().Giving)
		if err != nil {
			return IssuedAPIToken{}, err
		}
		return t, c.Record(t.Target(), nil, t.APITokenRecord)
	})
}

// IssueAPIToken creates and stores a token within the actor's own capabilities, which can
// give no more than giving. The caller records it. Errors: [directory.Forbidden];
// [directory.Invalid]; [directory.LimitExceeded].
func IssueAPIToken(c *directory.Change, in NewAPIToken, giving authz.Limit) (IssuedAPIToken, error) {
	return issue(c, in, giving, replacement{})
}

// replacement is what a new token has of the one that it replaces.
type replacement struct {
	id     directory.TokenID
	atMost time.Duration // how long the new one works unless its ExpiresAt says so; 0: for ever
}

func issue(c *directory.Change, in NewAPIToken, giving authz.Limit, old replacement) (t IssuedAPIToken, err error) {
	if !c.Actor().Capabilities.Covers(in.Capabilities) {
		return t, directory.Errorf(directory.Forbidden, "the token would have capabilities that you don't have yourself")
	}
	if err := c.OneMore(limits.APITokens); err != nil {
		return t, err
	}
	t = IssuedAPIToken{Secret: ident.Secret(directory.APITokenPrefix), APITokenRecord: directory.APITokenRecord{
		ID: directory.TokenID(ident.New("tok", c.Now())), OrgID: c.Actor().OrgID, Capabilities: in.Capabilities, Giving: giving,
		CreatedAt: c.Now(), CreatedBy: c.Actor().Actor(), MakerID: c.Actor().Maker(),
	}}
	t.Hash = directory.HashSecret(t.Secret)
	if c.DryRun() {
		t.Secret = "" // there will be no such token
	}
	if t.Name, err = directory.CleanName("name", in.Name); err != nil {
		return t, err
	}
	if t.Description, err = directory.CleanDescription(in.Description); err != nil {
		return t, err
	}
	settings, err := c.OrgSettings(c.Actor().OrgID)
	if err != nil {
		return t, err
	}
	bound, err := boundsOf(c, "expiresAt", bounds{in.ExpiresAt, in.Networks}, settings.LongestToken())
	if err != nil {
		return t, err
	}
	if until := c.Actor().HeldUntil(in.Capabilities); !until.IsZero() {
		if bound.expiresAt, err = endBy("expiresAt", bound.expiresAt, until, "you have some of its capabilities only until then"); err != nil {
			return t, err
		}
	}
	if end := c.Now().Add(old.atMost); in.ExpiresAt.IsZero() && old.atMost > 0 && (bound.expiresAt.IsZero() || end.Before(bound.expiresAt)) {
		bound.expiresAt = end
	}
	t.ExpiresAt, t.Networks = bound.expiresAt, bound.networks
	if !t.ExpiresAt.IsZero() {
		t.LifetimeSeconds = secondsUp(t.ExpiresAt.Sub(c.Now()))
	}
	t.Replaces = old.id
	return t, c.Tx.CreateAPIToken(t.APITokenRecord)
}

// secondsUp is a duration in seconds, rounded up, so that no lifetime becomes 0. The
// longest duration, 292 years, is what longer times are cut to.
func secondsUp(d time.Duration) int64 {
	return min(int64((d-1)/time.Second)+1, int64(math.MaxInt64/time.Second))
}

// ListAPITokens returns the organization's API tokens, expired ones included.
// Permission apiTokens|read.
func (k *Keeper) ListAPITokens(ctx context.Context, call directory.Call) ([]directory.APITokenRecord, error) {
	return directory.Read(ctx, k.directory, call, directory.OpListAPITokens, func(tx directory.Tx) ([]directory.APITokenRecord, error) {
		return tx.APITokens(call.Principal.OrgID)
	})
}

// GetAPIToken returns one API token. Permission apiTokens|read. Errors: [directory.NotFound].
func (k *Keeper) GetAPIToken(ctx context.Context, call directory.Call, id directory.TokenID) (directory.APITokenRecord, error) {
	return directory.Read(ctx, k.directory, call, directory.OpGetAPIToken, func(tx directory.Tx) (directory.APITokenRecord, error) {
		return tx.APIToken(call.Principal.OrgID, id)
	})
}

// DeleteAPIToken revokes and forgets an API token. Permission apiTokens|delete.
// Audit entry deleteAPIToken. Errors: [directory.NotFound].
func (k *Keeper) DeleteAPIToken(ctx context.Context, call directory.Call, id directory.TokenID) error {
	return directory.Do(ctx, k.directory, call, directory.OpDeleteAPIToken, func(c *directory.Change) error {
		t, err := c.APIToken(c.Actor().OrgID, id)
		if err != nil {
			return err
		}
		if err := c.Check(t); err != nil {
			return err
		}
		if err := c.Tx.DeleteAPIToken(t.OrgID, t.ID); err != nil {
			return err
		}
		return c.Record(t.Target(), t, nil)
	})
}
