package directory

import (
	"github.com/rosterhq/roster/internal/derived"
	"github.com/rosterhq/roster/internal/text"
	"github.com/rosterhq/roster/internal/usercache"
)

// maxPrincipals is the size of a table of the cache. When a table is full, the whole cache
// is cleared instead of evicting single values, so that requests do no bookkeeping.
const maxPrincipals = 100_000

// cache holds what requests read most, so that a request for a cached user with a
// cached token reads no database. It is never ahead of the database and, once a commit
// has returned, never behind it: [cache.committed] invalidates what a commit changed
// before the commit returns, and a value that was read before a commit does not enter
// the cache after it.
type cache struct {
	derived.Cache[Origin]
	principals *derived.Table[Origin, principalKey, *Principal]
	users      *usercache.Cache // and views
}

func (c *cache) init() {
	c.principals = derived.NewTable[Origin, principalKey, *Principal](&c.Cache, maxPrincipals)
	c.users = usercache.New()
	c.Add(c.users)
}

type principalKey struct {
	hash SecretHash
	org  OrgID // as the request named it
}

func (c *cache) putPrincipal(epoch uint64, k principalKey, p *Principal) {
	if p.awaitsIssuer {
		return // it ends with a sign-in, which invalidates nothing
	}
	from := []Origin{credentialOrigin(p.Kind, p.TokenID)}
	if p.Kind == AppClient {
		from = append(from, OriginApp(p.OrgID, p.App))
	}
	if p.Kind.ofAccount() {
		from = append(from, OriginAccount(p.AccountID), OriginGroups(p.OrgID))
	}
	c.principals.Put(epoch, k, p, from...)
}

// putUser stores a user by id, and by address if they were looked up by it.
func (c *cache) putUser(epoch uint64, format WireFormat, u User, wire []byte, byEmail bool) {
	k := usercache.User{Org: string(u.OrgID), ID: string(u.ID), Email: text.FoldKey(u.Email)}
	c.At(epoch, func() {
		c.users.Put(format.Kind, k, wire)
		if byEmail {
			c.users.PutHint(k)
		}
	})
}

// invalidate empties the cache: the database changed, and it is unknown what changed.
func (c *cache) invalidate() { c.Changed(derived.Drops[Origin].Everything) }

// committed invalidates everything that the entries of a commit can have changed.
func (c *cache) committed(entries []Entry) {
	c.Changed(func(drop derived.Drops[Origin]) {
		for i := range entries {
			for s := range entries[i].Changed {
				if s.Kind == OfAnything {
					drop.Everything()
				}
				c.dropUsers(s)
				drop.Source(s)
			}
		}
	})
}

// dropUsers drops what the cache of users has from an origin.
func (c *cache) dropUsers(s Origin) {
	switch s.Kind {
	case OfViews:
		c.users.DropOrg(viewsOf(s.In))
	case OfSchemas:
		c.users.DropOrg(schemasOf(s.In))
	case OfUsers:
		c.users.DropOrg(string(s.In))
	case OfUser:
		c.users.Drop(string(s.In), s.ID)
	}
}
