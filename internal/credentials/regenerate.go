package credentials

import (
	"context"
	"time"

	"github.com/rosterhq/roster/internal/directory"
)

// maxSuccessors is how many living successors the result of a regeneration names.
const maxSuccessors = 10

// RegenerateAPIToken creates a new token in place of one, which may have expired,
// and lets the old one end. It never lets the old one live longer than it would.
//
// Permission apiTokens|update, and both tokens' capabilities must be among the
// principal's own: the new value is handed to them. The new token can give what both
// the principal and the old one can. It has the bounds of one that the principal creates,
// also if it keeps the old one's lifetime, and works only from where the old one does. The
// result names the tokens that replaced the old one before and still work. Audit entries
// regenerateAPIToken, for the old one and for the new one. Errors: [directory.NotFound];
// [directory.Invalid].
func (k *Keeper) RegenerateAPIToken(ctx context.Context, call directory.Call, id directory.TokenID, in Regeneration) (IssuedAPIToken, error) {
	return directory.Write(ctx, k.directory, call, directory.OpRegenerateAPIToken, func(c *directory.Change) (IssuedAPIToken, error) {
		old, err := c.APIToken(c.Actor().OrgID, id)
		if err != nil {
			return IssuedAPIToken{}, err
		}
		if err := c.Check(old); err != nil {
			return IssuedAPIToken{}, err
		}
		if err := mayHandOver(c, old); err != nil {
			return IssuedAPIToken{}, err
		}
		next := NewAPIToken{Name: old.Name, Description: old.Description, Capabilities: old.Capabilities}
		if in.NewToken != nil {
			next = *in.NewToken
			if in.KeepApps {
				next.Capabilities.Apps = old.Capabilities.Apps
			}
			if err := c.CheckSet(old.Capabilities, next.Capabilities); err != nil {
				return IssuedAPIToken{}, err
			}
		}
		if !in.NewExpiresAt.IsZero() {
			next.ExpiresAt = in.NewExpiresAt
		}
		replaced := replacement{id: old.ID}
		if in.KeepLifetime {
			if !next.ExpiresAt.IsZero() {
				return IssuedAPIToken{}, directory.InvalidField("keepLifetime", "conflicts with an expiration time of the new token; give one of them")
			}
			replaced.atMost = time.Duration(old.LifetimeSeconds) * time.Second
		}
		var common bool
		if next.Networks, common = old.Networks.Intersect(c.Actor().Networks); !common {
			return IssuedAPIToken{}, directory.Errorf(directory.Forbidden, "the token and yours are bound to networks that have nothing in common")
		}
		living, err := c.SuccessorsOf(old.OrgID, old.ID, c.Now(), maxSuccessors)
		if err != nil {
			return IssuedAPIToken{}, err
		}
		t, err := issue(c, next, c.Actor().Giving.Intersect(old.Giving), replaced)
		if err != nil {
			return IssuedAPIToken{}, err
		}
		t.Successors = living
		if err := endAPIToken(c, old, in.ExistingExpiresAt); err != nil {
			return IssuedAPIToken{}, err
		}
		return t, c.Record(t.Target(), nil, t.APITokenRecord)
	})
}

// mayHandOver checks whether the actor may let somebody have a token that there is:
// its capabilities must be among the actor's.
func mayHandOver(c *directory.Change, t directory.APITokenRecord) error {
	if !c.Actor().Capabilities.Covers(t.Capabilities) {
		return directory.Errorf(directory.Forbidden, "the token has capabilities that you don't have yourself")
	}
	return nil
}

// endAPIToken lets a token end no later than at, and records it whether or not
// it would have anyway: it is the one that is replaced.
func endAPIToken(c *directory.Change, t directory.APITokenRecord, at time.Time) error {
	at = at.UTC().Truncate(time.Microsecond)
	if at.Before(c.Now()) {
		at = c.Now()
	}
	if at.Year() > 9999 {
		return directory.InvalidField("existingTokenExpiresAt", "must be before the year 10000")
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
