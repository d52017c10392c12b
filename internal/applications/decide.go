package applications

import (
	"context"
	"slices"
	"time"

	"github.com/rosterhq/roster/internal/authz"
	"github.com/rosterhq/roster/internal/directory"
)

// Question is what an application asks: whether somebody in an organization may do
// something. Exactly one of User, Token and Principal names the subject.
type Question struct {
	Org   directory.OrgID // may be empty for an application of an organization
	User  UserRef
	Token directory.TokenID // of an API token
	// Principal is whom a token's value acts for: see [directory.Service.Authenticate].
	Principal *directory.Principal

	Type, Action string
	Instance     string // ignored for a type without instances
	Paths        bool   // whether the answer has all reasons
}

// Reason says why the answer to a question is no.
type Reason string

// The reasons.
const (
	NotServed   Reason = "the application does not serve this organization"
	UnknownType Reason = "the application defines no such type or action"
	NoSubject   Reason = "the organization has no such user or token"
	NoInstance  Reason = "the type has instances, and none is named"
	NotActive   Reason = "the user is invited or suspended"
	NotHeld     Reason = "the subject does not hold the capability"
)

// Decision is the answer to a question.
type Decision struct {
	Allowed bool
	Reason  Reason // why not
	Subject directory.Subject
	// Paths are the reasons for a yes, if asked for. An API token that holds the
	// capability itself has none.
	Paths []directory.Source
	// Until is when time alone can change a yes, because a temporary role or a token ends;
	// zero: never. Everything else that changes a decision has an entry.
	Until time.Time
}

// Application returns the application that a credential's principal is, from the cache if
// possible. Errors: [directory.Forbidden] for other principals.
func (a *Apps) Application(ctx context.Context, p *directory.Principal) (directory.Application, error) {
	if p.Kind != directory.AppClient {
		return directory.Application{}, directory.Errorf(directory.Forbidden, "this needs the credential of an application (xaap-…)")
	}
	return a.byID(ctx, appKey{p.OrgID, p.App})
}

// Serves returns the organization that an application is asked about, its own if org is
// empty, and whether the application serves it.
func Serves(app directory.Application, org directory.OrgID) (directory.OrgID, bool) {
	if org == "" {
		org = app.OrgID
	}
	return org, org != "" && (app.OrgID == "" || app.OrgID == org)
}

// Decide answers a question of an application: in the steady state, without reading the
// database. The answer about anything unknown is no. An error means that there is no answer.
func (a *Apps) Decide(ctx context.Context, app directory.Application, q Question) (Decision, error) {
	var served bool
	if q.Org, served = Serves(app, q.Org); !served {
		return Decision{Reason: NotServed}, nil
	}
	want, reason := Wanted(app, q.Type, q.Action, q.Instance)
	if reason != "" {
		return Decision{Reason: reason}, nil
	}
	held, err := a.Held(ctx, q)
	if directory.CodeOf(err) == directory.NotFound {
		return Decision{Reason: NoSubject}, nil
	}
	if err != nil {
		return Decision{}, err
	}
	d := decide(held, want, q.Paths)
	if d.Allowed {
		d.Until = earlier(held.Until(), q.Principal.Until())
	}
	return d, nil
}

// earlier returns the earlier one of two times, of which zero is never.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || (!b.IsZero() && b.Before(a)) {
		return b
	}
	return a
}

// Wanted is the capability that an action on an instance takes. The instance is ignored for
// a type without instances. If there is no such capability, Wanted returns why.
func Wanted(app directory.Application, typ, action, instance string) (authz.AppGrant, Reason) {
	want := authz.AppGrant{App: string(app.ID), Type: typ, Action: action}
	t, known := app.Types[typ]
	switch {
	case !known || !slices.Contains(t.Actions, action):
		return want, UnknownType
	case t.Instances && instance == "":
		return want, NoInstance
	case t.Instances:
		want.On = authz.Pattern(instance) // a name that ends with * is covered by the same grants as the pattern
	}
	return want, ""
}

func decide(held *Held, want authz.AppGrant, paths bool) Decision {
	d := Decision{Subject: held.Subject}
	if u := held.Subject.User; u != nil && u.Status() != directory.Active {
		d.Reason = NotActive
		return d
	}
	if !held.Held.Allows(want) {
		d.Reason = NotHeld
		return d
	}
	d.Allowed = true
	if paths {
		for _, s := range held.Sources {
			if s.Role.Capabilities.Apps.Allows(want) {
				d.Paths = append(d.Paths, s)
			}
		}
	}
	return d
}

// Held returns what the subject of a question holds. Errors: [directory.NotFound].
func (a *Apps) Held(ctx context.Context, q Question) (*Held, error) {
	switch p := q.Principal; {
	case p != nil && p.OrgID != q.Org:
		return nil, directory.Missing("subject")
	case p != nil && p.UserID != "":
		return a.ofUser(ctx, q.Org, UserRef{ID: p.UserID})
	case p != nil:
		return a.ofToken(ctx, q.Org, p.TokenID)
	case q.Token != "":
		return a.ofToken(ctx, q.Org, q.Token)
	default:
		return a.ofUser(ctx, q.Org, q.User)
	}
}
