package directory_test

import (
	"strings"
	"testing"

	"github.com/rosterhq/roster/internal/credentials"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/members"
	"github.com/rosterhq/roster/internal/roles"
)

// names are what may and may not be the name of a user, role, group, token or
// organization, with what is kept.
var names = map[string]struct {
	in   string
	kept string // "" if refused
}{
	"plain":                       {"Jane Doe", "Jane Doe"},
	"one character":               {"J", "J"},
	"trimmed":                     {" \t\u00a0Jane\u3000\n", "Jane"},
	"spaces inside":               {"Jane  van  Doe", "Jane  van  Doe"},
	"letter case as given":        {"jANE", "jANE"},
	"any script":                  {"山田 太郎", "山田 太郎"},
	"right to left":               {"ישראל ישראלי", "ישראל ישראלי"},
	"combining marks":             {"Zoe\u0308", "Zoe\u0308"},
	"emoji":                       {"😀👍🏽🇩🇪", "😀👍🏽🇩🇪"},
	"joined emoji":                {"👩\u200d👩\u200d👧", ""},
	"an emoji's variation":        {"❤\ufe0f", ""},
	"a variation of an ideograph": {"葛\U000e0100", ""},
	"a Mongolian variation":       {"ᠠ\u180b", ""},
	"zero width space":            {"Ja\u200bne", ""},
	"zero width non-joiner":       {"Ja\u200cne", ""},
	"word joiner":                 {"Ja\u2060ne", ""},
	"byte order mark":             {"\ufeffJane", ""},
	"soft hyphen":                 {"Ja\u00adne", ""},
	"grapheme joiner":             {"Ja\u034fne", ""},
	"right-to-left override":      {"\u202eenaJ", ""},
	"right-to-left mark":          {"Jane\u200f", ""},
	"an isolate":                  {"\u2067Jane\u2069", ""},
	"a tag":                       {"Jane\U000e0041", ""},
	"Hangul filler":               {"\u3164", ""},
	"Hangul initial filler":       {"Jane\u115f", ""},
	"half-width Hangul filler":    {"Jane\uffa0", ""},
	"braille blank":               {"\u2800\u2800", ""},
	"a Khmer vowel without form":  {"ក\u17b4", ""},
	"markup":                      {`<b>"O'Neil" & Söhne\</b>`, `<b>"O'Neil" & Söhne\</b>`},
	"200 characters":              {strings.Repeat("é", 200), strings.Repeat("é", 200)},
	"200 characters and padding":  {" " + strings.Repeat("x", 200) + " ", strings.Repeat("x", 200)},
	"800 bytes of 4 each":         {strings.Repeat("😀", 200), strings.Repeat("😀", 200)},
	"201 characters":              {strings.Repeat("x", 201), ""},
	"empty":                       {"", ""},
	"only spaces":                 {" \u2003\t ", ""},
	"a line break":                {"Jane\nDoe", ""},
	"a tab":                       {"Jane\tDoe", ""},
	"NUL":                         {"Jane\x00", ""},
	"escape":                      {"Jane\x1b[31m", ""},
	"delete":                      {"Jane\x7f", ""},
	"a C1 control":                {"Jane\u0090Doe", ""},
	"next line":                   {"Jane\u0085Doe", ""},
	"a line separator":            {"Jane\u2028Doe", ""},
	"a paragraph separator":       {"Jane\u2029Doe", ""},
	"invalid UTF-8":               {"Jane\xff", ""},
	"a lone surrogate":            {"Jane\xed\xa0\x80", ""},
	"an overlong slash":           {"Jane\xc0\xaf", ""},
}

