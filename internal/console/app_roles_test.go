package console_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rosterhq/roster/internal/applications"
	"github.com/rosterhq/roster/internal/authz"
	"github.com/rosterhq/roster/internal/credentials"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/directorytest"
	"github.com/rosterhq/roster/internal/roles"
)

func TestRoleIsEditedInApplications(t *testing.T) {
	s := newSite(t)
	role := s.withBilling()
	clara := s.add("Clara", "clara@example.com", string(role.ID))
	here := s.path("roles/" + string(role.ID))
	s.get(s.Owner, here).wants(t, http.StatusOK, `value="app:billing:invoice:2026-*|approve" aria-label="approve on invoice 2026-* in Billing" checked`,
		`value="app:billing:invoice:*|read" aria-label="read on invoice * in Billing">`, `name="names:0:billing:invoice"`, `name="open:0:billing:invoice" value="approve"`)
	form := url.Values{
		"name": {"Clerk"}, "can:app": {"app:billing:report|read"}, "names:0:billing:invoice": {"2027-*"}, "open:0:billing:invoice": {"read"},
		"names:1:billing:invoice": {"a:b|c"}, "open:1:billing:invoice": {"read", "approve"}, "names:2:billing:invoice": {""},
	}
	s.post(s.Owner, here+"/preview", form, "HX-Request", "true").wants(t, http.StatusOK, "Clara", "gains", "invoice 2027-* of billing: read", "loses", "invoice 2026-* of billing: approve, read")
	s.post(s.Owner, here+"/save", form).wants(t, http.StatusSeeOther)
	r := directorytest.Must(s.GetRole(t.Context(), s.call(s.Owner), role.ID))(t)
	if want := appGrants("app:billing:report|read", "app:billing:invoice:2027-*|read", "app:billing:invoice:a:b|c|read", "app:billing:invoice:a:b|c|approve"); !r.Capabilities.Apps.Equal(want) {
		t.Errorf("the role has %v", r.Capabilities.Names())
	}
	s.get(s.Owner, s.path("roles")).wants(t, http.StatusOK, ">Billing</a>", "approve, read on a:b|c; read on 2027-*")
	s.get(s.Owner, s.path("users/"+string(clara.ID))).wants(t, http.StatusOK, "invoice 2027-*", "of billing")
	for _, tt := range []struct {
		form url.Values
		says string
	}{
		{url.Values{"name": {"Clerk"}, "can:app": {"app:billing:report|read"}, "names:0:billing:invoice": {"2027"}}, "you named instances, but chose no action"},
		{url.Values{"name": {"Clerk"}, "can:app": {"app:billing:report|read"}, "open:0:billing:invoice": {"read"}}, "but named none"},
		{url.Values{"name": {"Clerk"}, "can:app": {"app:billing:report|read"}, "names:0:billing:invoice": {"a*b"}, "open:0:billing:invoice": {"read"}}, "is not a name, or the beginning"},
		{url.Values{"name": {"Clerk"}, "can:app": {"app:billing:report|read", "nonsense"}}, "is not app:APP"},
	} {
		s.post(s.Owner, here+"/save", tt.form).wants(t, http.StatusUnprocessableEntity, tt.says, `value="app:billing:report|read" aria-label="read on report in Billing" checked`)
	}
}

func TestRoleThatIsSavedKeepsWhatItHasInApplications(t *testing.T) {
	s := newSite(t)
	role := s.withBilling()
	here := s.path("roles/" + string(role.ID))
	form := url.Values{"name": {"Renamed"}}
	for _, part := range strings.Split(s.get(s.Owner, here).wants(t, http.StatusOK).Body, "<input ")[1:] {
		tag, _, _ := strings.Cut(part, ">")
		if strings.Contains(tag, `name="can:app"`) && strings.HasSuffix(tag, " checked") {
			_, rest, _ := strings.Cut(tag, `value="`)
			value, _, _ := strings.Cut(rest, `"`)
			form.Add("can:app", value)
		}
	}
	s.post(s.Owner, here+"/save", form).wants(t, http.StatusSeeOther)
	if r := directorytest.Must(s.GetRole(t.Context(), s.call(s.Owner), role.ID))(t); r.Name != "Renamed" || !r.Capabilities.Equal(role.Capabilities) {
		t.Errorf("the role is %s with %v", r.Name, r.Capabilities.Names())
	}
}

