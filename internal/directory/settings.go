package directory

import "time"

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