// Every entity with a name has the same rule for it.
func TestNamesFollowOneRule(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	user := w.Join("Jane", "user")
	makers := map[string]func(name string) (kept string, err error){
		"createUser": func(name string) (string, error) {
			w.Pass(1)
			u, err := w.CreateUser(t.Context(), w.ByOwner(), members.NewUser{Name: name, Email: "x@example.com", Role: "user"})
			if err == nil {
				err = w.RemoveUser(t.Context(), w.ByOwner(), u.ID)
			}
			return u.Name, err
		},
		"updateSelf": func(name string) (string, error) {
			u, err := w.UpdateSelf(t.Context(), w.By(user), members.SelfUpdate{Name: &name})
			return u.Name, err
		},
		"createRole": func(name string) (string, error) {
			r, err := w.CreateRole(t.Context(), w.ByOwner(), roles.NewRole{Name: name})
			if err == nil {
				err = w.DeleteRole(t.Context(), w.ByOwner(), r.ID)
			}
			return r.Name, err
		},
		"createGroup": func(name string) (string, error) {
			g, err := w.CreateGroup(t.Context(), w.ByOwner(), roles.NewGroup{Name: name})
			if err == nil {
				err = w.DeleteGroup(t.Context(), w.ByOwner(), g.ID)
			}
			return g.Name, err
		},
		"createAPIToken": func(name string) (string, error) {
			a, err := w.CreateAPIToken(t.Context(), w.ByOwner(), credentials.NewAPIToken{Name: name})
			return a.Name, err
		},
		"createPersonalToken": func(name string) (string, error) {
			p, err := w.CreatePersonalToken(t.Context(), w.By(user), credentials.NewPersonalToken{Name: name})
			return p.Name, err
		},
		"createOrg": func(name string) (string, error) {
			m, err := w.CreateOrg(t.Context(), w.ByOwner(), name)
			return m.Org.Name, err
		},
		"updateOrg": func(name string) (string, error) {
			m, err := w.UpdateOrg(t.Context(), w.ByOwner(), w.Org.ID, name)
			return m.Org.Name, err
		},
	}
	for maker, make := range makers {
		for what, tt := range names {
			if tt.kept == "" {
				w.Refused(maker+": "+what, directory.Invalid, "name", func() error {
					_, err := make(tt.in)
					return err
				})
				continue
			}
			kept, err := make(tt.in)
			w.Wants(maker+": "+what, "", err)
			if kept != tt.kept {
				t.Errorf("%s: %s: %q is kept as %q, want %q", maker, what, tt.in, kept, tt.kept)
			}
		}
	}
}

func TestDescriptions(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for what, tt := range map[string]struct {
		in, kept string
		refused  bool
	}{
		"nothing":         {"", "", false},
		"spaces":          {" \n ", "", false},
		"lines and tabs":  {" one\r\n\ttwo ", "one\r\n\ttwo", false},
		"2000 characters": {strings.Repeat("é", 2000), strings.Repeat("é", 2000), false},
		"2001 characters": {strings.Repeat("é", 2001), "", true},
		"NUL":             {"a\x00b", "", true},
		"escape":          {"\x1b]0;title\a", "", true},
		"line separator":  {"a\u2028b", "", true},
		"invalid UTF-8":   {"\xff", "", true},
		"zero width":      {"a\u200bb", "", true},
		"direction":       {"a\n\u202eb", "", true},
	} {
		create := func() error {
			r, err := w.CreateRole(t.Context(), w.ByOwner(), roles.NewRole{Name: what, Description: tt.in})
			if err == nil && r.Description != tt.kept {
				t.Errorf("%s: %q is kept as %q", what, tt.in, r.Description)
			}
			return err
		}
		if tt.refused {
			w.Refused(what, directory.Invalid, "description", create)
		} else {
			w.Wants(what, "", create())
		}
	}
}

