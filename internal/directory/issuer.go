package directory

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/rosterhq/roster/internal/authz"
	"github.com/rosterhq/roster/internal/ident"
	"github.com/rosterhq/roster/internal/limits"
	"github.com/rosterhq/roster/internal/quote"
	"github.com/rosterhq/roster/internal/text"
)

// Issuer is an OpenID Connect issuer by which people sign in to one organization. It
// vouches for addresses in the organization's verified domains alone, and the sessions
// that it opens act in the organization alone.
type Issuer struct {
	ID    IssuerID `json:"id"`
	OrgID OrgID    `json:"orgId"`
	Name  string   `json:"name"`
	// URL and ClientID never change: the issuer's subjects may depend on them.
	URL      string `json:"url"`
	ClientID string `json:"clientId"`
	IssuerSettings
	CreatedAt time.Time `json:"createdAt"`
	CreatedBy Actor     `json:"createdBy"`
	UpdatedAt time.Time `json:"updatedAt"`
	// UpdatedBy, without a name, is the owner who gives what the mapping of groups gives.
	UpdatedBy Actor `json:"updatedBy"`
	// SealedSecret is the client's secret, sealed with a key from the key file.
	SealedSecret []byte `json:"-"`
}

// IssuerSettings are how an issuer is used.
type IssuerSettings struct {
	Enabled bool `json:"enabled"`
	// Provision makes people of a verified domain members with the role user at their
	// first sign-in. Without it, only members and invited people can sign in.
	Provision   bool        `json:"provision,omitempty"`
	Scopes      []string    `json:"scopes,omitempty"`
	GroupsClaim string      `json:"groupsClaim,omitempty"`
	Groups      []GroupRule `json:"groups,omitempty"`
}

// GroupRule maps a value of the claim with a person's groups to a group.
type GroupRule struct {
	Value   string  `json:"value"`
	GroupID GroupID `json:"groupId"`
}

// Target is the issuer as the target of an entry.
func (i Issuer) Target() Target { return Target{Type: "issuer", ID: string(i.ID), Name: i.Name} }

// NewIssuer has the properties of an issuer that callers set.
type NewIssuer struct {
	Name         string
	URL          string
	ClientID     string
	ClientSecret string // "" in an update: unchanged
	IssuerSettings
}

// Bounds on an issuer's settings.
const (
	maxClientID    = 255
	maxSecret      = 2048
	maxScopes      = 20
	maxGroupRules  = 200
	maxClaim       = 255
	maxGroupValues = 255 // bytes of a value
)

// DefaultScopes are requested besides openid unless an issuer's settings say otherwise.
func DefaultScopes() []string { return []string{"email", "profile"} }

// WithIssuerURLs sets which URLs issuers may have. The error of check is worded to follow
// the name of the field. By default, any https URL will do.
func WithIssuerURLs(check func(url string) error) Option {
	return func(s *Service) { s.checkIssuerURL = check }
}

// ListIssuers gives the organization's issuers. Needs a personal token or session of an
// owner or admin.
func (s *Service) ListIssuers(ctx context.Context, call Call) ([]Issuer, error) {
	return Read(ctx, s, call, OpListIssuers, func(tx Tx) ([]Issuer, error) {
		if err := call.Principal.mayReadIssuers(); err != nil {
			return nil, err
		}
		return tx.Issuers(call.Principal.OrgID)
	})
}

// GetIssuer gives one issuer. Needs a personal token or session of an owner or admin.
// Errors: [NotFound].
func (s *Service) GetIssuer(ctx context.Context, call Call, id IssuerID) (Issuer, error) {
	return Read(ctx, s, call, OpGetIssuer, func(tx Tx) (Issuer, error) {
		if err := call.Principal.mayReadIssuers(); err != nil {
			return Issuer{}, err
		}
		return tx.Issuer(call.Principal.OrgID, id)
	})
}

func (p *Principal) mayReadIssuers() error {
	if p.Role != authz.RoleOwner && p.Role != authz.RoleAdmin {
		return Errorf(Forbidden, "only an owner or admin can see the issuers")
	}
	return nil
}

// writeIssuer carries out a change of issuers, which only owners may make.
func writeIssuer[T any](ctx context.Context, s *Service, call Call, op Operation, fn func(*Change) (T, error)) (T, error) {
	return Write(ctx, s, call, op, func(c *Change) (out T, err error) {
		if !c.actor.IsOwner() {
			return out, Errorf(Forbidden, "only an owner can change the issuers")
		}
		return fn(c)
	})
}

