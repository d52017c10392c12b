package directory

import (
	"context"
	"errors"
	"time"

	"github.com/rosterhq/roster/internal/authz"
)

// Limits on the maximum lifetime of tokens that an organization can set.
const (
	MinTokenLifetime = time.Hour
	MaxTokenLifetime = 36500 * 24 * time.Hour
)

// OrgSettings are an organization's own settings; the zero value sets nothing.
type OrgSettings struct {
	// MaxTokenSeconds is how long the organization's API tokens live at most, and
	// how old a personal token may be that acts in it; 0: as long as it likes.
	MaxTokenSeconds int64 `json:"maxTokenLifetimeSeconds,omitempty"`
	// SessionIdleSeconds and SessionSeconds are the [SessionLimits]; 0: the default.
	SessionIdleSeconds int64 `json:"sessionIdleSeconds,omitempty"`
	SessionSeconds     int64 `json:"sessionLifetimeSeconds,omitempty"`
	// RequireIssuer and IssuerTokenSeconds are the [SignInRules]; 0: the default.
	RequireIssuer      bool  `json:"requireIssuer,omitempty"`
	IssuerTokenSeconds int64 `json:"issuerTokenSeconds,omitempty"`
}

func (s OrgSettings) longestToken() time.Duration {
	return time.Duration(s.MaxTokenSeconds) * time.Second
}

// tooOld is when a personal token of an age can't act in the organization any
// more; zero: never.
func (s OrgSettings) tooOld(t PersonalTokenRecord) time.Time {
	if s.MaxTokenSeconds == 0 {
		return time.Time{}
	}
	return t.CreatedAt.Add(s.longestToken())
}

// Recorded is the state of settings in entries: nil if nothing is set.
func (s OrgSettings) Recorded() any {
	if s == (OrgSettings{}) {
		return nil
	}
	return s
}

// SettingsTarget is the target of entries about settings.
func SettingsTarget(org OrgID) Target {
	return Target{Type: "orgSettings", ID: string(org), Name: "settings"}
}

// GetOrgSettings returns the settings of an organization that the principal belongs
// to. Errors: [NotFound] for any other.
func (s *Service) GetOrgSettings(ctx context.Context, call Call, id OrgID) (OrgSettings, error) {
	return Read(ctx, s, call, OpGetOrgSettings, func(tx Tx) (OrgSettings, error) {
		if _, err := membership(tx, call.Principal, id); err != nil {
			return OrgSettings{}, err
		}
		return tx.OrgSettings(id)
	})
}

// UpdateOrgSettings changes an organization's settings. A maximum lifetime holds
// for API tokens made from then on; those that exist keep their ends. A personal
// token that is older can't act in the organization any more, from the next
// request on.
//
// Needs a personal token of an owner or admin of it. Audit entry updateOrgSettings.
// Errors: [NotFound] for an organization that the account is not in; [Invalid];
// [Conflict] if the token used would itself be too old.
func (s *Service) UpdateOrgSettings(ctx context.Context, call Call, id OrgID, in OrgSettings) (OrgSettings, error) {
	if n := in.MaxTokenSeconds; n != 0 && (n < int64(MinTokenLifetime/time.Second) || n > int64(MaxTokenLifetime/time.Second)) {
		return in, InvalidField("maxTokenLifetimeSeconds", "must be from %d (an hour) to %d (100 years), or null for any lifetime",
			int64(MinTokenLifetime/time.Second), int64(MaxTokenLifetime/time.Second))
	}
	out, err := Write(ctx, s, call.in(id), OpUpdateOrgSettings, func(c *Change) (OrgSettings, error) {
		if _, err := membership(c, c.actor, id); err != nil {
			return in, err
		}
		before, err := c.OrgSettings(id)
		if err != nil {
			return in, err
		}
		if err := c.Check(before); err != nil {
			return in, err
		}
		if c.actor.Role != authz.RoleOwner && c.actor.Role != authz.RoleAdmin {
			return in, Errorf(Forbidden, "only an owner or admin can change the organization's settings")
		}
		if c.actor.Kind == PersonalToken {
			t, err := c.PersonalToken(c.actor.AccountID, c.actor.TokenID)
			if err != nil {
				return in, err
			}
			if expired(in.tooOld(t), c.now) {
				return in, Errorf(Conflict, "the token that you use is older than this maximum and could not undo it; "+
					"make a new personal token and use that")
			}
		}
		after := before
		after.MaxTokenSeconds = in.MaxTokenSeconds
		if err := c.SetOrgSettings(id, after); err != nil {
			return in, err
		}
		return after, c.Record(SettingsTarget(id), before.Recorded(), after.Recorded())
	})
	if errors.Is(err, errNotYours) {
		return OrgSettings{}, Missing("organization")
	}
	return out, err
}
