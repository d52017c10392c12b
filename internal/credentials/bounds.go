package credentials

import (
	"time"

	"github.com/rosterhq/roster/internal/directory"
)

// bounds are what holds for a token besides what it may do: when it ends, and
// where it may be used from.
type bounds struct {
	expiresAt time.Time          // zero: never
	networks  directory.Networks // none: from anywhere
}

// boundsOf returns the bounds of a token that the actor makes. It ends no later than the
// token that makes it, but may outlive a session, and, with longest, no later than that
// from now. It can be used only from where the token that makes it can. A token without an
// end or networks of its own gets the ones that it may have at most. Errors:
// [directory.Invalid] for a later end; [directory.Forbidden] for wider networks.
func boundsOf(c *directory.Change, field string, in bounds, longest time.Duration) (out bounds, err error) {
	if out.expiresAt, err = cleanExpiry(field, in.expiresAt, c.Now()); err != nil {
		return out, err
	}
	if longest > 0 {
		if out.expiresAt, err = endBy(field, out.expiresAt, c.Now().Add(longest),
			"the organization allows its tokens a lifetime of at most "+longest.String()); err != nil {
			return out, err
		}
	}
	if end := c.Actor().ExpiresAt; !end.IsZero() && c.Actor().Kind != directory.Session {
		if out.expiresAt, err = endBy(field, out.expiresAt, end, "the token that you use ends then"); err != nil {
			return out, err
		}
	}
	out.networks = in.networks
	if len(out.networks) == 0 {
		out.networks = c.Actor().Networks
	}
	return out, mayBind(c, out.networks)
}

// endBy returns the end of a token that may end at latest at most.
func endBy(field string, end, latest time.Time, why string) (time.Time, error) {
	if end.IsZero() {
		return latest, nil
	}
	if end.After(latest) {
		return end, directory.InvalidField(field, "must not be after %s: %s", latest.Format(time.RFC3339Nano), why)
	}
	return end, nil
}

// mayBind reports whether the actor may create a token that can be used from networks.
func mayBind(c *directory.Change, networks directory.Networks) error {
	if !networks.Within(c.Actor().Networks) {
		return &directory.Error{Code: directory.Forbidden, Field: "networks", Message: "must lie within the networks that your own token is bound to"}
	}
	return nil
}

// cleanExpiry checks that a time is in the future or zero, and truncates it to the microsecond.
func cleanExpiry(field string, t, now time.Time) (time.Time, error) {
	if t.IsZero() {
		return time.Time{}, nil
	}
	t = t.UTC().Truncate(time.Microsecond)
	if !t.After(now) {
		return t, directory.InvalidField(field, "must be in the future; leave it out for a token that never expires")
	}
	if t.Year() > 9999 {
		return t, directory.InvalidField(field, "must be before the year 10000")
	}
	return t, nil
}
