package directory_test

import (
	"fmt"

	"pgregory.net/rapid"

	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/identity"
)

// copyLink copies the link of somebody who has not signed in, and uses it: from then on
// that person is one of them.
func (c *coalition) copyLink(t *rapid.T) {
	id := drawID[directory.UserID](t, c, "newcomer")
	c.request(t, "createInvitationLink", id, func(call directory.Call) error {
		l, err := c.w.CreateInvitationLink(c.w.Context(), call, id)
		if err != nil || l.Secret == "" {
			return err
		}
		session, err := c.w.UseSignInLink(c.w.Context(), directory.Call{RemoteAddr: "192.0.2.9"}, l.Secret, "", "")
		if err == nil {
			c.knows(l.Email, session.Secret)
		}
		return err
	})
}

// signIn signs one of them in, by a link that was mailed to them.
func (c *coalition) signIn(t *rapid.T) {
	email := pick(t, c.order, "account")
	l, err := c.w.CreateSignInLinkFor(c.w.Context(), email)
	if err == nil {
		var session identity.IssuedSession
		session, err = c.w.UseSignInLink(c.w.Context(), directory.Call{RemoteAddr: "192.0.2.9"}, l.Secret, "", "")
		c.signedIn(session, err)
	}
	c.did("signIn", email, err)
}

// signInByIssuer has their own issuer say that anybody is there: one of them, or somebody
// of the organization that they attack.
func (c *coalition) signInByIssuer(t *rapid.T) {
	email := pick(t, append([]string{"olivia@example.com", "bystander@example.com", "strong.newcomer@example.com"}, c.order...), "whom")
	in := identity.IssuerSignIn{
		OrgID: c.issuer.OrgID, IssuerID: c.issuer.ID, Person: person("sub-"+email, email), Ceremony: c.w.Ceremony(),
	}
	if rarely(t, 6, "in the other organization") {
		in.OrgID = c.w.Org.ID
	}
	session, err := c.w.SignInByIssuer(c.w.Context(), directory.Call{RemoteAddr: "192.0.2.9"}, in)
	c.signedIn(session, err)
	c.did("signInByIssuer", fmt.Sprint(email, " in ", in.OrgID), err)
}

func (c *coalition) signedIn(session identity.IssuedSession, err error) {
	if err == nil {
		c.secrets = append(c.secrets, session.Secret)
	}
}

func (c *coalition) did(name, what string, err error) {
	c.tally.count(name, outcome(err))
	c.log = append(c.log, fmt.Sprintf("%s %s: %v", name, what, err))
}

func (c *coalition) createIssuer(t *rapid.T) {
	in := newIssuer()
	in.ClientID = fmt.Sprint("client-", c.tally.steps)
	c.request(t, "createIssuer", in.ClientID, func(call directory.Call) error {
		return second(c.w.CreateIssuer(c.w.Context(), call, in))
	})
}

func (c *coalition) addDomain(t *rapid.T) {
	name := fmt.Sprintf("d%d.example", c.tally.steps)
	c.request(t, "addDomain", name, func(call directory.Call) error {
		return second(c.w.AddDomain(c.w.Context(), call, name))
	})
}
