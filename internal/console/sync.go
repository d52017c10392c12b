package console

import (
	"cmp"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rosterhq/roster/internal/authz"
	"github.com/rosterhq/roster/internal/credentials"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/provisioning"
)

// syncPage has how an identity provider keeps the users and groups by SCIM: what it is
// configured with, what it did last, and whether it is held.
var syncPage = page{
	about: "provisioning",
	path:  "sync", name: "sync", title: "Directory sync", menu: "d", needs: []directory.Operation{directory.OpGetProvisioning}, show: showSync,
	actions: map[string]action{
		"token":    {directory.OpCreateAPIToken, createSyncToken},
		"test":     {directory.OpGetProvisioning, testSync},
		"settings": {directory.OpUpdateProvisioningSettings, saveSync},
		"approve":  {directory.OpApproveProvisioning, approveSync},
		"end":      {directory.OpEndProvisioningHold, endSyncHold},
	},
}

// syncedGroupsShown is how many of the groups that a directory keeps the page shows.
const syncedGroupsShown = 50

type syncData struct {
	URL        string
	Status     provisioning.Status
	Settings   provisioning.Settings
	Losses     losses
	Counts     []runCount
	Schemas    []syncSchema
	Tokens     []usedToken // of directories
	Groups     []syncedGroup
	MoreGroups bool // there are more groups than are shown
	Roles      []roleUse
	Lives      []lifetime
	Guide      string // where the guides are
	Owner      bool   // may end a hold, and change the breaker
	Manages    bool   // may change the other settings
}

// Begun reports whether anything is set up or has happened.
func (d syncData) Begun() bool { return len(d.Tokens) > 0 || !d.Status.Run.StartedAt.IsZero() }

// losses are what the breaker has counted in the window that is open.
type losses struct {
	Open    bool // a window is
	Lost    int
	Most    int  // may lose something; more hold the directory
	Limited bool // false: any number may
	Freely  bool // an owner has approved any number for now
}

// runCount is a number of changes in the last run.
type runCount struct {
	What string
	N    int
}

// syncSchema is an extension schema as the page shows it.
type syncSchema struct {
	ID         string
	Attributes []struct{ Name string }
}

// syncedGroup is a group whose members a directory keeps.
type syncedGroup struct {
	groupUse
	RoleNames []string
}

// guides is where the guides are that pages link to.
const guides = "https://github.com/rosterhq/roster/blob/main/docs/guide/"

func showSync(rq *request) (any, error) {
	p, ctx := rq.console.Provisioner, rq.Context()
	d := syncData{URL: rq.scimURL(), Lives: lifetimes, Guide: guides, Owner: rq.isOwner()}
	d.Manages = d.Owner || rq.call.Principal.Role == authz.RoleAdmin
	var err error
	if d.Status, err = p.GetStatus(ctx, rq.call); err != nil {
		return nil, err
	}
	if d.Settings, err = p.GetSettings(ctx, rq.call); err != nil {
		return nil, err
	}
	d.Losses = lossesOf(d.Status.Breaker, d.Settings.BreakerPercent, rq.now())
	d.Counts = runCounts(d.Status.Run)
	_ = json.Unmarshal(d.Settings.Schemas, &d.Schemas) // were checked when they were set
	if rq.may(directory.OpListTokenUsage) {
		if d.Tokens, err = rq.syncTokens(d.Status.Run.Actor.TokenID); err != nil {
			return nil, err
		}
	}
	if d.Roles, err = rq.roles(); err != nil {
		return nil, err
	}
	if rq.may(directory.OpListGroups) {
		if d.Groups, d.MoreGroups, err = rq.syncedGroups(d.Roles); err != nil {
			return nil, err
		}
	}
	d.Roles = slices.DeleteFunc(d.Roles, func(r roleUse) bool { return r.ID == authz.RoleOwner }) // a directory makes no owners
	return d, nil
}

// scimURL is what an identity provider is configured with.
func (rq *request) scimURL() string { return rq.base() + "/scim/v2" }

func lossesOf(b provisioning.Breaker, percent int, now time.Time) losses {
	l := losses{Open: now.Sub(b.Since) < provisioning.Window, Freely: now.Before(b.ApprovedUntil)}
	if l.Open {
		l.Lost = b.Lost
	}
	l.Most, l.Limited = provisioning.Allowed(b.Present, percent)
	return l
}

// runCounts are what has changed in a run.
func runCounts(r provisioning.Run) []runCount {
	all := []runCount{
		{"Users added", r.Created},
		{"Users changed", r.Updated},
		{"Users suspended", r.Suspended},
		{"Users reactivated", r.Reactivated},
		{"Users removed", r.Removed},
		{"Groups added", r.GroupsCreated},
		{"Groups changed", r.GroupsUpdated},
		{"Groups removed", r.GroupsRemoved},
	}
	return slices.DeleteFunc(all, func(c runCount) bool { return c.N == 0 })
}