// CreateIssuer adds an issuer. Needs a personal token, or a session with a fresh sign-in,
// of an owner, and rule 2 for the roles of the mapped groups. Audit entry createIssuer.
// Errors: [Invalid]; [Conflict] for an issuer that is there; [LimitExceeded].
func (s *Service) CreateIssuer(ctx context.Context, call Call, in NewIssuer) (Issuer, error) {
	return writeIssuer(ctx, s, call, OpCreateIssuer, func(c *Change) (i Issuer, err error) {
		if err := s.checkNewIssuer(in); err != nil {
			return i, err
		}
		if err := c.OneMore(limits.Issuers); err != nil {
			return i, err
		}
		all, err := c.Issuers(c.actor.OrgID)
		if err != nil {
			return i, err
		}
		if slices.ContainsFunc(all, func(i Issuer) bool { return i.URL == in.URL && i.ClientID == in.ClientID }) {
			return i, &Error{Code: Conflict, Field: "url", Message: "the organization has this issuer with this client id already"}
		}
		i = Issuer{
			ID: IssuerID(ident.New("iss", c.now)), OrgID: c.actor.OrgID, URL: in.URL, ClientID: in.ClientID,
			CreatedAt: c.now, CreatedBy: c.actor.Actor(),
		}
		if err := c.applyIssuer(&i, in); err != nil {
			return i, err
		}
		if err := c.Tx.CreateIssuer(i); err != nil {
			return i, err
		}
		return i, c.Record(i.Target(), nil, i)
	})
}

func (s *Service) checkNewIssuer(in NewIssuer) error {
	check := s.checkIssuerURL
	if check == nil {
		check = func(u string) error {
			if !strings.HasPrefix(u, "https://") {
				return Errorf(Invalid, "must begin with https://")
			}
			return nil
		}
	}
	if err := check(in.URL); err != nil {
		return InvalidField("url", "%v", err)
	}
	if strings.Contains(in.URL, "?") {
		return InvalidField("url", "must be without a query; give the issuer, not its discovery document")
	}
	if err := checkShort("clientId", in.ClientID, maxClientID); err != nil {
		return err
	}
	if in.ClientSecret == "" { // a public client could be mixed up with another issuer's
		return InvalidField("clientSecret", "is required; register a confidential (web) client with the issuer")
	}
	return nil
}

// UpdateIssuer replaces the settings of an issuer. From then on, the caller is who gives
// what the mapping of groups gives. Disabling it ends the sessions that it opened. Needs
// what [Service.CreateIssuer] needs. Audit entry updateIssuer. Errors: [NotFound];
// [Invalid].
func (s *Service) UpdateIssuer(ctx context.Context, call Call, id IssuerID, in NewIssuer) (Issuer, error) {
	return writeIssuer(ctx, s, call, OpUpdateIssuer, func(c *Change) (Issuer, error) {
		before, err := c.issuerToChange(id)
		if err != nil {
			return Issuer{}, err
		}
		if in.URL != before.URL {
			return Issuer{}, InvalidField("url", "can't be changed; delete the issuer and create another")
		}
		if in.ClientID != before.ClientID {
			return Issuer{}, InvalidField("clientId", "can't be changed; delete the issuer and create another")
		}
		after := before
		if err := c.applyIssuer(&after, in); err != nil {
			return Issuer{}, err
		}
		if err := c.Tx.UpdateIssuer(after); err != nil {
			return Issuer{}, err
		}
		return after, c.Record(after.Target(), before, after)
	})
}

// DeleteIssuer deletes an issuer. Those who signed in by it stay members; their sessions
// end. Needs a personal token, or a session with a fresh sign-in, of an owner. Audit entry
// deleteIssuer. Errors: [NotFound].
func (s *Service) DeleteIssuer(ctx context.Context, call Call, id IssuerID) error {
	_, err := writeIssuer(ctx, s, call, OpDeleteIssuer, func(c *Change) (struct{}, error) {
		i, err := c.issuerToChange(id)
		if err != nil {
			return struct{}{}, err
		}
		if err := c.Tx.DeleteIssuer(i.OrgID, i.ID); err != nil {
			return struct{}{}, err
		}
		return struct{}{}, c.Record(i.Target(), i, nil)
	})
	return err
}

func (c *Change) issuerToChange(id IssuerID) (Issuer, error) {
	i, err := c.Issuer(c.actor.OrgID, id)
	if err != nil {
		return i, err
	}
	return i, c.Check(i)
}

// applyIssuer sets on i what in says.
func (c *Change) applyIssuer(i *Issuer, in NewIssuer) (err error) {
	if i.Name, err = CleanName("name", in.Name); err != nil {
		return err
	}
	if i.IssuerSettings, err = cleanIssuerSettings(in.IssuerSettings); err != nil {
		return err
	}
	if err := c.mayMap(i.Groups); err != nil {
		return err
	}
	i.UpdatedAt, i.UpdatedBy = c.now, c.actor.giver()
	if in.ClientSecret == "" {
		return nil
	}
	if len(in.ClientSecret) > maxSecret || strings.ContainsFunc(in.ClientSecret, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return InvalidField("clientSecret", "must be at most %d printable ASCII characters without spaces", maxSecret)
	}
	i.SealedSecret = sealIssuerSecret(c.keys, *i, in.ClientSecret)
	return nil
}

