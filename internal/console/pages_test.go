package console_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rosterhq/roster/internal/authz"
	"github.com/rosterhq/roster/internal/console"
	"github.com/rosterhq/roster/internal/credentials"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/directorytest"
	"github.com/rosterhq/roster/internal/members"
	"github.com/rosterhq/roster/internal/roles"
	"github.com/rosterhq/roster/internal/webhooks"
)

func TestRoleIsPreviewedThenSaved(t *testing.T) {
	s := newSite(t)
	p := s.post(s.Owner, s.path("roles/create"), url.Values{"name": {"Support"}, "like": {"user"}}).wants(t, http.StatusSeeOther)
	here := p.Header.Get("Location")
	id := directory.RoleID(here[strings.LastIndex(here, "/")+1:])
	s.add("Ada", "ada@example.com", string(id))
	s.get(s.Owner, here).wants(t, http.StatusOK, `name="can" value="monitors|create" aria-label="monitors|create" checked`, "1 user")
	form := url.Values{"name": {"Support"}, "can": {"users|read", "users|create"}, "can:dataset:logs": {"query|read"}}
	s.post(s.Owner, here+"/preview", form, "HX-Request", "true").wants(t, http.StatusOK, "Ada", "users: create", "loses", "monitors: create").lacks(t, "<html")
	r := directorytest.Must(s.GetRole(t.Context(), s.call(s.Owner), id))(t)
	if r.Capabilities.Allows(authz.Pair{Resource: "users", Action: authz.Create}) {
		t.Error("the preview changed the role")
	}
	s.post(s.Owner, here+"/save", form).wants(t, http.StatusSeeOther)
	r = directorytest.Must(s.GetRole(t.Context(), s.call(s.Owner), id))(t)
	if want := (authz.Set{Org: grantsOf("users|read", "users|create"), Datasets: r.Capabilities.Datasets}); !r.Capabilities.Equal(want) || r.Capabilities.Datasets["logs"] == 0 {
		t.Errorf("the role has %+v", r.Capabilities)
	}
	s.post(s.Owner, here+"/delete", url.Values{}).wants(t, http.StatusConflict, "The role is in use")
}

func TestBuiltInRoleCannotBeEdited(t *testing.T) {
	s := newSite(t)
	s.get(s.Owner, s.path("roles/admin")).wants(t, http.StatusOK, "Built in").lacks(t, `type="checkbox" name="can"`)
	s.post(s.Owner, s.path("roles/admin/save"), url.Values{"name": {"admin"}}).wants(t, http.StatusConflict, "built-in role")
}

func TestNobodyGivesMoreThanTheyHaveInTheConsole(t *testing.T) {
	s := newSite(t)
	mia := s.member("Mia", "mia@example.com", "admin")
	here := s.path("users/" + string(mia.ID))
	s.get(mia, here+"/preview?role=owner", "HX-Request", "true").wants(t, http.StatusOK, `class="error"`)
	s.post(mia, here+"/role", url.Values{"role": {"owner"}}).wants(t, http.StatusForbidden)
	u := directorytest.Must(s.GetUser(t.Context(), s.call(s.Owner), mia.ID))(t)
	if u.Role.ID != "admin" {
		t.Errorf("Mia made herself %s", u.Role.ID)
	}
}

