package console_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/rosterhq/roster/internal/authz"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/directorytest"
	"github.com/rosterhq/roster/internal/members"
	"github.com/rosterhq/roster/internal/roles"
	"github.com/rosterhq/roster/internal/schedules"
)

// noteOf is the page that a form leads to, with its note.
func (s *site) noteOf(p page) page {
	s.Helper()
	cookie, _, _ := strings.Cut(p.Header.Get("Set-Cookie"), ";")
	return s.get(s.Owner, p.Header.Get("Location"), "Cookie", sessionCookie+"="+s.sign(s.Owner.Email)+"; "+cookie)
}

func TestChangesOfAUserAreScheduledAndTakenBack(t *testing.T) {
	s := newSite(t)
	ada := s.add("Ada", "ada@example.com", "user")
	here := s.path("users/" + string(ada.ID))
	at := s.Clock().Add(48 * time.Hour).UTC().Truncate(time.Minute)
	form := url.Values{"act": {"remove"}, "at": {at.Format("2006-01-02T15:04")}, "revoke": {"tokens", "invitations"}}
	p := s.post(s.Owner, here+"/schedule", form).wants(t, http.StatusSeeOther)
	s.noteOf(p).wants(t, http.StatusOK, "Remove, and revoke their API tokens, invitations: scheduled for "+at.Format("2 January 2006, 15:04"), `action="`+here+`/unschedule"`, "Take back", s.Owner.Name)
	scheduled := directorytest.Must(s.GetSchedule(t.Context(), s.call(s.Owner), ada.ID, directory.ScheduledRemoval))(t)
	if !scheduled.At.Equal(at) || scheduled.Revoke != (directory.Revocation{Tokens: true, Invitations: true}) {
		t.Errorf("scheduled: %+v", scheduled)
	}
	p = s.post(s.Owner, here+"/unschedule", url.Values{"act": {"remove"}}).wants(t, http.StatusSeeOther)
	s.noteOf(p).wants(t, http.StatusOK, "It was taken back", `name="revoke" value="tokens,invitations"`, "Undo").lacks(t, "Take back")
	s.post(s.Owner, here+"/schedule", url.Values{"act": {"remove"}, "at": {at.Format(time.RFC3339Nano)}, "revoke": {"tokens,invitations"}}).wants(t, http.StatusSeeOther)
	if again := directorytest.Must(s.GetSchedule(t.Context(), s.call(s.Owner), ada.ID, directory.ScheduledRemoval))(t); !again.At.Equal(at) || again.Revoke != scheduled.Revoke {
		t.Errorf("after the undo: %+v", again)
	}
	past := url.Values{"act": {"suspend"}, "at": {"2001-01-01T00:00"}}
	s.post(s.Owner, here+"/schedule", past).wants(t, http.StatusUnprocessableEntity, `id="schedule-at-wrong"`, `value="2001-01-01T00:00"`, `<option value="suspend" selected>`)
	past.Set("at", "tomorrow")
	s.post(s.Owner, here+"/schedule", past).wants(t, http.StatusUnprocessableEntity, `id="schedule-at-wrong"`)
}

func TestRoleIsGivenForATime(t *testing.T) {
	s := newSite(t)
	ada := s.add("Ada", "ada@example.com", "read-only")
	here := s.path("users/" + string(ada.ID))
	until := s.Clock().Add(72 * time.Hour).UTC().Truncate(time.Minute)
	form := url.Values{"role": {"admin"}, "until": {until.Format("2006-01-02T15:04")}}
	p := s.post(s.Owner, here+"/role-until", form).wants(t, http.StatusSeeOther)
	s.noteOf(p).wants(t, http.StatusOK, "The role admin was given until "+until.Format("2 January 2006, 15:04"), "End it now", `action="`+here+`/end-role"`, "ends <time")
	p = s.post(s.Owner, here+"/end-role", nil).wants(t, http.StatusSeeOther)
	s.noteOf(p).wants(t, http.StatusOK, "The role admin has ended", `name="until" value="`+until.Format(time.RFC3339)).lacks(t, "End it now")
	s.post(s.Owner, here+"/role-until", url.Values{"role": {"admin"}, "until": {""}}).wants(t, http.StatusUnprocessableEntity, `id="role-until-until-wrong"`)
	s.post(s.Owner, here+"/role-until", url.Values{"role": {"owner"}, "until": form["until"]}).wants(t, http.StatusUnprocessableEntity, "given for a time")
	s.get(s.Owner, here).wants(t, http.StatusOK, "Role for a time")
	s.post(s.Owner, here+"/role-until", form).wants(t, http.StatusSeeOther)
	s.Pass(73 * time.Hour)
	s.get(s.Owner, here).wants(t, http.StatusOK).lacks(t, "End it now")
}

