package directory

import (
	"context"
	"iter"
	"time"

	"github.com/rosterhq/roster/internal/audit"
	"github.com/rosterhq/roster/internal/limits"
)

// Store is the storage of a [Service]. Implementations promise:
//
//   - Write runs fn in a transaction, commits durably before it returns nil, and
//     undoes everything fn did when it returns an error. fn sees what others commit
//     meanwhile, so fn takes a [Lock] first if a rule spans rows. fn may run more
//     than once and must not keep anything from an earlier run. A statement that is
//     refused ends the transaction, whatever fn makes of its error; that something
//     is missing is no refusal.
//   - Read runs fn on one consistent snapshot.
//   - What is missing is an [Error] with [NotFound]; what collides with a unique
//     key is one with [Conflict]; no driver's error type is promised.
//   - A database that can't be reached, or not soon enough, is [Unavailable]; of a
//     commit that was under way then nobody knows whether it took place.
//   - Times keep microseconds and come back in UTC; the zero time comes back zero.
//   - Those who wait take turns by their [TenantOf] the context, and none of them
//     takes all there is. A Write for a tenant has a time limit, [LimitExceeded]; one
//     whose context ends while it waits is not run.
//   - Lists are in byte order of their ids. Nothing else is asked of a Tx inside the
//     loop over one of its sequences.
type Store interface {
	Read(ctx context.Context, fn func(Tx) error) error
	Write(ctx context.Context, fn func(Tx) error) error
	// Observe registers the observer, which is called for every change from then on. It
	// is called once, before the store is used.
	Observe(Observer)
	// InTouch reports whether the observer has been told of everything up to a
	// second ago at most, by whomever it was done.
	InTouch() bool
	// Changed gives a channel that is closed when there may be new entries.
	Changed() <-chan struct{}
	// Lead runs fn while no other process runs one of the same name, and waits for
	// its turn if need be. fn's context ends when that can't be promised any more:
	// another may have begun a moment before.
	Lead(ctx context.Context, name string, fn func(context.Context) error) error
	// Ping reports whether the database answers.
	Ping(ctx context.Context) error
	Close() error
}

// Observer is called when data changes, so that caches are invalidated.
type Observer struct {
	// Committed gets the entries of commits: of this process's own before their
	// Write returns, of others' soon after if the store can tell. The same entry
	// may come twice.
	Committed func([]Entry)
	// Changed is called when something changed but the store cannot say what.
	Changed func()
}

// Lock names what transactions take turns at: each waits until those that locked
// the same have ended, and sees what they did.
type Lock string

// LockDeployment is for what concerns all organizations.
const LockDeployment Lock = "deployment"

// LockOrg is for an organization, all that is in it, and its log.
func LockOrg(id OrgID) Lock { return Lock("org:" + id) }

// LockAccount is for an account's tokens and the set of its memberships.
func LockAccount(id AccountID) Lock { return Lock("account:" + id) }

// LockWebhook is for a webhook and what is queued for it.
func LockWebhook(org OrgID, id WebhookID) Lock {
	return Lock("webhook:" + string(org) + ":" + string(id))
}

// LockFollower is for how far a follower of the log has come.
func LockFollower(name string) Lock { return Lock("follower:" + name) }

// LockAddr is for what an address of the network has made.
func LockAddr(addr string) Lock { return Lock("addr:" + addr) }

// Tx is the view of the store inside one transaction.
type Tx interface {
	// Lock takes a lock until the transaction ends. A transaction may take several locks
	// in any order: a deadlock restarts one of the transactions.
	Lock(Lock) error

	orgTx
	accountTx
	userTx
	roleTx
	groupTx
	tokenTx
	entryTx
	auditTx
	webhookTx
	followerTx
	sealerTx
	deliveryTx
	limitTx
	mailTx
	signInTx
	issuerTx
	domainTx
	profileTx
}

// limitTx counts what [Limits] bound.
type limitTx interface {
	// CountOf counts what an organization has, and CountOfAccount what an account has.
	CountOf(OrgID, limits.Name) (int, error)
	CountOfAccount(AccountID, limits.Name) (int, error)
	// HighestCount is the count of the organization or account that has the most.
	HighestCount(limits.Name) (int, error)
	// UserInGroups gives one of the users who is in so many groups or more, "" for none.
	UserInGroups(org OrgID, ids []UserID, groups int) (UserID, error)
}

