package directory

import (
	"context"
	"time"

	"github.com/rosterhq/roster/internal/authz"
	"github.com/rosterhq/roster/internal/ident"
	"github.com/rosterhq/roster/internal/limits"
	"github.com/rosterhq/roster/internal/text"
)

// IssuerLink says which account of an organization a person of an issuer is. Issuers
// tell people apart by subjects; addresses may change hands.
type IssuerLink struct {
	OrgID     OrgID     `json:"-"`
	IssuerID  IssuerID  `json:"issuerId"`
	Subject   string    `json:"subject"`
	AccountID AccountID `json:"accountId"`
	CreatedAt time.Time `json:"-"`
}

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
	OrgID    OrgID
	IssuerID IssuerID
	Person   IssuedPerson
	Ceremony Ceremony
	Replaces string // value of the session that the browser has, which ends
}

// SignInByIssuer signs a person in to the issuer's organization, and nowhere else.
//
// A person whose subject has signed in before is that account, whatever address the issuer
// gives now. For a new subject, the issuer must vouch for the address: it is verified then,
// see [Change.verify]. The person must be a member, or invited, which accepts the
// invitation, or the issuer's setting Provision makes them a member with the role user.
// Either way, the account's address must be in a domain that the organization has
// verified. Groups are mapped as [Change.mapGroups] says.
//
// Audit entry signIn, with linkIssuer, createUser, acceptInvitation and updateGroupMembers
// for what it leads to, all in the issuer's organization. Errors: [Unauthenticated];
// [Forbidden]; [Conflict]; [LimitExceeded]. Refusals are recorded too, up to a limit.
func (s *Service) SignInByIssuer(ctx context.Context, call Call, in IssuerSignIn) (IssuedSession, error) {
	call.Principal = nil
	return s.signIn(ctx, call, func(c *Change) (session IssuedSession, err error) {
		if err := c.lockOrg(in.OrgID); err != nil {
			return session, err
		}
		i, err := c.Issuer(in.OrgID, in.IssuerID)
		if err == nil && !i.Enabled {
			err = Missing("issuer")
		}
		if err != nil {
			return session, err
		}
		session, err = c.signInBy(i, in)
		switch CodeOf(err) {
		case Unauthenticated, Forbidden, Conflict, LimitExceeded:
			err = &failedSignIn{issuer: &i, method: SignInIssuer, err: err}
		}
		return session, err
	})
}

func (c *Change) signInBy(i Issuer, in IssuerSignIn) (session IssuedSession, err error) {
	if err := c.finish(in.Ceremony); err != nil {
		return session, err
	}
	link, err := c.IssuerLink(i.OrgID, i.ID, in.Person.Subject)
	if ignoreNotFound(err) != nil {
		return session, err
	}
	var account Account
	var u User
	if err == nil {
		account, u, err = c.knownPerson(i, link)
	} else {
		account, u, err = c.newPerson(i, in.Person)
	}
	if err != nil {
		return session, err
	}
	if u.Suspended {
		return session, errSuspended
	}
	if err := c.mapGroups(i, u, in.Person.Groups); err != nil {
		return session, err
	}
	return c.startSession(account, newSession{method: SignInIssuer, onlyOrg: i.OrgID, issuer: i.ID, replaces: in.Replaces})
}

// knownPerson gives the account of somebody who has signed in by the issuer before.
func (c *Change) knownPerson(i Issuer, l IssuerLink) (a Account, u User, err error) {
	if err := c.Lock(LockAccount(l.AccountID)); err != nil {
		return a, u, err
	}
	if a, err = c.Account(l.AccountID); err != nil {
		return a, u, err
	}
	if u, err = c.AccountUser(i.OrgID, a.ID); err != nil {
		if CodeOf(err) == NotFound {
			err = errNoMember
		}
		return a, u, err
	}
	return a, u, c.needDomain(i, a.Email)
}

var errNoMember = Errorf(Forbidden, "you are not a member of this organization; ask its admins to invite you")

// needDomain refuses an address that the issuer may not vouch for.
func (c *Change) needDomain(i Issuer, email string) error {
	verified, err := c.VerifiedDomain(i.OrgID, DomainOf(email))
	if err != nil || verified {
		return err
	}
	return Errorf(Forbidden, "your email address is not in a domain that this organization has verified, so its issuer can't sign you in")
}

