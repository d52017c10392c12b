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

// LongestToken is the longest lifetime of a new API token; 0: any.
func (s OrgSettings) LongestToken() time.Duration {
	return time.Duration(s.MaxTokenSeconds) * time.Second
}

// tooOld is when a personal token of an age can't act in the organization any
// more; zero: never.
func (s OrgSettings) tooOld(t PersonalTokenRecord) time.Time {
	if s.MaxTokenSeconds == 0 {
		return time.Time{}
	}
	return t.CreatedAt.Add(s.LongestToken())
}

// Refuses reports whether the organization refuses a personal token for its age.
func (s OrgSettings) Refuses(t PersonalTokenRecord, now time.Time) bool {
	return expired(s.tooOld(t), now)
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
	return ReadSettings(ctx, s, call, OpGetOrgSettings, id, OrgSettings.all)
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
	return ChangeSettings(ctx, s, call, OpUpdateOrgSettings, id, OrgSettings.all, func(c *Change, settings *OrgSettings) error {
		if c.actor.Role != authz.RoleOwner && c.actor.Role != authz.RoleAdmin {
			return Errorf(Forbidden, "only an owner or admin can change the organization's settings")
		}
		if c.actor.Kind == PersonalToken {
			t, err := c.PersonalToken(c.actor.AccountID, c.actor.TokenID)
			if err != nil {
				return err
			}
			if in.Refuses(t, c.now) {
				return Errorf(Conflict, "the token that you use is older than this maximum and could not undo it; "+
					"make a new personal token and use that")
			}
		}
		settings.MaxTokenSeconds = in.MaxTokenSeconds
		return nil
	})
}

func (s OrgSettings) all() OrgSettings { return s }

// ReadSettings carries out an operation that reads a part of the settings of an
// organization that the principal belongs to. Errors: [NotFound] for any other.
func ReadSettings[T any](ctx context.Context, s *Service, call Call, op Operation, id OrgID, part func(OrgSettings) T) (T, error) {
	return Read(ctx, s, call, op, func(tx Tx) (out T, err error) {
		if _, err := membership(tx, call.Principal, id); err != nil {
			return out, err
		}
		settings, err := tx.OrgSettings(id)
		return part(settings), err
	})
}

// ChangeSettings carries out an operation that changes a part of an organization's settings,
// to which the call's precondition applies. The principal acts in that organization,
// whichever one the request names. change holds the operation's own rules, and changes the
// settings it receives. The audit entry has all settings. Errors: [NotFound] for an
// organization that the account is not in.
func ChangeSettings[T guarded](ctx context.Context, s *Service, call Call, op Operation, id OrgID, part func(OrgSettings) T, change func(*Change, *OrgSettings) error) (T, error) {
	out, err := Write(ctx, s, call.in(id), op, func(c *Change) (out T, err error) {
		if _, err := membership(c, c.actor, id); err != nil {
			return out, err
		}
		before, err := c.OrgSettings(id)
		if err != nil {
			return out, err
		}
		if err := c.Check(part(before)); err != nil {
			return out, err
		}
		after := before
		if err := change(c, &after); err != nil {
			return out, err
		}
		if err := c.SetOrgSettings(id, after); err != nil {
			return out, err
		}
		return part(after), c.Record(SettingsTarget(id), before.Recorded(), after.Recorded())
	})
	if errors.Is(err, errNotYours) {
		err = Missing("organization")
	}
	return out, err
}

// in is the call with an account's principal acting in an organization, whichever one
// the request names.
func (call Call) in(id OrgID) Call {
	p := *call.Principal
	if p.Kind.ofAccount() {
		p.OrgID = id
	}
	call.Principal = &p
	return call
}
