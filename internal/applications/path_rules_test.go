package applications_test

import (
	"strings"
	"testing"

	"github.com/rosterhq/roster/internal/applications"
	"github.com/rosterhq/roster/internal/authz"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/directorytest"
)

// shop has a table of paths.
func shop(rules ...directory.PathRule) applications.NewApplication {
	return applications.NewApplication{ID: "shop", Name: "Shop", Paths: &rules, Types: authz.AppTypes{
		"invoice": {Actions: []string{"read", "approve"}, Instances: true},
		"admin":   {Actions: []string{"use"}},
	}}
}

var shopRules = []directory.PathRule{
	{Path: "/invoices/{number}", Methods: []string{"GET"}, Require: "invoice:{number}|read"},
	{Path: "/invoices/{number}/approval", Methods: []string{"POST"}, Require: "invoice:{number}|approve"},
	{Path: "/invoices", Methods: []string{"GET"}, Require: "invoice:*|read"},
	{Path: "/Admin/*", Require: "admin|use"},
	{Path: "/archive/{year}/{number}", Require: "invoice:{number}|read"},
	{Path: "/done/", Require: "invoice:2026-*|read"},
	{Path: "/public/*", Methods: []string{"GET"}, Require: "invoice:public|read"},
}

// The first rule that matches a request's method and path says what it takes.
func TestRequiredFor(t *testing.T) {
	t.Parallel()
	w := directorytest.New(t)
	app := directorytest.Must(w.CreateApplication(t.Context(), w.ByOwner(), shop(shopRules...)))(t)
	if stored := directorytest.Must(w.GetApplication(t.Context(), w.ByOwner(), "shop"))(t); len(stored.Paths) != len(shopRules) {
		t.Fatalf("stored %+v", stored.Paths)
	}
	const no = ""
	for _, c := range []struct{ method, target, want string }{
		{"GET", "/invoices/2026-7", "invoice:2026-7|read"},
		{"HEAD", "/invoices/2026-7?x=/../admin", "invoice:2026-7|read"},
		{"POST", "/invoices/2026-7/approval", "invoice:2026-7|approve"},
		{"GET", "/invoices", "invoice:*|read"},
		{"DELETE", "/Admin/users/1", "admin|use"},
		{"GET", "/Admin", "admin|use"},
		{"GET", "/Admin/", "admin|use"},
		{"GET", "/archive/2026/a%20b", "invoice:a b|read"},
		{"GET", "/archive/2026/%C3%A9", "invoice:é|read"},
		{"GET", "/archive/2026/%61", "invoice:a|read"},
		{"GET", "/done/", "invoice:2026-*|read"},
		{"GET", "/public/", "invoice:public|read"},
		{"GET", "/public/a/b/c/", "invoice:public|read"},

		{"POST", "/invoices/2026-7", no},
		{"GET", "/invoices/2026-7/approval", no},
		{"GET", "/else", no},
		{"GET", "/", no},
		{"get", "/invoices/2026-7", no},
		{"TRACE", "/Admin/", no},
		{"", "/invoices/2026-7", no},
		// Some services would serve another path than this says.
		{"GET", "/public/../Admin/", no},
		{"GET", "/public/%2e%2e/Admin/", no},
		{"GET", "/public/.%2E/Admin/", no},
		{"GET", "/public/..%2fAdmin/", no},
		{"GET", "/public/..%5cAdmin/", no},
		{"GET", `/public/..\Admin/`, no},
		{"GET", "/public/%252e%252e/Admin/", no},
		{"GET", "/public//Admin", no},
		{"GET", "//public/a", no},
		{"GET", "/public/./a", no},
		{"GET", "/public/a;/../Admin", no},
		{"GET", "/public/a;jsessionid=1", no},
		{"GET", "/public/%3bx", no},
		{"GET", "/public/a%00b", no},
		{"GET", "/public/a%0d%0aHost:x", no},
		{"GET", "/public/a#b", no},
		{"GET", "/public/%23b", no},
		{"GET", "/public/%3fb", no},
		{"GET", "/public/a%2", no},
		{"GET", "/public/%zz", no},
		{"GET", "/public/%u002e", no},
		{"GET", "/public/\xc3\xa9", no},
		{"GET", "/public/%ff", no},
		{"GET", "/public/%C0%AE%C0%AE/Admin", no},
		{"GET", "/public/ a", no},
		{"GET", "http://example.com/public/a", no},
		{"GET", "public/a", no},
		{"GET", "*", no},
		{"GET", "", no},
		{"GET", "/public/" + strings.Repeat("a", 10_000), no},
		// Nor is a path that differs from a rule's by letter case or a slash at the end.
		{"GET", "/ADMIN/users", no},
		{"GET", "/admin", no},
		{"GET", "/Invoices", no},
		{"GET", "/invoices/", no},
		{"GET", "/invoices/2026-7/", no},
		{"GET", "/done", no},
		{"GET", "/done//", no},
	} {
		got, err := applications.RequiredFor(app, c.method, c.target)
		text := strings.TrimPrefix(got.String(), "app:shop:")
		if err != nil {
			text = no
		}
		if text != c.want {
			t.Errorf("%s %q takes %q (%v), want %q", c.method, c.target, text, err, c.want)
		}
	}
}

