package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/rosterhq/roster/client"
)

// scimSetup is what an identity provider is configured with.
type scimSetup struct {
	URL string `json:"url"`
	client.APIToken
}

var scimSetupColumns = []column[scimSetup]{
	{"url", func(t scimSetup) string { return t.URL }},
	{"token id", func(t scimSetup) string { return t.ID }},
	{"token", func(t scimSetup) string { return t.Token }},
	{"expires", func(t scimSetup) string { return when(t.ExpiresAt) }},
}

var scimStatusColumns = []column[client.ProvisioningStatus]{
	{"held", func(p client.ProvisioningStatus) string {
		if p.Hold == nil {
			return "no"
		}
		return "since " + when(&p.Hold.At)
	}},
	{"why", func(p client.ProvisioningStatus) string {
		if p.Hold == nil {
			return ""
		}
		return fmt.Sprintf("%d of %d users would have lost something; %d %% may", p.Hold.WouldLose, p.Hold.Users, p.Hold.Percent)
	}},
	{"approved until", func(p client.ProvisioningStatus) string { return when(p.ApprovedUntil) }},
	{"last change", func(p client.ProvisioningStatus) string {
		if p.LastRun == nil {
			return ""
		}
		return when(&p.LastRun.LastAt)
	}},
	{"users", func(p client.ProvisioningStatus) string {
		if p.LastRun == nil {
			return ""
		}
		return fmt.Sprintf("+%d ~%d -%d, %d suspended, %d reactivated", p.LastRun.Created, p.LastRun.Updated, p.LastRun.Removed,
			p.LastRun.Suspended, p.LastRun.Reactivated)
	}},
	{"groups", func(p client.ProvisioningStatus) string {
		if p.LastRun == nil {
			return ""
		}
		return fmt.Sprintf("+%d ~%d -%d", p.LastRun.GroupsCreated, p.LastRun.GroupsUpdated, p.LastRun.GroupsRemoved)
	}},
	{"refused", func(p client.ProvisioningStatus) string {
		if p.LastRun == nil || len(p.LastRun.Refusals) == 0 {
			return ""
		}
		return fmt.Sprintf("%d, first: %s", len(p.LastRun.Refusals), p.LastRun.Refusals[0].Detail)
	}},
}

var scimSettingsColumns = []column[client.ProvisioningSettings]{
	{"default role", func(p client.ProvisioningSettings) string { return p.DefaultRole }},
	{"breaker", func(p client.ProvisioningSettings) string { return strconv.Itoa(p.BreakerPercent) + " %" }},
	{"schemas", func(p client.ProvisioningSettings) string {
		var schemas []struct {
			ID string `json:"id"`
		}
		_ = json.Unmarshal(p.Schemas, &schemas) // the server's
		return strconv.Itoa(len(schemas))
	}},
}

var scimReportColumns = []column[client.SCIMReport]{
	{"url", func(r client.SCIMReport) string { return r.URL }},
	{"users", func(r client.SCIMReport) string { return strconv.Itoa(r.Users) }},
}