func TestGroupMembersAreFoundAddedAndTakenOut(t *testing.T) {
	s := newSite(t)
	ada := s.add("Ada", "ada@example.com", "user")
	here := s.post(s.Owner, s.path("groups/create"), url.Values{"name": {"Ops"}}).wants(t, http.StatusSeeOther).Header.Get("Location")
	s.get(s.Owner, here+"/candidates?q=ad", "HX-Request", "true").wants(t, http.StatusOK, "Ada", string(ada.ID))
	user := url.Values{"user": {string(ada.ID)}}
	s.post(s.Owner, here+"/add", user).wants(t, http.StatusSeeOther)
	s.get(s.Owner, here).wants(t, http.StatusOK, "ada@example.com", "Take out")
	s.post(s.Owner, here+"/preview", url.Values{"name": {"Ops"}, "roles": {"admin"}}, "HX-Request", "true").wants(t, http.StatusOK, "Ada", "users: create")
	s.post(s.Owner, here+"/save", url.Values{"name": {"Ops"}, "roles": {"admin"}}).wants(t, http.StatusSeeOther)
	s.get(s.Owner, s.path("users/"+string(ada.ID))).wants(t, http.StatusOK, "group <a", ">Ops</a>")
	s.post(s.Owner, here+"/take", user).wants(t, http.StatusSeeOther)
	s.get(s.Owner, here).wants(t, http.StatusOK, "Nobody yet")
}

func TestTokenIsShownOnceAndWorks(t *testing.T) {
	s := newSite(t)
	form := url.Values{"name": {"CI"}, "days": {"30"}, "can": {"users|read"}, "networks": {"192.0.2.0/24"}}
	p := s.post(s.Owner, s.path("new-token/create"), form).wants(t, http.StatusOK, "CI was created", "xaat-")
	_, rest, _ := strings.Cut(p.Body, `value="xaat-`)
	secret, _, _ := strings.Cut(rest, `"`)
	principal, err := s.AuthenticateFrom(t.Context(), "xaat-"+secret, s.Org.ID, "192.0.2.9")
	if err != nil || principal.ExpiresAt.Sub(s.Clock()).Round(time.Hour) != 30*24*time.Hour {
		t.Fatalf("the token gives %+v, %v", principal, err)
	}
	if _, err := s.AuthenticateFrom(t.Context(), "xaat-"+secret, s.Org.ID, "198.51.100.1"); err == nil {
		t.Error("the token works outside its networks")
	}
	here := s.path("tokens/" + string(principal.TokenID))
	s.get(s.Owner, here).wants(t, http.StatusOK, "192.0.2.0/24").lacks(t, secret)
	p = s.post(s.Owner, here+"/regenerate", url.Values{"grace": {"1"}, "days": {"90"}}).wants(t, http.StatusOK, "xaat-")
	p.lacks(t, secret)
	s.post(s.Owner, here+"/regenerate", url.Values{"grace": {"1"}, "days": {"keep"}}).wants(t, http.StatusOK,
		"works until "+s.Clock().AddDate(0, 0, 30).UTC().Format("2 January 2006"), "was regenerated before")
	old := directorytest.Must(s.GetAPIToken(t.Context(), s.call(s.Owner), principal.TokenID))(t)
	if left := old.ExpiresAt.Sub(s.Clock()).Round(time.Hour); left != 24*time.Hour {
		t.Errorf("the replaced token goes on for %v, want a day", left)
	}
	s.post(s.Owner, here+"/delete", url.Values{}).wants(t, http.StatusSeeOther)
	s.get(s.Owner, here).wants(t, http.StatusNotFound)
}

func TestTokenFormOffersOnlyWhatOneHas(t *testing.T) {
	s := newSite(t)
	role := directorytest.Must(s.CreateRole(t.Context(), s.call(s.Owner), roles.NewRole{Name: "Minter", Capabilities: authz.Set{Org: grantsOf("apiTokens|create", "apiTokens|read", "users|read")}}))(t)
	mia := s.member("Mia", "mia@example.com", string(role.ID))
	s.get(mia, s.path("new-token?preset=provisioning")).wants(t, http.StatusOK, `value="users|read" aria-label="users|read" checked>`, `value="users|delete" aria-label="users|delete" disabled>`)
	s.post(mia, s.path("new-token/create"), url.Values{"name": {"x"}, "can": {"users|delete"}}).wants(t, http.StatusForbidden, "capabilities that you don")
}

