package scim

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/scim/schema"
)

// wantCoded wants errors to be answers to a bad request, of a type that SCIM has.
func wantCoded(t *testing.T, err error, kinds ...schema.ScimType) {
	t.Helper()
	if err = coded(err); directory.CodeOf(err) == "" {
		t.Fatalf("an error without a code: %v", err)
	}
	e, _ := err.(*directory.Error) //nolint:errorlint // it is not wrapped
	if status, body := errorOf(e); status/100 != 4 || body.Detail == "" || !slices.Contains(kinds, body.ScimType) {
		t.Fatalf("%d %+v", status, body)
	}
}

// A cursor is rejected, or means the same after it was encoded again.
func FuzzCursor(f *testing.F) {
	c := compiled{print: [8]byte{1, 2, 3}}
	value := "Jane"
	f.Add(c.cursor(&directory.ProfileCursor{ID: "usr_1", Value: &value}))
	f.Add(c.cursor(&directory.ProfileCursor{ID: "usr_1"}))
	f.Add(c.cursor(nil))
	f.Add("VZUTiyhEQJ94IR")
	f.Fuzz(func(t *testing.T, text string) {
		at, err := c.readCursor(text)
		if err != nil {
			wantCoded(t, err, invalidCursor)
			return
		}
		again, err := c.readCursor(c.cursor(at))
		if err != nil || again.ID != at.ID || (again.Value == nil) != (at.Value == nil) || (at.Value != nil && *again.Value != *at.Value) {
			t.Fatalf("%q is %+v, and then %+v, %v", text, at, again, err)
		}
	})
}

// A search request is rejected, or asks for a page within the limits.
func FuzzSearch(f *testing.F) {
	for _, body := range []string{
		`{"schemas": ["` + searchURN + `"], "attributes": ["displayName"], "filter": "displayName sw \"smith\"", "startIndex": 1, "count": 10}`,
		`{"SCHEMAS": ["` + searchURN + `"], "sortBy": "userName", "sortOrder": "descending", "cursor": "", "count": 1e9}`,
		`{"schemas": ["` + searchURN + `"], "excludedAttributes": "emails", "startIndex": -5, "count": -1}`,
		`{"schemas": ["` + searchURN + `"], "filter": "emails[type eq \"work\" and (value co \"@\" or not (primary eq true))]", "count": 1.5}`,
	} {
		f.Add([]byte(body))
	}
	kinds := []schema.ScimType{schema.InvalidSyntax, schema.InvalidValue, schema.InvalidFilter, schema.InvalidPath, invalidCursor, invalidCount}
	f.Fuzz(func(t *testing.T, body []byte) {
		o, err := schema.ParseObject(body)
		if err != nil {
			wantCoded(t, err, kinds...)
			return
		}
		l, err := searchOf(o)
		if err != nil {
			wantCoded(t, err, kinds...)
			return
		}
		c, err := l.compile(coreTypes.user, func(*schema.Projection) int { return MaxPage })
		if err != nil {
			wantCoded(t, err, kinds...)
			return
		}
		if c.count < 0 || c.count > MaxPage || c.Limit < 1 || c.Limit > MaxPage || c.Skip < 0 || (c.After != nil && c.Skip > 0) {
			t.Fatalf("%s asks for %+v", body, c)
		}
	})
}

// A bulk request is rejected, or planned: every operation is carried out whole, after
// those that it refers to, and at most in two steps.
func FuzzBulk(f *testing.F) {
	create := func(id string, refs ...string) object {
		members := []any{}
		for _, ref := range refs {
			members = append(members, object{"value": bulkRef + ref})
		}
		return object{"method": "POST", "path": "/Groups", "bulkId": id, "data": object{"displayName": id, "members": members}}
	}
	for _, operations := range [][]object{
		{create("a", "b"), create("b", "a")},
		{create("a", "a", "b"), create("b", "c"), create("c", "a"), create("d", "a", "c")},
		{create("a"), {"method": "PATCH", "path": "/Groups/bulkId:a", "data": object{}}, {"method": "DELETE", "path": "/Users/x", "version": "W/\"1\""}},
		{create("a"), create("a"), {"method": "post", "path": "/Users", "bulkId": 1}},
	} {
		body, err := json.Marshal(object{"schemas": []string{bulkRequestURN}, "failOnErrors": 1, "Operations": operations})
		if err != nil {
			f.Fatal(err)
		}
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		o, err := schema.ParseObject(body)
		if err != nil {
			wantCoded(t, err, schema.InvalidSyntax)
			return
		}
		operations, failOn, err := parseBulk(o)
		if err != nil {
			wantCoded(t, err, schema.InvalidSyntax, schema.InvalidValue, "")
			return
		}
		if failOn < 0 || len(operations) == 0 || len(operations) > MaxBulk {
			t.Fatalf("%s: %d operations, %d errors", body, len(operations), failOn)
		}
		refs, creates := link(operations)
		checkPlan(t, refs, creates, planBulk(refs, creates))
		for _, o := range operations {
			if o.err != nil {
				wantCoded(t, o.err, schema.InvalidSyntax, schema.InvalidValue)
			}
			_, _, _ = routeOf(o.method, o.path)
		}
	})
}
