// Package limits names what tenants can have and do only so much of, with defaults and
// settings. The domain counts.
package limits

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Name names one of the [Limits]. Flags, errors, metrics and the API use the same name.
type Name string

// The limits there are.
const (
	Organizations         Name = "organizations"
	PersonalTokens        Name = "personalTokens"
	Sessions              Name = "sessions"
	Passkeys              Name = "passkeys"
	Users                 Name = "users"
	Invitations           Name = "invitations"
	Roles                 Name = "roles"
	Groups                Name = "groups"
	RolesPerGroup         Name = "rolesPerGroup"
	GroupsPerUser         Name = "groupsPerUser"
	NamesPerSet           Name = "namesPerSet"
	NamesInRoles          Name = "names"
	MembersPerRequest     Name = "membersPerRequest"
	RoleChangesPerRequest Name = "roleChangesPerRequest"
	APITokens             Name = "apiTokens"
	Webhooks              Name = "webhooks"
	Issuers               Name = "issuers"
	Domains               Name = "domains"
	Schedules             Name = "schedules"
	TemporaryRoles        Name = "temporaryRoles"
	Applications          Name = "applications"
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
	Domains     int // of an organization, verified or not
	Schedules   int // of an organization, those included that could not be carried out
	// Applications bounds an organization's own.
	Applications int

	TemporaryRoles int // of an organization

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

// Default returns the limits of a server that is not configured otherwise.
func Default() Limits {
	return Limits{
		Organizations: 100, PersonalTokens: 100, Sessions: 50, Passkeys: 20,
		Invitations: 1000, Roles: 1000, Groups: 2000, APITokens: 1000, Webhooks: 20, Issuers: 10, Domains: 20, Schedules: 1000, TemporaryRoles: 1000, Applications: 20,
		RolesPerGroup: 20, GroupsPerUser: 100,
		NamesPerSet: 1000, Names: 3000,
		MembersPerRequest: 1000, RoleChangesPerRequest: 50,
	}
}

// kind is how a limit is configured and explained.
type kind struct {
	name  Name
	of    string // what has the things that are counted
	noun  string
	way   string // how to get below it
	field func(*Limits) *int
}

var kinds = []kind{
	{Organizations, "your account", "organizations", "leave one", func(l *Limits) *int { return &l.Organizations }},
	{PersonalTokens, "your account", "personal tokens", "delete one", func(l *Limits) *int { return &l.PersonalTokens }},
	{Sessions, "your account", "sessions", "end one", func(l *Limits) *int { return &l.Sessions }},
	{Passkeys, "your account", "passkeys", "remove one", func(l *Limits) *int { return &l.Passkeys }},
	{Users, "this organization", "users", "remove one", func(l *Limits) *int { return &l.Users }},
	{Invitations, "this organization", "open invitations", "revoke one", func(l *Limits) *int { return &l.Invitations }},
	{Roles, "this organization", "roles", "delete one", func(l *Limits) *int { return &l.Roles }},
	{Groups, "this organization", "groups", "delete one", func(l *Limits) *int { return &l.Groups }},
	{APITokens, "this organization", "API tokens", "delete one", func(l *Limits) *int { return &l.APITokens }},
	{Webhooks, "this organization", "webhooks", "delete one", func(l *Limits) *int { return &l.Webhooks }},
	{Issuers, "this organization", "issuers", "delete one", func(l *Limits) *int { return &l.Issuers }},
	{Domains, "this organization", "domains", "delete one", func(l *Limits) *int { return &l.Domains }},
	{Schedules, "this organization", "schedules", "cancel one", func(l *Limits) *int { return &l.Schedules }},
	{TemporaryRoles, "this organization", "temporary roles", "end one", func(l *Limits) *int { return &l.TemporaryRoles }},
	{Applications, "this organization", "applications", "delete one", func(l *Limits) *int { return &l.Applications }},
	{RolesPerGroup, "the group", "roles", "take some out, or use several groups", func(l *Limits) *int { return &l.RolesPerGroup }},
	{GroupsPerUser, "the user", "groups", "take the user out of one", func(l *Limits) *int { return &l.GroupsPerUser }},
	{NamesPerSet, "the set of capabilities", "names of datasets and views, with capabilities in applications", "take some out, or use *", func(l *Limits) *int { return &l.NamesPerSet }},
	{NamesInRoles, "this organization", "names of datasets and views, with capabilities in applications, in its roles", "take some out of a role, or use *", func(l *Limits) *int { return &l.Names }},
	{MembersPerRequest, "the request", "members", "send several requests", func(l *Limits) *int { return &l.MembersPerRequest }},
	{RoleChangesPerRequest, "the request", "changes of a user's role", "send several requests", func(l *Limits) *int { return &l.RoleChangesPerRequest }},
}

// kind returns how a limit is explained. Every [Name] is in the table.
func (name Name) kind() kind {
	return kinds[slices.IndexFunc(kinds, func(k kind) bool { return k.name == name })]
}

// Of returns the value of a limit, or zero if there is no limit.
func (l Limits) Of(name Name) int { return *name.kind().field(&l) }

// Set changes limits as settings of the form name=number say; 0 stands for none. The
// error says which setting is wrong.
func (l *Limits) Set(settings []string) error {
	for _, setting := range settings {
		name, value, _ := strings.Cut(setting, "=")
		i := slices.IndexFunc(kinds, func(k kind) bool { return string(k.name) == name })
		if i < 0 {
			names := make([]string, len(kinds))
			for i, k := range kinds {
				names[i] = string(k.name)
			}
			return fmt.Errorf("%q is not NAME=NUMBER with one of the names %s", setting, strings.Join(names, ", "))
		}
		n, err := strconv.Atoi(value)
		if err != nil || n < 0 {
			return fmt.Errorf("%q: %q is not a number of at least 0, which stands for no limit", setting, value)
		}
		*kinds[i].field(l) = n
	}
	return nil
}

// Names returns all limits, in the order in which they are listed.
func Names() []Name {
	names := make([]Name, len(kinds))
	for i, k := range kinds {
		names[i] = k.name
	}
	return names
}

// OfOrganization and OfAccount are counted for an organization and for an account. The
// other limits bound a single object or request.
var (
	OfOrganization = []Name{Users, Invitations, Roles, Groups, APITokens, Webhooks, Issuers, Domains, Schedules, TemporaryRoles, Applications, NamesInRoles}
	OfAccount      = []Name{Organizations, PersonalTokens, Sessions, Passkeys}
)

// IsCounted reports whether a limit is counted for an organization or an account.
func (name Name) IsCounted() bool {
	return slices.Contains(OfOrganization, name) || slices.Contains(OfAccount, name)
}

// Counts reports whether use of a limit is counted: to count users takes time that grows
// with the organization, which is spent only if they are limited.
func (l Limits) Counts(name Name) bool { return name != Users || l.Users > 0 }

// Check returns what is wrong, and what to do, if there would be more of something after
// a change than before and than its limit allows, and "" otherwise.
func (l Limits) Check(name Name, before, after int) string {
	most := l.Of(name)
	if most == 0 || after <= most || after <= before {
		return ""
	}
	k := name.kind()
	has := fmt.Sprintf("would have %d %s of at most %d", after, k.noun, most)
	if before >= most {
		has = fmt.Sprintf("has %d of %d %s", before, most, k.noun)
	}
	return fmt.Sprintf("%s %s; %s, or ask the operator to raise --limit %s", k.of, has, k.way, name)
}
