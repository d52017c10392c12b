package directory

import "time"

// SessionLimits bound the sessions that act in an organization; zero stands for
// [SessionIdle] and [SessionLifetime].
type SessionLimits struct {
	IdleSeconds     int64
	LifetimeSeconds int64
}

// SessionLimits are those of the organization.
func (s OrgSettings) SessionLimits() SessionLimits {
	return SessionLimits{s.SessionIdleSeconds, s.SessionSeconds}
}

// sessionIdle is how long a session may be unused and still act in the organization.
func (s OrgSettings) sessionIdle() time.Duration {
	return secondsOr(s.SessionIdleSeconds, SessionIdle)
}

// sessionLifetime is how long after its sign-in a session may act in the organization.
func (s OrgSettings) sessionLifetime() time.Duration {
	return secondsOr(s.SessionSeconds, SessionLifetime)
}

// secondsOr is a setting in seconds as a duration; 0 stands for the default.
func secondsOr(seconds int64, otherwise time.Duration) time.Duration {
	if seconds == 0 {
		return otherwise
	}
	return time.Duration(seconds) * time.Second
}
