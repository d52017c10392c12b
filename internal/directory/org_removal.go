package directory

import (
	"context"
	"encoding/json"
	"io"
)

// DeleteOrg deletes an organization with everything in it, its log included;
// accounts without another membership go too. It is for the operator, and leaves
// one entry, deleteOrg. Export it first: [Service.ExportOrg]. Errors: [NotFound].
func (s *Service) DeleteOrg(ctx context.Context, id OrgID) error {
	return s.store.Write(ctx, func(tx Tx) error { return s.operate(tx).deleteOrg(id) })
}

func (c *Change) deleteOrg(id OrgID) error {
	if err := c.Lock(LockOrg(id)); err != nil {
		return err
	}
	org, err := c.Org(id)
	if err != nil {
		return err
	}
	var members []AccountID
	for u, err := range c.Users(id, UserQuery{}) {
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
	if err := c.settleAccounts(members); err != nil {
		return err
	}
	// The entry must not keep the name or the members of the organization.
	org.Name = ""
	return c.As(OpDeleteOrg).RecordIn(id, org.Target(), nil, nil)
}

// settleAccounts is settleAccount for many. Most are in no other organization and go
// together, without their locks, of which PostgreSQL has room for some thousands. If one
// gets a membership meanwhile, its foreign key makes one of the two transactions start anew.
func (c *Change) settleAccounts(removed []AccountID) error {
	shared, err := c.DropAccounts(removed)
	if err != nil {
		return err
	}
	for _, id := range shared {
		if err := c.settleAccount(id); err != nil {
			return err
		}
	}
	return nil
}

// exportLine is one line of an export: exactly one member is set.
type exportLine struct {
	Org   *Org            `json:"organization,omitempty"`
	User  *User           `json:"user,omitempty"`
	Role  *Role           `json:"role,omitempty"`
	Group *Group          `json:"group,omitempty"`
	Token *APITokenRecord `json:"apiToken,omitempty"`
	Hook  *Webhook        `json:"webhook,omitempty"`
	Entry *Entry          `json:"entry,omitempty"`
}

// ExportOrg writes everything an organization has as JSON lines, from one
// snapshot: the organization, its users, roles, groups, API tokens (not their
// values, nor hashes of them), webhooks (not their secrets) and its log. It is for the operator. Errors: [NotFound].
func (s *Service) ExportOrg(ctx context.Context, id OrgID, w io.Writer) error {
	enc := json.NewEncoder(w)
	return s.store.Read(ctx, func(tx Tx) error {
		org, err := tx.Org(id)
		if err != nil {
			return err
		}
		if err := enc.Encode(exportLine{Org: &org}); err != nil {
			return err
		}
		for u, err := range tx.Users(id, UserQuery{}) {
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

func exportAccess(tx Tx, id OrgID, enc *json.Encoder) error {
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

func exportLog(tx Tx, id OrgID, enc *json.Encoder) error {
	for e, err := range tx.OrgEntries(id, EntryQuery{}) {
		if err != nil {
			return err
		}
		if err := enc.Encode(exportLine{Entry: &e}); err != nil {
			return err
		}
	}
	return nil
}
