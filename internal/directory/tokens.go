package directory

import (
	"context"
	"math"
	"time"

	"github.com/rosterhq/roster/internal/authz"
	"github.com/rosterhq/roster/internal/ident"
	"github.com/rosterhq/roster/internal/limits"
)

// APITokenRecord is an API token as it is stored: it belongs to an organization and
// carries its own capabilities, which never change. Only a hash of its value is stored.
type APITokenRecord struct {
	ID           TokenID   `json:"id"`
	OrgID        OrgID     `json:"orgId"`
	Name         string    `json:"name"`
	Description  string    `json:"description,omitempty"`
	Capabilities authz.Set `json:"capabilities"`
	// Giving bounds what the token can give to others: what its maker could when it
	// was made, within that of the token it replaces.
	Giving    authz.Limit `json:"giving"`
	ExpiresAt time.Time   `json:"expiresAt,omitzero"` // zero: never
	Networks  Networks    `json:"networks,omitempty"` // none: from anywhere
	CreatedAt time.Time   `json:"createdAt"`
	CreatedBy Actor       `json:"createdBy"`
	// LifetimeSeconds is how long the token was to work when it was made, rounded up;
	// 0: for ever. An earlier end does not change it.
	LifetimeSeconds int64 `json:"lifetimeSeconds,omitzero"`
	// Replaces is the token that this one was made in place of, if any. That one may
	// have been deleted since.
	Replaces TokenID `json:"replaces,omitempty"`
	// MakerID is the user who made it, or who made the first of the tokens that did.
	MakerID UserID     `json:"makerId,omitempty"`
	Hash    SecretHash `json:"-"`
}

// Target is the token as the target of an entry.
func (t APITokenRecord) Target() Target {
	return Target{Type: "apiToken", ID: string(t.ID), Name: t.Name}
}

// IssuedAPIToken is a new API token with its value, which is shown this once.
type IssuedAPIToken struct {
	APITokenRecord
	Secret string `json:"-"`
	// Successors are tokens that replaced the same one earlier, at any remove, and still
	// work. There are [maxSuccessors] at most.
	Successors []TokenID `json:"-"`
}

// ShownOnce is the error of a retried create, whose secret is gone.
func (t IssuedAPIToken) ShownOnce() error { return errShownOnce(t.ID) }

func errShownOnce(id TokenID) error {
	return Errorf(Conflict, "this Idempotency-Key already created token %s, whose value is shown only once; "+
		"if that answer was lost, delete the token and create another with a new key", id)
}

// NewAPIToken is what it takes to make an API token. With the zero ExpiresAt it
// never ends, and without networks it works from anywhere, as far as the token that
// makes it and the organization allow.
type NewAPIToken struct {
	Name         string
	Description  string
	Capabilities authz.Set
	ExpiresAt    time.Time
	Networks     Networks

	replaces *APITokenRecord
	atMost   time.Duration // how long it works unless ExpiresAt says so; 0: for ever
}

// CreateAPIToken creates an API token. Permission apiTokens|create, and the
// capabilities must be among the principal's own. It ends no later than the token
// that makes it and the organization's maximum lifetime, and works only from where
// that token does. Audit entry createAPIToken. Errors: [Invalid] for a bad name, or
// an expiry that has passed or is later; [Forbidden] for wider networks.
func (s *Service) CreateAPIToken(ctx context.Context, call Call, in NewAPIToken) (IssuedAPIToken, error) {
	return Write(ctx, s, call, OpCreateAPIToken, func(c *Change) (IssuedAPIToken, error) {
		if err := c.checkSet(authz.Set{}, in.Capabilities); err != nil {
			return IssuedAPIToken{}, err
		}
		t, err := c.IssueAPIToken(in, c.actor.Giving)
		if err != nil {
			return IssuedAPIToken{}, err
		}
		return t, c.Record(t.Target(), nil, t.APITokenRecord)
	})
}

