package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// step is a command in a guide, with the output that the guide shows; "" for none.
type step struct {
	line            int
	command, output string
}

// stepsOf returns the commands in a guide's console blocks, which begin with "$ ".
func stepsOf(t *testing.T, file string) (steps []step) {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	inside := false
	for i, line := range strings.Split(string(content), "\n") {
		command, isCommand := strings.CutPrefix(line, "$ ")
		switch {
		case strings.HasPrefix(line, "```"):
			inside = line == "```console"
		case inside && isCommand:
			steps = append(steps, step{line: i + 1, command: command})
		case inside && len(steps) > 0:
			steps[len(steps)-1].output += line + "\n"
		}
	}
	return steps
}

// changing are the parts of output that differ from run to run.
var changing = []struct{ pattern, name string }{
	{`\b(usr|tok|grp|role|acc)_[0-9a-z]{26}\b`, "${1}_ID"},
	{`\b(acme)-[0-9a-z]{4}\b`, "$1-SLUG"},
	{`\d{4}-\d{2}-\d{2}T[0-9:]{8}Z`, "TIME"},
	{`http://127\.0\.0\.1:\d+`, "URL"},
	{` +`, " "}, // columns are as wide as their contents
}

func settled(output string) string {
	for _, c := range changing {
		output = regexp.MustCompile(c.pattern).ReplaceAllString(output, c.name)
	}
	return output
}

// The commands of the tutorial work in their order, on a new server with only the owner's
// token, and print what the tutorial shows.
func TestTutorial(t *testing.T) {
	t.Parallel()
	dir, listen := t.TempDir(), freeAddr(t)
	database := "sqlite:" + filepath.Join(dir, "roster.db")
	out, err := exec.CommandContext(t.Context(), "roster", "init", "--database", database, "--org", "Acme",
		"--owner-name", "Olivia Owner", "--owner-email", "olivia@example.com", "--output", "json").Output()
	if err != nil {
		t.Fatal(err)
	}
	var made struct{ PersonalToken string }
	if err := json.Unmarshal(out, &made); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "owner.token"), []byte(made.PersonalToken+"\n"))
	start(t, nil, "roster", "serve", "--database", database, "--listen", listen, "--metrics-listen", "off")
	get(t, nil, "http://"+listen+"/readyz", nil)

	steps := stepsOf(t, "../../docs/guide/tutorial.md")
	if len(steps) < 20 {
		t.Fatalf("the tutorial has only %d commands", len(steps))
	}
	for _, s := range steps {
		cmd := exec.CommandContext(t.Context(), "sh", "-ec", s.command)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "ROSTER_URL=http://"+listen, "HOME="+dir, "XDG_CONFIG_HOME="+filepath.Join(dir, "config"))
		var errors strings.Builder
		cmd.Stderr = &errors
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("line %d: %s: %v\n%s", s.line, s.command, err, errors.String())
		}
		if got, want := settled(string(out)), settled(s.output); s.output != "" && got != want {
			t.Errorf("line %d: %s prints\n%swant\n%s", s.line, s.command, got, want)
		}
	}
}