// syncTokens are the tokens with exactly the capabilities of a directory, and the token of
// the last run, those that were used last first. The others that a directory could use are
// other programs'.
func (rq *request) syncTokens(last directory.TokenID) (tokens []usedToken, err error) {
	all, err := rq.console.tokens.ListTokenUsage(rq.Context(), rq.call, time.Time{})
	if err != nil {
		return nil, err
	}
	for _, u := range all {
		if u.Token.ID == last || u.Token.Capabilities.Equal(provisioning.TokenCapabilities()) {
			tokens = append(tokens, usedToken{u.Token, u.LastUsedAt, stateOf(u.Token, u.LastUsedAt, rq.now())})
		}
	}
	slices.SortStableFunc(tokens, func(a, b usedToken) int {
		return cmp.Or(b.LastUsedAt.Compare(a.LastUsedAt), b.CreatedAt.Compare(a.CreatedAt))
	})
	return tokens[:min(len(tokens), tokensShown)], nil
}

// syncedGroups are the groups whose members a directory keeps, with what they give.
func (rq *request) syncedGroups(roles []roleUse) (groups []syncedGroup, more bool, err error) {
	names := make(map[directory.RoleID]string, len(roles))
	for _, r := range roles {
		names[r.ID] = r.Name
	}
	uses, more, err := rq.managedGroups(syncedGroupsShown)
	for _, g := range uses {
		s := syncedGroup{groupUse: g}
		for _, id := range g.Roles {
			s.RoleNames = append(s.RoleNames, cmp.Or(names[id], string(id)))
		}
		groups = append(groups, s)
	}
	return groups, more, err
}

// syncSecret is what an identity provider is configured with. The token is shown once.
type syncSecret struct {
	Name, URL, Secret, Guide string
}

func createSyncToken(rq *request) (outcome, error) {
	in := credentials.NewAPIToken{
		Name: strings.TrimSpace(rq.PostForm.Get("name")), Description: "Keeps users and groups up to date by SCIM.", Capabilities: provisioning.TokenCapabilities(),
	}
	var err error
	if in.ExpiresAt, err = rq.inDays("days"); err != nil {
		return outcome{}, err
	}
	if in.Networks, err = networksIn(rq.PostForm); err != nil {
		return outcome{}, err
	}
	t, err := rq.console.tokens.CreateAPIToken(rq.Context(), rq.call, in)
	return outcome{with: "synctoken", shown: syncSecret{t.Name, rq.scimURL(), t.Secret, guides}}, err
}

// testSync reads with a token what an identity provider reads first.
func testSync(rq *request) (outcome, error) {
	secret := strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(rq.PostForm.Get("token")), "Bearer "))
	if secret == "" {
		return outcome{}, directory.InvalidField("token", "is required")
	}
	p, err := rq.console.Service.AuthenticateFrom(rq.Context(), secret, rq.org, rq.call.RemoteAddr)
	if err != nil {
		return outcome{}, refusedToken(err, rq.call.RemoteAddr)
	}
	if p.Kind != directory.APIToken {
		return outcome{}, directory.InvalidField("token", "is a personal token; a directory needs an API token, which stays if the person leaves")
	}
	if missing := provisioning.TokenCapabilities().Minus(p.Capabilities); !missing.Empty() {
		return outcome{}, directory.InvalidField("token", "lacks %s; set up another one", strings.Join(missing.Names(), ", "))
	}
	call := rq.call
	call.Principal = p
	found, err := rq.console.Provisioner.ListUsers(rq.Context(), call, provisioning.Query{ProfileQuery: directory.ProfileQuery{Limit: 1}, Total: true})
	return outcome{to: "sync", note: note{Text: "The token " + p.Name + " works. It sees " + plural(found.Total, "user")}}, err
}

// refusedToken makes the refusal of a token, which was tried from an address, one of the
// form's field.
func refusedToken(err error, from string) error {
	switch directory.CodeOf(err) {
	case directory.Unauthenticated:
		return directory.InvalidField("token", "is unknown, expired or revoked")
	case directory.Forbidden:
		if e, ok := errors.AsType[*directory.RefusedToken](err); ok && !e.Principal.Networks.Contain(from) {
			return directory.InvalidField("token", "is good, but works only from its networks, and your browser is in none of them; test it from the identity provider")
		}
		return directory.InvalidField("token", "does not act in this organization")
	}
	return err
}

func saveSync(rq *request) (outcome, error) {
	p, ctx := rq.console.Provisioner, rq.Context()
	in, err := p.GetSettings(ctx, rq.call)
	if err != nil {
		return outcome{}, err
	}
	in.DefaultRole = directory.RoleID(rq.PostForm.Get("defaultRole"))
	if text := strings.TrimSpace(rq.PostForm.Get("breakerPercent")); rq.PostForm.Has("breakerPercent") {
		if in.BreakerPercent, err = strconv.Atoi(text); err != nil {
			return outcome{}, directory.InvalidField("breakerPercent", "must be a number from 1 to 100")
		}
	}
	_, err = p.UpdateSettings(ctx, rq.call, in)
	return outcome{to: "sync", note: note{Text: "The settings were saved"}}, err
}

func approveSync(rq *request) (outcome, error) {
	_, err := rq.console.Provisioner.ApproveHold(rq.Context(), rq.call)
	return outcome{to: "sync", note: note{Text: "The changes were approved. The directory may go on for an hour"}}, err
}

func endSyncHold(rq *request) (outcome, error) {
	_, err := rq.console.Provisioner.EndHold(rq.Context(), rq.call)
	return outcome{to: "sync", note: note{Text: "The hold has ended"}}, err
}
