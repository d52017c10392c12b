package console_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/rosterhq/roster/internal/applications"
	"github.com/rosterhq/roster/internal/authz"
	"github.com/rosterhq/roster/internal/browsertest"
	"github.com/rosterhq/roster/internal/credentials"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/directorytest"
	"github.com/rosterhq/roster/internal/roles"
)

// billing is an application with a type of each kind.
func billing() applications.NewApplication {
	return applications.NewApplication{ID: "billing", Name: "Billing", Types: authz.AppTypes{
		"invoice": {Actions: []string{"read", "approve"}, Instances: true}, "report": {Actions: []string{"read"}},
	}}
}

// withBilling creates that application, and a role that gives some of it.
func (s *site) withBilling() directory.Role {
	s.Helper()
	directorytest.Must(s.CreateApplication(s.Context(), s.call(s.Owner), billing()))(s)
	return directorytest.Must(s.CreateRole(s.Context(), s.call(s.Owner), roles.NewRole{Name: "Clerk", Capabilities: authz.Set{
		Apps: appGrants("app:billing:invoice:2026-*|approve", "app:billing:invoice:2026-*|read", "app:billing:report|read"),
	}}))(s)
}

func appGrants(texts ...string) authz.AppGrants {
	var grants []authz.AppGrant
	for _, text := range texts {
		g, err := authz.ParseAppGrant(text)
		if err != nil {
			panic(err)
		}
		grants = append(grants, g)
	}
	return authz.AppGrantsOf(grants)
}

// vocabularyForm is the form of an application's page.
func vocabularyForm(name string, rows ...[3]string) url.Values {
	form := url.Values{"name": {name}}
	for _, row := range append(rows, [3]string{}) {
		form.Add("type", row[0])
		form.Add("actions", row[1])
		form.Add("instances", row[2])
	}
	return form
}

func TestApplicationIsCreatedDefinedAndDeleted(t *testing.T) {
	s := newSite(t)
	s.get(s.Owner, s.path("apps")).wants(t, http.StatusOK, "No applications yet", `data-key="l"`)
	s.post(s.Owner, s.path("apps/create"), url.Values{"name": {"Billing"}, "id": {"Not a slug"}}).
		wants(t, http.StatusUnprocessableEntity, `id="create-id-wrong"`, `value="Not a slug"`, `aria-labelledby="create-title" open`)
	here := s.post(s.Owner, s.path("apps/create"), url.Values{"name": {"Billing"}, "id": {"billing"}}).wants(t, http.StatusSeeOther).Header.Get("Location")
	if want := s.path("apps/billing"); here != want {
		t.Fatalf("creating leads to %s, want %s", here, want)
	}
	form := vocabularyForm("Billing", [3]string{"invoice", "read, approve", "yes"}, [3]string{"report", " read ", ""})
	s.post(s.Owner, here+"/save", form).wants(t, http.StatusSeeOther)
	app := directorytest.Must(s.GetApplication(t.Context(), s.call(s.Owner), "billing"))(t)
	if !app.Types.Equal(billing().Types) {
		t.Errorf("the application defines %+v", app.Types)
	}
	s.get(s.Owner, here).wants(t, http.StatusOK, `value="read approve"`, `value="invoice" aria-label="Type 1"`, `aria-label="Type 3"`)
	s.get(s.Owner, s.path("apps")).wants(t, http.StatusOK, "Billing", "this organization")
	s.post(s.Owner, here+"/delete", nil).wants(t, http.StatusSeeOther)
	s.get(s.Owner, here).wants(t, http.StatusNotFound)
}

