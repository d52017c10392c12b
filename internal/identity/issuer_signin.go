package identity

import (
	"context"

	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/refusals"
	"github.com/rosterhq/roster/internal/text"
)

// IssuedPerson is what an issuer has said about somebody, and internal/signin has checked.
type IssuedPerson struct {
	Subject       string
	Email         string
	EmailVerified bool
	Name          string
	Groups        []string
}

// IssuerSignIn is a sign-in by an issuer that is about to be finished.
type IssuerSignIn struct {
	OrgID    directory.OrgID
	IssuerID directory.IssuerID
	Person   IssuedPerson
	Ceremony Ceremony
	Replaces string // value of the session that the browser has, which ends
}

// SignInByIssuer signs a person in to the issuer's organization, and nowhere else.
//
// If the person's subject has signed in before, it stands for the same account, whatever
// address the issuer states now. For a new subject, the issuer must vouch for the address,
// which verifies it, see [Verify]. The person must be a member or invited,
// or the issuer's setting Provision makes them a member, see joinVouched.
// In any case, the account's address must be in a domain that the organization has
// verified. The person's groups are mapped to the organization's.
//
// Audit entry signIn, with linkIssuer, createUser, acceptInvitation and updateGroupMembers
// for what it leads to, all in the issuer's organization. Errors: [directory.Unauthenticated];
// [directory.Forbidden]; [directory.Conflict]; [directory.LimitExceeded]. Refusals are
// recorded too, up to a limit.
func (s *Proofs) SignInByIssuer(ctx context.Context, call directory.Call, in IssuerSignIn) (IssuedSession, error) {
	return s.signIn(ctx, call, func(c *directory.Change) (session IssuedSession, err error) {
		if err := c.Lock(directory.LockOrg(in.OrgID)); err != nil {
			return session, err
		}
		i, err := c.Issuer(in.OrgID, in.IssuerID)
		if err == nil && !i.Enabled {
			err = directory.Missing("issuer")
		}
		if err != nil {
			return session, err
		}
		session, err = signInBy(c, call, i, in)
		switch directory.CodeOf(err) {
		case directory.Unauthenticated, directory.Forbidden, directory.Conflict, directory.LimitExceeded:
			err = &refusals.RefusedSignIn{Issuer: &i, Method: directory.SignInIssuer, Err: err}
		}
		return session, err
	})
}

// signInBy is SignInByIssuer once the issuer is found.
func signInBy(c *directory.Change, call directory.Call, i directory.Issuer, in IssuerSignIn) (session IssuedSession, err error) {
	if err := finish(c, in.Ceremony); err != nil {
		return session, err
	}
	link, err := c.IssuerLink(i.OrgID, i.ID, in.Person.Subject)
	if directory.IgnoreNotFound(err) != nil {
		return session, err
	}
	var account directory.Account
	var u directory.User
	if err == nil {
		account, u, err = knownPerson(c, i, link)
	} else {
		account, u, err = newPerson(c, i, in.Person)
	}
	if err != nil {
		return session, err
	}
	if u.Suspended {
		return session, directory.ErrSuspended
	}
	if err := c.UseIssuerLink(i.OrgID, i.ID, in.Person.Subject, c.Now()); err != nil {
		return session, err
	}
	if err := mapGroups(c, i, u, in.Person.Groups); err != nil {
		return session, err
	}
	return startSession(c, call, account, newSession{method: directory.SignInIssuer, onlyOrg: i.OrgID, issuer: i.ID, replaces: in.Replaces})
}

// knownPerson returns the account of somebody who has signed in by the issuer before.
func knownPerson(c *directory.Change, i directory.Issuer, l directory.IssuerLink) (a directory.Account, u directory.User, err error) {
	if err := c.Lock(directory.LockAccount(l.AccountID)); err != nil {
		return a, u, err
	}
	if a, err = c.Account(l.AccountID); err != nil {
		return a, u, err
	}
	if u, err = c.AccountUser(i.OrgID, a.ID); err != nil {
		if directory.CodeOf(err) == directory.NotFound {
			err = errNotMember
		}
		return a, u, err
	}
	return a, u, needDomain(c, i, a.Email)
}

// needDomain rejects an address that the issuer may not vouch for.
func needDomain(c *directory.Change, i directory.Issuer, email string) error {
	verified, err := c.VerifiedDomain(i.OrgID, directory.DomainOf(email))
	if err != nil || verified {
		return err
	}
	return directory.Errorf(directory.Forbidden, "your email address is not in a domain that this organization has verified, so its issuer can't sign you in")
}

// newPerson links somebody who signs in by the issuer for the first time to the account
// with their address.
func newPerson(c *directory.Change, i directory.Issuer, p IssuedPerson) (a directory.Account, u directory.User, err error) {
	if text.Email(p.Email) != nil {
		return a, u, directory.Errorf(directory.Forbidden, "the issuer gave no email address; have it send the claim email")
	}
	if !p.EmailVerified {
		return a, u, directory.Errorf(directory.Forbidden, "the issuer does not say that your email address is verified (claim email_verified)")
	}
	if err := needDomain(c, i, p.Email); err != nil {
		return a, u, err
	}
	if a, u, err = joinVouched(c, i.OrgID, vouchedPerson{email: p.Email, name: p.Name, admit: i.Provision}); err != nil {
		return a, u, err
	}
	others, err := c.IssuerLinks(i.OrgID, i.ID, a.ID)
	if err != nil {
		return a, u, err
	}
	if len(others) > 0 { // the address has changed hands, or somebody claims that it has
		return a, u, directory.Errorf(directory.Conflict, "your email address belongs to an account that somebody else of this issuer signs in to; "+
			"ask an owner to remove that user and invite you again")
	}
	l := directory.IssuerLink{OrgID: i.OrgID, IssuerID: i.ID, Subject: p.Subject, AccountID: a.ID, CreatedAt: c.Now()}
	if err := c.CreateIssuerLink(l); err != nil {
		return a, u, err
	}
	server := c.By(directory.SystemPrincipal(i.OrgID), directory.OpLinkIssuer)
	if err := server.Record(directory.Target{Type: "issuerLink", ID: string(u.ID), Name: u.Name}, nil, l); err != nil {
		return a, u, err
	}
	err = Verify(c, &a) // changes a
	return a, u, err
}