type orgTx interface {
	Org(OrgID) (Org, error)
	CountOrgs() (int, error)
	Totals() (Totals, error)
	CreateOrg(Org) error
	UpdateOrg(Org) error
	// OrgSettings are the zero value for an organization that has set nothing.
	OrgSettings(OrgID) (OrgSettings, error)
	SetOrgSettings(OrgID, OrgSettings) error
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
	// EnsureAccount gives the account with a's address, which is a itself if there
	// was none.
	EnsureAccount(a Account, emailKey string) (Account, error)
	RenameAccount(id AccountID, name string) error
	// DeleteAccount deletes an account without memberships, with its personal tokens.
	DeleteAccount(AccountID) error
	// DropAccounts does so with many, and lists those that have memberships, which stay.
	DropAccounts([]AccountID) (kept []AccountID, err error)
}

type userTx interface {
	User(OrgID, UserID) (User, error)
	UserByEmail(org OrgID, emailKey string) (User, error)
	// AccountUsers lists the memberships of an account. Invitations have no account.
	AccountUsers(AccountID) ([]User, error)
	// AccountUser is the membership of an account in an organization, an invitation included.
	AccountUser(OrgID, AccountID) (User, error)
	// ActiveUsers lists up to limit memberships of an account, by their
	// organizations' ids, without those that are suspended.
	ActiveUsers(account AccountID, limit int) ([]User, error)
	// Users yields the members of an organization, invited ones included, with
	// ids greater than after. A sequence that ends early ends with an error.
	Users(org OrgID, q UserQuery) iter.Seq2[User, error]
	CountUsers(org OrgID, role RoleID) (int, error) // neither invited nor suspended ones
	// CountUsersWithRole counts invited ones too.
	CountUsersWithRole(org OrgID, role RoleID) (int, error)
	// CountUsersBetween counts the users, invited ones too, with ids from one id up to
	// another, which is not counted; "" for the last.
	CountUsersBetween(org OrgID, from, to UserID) (int, error)
	HasUsers(org OrgID, ids []UserID) (missing []UserID, err error)
	// CreateUser answers an address that is there with [Conflict], after which the
	// transaction may go on.
	CreateUser(u User, emailKey string) error
	UpdateUser(User) error          // account, name, role, invitation and suspension
	DeleteUser(OrgID, UserID) error // and their places in groups

	// InvitationsTo lists the invitations of an address that have not expired, the
	// newest first.
	InvitationsTo(emailKey string, now time.Time, limit int) ([]User, error)
	// Invitations lists those of an organization with ids greater than after.
	Invitations(org OrgID, after UserID, limit int) ([]User, error)
	// InvitationMailed is when an invitation was last mailed; zero: never.
	InvitationMailed(OrgID, UserID) (time.Time, error)
	// ExpiredInvitations lists those of all organizations that expired before a time,
	// without those that have a stored profile.
	ExpiredInvitations(before time.Time, limit int) ([]User, error)
}

// UserQuery narrows a list of users; zero values narrow nothing.
type UserQuery struct {
	EmailKey string
	Role     RoleID
	Status   UserStatus
	After    UserID
	Limit    int
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
	// GroupHeads lists the groups without their members.
	GroupHeads(OrgID) ([]Group, error)
	// GroupHead is a group without its members.
	GroupHead(OrgID, GroupID) (Group, error)
	MembersOf(OrgID, GroupID) ([]UserID, error)
	// MembersAmong lists those of some users who are in a group.
	MembersAmong(OrgID, GroupID, []UserID) ([]UserID, error)
	CountMembers(OrgID, GroupID) (int, error)
	// GroupsOf lists the groups that a user is in, without their members.
	GroupsOf(OrgID, UserID) ([]Group, error)
	GroupIDsOf(OrgID, UserID) ([]GroupID, error)
	// CreateGroup writes members and roles too; UpdateGroup writes all but the members
	// and what never changes.
	CreateGroup(g Group, nameKey string) error
	UpdateGroup(g Group, nameKey string) error
	// ChangeMembers adds users who are not in a group and takes out others who are.
	// Like UpdateGroup and DeleteUser, it raises the version.
	ChangeMembers(org OrgID, id GroupID, joined, left []UserID) error
	DeleteGroup(OrgID, GroupID) error
	// CountGroupsWithRole counts the groups that hand out a role.
	CountGroupsWithRole(OrgID, RoleID) (int, error)

	// Reached lists up to limit users whose access depends on a role or a group: those
	// with the base role, those in a group that gives it, and those in the group.
	// CountReached counts them all, and ReachedAmong those among some users.
	Reached(org OrgID, role RoleID, group GroupID, limit int) ([]UserID, error)
	CountReached(OrgID, RoleID, GroupID) (int, error)
	ReachedAmong(OrgID, RoleID, GroupID, []UserID) (int, error)
}