func TestRefusedVocabularyKeepsWhatWasTyped(t *testing.T) {
	s := newSite(t)
	s.withBilling()
	for _, tt := range []struct{ typ, actions, says string }{
		{"", "read", "has no name"},
		{"invoice", "write", "two rows for &#34;invoice&#34;"},
		{"in voice", "read", "is not the name of a resource type"},
		{"page", "", "has 0 actions"},
	} {
		form := vocabularyForm("Changed", [3]string{"invoice", "read approve", "yes"}, [3]string{tt.typ, tt.actions, ""})
		p := s.post(s.Owner, s.path("apps/billing/save"), form)
		p.wants(t, http.StatusUnprocessableEntity, tt.says, `value="Changed"`, `value="`+tt.typ+`" aria-label="Type 2"`, `value="`+tt.actions+`" aria-label="Actions 2"`)
	}
	if app := directorytest.Must(s.GetApplication(t.Context(), s.call(s.Owner), "billing"))(t); app.Name != "Billing" {
		t.Errorf("a refused form renamed it to %s", app.Name)
	}
}

func TestLosersAreShownBeforeTheyLose(t *testing.T) {
	s := newSite(t)
	role := s.withBilling()
	s.add("Clara Clerk", "clara@example.com", string(role.ID))
	form := vocabularyForm("Billing", [3]string{"invoice", "read", "yes"}, [3]string{"report", "read", ""})
	here := s.path("apps/billing")
	s.post(s.Owner, here+"/preview", form, "HX-Request", "true").wants(t, http.StatusOK, "1 role and 0 API tokens hold or may give what would be removed.", "Clara Clerk", "invoice 2026-* of billing: approve").lacks(t, "<html", "Olivia")
	p := s.post(s.Owner, here+"/save", form).wants(t, http.StatusConflict, "1 role and 0 API tokens hold or may give what would be removed.", "Clara Clerk", "loses", "invoice 2026-* of billing: approve", `name="force" value="yes"`)
	p.wants(t, http.StatusConflict, `value="read" aria-label="Actions 1"`) // what was typed, to send once more
	held := func() authz.AppGrants {
		return directorytest.Must(s.GetRole(t.Context(), s.call(s.Owner), role.ID))(t).Capabilities.Apps
	}
	if held().Len() != 3 {
		t.Fatalf("without force, the role has %v left", held())
	}
	form.Set("force", "yes")
	s.post(s.Owner, here+"/save", form).wants(t, http.StatusSeeOther)
	if want := appGrants("app:billing:invoice:2026-*|read", "app:billing:report|read"); !held().Equal(want) {
		t.Errorf("with force, the role has %v left", held())
	}
	s.post(s.Owner, here+"/delete", nil).wants(t, http.StatusConflict, "Clara Clerk", "invoice 2026-* of billing: read", "Take them and delete Billing")
	s.post(s.Owner, here+"/delete", url.Values{"force": {"yes"}}).wants(t, http.StatusSeeOther)
	if !held().Empty() {
		t.Errorf("after the application was deleted, the role has %v", held())
	}
}

func TestCredentialIsShownOnceAndTwoAtATime(t *testing.T) {
	s := newSite(t)
	s.withBilling()
	here := s.path("apps/billing")
	p := s.post(s.Owner, here+"/credential", nil).wants(t, http.StatusOK, "xaap-", `data-copy="#secret"`)
	_, rest, _ := strings.Cut(p.Body, `value="xaap-`)
	secret, _, _ := strings.Cut(rest, `"`)
	s.get(s.Owner, here).wants(t, http.StatusOK, ">never<", "by "+s.Owner.Name, "New credential").lacks(t, secret)
	directorytest.Must(s.Authenticate(t.Context(), "xaap-"+secret, ""))(t)
	s.Pass(2 * time.Hour)
	s.get(s.Owner, here).wants(t, http.StatusOK, "2 hours ago")
	s.post(s.Owner, here+"/credential", nil).wants(t, http.StatusOK)
	s.get(s.Owner, here).wants(t, http.StatusOK, "as many as there may be").lacks(t, "New credential")
	s.post(s.Owner, here+"/credential", nil).wants(t, http.StatusConflict, "as many as it may have")
	list := directorytest.Must(s.ListCredentials(t.Context(), s.call(s.Owner), "billing"))(t)
	s.get(s.Owner, here+"?revoke="+string(list[0].ID)).wants(t, http.StatusOK, `aria-labelledby="revoke-`+string(list[0].ID)+`-title" open`)
	s.post(s.Owner, here+"/revoke", url.Values{"id": {string(list[0].ID)}}).wants(t, http.StatusSeeOther)
	if _, err := s.Authenticate(t.Context(), "xaap-"+secret, ""); directory.CodeOf(err) != directory.Unauthenticated {
		t.Errorf("the deleted credential gives %v", err)
	}
}

