package console

import (
	"slices"
	"time"

	"github.com/rosterhq/roster/internal/access"
	"github.com/rosterhq/roster/internal/authz"
	"github.com/rosterhq/roster/internal/credentials"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/members"
)

// userPage shows one user: what they may do and why, and what is known of them.
var userPage = page{
	about: "user",
	path:  "users/{id}", name: "user", title: "User", needs: []directory.Operation{directory.OpGetUser}, show: showUser,
	parts: map[string]func(*request) (any, error){"preview": previewRole},
	actions: map[string]action{
		"role":   {directory.OpUpdateUserRole, changeRole},
		"status": {directory.OpUpdateUserStatus, changeStatus},
		"resend": {directory.OpResendInvitation, resendInvitation},
		"revoke": {directory.OpRevokeInvitation, revokeInvitation},
		"link":   {directory.OpCreateInvitationLink, copyInvitation},
		"end":    {directory.OpEndMemberSession, endMemberSession},
		"token":  {directory.OpRevokeMemberToken, revokeMemberToken},

		"schedule":   {directory.OpUpdateSchedule, scheduleChange},
		"unschedule": {directory.OpDeleteSchedule, unschedule},
		"role-until": {directory.OpUpdateTemporaryRole, giveTemporaryRole},
		"end-role":   {directory.OpDeleteTemporaryRole, endTemporaryRole},
	},
}

// removeUserPage asks before a user is removed, and for what is to be revoked with them.
var removeUserPage = page{
	about: "user",
	path:  "users/{id}/remove", name: "remove", title: "Remove user", needs: []directory.Operation{directory.OpRemoveUser}, show: showRemoval,
	actions: map[string]action{
		"confirm": {directory.OpRemoveUser, removeUser},
	},
}

const (
	accessShown  = 200
	historyShown = 20
)

type userData struct {
	User    directory.User
	Roles   []roleUse
	Access  []accessRow
	More    bool // access is cut
	Groups  []directory.Group
	Created members.Created
	History []directory.Entry
	// Sessions and Tokens are what a member signs in with in the organization.
	Sessions []directory.SessionRecord
	Tokens   []credentials.MemberToken
	ActiveAt time.Time // zero: never
	AtText   string
	At       time.Time
	Gone     bool // the user was there at the time, and is not now
	Planned  planned
	Apps     []directory.Application // to ask about
}

// accessRow is some capabilities on the same resource for the same reasons.
type accessRow struct {
	Scope    authz.Scope
	On       string
	Resource string
	Actions  []string
	Paths    []directory.Source
}

func (rq *request) userID() directory.UserID { return directory.UserID(rq.PathValue("id")) }

func showUser(rq *request) (any, error) {
	ctx := rq.Context()
	var d userData
	var err error
	d.AtText = rq.URL.Query().Get("at")
	if d.At, err = parseAt(d.AtText); err != nil {
		return nil, err
	}
	explains := rq.may(directory.OpGetUserAccess)
	d.User, err = rq.console.Members.GetUser(ctx, rq.call, rq.userID())
	d.Gone = directory.CodeOf(err) == directory.NotFound && !d.At.IsZero() && explains
	if err != nil && !d.Gone {
		return nil, err
	}
	if explains {
		a, err := rq.console.access.GetUserAccess(ctx, rq.call, rq.userID(), d.At, authz.Query{Limit: accessShown})
		if err != nil {
			return nil, err
		}
		if d.Gone {
			d.User = *a.Subject.User
		}
		d.Access, d.More = accessRows(a.Capabilities), a.More
		if d.Groups, err = rq.userGroups(d.User.ID); err != nil {
			return nil, err
		}
	}
	// Somebody who is gone may have made nothing, and then there is nobody to list it of.
	if d.Created, err = rq.console.Members.ListCreated(ctx, rq.call, d.User.ID); err != nil && !d.Gone {
		return nil, err
	}
	if rq.may(directory.OpListEntries) {
		q := directory.EntryQuery{Target: string(d.User.ID), NewestFirst: true, Limit: historyShown}
		if d.History, _, err = rq.console.Trail.ListEntries(ctx, rq.call, q); err != nil {
			return nil, err
		}
	}
	if !d.Gone && !d.User.Invited && rq.may(directory.OpListMemberSessions) {
		if d.Sessions, err = rq.console.Identity.ListMemberSessions(ctx, rq.call, d.User.ID); err != nil {
			return nil, err
		}
		if d.Tokens, err = rq.console.tokens.ListMemberTokens(ctx, rq.call, d.User.ID); err != nil {
			return nil, err
		}
	}
	if !d.Gone {
		active, err := rq.activity([]directory.User{d.User})
		if err != nil {
			return nil, err
		}
		d.ActiveAt = active[d.User.ID]
	}
	if d.Roles, err = rq.roles(); err != nil || d.Gone {
		return d, err
	}
	if d.Apps, err = rq.apps(); err != nil {
		return nil, err
	}
	d.Planned, err = rq.planned(d.User, d.Roles)
	return d, err
}

