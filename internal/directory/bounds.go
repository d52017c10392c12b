package directory

import "time"

// bounds are what holds for a token besides what it may do: when it ends, and
// where it may be used from.
type bounds struct {
	expiresAt time.Time // zero: never
	networks  Networks  // none: from anywhere
}

// boundsOf returns the bounds of a token that the actor makes. It ends no later
// than the token that makes it, but may outlive a session, and, with longest, no later than that from now. It can
// be used only from where the token that makes it can. A token without an end or
// networks of its own gets the ones that it may have at most. Errors: [Invalid] for
// a later end; [Forbidden] for wider networks.
func (c *Change) boundsOf(field string, in bounds, longest time.Duration) (out bounds, err error) {
	if out.expiresAt, err = cleanExpiry(field, in.expiresAt, c.now); err != nil {
		return out, err
	}
	if longest > 0 {
		if out.expiresAt, err = endBy(field, out.expiresAt, c.now.Add(longest),
			"the organization allows its tokens a lifetime of at most "+longest.String()); err != nil {
			return out, err
		}
	}
	if end := c.actor.ExpiresAt; !end.IsZero() && c.actor.Kind != Session {
		if out.expiresAt, err = endBy(field, out.expiresAt, end, "the token that you use ends then"); err != nil {
			return out, err
		}
	}
	out.networks = in.networks
	if len(out.networks) == 0 {
		out.networks = c.actor.Networks
	}
	return out, c.mayBind(out.networks)
}

// endBy returns the end of a token that may end at latest at most.
func endBy(field string, end, latest time.Time, why string) (time.Time, error) {
	if end.IsZero() {
		return latest, nil
	}
	if end.After(latest) {
		return end, InvalidField(field, "must not be after %s: %s", latest.Format(time.RFC3339Nano), why)
	}
	return end, nil
}

// mayBind reports whether the actor may create a token that can be used from networks.
func (c *Change) mayBind(networks Networks) error {
	if !networks.Within(c.actor.Networks) {
		return &Error{Code: Forbidden, Field: "networks", Message: "must lie within the networks that your own token is bound to"}
	}
	return nil
}

// longestToken is the longest lifetime of a new API token of the actor's
// organization; zero: any.
func (c *Change) longestToken() (time.Duration, error) {
	s, err := c.OrgSettings(c.actor.OrgID)
	return s.longestToken(), err
}
