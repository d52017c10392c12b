package directory

import (
	"context"
	"time"

	"github.com/rosterhq/roster/internal/authz"
)

// HeldAccess is what a user or an API token holds, as decisions for applications need it.
// It is shared between decisions and must not be changed.
type HeldAccess struct {
	Subject Subject
	Held    authz.AppGrants
	// Sources are the reasons, as [AccessCapability] has them; none for an API token.
	Sources []Source

	until time.Time // when a temporary role ends, after which this is read again; zero: never
}

// Until is when the access ends or becomes less by itself, because a temporary role or the
// token ends; zero: never.
func (h *HeldAccess) Until() time.Time {
	if h.Subject.Token != nil {
		return h.Subject.Token.ExpiresAt
	}
	return h.until
}

type accessKey struct {
	org   OrgID
	user  UserRef
	token TokenID
}

// UserRef names a user of an organization by one of its members.
type UserRef struct {
	ID       UserID
	EmailKey string // the address with letter case folded
	// UserNameKey is the user name that a directory has given, with letter case folded.
	UserNameKey string
}

func (r UserRef) find(tx Tx, org OrgID) (User, error) {
	switch {
	case r.ID != "":
		return tx.User(org, r.ID)
	case r.EmailKey != "":
		return tx.UserByEmail(org, r.EmailKey)
	default:
		id, err := tx.UserNamed(org, r.UserNameKey)
		if err != nil {
			return User{}, err
		}
		return tx.User(org, id)
	}
}

// AppByID returns an application by the organization that it belongs to, "" for the
// deployment, from memory if possible. Errors: [NotFound].
func (s *Service) AppByID(ctx context.Context, org OrgID, id AppID) (Application, error) {
	key := appKey{org, id}
	if a, ok := s.cache.apps.Get(key); ok && s.store.InTouch() {
		return a, nil
	}
	return s.readApp(ctx, key)
}

// readApp reads an application for AppByID. It is apart, so that a hit allocates nothing.
func (s *Service) readApp(ctx context.Context, key appKey) (a Application, err error) {
	epoch := s.cache.Epoch()
	err = s.store.Read(ctx, func(tx Tx) error {
		a, err = tx.Application(key.org, key.id)
		return err
	})
	if err == nil {
		s.cache.apps.Put(epoch, key, a, appSource(key.org, key.id))
	}
	return a, err
}

// UserAccess returns what a user holds in applications, from memory if possible. An invited or suspended user holds
// nothing. It is for the decisions that applications ask for: the caller checks that the
// application serves the organization. Errors: [NotFound].
func (s *Service) UserAccess(ctx context.Context, org OrgID, who UserRef) (*HeldAccess, error) {
	return s.heldAccess(ctx, accessKey{org: org, user: who}, func(tx Tx) (*HeldAccess, []source, error) {
		u, err := who.find(tx, org)
		if err != nil {
			return nil, nil, err
		}
		all, err := Sources(tx, u, s.now())
		if err != nil {
			return nil, nil, err
		}
		h := &HeldAccess{Subject: Subject{User: &u}, Held: appsOf(all), Sources: all}
		for _, source := range all {
			if !source.Until.IsZero() {
				h.until = source.Until
			}
		}
		return h, []source{{kind: ofAccount, id: string(u.AccountID)}, {kind: ofGroups, id: string(org)}, userSource(org, u.ID)}, nil
	})
}

// appsOf is what sources grant together in applications.
func appsOf(all []Source) authz.AppGrants {
	sets := make([]authz.Set, len(all))
	for i, s := range all {
		sets[i] = authz.Set{Apps: s.Role.Capabilities.Apps}
	}
	return authz.UnionOf(sets).Apps
}

// TokenAccess is UserAccess for an API token by its id. A token that has expired is
// [NotFound].
func (s *Service) TokenAccess(ctx context.Context, org OrgID, id TokenID) (*HeldAccess, error) {
	h, err := s.heldAccess(ctx, accessKey{org: org, token: id}, func(tx Tx) (*HeldAccess, []source, error) {
		t, err := tx.APIToken(org, id)
		if err != nil {
			return nil, nil, err
		}
		return &HeldAccess{Subject: Subject{Token: &t}, Held: t.Capabilities.Apps}, []source{{kind: ofToken, id: string(id)}}, nil
	})
	if err == nil && expired(h.Subject.Token.ExpiresAt, s.now()) {
		return nil, Missing("token")
	}
	return h, err
}

func (s *Service) heldAccess(ctx context.Context, key accessKey, read func(Tx) (*HeldAccess, []source, error)) (*HeldAccess, error) {
	if h, ok := s.cache.access.Get(key); ok && s.store.InTouch() && !expired(h.until, s.now()) {
		return h, nil
	}
	return s.readAccess(ctx, key, read)
}

// readAccess reads for heldAccess. It is apart, so that a hit allocates nothing.
func (s *Service) readAccess(ctx context.Context, key accessKey, read func(Tx) (*HeldAccess, []source, error)) (h *HeldAccess, err error) {
	var from []source
	epoch := s.cache.Epoch()
	err = s.store.Read(ctx, func(tx Tx) error {
		h, from, err = read(tx)
		return err
	})
	if err != nil {
		return nil, err
	}
	s.cache.access.Put(epoch, key, h, from...)
	return h, nil
}
