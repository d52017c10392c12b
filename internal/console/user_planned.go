package console

import (
	"cmp"
	"strings"
	"time"

	"github.com/rosterhq/roster/internal/authz"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/schedules"
)

// planned is what will happen to a user by itself: scheduled changes, and the end of a
// role that they have for a time.
type planned struct {
	Schedules []plannedChange
	Acts      []plannedAct // that can be scheduled
	Role      *directory.TemporaryRole
	Roles     []roleUse // that can be given for a time
}

// plannedChange is a schedule with the name of who made it.
type plannedChange struct {
	directory.Schedule
	By string // the name, or the id of a token
}

// What describes the change, with what is revoked besides.
func (c plannedChange) What() string {
	text := plannedTitles[c.Act]
	var also []string
	for _, kind := range revocable {
		if kind.of(c.Revoke) {
			also = append(also, kind.title)
		}
	}
	if len(also) == 0 {
		return text
	}
	return text + ", and revoke their " + strings.Join(also, ", ")
}

// Revoked are the kinds of objects that are revoked besides, as the form has them.
func (c plannedChange) Revoked() string {
	var kinds []string
	for _, kind := range revocable {
		if kind.of(c.Revoke) {
			kinds = append(kinds, kind.Name)
		}
	}
	return strings.Join(kinds, ",")
}

type plannedAct struct {
	Act   directory.ScheduledAct
	Title string
}

var plannedTitles = map[directory.ScheduledAct]string{
	directory.ScheduledSuspension: "Suspend", directory.ScheduledReactivation: "Reactivate", directory.ScheduledRemoval: "Remove",
}

// revocable are the kinds of what a user made that can end with their access.
var revocable = []struct {
	Name, title string
	of          func(directory.Revocation) bool
}{
	{"tokens", "API tokens", func(r directory.Revocation) bool { return r.Tokens }},
	{"webhooks", "webhooks", func(r directory.Revocation) bool { return r.Webhooks }},
	{"invitations", "invitations", func(r directory.Revocation) bool { return r.Invitations }},
}

// planned reads what is planned for a user.
func (rq *request) planned(u directory.User, roles []roleUse) (p planned, err error) {
	planner, ctx := rq.console.Planner, rq.Context()
	list, err := planner.ListSchedules(ctx, rq.call, u.ID)
	if err != nil {
		return p, err
	}
	for _, one := range list {
		by, err := rq.nameOf(one.CreatedBy)
		if err != nil {
			return p, err
		}
		p.Schedules = append(p.Schedules, plannedChange{one, by})
	}
	for _, act := range directory.ScheduledActs {
		if act == directory.ScheduledRemoval && !rq.may(directory.OpRemoveUser) || act != directory.ScheduledRemoval && u.Invited {
			continue
		}
		p.Acts = append(p.Acts, plannedAct{act, plannedTitles[act]})
	}
	for _, r := range roles {
		if r.ID != authz.RoleOwner && r.ID != authz.RoleNone {
			p.Roles = append(p.Roles, r)
		}
	}
	if u.Invited {
		return p, nil
	}
	t, err := planner.GetTemporaryRole(ctx, rq.call, u.ID)
	if directory.CodeOf(err) == directory.NotFound {
		return p, nil
	}
	p.Role = &t
	return p, err
}

// nameOf is the name of a user who decided on something, or the id of a token or of
// somebody who has left.
func (rq *request) nameOf(a directory.Actor) (string, error) {
	if a.Name != "" || a.UserID == "" || !rq.may(directory.OpGetUser) {
		return cmp.Or(a.Name, a.ID()), nil
	}
	u, err := rq.console.Members.GetUser(rq.Context(), rq.call, a.UserID)
	if directory.CodeOf(err) == directory.NotFound {
		return a.ID(), nil
	}
	return u.Name, err
}

// timeIn is the time in a field of the form, in UTC.
func (rq *request) timeIn(field string) (time.Time, error) {
	t, err := parseAt(rq.PostForm.Get(field))
	if err != nil {
		return t, directory.InvalidField(field, "is not a time such as 2026-01-31T12:00")
	}
	return t, nil
}

// when writes a time for a note.
func when(t time.Time) string { return t.UTC().Format("2 January 2006, 15:04 MST") }

func scheduleChange(rq *request) (outcome, error) {
	form := rq.PostForm
	act := directory.ScheduledAct(form.Get("act"))
	at, err := rq.timeIn("at")
	if err != nil {
		return outcome{}, err
	}
	in := schedules.NewSchedule{At: at}
	for _, kind := range strings.Split(strings.Join(form["revoke"], ","), ",") {
		in.Revoke.Tokens = in.Revoke.Tokens || kind == "tokens"
		in.Revoke.Webhooks = in.Revoke.Webhooks || kind == "webhooks"
		in.Revoke.Invitations = in.Revoke.Invitations || kind == "invitations"
	}
	s, err := rq.console.Planner.UpdateSchedule(rq.Context(), rq.call, rq.userID(), act, in)
	if err != nil {
		return outcome{}, err
	}
	here := "users/" + string(s.UserID)
	text := plannedChange{Schedule: s}.What() + ": scheduled for " + when(s.At)
	return outcome{to: here, note: note{Text: text, Undo: here + "/unschedule", With: map[string]string{"act": string(act)}}}, nil
}

func unschedule(rq *request) (outcome, error) {
	planner, ctx := rq.console.Planner, rq.Context()
	act := directory.ScheduledAct(rq.PostForm.Get("act"))
	s, err := planner.GetSchedule(ctx, rq.call, rq.userID(), act)
	if err != nil {
		return outcome{}, err
	}
	if err := planner.DeleteSchedule(ctx, rq.call, s.UserID, act); err != nil {
		return outcome{}, err
	}
	here := "users/" + string(s.UserID)
	n := note{Text: "It was taken back and will not happen"}
	if s.At.After(rq.now()) {
		n.Undo = here + "/schedule"
		n.With = map[string]string{"act": string(act), "at": s.At.UTC().Format(time.RFC3339Nano), "revoke": plannedChange{Schedule: s}.Revoked()}
	} else {
		n.Text = "The failed change was dismissed"
	}
	return outcome{to: here, note: n}, nil
}

func giveTemporaryRole(rq *request) (outcome, error) {
	until, err := rq.timeIn("until")
	if err != nil {
		return outcome{}, err
	}
	in := schedules.NewTemporaryRole{Role: directory.RoleID(rq.PostForm.Get("role")), Until: until}
	t, err := rq.console.Planner.UpdateTemporaryRole(rq.Context(), rq.call, rq.userID(), in)
	if err != nil {
		return outcome{}, err
	}
	here := "users/" + string(t.UserID)
	return outcome{to: here, note: note{Text: "The role " + t.Role.Name + " was given until " + when(t.Until), Undo: here + "/end-role"}}, nil
}

func endTemporaryRole(rq *request) (outcome, error) {
	planner, ctx := rq.console.Planner, rq.Context()
	t, err := planner.GetTemporaryRole(ctx, rq.call, rq.userID())
	if err != nil {
		return outcome{}, err
	}
	if err := planner.DeleteTemporaryRole(ctx, rq.call, t.UserID); err != nil {
		return outcome{}, err
	}
	here := "users/" + string(t.UserID)
	again := map[string]string{"role": string(t.Role.ID), "until": t.Until.UTC().Format(time.RFC3339Nano)}
	return outcome{to: here, note: note{Text: "The role " + t.Role.Name + " has ended", Undo: here + "/role-until", With: again}}, nil
}