type tokenTx interface {
	APIToken(OrgID, TokenID) (APITokenRecord, error)
	APITokenByHash(SecretHash) (APITokenRecord, error)
	APITokens(OrgID) ([]APITokenRecord, error)
	// APITokensUsed is when each of an organization's tokens was last used, as far as it was stored.
	APITokensUsed(OrgID) (map[TokenID]time.Time, error)
	CreateAPIToken(APITokenRecord) error
	// SuccessorsOf lists tokens that were made in place of one, or of one of its
	// successors, and that have not expired.
	SuccessorsOf(org OrgID, id TokenID, now time.Time, limit int) ([]TokenID, error)
	ExpireAPIToken(org OrgID, id TokenID, at time.Time) error
	SetAPITokenNetworks(OrgID, TokenID, Networks) error
	UpdateAPITokenCreator(OrgID, TokenID, Actor) error
	DeleteAPIToken(OrgID, TokenID) error
	// CountAPITokens counts those of all organizations that end in (after, until].
	CountAPITokens(after, until time.Time) (int, error)
	// APITokenUsed and UseAPIToken keep when a token was last used; to use one
	// that is gone is no error, and time never goes back.
	APITokenUsed(OrgID, TokenID) (time.Time, error)
	UseAPIToken(org OrgID, id TokenID, at time.Time) error

	PersonalToken(AccountID, TokenID) (PersonalTokenRecord, error)
	PersonalTokenByHash(SecretHash) (PersonalTokenRecord, error)
	PersonalTokens(AccountID) ([]PersonalTokenRecord, error)
	CreatePersonalToken(PersonalTokenRecord) error
	SetPersonalTokenNetworks(AccountID, TokenID, Networks) error
	DeletePersonalToken(AccountID, TokenID) error
}

type entryTx interface {
	// AppendEntry requires the sequence after the organization's last.
	AppendEntry(Entry) error
	// Entries lists up to limit entries of all organizations after a position: all
	// that there are or will be up to the last of them. Positions are given before
	// commits, so the newest may be missing for a moment.
	Entries(after int64, limit int) ([]Entry, error)
	LastEntry() (position int64, err error)
	// Leaves lists what seals an organization's entries after a sequence.
	Leaves(org OrgID, after int64, limit int) ([]Leaf, error)
	// LastOrgEntry gives sequence and time of an organization's last entry, zero for
	// an organization without any.
	LastOrgEntry(OrgID) (sequence int64, at time.Time, err error)
	OrgEntries(OrgID, EntryQuery) iter.Seq2[Entry, error]
	// NextEntries yields the first entry about each target, in the order of the
	// targets' ids. Refusals don't count.
	NextEntries(OrgID, NextQuery) iter.Seq2[Entry, error]
	// EntriesAbout yields every such entry, those about the same target in the order of
	// the log. It has no limit.
	EntriesAbout(OrgID, NextQuery) iter.Seq2[Entry, error]
	// EraseEntry writes over an entry's names, states, addresses and secrets, found
	// by its organization and sequence.
	EraseEntry(Entry) error
	// OrgVersion differs whenever a change was appended to an organization's log.
	OrgVersion(OrgID) (string, error)

	// Replay finds what was kept under an idempotency key that has not expired;
	// KeepReplay writes over what has, and over nothing else: [Conflict].
	Replay(scope, key string, now time.Time) (Replay, error)
	KeepReplay(r Replay, now time.Time) error
	// DropReplays forgets what expired by now.
	DropReplays(now time.Time) error
}

type webhookTx interface {
	Webhook(OrgID, WebhookID) (Webhook, error)
	Webhooks(OrgID) ([]Webhook, error)
	CreateWebhook(Webhook) error
	UpdateWebhook(Webhook) error          // but for what never changes
	DeleteWebhook(OrgID, WebhookID) error // with its deliveries
}

// followerTx is for those who follow the log: see internal/follow, which alone moves
// cursors.
type followerTx interface {
	// Cursor and SetCursor keep the position up to which a follower has read.
	Cursor(follower string) (int64, error)
	SetCursor(follower string, position int64) error
	// OrgsAfter lists the organizations of the first entries after a position, up to
	// limit entries, and the position of the last.
	OrgsAfter(position int64, limit int) (orgs []OrgID, upTo int64, err error)
}

// sealerTx is for internal/sealing, which alone advances or drops sealed history.
type sealerTx interface {
	PutTile(OrgID, audit.TileID, []byte) error
	CreateCheckpoint(OrgID, SignedCheckpoint) error
	// RenumberEntry gives the entry of a sequence another, and its time, with the leaf
	// and MAC that go with them. Its deliveries go along; none may have the new sequence.
	RenumberEntry(was int64, e Entry) error
	// DropEntries drops an organization's entries up to a sequence.
	DropEntries(org OrgID, upTo int64) error
	// DropLostDeliveries deletes those of entries after a sequence that the log does not have.
	DropLostDeliveries(org OrgID, after int64) error
	// Retentions are those of all organizations that do not keep their entries for ever.
	Retentions() (map[OrgID]int, error)
}

