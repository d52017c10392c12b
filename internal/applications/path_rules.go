package applications

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rosterhq/roster/internal/authz"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/quote"
)

// MaxPaths is how many rules an application's table of paths may have, and maxPath how many
// bytes the path of one.
const (
	MaxPaths = 200
	maxPath  = 256
)

// methods are those that rules may list.
var methods = []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}

// checkPaths refuses a table with a rule that matches nothing, or that requires what the
// application does not define.
func checkPaths(in NewApplication, rules []directory.PathRule) error {
	if len(rules) > MaxPaths {
		return directory.InvalidField("paths", "has %d rules; at most %d are allowed", len(rules), MaxPaths)
	}
	app := directory.Application{ID: in.ID, Types: in.Types}
	for i, rule := range rules {
		if err := checkRule(app, rule); err != nil {
			return directory.InvalidField("paths", "rule %d: %s", i+1, err)
		}
	}
	return nil
}

func checkRule(app directory.Application, rule directory.PathRule) error {
	if len(rule.Path) > maxPath {
		return fmt.Errorf("the path has %d bytes; at most %d are allowed", len(rule.Path), maxPath)
	}
	names, err := checkPattern(rule.Path)
	if err != nil {
		return err
	}
	for i, method := range rule.Methods {
		if !slices.Contains(methods, method) {
			return fmt.Errorf("%s is no method of a rule; use %s", quote.Input(method), strings.Join(methods, ", "))
		}
		if slices.Contains(rule.Methods[:i], method) {
			return fmt.Errorf("the method %s is given twice", method)
		}
	}
	want, err := required(app, rule, allAs(names, "any"))
	if err != nil || !app.Defines(want) {
		return fmt.Errorf("require: the application does not define %s; write it as in invoice|read, or for a type with instances, "+
			"invoice:{number}|read with {number} in the path", quote.Input(rule.Require))
	}
	return nil
}

func samePathRule(a, b directory.PathRule) bool {
	return a.Path == b.Path && a.Require == b.Require && slices.Equal(a.Methods, b.Methods)
}

// mayChangePaths checks that a principal holds all that a table requires before it is
// changed: otherwise they could open what the table keeps from them.
func mayChangePaths(actor *directory.Principal, before directory.Application, rules []directory.PathRule) error {
	if slices.EqualFunc(before.Paths, rules, samePathRule) {
		return nil
	}
	for _, rule := range before.Paths {
		names, err := checkPattern(rule.Path)
		if err != nil {
			return err
		}
		want, err := required(before, rule, allAs(names, authz.Wildcard))
		if err != nil {
			return err
		}
		if !actor.Capabilities.Apps.Allows(want) {
			return directory.Errorf(directory.Forbidden, "paths: to change them, you need all that they require, and you lack %s", want)
		}
	}
	return nil
}

// allAs gives every parameter of a path the same segment.
func allAs(names []string, segment string) map[string]string {
	taken := make(map[string]string, len(names))
	for _, name := range names {
		taken[name] = segment
	}
	return taken
}

// checkPattern checks the path of a rule, and returns the names of its parameters.
func checkPattern(path string) (names []string, err error) {
	if !strings.HasPrefix(path, "/") {
		return nil, fmt.Errorf("the path %s must begin with a slash", quote.Input(path))
	}
	parts := split(path)
	for i, part := range parts {
		last := i == len(parts)-1
		name, isParameter := parameter(part)
		switch {
		case last && (part == authz.Wildcard || part == ""):
		case isParameter && !authz.IsAppName(name):
			return nil, fmt.Errorf("%s is no parameter: write {name} with letters, digits, '.', '_' and '-', the first a letter", quote.Input(part))
		case isParameter && slices.Contains(names, name):
			return nil, fmt.Errorf("the path has %s twice", part)
		case isParameter:
			names = append(names, name)
		case strings.ContainsAny(part, "*{}"):
			return nil, fmt.Errorf("the path %s has a wildcard inside a segment: {name} is a whole segment, and * the last one", quote.Input(path))
		default:
			if clean, err := cleanSegment(part); err != nil || clean != part {
				return nil, fmt.Errorf("the path %s matches no request: leave out empty segments, dots, and encoded and special characters", quote.Input(path))
			}
		}
	}
	return names, nil
}

func split(path string) []string { return strings.Split(strings.TrimPrefix(path, "/"), "/") }

// parameter is the name in a segment such as {number}, which stands for any segment.
func parameter(part string) (name string, ok bool) {
	name, ok = strings.CutPrefix(part, "{")
	if !ok {
		return "", false
	}
	return strings.CutSuffix(name, "}")
}
