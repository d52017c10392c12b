package store

import "github.com/rosterhq/roster/internal/directory"

// sorted is a row with the value that it is sorted by.
type sorted[T any] struct {
	row   T
	value *string
}

func countWhere(t *tx, of resource, from string, org directory.OrgID, where directory.Condition) (int, error) {
	c := &compiler{dialect: t.db.json(), of: of, args: []any{org}}
	narrowed, err := t.narrow(c, org, where)
	if err != nil {
		return 0, err
	}
	condition := narrowed + "(" + c.condition(where) + ")"
	return t.count(c.keeping(directory.ProfileQuery{Where: where})+`SELECT count(*)`+from+`(`+condition+`)`, c.args...)
}

// page reads a page of rows u, and one row more to see whether there is a next page.
func page[T any](t *tx, of resource, scan func(scanner) (sorted[T], error), columns, from string,
	org directory.OrgID, q directory.ProfileQuery, id func(T) string,
) (rows []T, next *directory.ProfileCursor, err error) {
	c := &compiler{dialect: t.db.json(), of: of, args: []any{org}}
	narrowed, err := t.narrow(c, org, q.Where)
	if err != nil {
		return nil, nil, err
	}
	where := narrowed + "(" + c.condition(q.Where) + ")"
	value, order := "NULL", "u.id"
	if len(q.OrderBy) > 0 {
		value, order = c.sortBy(q)
		columns += ", " + value
	} else {
		columns += ", NULL"
		if q.Descending {
			order = "u.id DESC"
		}
	}
	if q.After != nil {
		where += " AND " + c.after(value, q)
	}
	size := q.PageSize()
	query := c.keeping(q) + columns + from + where + " ORDER BY " + order + " LIMIT " + c.bind(size+1)
	if q.Skip > 0 && q.After == nil {
		query += " OFFSET " + c.bind(q.Skip)
	}
	all, err := list(t, scan, query, c.args...)
	if err != nil {
		return nil, nil, err
	}
	if len(all) > size {
		all = all[:size]
		next = &directory.ProfileCursor{Value: all[size-1].value, ID: id(all[size-1].row)}
	}
	rows = make([]T, len(all))
	for i := range all {
		rows[i] = all[i].row
	}
	return rows, next, nil
}

// sortBy is the value that rows are sorted by, NULL for those without any, and the order.
func (c *compiler) sortBy(q directory.ProfileQuery) (value, order string) {
	a := c.of.attribute(q.OrderBy)
	switch a.kind {
	case textField:
		value = a.folded
		if q.CaseExact {
			value = a.exact
		}
		value = "NULLIF(" + value + ", '')"
	case timeField: // as a text of a fixed length
		value = "CAST(1000000000000000000 + " + a.exact + " AS TEXT)"
	case boolField:
		value = "CASE WHEN " + a.exact + " THEN 'true' ELSE 'false' END"
	default:
		doc := a.folded
		if q.CaseExact {
			doc = a.exact
		}
		value = c.dialect.sortable(doc, c.bind(c.dialect.path(a.path)))
	}
	if q.Descending {
		return value, "CASE WHEN " + value + " IS NULL THEN 1 ELSE 0 END DESC, " + value + " DESC, u.id DESC"
	}
	return value, "CASE WHEN " + value + " IS NULL THEN 1 ELSE 0 END, " + value + ", u.id"
}

// after selects what comes behind a cursor. Absent values come last, and first if
// descending.
func (c *compiler) after(value string, q directory.ProfileQuery) string {
	beyond := ">"
	if q.Descending {
		beyond = "<"
	}
	byID := "u.id " + beyond + " " + c.bind(q.After.ID)
	switch {
	case len(q.OrderBy) == 0:
		return byID
	case q.After.Value == nil && q.Descending:
		return "(" + value + " IS NOT NULL OR " + byID + ")"
	case q.After.Value == nil:
		return "(" + value + " IS NULL AND " + byID + ")"
	}
	at := c.bind(*q.After.Value)
	behind := value + " " + beyond + " " + at + " OR (" + value + " = " + at + " AND " + byID + ")"
	if !q.Descending {
		behind += " OR " + value + " IS NULL"
	}
	return "(" + behind + ")"
}