// deliveryTx is for internal/webhooks, which queues and delivers.
type deliveryTx interface {
	// SetQueue stores how often a webhook's queue failed since it last delivered, and
	// when it is due next; the zero time: there is nothing to do.
	SetQueue(org OrgID, id WebhookID, failures int, next time.Time) error

	Delivery(org OrgID, id WebhookID, sequence int64) (Delivery, error)
	// Deliveries lists the newest entries' first.
	Deliveries(OrgID, WebhookID, DeliveryQuery) ([]Delivery, error)
	// PutDelivery adds a delivery, or replaces the one that is there.
	PutDelivery(Delivery) error
	// EndDeliveries makes those pending ones dead that are to be given up by a time.
	EndDeliveries(org OrgID, id WebhookID, giveUpBy, now time.Time, why string) (int, error)
	// RequeueDead makes up to limit dead ones pending, the oldest entries' first,
	// with the times of as, and says whether there are more.
	RequeueDead(org OrgID, id WebhookID, as Delivery, limit int) (n int, more bool, err error)

	// DueQueues lists the queues whose time has come, of webhooks that fail or of the
	// others, the longest waiting first. WakeQueue makes a queue due now, unless its
	// webhook fails.
	DueQueues(now time.Time, failing bool, limit int) ([]WebhookQueue, error)
	WakeQueue(org OrgID, id WebhookID, now time.Time) error
	QueueFailures(OrgID, WebhookID) (int, error)
	// NextDue is when the first of the pending deliveries is due; zero for none.
	NextDue(OrgID, WebhookID) (time.Time, error)
	// DueDeliveries lists pending ones in the order they became due.
	DueDeliveries(org OrgID, id WebhookID, now time.Time, limit int) ([]Delivery, error)
	// AddDelivery adds one unless it is there.
	AddDelivery(Delivery) error
	// DropDeliveries deletes what ended before a time.
	DropDeliveries(before time.Time) error
	// CountDeliveries counts the pending ones of all organizations and returns the
	// time since when the first of them has been.
	CountDeliveries() (pending int, oldest time.Time, err error)
}

// mailTx is for internal/mail, which sends and counts. Calls only read the count.
type mailTx interface {
	// CountMails counts the mails that were reserved after a time and returns when the
	// first of them was. The zero value of an organization or recipient stands for all.
	CountMails(org OrgID, emailKey string, after time.Time) (n int, first time.Time, err error)
	// MailReserved reports whether there is a reservation for an entry. ReserveMail adds
	// it unless it is there.
	MailReserved(position int64) (bool, error)
	ReserveMail(MailReservation) error
	// DropMails deletes the reservations made before a time.
	DropMails(before time.Time) error
	// SetInvitationMailed stores when a user was mailed, if it is an invitation.
	SetInvitationMailed(org OrgID, id UserID, at time.Time) error
}

// MailReservation is the right to send the mail that an entry asks for.
type MailReservation struct {
	Position int64 // of the entry
	OrgID    OrgID
	EmailKey string // of the recipient
	At       time.Time
}

// WebhookQueue is a webhook with something to deliver.
type WebhookQueue struct {
	OrgID     OrgID
	WebhookID WebhookID
	Failures  int // since it last took something
}

// Replay is the remembered result of a request with an idempotency key.
type Replay struct {
	Scope       string // the principal's token id: keys of others don't collide
	Key         string
	Fingerprint string // hash of what was asked
	Result      []byte // JSON of what the operation returned, without secrets
	ExpiresAt   time.Time
}

// Leaf is what of an entry is sealed.
type Leaf struct {
	Sequence  int64
	Hash, MAC []byte
}

// auditTx keeps what proves the log.
type auditTx interface {
	// Tile is a tile of an organization's tree, nothing if there is none.
	Tile(OrgID, audit.TileID) ([]byte, error)
	// Checkpoint is the signed head of a size, of the newest for 0. Checkpoints
	// lists those of greater sizes than after, in their order.
	Checkpoint(org OrgID, size int64) (SignedCheckpoint, error)
	Checkpoints(org OrgID, after int64, limit int) ([]SignedCheckpoint, error)

	// Retention is how many days an organization keeps its entries; [NotFound] for ever.
	Retention(OrgID) (days int, err error)
	SetRetention(org OrgID, days int) error // 0: for ever
}

// SignedCheckpoint is the head of an organization's log as it was signed.
type SignedCheckpoint struct {
	Size     int64
	Note     string // c2sp.org/tlog-checkpoint
	SealedAt time.Time
}
