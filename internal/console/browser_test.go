package console_test

import (
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rosterhq/roster/internal/applications"
	"github.com/rosterhq/roster/internal/authz"
	"github.com/rosterhq/roster/internal/browsertest"
	"github.com/rosterhq/roster/internal/credentials"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/directorytest"
	"github.com/rosterhq/roster/internal/members"
	"github.com/rosterhq/roster/internal/roles"
	"github.com/rosterhq/roster/internal/schedules"
	"github.com/rosterhq/roster/internal/webhooks"
)

// sight is a page as the tests of all pages and the screenshots visit it.
type sight struct {
	name string
	path string                     // below the organization's, or from the root
	then func(*browsertest.Browser) // what is done on the page; nil: nothing
}

// sights are all pages of a site, with something on each.
func (s *site) sights() []sight {
	s.Helper()
	ctx, owner := s.Context(), s.Owner
	ada := s.member("Ada Lovelace", "ada@example.com", "admin")
	crew := []directory.UserID{ada.ID}
	for i, name := range []string{"Grace Hopper", "Barbara Liskov", "Edsger Dijkstra", "Tony Hoare", "Donald Knuth", "Frances Allen", "Niklaus Wirth", "Adele Goldberg", "John Backus", "Radia Perlman", "Ken Thompson", "Jean Bartik"} {
		s.Pass(7 * time.Hour)
		u := s.add(name, strings.ToLower(strings.ReplaceAll(name, " ", "."))+"@example.com", []string{"user", "read-only", "admin"}[i%3])
		if i%4 == 0 {
			crew = append(crew, u.ID)
		}
	}
	s.Pass(3 * time.Hour)
	role := directorytest.Must(s.CreateRole(ctx, s.call(owner), roles.NewRole{
		Name: "On call", Description: "Who may silence alarms at night", Capabilities: authz.Set{
			Org: grantsOf("monitors|read", "monitors|update", "users|read", "dashboards|read"), Datasets: map[string]authz.Grants{"production": authz.Dataset.All()},
		},
	}))(s)
	gives := []directory.RoleID{role.ID}
	group := directorytest.Must(s.CreateGroup(ctx, s.call(owner), roles.NewGroup{Name: "Operations", Description: "Keeps things running", Members: &crew, Roles: &gives}))(s)
	var token credentials.IssuedAPIToken
	for i, name := range []string{"Terraform", "Nightly export", "Okta provisioning", "Status page"} {
		in := credentials.NewAPIToken{Name: name, Capabilities: authz.Set{Org: grantsOf("users|read", "users|create")}}
		if i > 0 {
			in.ExpiresAt = s.Clock().Add(time.Duration(i) * 10 * 24 * time.Hour)
		}
		token = directorytest.Must(s.CreateAPIToken(ctx, s.call(owner), in))(s)
		if i < 3 {
			directorytest.Must(s.Authenticate(ctx, token.Secret, ""))(s)
		}
		s.Pass(20 * time.Minute)
	}
	refusal := directory.Errorf(directory.Forbidden, "missing permission users|delete")
	for i := range 7 {
		s.Pass(time.Duration(i) * 5 * time.Hour)
		if err := s.RecordRefusal(ctx, s.call(ada), directory.OpRemoveUser, directory.Target{Type: "user", ID: string(owner.ID), Name: owner.Name}, refusal); err != nil {
			s.Fatal(err)
		}
	}
	second := directorytest.Must(s.CreateOrg(ctx, s.call(owner), "Second"))(s)
	elsewhere := owner
	elsewhere.OrgID = second.Org.ID
	for _, name := range []string{"Alan Turing", "Margaret Hamilton"} {
		in := members.NewUser{Name: name, Email: strings.ToLower(strings.ReplaceAll(name, " ", ".")) + "@example.com", Role: "user"}
		directorytest.Must(s.CreateUser(ctx, s.call(elsewhere), in))(s) // so that they have accounts
		directorytest.Must(s.CreateUser(ctx, s.call(owner), in))(s)
	}
	hook := directorytest.Must(s.CreateWebhook(ctx, s.call(owner), webhooks.NewWebhook{Name: "Chat", URL: "https://chat.example.com/hooks/roster"}))(s)
	for _, domain := range []string{"acme.example", "example.com"} {
		s.post(owner, s.path("sign-in/domain"), url.Values{"domain": {domain}}).wants(s, http.StatusSeeOther)
	}
	domain := directorytest.Must(s.ListDomains(ctx, s.call(owner)))(s)[0]
	s.Publish(domain.RecordName(), domain.RecordValue())
	directorytest.Must(s.VerifyDomain(ctx, s.call(owner), domain.Name))(s)
	issuer := s.issuer()
	s.post(owner, issuer+"/groups", url.Values{"groupsClaim": {"groups"}, "value": {"operations"}, "group": {string(group.ID)}}).wants(s, http.StatusSeeOther)
	s.heldDirectory(second.Org.ID)
	app := s.applications(crew)
	s.plan(ada.ID)
	staging := directorytest.Must(s.CreateOrg(ctx, s.call(owner), "Staging"))(s)
	s.seal()
	return []sight{
		{"organizations", "/console/", nil},
		{"overview", "", nil},
		{"users", "users", nil},
		{"users-search", "users?q=nobody", nil},
		{"invite", "users?invite", nil},
		{"import", "users/import", previewImport},
		{"invitations", "invitations", nil},
		{"user", "users/" + string(ada.ID), nil},
		{"remove", "users/" + string(ada.ID) + "/remove", nil},
		{"roles", "roles", nil},
		{"role", "roles/" + string(role.ID), nil},
		{"role-built-in", "roles/admin", nil},
		{"groups", "groups", nil},
		{"apps", "apps", nil},
		{"new-app", "apps?create", nil},
		{"app", app, nil},
		{"app-losers", "apps/billing", takeOutAnAction},
		{"app-of-deployment", "apps/wiki", nil},
		{"role-in-apps", "roles/" + string(s.clerk), showApps},
		{"group", "groups/" + string(group.ID), nil},
		{"tokens", "tokens", nil},
		{"new-token", "new-token?preset=provisioning", nil},
		{"token", "tokens/" + string(token.ID), nil},
		{"webhooks", "webhooks", nil},
		{"webhook", "webhooks/" + string(hook.ID), nil},
		{"audit", "audit", nil},
		{"entry", "audit/16", nil},
		{"sign-in", "sign-in", nil},
		{"new-issuer", "sign-in?issuer", nil},
		{"issuer", strings.TrimPrefix(issuer, s.path("")), nil},
		{"domain", "sign-in/domains/example.com", nil},
		{"sync", "/console/" + string(second.Org.ID) + "/sync", nil},
		{"sync-new", "sync", nil},
		{"sync-token", "/console/" + string(staging.Org.ID) + "/sync", setUpSync},
		{"settings", "settings", nil},
		{"profile", "profile", nil},
		{"not-found", "nothing", nil},
	}
}