// accessRows joins capabilities on the same resource that have the same reasons.
func accessRows(list []access.Capability) (rows []accessRow) {
	same := func(a, b directory.Source) bool {
		if a.Group == nil || b.Group == nil {
			return a.Group == b.Group && a.Role.ID == b.Role.ID
		}
		return a.Group.ID == b.Group.ID && a.Role.ID == b.Role.ID
	}
	for _, c := range list {
		row := accessRow{c.Scope, c.Name, c.Pair.Resource, []string{c.Pair.Action.String()}, c.Paths}
		if c.Scope == authz.ScopeApp {
			row.On, row.Resource, row.Actions = c.App.App, resourceOf(c.App), []string{c.App.Action}
		}
		joins := func(r accessRow) bool {
			return r.Scope == row.Scope && r.On == row.On && r.Resource == row.Resource && slices.EqualFunc(r.Paths, row.Paths, same)
		}
		// The actions of an application come before its instances, so that what joins may be
		// further up than the last row.
		if i := slices.IndexFunc(rows, joins); i >= 0 {
			rows[i].Actions = append(rows[i].Actions, row.Actions...)
			continue
		}
		rows = append(rows, row)
	}
	return rows
}

// previewRole says who would gain and lose what if the user had another role.
func previewRole(rq *request) (any, error) {
	call := rq.call
	diff := new(access.Diff)
	call.DryRun = diff
	_, err := rq.console.Members.UpdateUserRole(rq.Context(), call, rq.userID(), directory.RoleID(rq.URL.Query().Get("role")))
	return rq.tried(directory.OpUpdateUserRole, diff, err)
}

// preview is what a change that was only tried would do, or why it would be refused.
type preview struct {
	Diff    *access.Diff
	Refusal string
}

// tried makes a preview of a dry run. That a change would be refused is something to show
// and no error of the preview's own.
func (rq *request) tried(op directory.Operation, diff *access.Diff, err error) (any, error) {
	rq.recordRefusal(op, err)
	if err == nil {
		return preview{Diff: diff}, nil
	}
	if e, status := rq.known(err); status < 500 && e.Code != directory.Unauthenticated {
		return preview{Refusal: sentence(e.Message)}, nil
	}
	return nil, err
}

func changeRole(rq *request) (outcome, error) {
	roll, ctx := rq.console.Members, rq.Context()
	before, err := roll.GetUser(ctx, rq.call, rq.userID())
	if err != nil {
		return outcome{}, err
	}
	u, err := roll.UpdateUserRole(ctx, rq.call, before.ID, directory.RoleID(rq.PostForm.Get("role")))
	if err != nil {
		return outcome{}, err
	}
	here := "users/" + string(u.ID)
	n := note{Text: u.Name + " now has the role " + u.Role.Name}
	if before.Role.ID != u.Role.ID {
		n.Undo, n.With = here+"/role", map[string]string{"role": string(before.Role.ID)}
	}
	return outcome{to: here, note: n}, nil
}