func (s *session) scim() *cobra.Command {
	return group("scim", "Let an identity provider keep the users and groups (SCIM)",
		`An identity provider, such as Okta or Entra, creates, changes and removes users and groups by SCIM 2.0. It needs the URL
and a token, which "roster scim setup" prints. How its users become users here:

  userName          unique in the organization, in any letter case
  primary email     the address; if there is none, userName must be an address
  active            false suspends, true reactivates
  externalId, name, emails, title, … belong to the organization; v2's name and address stay the person's own
  groups            groups that the directory manages; give them roles with "roster groups update"

A directory that would suspend, remove or take out of groups too many users within an hour is held. The owners get a mail,
and one of them approves the changes or ends the hold.`,
		"roster scim setup --name Okta\nroster scim status",
		s.scimSetup(),
		s.command("check", "Test the set-up with the current token\nReads what an identity provider reads first. Use the token that it has.",
			"ROSTER_TOKEN=xaat-… roster scim check", cobra.NoArgs,
			one(s, scimReportColumns, func(ctx context.Context, c *client.Client, _ []string) (client.SCIMReport, error) {
				return c.TestSCIM(ctx)
			})),
		s.command("status", "Show the last run and whether the directory is held", "roster scim status", cobra.NoArgs,
			one(s, scimStatusColumns, func(ctx context.Context, c *client.Client, _ []string) (client.ProvisioningStatus, error) {
				return c.GetProvisioning(ctx)
			})),
		s.scimSettings(),
		s.write("approve", "Approve what a held directory does\nEnds the hold. For an hour, the directory may suspend, remove and take out of groups any number of users.\n"+
			"Needs the personal token of an owner.", "roster scim approve", cobra.NoArgs,
			one(s, scimStatusColumns, func(ctx context.Context, c *client.Client, _ []string) (client.ProvisioningStatus, error) {
				return c.ApproveProvisioning(ctx)
			})),
		s.write("end-hold", "End the hold of a directory\nDo so after the directory was set right. Needs the personal token of an owner.",
			"roster scim end-hold", cobra.NoArgs,
			one(s, scimStatusColumns, func(ctx context.Context, c *client.Client, _ []string) (client.ProvisioningStatus, error) {
				return c.EndProvisioningHold(ctx)
			})))
}

// scimCapabilities are what an identity provider's token needs.
var scimCapabilities = []string{
	"users|create", "users|read", "users|update", "users|delete", "rbac|create", "rbac|read", "rbac|update", "rbac|delete",
}

func (s *session) scimSetup() *cobra.Command {
	in := client.NewAPIToken{Name: "SCIM", Description: "Provisions users and groups."}
	var expires Expiry
	cmd := s.write("setup", "Create a token for an identity provider\nPrints the URL and the token to enter there. The token is shown only this once.",
		"roster scim setup --name Okta --expires-in 365d", cobra.NoArgs,
		one(s, scimSetupColumns, func(ctx context.Context, c *client.Client, _ []string) (t scimSetup, err error) {
			t.URL = c.SCIMURL()
			if in.Capabilities, err = parseCapabilities(scimCapabilities); err != nil {
				return t, err
			}
			if in.ExpiresAt, err = expires.Time(); err != nil {
				return t, err
			}
			t.APIToken, err = c.CreateAPIToken(ctx, in)
			return t, err
		}))
	cmd.Flags().StringVar(&in.Name, "name", in.Name, "`NAME` of the token")
	expires.Add(cmd.Flags(), "it works")
	addNetworks(cmd, &in.Networks)
	return cmd
}

func (s *session) scimSettings() *cobra.Command {
	var role, schemas string
	var percent int
	cmd := s.write("settings", "Show or change the settings of provisioning\nChanging them needs the personal token of an owner or admin, and of an owner for --breaker-percent.",
		"roster scim settings\nroster scim settings --default-role read-only --breaker-percent 10\nroster scim settings --schemas schemas.json", cobra.NoArgs,
		one(s, scimSettingsColumns, func(ctx context.Context, c *client.Client, _ []string) (client.ProvisioningSettings, error) {
			settings, err := c.GetProvisioningSettings(ctx)
			if err != nil || (role == "" && percent == 0 && schemas == "") {
				return settings, err
			}
			if role != "" {
				settings.DefaultRole = role
			}
			if percent != 0 {
				settings.BreakerPercent = percent
			}
			if schemas != "" {
				if settings.Schemas, err = os.ReadFile(schemas); err != nil {
					return settings, Usage(err)
				}
				if !json.Valid(settings.Schemas) {
					return settings, usagef("--schemas: %s is not JSON", schemas)
				}
			}
			return c.SetProvisioningSettings(ctx, settings)
		}))
	cmd.Flags().StringVar(&role, "default-role", "", "`ID` of the role of users whom a directory adds")
	cmd.Flags().IntVar(&percent, "breaker-percent", 0, "share of users who may lose something within an hour")
	cmd.Flags().StringVar(&schemas, "schemas", "", "`FILE` with a JSON array of extension schemas")
	return cmd
}
