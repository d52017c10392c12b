package directory

import (
	"context"
	"iter"
	"time"
)

// Store keeps everything the [Service] knows. Implementations promise:
//
//   - Write runs fn in a transaction that no other Write's effects interleave
//     with where a rule spans rows (see [Tx.LockOrg]), commits durably before it
//     returns nil, and undoes everything fn did when it returns an error. fn may
//     run more than once and must not keep anything from an earlier run.
//   - Read runs fn on one consistent snapshot.
//   - What is missing is an [Error] with [NotFound]; what collides with a unique
//     key is one with [Conflict]; no driver's error type is promised.
//   - Times keep microseconds and come back in UTC; the zero time comes back zero.
//   - Lists are in byte order of their ids.
type Store interface {
	Read(ctx context.Context, fn func(Tx) error) error
	Write(ctx context.Context, fn func(Tx) error) error
	// Observe has an observer told of every change from now on. It is called
	// once, before the store is used.
	Observe(Observer)
	// InTouch reports whether the observer has been told of everything up to a
	// second ago at most, by whomever it was done.
	InTouch() bool
	// Changed gives a channel that is closed at the next commit of this process.
	Changed() <-chan struct{}
	// Ping reports whether the database answers.
	Ping(ctx context.Context) error
	Close() error
}

// Observer is told of changes, so that what was read is not taken for what is.
type Observer struct {
	// Committed gets the entries of this process's commits before their Write
	// returns.
	Committed func([]Entry)
	// Changed says that something else has changed the database.
	Changed func()
}

// Tx is the view of the store inside one transaction.
type Tx interface {
	orgTx
	accountTx
	userTx
	roleTx
	groupTx
	tokenTx
	entryTx
}

type orgTx interface {
	// LockOrg makes transactions that lock the same organisation take turns.
	LockOrg(OrgID) error
	Org(OrgID) (Org, error)
	CountOrgs() (int, error)
	CreateOrg(Org) error
	UpdateOrg(Org) error
	DeleteOrg(OrgID) error // with everything in it, its log included; accounts stay

	CreateProvision(Provision) error
	UpdateProvision(Provision) error
	DeleteProvision(OrgID) error
	ProvisionByHash(SecretHash) (Provision, error)
	// CountProvisions counts those of an address that have not expired.
	CountProvisions(remoteAddr string, now time.Time) (int, error)
	ExpiredProvisions(now time.Time) ([]Provision, error)
}

type accountTx interface {
	AccountByEmail(emailKey string) (Account, error)
	CreateAccount(a Account, emailKey string) error
	RenameAccount(id AccountID, name string) error
	// DeleteAccount deletes an account without memberships, with its personal tokens.
	DeleteAccount(AccountID) error
	// ReplaceAccount puts a new account in an old one's place: memberships stay,
	// personal tokens go. The email keeps its key.
	ReplaceAccount(old AccountID, heir Account) error
}

type userTx interface {
	User(OrgID, UserID) (User, error)
	UserByEmail(org OrgID, emailKey string) (User, error)
	// AccountUsers lists the memberships of an account, invitations included.
	AccountUsers(AccountID) ([]User, error)
	// Users yields the members of an organisation, invited ones included, with
	// ids greater than after. A sequence that ends early ends with an error.
	Users(org OrgID, q UserQuery) iter.Seq2[User, error]
	CountUsers(org OrgID, role RoleID) (int, error) // active ones only
	HasUsers(org OrgID, ids []UserID) (missing []UserID, err error)
	CreateUser(u User, emailKey string) error
	UpdateUser(User) error          // account, name, role and state
	DeleteUser(OrgID, UserID) error // and their places in groups
}

// UserQuery narrows a list of users; zero values narrow nothing.
type UserQuery struct {
	EmailKey string
	Role     RoleID
	After    UserID
}

type roleTx interface {
	// Role and Roles know custom roles only.
	Role(OrgID, RoleID) (Role, error)
	Roles(OrgID) ([]Role, error)
	CreateRole(r Role, nameKey string) error
	UpdateRole(r Role, nameKey string) error
	DeleteRole(OrgID, RoleID) error
}

type groupTx interface {
	Group(OrgID, GroupID) (Group, error)
	Groups(OrgID) ([]Group, error)
	GroupsOf(OrgID, UserID) ([]Group, error)
	// CreateGroup and UpdateGroup write members and roles too.
	CreateGroup(g Group, nameKey string) error
	UpdateGroup(g Group, nameKey string) error
	DeleteGroup(OrgID, GroupID) error
	// CountGroupsWithRole counts the groups that hand out a role.
	CountGroupsWithRole(OrgID, RoleID) (int, error)
}

type tokenTx interface {
	APIToken(OrgID, TokenID) (APITokenRecord, error)
	APITokenByHash(SecretHash) (APITokenRecord, error)
	APITokens(OrgID) ([]APITokenRecord, error)
	CreateAPIToken(APITokenRecord) error
	ExpireAPIToken(org OrgID, id TokenID, at time.Time) error
	DeleteAPIToken(OrgID, TokenID) error
	// CountAPITokens counts those of all organisations that end in (after, until].
	CountAPITokens(after, until time.Time) (int, error)
	// APITokenUsed and UseAPIToken keep when a token was last used; to use one
	// that is gone is no error, and time never goes back.
	APITokenUsed(OrgID, TokenID) (time.Time, error)
	UseAPIToken(org OrgID, id TokenID, at time.Time) error

	PersonalToken(AccountID, TokenID) (PersonalTokenRecord, error)
	PersonalTokenByHash(SecretHash) (PersonalTokenRecord, error)
	PersonalTokens(AccountID) ([]PersonalTokenRecord, error)
	CreatePersonalToken(PersonalTokenRecord) error
	DeletePersonalToken(AccountID, TokenID) error
}

type entryTx interface {
	AppendEntry(Entry) error
	// Entries lists up to limit entries of all organisations after a sequence number.
	Entries(after int64, limit int) ([]Entry, error)
	LastEntry() (int64, error)
	OrgEntries(OrgID) iter.Seq2[Entry, error]
	// OrgVersion differs whenever an entry was appended to an organisation's log.
	OrgVersion(OrgID) (string, error)

	// Replay finds what was kept under an idempotency key that has not expired.
	Replay(scope, key string, now time.Time) (Replay, error)
	KeepReplay(Replay) error
	// DropReplays forgets what expired by now.
	DropReplays(now time.Time) error

	// Cursor and SetCursor keep how far a follower of the log has come.
	Cursor(follower string) (int64, error)
	SetCursor(follower string, seq int64) error
}

// Replay is the remembered result of a request with an idempotency key.
type Replay struct {
	Scope       string // the principal's token id: keys of others don't collide
	Key         string
	Fingerprint string // hash of what was asked
	Result      []byte // JSON of what the operation returned, without secrets
	ExpiresAt   time.Time
}
