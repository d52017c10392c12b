package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"

	"github.com/rosterhq/roster/internal/dbtest"
)

// guide is a page whose commands the tests run.
type guide struct {
	owner    string   // the address of the organization's owner, if not olivia@example.com
	noServer bool     // the page begins before there is a server
	postgres bool     // $POSTGRES and $POSTGRES2 are empty databases
	programs []string // that the page uses
	flags    []string // of roster serve
	commands int      // the least number of commands that run
}

// guides are all pages with commands. A page's commands run in order, in one shell, on a server of their
// own. Before them run those in testdata/guides/PAGE.sh, if there is such a file.
var guides = map[string]guide{
	"README.md":                      {owner: "owner@example.com", commands: 5},
	"docs/guide/applications.md":     {commands: 18},
	"docs/guide/as-of.md":            {commands: 5},
	"docs/guide/audit.md":            {commands: 19},
	"docs/guide/automation.md":       {commands: 12},
	"docs/guide/decisions.md":        {commands: 11},
	"docs/guide/import.md":           {commands: 3},
	"docs/guide/javascript.md":       {programs: []string{"node", "npm"}, commands: 5},
	"docs/guide/offboarding.md":      {commands: 11},
	"docs/guide/operations.md":       {noServer: true, commands: 9},
	"docs/guide/postgresql.md":       {noServer: true, postgres: true, commands: 9},
	"docs/guide/product.md":          {commands: 36},
	"docs/guide/proxies.md":          {programs: []string{"nginx", "caddy"}, flags: []string{"--trusted-proxies", "127.0.0.1/32"}, commands: 8},
	"docs/guide/python.md":           {programs: []string{"python3"}, commands: 3},
	"docs/guide/scim.md":             {commands: 4},
	"docs/guide/scim-entra.md":       {commands: 1},
	"docs/guide/scim-okta.md":        {commands: 1},
	"docs/guide/sign-in.md":          {commands: 8},
	"docs/guide/sign-in-oidc.md":     {commands: 1},
	"docs/guide/terraform.md":        {commands: 3},
	"docs/guide/tokens-and-roles.md": {flags: []string{"--allow-org-creation", "anybody"}, commands: 30},
	"docs/guide/tutorial.md":         {commands: 20},
	"docs/guide/webhooks.md":         {flags: []string{"--webhook-allow-http", "--webhook-allow-networks", "127.0.0.0/8"}, commands: 8},
}

// notRun is the number of commands that all guides together mark as not run by the tests.
const notRun = 12

// Every command in every guide works in its order, on a new server, and prints what the guide shows.
func TestGuides(t *testing.T) {
	t.Parallel()
	pages, err := filepath.Glob("../../docs/guide/*.md")
	if err != nil {
		t.Fatal(err)
	}
	marked := 0
	for _, file := range append(pages, "../../README.md") {
		name, page := strings.TrimPrefix(file, "../../"), readPage(t, file)
		for _, stray := range strays(page) {
			t.Errorf("%s:%s is in no console block, so no test runs it", name, stray)
		}
		steps := stepsOf(page)
		for _, s := range steps {
			if s.notRun != "" {
				t.Logf("%s:%d: not run, %s: %s", name, s.line, s.notRun, s.command)
				marked++
			}
		}
		g, listed := guides[name]
		if ran := slices.DeleteFunc(slices.Clone(steps), func(s step) bool { return s.command == "" || s.notRun != "" }); len(ran) < g.commands || len(ran) > 0 && !listed {
			t.Errorf("%s has %d commands, but guides says at least %d", name, len(ran), g.commands)
		}
		if listed {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				runGuide(t, g, strings.TrimSuffix(filepath.Base(name), ".md"), steps)
			})
		}
	}
	if marked != notRun {
		t.Errorf("the guides mark %d commands as not run, but notRun says %d", marked, notRun)
	}
}

// The examples in the introduction of the API description work, on a new server.
func TestAPIDescriptionExamples(t *testing.T) {
	t.Parallel()
	var api struct{ Info struct{ Description string } }
	if err := yaml.Unmarshal([]byte(readPage(t, "../../internal/httpapi/apidoc/openapi.yaml")), &api); err != nil {
		t.Fatal(err)
	}
	steps := stepsOf(api.Info.Description)
	if len(steps) < 8 {
		t.Fatalf("the description has only %d examples", len(steps))
	}
	runGuide(t, guide{}, "api", steps)
}

func runGuide(t *testing.T, g guide, name string, steps []step) {
	t.Helper()
	if g.postgres && testing.Short() {
		t.Skip("needs PostgreSQL")
	}
	for _, program := range g.programs {
		if _, err := exec.LookPath(program); err == nil {
			continue
		}
		if testing.Short() {
			t.Skipf("needs %s", program)
		}
		t.Fatalf("%s is missing: run the tests with `make test`, which installs it on Debian", program)
	}
	sh := newShell(t)
	if g.owner == "" {
		g.owner = "olivia@example.com"
	}
	if !g.noServer {
		sh.serve(t, g)
	}
	if g.postgres {
		sh.run(t, step{command: fmt.Sprintf("POSTGRES='%s' POSTGRES2='%s'", dbtest.Postgres(t), dbtest.Postgres(t))})
	}
	setup, err := os.ReadFile(filepath.Join("testdata", "guides", name+".sh"))
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(setup)) {
		if !strings.HasPrefix(line, "#") {
			sh.run(t, step{command: strings.TrimSuffix(line, "\n")})
		}
	}
	for _, s := range steps {
		switch {
		case s.notRun != "":
		case s.file != "":
			write(t, filepath.Join(sh.dir, s.file), []byte(sh.real(s.output)))
		default:
			sh.run(t, s)
		}
	}
}
