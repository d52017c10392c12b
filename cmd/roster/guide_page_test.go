package main

import (
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// step is a part of a guide that the tests act on: a command with the output that the guide
// shows, or a file that the guide shows whole.
type step struct {
	line    int
	command string
	output  string // "" if the guide shows none
	file    string // the name of a file to write instead, with the content in output
	endless bool   // the command runs until somebody stops it
	fails   bool   // the command exits with another code than 0
	notRun  string // why the tests don't run it
}

// How a block of a guide begins. The word after the language is not shown to readers:
//
//	```console              commands, each after "$ ", with their output
//	```console endless      commands that run until they are stopped
//	```console not run: …   commands that the tests can't run, with the reason
//	```sh                   commands without output, to copy as a whole
//	```sh fails             commands that fail
//	```js onboard.mjs       the file onboard.mjs
var fence = regexp.MustCompile("^( *)```([a-z]*) ?(.*)$")

// unseen matches a command that only the tests run, for what a reader does in time.
var unseen = regexp.MustCompile(`^<!-- run: (.*) -->$`)

// stepsOf returns what a page shows in its fenced blocks, in order.
func stepsOf(page string) (steps []step) {
	var indent, language, note string
	inside, continued := false, false
	for i, line := range strings.Split(page, "\n") {
		if m := unseen.FindStringSubmatch(line); m != nil {
			steps = append(steps, step{line: i + 1, command: m[1]})
		}
		if m := fence.FindStringSubmatch(line); m != nil {
			if inside = !inside; !inside {
				continue
			}
			indent, language, note = m[1], m[2], m[3]
			switch {
			case language == "sh":
				steps = append(steps, step{line: i + 1, fails: note == "fails"})
			case language != "console" && note != "":
				steps = append(steps, step{line: i + 1, file: note})
			}
			continue
		}
		if !inside {
			continue
		}
		line = strings.TrimPrefix(line, indent)
		command, isCommand := strings.CutPrefix(line, "$ ")
		switch {
		case language == "sh":
			steps[len(steps)-1].command += line + "\n"
		case language != "console":
			if note != "" {
				steps[len(steps)-1].output += line + "\n"
			}
		case isCommand:
			reason, _ := strings.CutPrefix(note, "not run: ")
			if reason == note {
				reason = ""
			}
			steps = append(steps, step{line: i + 1, command: command, endless: note == "endless", notRun: reason})
		case continued:
			steps[len(steps)-1].command += "\n" + line
		case len(steps) > 0:
			steps[len(steps)-1].output += line + "\n"
		}
		continued = language == "console" && (isCommand || continued) && strings.HasSuffix(line, `\`)
	}
	return steps
}

// strayCommand matches a line of an indented block, or of one without a language, that looks like a command.
var strayCommand = regexp.MustCompile(`^( {4,}|)(\$ )?(roster|curl|npm|node|terraform) [a-z-]`)

// strays returns the commands that a page shows outside the blocks that the tests run.
func strays(page string) (lines []string) {
	inside, language := false, ""
	for i, line := range strings.Split(page, "\n") {
		if m := fence.FindStringSubmatch(line); m != nil {
			inside, language = !inside, m[2]
			continue
		}
		shown := inside && language != "console" && language != "sh" || !inside && strings.HasPrefix(line, "    ")
		if shown && strayCommand.MatchString(line) {
			lines = append(lines, fmt.Sprintf("%d: %s", i+1, line))
		}
	}
	return lines
}

// bindings maps what a page shows for an id to the real one. The output of the first command that
// prints the id binds it; later commands and outputs must mean the same.
type bindings map[string]string

// apply puts the real ids into a command.
func (b bindings) apply(command string) string {
	var pairs []string
	for shown, actual := range b {
		pairs = append(pairs, shown, actual)
	}
	return strings.NewReplacer(pairs...).Replace(command)
}

// These parts of output differ from run to run. An id keeps its meaning on a page.
var (
	changing = regexp.MustCompile(idPattern +
		`|\d{4}-\d{2}-\d{2}T[0-9:]{8}(\.\d+)?Z` + // times
		`|http://127\.0\.0\.1:\d+|…| +`)
	someID    = regexp.MustCompile(idPattern)
	idPattern = `\b[a-z]{3,4}_[0-9a-z]{26}\b|\bacme-[0-9a-z]{4}\b`
)

// match reports whether a command printed what the page shows, and binds the ids that are new. "…" stands for
// any text of a line, and alone on a line for any lines. Columns may be wider or narrower.
func (b bindings) match(shown, printed string) bool {
	var pattern strings.Builder
	var ids []string
	shown = b.apply(strings.TrimRight(shown, "\n "))
	bound := slices.Collect(maps.Values(b))
	pattern.WriteString(`(?s)^`)
	rest := 0
	for _, at := range changing.FindAllStringIndex(shown, -1) {
		pattern.WriteString(regexp.QuoteMeta(shown[rest:at[0]]))
		part := shown[at[0]:at[1]]
		rest = at[1]
		alone := (at[0] == 0 || shown[at[0]-1] == '\n') && (at[1] == len(shown) || shown[at[1]] == '\n')
		switch {
		case part == "…" && alone:
			pattern.WriteString(`.*?`)
		case part == "…":
			pattern.WriteString(`[^\n]*?`)
		case part[0] == ' ':
			pattern.WriteString(` +`)
		case strings.HasPrefix(part, "http"):
			pattern.WriteString(`http://127\.0\.0\.1:\d+`)
		case !someID.MatchString(part):
			pattern.WriteString(`\d{4}-\d{2}-\d{2}T[0-9:]{8}(?:\.\d+)?Z`)
		case slices.Contains(bound, part):
			pattern.WriteString(regexp.QuoteMeta(part))
		default:
			ids = append(ids, part)
			at := strings.IndexAny(part, "_-") + 1
			fmt.Fprintf(&pattern, `(%s[0-9a-z]{%d})`, part[:at], len(part)-at)
		}
	}
	pattern.WriteString(regexp.QuoteMeta(shown[rest:]) + `\s*$`)
	trailing := regexp.MustCompile(` +\n`)
	m := regexp.MustCompile(pattern.String()).FindStringSubmatch(trailing.ReplaceAllString(printed, "\n"))
	if m == nil {
		return false
	}
	for i, id := range ids {
		if old := b[id]; old != "" && old != m[i+1] {
			return false // the page shows one id for two
		}
		b[id] = m[i+1]
	}
	return true
}

func TestStepsOfAPage(t *testing.T) {
	t.Parallel()
	const page = "Text\n\n```console\n$ roster a \\\n    --b\none\n$ roster c\n```\n1. In a list:\n\n   ```console not run: needs Okta\n   $ roster d\n   ```\n" +
		"```console endless\n$ roster e\n```\n```js f.mjs\ng\n```\n```go\nh\n```\n```sh\ncurl i \\\n  j\n```\n"
	want := []step{
		{line: 4, command: "roster a \\\n    --b", output: "one\n"},
		{line: 7, command: "roster c"},
		{line: 12, command: "roster d", notRun: "needs Okta"},
		{line: 15, command: "roster e", endless: true},
		{line: 17, file: "f.mjs", output: "g\n"},
		{line: 23, command: "curl i \\\n  j\n"},
	}
	if got := stepsOf(page); !slices.Equal(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	if got := strays(page + "    roster users list\n\n```\ncurl x\n```\n"); len(got) != 2 {
		t.Errorf("strays: %q", got)
	}
}

func TestShownOutputBindsIDs(t *testing.T) {
	t.Parallel()
	const shown, actual, other = "usr_06h0vnjsztj7hkbsde3twjgxxw", "usr_16h0vnjsztj7hkbsde3twjgxxw", "usr_26h0vnjsztj7hkbsde3twjgxxw"
	b := bindings{}
	if !b.match("ID  AT\n"+shown+" 2026-01-01T00:00:00Z\n…\n", "ID                              AT  \n"+actual+"  2027-02-02T00:00:00.123Z\na\nb\n") {
		t.Error("the output does not match")
	}
	if got := b.apply("get " + shown); got != "get "+actual {
		t.Errorf("got %q", got)
	}
	for name, printed := range map[string]string{"another id": other + "\n", "more lines": actual + "\nmore\n", "no output": ""} {
		if b.match(shown+"\n", printed) {
			t.Errorf("%s: matches", name)
		}
	}
}

func readPage(t *testing.T, file string) string {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}