func TestNewEntriesAppearAndAreVerified(t *testing.T) {
	s := newSite(t)
	first := s.get(s.Owner, s.path("audit")).wants(t, http.StatusOK, "data-poll", "Create user")
	_, rest, _ := strings.Cut(first.Body, `hx-get="/console/`+string(s.Org.ID)+`/audit/live?`)
	query, _, _ := strings.Cut(rest, `"`)
	query = strings.ReplaceAll(query, "&amp;", "&")
	s.get(s.Owner, s.path("audit/live?"+query), "HX-Request", "true").wants(t, http.StatusNoContent)
	s.add("Ada", "ada@example.com", "user")
	s.get(s.Owner, s.path("audit/live?"+query), "HX-Request", "true").wants(t, http.StatusOK, "Ada", "data-poll", ">new<")
	list, _, err := s.ListEntries(t.Context(), s.call(s.Owner), directory.EntryQuery{NewestFirst: true, Limit: 1})
	if err != nil {
		t.Fatal(err)
	}
	entry := s.path("audit/" + itoa(list[0].Sequence))
	s.get(s.Owner, entry).wants(t, http.StatusOK, "The next signed checkpoint", "ada@example.com")
	s.seal()
	s.get(s.Owner, entry).wants(t, http.StatusOK, "head is signed")
	s.get(s.Owner, s.path("audit?target="+list[0].Target.ID)).wants(t, http.StatusOK, "Ada", `class="tick"`).lacks(t, "Create org<")
	s.get(s.Owner, s.path("audit?action=createGroup")).wants(t, http.StatusOK, "No entry matches")
}

func TestListShowsThePast(t *testing.T) {
	s := newSite(t)
	s.Pass(time.Hour)
	then := s.Clock().UTC().Format("2006-01-02T15:04")
	s.Pass(time.Hour)
	s.add("Ada", "ada@example.com", "user")
	s.get(s.Owner, s.path("users?at="+then)).wants(t, http.StatusOK, "As it was on", "Olivia Owner").lacks(t, "ada@example.com")
	was := s.Clock().UTC().Format("2006-01-02T15:04:05.999999999Z")
	s.Pass(time.Hour)
	list := s.get(s.Owner, s.path("users?q=ada")).Body
	_, rest, _ := strings.Cut(list, `href="`+s.path("users/usr_"))
	id, _, _ := strings.Cut(rest, `"`)
	here := s.path("users/usr_" + id)
	s.post(s.Owner, here+"/remove/confirm", url.Values{}).wants(t, http.StatusSeeOther)
	s.get(s.Owner, here).wants(t, http.StatusNotFound)
	s.get(s.Owner, here+"?at="+url.QueryEscape(was)).wants(t, http.StatusOK, "Ada has left since", "role <a").lacks(t, "Change role", "Remove…")
	s.get(s.Owner, s.path("users?at=nonsense")).wants(t, http.StatusUnprocessableEntity, "is not a time")
}

func TestSettingsAreSaved(t *testing.T) {
	s := newSite(t)
	s.post(s.Owner, s.path("settings/rename"), url.Values{"name": {"New Name"}}).wants(t, http.StatusSeeOther)
	s.post(s.Owner, s.path("settings/tokens"), url.Values{"maxTokenLifetimeSeconds": {"90"}}).wants(t, http.StatusSeeOther)
	s.post(s.Owner, s.path("settings/retention"), url.Values{"days": {"400"}}).wants(t, http.StatusSeeOther)
	s.post(s.Owner, s.path("sign-in/sessions"), url.Values{"idleSeconds": {"2"}, "lifetimeSeconds": {"1.5"}}).wants(t, http.StatusSeeOther)
	s.get(s.Owner, s.path("settings")).wants(t, http.StatusOK, `value="New Name"`, `value="90"`, `value="400"`)
	s.get(s.Owner, s.path("sign-in")).wants(t, http.StatusOK, `value="2"`, `value="1.5"`)
	s.post(s.Owner, s.path("sign-in/sessions"), url.Values{"idleSeconds": {"many"}}).wants(t, http.StatusUnprocessableEntity, "not a number of hours")
	mia := s.member("Mia", "mia@example.com", "user")
	s.post(mia, s.path("settings/rename"), url.Values{"name": {"Mine"}}).wants(t, http.StatusForbidden, "Only an owner or admin")
}

