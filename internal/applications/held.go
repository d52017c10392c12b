package applications

import (
	"context"
	"time"

	"github.com/rosterhq/roster/internal/authz"
	"github.com/rosterhq/roster/internal/directory"
)

// How much of what decisions read is cached.
const (
	maxApps = 10_000
	maxHeld = 200_000
)

// Held is what a user or an API token holds in applications. It is shared between decisions
// and must not be changed.
type Held struct {
	Subject directory.Subject
	Held    authz.AppGrants
	// Sources are the reasons, as those of a user's access; none for an API token.
	Sources []directory.Source

	until time.Time // when a temporary role ends, after which this is read again; zero: never
}

// Until is when the access ends or becomes less by itself, because a temporary role or the
// token ends; zero: never.
func (h *Held) Until() time.Time {
	if h.Subject.Token != nil {
		return h.Subject.Token.ExpiresAt
	}
	return h.until
}

// UserRef names a user of an organization by one of its members.
type UserRef struct {
	ID       directory.UserID
	EmailKey string // the address with letter case folded
	// UserNameKey is the user name that a directory has given, with letter case folded.
	UserNameKey string
}

func (r UserRef) find(tx directory.Tx, org directory.OrgID) (directory.User, error) {
	switch {
	case r.ID != "":
		return tx.User(org, r.ID)
	case r.EmailKey != "":
		return tx.UserByEmail(org, r.EmailKey)
	default:
		id, err := tx.UserNamed(org, r.UserNameKey)
		if err != nil {
			return directory.User{}, err
		}
		return tx.User(org, id)
	}
}

// appKey names an application by the organization that it belongs to, "" for the deployment.
type appKey struct {
	org directory.OrgID
	id  directory.AppID
}

// heldKey names a user or an API token of an organization.
type heldKey struct {
	org   directory.OrgID
	user  UserRef
	token directory.TokenID
}

// byID returns an application, from the cache if possible. Errors: [directory.NotFound].
func (a *Apps) byID(ctx context.Context, key appKey) (directory.Application, error) {
	if app, ok := a.apps.Get(key); ok {
		return app, nil
	}
	return a.apps.Read(ctx, key, func(tx directory.Tx) (directory.Application, []directory.Origin, error) {
		app, err := tx.Application(key.org, key.id)
		return app, []directory.Origin{directory.OriginApp(key.org, key.id)}, err
	})
}

// ofUser returns what a user holds in applications, from the cache if possible. An invited or
// suspended user holds nothing. The caller checks that the application serves the
// organization. Errors: [directory.NotFound].
func (a *Apps) ofUser(ctx context.Context, org directory.OrgID, who UserRef) (*Held, error) {
	key := heldKey{org: org, user: who}
	if h, ok := a.held.Get(key); ok && (h.until.IsZero() || a.directory.Now().Before(h.until)) {
		return h, nil
	}
	return a.held.Read(ctx, key, func(tx directory.Tx) (*Held, []directory.Origin, error) {
		u, err := who.find(tx, org)
		if err != nil {
			return nil, nil, err
		}
		all, err := directory.Sources(tx, u, a.directory.Now())
		if err != nil {
			return nil, nil, err
		}
		h := &Held{Subject: directory.Subject{User: &u}, Sources: all}
		sets := make([]authz.Set, len(all))
		for i, source := range all {
			sets[i] = authz.Set{Apps: source.Role.Capabilities.Apps}
			if !source.Until.IsZero() {
				h.until = source.Until
			}
		}
		h.Held = authz.UnionOf(sets).Apps
		return h, []directory.Origin{directory.OriginAccount(u.AccountID), directory.OriginGroups(org), directory.OriginUser(org, u.ID)}, nil
	})
}

// ofToken is ofUser for an API token by its id. A token that has expired is
// [directory.NotFound].
func (a *Apps) ofToken(ctx context.Context, org directory.OrgID, id directory.TokenID) (*Held, error) {
	key := heldKey{org: org, token: id}
	h, ok := a.held.Get(key)
	if !ok {
		var err error
		if h, err = a.readToken(ctx, key); err != nil {
			return nil, err
		}
	}
	if h.Subject.Token.Expired(a.directory.Now()) {
		return nil, directory.Missing("token")
	}
	return h, nil
}

func (a *Apps) readToken(ctx context.Context, key heldKey) (*Held, error) {
	return a.held.Read(ctx, key, func(tx directory.Tx) (*Held, []directory.Origin, error) {
		t, err := tx.APIToken(key.org, key.token)
		if err != nil {
			return nil, nil, err
		}
		return &Held{Subject: directory.Subject{Token: &t}, Held: t.Capabilities.Apps}, []directory.Origin{directory.OriginToken(t.ID)}, nil
	})
}
