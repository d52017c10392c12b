package directory

import (
	"context"
	"encoding/json"

	"github.com/rosterhq/roster/internal/usercache"
)

// View returns what a protocol makes of an organization's state, such as a response. It
// is cached under a key until anything in the organization changes, so it may depend on
// nothing else than the state and the key. read makes it, and reports whether to cache it:
// a view of which there can be any number must not be. The caller owns the result.
//
// Permission: that of op. Errors: those of read.
func View(ctx context.Context, s *Service, call Call, op Operation, key string, read func() (view []byte, keep bool, err error)) ([]byte, error) {
	if err := op.Authorize(call.Principal); err != nil {
		return nil, err
	}
	of := viewsOf(call.Principal.OrgID)
	if view, ok := s.cache.users.ByID(of, 0, key); ok && s.store.InTouch() {
		return view, nil
	}
	epoch := s.cache.Epoch()
	view, keep, err := read()
	if err == nil && keep {
		s.cache.putView(epoch, of, key, view)
	}
	return view, err
}

// viewsOf and schemasOf are under which organizations the cache of users has views and
// extension schemas. No organization has these ids.
func viewsOf(org OrgID) string   { return string(org) + "/views" }
func schemasOf(org OrgID) string { return string(org) + "/schemas" }

// putView stores a view that was read at an epoch, unless something was invalidated since.
func (c *cache) putView(epoch uint64, of, key string, view []byte) {
	c.At(epoch, func() { c.users.Put(0, usercache.User{Org: of, ID: key}, view) })
}

// ExtensionSchemas returns the extension schemas of the organization, a JSON array or
// nothing, from the cache if they are there. The caller owns the result.
//
// Permission: that of op.
func (s *Service) ExtensionSchemas(ctx context.Context, call Call, op Operation) (json.RawMessage, error) {
	if err := op.Authorize(call.Principal); err != nil {
		return nil, err
	}
	of := schemasOf(call.Principal.OrgID)
	if schemas, ok := s.cache.users.ByID(of, 0, ""); ok && s.store.InTouch() {
		return schemas, nil
	}
	epoch := s.cache.Epoch()
	settings, err := Read(ctx, s, call, op, func(tx Tx) (ProvisioningSettings, error) {
		return tx.ProvisioningSettings(call.Principal.OrgID)
	})
	if err == nil {
		s.cache.putView(epoch, of, "", settings.Schemas)
	}
	return settings.Schemas, err
}
