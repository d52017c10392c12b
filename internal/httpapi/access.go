package httpapi

import (
	"strings"

	"github.com/rosterhq/roster/internal/authz"
	"github.com/rosterhq/roster/internal/directory"
)

type access struct {
	Capabilities []accessCapability `json:"capabilities"`
	Principal    accessPrincipal    `json:"principal"`
}

type accessPrincipal struct {
	ID   string `json:"id"`
	Kind string `json:"kind"`
	Name string `json:"name"`
}

type accessCapability struct {
	Capability string                `json:"capability"`
	Name       string                `json:"name,omitzero"`
	Paths      []accessPath          `json:"paths"`
	Scope      directory.AccessScope `json:"scope"`
}

type accessPath struct {
	Group *groupRef `json:"group,omitzero"`
	Kind  string    `json:"kind"`
	Role  *roleRef  `json:"role,omitzero"`
}

type groupRef struct {
	ID   directory.GroupID `json:"id"`
	Name string            `json:"name"`
}

// accessDecision is the answer to a question about one capability.
type accessDecision struct {
	accessCapability `json:",inline"`
	Allowed          bool            `json:"allowed"`
	Principal        accessPrincipal `json:"principal"`
}

func getUserAccess(rq *request) (answer, error) {
	at, err := atOf(rq.params)
	if err != nil {
		return answer{}, err
	}
	a, err := rq.api.service.GetUserAccess(rq.Context(), rq.call, directory.UserID(rq.PathValue("id")), at)
	return rq.explain(a, err)
}

func getSelfAccess(rq *request) (answer, error) {
	a, err := rq.api.service.GetSelfAccess(rq.Context(), rq.call)
	return rq.explain(a, err)
}

// explain answers everything, or the one capability that ?capability= asks about.
func (rq *request) explain(a directory.Access, err error) (answer, error) {
	if err != nil {
		return answer{}, err
	}
	out := access{Principal: accessPrincipalOf(a.Subject), Capabilities: make([]accessCapability, len(a.Capabilities))}
	for i, c := range a.Capabilities {
		out.Capabilities[i] = accessCapability{
			Capability: c.Pair.String(), Name: c.Name, Paths: accessPaths(a.Subject, c.Paths), Scope: c.Scope,
		}
	}
	if !rq.params.Has("capability") {
		return answerWith(out, nil)
	}
	want, err := parseQuestion(rq.params.Get("capability"))
	if err != nil {
		return answer{}, directory.InvalidField("capability", "%v", err)
	}
	return answerWith(out.decide(want), nil)
}

// parseQuestion reads "users|create", "dataset:NAME:query|read" or
// "view:NAME:query|read".
func parseQuestion(s string) (c accessCapability, err error) {
	vocabulary, scope, capability := authz.Org, directory.ScopeOrg, s
	if kind, rest, ok := strings.Cut(s, ":"); ok {
		i := strings.LastIndex(rest, ":")
		switch {
		case kind == "dataset" && i > 0:
			vocabulary, scope = authz.Dataset, directory.ScopeDataset
		case kind == "view" && i > 0:
			vocabulary, scope = authz.View, directory.ScopeView
		default:
			return c, errQuestion
		}
		c.Name, capability = rest[:i], rest[i+1:]
	}
	pair, err := vocabulary.ParsePair(capability)
	c.Scope, c.Capability, c.Paths = scope, pair.String(), []accessPath{}
	return c, err
}

var errQuestion = directory.Errorf(directory.Invalid, "must be resource|action, dataset:NAME:resource|action or view:NAME:resource|action")

// decide finds what grants the capability: an entry for its own name, or else
// the one for all names, which the list gives on every name that is listed.
func (a access) decide(want accessCapability) accessDecision {
	d := accessDecision{accessCapability: want, Principal: a.Principal}
	for _, name := range []string{want.Name, authz.Wildcard} {
		for _, c := range a.Capabilities {
			if c.Scope == want.Scope && c.Capability == want.Capability && c.Name == name {
				d.Allowed, d.Paths = true, c.Paths
				return d
			}
		}
	}
	return d
}

func accessPrincipalOf(s directory.Subject) accessPrincipal {
	if s.Token != nil {
		return accessPrincipal{ID: string(s.Token.ID), Kind: "apiToken", Name: s.Token.Name}
	}
	return accessPrincipal{ID: string(s.User.ID), Kind: "user", Name: s.User.Name}
}

func accessPaths(s directory.Subject, sources []directory.Source) []accessPath {
	if s.Token != nil {
		return []accessPath{{Kind: "token"}}
	}
	paths := make([]accessPath, len(sources))
	for i, src := range sources {
		ref := roleRef(src.Role.Ref())
		paths[i] = accessPath{Kind: "role", Role: &ref}
		if src.Group != nil {
			paths[i].Kind, paths[i].Group = "group", &groupRef{ID: src.Group.ID, Name: src.Group.Name}
		}
	}
	return paths
}