func TestCredentialNeedsAFreshSignIn(t *testing.T) {
	s := newSite(t)
	s.withBilling()
	cookie := sessionCookie + "=" + s.sign(s.Owner.Email)
	s.Pass(directory.FreshFor + time.Minute)
	s.post(directorytest.Member{}, s.path("apps/billing/credential"), nil, "Cookie", cookie).wants(t, http.StatusForbidden, "Sign in again in a new tab").lacks(t, "xaap-")
	if list := directorytest.Must(s.ListCredentials(t.Context(), s.call(s.Owner), "billing"))(t); len(list) != 0 {
		t.Errorf("there are %d credentials", len(list))
	}
}

func TestReadersSeeApplicationsWithoutButtons(t *testing.T) {
	s := newSite(t)
	role := s.withBilling()
	directorytest.Must(s.CreateCredential(t.Context(), s.call(s.Owner), "billing"))(t)
	auditor := directorytest.Must(s.CreateRole(t.Context(), s.call(s.Owner), roles.NewRole{Name: "Auditor", Capabilities: authz.Set{Org: grantsOf("rbac|read", "users|read")}}))(t)
	reader, nobody := s.member("Rea", "rea@example.com", string(auditor.ID)), s.member("Clara", "clara@example.com", string(role.ID))
	s.get(reader, s.path("apps")).wants(t, http.StatusOK, "Billing").lacks(t, "New application", "<dialog id=\"create\"")
	s.get(reader, s.path("apps/billing")).wants(t, http.StatusOK, "invoice", "approve", "Clerk").
		lacks(t, "New credential", `id="save"`, "/revoke", "/delete", ">Save<")
	for _, below := range []string{"apps", "apps/billing"} {
		s.get(nobody, s.path(below)).wants(t, http.StatusForbidden)
	}
	for _, post := range []string{"apps/create", "apps/billing/save", "apps/billing/delete", "apps/billing/credential", "apps/billing/revoke"} {
		for _, m := range []directorytest.Member{reader, nobody} {
			s.post(m, s.path(post), vocabularyForm("Mine", [3]string{"a", "b", ""})).wants(t, http.StatusForbidden)
		}
	}
	s.post(nobody, s.path("apps/billing/ask"), url.Values{"who": {"clara@example.com"}, "can": {"report|read"}}).wants(t, http.StatusForbidden)
}

func TestApplicationOfTheDeploymentIsReadOnly(t *testing.T) {
	s := newSite(t)
	in := billing()
	directorytest.Must(s.Apply(t.Context(), []applications.NewApplication{in}, applications.How{}))(t)
	s.get(s.Owner, s.path("apps")).wants(t, http.StatusOK, "the operator")
	s.get(s.Owner, s.path("apps/billing")).wants(t, http.StatusOK, "The operator of this server", "roster admin apps create-credential billing", "Check access").
		lacks(t, `id="save"`, "/delete", "New credential")
	for _, post := range []string{"save", "delete", "credential", "revoke"} {
		s.post(s.Owner, s.path("apps/billing/"+post), vocabularyForm("Mine")).wants(t, http.StatusForbidden, "belongs to the deployment")
	}
}