func TestSignInRulesAreSaved(t *testing.T) {
	s := newSite(t)
	s.post(s.Owner, s.path("sign-in/rules"), url.Values{"tokenSeconds": {"7"}}).wants(t, http.StatusSeeOther)
	s.get(s.Owner, s.path("sign-in")).wants(t, http.StatusOK, `value="7"`).lacks(t, `value="yes" checked> People`)
	s.post(s.Owner, s.path("sign-in/rules"), url.Values{"requireIssuer": {"yes"}}).wants(t, http.StatusConflict, "sign in by it once", `value="yes" checked> People`)
	s.post(s.Owner, s.path("sign-in/rules"), url.Values{"tokenSeconds": {"many"}}).wants(t, http.StatusUnprocessableEntity, "not a number of days")
	mia := s.member("Mia", "mia@example.com", "user")
	s.get(mia, s.path("sign-in")).wants(t, http.StatusOK, "Nobody has to sign in by an identity provider")
	s.post(mia, s.path("sign-in/rules"), url.Values{"tokenSeconds": {"7"}}).wants(t, http.StatusForbidden)
}

func TestPicturesHaveTables(t *testing.T) {
	s := newSite(t)
	s.add("Ada", "ada@example.com", "user")
	s.get(s.Owner, s.path("pictures"), "HX-Request", "true").wants(t, http.StatusOK, "<svg", "by when they joined", `<td class="num">2</td>`, "Refusals per day", "Sign-ins per day", "4 Mar")
	nina := s.member("Nina", "nina@example.com", "none")
	s.get(nina, s.path("pictures"), "HX-Request", "true").wants(t, http.StatusOK).lacks(t, "<svg")
}

func TestWebhookIsMadeTestedAndDisabled(t *testing.T) {
	s := newSite(t)
	s.post(s.Owner, s.path("webhooks/create"), url.Values{"name": {"x"}, "url": {"http://127.0.0.1/"}}).wants(t, http.StatusUnprocessableEntity, `id="create-url-wrong"`)
	form := url.Values{"name": {"Chat"}, "url": {"https://chat.example.com/"}, "actions": {"createUser, update*"}}
	p := s.post(s.Owner, s.path("webhooks/create"), form).wants(t, http.StatusOK, "whsec_")
	_, rest, _ := strings.Cut(p.Body, `<a href="`+s.path("webhooks/"))
	id, _, _ := strings.Cut(rest, `"`)
	here := s.path("webhooks/" + id)
	s.get(s.Owner, here).wants(t, http.StatusOK, "createUser, update*").lacks(t, "whsec_")
	s.post(s.Owner, here+"/test", url.Values{}).wants(t, http.StatusSeeOther)
	s.post(s.Owner, here+"/rotate", url.Values{"grace": {"7"}}).wants(t, http.StatusOK, "whsec_")
	form.Set("name", "Chat off")
	s.post(s.Owner, here+"/save", form).wants(t, http.StatusSeeOther)
	s.get(s.Owner, s.path("webhooks")).wants(t, http.StatusOK, "Chat off", "disabled")
	s.post(s.Owner, here+"/delete", url.Values{}).wants(t, http.StatusSeeOther)
	s.get(s.Owner, here).wants(t, http.StatusNotFound)
}

