package onboarding

import (
	"context"
	"encoding/json"
	"io"

	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/members"
)

// DeleteOrg deletes an organization with everything in it, its log included; accounts
// without another membership go too. It is for the operator, and leaves one entry,
// deleteOrg. Export it first: [Onboarder.ExportOrg]. Errors: [directory.NotFound].
func (o *Onboarder) DeleteOrg(ctx context.Context, id directory.OrgID) error {
	return directory.DoAsOperator(ctx, o.directory, directory.OpDeleteOrg, func(c *directory.Change) error { return deleteOrg(c, id) })
}

func deleteOrg(c *directory.Change, id directory.OrgID) error {
	if err := c.Lock(directory.LockOrg(id)); err != nil {
		return err
	}
	org, err := c.Org(id)
	if err != nil {
		return err
	}
	var members []directory.AccountID
	for u, err := range c.Users(id, directory.UserQuery{}) {
		if err != nil {
			return err
		}
		if !u.Invited {
			members = append(members, u.AccountID)
		}
	}
	if err := c.Tx.DeleteOrg(id); err != nil {
		return err
	}
	if err := settleAccounts(c, members); err != nil {
		return err
	}
	// The entry must not keep the name or the members of the organization.
	org.Name = ""
	return c.As(directory.OpDeleteOrg).RecordIn(id, org.Target(), nil, nil)
}

// settleAccounts is [members.SettleAccount] for many. Most are in no other organization and go
// together, without their locks, of which PostgreSQL has room for some thousands. If one
// gets a membership meanwhile, its foreign key makes one of the two transactions start anew.
func settleAccounts(c *directory.Change, removed []directory.AccountID) error {
	shared, err := c.DropAccounts(removed)
	if err != nil {
		return err
	}
	for _, id := range shared {
		if err := members.SettleAccount(c, id); err != nil {
			return err
		}
	}
	return nil
}

// exportLine is one line of an export: exactly one member is set.
type exportLine struct {
	Org   *directory.Org            `json:"organization,omitempty"`
	User  *directory.User           `json:"user,omitempty"`
	Role  *directory.Role           `json:"role,omitempty"`
	Group *directory.Group          `json:"group,omitempty"`
	Token *directory.APITokenRecord `json:"apiToken,omitempty"`
	Hook  *directory.Webhook        `json:"webhook,omitempty"`
	Entry *directory.Entry          `json:"entry,omitempty"`
}

// ExportOrg writes everything an organization has as JSON lines, from one snapshot: the
// organization, its users, roles, groups, API tokens (not their values, nor hashes of
// them), webhooks (not their secrets) and its log. It is for the operator. Errors:
// [directory.NotFound].
func (o *Onboarder) ExportOrg(ctx context.Context, id directory.OrgID, w io.Writer) error {
	enc := json.NewEncoder(w)
	return directory.ReadAsOperator(ctx, o.directory, func(tx directory.Tx) error {
		org, err := tx.Org(id)
		if err != nil {
			return err
		}
		if err := enc.Encode(exportLine{Org: &org}); err != nil {
			return err
		}
		for u, err := range tx.Users(id, directory.UserQuery{}) {
			if err != nil {
				return err
			}
			if err := enc.Encode(exportLine{User: &u}); err != nil {
				return err
			}
		}
		if err := exportAccess(tx, id, enc); err != nil {
			return err
		}
		return exportLog(tx, id, enc)
	})
}

func exportAccess(tx directory.Tx, id directory.OrgID, enc *json.Encoder) error {
	roles, err := tx.Roles(id)
	if err != nil {
		return err
	}
	groups, err := tx.Groups(id)
	if err != nil {
		return err
	}
	tokens, err := tx.APITokens(id)
	if err != nil {
		return err
	}
	hooks, err := tx.Webhooks(id)
	if err != nil {
		return err
	}
	var lines []exportLine
	for i := range roles {
		lines = append(lines, exportLine{Role: &roles[i]})
	}
	for i := range groups {
		lines = append(lines, exportLine{Group: &groups[i]})
	}
	for i := range tokens {
		lines = append(lines, exportLine{Token: &tokens[i]})
	}
	for i := range hooks {
		lines = append(lines, exportLine{Hook: &hooks[i]})
	}
	for _, line := range lines {
		if err := enc.Encode(line); err != nil {
			return err
		}
	}
	return nil
}

func exportLog(tx directory.Tx, id directory.OrgID, enc *json.Encoder) error {
	for e, err := range tx.OrgEntries(id, directory.EntryQuery{}) {
		if err != nil {
			return err
		}
		if err := enc.Encode(exportLine{Entry: &e}); err != nil {
			return err
		}
	}
	return nil
}
