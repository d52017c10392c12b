package identity

import (
	"context"
	"slices"
	"strings"

	"github.com/rosterhq/roster/internal/authz"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/ident"
	"github.com/rosterhq/roster/internal/limits"
)

// NewIssuer has the properties of an issuer that callers set.
type NewIssuer struct {
	Name         string
	URL          string
	ClientID     string
	ClientSecret string // "" in an update: unchanged
	directory.IssuerSettings
}

// ListIssuers returns the organization's issuers. Needs a personal token or session of an
// owner or admin.
func (s *Proofs) ListIssuers(ctx context.Context, call directory.Call) ([]directory.Issuer, error) {
	return directory.Read(ctx, s.directory, call, directory.OpListIssuers, func(tx directory.Tx) ([]directory.Issuer, error) {
		if err := mayReadIssuers(call.Principal); err != nil {
			return nil, err
		}
		return tx.Issuers(call.Principal.OrgID)
	})
}

// GetIssuer returns one issuer. Needs a personal token or session of an owner or admin.
// Errors: [directory.NotFound].
func (s *Proofs) GetIssuer(ctx context.Context, call directory.Call, id directory.IssuerID) (directory.Issuer, error) {
	return directory.Read(ctx, s.directory, call, directory.OpGetIssuer, func(tx directory.Tx) (directory.Issuer, error) {
		if err := mayReadIssuers(call.Principal); err != nil {
			return directory.Issuer{}, err
		}
		return tx.Issuer(call.Principal.OrgID, id)
	})
}

// CheckIssuer reads what an issuer publishes, and returns why nobody can sign in by it, ""
// for no reason. The client and its secret show only in a sign-in. Needs a personal token
// or session of an owner. Errors: [directory.NotFound]; [directory.Unavailable] for a
// server that can't check issuers.
func (s *Proofs) CheckIssuer(ctx context.Context, call directory.Call, id directory.IssuerID) (problem string, err error) {
	i, err := directory.Read(ctx, s.directory, call, directory.OpCheckIssuer, func(tx directory.Tx) (directory.Issuer, error) {
		if !call.Principal.IsOwner() {
			return directory.Issuer{}, directory.Errorf(directory.Forbidden, "only an owner can check an issuer")
		}
		return tx.Issuer(call.Principal.OrgID, id)
	})
	if err != nil {
		return "", err
	}
	if s.Discover == nil {
		return "", directory.Errorf(directory.Unavailable, "this server does not check issuers")
	}
	return reason(s.Discover(ctx, i.URL)), nil
}