// applications adds two applications, one of the deployment, and a role that gives some of
// them. It returns a question about one of the members as the path of a page.
func (s *site) applications(crew []directory.UserID) string {
	s.Helper()
	ctx, owner := s.Context(), s.call(s.Owner)
	directorytest.Must(s.Apply(ctx, []applications.NewApplication{{ID: "wiki", Name: "Company wiki", Types: authz.AppTypes{
		"page": {Actions: []string{"read", "write", "publish"}, Instances: true}, "settings": {Actions: []string{"change"}},
	}}}, applications.How{}))(s)
	s.clerk = s.withBilling().ID
	gives := []directory.RoleID{s.clerk}
	directorytest.Must(s.CreateGroup(ctx, owner, roles.NewGroup{Name: "Back office", Members: &crew, Roles: &gives}))(s)
	c := directorytest.Must(s.CreateCredential(ctx, owner, "billing"))(s)
	directorytest.Must(s.Authenticate(ctx, c.Secret, ""))(s)
	s.Pass(3 * time.Minute)
	return "apps/billing?who=ada%40example.com&can=invoice%7Capprove&on=2026-0042"
}

// plan plans changes of a user.
func (s *site) plan(id directory.UserID) {
	s.Helper()
	ctx, owner, now := s.Context(), s.call(s.Owner), s.Clock()
	directorytest.Must(s.UpdateSchedule(ctx, owner, id, directory.ScheduledRemoval, schedules.NewSchedule{At: now.AddDate(0, 0, 30), Revoke: directory.Revocation{Tokens: true}}))(s)
	directorytest.Must(s.UpdateTemporaryRole(ctx, owner, id, schedules.NewTemporaryRole{Role: s.clerk, Until: now.AddDate(0, 0, 3)}))(s)
}

