package identity

import (
	"context"
	"time"

	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/quote"
	"github.com/rosterhq/roster/internal/refusals"
	"github.com/rosterhq/roster/internal/text"
)

// How long links can be used, and how many are mailed.
const (
	MailedLinkLifetime  = 10 * time.Minute // requested by the person
	CopiedLinkLifetime  = 24 * time.Hour
	WelcomeLinkLifetime = 7 * 24 * time.Hour // mailed to a person who was added
	// MaxMailedLinks is how many links an address can request within an hour.
	MaxMailedLinks = 5
)

// BrowserHash is what is stored of the cookie that binds a link to a browser.
func BrowserHash(cookie string) directory.SecretHash { return directory.HashSecret(cookie) }

var errBadLink = directory.Errorf(directory.Unauthenticated, "the link is unknown, was used already, or has expired; ask for a new one")

// CreateSignInLinkFor creates a link that signs in the account with an email address. It is
// how the operator restores access: using the link also verifies the address. Audit entry
// createSignInLink, by the operator, in each of the account's organizations. Errors:
// [directory.NotFound].
func (s *Proofs) CreateSignInLinkFor(ctx context.Context, email string) (IssuedSignInLink, error) {
	return directory.WriteAsOperator(ctx, s.directory, directory.Call{}, directory.OpCreateSignInLink, func(c *directory.Change) (l IssuedSignInLink, err error) {
		account, err := c.AccountByEmail(text.FoldKey(email))
		if directory.CodeOf(err) == directory.NotFound {
			err = directory.Errorf(directory.NotFound, "no account has the email address %s", quote.Input(email))
		}
		if err != nil {
			return l, err
		}
		return OperatorLink(c, account)
	})
}

// RequestSignInLink creates a link for the account with an email address, to be mailed to
// that address and nowhere else. ok is false if there is no such account, or if it requested
// [MaxMailedLinks] within the hour. The caller must give the same answer in all cases, and
// before the call: its duration depends on whether there is an account. The link works only
// in the browser with the cookie. Audit entry createSignInLink, by the server, in each of
// the account's organizations.
func (s *Proofs) RequestSignInLink(ctx context.Context, call directory.Call, email, cookie string) (l IssuedSignInLink, ok bool, err error) {
	l, err = directory.WriteUnauthenticated(ctx, s.directory, call, directory.OpCreateSignInLink, func(c *directory.Change) (l IssuedSignInLink, err error) {
		account, err := c.AccountByEmail(text.FoldKey(email))
		if err != nil {
			return l, directory.IgnoreNotFound(err)
		}
		if err := c.Lock(directory.LockAccount(account.ID)); err != nil {
			return l, err
		}
		n, err := c.CountSignInLinks(account.ID, directory.SignInLinkMailed, c.Now().Add(-time.Hour))
		if err != nil || n >= MaxMailedLinks {
			return l, err
		}
		link := directory.SignInLink{Method: directory.SignInLinkMailed, Browser: BrowserHash(cookie)}
		if l, err = issueSignInLink(c, account, link, MailedLinkLifetime, c.Now()); err != nil {
			return l, err
		}
		return l, c.RecordForAccount(account.ID, l.Target(), nil, l.SignInLink)
	})
	return l, l.ID != "", err
}

// CreateInvitationLink creates a link by which a user signs in for the first time, for the
// inviter to pass on. Using it verifies no address: its holder acts as the user in this
// organization, and nowhere else.
//
// Permission users|create, and rule 2 for all that the user holds; a session needs a fresh
// sign-in. Audit entry createSignInLink. Errors: [directory.NotFound]; [directory.Conflict]
// for a person who has signed in, or has a token, a verified address or another
// organization.
func (s *Proofs) CreateInvitationLink(ctx context.Context, call directory.Call, id directory.UserID) (IssuedSignInLink, error) {
	return directory.Write(ctx, s.directory, call, directory.OpCreateInvitationLink, func(c *directory.Change) (l IssuedSignInLink, err error) {
		u, err := c.User(c.Actor().OrgID, id)
		if err != nil {
			return l, err
		}
		account, err := newcomer(c, u)
		if err != nil {
			return l, err
		}
		if err := c.MayImpersonate(u); err != nil {
			return l, err
		}
		l, err = issueSignInLink(c, account, directory.SignInLink{Method: directory.SignInInvitationLink, FirstOnly: true}, CopiedLinkLifetime, c.Now())
		if err != nil {
			return l, err
		}
		if c.DryRun() {
			l.Secret = "" // there will be no such link
		}
		return l, c.Record(l.Target(), nil, l.SignInLink)
	})
}