// A page of one organization must not take ids of another.
func TestIDsOfOtherOrganizationsAreNotFound(t *testing.T) {
	s := newSite(t)
	ctx := t.Context()
	other := directorytest.Must(s.CreateOrg(ctx, s.call(s.Owner), "Second"))(t)
	owner := s.Owner
	owner.OrgID = other.Org.ID
	theirs := s.call(owner)
	role := directorytest.Must(s.CreateRole(ctx, theirs, roles.NewRole{Name: "Theirs"}))(t)
	group := directorytest.Must(s.CreateGroup(ctx, theirs, roles.NewGroup{Name: "Theirs"}))(t)
	token := directorytest.Must(s.CreateAPIToken(ctx, theirs, credentials.NewAPIToken{Name: "Theirs"}))(t)
	hook := directorytest.Must(s.CreateWebhook(ctx, theirs, webhooks.NewWebhook{Name: "Theirs", URL: "https://example.com/"}))(t)
	for _, below := range []string{
		"users/" + string(other.User.ID), "users/" + string(other.User.ID) + "/remove", "roles/" + string(role.ID), "groups/" + string(group.ID),
		"tokens/" + string(token.ID), "webhooks/" + string(hook.ID), "audit/9999",
	} {
		s.get(s.Owner, s.path(below)).wants(t, http.StatusNotFound).lacks(t, "Theirs")
	}
	for below, form := range map[string]url.Values{
		"users/" + string(other.User.ID) + "/role": {"role": {"user"}}, "users/" + string(other.User.ID) + "/remove/confirm": {}, "roles/" + string(role.ID) + "/save": {"name": {"Taken"}},
		"roles/" + string(role.ID) + "/delete": {}, "groups/" + string(group.ID) + "/add": {"user": {string(s.Owner.ID)}}, "groups/" + string(group.ID) + "/delete": {},
		"tokens/" + string(token.ID) + "/delete": {}, "tokens/" + string(token.ID) + "/regenerate": {"grace": {"0"}}, "webhooks/" + string(hook.ID) + "/delete": {},
	} {
		s.post(s.Owner, s.path(below), form).wants(t, http.StatusNotFound).lacks(t, "Theirs")
	}
}

// A filter that lets few entries through must not make a request read the whole log.
func TestSearchOfTheLogGoesOnInTheNextRequest(t *testing.T) {
	console.SearchFew(t, 5)
	s := newSite(t)
	for i := range 12 {
		s.add("Person", "p"+itoa(int64(i))+"@example.com", "user")
	}
	next := func(p page) string {
		_, rest, _ := strings.Cut(p.Body, `<tr class="more">`)
		_, rest, ok := strings.Cut(rest, `hx-get="`)
		path, _, _ := strings.Cut(rest, `"`)
		if !ok {
			return ""
		}
		return strings.ReplaceAll(path, "&amp;", "&")
	}
	p := s.get(s.Owner, s.path("audit?action=createOrg")).wants(t, http.StatusOK, "Searching further")
	requests := 1
	for ; !strings.Contains(p.Body, "Create org"); requests++ {
		path := next(p)
		if path == "" || requests > 9 {
			t.Fatalf("after %d requests, the search found nothing", requests)
		}
		p = s.get(s.Owner, path, "HX-Request", "true").wants(t, http.StatusOK)
	}
	if requests < 3 {
		t.Errorf("the search took %d requests, want one for each 5 entries", requests)
	}
	if path := next(p); path != "" {
		t.Errorf("at the log's beginning, the search goes on at %s", path)
	}
}

func TestRefusalsAreInTheAuditLog(t *testing.T) {
	s := newSite(t)
	mia := s.member("Mia", "mia@example.com", "admin")
	nina := s.member("Nina", "nina@example.com", "none")
	s.post(mia, s.path("users/"+string(mia.ID)+"/role"), url.Values{"role": {"owner"}}).wants(t, http.StatusForbidden)
	s.get(mia, s.path("users/"+string(nina.ID)+"/preview?role=owner"), "HX-Request", "true").wants(t, http.StatusOK)
	s.get(nina, s.path("users")).wants(t, http.StatusForbidden)
	refused := directory.Refused
	list, _, err := s.ListEntries(t.Context(), s.call(s.Owner), directory.EntryQuery{Outcome: &refused, Limit: 10})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range list {
		got = append(got, e.Action+" "+e.Actor.Name+" "+e.Target.Type+" "+e.Target.ID+" "+e.TraceID)
	}
	const trace = " 0123456789abcdef"
	want := []string{"updateUserRole Mia user " + string(mia.ID) + trace, "updateUserRole Mia user " + string(nina.ID) + trace, "getUsers Nina user " + trace}
	if !slices.Equal(got, want) {
		t.Errorf("refused: %q, want %q", got, want)
	}
}

