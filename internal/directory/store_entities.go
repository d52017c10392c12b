package directory

import (
	"iter"
	"time"

	"github.com/rosterhq/roster/internal/limits"
)

// limitTx counts the objects that [Limits] bound.
type limitTx interface {
	// CountOf counts objects of an organization, and CountOfAccount objects of an account.
	CountOf(OrgID, limits.Name) (int, error)
	CountOfAccount(AccountID, limits.Name) (int, error)
	// HighestCount is the count of the organization or account that has the most.
	HighestCount(limits.Name) (int, error)
	// UserInGroups returns one of the users who is in so many groups or more, "" for none.
	UserInGroups(org OrgID, ids []UserID, groups int) (UserID, error)
}

type orgTx interface {
	Org(OrgID) (Org, error)
	CountOrgs() (int, error)
	Totals() (Totals, error)
	CreateOrg(Org) error
	UpdateOrg(Org) error
	// OrgSettings returns the zero value for an organization without settings.
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

// ExpiringQuery selects tokens of all organizations that expire after a time and no later
// than another, and that have fewer notices. It leaves out tokens that were made to work no
// longer than Within, and API tokens that were replaced.
type ExpiringQuery struct {
	After, UpTo time.Time
	Notices     int
	Within      time.Duration
	Limit       int
}

// Provision is a temporary organization that waits to be claimed, or did.
type Provision struct {
	OrgID      OrgID
	Hash       SecretHash // of the claim's value
	RemoteAddr string
	ExpiresAt  time.Time
	Claimed    bool
}

type accountTx interface {
	AccountByEmail(emailKey string) (Account, error)
	// EnsureAccount returns the account with a's address, which is a itself if there
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
	// NoteActivity stores when a person was last active in an organization, unless they are
	// gone, or were active less than [ActivityStored] before the time. Activity has what is
	// stored of users, without those who have never been active. InactiveUsers lists those
	// who were neither added nor active since a time, by time and id.
	NoteActivity(org OrgID, account AccountID, at time.Time) error
	Activity(OrgID, []UserID) (map[UserID]time.Time, error)
	InactiveUsers(org OrgID, since time.Time, after ActivityCursor, limit int) ([]InactiveUser, error)
	CountUsers(org OrgID, role RoleID) (int, error) // neither invited nor suspended ones
	// CountUsersWithRole counts invited ones too.
	CountUsersWithRole(org OrgID, role RoleID) (int, error)
	// CountUsersBetween counts the users, invited ones too, with ids from one id up to
	// another, which is not counted; "" for the last.
	CountUsersBetween(org OrgID, from, to UserID) (int, error)
	HasUsers(org OrgID, ids []UserID) (missing []UserID, err error)
	// CreateUser returns [Conflict] for an address that exists already, after which the
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
	Group    GroupID // only its members
	// ExternalID is that of a stored profile.
	ExternalID string
	After      UserID
	Limit      int
}

type roleTx interface {
	// Role and Roles return custom roles only.
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
	// ExpiringAPITokens lists those that expire first, first. NoteExpiryNotice stores that a
	// token has its notice of a number, and reports whether it had fewer.
	ExpiringAPITokens(ExpiringQuery) ([]APITokenRecord, error)
	NoteExpiryNotice(org OrgID, id TokenID, notice int) (first bool, err error)
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
	// ExpiringPersonalTokens and NotePersonalExpiryNotice are as those of API tokens.
	ExpiringPersonalTokens(ExpiringQuery) ([]PersonalTokenRecord, error)
	NotePersonalExpiryNotice(account AccountID, id TokenID, notice int) (first bool, err error)
	SetPersonalTokenNetworks(AccountID, TokenID, Networks) error
	DeletePersonalToken(AccountID, TokenID) error
	// UsePersonalToken stores when a personal token was last used in an organization, unless
	// a later time is stored or the token is gone. TokenUses has what is stored of an
	// account's tokens.
	UsePersonalToken(org OrgID, account AccountID, id TokenID, at time.Time) error
	TokenUses(OrgID, AccountID) (map[TokenID]TokenUse, error)
	// RevokeToken revokes a personal token in an organization. CopyRevocations revokes a
	// token wherever another one of the account is.
	RevokeToken(org OrgID, account AccountID, id TokenID, at time.Time) error
	TokenRevoked(OrgID, AccountID, TokenID) (bool, error)
	CopyRevocations(account AccountID, from, to TokenID) error
}

// appTx keeps applications: an organization's, or for an empty OrgID, the deployment's.
type appTx interface {
	Application(OrgID, AppID) (Application, error)
	Applications(OrgID) ([]Application, error)
	CreateApplication(Application) error
	UpdateApplication(Application) error    // name, types and the time of the update
	DeleteApplication(OrgID, AppID) error   // and its credentials
	CountApplicationsOf(AppID) (int, error) // organizations' own ones with an id

	AppCredential(OrgID, AppID, TokenID) (AppCredential, error)
	AppCredentials(OrgID, AppID) ([]AppCredential, error)
	AppCredentialByHash(SecretHash) (AppCredential, error)
	CreateAppCredential(AppCredential) error
	UpdateAppCredentialCreator(AppCredential) error
	DeleteAppCredential(OrgID, AppID, TokenID) error
	// UseAppCredential stores when a credential was last used. To use one that is gone is
	// no error, and time never goes back.
	UseAppCredential(OrgID, AppID, TokenID, time.Time) error

	// RolesOfApp and APITokensOfApp list those of an organization, or for an empty OrgID, of
	// all organizations, that name an application in what they hold or give.
	RolesOfApp(OrgID, AppID) ([]Role, error)
	APITokensOfApp(OrgID, AppID) ([]APITokenRecord, error)
	// SetAPITokenCapabilities stores what a token holds and gives.
	SetAPITokenCapabilities(APITokenRecord) error
}