// newcomer returns the account of a user who has done nothing yet and is in no other
// organization.
func newcomer(c *directory.Change, u directory.User) (a directory.Account, err error) {
	taken := directory.Errorf(directory.Conflict, "this person has an account already; they sign in with a passkey or a mailed link")
	if u.AccountID == "" {
		return a, taken
	}
	if u.Suspended { // what they will hold would not show in what they hold now
		return a, directory.Errorf(directory.Conflict, "the user is suspended; reactivate them first")
	}
	if err := c.Lock(directory.LockAccount(u.AccountID)); err != nil {
		return a, err
	}
	if a, err = c.Account(u.AccountID); err != nil {
		return a, err
	}
	users, err := c.AccountUsers(a.ID)
	if err != nil {
		return a, err
	}
	tokens, err := c.PersonalTokens(a.ID)
	if err != nil {
		return a, err
	}
	if !a.VerifiedAt.IsZero() || !a.SignedInAt.IsZero() || len(users) > 1 || len(tokens) > 0 {
		return a, taken
	}
	return a, nil
}

// UseSignInLink signs in the account of a link, which can't be used again. cookie is the
// browser's, for links that are bound to one; replaced is the value of the session that
// the browser has, which ends. A link that was mailed, or made by the operator, verifies
// the address: see [Verify].
// Audit entry signIn in each of the account's organizations. Errors:
// [directory.Unauthenticated], which is recorded there too if the link is known, up to a
// limit.
func (s *Proofs) UseSignInLink(ctx context.Context, call directory.Call, secret, cookie, replaced string) (session IssuedSession, err error) {
	hash := directory.HashSecret(secret)
	return s.signIn(ctx, call, func(c *directory.Change) (session IssuedSession, err error) {
		l, err := lockedLink(c, hash)
		if err != nil {
			return session, err
		}
		account, err := c.Account(l.AccountID)
		if err != nil {
			return session, err
		}
		if refused := refusal(l, account, c.Now(), cookie); refused != nil {
			return session, &refusals.RefusedSignIn{Account: l.AccountID, Method: l.Method, Err: refused}
		}
		if err := c.UseSignInLink(hash, c.Now()); err != nil {
			return session, err
		}
		if l.Method != directory.SignInInvitationLink { // its use shows only that the inviter passed it on
			if err := Verify(c, &account); err != nil {
				return session, err
			}
		}
		return startSession(c, call, account, newSession{method: l.Method, fresh: true, replaces: replaced})
	})
}

// lockedLink finds a link and locks its account.
func lockedLink(c *directory.Change, hash directory.SecretHash) (l directory.SignInLink, err error) {
	if l, err = c.SignInLinkByHash(hash); err == nil {
		if err = c.Lock(directory.LockAccount(l.AccountID)); err == nil {
			l, err = c.SignInLinkByHash(hash) // as it is now that nobody else is at it
		}
	}
	if directory.CodeOf(err) == directory.NotFound || (err == nil && !l.Hash.Equal(hash)) {
		err = errBadLink
	}
	return l, err
}

// refusal is the error of a link, or nil if a browser can use it.
func refusal(l directory.SignInLink, a directory.Account, now time.Time, cookie string) error {
	switch {
	case !l.UsedAt.IsZero(), !now.Before(l.ExpiresAt), l.FirstOnly && !a.SignedInAt.IsZero():
		return errBadLink
	case l.Browser != (directory.SecretHash{}) && !l.Browser.Equal(BrowserHash(cookie)):
		return directory.Errorf(directory.Unauthenticated, "this link was requested in another browser; open it there, or ask for a new one here")
	default:
		return nil
	}
}

// WelcomeLink creates a link for the mail to a new user and returns its value. An invitation,
// and an account that somebody has used, need none: "". The link ends at the first sign-in,
// and [WelcomeLinkLifetime] after now. It has no audit entry besides the user's.
func WelcomeLink(tx directory.Tx, u directory.User, now time.Time) (secret string, err error) {
	if u.AccountID == "" {
		return "", nil
	}
	a, err := tx.Account(u.AccountID)
	if err != nil || !a.VerifiedAt.IsZero() || !a.SignedInAt.IsZero() {
		return "", err
	}
	l, err := issueSignInLink(tx, a, directory.SignInLink{Method: directory.SignInLinkMailed, FirstOnly: true}, WelcomeLinkLifetime, now)
	return l.Secret, err
}
