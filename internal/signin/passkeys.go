package signin

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/identity"
)

// ceremonyLifetime is how long a person may take to use a passkey.
const ceremonyLifetime = 5 * time.Minute

// The purposes of ceremonies: one can't be finished as another.
const (
	signingIn = "passkey sign-in"
	adding    = "passkey registration "
)

// newPasskeys makes passkeys for the host of a URL. They ask for the person to be
// verified, by a fingerprint or PIN, and to be kept on the authenticator, so that nobody
// has to type who they are.
func newPasskeys(publicURL string) (*webauthn.WebAuthn, error) {
	u, err := url.Parse(publicURL)
	if err != nil {
		return nil, fmt.Errorf("the public URL: %w", err)
	}
	w, err := webauthn.New(&webauthn.Config{
		RPID: u.Hostname(), RPDisplayName: "Roster", RPOrigins: []string{u.Scheme + "://" + u.Host},
		AttestationPreference: protocol.PreferNoAttestation,
		AuthenticatorSelection: protocol.AuthenticatorSelection{
			ResidentKey: protocol.ResidentKeyRequirementRequired, UserVerification: protocol.VerificationRequired,
		},
	})
	if err != nil {
		return nil, fmt.Errorf("passkeys for %s: %w", u.Host, err)
	}
	return w, nil
}

var (
	errNoPasskeys = directory.Errorf(directory.Forbidden, "this server has no passkeys; its operator must set --public-url")
	errBadPasskey = directory.Errorf(directory.Invalid, "the passkey's answer can't be read")
)

// person is an account as WebAuthn sees it.
type person struct {
	id, name string
	passkeys []webauthn.Credential
}

func (p person) WebAuthnID() []byte                         { return []byte(p.id) }
func (p person) WebAuthnName() string                       { return p.name }
func (p person) WebAuthnDisplayName() string                { return p.name }
func (p person) WebAuthnCredentials() []webauthn.Credential { return p.passkeys }

// beginPasskey sends a challenge to sign in with: to whoever asks, whoever they are.
func (s *SignIn) beginPasskey(rq *request) error {
	if s.passkey == nil {
		return errNoPasskeys
	}
	options, state, err := s.passkey.BeginDiscoverableLogin(webauthn.WithUserVerification(protocol.VerificationRequired))
	if err != nil {
		return err
	}
	return s.begin(rq, signingIn, state, options)
}

// begin seals a ceremony's state into the browser, and sends the options.
func (s *SignIn) begin(rq *request, purpose string, state *webauthn.SessionData, options any) error {
	b, err := json.Marshal(state)
	if err != nil {
		return err
	}
	s.setCookie(rq, ceremonyCookie, s.o.Identity.SealCeremony(purpose, b, ceremonyLifetime), ceremonyLifetime)
	rq.reply(http.StatusOK, options)
	return nil
}

// resume opens the ceremony that the browser is in. It can't be resumed again.
func (s *SignIn) resume(rq *request, purpose string) (c identity.Ceremony, state webauthn.SessionData, err error) {
	if s.passkey == nil {
		return c, state, errNoPasskeys
	}
	c, err = s.o.Identity.OpenCeremony(purpose, s.cookie(rq.Request, ceremonyCookie))
	s.setCookie(rq, ceremonyCookie, "", 0)
	if err != nil {
		return c, state, err
	}
	err = json.Unmarshal(c.State, &state)
	return c, state, err
}

// finishPasskey signs in with a passkey.
func (s *SignIn) finishPasskey(rq *request) error {
	ceremony, state, err := s.resume(rq, signingIn)
	if err != nil {
		return err
	}
	answer, err := protocol.ParseCredentialRequestResponseBody(rq.Body)
	if err != nil {
		return errBadPasskey
	}
	session, err := s.o.Identity.SignInWithPasskey(rq.Context(), rq.call, answer.RawID, ceremony, s.cookie(rq.Request, sessionCookie),
		func(p directory.Passkey) ([]byte, error) { return s.check(p, state, answer) })
	if err != nil {
		return err
	}
	s.signedIn(rq, session)
	rq.reply(http.StatusOK, map[string]string{"next": local(rq.URL.Query().Get("next"), s.o.Home)})
	return nil
}

