package applications

import (
	"context"
	"net/url"
	"strings"

	"github.com/rosterhq/roster/internal/authz"
	"github.com/rosterhq/roster/internal/directory"
)

// Presented is a token that somebody presented to an application: whom it acts for, and
// what they hold in the application.
type Presented struct {
	Principal *directory.Principal
	Held      authz.AppGrants // those in the application
}

// Subject is the id of the user, or of the API token.
func (p Presented) Subject() string {
	if p.Principal.UserID != "" {
		return string(p.Principal.UserID)
	}
	return string(p.Principal.TokenID)
}

// Present finds out what a token's value is good for in an application. org is the
// organization that was named, "" for none; remoteAddr the address that presented the
// token, "" if it is not known. Errors: [directory.Unauthenticated] and
// [directory.Forbidden], as of [directory.Service.AuthenticateFrom], and also for a token
// of an organization that the application does not serve.
func (a *Apps) Present(ctx context.Context, app directory.Application, secret string, org directory.OrgID, remoteAddr string) (Presented, error) {
	if org == "" {
		org = app.OrgID
	}
	p, err := a.directory.AuthenticateFrom(ctx, secret, org, remoteAddr)
	if err != nil {
		return Presented{}, err
	}
	return a.presented(ctx, app, p)
}

func (a *Apps) presented(ctx context.Context, app directory.Application, p *directory.Principal) (Presented, error) {
	if _, served := Serves(app, p.OrgID); p.Kind == directory.AppClient || p.OrgID == "" || !served {
		return Presented{}, directory.Errorf(directory.Forbidden, "the token is not for an organization that the application serves")
	}
	held, err := a.Held(ctx, Question{Org: p.OrgID, Principal: p})
	if err != nil {
		return Presented{}, err
	}
	in := held.Held.Of(string(app.ID))
	if held.Held.All() {
		in = authz.AppGrantsOf(app.Grants())
	}
	return Presented{p, in}, nil
}

// PresentTo is Present for an application by its id: one of the token's organization, or
// of the deployment. Errors: [directory.NotFound] for an application that there is not.
func (a *Apps) PresentTo(ctx context.Context, id directory.AppID, secret string, org directory.OrgID, remoteAddr string) (directory.Application, Presented, error) {
	p, err := a.directory.AuthenticateFrom(ctx, secret, org, remoteAddr)
	if err != nil {
		return directory.Application{}, Presented{}, err
	}
	app, err := a.byID(ctx, appKey{p.OrgID, id})
	if directory.CodeOf(err) == directory.NotFound {
		app, err = a.byID(ctx, appKey{"", id})
	}
	if err != nil {
		return app, Presented{}, err
	}
	presented, err := a.presented(ctx, app, p)
	return app, presented, err
}

// Scope lists capabilities as OAuth does (RFC 6749 section 3.3), as in
// "invoice|read report:2026-*|read". Characters that a scope can't have are
// percent-encoded, and so is the percent sign. [ParseCapability] reads each.
func Scope(grants authz.AppGrants) string {
	var b strings.Builder
	for g := range grants.Each() {
		if b.Len() > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(g.Type)
		if g.On != "" {
			b.WriteByte(':')
			escape(&b, string(g.On))
		}
		b.WriteByte('|')
		b.WriteString(g.Action)
	}
	return b.String()
}

func escape(b *strings.Builder, text string) {
	const hex = "0123456789ABCDEF"
	for _, c := range []byte(text) {
		if c <= ' ' || c > '~' || c == '"' || c == '\\' || c == '%' {
			b.WriteByte('%')
			b.WriteByte(hex[c>>4])
			b.WriteByte(hex[c&15])
		} else {
			b.WriteByte(c)
		}
	}
}

// ParseCapability reads a capability as [Scope] writes it.
func ParseCapability(app directory.AppID, text string) (authz.AppGrant, error) {
	plain, err := url.PathUnescape(text)
	if err != nil {
		return authz.AppGrant{}, err
	}
	return authz.ParseAppGrant("app:" + string(app) + ":" + plain)
}