func TestQuestionIsAnsweredWithItsPaths(t *testing.T) {
	s := newSite(t)
	role := s.withBilling()
	clara := s.add("Clara", "clara@example.com", string(role.ID))
	bob := s.add("Bob", "bob@example.com", "none")
	gives, members := []directory.RoleID{role.ID}, []directory.UserID{bob.ID}
	directorytest.Must(s.CreateGroup(t.Context(), s.call(s.Owner), roles.NewGroup{Name: "Back office", Members: &members, Roles: &gives}))(t)
	token := directorytest.Must(s.CreateAPIToken(t.Context(), s.call(s.Owner), credentials.NewAPIToken{Name: "Export", Capabilities: authz.Set{Apps: appGrants("app:billing:report|read")}}))(t)
	ask := func(who, can, on string) page {
		t.Helper()
		p := s.post(s.Owner, s.path("apps/billing/ask"), url.Values{"who": {who}, "can": {can}, "on": {on}}).wants(t, http.StatusSeeOther)
		to := p.Header.Get("Location")
		if strings.Contains(to, "xaat-") || strings.Contains(to, "xapt-") {
			t.Errorf("the address %s has a secret", to)
		}
		path, _, _ := strings.Cut(to, "#")
		return s.get(s.Owner, path).wants(t, http.StatusOK)
	}
	yes, no := `class="answer good"`, `class="answer bad"`
	ask("Clara@example.com", "invoice|approve", "2026-7").wants(t, http.StatusOK, yes, "Clara</a> may <strong>approve</strong> invoice 2026-7", ">Clerk</a>")
	ask(string(clara.ID), "invoice|approve", "2025-7").wants(t, http.StatusOK, no, "may not <strong>approve</strong>", "No role or group of theirs gives it.")
	ask("bob@example.com", "report|read", "").wants(t, http.StatusOK, yes, "group <a", ">Back office</a>")
	ask("olivia@example.com", "invoice|read", "x").wants(t, http.StatusOK, yes, ">owner</a>")
	ask(string(token.ID), "report|read", "").wants(t, http.StatusOK, yes, "The token holds it itself.")
	ask(token.Secret, "invoice|read", "2026-7").wants(t, http.StatusOK, no, "Export", "The token does not hold it.")
	ask(s.Owner.Secret, "report|read", "").wants(t, http.StatusOK, yes, s.Owner.Name)
	directorytest.Must(s.UpdateUserStatus(t.Context(), s.call(s.Owner), clara.ID, directory.Suspended))(t)
	ask("clara@example.com", "report|read", "").wants(t, http.StatusOK, no, "They are suspended.")
	for _, tt := range []struct{ who, can, on, field string }{
		{"", "report|read", "", "ask-who-wrong"},
		{"nobody@example.com", "report|read", "", "ask-who-wrong"},
		{"usr_none", "report|read", "", "ask-who-wrong"},
		{"tok_none", "report|read", "", "ask-who-wrong"},
		{"xaat-unknown", "report|read", "", "ask-who-wrong"},
		{"bob@example.com", "report|write", "", "ask-can-wrong"},
		{"bob@example.com", "", "", "ask-can-wrong"},
		{"bob@example.com", "invoice|read", "", "ask-on-wrong"},
	} {
		form := url.Values{"who": {tt.who}, "can": {tt.can}, "on": {tt.on}}
		s.post(s.Owner, s.path("apps/billing/ask"), form).wants(t, http.StatusUnprocessableEntity, `id="`+tt.field+`"`).lacks(t, "xaat-", yes)
		if tt.can != "" {
			s.get(s.Owner, s.path("apps/billing?"+form.Encode())).wants(t, http.StatusOK, `id="`+tt.field+`"`).lacks(t, "xaat-", yes)
		}
	}
}

