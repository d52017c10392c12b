package applications

import (
	"errors"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/rosterhq/roster/internal/authz"
	"github.com/rosterhq/roster/internal/directory"
)

// maxTarget bounds the path and query of a request, in bytes.
const maxTarget = 8 << 10

var (
	errNoRule    = errors.New("no rule of the application's table of paths matches the request")
	errAmbiguous = errors.New("the request's path is written in a way that services read differently")
)

// RequiredFor is the capability that a request takes by the application's table of paths:
// that of the first rule that matches its method and path. target is the path and query as
// the client sent them. A path that services read differently is an error: one with "..",
// empty segments, encoded slashes and the like, and one that differs from what a rule
// matches only by letter case or by a slash at the end.
func RequiredFor(app directory.Application, method, target string) (authz.AppGrant, error) {
	if !slices.Contains(methods, method) {
		return authz.AppGrant{}, errNoRule
	}
	path, err := cleanPath(target)
	if err != nil {
		return authz.AppGrant{}, err
	}
	for _, rule := range app.Paths {
		if !isFor(rule, method) {
			continue
		}
		pattern := split(rule.Path)
		if taken, ok := match(pattern, path, same); ok {
			return required(app, rule, taken)
		}
		if _, ok := match(trim(pattern), trim(path), strings.EqualFold); ok {
			return authz.AppGrant{}, errAmbiguous
		}
	}
	return authz.AppGrant{}, errNoRule
}

// isFor reports whether a rule is for a method. Services answer HEAD as they answer GET.
func isFor(rule directory.PathRule, method string) bool {
	return len(rule.Methods) == 0 || slices.Contains(rule.Methods, method) || method == "HEAD" && slices.Contains(rule.Methods, "GET")
}

// required is the capability that a rule requires, with what the path has for its parameter.
func required(app directory.Application, rule directory.PathRule, taken map[string]string) (authz.AppGrant, error) {
	i := strings.LastIndexByte(rule.Require, '|')
	typ, on, instanced := strings.Cut(rule.Require[:max(i, 0)], ":")
	if name, ok := parameter(on); ok && i >= 0 {
		instance, there := taken[name]
		if !there {
			return authz.AppGrant{}, errNoRule
		}
		return authz.AppGrant{App: string(app.ID), Type: typ, Action: rule.Require[i+1:], On: authz.Pattern(instance)}, nil
	}
	if instanced && on == "" {
		return authz.AppGrant{}, errNoRule
	}
	return authz.ParseAppGrant("app:" + string(app.ID) + ":" + rule.Require)
}

// match reports whether a path is one of a pattern, and what it has for the parameters.
func match(pattern, path []string, equal func(a, b string) bool) (taken map[string]string, ok bool) {
	for i, part := range pattern {
		if part == authz.Wildcard {
			return taken, true
		}
		if i >= len(path) {
			return nil, false
		}
		if name, isParameter := parameter(part); isParameter {
			if path[i] == "" {
				return nil, false
			}
			if taken == nil {
				taken = make(map[string]string)
			}
			taken[name] = path[i]
		} else if !equal(part, path[i]) {
			return nil, false
		}
	}
	return taken, len(path) == len(pattern)
}

func same(a, b string) bool { return a == b }

// trim leaves out the empty segment of a slash at the end.
func trim(path []string) []string {
	if n := len(path); n > 0 && path[n-1] == "" {
		return path[:n-1]
	}
	return path
}

// cleanPath splits the path of a request into its segments, and decodes them. The last one
// may be empty.
func cleanPath(target string) ([]string, error) {
	path, _, _ := strings.Cut(target, "?")
	if len(target) > maxTarget || !strings.HasPrefix(path, "/") {
		return nil, errAmbiguous
	}
	parts := split(path)
	for i, part := range parts {
		if part == "" && i == len(parts)-1 {
			break
		}
		var err error
		if parts[i], err = cleanSegment(part); err != nil {
			return nil, err
		}
	}
	return parts, nil
}

// cleanSegment decodes a segment of a path, if all services read it alike.
func cleanSegment(part string) (string, error) {
	var b strings.Builder
	for i := 0; i < len(part); i++ {
		c, encoded := part[i], false
		if c == '%' {
			if i+2 >= len(part) || !isHex(part[i+1]) || !isHex(part[i+2]) {
				return "", errAmbiguous
			}
			c, encoded = unhex(part[i+1])<<4|unhex(part[i+2]), true
			i += 2
		}
		switch {
		case c < ' ', c == 0x7f, strings.IndexByte(`/\%;?#`, c) >= 0, encoded && c == '.', !encoded && (c == ' ' || c >= utf8.RuneSelf):
			return "", errAmbiguous
		}
		b.WriteByte(c)
	}
	clean := b.String()
	if clean == "" || clean == "." || clean == ".." || !utf8.ValidString(clean) {
		return "", errAmbiguous
	}
	return clean, nil
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}

func unhex(c byte) byte {
	switch {
	case c <= '9':
		return c - '0'
	case c <= 'F':
		return c - 'A' + 10
	default:
		return c - 'a' + 10
	}
}
