package directory

import (
	"context"
	"time"

	"github.com/rosterhq/roster/internal/ident"
	"github.com/rosterhq/roster/internal/quote"
	"github.com/rosterhq/roster/internal/text"
)

// How long links can be used, and how many are mailed.
const (
	MailedLinkLifetime   = 10 * time.Minute // requested by the person
	OperatorLinkLifetime = time.Hour
	CopiedLinkLifetime   = 24 * time.Hour
	WelcomeLinkLifetime  = 7 * 24 * time.Hour // mailed with the news that one was added
	// MaxMailedLinks is how many links an address can request within an hour.
	MaxMailedLinks = 5

	signInLinkPrefix = "xlnk-"
)

// SignInLink is a link that signs an account in once. Only a hash of its value is stored.
type SignInLink struct {
	ID        string       `json:"id"` // "lnk_…"
	AccountID AccountID    `json:"accountId"`
	Method    SignInMethod `json:"method"` // of the session that it starts
	// FirstOnly ends the link once somebody has signed in to the account, by whatever way.
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

// verifies reports whether using the link shows that the address is the person's. A link
// that the inviter copied shows only that they passed it on.
func (l SignInLink) verifies() bool { return l.Method != SignInInvitationLink }

// IssuedSignInLink is a new link with its value, which is shown this once.
type IssuedSignInLink struct {
	SignInLink
	Secret string `json:"-"`
	Email  string `json:"-"`
	Name   string `json:"-"`
}

// ShownOnce is the error of a retried create, whose secret is gone.
func (l IssuedSignInLink) ShownOnce() error { return errShownOnce(TokenID(l.ID)) }

var errBadLink = Errorf(Unauthenticated, "the link is unknown, was used already, or has expired; ask for a new one")

// BrowserHash is what is stored of the cookie that binds a link to a browser.
func BrowserHash(cookie string) SecretHash { return hashSecret(cookie) }

func issueSignInLink(tx Tx, a Account, l SignInLink, lifetime time.Duration, now time.Time) (IssuedSignInLink, error) {
	out := IssuedSignInLink{SignInLink: l, Secret: ident.Secret(signInLinkPrefix), Email: a.Email, Name: a.Name}
	out.ID, out.AccountID = ident.New("lnk", now), a.ID
	out.CreatedAt, out.ExpiresAt, out.Hash = now, now.Add(lifetime), hashSecret(out.Secret)
	return out, tx.CreateSignInLink(out.SignInLink)
}

// CreateSignInLinkFor makes a link that signs in the account with an email address. It is
// the operator's way back in: using it also verifies the address. Audit entry
// createSignInLink, by the operator, in each of the account's organizations. Errors:
// [NotFound].
func (s *Service) CreateSignInLinkFor(ctx context.Context, email string) (l IssuedSignInLink, err error) {
	err = s.store.Write(ctx, func(tx Tx) error {
		account, err := tx.AccountByEmail(text.FoldKey(email))
		if CodeOf(err) == NotFound {
			return Errorf(NotFound, "no account has the email address %s", quote.Input(email))
		}
		if err != nil {
			return err
		}
		l, err = s.operate(tx).operatorLink(account)
		return err
	})
	return l, err
}

func (c *Change) operatorLink(a Account) (IssuedSignInLink, error) {
	l, err := issueSignInLink(c, a, SignInLink{Method: SignInOperatorLink}, OperatorLinkLifetime, c.now)
	if err != nil {
		return l, err
	}
	return l, c.as(OpCreateSignInLink).recordForAccount(a.ID, l.Target(), nil, l.SignInLink)
}

// RequestSignInLink makes a link for the account with an email address, to be mailed to
// that address and nowhere else; ok is false if there is no such account or it requested
// [MaxMailedLinks] within the hour. The caller answers the same whether ok or not, and
// before it calls: what this takes depends on whether there is an account. The link works
// in the browser with the cookie alone. Audit entry createSignInLink, by the server, in
// each of the account's organizations.
func (s *Service) RequestSignInLink(ctx context.Context, call Call, email, cookie string) (l IssuedSignInLink, ok bool, err error) {
	call.Principal = nil
	err = s.store.Write(ForTenant(ctx, AddrTenant(call.RemoteAddr)), func(tx Tx) error {
		ok = false
		c := s.operate(tx).as(OpCreateSignInLink)
		c.call, c.actor = call, systemPrincipal("")
		account, err := c.AccountByEmail(text.FoldKey(email))
		if err != nil {
			return ignoreNotFound(err)
		}
		if err := c.Lock(LockAccount(account.ID)); err != nil {
			return err
		}
		n, err := c.CountSignInLinks(account.ID, SignInLinkMailed, c.now.Add(-time.Hour))
		if err != nil || n >= MaxMailedLinks {
			return err
		}
		l, err = issueSignInLink(c, account, SignInLink{Method: SignInLinkMailed, Browser: BrowserHash(cookie)}, MailedLinkLifetime, c.now)
		if err != nil {
			return err
		}
		ok = true
		return c.recordForAccount(account.ID, l.Target(), nil, l.SignInLink)
	})
	return l, ok && err == nil, err
}

// CreateInvitationLink makes a link by which a user signs in for the first time, for the
// inviter to pass on. Using it verifies nothing: whoever has it acts as the user in this
// organization, and nowhere else.
//
// Permission users|create, and rule 2 for all that the user holds; a session needs a fresh
// sign-in. Audit entry createSignInLink. Errors: [NotFound]; [Conflict] for somebody who has
// an account of their own: who has signed in, has a token, a verified address, or another
// organization.
func (s *Service) CreateInvitationLink(ctx context.Context, call Call, id UserID) (IssuedSignInLink, error) {
	return Write(ctx, s, call, OpCreateInvitationLink, func(c *Change) (l IssuedSignInLink, err error) {
		u, err := c.User(c.actor.OrgID, id)
		if err != nil {
			return l, err
		}
		account, err := c.newcomer(u)
		if err != nil {
			return l, err
		}
		if err := c.mayImpersonate(u); err != nil {
			return l, err
		}
		l, err = issueSignInLink(c, account, SignInLink{Method: SignInInvitationLink, FirstOnly: true}, CopiedLinkLifetime, c.now)
		if err != nil {
			return l, err
		}
		if c.DryRun() {
			l.Secret = "" // there will be no such link
		}
		return l, c.Record(l.Target(), nil, l.SignInLink)
	})
}

// newcomer gives the account of a user who has done nothing yet and is in no other
// organization.
func (c *Change) newcomer(u User) (a Account, err error) {
	taken := Errorf(Conflict, "this person has an account already; they sign in with a passkey or a mailed link")
	if u.AccountID == "" {
		return a, taken
	}
	if u.Suspended { // what they will hold would not show in what they hold now
		return a, Errorf(Conflict, "the user is suspended; reactivate them first")
	}
	if err := c.Lock(LockAccount(u.AccountID)); err != nil {
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

// mayImpersonate says whether the actor could give a user all that the user holds: the
// actor could use the link instead.
func (c *Change) mayImpersonate(u User) error {
	if u.IsOwner() && !c.actor.IsOwner() {
		return Errorf(Forbidden, "only an owner, with a personal token, can copy an owner's link")
	}
	held, _, err := effective(c, u)
	if err != nil {
		return err
	}
	return c.mayGive(u.Role.Name, held, held.Minus(held))
}

// UseSignInLink signs in the account of a link, which can't be used again. cookie is the
// browser's, for links that are bound to one; replaced is the value of the session that
// the browser has, which ends. A link that was mailed, or made by the operator, verifies
// the address: see [Change.verify].
// Audit entry signIn in each of the account's organizations. Errors: [Unauthenticated],
// which is recorded there too if the link is known, up to a limit.
func (s *Service) UseSignInLink(ctx context.Context, call Call, secret, cookie, replaced string) (session IssuedSession, err error) {
	call.Principal = nil
	hash := hashSecret(secret)
	return s.signIn(ctx, call, func(c *Change) (session IssuedSession, err error) {
		l, err := c.lockedLink(hash)
		if err != nil {
			return session, err
		}
		account, err := c.Account(l.AccountID)
		if err != nil {
			return session, err
		}
		if refusal := l.refusal(account, c.now, cookie); refusal != nil {
			return session, &failedSignIn{account: l.AccountID, method: l.Method, err: refusal}
		}
		if err := c.UseSignInLink(hash, c.now); err != nil {
			return session, err
		}
		if l.verifies() {
			if err := c.verify(&account); err != nil {
				return session, err
			}
		}
		return c.startSession(account, newSession{method: l.Method, fresh: true, replaces: replaced})
	})
}

// lockedLink finds a link and locks its account.
func (c *Change) lockedLink(hash SecretHash) (l SignInLink, err error) {
	if l, err = c.SignInLinkByHash(hash); err == nil {
		if err = c.Lock(LockAccount(l.AccountID)); err == nil {
			l, err = c.SignInLinkByHash(hash) // as it is now that nobody else is at it
		}
	}
	if CodeOf(err) == NotFound || (err == nil && !sameHash(l.Hash, hash)) {
		err = errBadLink
	}
	return l, err
}

// refusal says why a link can't be used by a browser.
func (l SignInLink) refusal(a Account, now time.Time, cookie string) error {
	switch {
	case !l.UsedAt.IsZero(), expired(l.ExpiresAt, now), l.FirstOnly && !a.SignedInAt.IsZero():
		return errBadLink
	case l.Browser != (SecretHash{}) && !sameHash(l.Browser, BrowserHash(cookie)):
		return Errorf(Unauthenticated, "this link was requested in another browser; open it there, or ask for a new one here")
	default:
		return nil
	}
}

// WelcomeLink makes a link for the mail that tells a new user of their account, "" for one
// who needs none: an invitation, or an account that somebody has used. It ends at the
// first sign-in, and [WelcomeLinkLifetime] after now. The entry that added the user stands
// for it.
func WelcomeLink(tx Tx, u User, now time.Time) (secret string, err error) {
	if u.AccountID == "" {
		return "", nil
	}
	a, err := tx.Account(u.AccountID)
	if err != nil || !a.VerifiedAt.IsZero() || !a.SignedInAt.IsZero() {
		return "", err
	}
	l, err := issueSignInLink(tx, a, SignInLink{Method: SignInLinkMailed, FirstOnly: true}, WelcomeLinkLifetime, now)
	return l.Secret, err
}
