package console

import (
	"io/fs"
	"strings"
	"testing"
)

// Browsers run nothing inline, so a template that needs it would not work.
func TestTemplatesHaveNothingInline(t *testing.T) {
	err := fs.WalkDir(templateFiles, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := templateFiles.ReadFile(path)
		for _, inline := range []string{"<style", " style=", " onclick=", " onchange=", "hx-on", "hx-vals='js:", "javascript:"} {
			if strings.Contains(string(b), inline) {
				t.Errorf("%s has %s", path, inline)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestEveryPageHasATemplateAndAPermission(t *testing.T) {
	menu := make(map[string]string)
	for _, p := range pages {
		if templates()[p.name] == nil {
			t.Errorf("templates/%s.html is missing", p.name)
		}
		for part := range p.parts {
			if templates()[p.name].Lookup(part) == nil {
				t.Errorf("templates/%s.html has no part %s", p.name, part)
			}
		}
		if p.menu != "" && menu[p.menu] != "" {
			t.Errorf("%s and %s have the same menu key", p.name, menu[p.menu])
		}
		menu[p.menu] = p.name
	}
}