// changeStatus suspends a user or makes them active, and offers the reverse.
func changeStatus(rq *request) (outcome, error) {
	status := directory.UserStatus(rq.PostForm.Get("status"))
	u, err := rq.console.Members.UpdateUserStatus(rq.Context(), rq.call, rq.userID(), status)
	if err != nil {
		return outcome{}, err
	}
	here := "users/" + string(u.ID)
	n := note{Text: u.Name + " is active again", Undo: here + "/status", With: map[string]string{"status": string(directory.Suspended)}}
	if u.Suspended {
		n.Text, n.With["status"] = u.Name+" is suspended", string(directory.Active)
	}
	return outcome{to: here, note: n}, nil
}

func endMemberSession(rq *request) (outcome, error) {
	err := rq.console.Identity.EndMemberSession(rq.Context(), rq.call, rq.userID(), directory.TokenID(rq.PostForm.Get("id")))
	return outcome{to: "users/" + string(rq.userID()), note: note{Text: "The session was ended in this organization"}}, err
}

func revokeMemberToken(rq *request) (outcome, error) {
	err := rq.console.tokens.RevokeMemberToken(rq.Context(), rq.call, rq.userID(), directory.TokenID(rq.PostForm.Get("id")))
	return outcome{to: "users/" + string(rq.userID()), note: note{Text: "The token was revoked in this organization"}}, err
}

func resendInvitation(rq *request) (outcome, error) {
	i, err := rq.console.Onboarding.ResendInvitation(rq.Context(), rq.call, rq.userID())
	return outcome{to: "users/" + string(rq.userID()), note: note{Text: "The invitation of " + i.User.Email + " was renewed"}}, err
}

func revokeInvitation(rq *request) (outcome, error) {
	u, err := rq.console.Members.GetUser(rq.Context(), rq.call, rq.userID())
	if err != nil {
		return outcome{}, err
	}
	if err := rq.console.Onboarding.RevokeInvitation(rq.Context(), rq.call, u.ID); err != nil {
		return outcome{}, err
	}
	again := map[string]string{"email": u.Email, "name": u.Name, "role": string(u.Role.ID)}
	return outcome{to: "users", note: note{Text: "The invitation of " + u.Email + " was revoked", Undo: "users/invite", With: again}}, nil
}

type removalData struct {
	User    directory.User
	Created members.Created
}

func showRemoval(rq *request) (any, error) {
	u, err := rq.console.Members.GetUser(rq.Context(), rq.call, rq.userID())
	if err != nil {
		return nil, err
	}
	made, err := rq.console.Members.ListCreated(rq.Context(), rq.call, u.ID)
	return removalData{u, made}, err
}

func removeUser(rq *request) (outcome, error) {
	roll, ctx := rq.console.Members, rq.Context()
	u, err := roll.GetUser(ctx, rq.call, rq.userID())
	if err != nil {
		return outcome{}, err
	}
	chosen := func(kind string) bool { return slices.Contains(rq.PostForm["revoke"], kind) }
	kinds := directory.Revocation{Tokens: chosen("tokens"), Webhooks: chosen("webhooks"), Invitations: chosen("invitations")}
	if _, err := roll.RemoveUserAndRevoke(ctx, rq.call, u.ID, kinds); err != nil {
		return outcome{}, err
	}
	n := note{Text: u.Name + " was removed", Undo: "users/invite", Label: "Add again"}
	n.With = map[string]string{"email": u.Email, "name": u.Name, "role": string(u.Role.ID)}
	return outcome{to: "users", note: n}, nil
}

// copyInvitation shows a link by which a user signs in for the first time, for somebody to
// pass on.
func copyInvitation(rq *request) (outcome, error) {
	l, err := rq.console.Identity.CreateInvitationLink(rq.Context(), rq.call, rq.userID())
	if err != nil {
		return outcome{}, err
	}
	return outcome{with: "secret", shown: secretData{"A link for " + l.Email, rq.linkURL(l.Secret), rq.path("users/" + string(rq.userID())), "link"}}, nil
}
