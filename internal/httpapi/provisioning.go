package httpapi

import (
	"encoding/json"

	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/provisioning"
)

// provisioningSettings are an organization's settings for its directory.
type provisioningSettings struct {
	BreakerPercent int              `json:"breakerPercent"`
	DefaultRole    directory.RoleID `json:"defaultRole"`
	Schemas        json.RawMessage  `json:"schemas"`
}

func provisioningSettingsOf(s provisioning.Settings) provisioningSettings {
	out := provisioningSettings{s.BreakerPercent, s.DefaultRole, s.Schemas}
	if out.Schemas == nil {
		out.Schemas = json.RawMessage("[]")
	}
	return out
}
