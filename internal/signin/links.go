package signin

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/ident"
	"github.com/rosterhq/roster/internal/identity"
)

// Mail mails a link that signs somebody in.
type Mail interface {
	SendSignInLink(ctx context.Context, email, name, link string) error
}

const (
	// maxWaitingMails bounds how many requested mails wait; more are dropped, and the
	// person asks again.
	maxWaitingMails = 100
	// mailWorkers is how many of them are sent at a time.
	mailWorkers = 2

	browserPrefix = "xbrw-"
	linkPath      = "/signin/link"
)

// mailRequest is what somebody typed in.
type mailRequest struct {
	call                 directory.Call
	email, browser, next string
}

// start shows the ways to sign in.
func (s *SignIn) start(rq *request) error {
	p := page{Title: "Sign in", Next: local(rq.FormValue("next"), ""), Mail: s.mailsLinks(), Passkeys: s.passkey != nil, ByIssuer: s.issuersReady()}
	s.show(rq, http.StatusOK, "start", p)
	return nil
}

func (s *SignIn) mailsLinks() bool { return s.o.Mail != nil && s.o.PublicURL != "" }

// requestMail takes an address to mail a link to. The answer is the same, and takes as
// long, whether there is such an account: all that depends on it is done afterwards.
func (s *SignIn) requestMail(rq *request) error {
	email := strings.TrimSpace(rq.PostFormValue("email"))
	if !strings.Contains(email, "@") || len(email) > 320 {
		return directory.InvalidField("email", "must be an email address")
	}
	if !s.mailsLinks() {
		return directory.Errorf(directory.Forbidden, "this server mails no links; ask the operator for one (roster admin sign-in-link)")
	}
	browser := s.cookie(rq.Request, browserCookie)
	if !strings.HasPrefix(browser, browserPrefix) {
		browser = ident.Secret(browserPrefix)
	}
	s.setCookie(rq, browserCookie, browser, identity.MailedLinkLifetime)
	select {
	case s.mails <- mailRequest{rq.call, email, browser, local(rq.PostFormValue("next"), "")}:
	default:
		s.o.Log.Warn("a sign-in link is not mailed: too many are waiting")
	}
	return rq.leadTo("/signin/mail")
}

func (s *SignIn) mailSent(rq *request) error {
	s.show(rq, http.StatusOK, "mail", page{Title: "Look into your mail"})
	return nil
}

// Run mails the links that are requested, until ctx ends.
func (s *SignIn) Run(ctx context.Context) {
	done := make(chan struct{})
	for range mailWorkers {
		go func() {
			defer func() { done <- struct{}{} }()
			for {
				select {
				case <-ctx.Done():
					return
				case m := <-s.mails:
					s.mail(ctx, m)
				}
			}
		}()
	}
	for range mailWorkers {
		<-done
	}
}

func (s *SignIn) mail(ctx context.Context, m mailRequest) {
	link, ok, err := s.o.Identity.RequestSignInLink(ctx, m.call, m.email, m.browser)
	if ok {
		err = s.o.Mail.SendSignInLink(ctx, link.Email, link.Name, s.linkURL(link.Secret, m.next))
	}
	if err != nil {
		s.o.Log.Error("a sign-in link could not be mailed", "trace", m.call.TraceID, "error", err)
	}
}

// linkURL carries the secret behind the #, which browsers send to nobody: no proxy, no
// log and no Referer has it.
func (s *SignIn) linkURL(secret, next string) string {
	query := ""
	if next != "" {
		query = "?" + url.Values{"next": {next}}.Encode()
	}
	return strings.TrimSuffix(s.o.PublicURL, "/") + linkPath + query + "#" + secret
}

// linkPage asks whether to use a link. The script moves the secret from the address into
// the form; without it, the person pastes the link. Nothing is used up before the form is
// sent: mail scanners open links too.
func (s *SignIn) linkPage(rq *request) error {
	s.show(rq, http.StatusOK, "link", page{Title: "Sign in", Next: local(rq.FormValue("next"), "")})
	return nil
}

// useLink signs in by a link. The form's text may be the whole link, as it was pasted.
func (s *SignIn) useLink(rq *request) error {
	secret := strings.TrimSpace(rq.PostFormValue("link"))
	if _, fragment, ok := strings.Cut(secret, "#"); ok {
		secret = fragment
	}
	session, err := s.o.Identity.UseSignInLink(rq.Context(), rq.call, secret, s.cookie(rq.Request, browserCookie), s.cookie(rq.Request, sessionCookie))
	if err != nil {
		return err
	}
	s.signedIn(rq, session)
	next := local(rq.PostFormValue("next"), s.o.Home)
	if s.offersPasskey(rq, session) {
		next = "/signin/passkeys?" + url.Values{"next": {next}}.Encode()
	}
	return rq.leadTo(next)
}

// signedIn gives the browser its session.
func (s *SignIn) signedIn(rq *request, session identity.IssuedSession) {
	s.setCookie(rq, sessionCookie, session.Secret, session.ExpiresAt.Sub(session.CreatedAt))
	s.setCookie(rq, browserCookie, "", 0)
}

// signOut ends the browser's session, whatever became of it.
func (s *SignIn) signOut(rq *request) error {
	secret := s.cookie(rq.Request, sessionCookie)
	s.setCookie(rq, sessionCookie, "", 0)
	p, err := s.o.Service.AuthenticateSession(rq.Context(), secret, "", rq.call.RemoteAddr)
	if err == nil {
		rq.call.Principal = p
		rq.actsAs(p)
		err = s.o.Identity.SignOut(rq.Context(), rq.call)
	}
	if err != nil && directory.CodeOf(err) != directory.Unauthenticated {
		return err
	}
	return rq.leadTo(Root)
}