func cleanIssuerSettings(in IssuerSettings) (IssuerSettings, error) {
	if len(in.Scopes) == 0 {
		in.Scopes = DefaultScopes()
	}
	if len(in.Scopes) > maxScopes {
		return in, InvalidField("scopes", "has %d scopes; at most %d are allowed", len(in.Scopes), maxScopes)
	}
	for _, scope := range in.Scopes {
		if scope == "" || len(scope) > maxClaim || strings.ContainsFunc(scope, notInScope) {
			return in, InvalidField("scopes", "%s is not a scope", quote.Input(scope))
		}
	}
	if in.GroupsClaim != "" {
		if err := text.Check(in.GroupsClaim, maxClaim); err != nil {
			return in, InvalidField("groupsClaim", "%v", err)
		}
	} else if len(in.Groups) > 0 {
		return in, InvalidField("groupsClaim", "is required if groups are mapped: the claim with a person's groups, such as groups")
	}
	if len(in.Groups) > maxGroupRules {
		return in, InvalidField("groups", "has %d rules; at most %d are allowed", len(in.Groups), maxGroupRules)
	}
	for _, r := range in.Groups {
		if err := checkShort("groups", r.Value, maxGroupValues); err != nil {
			return in, err
		}
	}
	return in, nil
}

// checkShort checks an opaque text of an issuer's.
func checkShort(field, s string, most int) error {
	if s == "" {
		return InvalidField(field, "must not be empty")
	}
	return inText(field, text.Check(s, most))
}

// notInScope reports whether a character can't be in a scope (RFC 6749 section 3.3).
func notInScope(r rune) bool { return r <= ' ' || r > '~' || r == '"' || r == '\\' }

// sealIssuerSecret seals a client's secret for one issuer.
func sealIssuerSecret(keys interface{ IssuerKeys(org string) [][]byte }, i Issuer, secret string) []byte {
	return seal(keys.IssuerKeys(string(i.OrgID))[0], []byte(secret), []byte(i.ID))
}

// IssuerClient is an issuer with its client's secret, to sign in by.
type IssuerClient struct {
	Issuer
	ClientSecret string
}

// String leaves the secret out of logs.
func (i IssuerClient) String() string { return string(i.ID) }

// IssuerToSignIn gives an enabled issuer for the sign-in page. It takes no principal.
// Errors: [NotFound]; [Unavailable] if the secret was sealed with a key that is not in the
// key file any more.
func (s *Service) IssuerToSignIn(ctx context.Context, call Call, org OrgID, id IssuerID) (out IssuerClient, err error) {
	err = s.store.Read(ForTenant(ctx, AddrTenant(call.RemoteAddr)), func(tx Tx) error {
		out.Issuer, err = tx.Issuer(org, id)
		return err
	})
	if err == nil && !out.Enabled {
		err = Missing("issuer")
	}
	if err != nil {
		return IssuerClient{}, err
	}
	for _, key := range s.keys.IssuerKeys(string(org)) {
		if secret, ok := unseal(key, out.SealedSecret, []byte(out.ID)); ok {
			out.ClientSecret = string(secret)
			return out, nil
		}
	}
	return IssuerClient{}, Errorf(Unavailable, "the issuer's client secret can't be opened with the server's keys; an owner must enter it again")
}

// OfferedIssuer is an issuer as everybody may see it.
type OfferedIssuer struct {
	OrgID OrgID
	ID    IssuerID
	Name  string
}

// IssuersFor gives the enabled issuers of an organization, by its id, or of the one that
// has verified the domain of an email address. Nothing depends on whether there is such an
// account. It takes no principal.
func (s *Service) IssuersFor(ctx context.Context, call Call, orgOrEmail string) (offered []OfferedIssuer, err error) {
	err = s.store.Read(ForTenant(ctx, AddrTenant(call.RemoteAddr)), func(tx Tx) error {
		org := OrgID(orgOrEmail)
		if domain := DomainOf(orgOrEmail); domain != "" {
			d, err := tx.DomainHolder(domain)
			if err != nil {
				return ignoreNotFound(err)
			}
			org = d.OrgID
		}
		all, err := tx.Issuers(org)
		for _, i := range all {
			if i.Enabled {
				offered = append(offered, OfferedIssuer{i.OrgID, i.ID, i.Name})
			}
		}
		return err
	})
	return offered, err
}
