package authzen

import (
	"context"
	"slices"
	"strings"

	"github.com/rosterhq/roster/internal/applications"
	"github.com/rosterhq/roster/internal/authz"
	"github.com/rosterhq/roster/internal/directory"
)

// Subjects implements [Decider]. It finds users, by the name that the application chose, or
// API tokens.
func (a Access) Subjects(ctx context.Context, call directory.Call, s Search) (Found, error) {
	app, err := a.application(ctx, call, s.Question)
	if err != nil {
		return Found{}, err
	}
	want, reason := applications.Wanted(app, s.Resource.Type, s.Action, s.Resource.ID)
	org, served := applications.Serves(app, directory.OrgID(s.Organization))
	if reason != "" || !served {
		return Found{}, nil
	}
	switch s.Subject.Type {
	case userType:
		users, next, err := a.Apps.Holders(ctx, call, org, want, directory.UserID(s.After), s.Limit)
		if err != nil {
			return Found{}, err
		}
		ids, err := a.Apps.Names(ctx, call, app, org, users)
		return Found{IDs: ids, Next: string(next)}, err
	case tokenType:
		tokens, err := a.Apps.HoldingTokens(ctx, call, org, want)
		return Found{IDs: tokens}.page(s), err
	}
	return Found{}, nil
}

// Resources implements [Decider]. It finds the instances that grants name. Applications
// have others, which grants reach by a pattern; the patterns are found too.
func (a Access) Resources(ctx context.Context, call directory.Call, s Search) (Found, error) {
	app, held, err := a.held(ctx, call, s.Question)
	if err != nil || held == nil {
		return Found{}, err
	}
	on := []authz.Pattern{}
	all, reason := applications.Wanted(app, s.Resource.Type, s.Action, authz.Wildcard)
	switch {
	case reason != "":
	case held.Allows(all):
		on = append(on, authz.Wildcard)
	default:
		for g := range held.Of(string(app.ID)).Each() {
			if g.Type == s.Resource.Type && g.Action == s.Action {
				on = append(on, g.On)
			}
		}
	}
	var found Found
	for _, p := range on {
		if strings.HasSuffix(string(p), authz.Wildcard) {
			found.Patterns = append(found.Patterns, string(p))
		} else {
			found.IDs = append(found.IDs, string(p))
		}
	}
	return found.page(s), nil
}

// Actions implements [Decider].
func (a Access) Actions(ctx context.Context, call directory.Call, s Search) (Found, error) {
	app, held, err := a.held(ctx, call, s.Question)
	if err != nil || held == nil {
		return Found{}, err
	}
	var found Found
	for _, action := range app.Types[s.Resource.Type].Actions {
		if want, reason := applications.Wanted(app, s.Resource.Type, action, s.Resource.ID); reason == "" && held.Allows(want) {
			found.IDs = append(found.IDs, action)
		}
	}
	return found.page(s), nil
}

// page returns the page of f that s asks for.
func (f Found) page(s Search) Found {
	slices.Sort(f.IDs)
	begin, there := slices.BinarySearch(f.IDs, s.After)
	if there {
		begin++
	}
	f.IDs = f.IDs[begin:]
	if len(f.IDs) > s.Limit {
		f.IDs = f.IDs[:s.Limit]
		f.Next = f.IDs[s.Limit-1]
	}
	return f
}

// held returns what the subject of a question holds; nil for one that does not exist.
func (a Access) held(ctx context.Context, call directory.Call, q Question) (directory.Application, *authz.AppGrants, error) {
	app, err := a.application(ctx, call, q)
	if err != nil {
		return app, nil, err
	}
	org, served := applications.Serves(app, directory.OrgID(q.Organization))
	if !served {
		return app, nil, nil
	}
	asked := applications.Question{Org: org}
	if reason, err := a.subject(ctx, &asked, app, q); reason != "" || err != nil {
		return app, nil, err
	}
	held, err := a.Apps.Held(ctx, asked)
	if directory.CodeOf(err) == directory.NotFound {
		return app, nil, nil
	}
	if err != nil {
		return app, nil, err
	}
	return app, &held.Held, nil
}
