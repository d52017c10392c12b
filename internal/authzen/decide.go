package authzen

import (
	"context"

	"github.com/rosterhq/roster/internal/applications"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/freshness"
	"github.com/rosterhq/roster/internal/ident"
	"github.com/rosterhq/roster/internal/text"
)

// The types of subjects.
const (
	userType  = "user"
	tokenType = "token"
)

// Access answers questions by what users and tokens hold in an application.
type Access struct {
	Service   *directory.Service
	Apps      *applications.Apps
	Freshness *freshness.Tracker
}

// Decide implements [Decider]. A subject is a user, by id, email address or the user name
// that a directory has given, or a token, by id or value. The answer about anything unknown is no.
func (a Access) Decide(ctx context.Context, call directory.Call, q Question) (Decision, error) {
	app, err := a.application(ctx, call, q)
	if err != nil {
		return Decision{}, err
	}
	if q.Cache {
		if err := a.Freshness.AwaitFresh(ctx); err != nil {
			return Decision{}, err
		}
	}
	asked := applications.Question{
		Org: directory.OrgID(q.Organization), Type: q.Resource.Type, Instance: q.Resource.ID, Action: q.Action, Paths: q.Explain,
	}
	if reason, err := a.subject(ctx, &asked, app, q); reason != "" || err != nil {
		return Decision{Reason: reason}, err
	}
	d, err := a.Apps.Decide(ctx, app, asked)
	if err != nil {
		return Decision{}, err
	}
	decision := Decision{Allowed: d.Allowed, Reason: string(d.Reason)}
	if q.Explain && d.Allowed {
		decision.Paths = pathsOf(d)
	}
	if q.Identify {
		decision.Identity = identityOf(app, asked, d.Subject)
	}
	if q.Cache {
		decision.Until = d.Until
	}
	return decision, nil
}

// identityOf is the subject of a question: whom a token's value acts for, or the one that
// the rules have found.
func identityOf(app directory.Application, asked applications.Question, found directory.Subject) *Identity {
	switch p := asked.Principal; {
	case p != nil:
		org, served := applications.Serves(app, asked.Org)
		if !served || p.OrgID != org || (p.Kind != directory.APIToken && p.Kind != directory.PersonalToken) {
			return nil
		}
		if p.UserID == "" {
			return &Identity{tokenType, string(p.TokenID), string(p.TokenID)}
		}
		return &Identity{userType, string(p.UserID), string(p.TokenID)}
	case found.User != nil:
		return &Identity{Type: userType, ID: string(found.User.ID)}
	case found.Token != nil:
		return &Identity{Type: tokenType, ID: string(found.Token.ID)}
	default:
		return nil
	}
}

// application returns the application that asks.
func (a Access) application(ctx context.Context, call directory.Call, q Question) (directory.Application, error) {
	app, err := a.Apps.Application(ctx, call.Principal)
	if err == nil && app.OrgID == "" && q.Organization == "" {
		err = directory.InvalidField("context.organization", "is required: the application serves several organizations")
	}
	return app, err
}

// subject sets the subject of a question for the rules. If there is none, it returns why.
func (a Access) subject(ctx context.Context, asked *applications.Question, app directory.Application, q Question) (reason string, err error) {
	id := q.Subject.ID
	switch {
	case q.Subject.Type == userType:
		asked.User = userRef(id)
	case q.Subject.Type != tokenType:
		return "only users and tokens are subjects", nil
	case ident.Is("tok", id):
		asked.Token = directory.TokenID(id)
	default:
		org := asked.Org
		if org == "" {
			org = app.OrgID
		}
		asked.Principal, err = a.Service.AuthenticateFrom(ctx, id, org, q.Address)
		if code := directory.CodeOf(err); code == directory.Unauthenticated || code == directory.Forbidden {
			return err.Error(), nil
		}
	}
	return "", err
}

// userRef finds out what a user is named by. A user name that could be an id or an address
// counts as one, so that no directory can give one person the name of another.
func userRef(name string) applications.UserRef {
	switch {
	case applications.IsUserName(name):
		return applications.UserRef{UserNameKey: text.FoldKey(name)}
	case ident.Is("usr", name):
		return applications.UserRef{ID: directory.UserID(name)}
	default:
		return applications.UserRef{EmailKey: text.FoldKey(name)}
	}
}

// path is a reason for access, as the v2 API's explanations have it.
type path struct {
	Kind  string `json:"kind"` // role or group
	Role  named  `json:"role"`
	Group *named `json:"group,omitzero"`
}

type named struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

func pathsOf(d applications.Decision) []path {
	all := make([]path, len(d.Paths))
	for i, source := range d.Paths {
		all[i] = path{Kind: "role", Role: named{string(source.Role.ID), source.Role.Name}}
		if source.Group != nil {
			all[i].Kind, all[i].Group = "group", &named{string(source.Group.ID), source.Group.Name}
		}
	}
	return all
}