// IssueAPIToken creates and stores a token within the actor's own capabilities, which can
// give no more than giving. The caller records it. Errors: [Forbidden]; [Invalid];
// [LimitExceeded].
func (c *Change) IssueAPIToken(in NewAPIToken, giving authz.Limit) (t IssuedAPIToken, err error) {
	if !c.actor.Capabilities.Covers(in.Capabilities) {
		return t, Errorf(Forbidden, "the token would have capabilities that you don't have yourself")
	}
	if err := c.OneMore(limits.APITokens); err != nil {
		return t, err
	}
	t = IssuedAPIToken{Secret: ident.Secret(apiTokenPrefix), APITokenRecord: APITokenRecord{
		ID: TokenID(ident.New("tok", c.now)), OrgID: c.actor.OrgID, Capabilities: in.Capabilities, Giving: giving,
		CreatedAt: c.now, CreatedBy: c.actor.Actor(), MakerID: c.actor.Maker(),
	}}
	t.Hash = HashSecret(t.Secret)
	if c.call.DryRun != nil {
		t.Secret = "" // there will be no such token
	}
	if t.Name, err = CleanName("name", in.Name); err != nil {
		return t, err
	}
	if t.Description, err = CleanDescription(in.Description); err != nil {
		return t, err
	}
	longest, err := c.longestToken()
	if err != nil {
		return t, err
	}
	bound, err := c.boundsOf("expiresAt", bounds{in.ExpiresAt, in.Networks}, longest)
	if err != nil {
		return t, err
	}
	if until := c.actor.until; !until.IsZero() && !c.actor.lasting.Covers(in.Capabilities) {
		if bound.expiresAt, err = endBy("expiresAt", bound.expiresAt, until, "you have some of its capabilities only until then"); err != nil {
			return t, err
		}
	}
	if end := c.now.Add(in.atMost); in.ExpiresAt.IsZero() && in.atMost > 0 && (bound.expiresAt.IsZero() || end.Before(bound.expiresAt)) {
		bound.expiresAt = end
	}
	t.ExpiresAt, t.Networks = bound.expiresAt, bound.networks
	if !t.ExpiresAt.IsZero() {
		t.LifetimeSeconds = secondsUp(t.ExpiresAt.Sub(c.now))
	}
	if in.replaces != nil {
		t.Replaces = in.replaces.ID
	}
	return t, c.Tx.CreateAPIToken(t.APITokenRecord)
}

// secondsUp is a duration in seconds, rounded up, so that no lifetime becomes 0. The
// longest duration, 292 years, is what longer times are cut to.
func secondsUp(d time.Duration) int64 {
	return min(int64((d-1)/time.Second)+1, int64(math.MaxInt64/time.Second))
}

// cleanExpiry checks that a time is in the future or zero, and truncates it to the microsecond.
func cleanExpiry(field string, t, now time.Time) (time.Time, error) {
	if t.IsZero() {
		return time.Time{}, nil
	}
	t = t.UTC().Truncate(time.Microsecond)
	if !t.After(now) {
		return t, InvalidField(field, "must be in the future; leave it out for a token that never expires")
	}
	if t.Year() > 9999 {
		return t, InvalidField(field, "must be before the year 10000")
	}
	return t, nil
}

// ListAPITokens returns the organization's API tokens, expired ones included.
// Permission apiTokens|read.
func (s *Service) ListAPITokens(ctx context.Context, call Call) ([]APITokenRecord, error) {
	return Read(ctx, s, call, OpListAPITokens, func(tx Tx) ([]APITokenRecord, error) {
		return tx.APITokens(call.Principal.OrgID)
	})
}

// GetAPIToken returns one API token. Permission apiTokens|read. Errors: [NotFound].
func (s *Service) GetAPIToken(ctx context.Context, call Call, id TokenID) (APITokenRecord, error) {
	return Read(ctx, s, call, OpGetAPIToken, func(tx Tx) (APITokenRecord, error) {
		return tx.APIToken(call.Principal.OrgID, id)
	})
}

