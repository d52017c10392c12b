package storetest

import (
	"crypto/sha256"
	"net/netip"
	"time"

	"github.com/rosterhq/roster/internal/authz"
	"github.com/rosterhq/roster/internal/directory"
)

// start has microseconds, which every engine must keep.
var start = time.Date(2026, 3, 4, 5, 6, 7, 123456000, time.UTC)

const (
	acme  directory.OrgID = "acme-0001"
	other directory.OrgID = "other-0002"
)

func hash(secret string) directory.SecretHash { return sha256.Sum256([]byte(secret)) }

func newOrg(id directory.OrgID) directory.Org {
	return directory.Org{ID: id, Name: "Org " + string(id), CreatedAt: start, UpdatedAt: start.Add(time.Second)}
}

// newAccount has its id as the key of its email address.
func newAccount(id directory.AccountID) directory.Account {
	return directory.Account{ID: id, Email: string(id) + "@Example.com", Name: "Account " + string(id), CreatedAt: start}
}

// newUser is a user of the account "acc_"+name.
func newUser(org directory.OrgID, name string) directory.User {
	return directory.User{
		ID: directory.UserID("usr_" + name), OrgID: org, AccountID: directory.AccountID("acc_" + name),
		Email: "acc_" + name + "@Example.com", Name: "User " + name,
		Role: directory.RoleRef{ID: authz.RoleUser, Name: authz.RoleUser}, CreatedAt: start.Add(time.Minute),
	}
}

// newInvitation is newUser as an invitation that expires at a time.
func newInvitation(org directory.OrgID, name string, expires time.Time) directory.User {
	u := newUser(org, name)
	u.AccountID, u.Invited, u.ExpiresAt = "", true, expires
	u.InvitedBy = directory.Actor{Kind: directory.ActorAccount, UserID: "usr_boss", AccountID: "acc_boss", TokenID: "pat_boss"}
	return u
}

func newRole(org directory.OrgID, name string) directory.Role {
	read, _ := authz.Org.Grant(authz.Pair{Resource: "users", Action: authz.Read})
	query, _ := authz.Dataset.Grant(authz.Pair{Resource: "query", Action: authz.Read})
	return directory.Role{
		ID: directory.RoleID("role_" + name), OrgID: org, Name: "Role " + name, Description: "what " + name + " do",
		Capabilities: authz.Set{
			Org:      read,
			Datasets: map[string]authz.Grants{authz.Wildcard: authz.Dataset.All(), "lo'gs": query},
			Views:    map[string]authz.Grants{"v": authz.View.All()},
		},
		CreatedAt: start.Add(time.Hour),
	}
}

func newGroup(org directory.OrgID, name string) directory.Group {
	return directory.Group{
		ID: directory.GroupID("grp_" + name), OrgID: org, Name: "Group " + name, Description: "who " + name + " are",
		CreatedAt: start.Add(2 * time.Hour),
	}
}

func newNetworks(list ...string) (n directory.Networks) {
	for _, text := range list {
		n = append(n, netip.MustParsePrefix(text))
	}
	return n
}

func newAPIToken(org directory.OrgID, name string) directory.APITokenRecord {
	return directory.APITokenRecord{
		ID: directory.TokenID("tok_" + name), OrgID: org, Name: "Token " + name, Description: "for " + name,
		Capabilities: newRole(org, name).Capabilities, Giving: authz.LimitOf(newRole(org, name).Capabilities, authz.RoleAdmin),
		ExpiresAt: start.Add(24 * time.Hour), CreatedAt: start, Networks: newNetworks("10.0.0.0/8", "2001:db8::/32"),
		CreatedBy: directory.Actor{
			Kind: directory.ActorAccount, TokenID: "pat_x", AccountID: "acc_x", UserID: "usr_x", Name: "Jane \"J\" Doe",
		},
		LifetimeSeconds: 86400, Replaces: "tok_old", MakerID: "usr_x", Hash: hash(string(org) + name),
	}
}

func newPersonalToken(account directory.AccountID, name string) directory.PersonalTokenRecord {
	return directory.PersonalTokenRecord{
		ID: directory.TokenID("pat_" + name), AccountID: account, Name: "Token " + name, Description: "of " + string(account),
		ExpiresAt: start.Add(time.Hour), CreatedAt: start, Networks: newNetworks("192.0.2.0/24"), Hash: hash(string(account) + name),
	}
}

func newProvision(org directory.OrgID, addr string) directory.Provision {
	return directory.Provision{OrgID: org, Hash: hash("claim " + string(org)), RemoteAddr: addr, ExpiresAt: start.Add(24 * time.Hour)}
}

// The write helpers derive the keys as the rows above spell them.

func putOrgs(tx directory.Tx, ids ...directory.OrgID) error {
	for _, id := range ids {
		if err := tx.CreateOrg(newOrg(id)); err != nil {
			return err
		}
	}
	return nil
}

func putAccount(tx directory.Tx, id directory.AccountID) error {
	return ensureAccount(tx, newAccount(id), string(id))
}

// putUser stores a user with the account of its own.
func putUser(tx directory.Tx, u directory.User) error {
	return all(putAccount(tx, u.AccountID), tx.CreateUser(u, string(u.AccountID)))
}

func putUsers(tx directory.Tx, org directory.OrgID, names ...string) error {
	for _, name := range names {
		if err := putUser(tx, newUser(org, name)); err != nil {
			return err
		}
	}
	return nil
}

func userIDs(users []directory.User) []directory.UserID {
	list := []directory.UserID{}
	for _, u := range users {
		list = append(list, u.ID)
	}
	return list
}
