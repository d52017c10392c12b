package store

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// scoped are the tables whose rows belong to an organization.
var scoped = []string{
	"users", "roles", "user_groups", "group_members", "group_roles", "api_tokens", "entries", "provisions",
	"audit_tiles", "audit_checkpoints", "audit_retention", "webhooks", "webhook_deliveries", "org_settings", "mails",
	"domains", "issuers", "issuer_links", "token_uses", "session_ends", "profiles", "profile_emails", "profile_grams", "group_profiles", "unique_values",
	"provisioning_settings", "provisioning_state", "provisioning_losses", "schedules", "temporary_roles", "applications", "app_credentials",
}

// unscoped are the statements that look across organizations, and why they must.
var unscoped = map[string]string{
	"u.account_id = $1":              "an account's memberships are in all its organizations",
	"account_id = accounts.id":       "an account ends with its last membership, wherever that was",
	"FROM api_tokens WHERE hash":     "a secret is what tells the organization",
	"FROM provisions WHERE hash":     "a secret is what tells the organization",
	"WHERE remote_addr = $1":         "an address may provision so many",
	"provisions WHERE expires":       "the sweep ends what has expired anywhere",
	"api_tokens WHERE expires":       "the operator's metric counts all",
	"entries WHERE position > $1":    "followers read the whole log",
	"max(position), 0) FROM entries": "followers read the whole log",
	"SELECT org_id, max(position)":   "the sealer looks for logs with something new",
	"SELECT org_id, days":            "the sweep ends what is kept long enough anywhere",
	"INTO mails (position":           "a reservation names its organization, and is found by its entry",
	"u.email_key = $1 AND":           "an address is invited by any organization",
	"u.expires_at < $1":              "the sweep ends what has expired anywhere",
	"mails WHERE email_key":          "a recipient has a cap over all organizations",
	"mails WHERE position":           "the mailer follows the whole log",
	"mails WHERE reserved_at":        "the sweep forgets what was mailed long ago anywhere",
	"max(n), 0) AS BIGINT":           "the operator's metric looks for the organization that has the most",
	"temporary_roles WHERE until <=": "one leader ends what has ended anywhere",
	"schedules WHERE due_at > 0":     "one leader carries out what is due anywhere",
	"schedules WHERE failed_at > 0":  "the sweep forgets what failed long ago anywhere",
	"WHERE next_at > 0":              "one leader delivers what is due anywhere",
	"WHERE ended_at > 0":             "the sweep forgets what ended anywhere",
	"FROM domains WHERE domain":      "an address's domain is what tells the organization",
	"app_credentials WHERE hash":     "a secret is what tells the organization",
	"WHERE state = 'pending'":        "the operator's metric counts all",
}

var (
	inParentheses = regexp.MustCompile(`\([^()]*\)`)
	statement     = regexp.MustCompile(`^\s*(?:WITH|SELECT|INSERT|UPDATE|DELETE|FROM)\s`)
	tableNamed    = regexp.MustCompile(`(?:FROM|JOIN|INTO|UPDATE)\s+([a-z_]+)`)
	inOrg         = regexp.MustCompile(`WHERE (?:[a-z]\.)?org_id = \$\d|AND org_id = \$\d|WHERE [a-z_]+ = \$\d AND org_id|\(org_id, `)
)

// Organizations are independent: a statement names the one it is about, so that
// their rows can be spread over shards by it.
func TestStatementsNameTheirOrganization(t *testing.T) {
	t.Parallel()
	statements := sqlIn(t)
	used := make(map[string]bool)
	checked := 0
	for _, s := range statements {
		ofOrg := slices.ContainsFunc(tableNamed.FindAllStringSubmatch(s, -1), func(m []string) bool { return slices.Contains(scoped, m[1]) })
		if !ofOrg {
			continue
		}
		if !strings.Contains(outsideParentheses(s), "FROM ") && strings.HasPrefix(s, "SELECT ") {
			continue // columns, for a call that has the rest
		}
		checked++
		if inOrg.MatchString(s) {
			continue
		}
		excused := false
		for part := range unscoped {
			if strings.Contains(s, part) {
				used[part], excused = true, true
			}
		}
		if !excused {
			t.Errorf("no organization in: %s", s)
		}
	}
	if checked < 40 {
		t.Errorf("only %d statements were looked at", checked)
	}
	for part := range unscoped {
		if !used[part] {
			t.Errorf("no statement has %q any more", part)
		}
	}
}

// sqlIn gives the statements of the files that stand for an entity each, with
// what is put together at run time as far as it can be read.
func sqlIn(t *testing.T) (statements []string) {
	t.Helper()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	values := make(map[string]ast.Expr) // of constants
	reached := make(map[ast.Node]bool)  // literals that are read below
	reach := func(e ast.Expr) {
		ast.Inspect(e, func(n ast.Node) bool {
			if n != nil {
				reached[n] = true
			}
			return true
		})
	}
	var parsed []*ast.File
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") || strings.HasPrefix(name, "postgres") || strings.HasPrefix(name, "sqlite") || name == "copy.go" || name == "writermemo.go" {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		parsed = append(parsed, f)
		for _, decl := range f.Decls {
			if g, ok := decl.(*ast.GenDecl); ok && g.Tok == token.CONST {
				for _, spec := range g.Specs {
					v := spec.(*ast.ValueSpec)
					for i, value := range v.Values {
						values[v.Names[i].Name] = value
						reach(value)
					}
				}
			}
		}
	}
	consts := make(map[string]string)
	for range values { // a constant may consist of others, in any order
		for name, value := range values {
			consts[name] = text(value, consts)
		}
	}
	for _, s := range consts { // those that are whole; others are parts of statements below
		if statement.MatchString(s) && strings.Contains(outsideParentheses(s), " WHERE ") {
			statements = append(statements, strings.Join(strings.Fields(s), " "))
		}
	}
	for _, f := range parsed {
		ast.Inspect(f, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			for _, arg := range call.Args {
				s := strings.Join(strings.Fields(text(arg, consts)), " ")
				if statement.MatchString(s) {
					statements = append(statements, s)
				}
				reach(arg)
			}
			return true
		})
	}
	for _, f := range parsed {
		ast.Inspect(f, func(n ast.Node) bool {
			if l, ok := n.(*ast.BasicLit); ok && !reached[l] && statement.MatchString(text(l, nil)) {
				t.Errorf("put it where it is carried out, or in a constant, for this test to read: %s", l.Value)
			}
			return true
		})
	}
	return statements
}

// outsideParentheses is a statement without what it has in parentheses.
func outsideParentheses(s string) string {
	for was := ""; was != s; {
		was, s = s, inParentheses.ReplaceAllString(s, "")
	}
	return s
}

// text is what is known of an expression's value before the program runs.
func text(e ast.Expr, consts map[string]string) string {
	switch e := e.(type) {
	case *ast.BasicLit:
		s, _ := strconv.Unquote(e.Value)
		return s
	case *ast.Ident:
		if s, ok := consts[e.Name]; ok {
			return s
		}
		if e.Name == "where" { // every one begins with the organization
			return "WHERE u.org_id = $1"
		}
	case *ast.BinaryExpr:
		return text(e.X, consts) + text(e.Y, consts)
	}
	return ""
}