// DeleteAPIToken revokes and forgets an API token. Permission apiTokens|delete.
// Audit entry deleteAPIToken. Errors: [NotFound].
func (s *Service) DeleteAPIToken(ctx context.Context, call Call, id TokenID) error {
	return Do(ctx, s, call, OpDeleteAPIToken, func(c *Change) error {
		t, err := c.APIToken(c.actor.OrgID, id)
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

// maxSuccessors is how many living successors the result of a regeneration names.
const maxSuccessors = 10

// Regeneration describes the token that replaces another, and when the old one ends.
type Regeneration struct {
	ExistingExpiresAt time.Time    // now or earlier: at once
	NewExpiresAt      time.Time    // zero: never, or as KeepLifetime says
	KeepLifetime      bool         // the new one works as long from now on as the old one was to when it was made
	NewToken          *NewAPIToken // nil: name, description and capabilities of the old one
	KeepApps          bool         // NewToken has the old one's capabilities in applications
}

// RegenerateAPIToken creates a new token in place of one, which may have expired,
// and lets the old one end. It never lets the old one live longer than it would.
//
// Permission apiTokens|update, and both tokens' capabilities must be among the
// principal's own: the new value is handed to them. The new token can give what both
// the principal and the old one can. It has the bounds of
// one that the principal creates, also if it keeps the old one's lifetime, and works only
// from where the old one does. The result names the tokens that replaced the old one
// before and still work. Audit entries regenerateAPIToken, for the old one and for the new one. Errors: [NotFound]; [Invalid].
func (s *Service) RegenerateAPIToken(ctx context.Context, call Call, id TokenID, in Regeneration) (IssuedAPIToken, error) {
	return Write(ctx, s, call, OpRegenerateAPIToken, func(c *Change) (IssuedAPIToken, error) {
		old, err := c.APIToken(c.actor.OrgID, id)
		if err != nil {
			return IssuedAPIToken{}, err
		}
		if err := c.Check(old); err != nil {
			return IssuedAPIToken{}, err
		}
		if err := c.mayHandOver(old); err != nil {
			return IssuedAPIToken{}, err
		}
		next := NewAPIToken{Name: old.Name, Description: old.Description, Capabilities: old.Capabilities}
		if in.NewToken != nil {
			next = *in.NewToken
			if in.KeepApps {
				next.Capabilities.Apps = old.Capabilities.Apps
			}
			if err := c.checkSet(old.Capabilities, next.Capabilities); err != nil {
				return IssuedAPIToken{}, err
			}
		}
		if !in.NewExpiresAt.IsZero() {
			next.ExpiresAt = in.NewExpiresAt
		}
		if in.KeepLifetime {
			if !next.ExpiresAt.IsZero() {
				return IssuedAPIToken{}, InvalidField("keepLifetime", "conflicts with an expiration time of the new token; give one of them")
			}
			next.atMost = time.Duration(old.LifetimeSeconds) * time.Second
		}
		next.replaces = &old
		var common bool
		if next.Networks, common = old.Networks.Intersect(c.actor.Networks); !common {
			return IssuedAPIToken{}, Errorf(Forbidden, "the token and yours are bound to networks that have nothing in common")
		}
		living, err := c.SuccessorsOf(old.OrgID, old.ID, c.now, maxSuccessors)
		if err != nil {
			return IssuedAPIToken{}, err
		}
		t, err := c.IssueAPIToken(next, c.actor.Giving.Intersect(old.Giving))
		if err != nil {
			return IssuedAPIToken{}, err
		}
		t.Successors = living
		if err := c.endAPIToken(old, in.ExistingExpiresAt); err != nil {
			return IssuedAPIToken{}, err
		}
		return t, c.Record(t.Target(), nil, t.APITokenRecord)
	})
}

// mayHandOver checks whether the actor may let somebody have a token that there is:
// its capabilities must be among the actor's.
func (c *Change) mayHandOver(t APITokenRecord) error {
	if !c.actor.Capabilities.Covers(t.Capabilities) {
		return Errorf(Forbidden, "the token has capabilities that you don't have yourself")
	}
	return nil
}

// endAPIToken lets a token end no later than at, and records it whether or not
// it would have anyway: it is the one that is replaced.
func (c *Change) endAPIToken(t APITokenRecord, at time.Time) error {
	at = at.UTC().Truncate(time.Microsecond)
	if at.Before(c.now) {
		at = c.now
	}
	if at.Year() > 9999 {
		return InvalidField("existingTokenExpiresAt", "must be before the year 10000")
	}
	before := t
	if t.ExpiresAt.IsZero() || at.Before(t.ExpiresAt) {
		t.ExpiresAt = at
		if err := c.ExpireAPIToken(t.OrgID, t.ID, at); err != nil {
			return err
		}
	}
	return c.Record(t.Target(), before, t)
}
