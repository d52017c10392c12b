package browsertest

import (
	"github.com/chromedp/cdproto/webauthn"
)

// Authenticator is a virtual passkey authenticator of the browser: it verifies its user
// without asking.
type Authenticator struct {
	b  *Browser
	id webauthn.AuthenticatorID
}

// AddAuthenticator plugs in an authenticator.
func (b *Browser) AddAuthenticator() *Authenticator {
	b.Helper()
	call(b, webauthn.Enable, webauthn.EnableParams{})
	added := call(b, webauthn.AddVirtualAuthenticator, webauthn.AddVirtualAuthenticatorParams{Options: &webauthn.VirtualAuthenticatorOptions{
		Protocol: webauthn.AuthenticatorProtocolCtap2, Transport: webauthn.AuthenticatorTransportInternal,
		HasResidentKey: true, HasUserVerification: true, IsUserVerified: true, AutomaticPresenceSimulation: true,
	}})
	return &Authenticator{b: b, id: added.AuthenticatorID}
}

// Passkeys returns how many passkeys the authenticator holds.
func (a *Authenticator) Passkeys() int {
	a.b.Helper()
	return len(call(a.b, webauthn.GetCredentials, webauthn.GetCredentialsParams{AuthenticatorID: a.id}).Credentials)
}

// Remove unplugs the authenticator, with its passkeys.
func (a *Authenticator) Remove() {
	a.b.Helper()
	call(a.b, webauthn.RemoveVirtualAuthenticator, webauthn.RemoveVirtualAuthenticatorParams{AuthenticatorID: a.id})
}