func TestInvitationsAreListedAndResent(t *testing.T) {
	s := newSite(t)
	second := directorytest.Must(s.CreateOrg(t.Context(), s.call(s.Owner), "Second"))(t)
	elsewhere := s.Owner
	elsewhere.OrgID = second.Org.ID
	in := members.NewUser{Name: "Alan", Email: "alan@example.com", Role: "user"}
	directorytest.Must(s.CreateUser(t.Context(), s.call(elsewhere), in))(t)
	s.get(s.Owner, s.path("invitations")).wants(t, http.StatusOK, "Nobody is invited")
	u := directorytest.Must(s.CreateUser(t.Context(), s.call(s.Owner), in))(t)
	s.get(s.Owner, s.path("invitations")).wants(t, http.StatusOK, "alan@example.com", ">open<", "Olivia Owner")
	s.Pass(directory.InvitationTTL + time.Hour)
	s.get(s.Owner, s.path("invitations")).wants(t, http.StatusOK, "expired")
	s.post(s.Owner, s.path("invitations/resend"), url.Values{"user": {string(u.ID)}}).wants(t, http.StatusSeeOther)
	s.get(s.Owner, s.path("invitations")).wants(t, http.StatusOK, ">open<")
}

func TestPartThatFailsSaysSoOnThePage(t *testing.T) {
	s := newSite(t)
	p := s.get(s.Owner, s.path("users/rows?at=nonsense"), "HX-Request", "true").wants(t, http.StatusUnprocessableEntity, "is not a time")
	if p.Header.Get("HX-Retarget") != "#alert" {
		t.Errorf("the error goes to %q", p.Header.Get("HX-Retarget"))
	}
	p.lacks(t, "<html", "<tr")
	s.get(s.Owner, s.path("users")).wants(t, http.StatusOK, `id="alert"`)
}

func TestSuspendedUserIsOutUntilReactivated(t *testing.T) {
	s := newSite(t)
	mia := s.member("Mia", "mia@example.com", "admin")
	cookie := sessionCookie + "=" + s.sign("mia@example.com")
	here, nobody := s.path("users/"+string(mia.ID)), directorytest.Member{}
	s.get(nobody, s.path("users"), "Cookie", cookie).wants(t, http.StatusOK)
	s.post(s.Owner, here+"/status", url.Values{"status": {"suspended"}}).wants(t, http.StatusSeeOther)
	s.get(s.Owner, here).wants(t, http.StatusOK, "suspended", "Reactivate", "Nothing while suspended")
	s.get(s.Owner, s.path("users?status=suspended")).wants(t, http.StatusOK, "mia@example.com").lacks(t, "olivia@example.com")
	s.get(s.Owner, s.path("users?status=odd")).wants(t, http.StatusUnprocessableEntity)
	if p := s.get(nobody, s.path("users"), "Cookie", cookie); p.Status == http.StatusOK {
		t.Error("a suspended user still sees the users")
	}
	s.post(s.Owner, here+"/status", url.Values{"status": {"active"}}).wants(t, http.StatusSeeOther)
	delete(s.sessions, mia.Email) // it ended: Mia is in no other organization
	s.get(mia, s.path("users")).wants(t, http.StatusOK)
	s.post(s.Owner, s.path("users/"+string(s.Owner.ID)+"/status"), url.Values{"status": {"suspended"}}).wants(t, http.StatusConflict, "last owner")
}