func TestReadersSeeWhatIsPlannedWithoutButtons(t *testing.T) {
	s := newSite(t)
	role := directorytest.Must(s.CreateRole(t.Context(), s.call(s.Owner), roles.NewRole{Name: "Reader", Capabilities: authz.Set{Org: grantsOf("users|read")}}))(t)
	reader := s.member("Rea", "rea@example.com", string(role.ID))
	ada := s.add("Ada", "ada@example.com", "read-only")
	here := s.path("users/" + string(ada.ID))
	tomorrow := s.Clock().Add(24 * time.Hour)
	directorytest.Must(s.UpdateSchedule(t.Context(), s.call(s.Owner), ada.ID, directory.ScheduledSuspension, schedules.NewSchedule{At: tomorrow}))(t)
	directorytest.Must(s.UpdateTemporaryRole(t.Context(), s.call(s.Owner), ada.ID, schedules.NewTemporaryRole{Role: "admin", Until: tomorrow}))(t)
	s.get(reader, here).wants(t, http.StatusOK, "Suspend", "admin</span> <span class=\"hint\">ends").lacks(t, "Take back", "End it now", "/schedule", "/role-until")
	for _, post := range []string{"schedule", "unschedule", "role-until", "end-role"} {
		s.post(reader, here+"/"+post, url.Values{"act": {"suspend"}, "at": {"2090-01-01T00:00"}, "role": {"user"}, "until": {"2090-01-01T00:00"}}).wants(t, http.StatusForbidden)
	}
	s.Wants("take away what was planned", "", s.DeleteSchedule(t.Context(), s.call(s.Owner), ada.ID, directory.ScheduledSuspension))
	s.Wants("end the role", "", s.DeleteTemporaryRole(t.Context(), s.call(s.Owner), ada.ID))
	s.get(reader, here).wants(t, http.StatusOK).lacks(t, "Scheduled changes", "Role for a time")
}

func TestOnlyRemovalOfAnInvitedUserIsOffered(t *testing.T) {
	s := newSite(t)
	second := directorytest.Must(s.CreateOrg(t.Context(), s.call(s.Owner), "Second"))(t)
	elsewhere := s.Owner
	elsewhere.OrgID = second.Org.ID
	in := members.NewUser{Name: "Alan", Email: "alan@example.com", Role: "user"}
	directorytest.Must(s.CreateUser(t.Context(), s.call(elsewhere), in))(t) // so that he has an account
	alan := directorytest.Must(s.CreateUser(t.Context(), s.call(s.Owner), in))(t)
	s.get(s.Owner, s.path("users/"+string(alan.ID))).wants(t, http.StatusOK, `<option value="remove">`).lacks(t, `<option value="suspend">`, "Role for a time")
}

func TestFailedScheduleIsShownAndDismissed(t *testing.T) {
	s := newSite(t)
	mia := s.member("Mia", "mia@example.com", "admin")
	ada := s.add("Ada", "ada@example.com", "user")
	directorytest.Must(s.UpdateSchedule(t.Context(), s.call(mia), ada.ID, directory.ScheduledSuspension, schedules.NewSchedule{At: s.Clock().Add(time.Hour)}))(t)
	directorytest.Must(s.UpdateUserRole(t.Context(), s.call(s.Owner), mia.ID, "none"))(t)
	s.Pass(2 * time.Hour)
	directorytest.Must(schedules.New(s.DB, s.Service).Once(t.Context(), func(err error) { t.Error(err) }))(t)
	here := s.path("users/" + string(ada.ID))
	s.get(s.Owner, here).wants(t, http.StatusOK, ">failed<", "Dismiss", "Mia", "users|update").lacks(t, "Take back")
	p := s.post(s.Owner, here+"/unschedule", url.Values{"act": {"suspend"}}).wants(t, http.StatusSeeOther)
	s.noteOf(p).wants(t, http.StatusOK, "The failed change was dismissed").lacks(t, "Undo", ">failed<")
}
