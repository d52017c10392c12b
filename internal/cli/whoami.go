package cli

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/rosterhq/roster/client"
)

// identity is whom a token belongs to, and where it acts.
type identity struct {
	client.Principal
	OrgName string `json:"orgName,omitempty"`
	Role    string `json:"role,omitempty"` // of a user
	Server  string `json:"server"`
}

var identityColumns = []column[identity]{
	{"kind", func(i identity) string { return i.Kind }},
	{"id", func(i identity) string { return i.ID }},
	{"name", func(i identity) string { return i.Name }},
	{"organization", func(i identity) string { return withID(i.OrgName, i.OrgID) }},
	{"role", func(i identity) string { return i.Role }},
	{"token expires", func(i identity) string { return when(i.TokenExpiresAt) }},
	{"server", func(i identity) string { return i.Server }},
}

func (s *session) whoami() *cobra.Command {
	return s.command("whoami", `Show which user or API token the token belongs to
For a personal token, its user; for an API token, the token itself. Also shows the server, the
organization and the role in use, and when the token expires.`, "roster whoami", cobra.NoArgs,
		one(s, identityColumns, func(ctx context.Context, c *client.Client, _ []string) (identity, error) {
			return identify(ctx, c)
		}))
}

// identify finds out whom the client's token belongs to. If the user belongs to several
// organizations and none was chosen, it leaves out what depends on one.
func identify(ctx context.Context, c *client.Client) (identity, error) {
	who := identity{Server: c.URL()}
	orgs, err := c.ListOrgs(ctx)
	if err != nil {
		return who, err
	}
	who.Principal, err = c.GetSelfPrincipal(ctx)
	if e, ok := errors.AsType[*client.Error](err); ok && needsOrg(e) {
		u, err := c.GetSelf(ctx)
		who.Principal = client.Principal{Kind: "user", ID: u.ID, Name: u.Name}
		who.OrgName = "none of " + orgList(orgs)
		return who, err
	}
	for _, o := range orgs {
		if o.ID == who.OrgID {
			who.OrgName, who.Role = o.Name, o.Role
		}
	}
	return who, err
}
