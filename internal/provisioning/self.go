package provisioning

import (
	"context"
	"encoding/json"

	"github.com/rosterhq/roster/internal/directory"
)

// GetSelf gives the person's own user. Needs a personal token. Errors:
// [directory.NotFound] for others.
func (p *Provisioner) GetSelf(ctx context.Context, call directory.Call) (Person, error) {
	return directory.Read(ctx, p.directory, call, directory.OpGetOwnProfile, func(tx directory.Tx) (Person, error) {
		return person(tx, call.Principal.OrgID, call.Principal.UserID)
	})
}

// View caches what a protocol makes of the organization, as [directory.View] does.
func (p *Provisioner) View(ctx context.Context, call directory.Call, op directory.Operation, key string, read func() ([]byte, bool, error)) ([]byte, error) {
	return directory.View(ctx, p.directory, call, op, key, read)
}

// Schemas gives the extension schemas of the organization, a JSON array or nil, to those
// who may call op.
func (p *Provisioner) Schemas(ctx context.Context, call directory.Call, op directory.Operation) (json.RawMessage, error) {
	return p.directory.ExtensionSchemas(ctx, call, op)
}
