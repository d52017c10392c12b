package directory

import (
	"time"

	"github.com/rosterhq/roster/internal/ident"
)

// OperatorLinkLifetime is how long a link that the operator made can be used.
const OperatorLinkLifetime = time.Hour

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

// IssuedSignInLink is a new link with its value, which is shown this once.
type IssuedSignInLink struct {
	SignInLink
	Secret string `json:"-"`
	Email  string `json:"-"`
	Name   string `json:"-"`
}

// ShownOnce is the error of a retried create, whose secret is gone.
func (l IssuedSignInLink) ShownOnce() error { return errShownOnce(TokenID(l.ID)) }

// IssueSignInLink creates a link like l that signs an account in until lifetime after now.
// The caller records it.
func IssueSignInLink(tx Tx, a Account, l SignInLink, lifetime time.Duration, now time.Time) (IssuedSignInLink, error) {
	out := IssuedSignInLink{SignInLink: l, Secret: ident.Secret("xlnk-"), Email: a.Email, Name: a.Name}
	out.ID, out.AccountID = ident.New("lnk", now), a.ID
	out.CreatedAt, out.ExpiresAt, out.Hash = now, now.Add(lifetime), HashSecret(out.Secret)
	return out, tx.CreateSignInLink(out.SignInLink)
}

// OperatorLink creates a link that the operator hands to an account's person. Audit entry
// createSignInLink in each of the account's organizations.
func (c *Change) OperatorLink(a Account) (IssuedSignInLink, error) {
	l, err := IssueSignInLink(c, a, SignInLink{Method: SignInOperatorLink}, OperatorLinkLifetime, c.now)
	if err != nil {
		return l, err
	}
	return l, c.As(OpCreateSignInLink).RecordForAccount(a.ID, l.Target(), nil, l.SignInLink)
}
