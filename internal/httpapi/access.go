package httpapi

import (
	"encoding/base64"
	"strings"

	"github.com/rosterhq/roster/internal/access"
	"github.com/rosterhq/roster/internal/authz"
	"github.com/rosterhq/roster/internal/directory"
)

type accessList struct {
	Capabilities []accessCapability `json:"capabilities"`
	Principal    accessPrincipal    `json:"principal"`
}

type accessPrincipal struct {
	ID   string `json:"id"`
	Kind string `json:"kind"`
	Name string `json:"name"`
	// OrgID and TokenExpiresAt are of the token in use, if it is the principal's.
	OrgID          directory.OrgID `json:"orgId,omitzero"`
	TokenExpiresAt wireTime        `json:"tokenExpiresAt,omitzero"`
	// Status is set for a user who has nothing, whatever their roles: suspended or invited.
	Status directory.UserStatus `json:"status,omitzero"`
}

type accessCapability struct {
	App        string       `json:"app,omitzero"`
	Capability string       `json:"capability"`
	Name       string       `json:"name,omitzero"`
	Paths      []accessPath `json:"paths"`
	Scope      authz.Scope  `json:"scope"`
}

type accessPath struct {
	Group *groupRef `json:"group,omitzero"`
	Kind  string    `json:"kind"`
	Role  *roleRef  `json:"role,omitzero"`
	Until wireTime  `json:"until,omitzero"` // of a temporary role
}

type groupRef struct {
	ID   directory.GroupID `json:"id"`
	Name string            `json:"name"`
}

// accessDecision is the access to one capability.
type accessDecision struct {
	accessCapability `json:",inline"`
	Allowed          bool            `json:"allowed"`
	Principal        accessPrincipal `json:"principal"`
}

func getUserAccess(rq *request) error {
	at, err := atOf(rq.params)
	if err != nil {
		return err
	}
	return rq.explain(accessPrincipalOf, func(q authz.Query) (access.Access, error) {
		return rq.api.service.GetUserAccess(rq.Context(), rq.call, directory.UserID(rq.PathValue("id")), at, q)
	})
}

func getSelfAccess(rq *request) error {
	self := func(s directory.Subject) accessPrincipal {
		p := accessPrincipalOf(s)
		p.OrgID, p.TokenExpiresAt = rq.call.Principal.OrgID, wireTime{rq.call.Principal.ExpiresAt}
		return p
	}
	return rq.explain(self, func(q authz.Query) (access.Access, error) {
		return rq.api.service.GetSelfAccess(rq.Context(), rq.call, q)
	})
}

// defaultAccess is how many capabilities a page has by default.
const defaultAccess = 200

// explain returns a page, or only the capability in ?capability=.
func (rq *request) explain(principal func(directory.Subject) accessPrincipal, ask func(authz.Query) (access.Access, error)) error {
	q, err := rq.accessQuery()
	if err != nil {
		return err
	}
	a, err := ask(q)
	if err != nil {
		return err
	}
	out := accessList{Principal: principal(a.Subject), Capabilities: make([]accessCapability, len(a.Capabilities))}
	for i, c := range a.Capabilities {
		out.Capabilities[i] = capabilityOf(c.Key, accessPaths(a.Subject, c.Paths))
	}
	if q.Only != nil {
		return respond(rq, out.decide(*q.Only))
	}
	if a.More {
		rq.linkNext(encodeAccessCursor(a.Capabilities[len(a.Capabilities)-1].Key))
	}
	return respond(rq, out)
}

func (rq *request) accessQuery() (q authz.Query, err error) {
	if rq.params.Has("capability") {
		only, err := parseQuestion(rq.params.Get("capability"))
		if err != nil {
			return q, directory.InvalidField("capability", "%v", err)
		}
		q.Only = &only
		return q, nil
	}
	if q.Limit, err = pageLimit(rq.params, defaultAccess); err != nil {
		return q, err
	}
	q.After, err = decodeAccessCursor(rq.params.Get("cursor"))
	return q, err
}