// check checks an answer against a passkey. An authenticator whose counter goes back may
// have been cloned: it is refused.
func (s *SignIn) check(p directory.Passkey, state webauthn.SessionData, answer *protocol.ParsedCredentialAssertionData) ([]byte, error) {
	var known webauthn.Credential
	if err := json.Unmarshal(p.Credential, &known); err != nil {
		return nil, err
	}
	if !bytes.Equal(answer.Response.UserHandle, []byte(p.AccountID)) {
		return nil, fmt.Errorf("the passkey is another account's")
	}
	who := person{id: string(p.AccountID), passkeys: []webauthn.Credential{known}}
	used, err := s.passkey.ValidateDiscoverableLogin(func(_, _ []byte) (webauthn.User, error) { return who, nil }, state, answer)
	if err != nil {
		return nil, err
	}
	if used.Authenticator.CloneWarning {
		return nil, fmt.Errorf("the passkey's counter went back")
	}
	return json.Marshal(used)
}

// member is the call of the person who is signed in.
func (s *SignIn) member(rq *request) (directory.Call, error) {
	p, err := s.o.Service.AuthenticateSession(rq.Context(), s.cookie(rq.Request, sessionCookie), "", rq.call.RemoteAddr)
	call := rq.call
	call.Principal = p
	rq.actsAs(p)
	return call, err
}

// offersPasskey reports whether somebody who signed in by a link should be asked to add
// a passkey: they have none.
func (s *SignIn) offersPasskey(rq *request, session identity.IssuedSession) bool {
	if s.passkey == nil {
		return false
	}
	p, err := s.o.Service.AuthenticateSession(rq.Context(), session.Secret, "", rq.call.RemoteAddr)
	if err != nil {
		return false
	}
	call := rq.call
	call.Principal = p
	all, err := s.o.Identity.ListPasskeys(rq.Context(), call)
	return err == nil && len(all) == 0
}

// newPasskeyPage offers to add a passkey.
func (s *SignIn) newPasskeyPage(rq *request) error {
	next := local(rq.FormValue("next"), s.o.Home)
	if _, err := s.member(rq); err != nil {
		if directory.CodeOf(err) == directory.Unauthenticated {
			return rq.leadTo(Root + "?" + url.Values{"next": {rq.URL.RequestURI()}}.Encode())
		}
		return err
	}
	s.show(rq, http.StatusOK, "passkey", page{Title: "Add a passkey", Next: next, Passkeys: s.passkey != nil})
	return nil
}

// beginNewPasskey sends the options to make a passkey with, to somebody who signed in
// just now.
func (s *SignIn) beginNewPasskey(rq *request) error {
	if s.passkey == nil {
		return errNoPasskeys
	}
	call, err := s.member(rq)
	if err != nil {
		return err
	}
	if s.o.Clock().Sub(call.Principal.FreshAt) >= directory.FreshFor {
		return directory.Errorf(directory.Reauthenticate, "to add a passkey, sign in again: your last sign-in is too long ago")
	}
	known, err := s.o.Identity.ListPasskeys(rq.Context(), call)
	if err != nil {
		return err
	}
	who := person{id: string(call.Principal.AccountID), name: call.Principal.Name}
	for _, p := range known {
		var c webauthn.Credential
		if err := json.Unmarshal(p.Credential, &c); err != nil {
			return err
		}
		who.passkeys = append(who.passkeys, c)
	}
	options, state, err := s.passkey.BeginRegistration(who, webauthn.WithExclusions(webauthn.Credentials(who.passkeys).CredentialDescriptors()))
	if err != nil {
		return err
	}
	return s.begin(rq, adding+string(call.Principal.TokenID), state, options)
}

// finishNewPasskey adds the passkey that the browser has made, to the session that asked
// for it.
func (s *SignIn) finishNewPasskey(rq *request) error {
	call, err := s.member(rq)
	if err != nil {
		return err
	}
	ceremony, state, err := s.resume(rq, adding+string(call.Principal.TokenID))
	if err != nil {
		return err
	}
	answer, err := protocol.ParseCredentialCreationResponseBody(rq.Body)
	if err != nil {
		return errBadPasskey
	}
	made, err := s.passkey.CreateCredential(person{id: string(call.Principal.AccountID)}, state, answer)
	if err != nil {
		return directory.Errorf(directory.Invalid, "the passkey could not be checked; try again")
	}
	credential, err := json.Marshal(made)
	if err != nil {
		return err
	}
	name := rq.URL.Query().Get("name")
	if name == "" {
		name = "Passkey of " + s.o.Clock().UTC().Format(time.DateOnly)
	}
	_, err = s.o.Identity.CreatePasskey(rq.Context(), call, identity.NewPasskey{
		Name: name, CredentialID: made.ID, Credential: credential, Ceremony: ceremony,
	})
	if err != nil {
		return err
	}
	rq.reply(http.StatusOK, map[string]string{"next": local(rq.URL.Query().Get("next"), s.o.Home)})
	return nil
}
