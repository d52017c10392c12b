package directory

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Limit names one of the [Limits]. Flags, errors, metrics and the API use the same name.
type Limit string

// The limits there are.
const (
	LimitOrganizations         Limit = "organizations"
	LimitPersonalTokens        Limit = "personalTokens"
	LimitSessions              Limit = "sessions"
	LimitPasskeys              Limit = "passkeys"
	LimitUsers                 Limit = "users"
	LimitInvitations           Limit = "invitations"
	LimitRoles                 Limit = "roles"
	LimitGroups                Limit = "groups"
	LimitRolesPerGroup         Limit = "rolesPerGroup"
	LimitGroupsPerUser         Limit = "groupsPerUser"
	LimitNamesPerSet           Limit = "namesPerSet"
	LimitNames                 Limit = "names"
	LimitMembersPerRequest     Limit = "membersPerRequest"
	LimitRoleChangesPerRequest Limit = "roleChangesPerRequest"
	LimitAPITokens             Limit = "apiTokens"
	LimitWebhooks              Limit = "webhooks"
	LimitIssuers               Limit = "issuers"
)

// Limits bound what tenants can make, so that the work of a request has a bound.
// Zero limits nothing, which is what the operator's own commands get. If a count is
// above its limit already, nothing is removed; only growth is refused.
type Limits struct {
	Organizations  int // that an account is a member of
	PersonalTokens int // of an account, expired ones included
	Sessions       int // of an account; another sign-in ends the one unused for longest
	Passkeys       int // of an account

	Users       int // of an organization, invited ones included; none by default: to count them takes time that grows with them
	Invitations int // of an organization that are still open
	Roles       int // custom ones of an organization
	Groups      int // of an organization
	APITokens   int // of an organization, expired ones included
	Webhooks    int // of an organization
	Issuers     int // of an organization, disabled ones included

	RolesPerGroup int
	GroupsPerUser int
	// NamesPerSet bounds the datasets and views that a role or an API token names.
	NamesPerSet int
	// Names bounds what all custom roles of an organization name together. A user holds
	// a union of these roles, so the limit bounds every user's names too, without
	// reading any user.
	Names int
	// MembersPerRequest bounds the members that a request lists.
	MembersPerRequest int
	// RoleChangesPerRequest bounds the users whose base role a request changes. Each takes
	// a row and an audit entry, and other organizations' writes wait meanwhile.
	RoleChangesPerRequest int
}

// DefaultLimits are the limits of a server that is not configured otherwise.
func DefaultLimits() Limits {
	return Limits{
		Organizations: 100, PersonalTokens: 100, Sessions: 50, Passkeys: 20,
		Invitations: 1000, Roles: 1000, Groups: 2000, APITokens: 1000, Webhooks: 20, Issuers: 10,
		RolesPerGroup: 20, GroupsPerUser: 100,
		NamesPerSet: 1000, Names: 3000,
		MembersPerRequest: 1000, RoleChangesPerRequest: 50,
	}
}

// WithLimits replaces the [DefaultLimits].
func WithLimits(l Limits) Option { return func(s *Service) { s.limits = l } }

// limitKind is how a limit is configured and explained.
type limitKind struct {
	name  Limit
	of    string // what has the things that are counted
	noun  string
	way   string // how to get below it
	field func(*Limits) *int
}