// A rule that is broad does not let through what an earlier one would refuse, but for its
// spelling.
func TestRequiredForAmbiguousBeforeBroad(t *testing.T) {
	t.Parallel()
	app := directory.Application{ID: "shop", Types: shop().Types, Paths: []directory.PathRule{
		{Path: "/admin/{page}", Require: "admin|use"}, {Path: "/*", Require: "invoice:public|read"},
	}}
	for target, want := range map[string]string{
		"/admin/x": "app:shop:admin|use", "/else": "app:shop:invoice:public|read", "/": "app:shop:invoice:public|read",
		"/ADMIN/x": "", "/admin/x/": "", "/Admin/X/": "",
	} {
		got, err := applications.RequiredFor(app, "GET", target)
		if (err != nil) != (want == "") || err == nil && got.String() != want {
			t.Errorf("%s: %s, %v, want %q", target, got, err, want)
		}
	}
}

// A table with a rule that means nothing is refused with the rule's number.
func TestPathsInvalid(t *testing.T) {
	t.Parallel()
	w := directorytest.New(t)
	for what, rule := range map[string]directory.PathRule{
		"no slash":                      {Path: "invoices", Require: "admin|use"},
		"no path":                       {Require: "admin|use"},
		"dots":                          {Path: "/a/../b", Require: "admin|use"},
		"an empty segment":              {Path: "/a//b", Require: "admin|use"},
		"an encoded segment":            {Path: "/a%20b", Require: "admin|use"},
		"a query":                       {Path: "/a?b", Require: "admin|use"},
		"a star inside":                 {Path: "/*/b", Require: "admin|use"},
		"a star in a segment":           {Path: "/a*", Require: "admin|use"},
		"a parameter in a segment":      {Path: "/{a}.pdf", Require: "admin|use"},
		"a parameter without a name":    {Path: "/{}", Require: "admin|use"},
		"a parameter twice":             {Path: "/{a}/{a}", Require: "admin|use"},
		"a long path":                   {Path: "/" + strings.Repeat("a", 256), Require: "admin|use"},
		"an unknown method":             {Path: "/a", Methods: []string{"TRACE"}, Require: "admin|use"},
		"a method twice":                {Path: "/a", Methods: []string{"GET", "GET"}, Require: "admin|use"},
		"nothing required":              {Path: "/a"},
		"an undefined action":           {Path: "/a", Require: "admin|delete"},
		"an undefined type":             {Path: "/a", Require: "ledger|read"},
		"no instance":                   {Path: "/a", Require: "invoice|read"},
		"an empty instance":             {Path: "/a", Require: "invoice:|read"},
		"an instance where none is":     {Path: "/{a}", Require: "admin:{a}|use"},
		"a parameter that is not there": {Path: "/{a}", Require: "invoice:{b}|read"},
	} {
		_, err := w.CreateApplication(t.Context(), w.ByOwner(), shop(shopRules[0], rule))
		if directory.CodeOf(err) != directory.Invalid || !strings.Contains(err.Error(), "rule 2") {
			t.Errorf("%s: %v", what, err)
		}
	}
	_, err := w.CreateApplication(t.Context(), w.ByOwner(), shop(make([]directory.PathRule, applications.MaxPaths+1)...))
	w.Wants("too many", directory.Invalid, err)
	// An action that a rule requires can't be removed.
	directorytest.Must(w.CreateApplication(t.Context(), w.ByOwner(), shop(shopRules...)))(t)
	less := shop()
	less.Paths, less.Types = nil, authz.AppTypes{"invoice": less.Types["invoice"]}
	_, err = w.UpdateApplication(t.Context(), w.ByOwner(), "shop", less, true)
	w.Wants("a type that a rule requires", directory.Invalid, err)
	kept := shop()
	kept.Paths, kept.Name = nil, "Renamed"
	if got := directorytest.Must(w.UpdateApplication(t.Context(), w.ByOwner(), "shop", kept, false))(t); len(got.Paths) != len(shopRules) {
		t.Errorf("the table is gone: %+v", got.Paths)
	}
	if got := directorytest.Must(w.UpdateApplication(t.Context(), w.ByOwner(), "shop", shop(), false))(t); len(got.Paths) != 0 {
		t.Errorf("the table stays: %+v", got.Paths)
	}
	wrong := directory.SubjectNames("phone")
	kept.Subjects = &wrong
	_, err = w.UpdateApplication(t.Context(), w.ByOwner(), "shop", kept, false)
	w.Wants("subjects", directory.Invalid, err)
	w.Wants("check", "", w.CheckLog(t.Context(), w.Org.ID))
}