// reason is the text of an error, "" for none.
func reason(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func mayReadIssuers(p *directory.Principal) error {
	if p.Role != authz.RoleOwner && p.Role != authz.RoleAdmin {
		return directory.Errorf(directory.Forbidden, "only an owner or admin can see the issuers")
	}
	return nil
}

func mayChangeIssuers(p *directory.Principal) error {
	if !p.IsOwner() {
		return directory.Errorf(directory.Forbidden, "only an owner can change the issuers")
	}
	return nil
}

// CreateIssuer adds an issuer. Needs a personal token, or a session with a fresh sign-in,
// of an owner, and rule 2 for the roles of the mapped groups. Audit entry createIssuer.
// Errors: [directory.Invalid]; [directory.Conflict] for an issuer that is there;
// [directory.LimitExceeded].
func (s *Proofs) CreateIssuer(ctx context.Context, call directory.Call, in NewIssuer) (directory.Issuer, error) {
	return directory.Write(ctx, s.directory, call, directory.OpCreateIssuer, func(c *directory.Change) (i directory.Issuer, err error) {
		if err := mayChangeIssuers(c.Actor()); err != nil {
			return i, err
		}
		if err := s.checkNewIssuer(in); err != nil {
			return i, err
		}
		if err := c.OneMore(limits.Issuers); err != nil {
			return i, err
		}
		all, err := c.Issuers(c.Actor().OrgID)
		if err != nil {
			return i, err
		}
		if slices.ContainsFunc(all, func(i directory.Issuer) bool { return i.URL == in.URL && i.ClientID == in.ClientID }) {
			return i, &directory.Error{Code: directory.Conflict, Field: "url", Message: "the organization has this issuer with this client id already"}
		}
		i = directory.Issuer{
			ID: directory.IssuerID(ident.New("iss", c.Now())), OrgID: c.Actor().OrgID, URL: in.URL, ClientID: in.ClientID,
			CreatedAt: c.Now(), CreatedBy: c.Actor().Actor(),
		}
		if err := s.apply(c, &i, in); err != nil {
			return i, err
		}
		if err := c.Tx.CreateIssuer(i); err != nil {
			return i, err
		}
		return i, c.Record(i.Target(), nil, i)
	})
}

func (s *Proofs) checkNewIssuer(in NewIssuer) error {
	check := s.CheckIssuerURL
	if check == nil {
		check = func(u string) error {
			if !strings.HasPrefix(u, "https://") {
				return directory.Errorf(directory.Invalid, "must begin with https://")
			}
			return nil
		}
	}
	if err := check(in.URL); err != nil {
		return directory.InvalidField("url", "%v", err)
	}
	if strings.Contains(in.URL, "?") {
		return directory.InvalidField("url", "must be without a query; give the issuer, not its discovery document")
	}
	if err := checkShort("clientId", in.ClientID, maxClientID); err != nil {
		return err
	}
	if in.ClientSecret == "" { // a public client could be mixed up with another issuer's
		return directory.InvalidField("clientSecret", "is required; register a confidential (web) client with the issuer")
	}
	return nil
}

// UpdateIssuer replaces the settings of an issuer. From then on, the mapping of groups gives
// what the caller can give. Disabling the issuer ends the sessions that it opened. Needs
// what [Proofs.CreateIssuer] needs. Audit entry updateIssuer. Errors: [directory.NotFound];
// [directory.Invalid]; [directory.Conflict] for disabling the last one while the
// organization requires an issuer.
func (s *Proofs) UpdateIssuer(ctx context.Context, call directory.Call, id directory.IssuerID, in NewIssuer) (directory.Issuer, error) {
	return directory.Write(ctx, s.directory, call, directory.OpUpdateIssuer, func(c *directory.Change) (directory.Issuer, error) {
		if err := mayChangeIssuers(c.Actor()); err != nil {
			return directory.Issuer{}, err
		}
		before, err := issuerToChange(c, id)
		if err != nil {
			return directory.Issuer{}, err
		}
		if in.URL != before.URL {
			return directory.Issuer{}, directory.InvalidField("url", "can't be changed; delete the issuer and create another")
		}
		if in.ClientID != before.ClientID {
			return directory.Issuer{}, directory.InvalidField("clientId", "can't be changed; delete the issuer and create another")
		}
		after := before
		if err := s.apply(c, &after, in); err != nil {
			return directory.Issuer{}, err
		}
		if !after.Enabled {
			if err := mayEndIssuer(c, before); err != nil {
				return directory.Issuer{}, err
			}
		}
		if err := c.Tx.UpdateIssuer(after); err != nil {
			return directory.Issuer{}, err
		}
		return after, c.Record(after.Target(), before, after)
	})
}

// DeleteIssuer deletes an issuer. Those who signed in by it stay members; their sessions
// end. Needs a personal token, or a session with a fresh sign-in, of an owner. Audit entry
// deleteIssuer. Errors: [directory.NotFound]; [directory.Conflict] for the last enabled one
// while the organization requires an issuer.
func (s *Proofs) DeleteIssuer(ctx context.Context, call directory.Call, id directory.IssuerID) error {
	return directory.Do(ctx, s.directory, call, directory.OpDeleteIssuer, func(c *directory.Change) error {
		if err := mayChangeIssuers(c.Actor()); err != nil {
			return err
		}
		i, err := issuerToChange(c, id)
		if err != nil {
			return err
		}
		if err := mayEndIssuer(c, i); err != nil {
			return err
		}
		if err := c.Tx.DeleteIssuer(i.OrgID, i.ID); err != nil {
			return err
		}
		return c.Record(i.Target(), i, nil)
	})
}

func issuerToChange(c *directory.Change, id directory.IssuerID) (directory.Issuer, error) {
	i, err := c.Issuer(c.Actor().OrgID, id)
	if err != nil {
		return i, err
	}
	return i, c.Check(i)
}

// apply sets the properties of an issuer that in has.
func (s *Proofs) apply(c *directory.Change, i *directory.Issuer, in NewIssuer) (err error) {
	if i.Name, err = directory.CleanName("name", in.Name); err != nil {
		return err
	}
	if i.IssuerSettings, err = cleanSettings(in.IssuerSettings); err != nil {
		return err
	}
	if err := mayMap(c, i.Groups); err != nil {
		return err
	}
	i.UpdatedAt, i.UpdatedBy = c.Now(), c.Actor().Giver()
	if in.ClientSecret == "" { // it stays, sealed with the newest key
		if secret, ok := s.openSecret(*i); ok {
			i.SealedSecret = s.sealSecret(*i, secret)
		}
		return nil
	}
	if len(in.ClientSecret) > maxSecret || strings.ContainsFunc(in.ClientSecret, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return directory.InvalidField("clientSecret", "must be at most %d printable ASCII characters without spaces", maxSecret)
	}
	i.SealedSecret = s.sealSecret(*i, in.ClientSecret)
	return nil
}
