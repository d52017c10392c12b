package scim

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/provisioning"
	"github.com/rosterhq/roster/internal/quote"
	"github.com/rosterhq/roster/internal/scim/filter"
	"github.com/rosterhq/roster/internal/scim/schema"
)

// listQuery are the parameters of a list (RFC 7644 section 3.4.2).
type listQuery struct {
	filter, sortBy, sortOrder string
	start, count              *int
	cursor                    *string // RFC 9865
	attributes, excluded      []string
	hidden                    string // attribute that the principal may not see; "" for none
}

// queryOf reads the parameters of a URL.
func queryOf(q url.Values) (l listQuery, err error) {
	for name, values := range q {
		if len(values) > 1 && slices.Contains([]string{"filter", "sortBy", "sortOrder", "startIndex", "count", "cursor"}, name) {
			return l, mistake(schema.InvalidValue, "%s: must be given only once", name)
		}
	}
	l = listQuery{
		filter: q.Get("filter"), sortBy: q.Get("sortBy"), sortOrder: q.Get("sortOrder"),
		attributes: q["attributes"], excluded: q["excludedAttributes"],
	}
	if q.Has("cursor") {
		l.cursor = new(q.Get("cursor"))
	}
	for _, n := range []struct {
		name string
		to   **int
	}{{"startIndex", &l.start}, {"count", &l.count}} {
		if text := q.Get(n.name); text != "" {
			value, err := strconv.Atoi(text)
			if err != nil {
				return l, l.notNumber(n.name)
			}
			*n.to = &value
		}
	}
	return l, nil
}

func (l listQuery) notNumber(name string) error {
	kind := schema.InvalidValue
	if l.cursor != nil && name == "count" {
		kind = invalidCount
	}
	return mistake(kind, "%s: must be a whole number", name)
}

const searchURN = "urn:ietf:params:scim:api:messages:2.0:SearchRequest"

// searchOf reads the parameters of a search request (RFC 7644 section 3.4.3).
func searchOf(body object) (l listQuery, err error) {
	texts := map[string]*string{"filter": &l.filter, "sortby": &l.sortBy, "sortorder": &l.sortOrder}
	lists := map[string]*[]string{"attributes": &l.attributes, "excludedattributes": &l.excluded}
	numbers := map[string]**int{"startindex": &l.start, "count": &l.count}
	var hasSchema bool
	for name, value := range body {
		lower, ok := strings.ToLower(name), true
		switch {
		case value == nil:
		case lower == "schemas":
			urns, _ := value.([]any)
			hasSchema = slices.Contains(urns, any(searchURN))
		case lower == "cursor":
			var cursor string
			cursor, ok = value.(string)
			l.cursor = &cursor
		case texts[lower] != nil:
			*texts[lower], ok = value.(string)
		case numbers[lower] != nil:
			f, isNumber := value.(float64)
			n := int(f)
			*numbers[lower], ok = &n, isNumber && float64(n) == f
		case lists[lower] != nil:
			*lists[lower], ok = textsOf(value)
		}
		if !ok {
			return l, mistake(schema.InvalidValue, "%s: has the wrong type; see RFC 7644 section 3.4.3", quote.Cut(name))
		}
	}
	if !hasSchema {
		return l, mistake(schema.InvalidSyntax, "schemas: must be [%q]", searchURN)
	}
	return l, nil
}

func textsOf(value any) (texts []string, ok bool) {
	list, ok := value.([]any)
	if s, isText := value.(string); isText {
		return []string{s}, true
	}
	for _, element := range list {
		s, isText := element.(string)
		ok = ok && isText
		texts = append(texts, s)
	}
	return texts, ok
}

// compiled is a list's query in the terms of provisioning.
type compiled struct {
	provisioning.Query
	count      int
	start      int
	print      [8]byte // of filter and order, which a cursor is only for
	projection *schema.Projection
}

// compile checks the parameters. Pages have at most so many resources.
func (l listQuery) compile(t *schema.ResourceType, most func(*schema.Projection) int) (c compiled, err error) {
	if c.projection, err = t.Projection(l.attributes, l.excluded); err != nil {
		return c, coded(err)
	}
	if l.filter != "" {
		if c.Where, err = compileFilter(l.filter, t, l.hidden); err != nil {
			return c, coded(err)
		}
	}
	if err := l.order(&c, t); err != nil {
		return c, err
	}
	limit := most(c.projection)
	c.count, c.start = min(DefaultPage, limit), 1
	if l.count != nil {
		if l.cursor != nil && *l.count < 0 {
			return c, mistake(invalidCount, "count: must not be negative")
		}
		c.count = min(max(0, *l.count), limit)
	}
	c.Limit = max(1, c.count)
	sum := sha256.Sum256(fmtKey(t.Name, l.filter, l.sortBy, l.sortOrder))
	copy(c.print[:], sum[:])
	if l.cursor != nil {
		if l.start != nil {
			return c, mistake(schema.InvalidValue, "startIndex: can't be combined with cursor; give one of them")
		}
		if *l.cursor != "" {
			c.After, err = c.readCursor(*l.cursor)
		}
		return c, err
	}
	c.Total = true
	if l.start != nil {
		c.start = max(1, *l.start)
	}
	c.Skip = c.start - 1
	return c, nil
}