// No path is read as another one: what a rule takes from a path is a whole segment of it,
// and no decision depends on how it is encoded.
func FuzzRequiredFor(f *testing.F) {
	for _, target := range []string{"/invoices/7", "/public/%2e%2e/Admin", "/archive/a/b%20c?d", "/Admin/x/"} {
		f.Add("GET", target)
	}
	app := directory.Application{ID: "shop", Types: shop().Types, Paths: shopRules}
	f.Fuzz(func(t *testing.T, method, target string) {
		got, err := applications.RequiredFor(app, method, target)
		if err != nil {
			return
		}
		path, _, _ := strings.Cut(target, "?")
		lower := strings.ToLower(path)
		for _, bad := range []string{"//", "%2f", "%5c", "%2e", "%25", "/./", "/../", `\`, ";", "#", "\x00"} {
			if strings.Contains(lower, bad) {
				t.Errorf("%s %q takes %s", method, target, got)
			}
		}
		if strings.Contains(string(got.On), "/") || !app.Defines(got) && got.On == "" {
			t.Errorf("%s %q takes %s", method, target, got)
		}
		if strings.HasPrefix(lower, "/admin") && got.Type != "admin" {
			t.Errorf("%s %q takes %s", method, target, got)
		}
	})
}

// A person who may edit roles can't open the paths that the table keeps from them.
func TestChangingPathsTakesWhatTheyRequire(t *testing.T) {
	t.Parallel()
	w := directorytest.New(t)
	directorytest.Must(w.CreateApplication(t.Context(), w.ByOwner(), shop(shopRules...)))(t)
	weak := w.Join("Weak", w.Role("Weak", "rbac|update", "rbac|delete", "rbac|create", "app:shop:admin|use", "app:shop:invoice:*|read").ID)
	strong := w.Join("Strong", w.Role("Strong", "rbac|update", "app:shop:admin|use", "app:shop:invoice:*|read", "app:shop:invoice:*|approve").ID)
	open := shop(append([]directory.PathRule{{Path: "/*", Require: "admin|use"}}, shopRules...)...)
	for what, in := range map[string]applications.NewApplication{"a rule in front": open, "no rules": shop(), "fewer": shop(shopRules[2:]...)} {
		_, err := w.UpdateApplication(t.Context(), w.By(weak), "shop", in, true)
		w.Wants(what, directory.Forbidden, err)
	}
	renamed := shop(shopRules...)
	renamed.Name = "Renamed"
	_, err := w.UpdateApplication(t.Context(), w.By(weak), "shop", renamed, false)
	w.Wants("the same rules", "", err)
	_, err = w.UpdateApplication(t.Context(), w.By(strong), "shop", open, false)
	w.Wants("by somebody who holds all", "", err)
}