// showApps shows the part of a role that is about applications.
func showApps(b *browsertest.Browser) {
	b.Helper()
	browsertest.Eval[bool](b, `(document.querySelector(".apps").closest("details").scrollIntoView({block: "center"}), true)`)
}

// takeOutAnAction saves a vocabulary without an action that a role gives.
func takeOutAnAction(b *browsertest.Browser) {
	b.Helper()
	browsertest.Eval[any](b, `document.querySelector('[aria-label="Actions 1"]').value = "read"`)
	b.Click("#save .bar button")
	b.AwaitText("Roles or tokens hold what you take out")
	b.Await(`document.readyState === "complete"`)
	browsertest.Eval[bool](b, `(document.querySelector(".held").scrollIntoView({block: "center"}), true)`)
}

// setUpSync sets up a token for a directory.
func setUpSync(b *browsertest.Browser) {
	b.Helper()
	b.Click(`[data-open="token"]`)
	b.Type("#token-name", "Okta\r")
	b.AwaitText("Okta was created")
	browsertest.Eval[bool](b, `(document.querySelector("#secret").value = "xaat-00000000-0000-0000-0000-000000000000", true)`)
}

// previewImport previews a list with somebody who is there and a line that is refused.
func previewImport(b *browsertest.Browser) {
	b.Helper()
	b.Type("#text", "Alonzo Church <alonzo@example.com>\nkathleen@example.com\nada@example.com\nKurt Gödel\n")
	b.Click("[data-import] button")
	b.AwaitText("Add 2 users")
	browsertest.Eval[bool](b, `(scrollTo(0, 0), true)`)
}

func grantsOf(pairs ...string) (all authz.Grants) {
	for _, text := range pairs {
		p, err := authz.Org.ParsePair(text)
		if err != nil {
			panic(err)
		}
		g, _ := authz.Org.Grant(p)
		all |= g
	}
	return all
}

// screens are what pages are looked at on.
var screens = []struct {
	name          string
	width, height int64
	dark, axe     bool
}{
	{"wide", 1280, 800, false, true}, {"wide-dark", 1280, 800, true, false}, {"phone", 390, 844, false, false}, {"phone-dark", 390, 844, true, true},
}

// TestPagesInABrowser holds every page to what all pages promise. With
// ROSTER_SCREENSHOTS it also takes a picture of each into that directory.
func TestPagesInABrowser(t *testing.T) {
	b := browsertest.Start(t)
	s := newSite(t)
	pictures := os.Getenv("ROSTER_SCREENSHOTS")
	sights := s.sights()
	b.SetCookie(s.URL, sessionCookie, s.sign(s.Owner.Email))
	for _, screen := range screens {
		b.Size(screen.width, screen.height)
		b.Dark(screen.dark)
		for _, page := range sights {
			path := page.path
			if !strings.HasPrefix(path, "/") {
				path = s.path(path)
			}
			b.Open(s.URL + path)
			b.Await(`document.readyState === "complete" && !document.querySelector(".htmx-request")`)
			if page.then != nil {
				page.then(b)
			}
			what := page.name + " (" + screen.name + ")"
			if over := b.Overflow(); over > 0 {
				t.Errorf("%s is %d px wider than the screen", what, over)
			}
			if screen.axe { // both widths and both color schemes, and it takes a second
				for _, found := range b.Axe() {
					t.Errorf("%s: axe: %s", what, found)
				}
			}
			for _, problem := range b.Problems() {
				t.Errorf("%s: %s", what, problem)
			}
			if pictures != "" && (screen.axe || page.name == "users") {
				b.Screenshot(filepath.Join(pictures, page.name+"-"+screen.name+".png"))
			}
		}
	}
}