var limitKinds = []limitKind{
	{LimitOrganizations, "your account", "organizations", "leave one", func(l *Limits) *int { return &l.Organizations }},
	{LimitPersonalTokens, "your account", "personal tokens", "delete one", func(l *Limits) *int { return &l.PersonalTokens }},
	{LimitSessions, "your account", "sessions", "end one", func(l *Limits) *int { return &l.Sessions }},
	{LimitPasskeys, "your account", "passkeys", "remove one", func(l *Limits) *int { return &l.Passkeys }},
	{LimitUsers, "this organization", "users", "remove one", func(l *Limits) *int { return &l.Users }},
	{LimitInvitations, "this organization", "open invitations", "revoke one", func(l *Limits) *int { return &l.Invitations }},
	{LimitRoles, "this organization", "roles", "delete one", func(l *Limits) *int { return &l.Roles }},
	{LimitGroups, "this organization", "groups", "delete one", func(l *Limits) *int { return &l.Groups }},
	{LimitAPITokens, "this organization", "API tokens", "delete one", func(l *Limits) *int { return &l.APITokens }},
	{LimitWebhooks, "this organization", "webhooks", "delete one", func(l *Limits) *int { return &l.Webhooks }},
	{LimitIssuers, "this organization", "issuers", "delete one", func(l *Limits) *int { return &l.Issuers }},
	{LimitRolesPerGroup, "the group", "roles", "take some out, or use several groups", func(l *Limits) *int { return &l.RolesPerGroup }},
	{LimitGroupsPerUser, "the user", "groups", "take the user out of one", func(l *Limits) *int { return &l.GroupsPerUser }},
	{LimitNamesPerSet, "the set of capabilities", "names of datasets and views", "take some out, or use *", func(l *Limits) *int { return &l.NamesPerSet }},
	{LimitNames, "this organization", "names of datasets and views in its roles", "take some out of a role, or use *", func(l *Limits) *int { return &l.Names }},
	{LimitMembersPerRequest, "the request", "members", "send several requests", func(l *Limits) *int { return &l.MembersPerRequest }},
	{LimitRoleChangesPerRequest, "the request", "changes of a user's role", "send several requests", func(l *Limits) *int { return &l.RoleChangesPerRequest }},
}

// kind gives how a limit is explained. Every [Limit] is in the table; a test sees to it.
func (name Limit) kind() limitKind {
	return limitKinds[slices.IndexFunc(limitKinds, func(k limitKind) bool { return k.name == name })]
}

// Of returns the value of a limit, or zero if there is no limit.
func (l Limits) Of(name Limit) int { return *name.kind().field(&l) }

// Set changes limits as settings of the form name=number say; 0 stands for none. The
// error says which setting is wrong.
func (l *Limits) Set(settings []string) error {
	for _, setting := range settings {
		name, value, _ := strings.Cut(setting, "=")
		i := slices.IndexFunc(limitKinds, func(k limitKind) bool { return string(k.name) == name })
		if i < 0 {
			return fmt.Errorf("%q is not NAME=NUMBER with one of the names %s", setting, limitNames(", "))
		}
		n, err := strconv.Atoi(value)
		if err != nil || n < 0 {
			return fmt.Errorf("%q: %q is not a number of at least 0, which stands for no limit", setting, value)
		}
		*limitKinds[i].field(l) = n
	}
	return nil
}

// limitNames lists all limits.
func limitNames(sep string) string {
	names := make([]string, len(limitKinds))
	for i, k := range limitKinds {
		names[i] = string(k.name)
	}
	return strings.Join(names, sep)
}

// within refuses, with [LimitExceeded], a change after which there would be more of
// something than before and than its limit allows. The caller holds the lock that
// keeps the count true until the transaction ends.
func (c *Change) within(name Limit, before, after int) error {
	most := c.limits.Of(name)
	if most == 0 || after <= most || after <= before {
		return nil
	}
	k := name.kind()
	has := fmt.Sprintf("would have %d %s of at most %d", after, k.noun, most)
	if before >= most {
		has = fmt.Sprintf("has %d of %d %s", before, most, k.noun)
	}
	return &Error{
		Code: LimitExceeded, Err: exceeded(name),
		Message: fmt.Sprintf("%s %s; %s, or ask the operator to raise --limit %s", k.of, has, k.way, name),
	}
}

// exceeded is the cause of an [Error] with [LimitExceeded]: the limit.
type exceeded Limit

func (e exceeded) Error() string { return "limit " + string(e) }

// inField blames a member of the input for an error with a code.
func inField(field string, err error) error {
	if e, ok := err.(*Error); ok { //nolint:errorlint // within gives it unwrapped
		blamed := *e
		blamed.Field = field
		return &blamed
	}
	return err
}