func fmtKey(parts ...string) []byte {
	b, err := json.Marshal(parts)
	if err != nil {
		panic(err) // texts can be marshaled
	}
	return b
}

// order reads sortBy and sortOrder.
func (l listQuery) order(c *compiled, t *schema.ResourceType) error {
	switch strings.ToLower(l.sortOrder) {
	case "", "ascending":
	case "descending":
		c.Descending = true
	default:
		return mistake(schema.InvalidValue, "sortOrder: must be ascending or descending")
	}
	if l.sortBy == "" {
		c.Descending = false // RFC 7644 section 3.4.2.3: there is nothing to order
		return nil
	}
	path, err := filter.ParsePath(l.sortBy)
	if err != nil || path.Filter != nil {
		return mistake(schema.InvalidPath, "sortBy: %s is not the name of an attribute", quote.Input(l.sortBy))
	}
	ref, err := t.Lookup(path.Attr.URN, path.Attr.Name, path.Attr.Sub)
	if err != nil {
		return mistake(schema.InvalidPath, "sortBy: %s", err)
	}
	switch last := ref.Last(); {
	case neverReturned(ref), ref.Attr.MultiValued, last.Type == schema.Complex, last.Type == schema.Integer, last.Type == schema.Decimal, last.Type == schema.Binary,
		!searchable(ref):
		return mistake(schema.InvalidPath, "sortBy: %s can't be sorted by; use an attribute with a single text, boolean or time", ref)
	default:
		c.OrderBy, c.CaseExact = pathOf(ref), last.CaseExact || last.Type == schema.DateTime
	}
	return nil
}

// cursorForm is a cursor before it is encoded.
type cursorForm struct {
	Print []byte                   `json:"p"`
	At    *directory.ProfileCursor `json:"at"`
}

func (c compiled) cursor(at *directory.ProfileCursor) string {
	b, err := json.Marshal(cursorForm{c.print[:], at})
	if err != nil {
		panic(err) // texts can be marshaled
	}
	return base64.RawURLEncoding.EncodeToString(b)
}

// readCursor reads a cursor that a page of the same query had.
func (c compiled) readCursor(text string) (*directory.ProfileCursor, error) {
	var form cursorForm
	decoded, err := base64.RawURLEncoding.DecodeString(text)
	if err == nil {
		err = json.Unmarshal(decoded, &form)
	}
	if err != nil || form.At == nil || !isID(form.At.ID) || (form.At.Value != nil && !isText(*form.At.Value)) {
		return nil, mistake(invalidCursor, "cursor: is not one that this server gave; leave it empty to get the first page")
	}
	if !slices.Equal(form.Print, c.print[:]) {
		return nil, mistake(invalidCursor, "cursor: belongs to a query with another filter or order; repeat that query, or leave it empty to get the first page")
	}
	return form.At, nil
}

// isText reports whether every engine takes a text as a parameter.
func isText(s string) bool { return utf8.ValidString(s) && !strings.ContainsRune(s, 0) }

const listURN = "urn:ietf:params:scim:api:messages:2.0:ListResponse"

// listBody is a page of a list.
type listBody struct {
	Schemas   []string `json:"schemas"`
	Total     *int     `json:"totalResults,omitempty"`
	Items     int      `json:"itemsPerPage"`
	Start     *int     `json:"startIndex,omitempty"`
	Next      string   `json:"nextCursor,omitempty"`
	Resources []object `json:"Resources,omitempty"`
}

// pageOf is a page in the form of RFC 7644 section 3.4.2, or of RFC 9865 section 2 after a
// cursor. With a cursor it has no total, which takes longer to count than the page.
func pageOf[T any](c compiled, page provisioning.Page[T], resource func(T) object) listBody {
	body := listBody{Schemas: []string{listURN}}
	if c.Total {
		body.Total, body.Start = &page.Total, &c.start
	} else if page.Next != nil && c.count > 0 {
		body.Next = c.cursor(page.Next)
	}
	if c.count == 0 {
		return body
	}
	for _, item := range page.Items {
		body.Resources = append(body.Resources, resource(item))
	}
	body.Items = len(body.Resources)
	return body
}
