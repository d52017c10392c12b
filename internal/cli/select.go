package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"

	"github.com/itchyny/gojq"
)

// plain is the name of a column as --fields takes it, in any spelling: "last used",
// "last-used" or "lastUsed".
func plain(name string) string {
	return strings.NewReplacer(" ", "", "-", "").Replace(strings.ToLower(name))
}

// selectColumns returns the columns that --fields names, in its order.
func selectColumns[T any](columns []column[T], fields []string) ([]column[T], error) {
	if len(fields) == 0 {
		return columns, nil
	}
	selected := make([]column[T], 0, len(fields))
	for _, field := range fields {
		i := slices.IndexFunc(columns, func(c column[T]) bool { return plain(c.name) == plain(field) })
		if i < 0 {
			names := make([]string, len(columns))
			for j, c := range columns {
				names[j] = c.name
			}
			return nil, usagef("--fields: there is no %q; use %s", field, strings.Join(names, ", "))
		}
		selected = append(selected, columns[i])
	}
	return selected, nil
}

// pickFields returns v with only the members that --fields names. v is an object or a
// list of objects.
func pickFields(v any, fields []string) (any, error) {
	if len(fields) == 0 {
		return v, nil
	}
	of := reflect.TypeOf(v)
	isList := of.Kind() == reflect.Slice
	if isList {
		of = of.Elem()
	}
	if of.Kind() != reflect.Struct {
		return nil, usagef("--fields: this output has no fields; use --jq")
	}
	known := members(of)
	for _, field := range fields {
		if !slices.Contains(known, field) {
			return nil, usagef("--fields: there is no %q; use %s", field, strings.Join(known, ", "))
		}
	}
	generic, err := toGeneric(v)
	if err != nil {
		return nil, err
	}
	if !isList {
		return pick(generic, fields), nil
	}
	all, _ := generic.([]any)
	for i := range all {
		all[i] = pick(all[i], fields)
	}
	return all, nil
}

// pick keeps some members of an object. One that the object leaves out is null.
func pick(object any, fields []string) map[string]any {
	members, _ := object.(map[string]any)
	picked := make(map[string]any, len(fields))
	for _, field := range fields {
		picked[field] = members[field]
	}
	return picked
}

// members lists the names of a type's members in JSON.
func members(of reflect.Type) (names []string) {
	for _, f := range reflect.VisibleFields(of) {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if f.IsExported() && name != "-" && name != "" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// toGeneric returns a value as JSON decodes it.
func toGeneric(v any) (out any, err error) {
	b, err := json.Marshal(v)
	if err == nil {
		err = json.Unmarshal(b, &out)
	}
	return out, err
}

// jqFilter is the flag --jq. It accepts only valid expressions.
type jqFilter struct {
	text string
	code *gojq.Code
}

// String implements [pflag.Value].
func (f *jqFilter) String() string { return f.text }

// Type implements [pflag.Value].
func (f *jqFilter) Type() string { return "EXPRESSION" }

// Set implements [pflag.Value].
func (f *jqFilter) Set(text string) error {
	query, err := gojq.Parse(text)
	if err != nil {
		return fmt.Errorf("is not a jq expression: %w", err)
	}
	code, err := gojq.Compile(query) // no environment: it may hold a token
	if err != nil {
		return fmt.Errorf("is not a jq expression: %w", err)
	}
	f.text, f.code = text, code
	return nil
}

// print prints each result of the expression on a line: text as it is, all else as JSON.
func (f *jqFilter) print(ctx context.Context, w io.Writer, v any) error {
	generic, err := toGeneric(v)
	if err != nil {
		return err
	}
	for results := f.code.RunWithContext(ctx, generic); ; {
		result, more := results.Next()
		if !more {
			return nil
		}
		if err, failed := result.(error); failed {
			if halt, ok := errors.AsType[*gojq.HaltError](err); ok && halt.Value() == nil {
				return nil
			}
			return usagef("--jq: %v", err)
		}
		line, isText := result.(string)
		if !isText {
			b, err := gojq.Marshal(result)
			if err != nil {
				return err
			}
			line = string(b)
		}
		if _, err := fmt.Fprintln(w, line); err != nil {
			return err
		}
	}
}
