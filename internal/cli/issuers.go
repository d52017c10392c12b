package cli

import (
	"context"
	"errors"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/rosterhq/roster/client"
)

var issuerColumns = []column[client.Issuer]{
	{"id", func(i client.Issuer) string { return i.ID }},
	{"name", func(i client.Issuer) string { return i.Name }},
	{"url", func(i client.Issuer) string { return i.URL }},
	{"client", func(i client.Issuer) string { return i.ClientID }},
	{"provision", func(i client.Issuer) string { return yes(i.Provision) }},
	{"enabled", func(i client.Issuer) string { return yes(i.Enabled == nil || *i.Enabled) }},
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

const exampleIssuer = "iss_06h0tznb52qbshr2ed8ah98f0w"

func (s *session) issuers() *cobra.Command {
	return group("issuers", "Manage OpenID Connect issuers",
		"People sign in to the organization by its issuers, with addresses in its verified domains. Changing an issuer needs\nthe personal token of an owner.",
		"roster issuers create --name 'Acme SSO' --issuer https://acme.okta.example.com --client-id 0oa1b2c3 --client-secret-file secret.txt",
		s.issuersCreate(), s.issuersUpdate(), s.issuersCheck(),
		s.command("list", "List issuers", "roster issuers list", cobra.NoArgs, list(s, issuerColumns, (*client.Client).ListIssuers)),
		s.get(issuerLookup, "get ISSUER", "Show an issuer", "roster issuers get "+exampleIssuer, byID(s, issuerColumns, (*client.Client).GetIssuer)),
		s.deletion(issuerLookup, "Delete an issuer\nThe sessions that it opened end; its users stay.", "roster issuers delete "+exampleIssuer+" --yes", "issuer", (*client.Client).DeleteIssuer))
}

// issuerFlags are what can be said about an issuer.
type issuerFlags struct {
	name, url, clientID, secretFile, groupsClaim string
	scopes, groups                               []string
	provision, enabled                           bool
}

func (f *issuerFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.name, "name", "", "`NAME` that the sign-in page shows")
	cmd.Flags().StringVar(&f.secretFile, "client-secret-file", "", "`FILE` with the client's secret; a flag would show it to other users of this machine")
	cmd.Flags().StringVar(&f.groupsClaim, "groups-claim", "", "`CLAIM` with a person's groups")
	cmd.Flags().StringArrayVar(&f.groups, "group", nil, "map a value of the claim to a group, as `VALUE=GROUP-ID`; repeatable")
	cmd.Flags().StringArrayVar(&f.scopes, "scope", nil, "`SCOPE` to request besides openid; repeatable")
	cmd.Flags().BoolVar(&f.provision, "provision", false, "make people of a verified domain members when they first sign in")
	cmd.Flags().BoolVar(&f.enabled, "enabled", true, "whether people can sign in by it")
}

// apply changes in i what was said.
func (f *issuerFlags) apply(cmd *cobra.Command, i *client.Issuer) error {
	said := cmd.Flags().Changed
	if said("name") {
		i.Name = f.name
	}
	if said("client-secret-file") {
		b, err := os.ReadFile(f.secretFile)
		if err != nil {
			return err
		}
		i.ClientSecret = strings.TrimSpace(string(b))
	}
	if said("groups-claim") {
		i.GroupsClaim = f.groupsClaim
	}
	if said("scope") {
		i.Scopes = given(f.scopes)
	}
	if said("provision") {
		i.Provision = f.provision
	}
	if said("enabled") {
		i.Enabled = &f.enabled
	}
	if !said("group") {
		return nil
	}
	i.Groups = nil
	for _, g := range given(f.groups) {
		at := strings.LastIndexByte(g, '=')
		if at < 1 {
			return usagef("--group must be VALUE=GROUP-ID")
		}
		i.Groups = append(i.Groups, client.GroupRule{Value: g[:at], GroupID: g[at+1:]})
	}
	return nil
}

func (s *session) issuersCreate() *cobra.Command {
	var f issuerFlags
	var cmd *cobra.Command
	cmd = s.write("create", "Add an issuer\nRegister the redirect URI https://YOUR-SERVER/signin/oidc/callback with it.",
		"roster issuers create --name 'Acme SSO' --issuer https://acme.okta.example.com --client-id 0oa1b2c3 --client-secret-file secret.txt --provision", cobra.NoArgs,
		one(s, issuerColumns, func(ctx context.Context, c *client.Client, _ []string) (client.Issuer, error) {
			in := client.Issuer{URL: f.url, ClientID: f.clientID}
			if err := f.apply(cmd, &in); err != nil {
				return in, err
			}
			return c.CreateIssuer(ctx, in)
		}))
	f.add(cmd)
	cmd.Flags().StringVar(&f.url, "issuer", "", "the issuer's `URL`, as its discovery document names it")
	cmd.Flags().StringVar(&f.clientID, "client-id", "", "`ID` of the client that is registered with the issuer")
	require(cmd, "name", "issuer", "client-id", "client-secret-file")
	return cmd
}

func (s *session) issuersCheck() *cobra.Command {
	return s.command("check ISSUER", `Check an issuer
Reads what the issuer publishes, and says why nobody can sign in by it. Whether the client and its
secret are right shows only in a sign-in. Needs the personal token of an owner.`, "roster issuers check "+exampleIssuer, cobra.ExactArgs(1),
		func(cmd *cobra.Command, c *client.Client, args []string) error {
			id, err := issuerLookup.find(cmd.Context(), c, args[0])
			if err != nil {
				return err
			}
			problem, err := c.CheckIssuer(cmd.Context(), id)
			if err == nil && problem != "" {
				err = errors.New(problem)
			}
			if err != nil {
				return err
			}
			cmd.PrintErrln("the issuer answers as it should")
			return nil
		})
}

func (s *session) issuersUpdate() *cobra.Command {
	var f issuerFlags
	var cmd *cobra.Command
	cmd = s.write("update ISSUER", `Change an issuer
Only what the flags name changes. --group replaces the whole mapping; --group '' removes
it. The URL and the client can't be changed.`,
		"roster issuers update "+exampleIssuer+" --groups-claim groups --group engineering=grp_06h0tznb52qbshr2ed8ah98f0w", cobra.ExactArgs(1),
		issuerLookup.found(one(s, issuerColumns, func(ctx context.Context, c *client.Client, args []string) (client.Issuer, error) {
			i, err := c.GetIssuer(ctx, args[0])
			if err != nil {
				return i, err
			}
			if err := f.apply(cmd, &i); err != nil {
				return i, err
			}
			return c.UpdateIssuer(ctx, args[0], i)
		})))
	f.add(cmd)
	return issuerLookup.argument(s, cmd)
}