// newPerson links somebody who signs in by the issuer for the first time to the account
// with their address.
func (c *Change) newPerson(i Issuer, p IssuedPerson) (a Account, u User, err error) {
	if text.Email(p.Email) != nil {
		return a, u, Errorf(Forbidden, "the issuer gave no email address; have it send the claim email")
	}
	if !p.EmailVerified {
		return a, u, Errorf(Forbidden, "the issuer does not say that your email address is verified (claim email_verified)")
	}
	if err := c.needDomain(i, p.Email); err != nil {
		return a, u, err
	}
	if a, u, err = c.memberFor(i, p); err != nil {
		return a, u, err
	}
	others, err := c.IssuerLinks(i.OrgID, i.ID, a.ID)
	if err != nil {
		return a, u, err
	}
	if len(others) > 0 { // the address has changed hands, or somebody claims that it has
		return a, u, Errorf(Conflict, "your email address belongs to an account that somebody else of this issuer signs in to; "+
			"ask an owner to remove that user and invite you again")
	}
	l := IssuerLink{OrgID: i.OrgID, IssuerID: i.ID, Subject: p.Subject, AccountID: a.ID, CreatedAt: c.now}
	if err := c.CreateIssuerLink(l); err != nil {
		return a, u, err
	}
	server := c.as(OpLinkIssuer)
	server.actor = systemPrincipal(i.OrgID)
	if err := server.Record(Target{Type: "issuerLink", ID: string(u.ID), Name: u.Name}, nil, l); err != nil {
		return a, u, err
	}
	err = c.verify(&a) // changes a
	return a, u, err
}

// memberFor gives the account with a person's address and its user in the organization,
// which it makes if need be.
func (c *Change) memberFor(i Issuer, p IssuedPerson) (a Account, u User, err error) {
	key := text.FoldKey(p.Email)
	u, err = c.UserByEmail(i.OrgID, key)
	if ignoreNotFound(err) != nil {
		return a, u, err
	}
	there := err == nil
	if there && u.Invited && expired(u.ExpiresAt, c.now) {
		server := c.as(OpExpireInvitation)
		server.actor = systemPrincipal(i.OrgID)
		if err := server.takeOut(u); err != nil {
			return a, u, err
		}
		there = false
	}
	if !there && !i.Provision {
		return a, u, errNoMember
	}
	a, err = c.accountFor(p, key)
	if err != nil || (there && !u.Invited) {
		return a, u, err
	}
	if err := c.oneMoreOfAccount(a.ID, limits.Organizations); err != nil {
		return a, u, err
	}
	if there {
		u, err = c.acceptFor(u, a)
	} else {
		u, err = c.admit(i, a)
	}
	return a, u, err
}

// accountFor gives the account with a person's address, and locks it.
func (c *Change) accountFor(p IssuedPerson, key string) (Account, error) {
	name, err := text.Name(p.Name)
	if err != nil || name == "" {
		name = p.Email
	}
	fresh := Account{ID: AccountID(ident.New("acc", c.now)), Email: p.Email, Name: name, CreatedAt: c.now}
	a, err := c.EnsureAccount(fresh, key)
	if err != nil {
		return a, err
	}
	if err := c.Lock(LockAccount(a.ID)); err != nil {
		return a, err
	}
	return c.Account(a.ID)
}

// acceptFor makes an invited person a member: the organization has verified the domain of
// the address, so the issuer may answer for the person.
func (c *Change) acceptFor(invited User, a Account) (User, error) {
	valid, err := mayStillGive(c.Tx, invited, c.now)
	if err != nil {
		return invited, err
	}
	if !valid {
		return invited, Errorf(Conflict, "your invitation has lapsed: its inviter can no longer give this role; ask the organization for a new one")
	}
	joined := invited
	joined.AccountID, joined.Name = a.ID, a.Name
	joined.Invited, joined.InvitedBy, joined.ExpiresAt = false, Actor{}, time.Time{}
	if err := c.Tx.UpdateUser(joined); err != nil {
		return joined, err
	}
	server := c.as(OpAcceptInvitation)
	server.actor = systemPrincipal(invited.OrgID)
	return joined, server.Record(joined.Target(), invited, joined)
}

// admit makes an account a member with the role user.
func (c *Change) admit(i Issuer, a Account) (u User, err error) {
	if err := c.roomForUser(i.OrgID); err != nil {
		return u, err
	}
	role, err := LookupRole(c, i.OrgID, authz.RoleUser)
	if err != nil {
		return u, err
	}
	u = User{
		ID: UserID(ident.New("usr", c.now)), OrgID: i.OrgID, AccountID: a.ID, Email: a.Email, Name: a.Name,
		Role: role.Ref(), CreatedAt: c.now,
	}
	if err := c.Tx.CreateUser(u, text.FoldKey(a.Email)); err != nil {
		return u, err
	}
	server := c.as(OpCreateUser)
	server.actor = systemPrincipal(i.OrgID)
	return u, server.Record(u.Target(), nil, u)
}

// unlink forgets which persons of the issuers a user who is taken out was. The entry of
// that stands for it.
func (c *Change) unlink(u User) error {
	if u.AccountID == "" {
		return nil // an invitation has no account
	}
	return c.DropIssuerLinks(u.OrgID, u.AccountID)
}