func TestHostileNamesInApplicationsAreText(t *testing.T) {
	for _, name := range hostile {
		s := newSite(t)
		in := billing()
		in.Name = name
		directorytest.Must(s.CreateApplication(t.Context(), s.call(s.Owner), in))(t)
		form := vocabularyForm(name, [3]string{name, name, name})
		form.Set("id", name)
		form.Set("who", name+"@")
		form.Set("can", name)
		form.Set("on", name)
		q := url.Values{"who": {name}, "can": {"invoice|read"}, "on": {name}, "app": {name}, "revoke": {name}}.Encode()
		owner := url.Values{"who": {s.Owner.Email}, "can": {"invoice|read"}, "on": {name}}.Encode()
		answered := s.get(s.Owner, s.path("apps/billing?"+owner)).wants(t, http.StatusOK, `class="answer good"`)
		pages := []page{answered, s.get(s.Owner, s.path("apps")), s.get(s.Owner, s.path("apps/billing?"+q)), s.get(s.Owner, s.path("roles")), s.get(s.Owner, s.path("new-token?"+q)), s.get(s.Owner, s.path("apps/"+url.PathEscape(name)))}
		for _, post := range []string{"apps/create", "apps/billing/save", "apps/billing/preview", "apps/billing/ask"} {
			pages = append(pages, s.post(s.Owner, s.path(post), form))
		}
		for _, p := range pages {
			if p.Status >= 500 || (strings.ContainsAny(name, `<"`) && strings.Contains(p.Body, name)) {
				t.Errorf("%q: status %d, or unescaped", name, p.Status)
			}
		}
	}
}

func TestOwnerDefinesAnApplicationInABrowser(t *testing.T) {
	b, s := browsertest.Start(t), newSite(t)
	b.SetCookie(s.URL, sessionCookie, s.sign(s.Owner.Email))
	b.Open(s.URL + s.path(""))
	b.Await(`document.readyState === "complete"`)
	b.Press("g")
	b.Press("l")
	b.Await(`document.readyState === "complete" && document.querySelector("h1")?.textContent === "Applications"`)
	b.Press("c")
	b.Await(`document.querySelector("#create").matches(":modal")`)
	browsertest.Eval[any](b, `document.querySelector("#create-name").value = ""`) // the protocol types the key although the page has prevented it
	b.Type("#create-name", "Billing & Dues")
	b.Await(`document.querySelector("#create-id").value === "billing-dues"`)
	browsertest.Eval[any](b, `document.querySelector("#create-id").value = ""`)
	b.Type("#create-id", "billing")
	browsertest.Eval[any](b, `document.querySelector("#create-name").value = ""`)
	b.Type("#create-name", "Billing\r") // which does not change an id that was typed
	b.Await(`document.readyState === "complete" && document.querySelector("h1")?.textContent === "Billing"`)
	b.Type(`[aria-label="Type 1"]`, "invoice")
	b.Type(`[aria-label="Actions 1"]`, "read approve")
	b.Type(`[aria-label="Type 2"]`, "report") // in the row that has appeared
	b.Type(`[aria-label="Actions 2"]`, "read")
	b.Await(`document.querySelectorAll("[data-grow]").length === 3`)
	browsertest.Eval[any](b, `(s => { s.value = "yes"; s.dispatchEvent(new Event("change", {bubbles: true})) })(document.querySelector('[aria-label="Given for 1"]'))`)
	b.AwaitText("Nobody’s access changes")
	b.Click(`#save .bar button`)
	b.AwaitText("The application was saved")
	b.Await(`document.readyState === "complete"`)
	b.Type("#ask-who", s.Owner.Email)
	b.Type("#ask-on", "2026-7\r")
	b.AwaitText("Yes.")
	b.Await(`document.readyState === "complete"`)
	b.Click(`form[action$="/credential"] button`)
	b.AwaitText("Copy the credential now")
	b.Await(`document.readyState === "complete"`)
	browsertest.Eval[any](b, `navigator.clipboard.writeText = text => { window.copied = text; return Promise.resolve() }`)
	b.Click(`[data-copy="#secret"]`)
	b.Await(`window.copied && window.copied.startsWith("xaap-")`)
	app := directorytest.Must(s.GetApplication(t.Context(), s.call(s.Owner), "billing"))(t)
	if !app.Types.Equal(billing().Types) {
		t.Errorf("the application defines %+v", app.Types)
	}
	for _, problem := range b.Problems() {
		t.Error(problem)
	}
}
