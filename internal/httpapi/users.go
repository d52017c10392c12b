package httpapi

import (
	"bytes"
	"encoding/base64"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/members"
	"github.com/rosterhq/roster/internal/quote"
)

// appendUser appends the v2 object of a user, exactly its four members.
func appendUser(b []byte, u directory.User) []byte {
	b = append(b, `{"email":`...)
	b = appendString(b, u.Email)
	b = append(b, `,"id":`...)
	b = appendString(b, string(u.ID))
	b = append(b, `,"name":`...)
	b = appendString(b, u.Name)
	b = append(b, `,"role":{"id":`...)
	b = appendString(b, string(u.Role.ID))
	b = append(b, `,"name":`...)
	b = appendString(b, u.Role.Name)
	return append(b, '}', '}')
}

// userWire is a user as a response: the ETag, then the body.
var userWire = directory.WireFormat{Encode: func(u directory.User) []byte {
	body := appendUserAnswer(nil, u)
	return append([]byte(etag(body)), body...)
}}

// user is a user in the wire format, as [appendUser] writes it.
type user directory.User

func userOf(u directory.User) user { return user(u) }

// MarshalJSONTo implements [json.MarshalerTo].
func (u user) MarshalJSONTo(e *jsontext.Encoder) error {
	return e.WriteValue(appendUser(nil, directory.User(u)))
}

func appendUserAnswer(b []byte, u directory.User) []byte { return append(appendUser(b, u), '\n') }

type createUserBody struct {
	Name  string           `json:"name"`
	Email string           `json:"email"`
	Role  directory.RoleID `json:"role"`
}

func createUser(rq *request, body createUserBody) (directory.User, error) {
	return rq.api.service.CreateUser(rq.Context(), rq.call,
		members.NewUser{Name: body.Name, Email: body.Email, Role: body.Role})
}

func getUser(rq *request) error {
	wire, err := rq.api.service.GetUserWire(rq.Context(), rq.call, directory.UserID(rq.PathValue("id")), userWire)
	if err != nil {
		return err
	}
	rq.send(contentTypeJSON, string(wire[:etagLength]), wire[etagLength:])
	return nil
}

func removeUser(rq *request) error {
	kinds, err := rq.revocation()
	if err != nil {
		return err
	}
	left, err := rq.api.service.RemoveUserAndRevoke(rq.Context(), rq.call, directory.UserID(rq.PathValue("id")), kinds)
	if err == nil {
		rq.showLeft(left)
	}
	return err
}

type roleBody struct {
	Role directory.RoleID `json:"role"`
}

func updateUserRole(rq *request, body roleBody) (directory.User, error) {
	kinds, err := rq.revocation()
	if err != nil {
		return directory.User{}, err
	}
	u, left, err := rq.api.service.UpdateUserRoleAndRevoke(rq.Context(), rq.call, directory.UserID(rq.PathValue("id")), body.Role, kinds)
	if err == nil {
		rq.showLeft(left)
	}
	return u, err
}

// selfBody accepts a user as it was read, so that clients can read, modify and write it.
type selfBody struct {
	Name  *string           `json:"name"`
	ID    *directory.UserID `json:"id"`
	Email *string           `json:"email"`
	Role  *struct {
		ID   directory.RoleID `json:"id"`
		Name string           `json:"name"`
	} `json:"role"`
}

func (b selfBody) update() members.SelfUpdate {
	u := members.SelfUpdate{Name: b.Name, ID: b.ID, Email: b.Email}
	if b.Role != nil {
		u.Role = &directory.RoleRef{ID: b.Role.ID, Name: b.Role.Name}
	}
	return u
}

func updateUser(rq *request, body selfBody) (directory.User, error) {
	return rq.api.service.UpdateUser(rq.Context(), rq.call, directory.UserID(rq.PathValue("id")), body.update())
}

func updateSelf(rq *request, body selfBody) (directory.User, error) {
	return rq.api.service.UpdateSelf(rq.Context(), rq.call, body.update())
}

// userFilter reads the query of a list of users. Without a query it selects all users.
func userFilter(q url.Values) (f members.UserFilter, err error) {
	f = members.UserFilter{Email: q.Get("email"), Role: directory.RoleID(q.Get("role")), Text: q.Get("q")}
	if f.Limit, err = pageLimit(q, 0); err != nil {
		return f, err
	}
	if f.At, err = atOf(q); err != nil {
		return f, err
	}
	if f.Status = directory.UserStatus(q.Get("status")); f.Status != "" && !f.Status.Known() {
		return f, directory.InvalidField("status", "%s is not a status; use active, suspended or invited", quote.Input(f.Status))
	}
	if f.ExternalID = q.Get("externalId"); f.ExternalID != "" && !f.At.IsZero() {
		return f, directory.InvalidField("externalId", "can't be combined with at")
	}
	since, err := timeOf(q, "inactiveSince")
	if err != nil {
		return f, err
	}
	if since != nil {
		f.InactiveSince = since.UTC().Truncate(time.Microsecond)
	}
	f.After, err = decodeCursor(q.Get("cursor"))
	return f, err
}

// A cursor is opaque to clients. It is the last id of the previous page after a version,
// which distinguishes old cursors from new ones.
const cursorVersion = "1:"

func encodeCursor(last directory.UserID) string {
	return base64.RawURLEncoding.EncodeToString([]byte(cursorVersion + string(last)))
}

func decodeCursor(cursor string) (directory.UserID, error) {
	if cursor == "" {
		return "", nil
	}
	b, err := base64.RawURLEncoding.DecodeString(cursor)
	id, ok := strings.CutPrefix(string(b), cursorVersion)
	if err != nil || !ok || !strings.HasPrefix(id, "usr_") || strings.ContainsFunc(id, notPrintable) {
		return "", directory.InvalidField("cursor", "is not a cursor of this list; start again without it")
	}
	return directory.UserID(id), nil
}

func listUsers(rq *request) error {
	var f members.UserFilter
	if rq.params != nil { // reading an empty query would allocate a filter
		var err error
		if f, err = userFilter(rq.params); err != nil {
			return err
		}
	}
	if f == (members.UserFilter{Email: f.Email, Limit: f.Limit}) && f.Email != "" {
		return findUser(rq, f.Email)
	}
	out := newListWriter(rq)
	if f.Limit > 0 {
		out = newPageWriter(rq)
	}
	defer out.release(false)
	next, err := rq.api.service.ListUsers(rq.Context(), rq.call, f, out)
	if err != nil {
		return out.failed(err)
	}
	if next != "" {
		rq.linkNext(encodeCursor(next))
	}
	out.end()
	return nil
}

// findUser responds with the users at an address: none or one.
func findUser(rq *request, email string) error {
	body := []byte("[]\n")
	wire, err := rq.api.service.FindUserWire(rq.Context(), rq.call, email, userWire)
	switch {
	case err == nil:
		user := bytes.TrimSuffix(wire[etagLength:], []byte("\n"))
		body = slices.Concat([]byte("["), user, []byte("]\n"))
	case directory.CodeOf(err) != directory.NotFound:
		return err
	}
	rq.send(contentTypeJSON, etag(body), body)
	return nil
}
