package provisioning

import (
	"context"
	"encoding/json"

	"github.com/rosterhq/roster/internal/authz"
	"github.com/rosterhq/roster/internal/directory"
)

// Settings are an organization's settings for its directory.
type Settings struct {
	DefaultRole directory.RoleID `json:"defaultRole"` // of users whom a directory adds
	// BreakerPercent is the share of users who may lose something within an hour.
	BreakerPercent int             `json:"breakerPercent"`
	Schemas        json.RawMessage `json:"schemas,omitempty"` // extension schemas, a JSON array
}

// SettingsOf are stored settings with the defaults.
func SettingsOf(s directory.ProvisioningSettings) Settings {
	out := Settings{DefaultRole: s.DefaultRole, BreakerPercent: s.BreakerPercent, Schemas: s.Schemas}
	if out.DefaultRole == "" {
		out.DefaultRole = authz.RoleUser
	}
	if out.BreakerPercent == 0 {
		out.BreakerPercent = DefaultPercent
	}
	return out
}

// GetSettings gives the settings. Permission users|read.
func (p *Provisioner) GetSettings(ctx context.Context, call directory.Call) (Settings, error) {
	return directory.Read(ctx, p.directory, call, directory.OpGetProvisioningSettings, func(tx directory.Tx) (Settings, error) {
		s, err := tx.ProvisioningSettings(call.Principal.OrgID)
		return SettingsOf(s), err
	})
}

// UpdateSettings replaces the settings. Users who are there keep their roles.
//
// Needs a personal token, or a session with a fresh sign-in, of an owner or admin, and
// rule 2 for the default role. Only an owner changes the breaker's share. Audit entry
// updateProvisioningSettings, if anything changes. Errors: [directory.Invalid];
// [directory.Forbidden]; [directory.Conflict] for an attribute that becomes unique while
// users or groups have the same value.
func (p *Provisioner) UpdateSettings(ctx context.Context, call directory.Call, in Settings) (Settings, error) {
	return directory.Write(ctx, p.directory, call, directory.OpUpdateProvisioningSettings, func(tx *directory.Change) (Settings, error) {
		c := change{Change: tx, provisioner: p, run: new(Run)}
		actor := c.Actor()
		if actor.Role != authz.RoleOwner && actor.Role != authz.RoleAdmin {
			return in, directory.Errorf(directory.Forbidden, "only an owner or admin can change the settings of the directory")
		}
		kept, err := c.ProvisioningSettings(actor.OrgID)
		if err != nil {
			return in, err
		}
		before := SettingsOf(kept)
		if err := c.Check(kept); err != nil {
			return in, err
		}
		if in.DefaultRole != before.DefaultRole {
			if in.DefaultRole == authz.RoleOwner {
				return in, directory.InvalidField("defaultRole", "a directory can't make owners")
			}
			if _, err := c.RoleToGive("defaultRole", in.DefaultRole, authz.Set{}); err != nil {
				return in, err
			}
		}
		if in.BreakerPercent < 1 || in.BreakerPercent > 100 {
			return in, directory.InvalidField("breakerPercent", "must be from 1 to 100")
		}
		if in.BreakerPercent != before.BreakerPercent && actor.Role != authz.RoleOwner {
			return in, directory.Errorf(directory.Forbidden, "only an owner can change breakerPercent")
		}
		var unique []directory.UniqueAttribute
		if in.Schemas, unique, err = p.schemas(in.Schemas); err != nil {
			return in, err
		}
		if in.DefaultRole == before.DefaultRole && in.BreakerPercent == before.BreakerPercent && same(in.Schemas, before.Schemas) {
			return before, nil
		}
		set := directory.ProvisioningSettings{DefaultRole: in.DefaultRole, BreakerPercent: in.BreakerPercent, Schemas: in.Schemas, Unique: unique}
		if err := c.SetProvisioningSettings(actor.OrgID, set); err != nil {
			return in, err
		}
		if err := c.makeUnique(kept.Unique, unique); err != nil {
			return in, err
		}
		return in, c.Record(Target(actor.OrgID), before, in)
	})
}

// maxSchemaBytes bounds the extension schemas of an organization.
const maxSchemaBytes = 64 * 1024

func (p *Provisioner) schemas(in json.RawMessage) (json.RawMessage, []directory.UniqueAttribute, error) {
	if len(in) == 0 || string(in) == "null" || string(in) == "[]" {
		return nil, nil, nil
	}
	if len(in) > maxSchemaBytes {
		return nil, nil, directory.InvalidField("schemas", "has %d bytes; at most %d are allowed", len(in), maxSchemaBytes)
	}
	if p.checkSchemas == nil {
		return nil, nil, directory.InvalidField("schemas", "this server takes no extension schemas")
	}
	checked, unique, err := p.checkSchemas(in)
	if err == nil && len(unique) > MaxUniqueAttributes {
		err = directory.InvalidField("schemas", "make %d attributes unique; at most %d are allowed", len(unique), MaxUniqueAttributes)
	}
	return checked, unique, err
}