func TestRoleLikeABuiltInOneListsWhatApplicationsDefine(t *testing.T) {
	s := newSite(t)
	s.withBilling()
	here := s.post(s.Owner, s.path("roles/create"), url.Values{"name": {"Deputy"}, "like": {"admin"}}).wants(t, http.StatusSeeOther).Header.Get("Location")
	r := directorytest.Must(s.GetRole(t.Context(), s.call(s.Owner), directory.RoleID(here[strings.LastIndex(here, "/")+1:])))(t)
	if want := appGrants("app:billing:invoice:*|read", "app:billing:invoice:*|approve", "app:billing:report|read"); !r.Capabilities.Apps.Equal(want) {
		t.Errorf("the role has %v", r.Capabilities.Names())
	}
	s.get(s.Owner, s.path("roles/admin")).wants(t, http.StatusOK, "All capabilities of every application")
}

func TestTokenIsMadeWithCapabilitiesInApplications(t *testing.T) {
	s := newSite(t)
	s.withBilling()
	minter := directorytest.Must(s.CreateRole(t.Context(), s.call(s.Owner), roles.NewRole{Name: "Minter", Capabilities: authz.Set{
		Org: grantsOf("apiTokens|create", "apiTokens|read", "rbac|read"), Apps: appGrants("app:billing:invoice:2026-*|read"),
	}}))(t)
	mia := s.member("Mia", "mia@example.com", string(minter.ID))
	s.get(mia, s.path("new-token")).wants(t, http.StatusOK, `aria-label="read on report in Billing" disabled>`, `aria-label="read on the instances of invoice that you name">`, `aria-label="approve on the instances of invoice that you name" disabled>`)
	form := url.Values{"name": {"Archive"}, "names:0:billing:invoice": {"2026-01-*"}, "open:0:billing:invoice": {"read"}}
	s.post(mia, s.path("new-token/create"), form).wants(t, http.StatusOK, "xaat-")
	list := directorytest.Must(s.ListTokenUsage(t.Context(), s.call(mia), time.Time{}))(t)
	made := list[slices.IndexFunc(list, func(u credentials.TokenUsage) bool { return u.Token.Name == "Archive" })].Token
	if want := appGrants("app:billing:invoice:2026-01-*|read"); !made.Capabilities.Equal(authz.Set{Apps: want}) {
		t.Errorf("the token has %v", made.Capabilities.Names())
	}
	s.get(mia, s.path("tokens/"+string(made.ID))).wants(t, http.StatusOK, "2026-01-*", `<span class="badge">read</span>`)
	form.Set("names:0:billing:invoice", "*")
	s.post(mia, s.path("new-token/create"), form).wants(t, http.StatusForbidden, "capabilities that you don")
}

func TestPickerOfManyCapabilitiesIsBounded(t *testing.T) {
	s := newSite(t)
	wide := make(authz.AppTypes)
	for _, typ := range "abcdefghijklmnopqrstuvwxy" {
		var actions []string
		for _, action := range "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVW" {
			actions = append(actions, string(action))
		}
		wide[string(typ)] = authz.AppType{Actions: actions}
	}
	for _, id := range []directory.AppID{"one", "two"} {
		directorytest.Must(s.CreateApplication(t.Context(), s.call(s.Owner), applications.NewApplication{ID: id, Name: "App " + string(id), Types: wide}))(t)
	}
	role := directorytest.Must(s.CreateRole(t.Context(), s.call(s.Owner), roles.NewRole{Name: "R", Capabilities: authz.Set{Apps: appGrants("app:one:a|b")}}))(t)
	here := s.path("roles/" + string(role.ID))
	s.get(s.Owner, here).wants(t, http.StatusOK, `value="app:one:a|b"`, `href="?app=one"`).lacks(t, `value="app:one:a|c"`, `value="app:two:a|c"`)
	s.get(s.Owner, here+"?app=two").wants(t, http.StatusOK, `value="app:one:a|b"`, `value="app:two:a|c"`).lacks(t, `value="app:one:a|c"`)
}