func TestEmails(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	long := strings.Repeat("a", 64) + "@" + strings.Repeat(strings.Repeat("b", 60)+".", 3) + "com"
	exactly := func(n int) string { return strings.Repeat("b", n-len(long)) + long }
	for what, tt := range map[string]struct {
		email string
		ok    bool
	}{
		"plain":               {"jane.doe@example.com", true},
		"letter case":         {"Jane.DOE@Example.COM", true},
		"plus":                {"jane+tag@example.com", true},
		"odd atoms":           {"o'neil!#$%&*/=?^_`{|}~-@example.com", true},
		"one letter":          {"j@e", true},
		"subdomains":          {"j@a.b.c.example.co.uk", true},
		"other scripts":       {"ズ@例え.jp", true},
		"254 bytes":           {exactly(254), true},
		"255 bytes":           {exactly(255), false},
		"254 with accents":    {"é" + exactly(252), true},
		"255 with accents":    {"é" + exactly(253), false},
		"empty":               {"", false},
		"no at":               {"jane.example.com", false},
		"two ats":             {"jane@doe@example.com", false},
		"no local part":       {"@example.com", false},
		"no domain":           {"jane@", false},
		"spaces around":       {" jane@example.com ", false},
		"space inside":        {"jane doe@example.com", false},
		"space after at":      {"jane@ example.com", false},
		"no-break space":      {"jane\u00a0doe@example.com", false},
		"display name":        {"Jane <jane@example.com>", false},
		"angle brackets":      {"<jane@example.com>", false},
		"comment":             {"jane@example.com (Jane)", false},
		"comment inside":      {"jane(x)@example.com", false},
		"quoted":              {`"jane"@example.com`, false},
		"quoted with space":   {`"jane doe"@example.com`, false},
		"list":                {"jane@example.com,john@example.com", false},
		"list of semicolons":  {"jane@example.com;john@example.com", false},
		"group":               {"friends: jane@example.com;", false},
		"mailto":              {"mailto:jane@example.com", false},
		"dot at the end":      {"jane.@example.com", false},
		"dot at the start":    {".jane@example.com", false},
		"two dots":            {"jane..doe@example.com", false},
		"header injection":    {"jane@example.com\r\nBcc: all@example.com", false},
		"line break":          {"jane@example.com\n", false},
		"NUL":                 {"jane\x00@example.com", false},
		"delete":              {"jane\x7f@example.com", false},
		"line separator":      {"jane\u2028@example.com", false},
		"invalid UTF-8":       {"jane\xff@example.com", false},
		"encoded word":        {"=?utf-8?q?jane?=@example.com", true}, // an atom like any other
		"route":               {"<@a,@b:jane@example.com>", false},
		"tab":                 {"jane\t@example.com", false},
		"folding white space": {"jane@\r\n example.com", false},
	} {
		create := func() error {
			w.Pass(1)
			u, err := w.CreateUser(t.Context(), w.ByOwner(), members.NewUser{Name: "Jane", Email: tt.email, Role: "user"})
			if err != nil {
				return err
			}
			if u.Email != tt.email || w.User(u.ID).Email != tt.email {
				t.Errorf("%s: %q is kept as %q", what, tt.email, u.Email)
			}
			return w.RemoveUser(t.Context(), w.ByOwner(), u.ID)
		}
		if tt.ok {
			w.Wants(what, "", create())
		} else {
			w.Refused(what, directory.Invalid, "email", create)
		}
	}
}

// An address is one address however its letters are written, in any script.
func TestEmailLetterCase(t *testing.T) {
	t.Parallel()
	for _, same := range [][]string{
		{"jane@example.com", "JANE@EXAMPLE.COM", "Jane@example.Com"},
		{"sam@example.com", "ſam@example.com", "SAM@example.com"}, // U+017F, the long s
		{"kim@example.com", "\u212aim@example.com", "KIM@example.com"},
		{"x@k.example", "x@\u212a.example"},
		{"σίσυφος@example.com", "ΣΊΣΥΦΟΣ@example.com", "σίσυφοσ@example.com"},
		{"å@example.com", "Å@example.com", "\u212b@example.com"},
		{"ǆ@example.com", "ǅ@example.com", "Ǆ@example.com"},
	} {
		w := newWorld(t)
		must(w.CreateUser(t.Context(), w.ByOwner(), members.NewUser{Name: "X", Email: same[0], Role: "user"}))(t)
		for _, spelling := range same {
			w.Refused(spelling, directory.Conflict, "email", func() error {
				_, err := w.CreateUser(t.Context(), w.ByOwner(), members.NewUser{Name: "X", Email: spelling, Role: "user"})
				return err
			})
			var found listed
			must(w.ListUsers(t.Context(), w.ByOwner(), members.UserFilter{Email: spelling}, &found))(t)
			if len(found.Users) != 1 || found.Users[0].Email != same[0] {
				t.Errorf("by %q found %v, want the one kept as %q", spelling, found.Users, same[0])
			}
			must(w.CreatePersonalTokenFor(t.Context(), spelling, credentials.NewPersonalToken{Name: "t"}))(t)
		}
	}
	w := newWorld(t)
	for _, differ := range []string{
		"ss@example.com", "ß@example.com", "i@example.com", "İ@example.com", "ı@example.com", "e\u0301@example.com", "é@example.com",
	} {
		_, err := w.CreateUser(t.Context(), w.ByOwner(), members.NewUser{Name: "X", Email: differ, Role: "user"})
		w.Wants(differ, "", err)
	}
}
