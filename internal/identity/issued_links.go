package identity

import (
	"time"

	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/ident"
)

// OperatorLinkLifetime is how long a link that the operator made can be used.
const OperatorLinkLifetime = time.Hour

// IssuedSignInLink is a new link with its value, which is shown this once.
type IssuedSignInLink struct {
	directory.SignInLink
	Secret string `json:"-"`
	Email  string `json:"-"`
	Name   string `json:"-"`
}

// ShownOnce is the error of a retried create, whose secret is gone.
func (l IssuedSignInLink) ShownOnce() error { return directory.ErrShownOnce(directory.TokenID(l.ID)) }

// issueSignInLink creates a link like l that signs an account in until lifetime after now.
// The caller records it.
func issueSignInLink(tx directory.Tx, a directory.Account, l directory.SignInLink, lifetime time.Duration, now time.Time) (IssuedSignInLink, error) {
	out := IssuedSignInLink{SignInLink: l, Secret: ident.Secret("xlnk-"), Email: a.Email, Name: a.Name}
	out.ID, out.AccountID = ident.New("lnk", now), a.ID
	out.CreatedAt, out.ExpiresAt, out.Hash = now, now.Add(lifetime), directory.HashSecret(out.Secret)
	return out, tx.CreateSignInLink(out.SignInLink)
}

// OperatorLink creates a link that the operator hands to an account's person. Audit entry
// createSignInLink in each of the account's organizations.
func OperatorLink(c *directory.Change, a directory.Account) (IssuedSignInLink, error) {
	l, err := issueSignInLink(c, a, directory.SignInLink{Method: directory.SignInOperatorLink}, OperatorLinkLifetime, c.Now())
	if err != nil {
		return l, err
	}
	return l, c.As(directory.OpCreateSignInLink).RecordForAccount(a.ID, l.Target(), nil, l.SignInLink)
}
