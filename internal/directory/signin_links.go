package directory

import "time"

// SignInLink is a link that signs an account in once. Only a hash of its value is stored.
type SignInLink struct {
	ID        string       `json:"id"` // "lnk_…"
	AccountID AccountID    `json:"accountId"`
	Method    SignInMethod `json:"method"` // of the session that it starts
	// FirstOnly ends the link at the first sign-in to the account, by whatever method.
	FirstOnly bool       `json:"firstOnly,omitempty"`
	CreatedAt time.Time  `json:"createdAt"`
	ExpiresAt time.Time  `json:"expiresAt"`
	UsedAt    time.Time  `json:"-"`
	Hash      SecretHash `json:"-"`
	Browser   SecretHash `json:"-"` // of the cookie of the browser that may use it; zero: any
}

// Target is how the audit log names the link.
func (l SignInLink) Target() Target {
	return Target{Type: "signInLink", ID: l.ID, Name: string(l.Method)}
}