// encodeAccessCursor makes a cursor of the last capability of a page.
func encodeAccessCursor(last authz.Key) string {
	return base64.RawURLEncoding.EncodeToString([]byte(cursorVersion + last.String()))
}

func decodeAccessCursor(cursor string) (authz.Key, error) {
	if cursor == "" {
		return authz.Key{}, nil
	}
	b, err := base64.RawURLEncoding.DecodeString(cursor)
	text, ok := strings.CutPrefix(string(b), cursorVersion)
	if err == nil && ok {
		if key, err := parseQuestion(text); err == nil {
			return key, nil
		}
	}
	return authz.Key{}, directory.InvalidField("cursor", "is not a cursor of this list; start again without it")
}

// capabilityOf is a capability with its paths: of an application's resource type, with the
// name of its instances, if it has any.
func capabilityOf(key authz.Key, paths []accessPath) accessCapability {
	if key.Scope == authz.ScopeApp {
		return accessCapability{App: key.App.App, Capability: key.App.Type + "|" + key.App.Action, Name: string(key.App.On), Paths: paths, Scope: key.Scope}
	}
	return accessCapability{Capability: key.Pair.String(), Name: key.Name, Paths: paths, Scope: key.Scope}
}

// parseQuestion reads "users|create", "dataset:NAME:query|read", "view:NAME:query|read",
// "app:APP:type|action" or "app:APP:type:NAME|action".
func parseQuestion(s string) (key authz.Key, err error) {
	if strings.HasPrefix(s, "app:") {
		g, err := authz.ParseAppGrant(s)
		return authz.AppKey(g), err
	}
	vocabulary, capability := authz.Org, s
	key.Scope = authz.ScopeOrg
	if kind, rest, ok := strings.Cut(s, ":"); ok {
		i := strings.LastIndex(rest, ":")
		switch {
		case kind == "dataset" && i > 0:
			vocabulary, key.Scope = authz.Dataset, authz.ScopeDataset
		case kind == "view" && i > 0:
			vocabulary, key.Scope = authz.View, authz.ScopeView
		default:
			return key, errQuestion
		}
		key.Name, capability = rest[:i], rest[i+1:]
	}
	key.Pair, err = vocabulary.ParsePair(capability)
	return key, err
}

var errQuestion = directory.Errorf(directory.Invalid, "must be resource|action, dataset:NAME:resource|action, view:NAME:resource|action, app:APP:type|action or app:APP:type:NAME|action")

// decide returns the access to one capability, which is granted if the list has it.
func (a accessList) decide(want authz.Key) accessDecision {
	d := accessDecision{Principal: a.Principal, Allowed: len(a.Capabilities) > 0}
	d.accessCapability = capabilityOf(want, []accessPath{})
	if d.Allowed {
		d.Paths = a.Capabilities[0].Paths
	}
	return d
}

func accessPrincipalOf(s directory.Subject) accessPrincipal {
	if s.Token != nil {
		return accessPrincipal{ID: string(s.Token.ID), Kind: "apiToken", Name: s.Token.Name}
	}
	p := accessPrincipal{ID: string(s.User.ID), Kind: "user", Name: s.User.Name}
	if status := s.User.Status(); status != directory.Active {
		p.Status = status
	}
	return p
}

func accessPaths(s directory.Subject, sources []directory.Source) []accessPath {
	if s.Token != nil {
		return []accessPath{{Kind: "token"}}
	}
	paths := make([]accessPath, len(sources))
	for i, src := range sources {
		ref := roleRef(src.Role.Ref())
		paths[i] = accessPath{Kind: "role", Role: &ref, Until: wireTime{src.Until}}
		if src.Group != nil {
			paths[i].Kind, paths[i].Group = "group", &groupRef{ID: src.Group.ID, Name: src.Group.Name}
		}
	}
	return paths
}
