package directory

import (
	"context"

	"github.com/rosterhq/roster/internal/text"
)

// WireFormat is how a protocol writes a user. It may depend on nothing but the user.
type WireFormat struct {
	Kind   uint8 // tells formats apart; less than [usercache.Formats]
	Encode func(User) []byte
}

// GetUserWire returns a user of the principal's organization in a protocol's wire format,
// from the cache if it is there. The caller owns the result.
//
// Permission users|read. Errors: [NotFound].
func (s *Service) GetUserWire(ctx context.Context, call Call, id UserID, f WireFormat) ([]byte, error) {
	if err := OpGetUser.Authorize(call.Principal); err != nil {
		return nil, err
	}
	org := call.Principal.OrgID
	if wire, ok := s.cache.users.ByID(string(org), f.Kind, string(id)); ok && s.store.InTouch() {
		return wire, nil
	}
	epoch := s.cache.Epoch()
	u, err := Read(ctx, s, call, OpGetUser, func(tx Tx) (User, error) { return tx.User(org, id) })
	if err != nil {
		return nil, err
	}
	wire := f.Encode(u)
	s.cache.putUser(epoch, f, u, wire, false)
	return wire, nil
}

// FindUserWire returns the user of the principal's organization who has an address,
// without regard to letter case, in a protocol's wire format. It reads the cache first,
// as [Service.GetUserWire] does. The caller owns the result.
//
// Permission users|read, as for a list of users. Errors: [NotFound].
func (s *Service) FindUserWire(ctx context.Context, call Call, email string, f WireFormat) ([]byte, error) {
	if err := OpListUsers.Authorize(call.Principal); err != nil {
		return nil, err
	}
	org, key := call.Principal.OrgID, text.FoldKey(email)
	if wire, ok := s.cache.users.ByEmail(string(org), f.Kind, key); ok && s.store.InTouch() {
		return wire, nil
	}
	epoch := s.cache.Epoch()
	u, err := Read(ctx, s, call, OpListUsers, func(tx Tx) (User, error) { return tx.UserByEmail(org, key) })
	if err != nil {
		return nil, err
	}
	wire := f.Encode(u)
	s.cache.putUser(epoch, f, u, wire, true)
	return wire, nil
}
