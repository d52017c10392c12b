package console_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/rosterhq/roster/internal/authz"
	"github.com/rosterhq/roster/internal/browsertest"
	"github.com/rosterhq/roster/internal/credentials"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/directorytest"
	"github.com/rosterhq/roster/internal/members"
	"github.com/rosterhq/roster/internal/roles"
	"github.com/rosterhq/roster/internal/webhooks"
)

// hostile are names that would run a script or break a page if they got into it unescaped.
var hostile = []string{
	`<script>alert(1)</script>`,
	`"><img src=x onerror=alert(2)>`,
	`' onmouseover='alert(3)`,
	`javascript:alert(4)//`,
	`</title></style></textarea></select><svg onload=alert(5)>`,
	`{{.Me}} {{alert 6}}`,
	`<div hx-get="/console/" hx-trigger="load">`,
	`<!--`,
}

// haunt gives everything in an organization that has a name a hostile one, and returns
// every page's path.
func (s *site) haunt(name string) []string {
	s.Helper()
	ctx, owner := s.Context(), s.call(s.Owner)
	u := s.add(name, "victim@example.com", "user")
	joined := []directory.UserID{u.ID}
	role := directorytest.Must(s.CreateRole(ctx, owner, roles.NewRole{
		Name: name, Description: name, Capabilities: authz.Set{Datasets: map[string]authz.Grants{"*": authz.Dataset.All()}},
	}))(s)
	gives := []directory.RoleID{role.ID}
	group := directorytest.Must(s.CreateGroup(ctx, owner, roles.NewGroup{Name: name, Description: name, Members: &joined, Roles: &gives}))(s)
	token := directorytest.Must(s.CreateAPIToken(ctx, owner, credentials.NewAPIToken{Name: name, Description: name}))(s)
	directorytest.Must(s.CreatePersonalToken(ctx, owner, credentials.NewPersonalToken{Name: name}))(s)
	directorytest.Must(s.UpdateOrg(ctx, owner, s.Org.ID, name))(s)
	directorytest.Must(s.UpdateSelf(ctx, owner, members.SelfUpdate{Name: &name}))(s)
	hook := directorytest.Must(s.CreateWebhook(ctx, owner, webhooks.NewWebhook{
		Name: name, Description: name, URL: "https://example.com/" + url.PathEscape(name) + "?<script>alert(1)</script>",
	}))(s)
	app := billing()
	app.Name = name
	directorytest.Must(s.CreateApplication(ctx, owner, app))(s)
	q := url.QueryEscape(name)
	paths := []string{"/console/"}
	for _, below := range []string{
		"", "pictures", "switcher", "users", "users?q=" + q, "users?role=" + q, "users?at=" + q, "users/" + string(u.ID), "users/" + string(u.ID) + "/remove",
		"users/" + q, "invitations", "roles", "roles/" + string(role.ID), "roles/" + string(role.ID) + "?scope=dataset&name=" + q, "groups", "groups/" + string(group.ID),
		"groups/" + string(group.ID) + "/candidates?q=victim", "tokens", "tokens/" + string(token.ID), "new-token?preset=" + q, "new-token?scope=view&name=" + q, "audit",
		"audit?action=" + q, "audit?actor=" + q + "&target=" + q + "&outcome=" + q, "audit?target=" + string(u.ID), "audit/3", "audit/" + q, "settings", "profile",
		"apps", "apps/billing", "apps/billing?can=invoice%7Cread&who=victim%40example.com&on=" + q, "apps/billing?can=report%7Cread&who=" + q, "apps/" + q,
		"sync", "webhooks", "webhooks/" + string(hook.ID), "webhooks/" + string(hook.ID) + "?state=" + q,
		"nothing/" + q,
	} {
		paths = append(paths, s.path(below))
	}
	return paths
}

func TestHostileNamesAreTextInEveryPage(t *testing.T) {
	for _, name := range hostile {
		s := newSite(t)
		for _, path := range s.haunt(name) {
			p := s.get(s.Owner, path)
			if p.Status >= 500 {
				t.Errorf("%s: status %d", path, p.Status)
			}
			if strings.ContainsAny(name, `<'"`) && strings.Contains(p.Body, name) {
				t.Errorf("%s has %q unescaped", path, name)
			}
			for _, markup := range []string{"<img", "<svg onload", `href="javascript`} {
				if strings.Contains(p.Body, markup) {
					t.Errorf("%s has the markup %s", path, markup)
				}
			}
		}
	}
}

// A form that is refused shows again what was typed.
func TestHostileInputIsTextWhereItIsRefused(t *testing.T) {
	s := newSite(t)
	long := strings.Repeat("x", 300)
	for _, name := range hostile {
		form := url.Values{
			"name": {name + long}, "email": {name}, "description": {name}, "role": {name}, "like": {name}, "roles": {name}, "user": {name}, "networks": {name},
			"days": {name}, "grace": {name}, "can": {name}, "can:dataset:" + name: {name}, "maxTokenLifetimeSeconds": {name}, "id": {name}, "org": {name},
		}
		for _, below := range []string{
			"users/invite", "roles/create", "roles/admin/save", "roles/admin/preview", "groups/create", "new-token/create", "settings/rename", "settings/tokens",
			"settings/retention", "profile/rename", "profile/token", "profile/revoke", "users/" + string(s.Owner.ID) + "/role",
		} {
			p := s.post(s.Owner, s.path(below), form)
			if p.Status < 200 || p.Status >= 500 || p.Status == http.StatusSeeOther {
				t.Errorf("%s: status %d", below, p.Status)
			}
			if strings.ContainsAny(name, `<"`) && strings.Contains(p.Body, name) {
				t.Errorf("%s has %q unescaped", below, name)
			}
		}
	}
}

// A browser may interpret a page differently than its text suggests.
func TestHostileNamesRunNothingInABrowser(t *testing.T) {
	b := browsertest.Start(t)
	s := newSite(t)
	paths := s.haunt(strings.Join(hostile[:2], "") + `<b id="in">`)
	b.SetCookie(s.URL, sessionCookie, s.sign(s.Owner.Email))
	for _, path := range paths {
		b.Open(s.URL + path)
		b.Await(`document.readyState === "complete" && !document.querySelector(".htmx-request")`)
		if browsertest.Eval[bool](b, `Boolean(document.querySelector("img, #in, script:not([src])"))`) {
			t.Errorf("%s: the browser made elements of a name", path)
		}
		for _, problem := range b.Problems() {
			t.Errorf("%s: %s", path, problem)
		}
	}
}

func TestANoteFromElsewhereCannotLeadAway(t *testing.T) {
	s := newSite(t)
	for _, undo := range []string{"https://evil.example/", "//evil.example/", "/v2/users", "../../signout", "javascript:alert(1)"} {
		cookie := "roster_note=" + noteValue(t, undo)
		p := s.get(s.Owner, s.path("users"), "Cookie", sessionCookie+"="+s.sign(s.Owner.Email)+"; "+cookie).wants(t, http.StatusOK, "hello")
		if _, rest, ok := strings.Cut(p.Body, `class="note"`); ok {
			note, _, _ := strings.Cut(rest, "</div>")
			_, action, _ := strings.Cut(note, `action="`)
			if action != "" && (!strings.HasPrefix(action, "/console/") || strings.Contains(action, "..")) {
				t.Errorf("undo %s became %s", undo, note)
			}
		}
	}
}
