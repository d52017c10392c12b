package signin_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/descope/virtualwebauthn"

	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/directorytest"
)

// device is an authenticator with at most one passkey.
type device struct {
	site       virtualwebauthn.RelyingParty
	device     virtualwebauthn.Authenticator
	credential virtualwebauthn.Credential
}

func (s *site) device() *device {
	return &device{
		site:       virtualwebauthn.RelyingParty{ID: "localhost", Name: "Roster", Origin: s.URL},
		device:     virtualwebauthn.NewAuthenticator(),
		credential: virtualwebauthn.NewCredential(virtualwebauthn.KeyTypeEC2),
	}
}

// make answers a challenge to make a passkey.
func (d *device) make(t testing.TB, a answer) string {
	t.Helper()
	o := directorytest.Must(virtualwebauthn.ParseAttestationOptions(a.wants(t, "begin to add", http.StatusOK).Body))(t)
	d.device.Options.UserHandle = userHandle(t, a)
	return virtualwebauthn.CreateAttestationResponse(d.site, d.device, d.credential, *o)
}

// use answers a challenge to sign in. The signature counter goes up.
func (d *device) use(t testing.TB, a answer) string {
	t.Helper()
	o := directorytest.Must(virtualwebauthn.ParseAssertionOptions(a.wants(t, "begin to sign in", http.StatusOK).Body))(t)
	d.credential.Counter++
	return virtualwebauthn.CreateAssertionResponse(d.site, d.device, d.credential, *o)
}

// add adds a passkey to a browser's account.
func (d *device) add(b *browser, name string) {
	b.t.Helper()
	b.script("/signin/passkeys?name="+name+"&next=/console/x", d.make(b.t, b.script("/signin/passkeys/begin", ""))).wants(b.t, "add", http.StatusOK)
}

func (b *browser) begin() answer {
	b.t.Helper()
	return b.script("/signin/passkey/begin", "")
}

// A passkey is added by somebody who is signed in, and signs them in without saying who
// they are. Its answer works once, in the browser that has the challenge.
func TestPasskeySignsIn(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := s.device()
	d.add(s.owner(), "Laptop")
	list := directorytest.Must(s.ListPasskeys(t.Context(), s.ByOwner()))(t)
	if len(list) != 1 || list[0].Name != "Laptop" || !list[0].LastUsedAt.IsZero() {
		t.Fatalf("passkeys %+v", list)
	}

	b := s.browser()
	said := d.use(t, b.begin())
	ceremony := b.cookie("roster_ceremony")
	other := s.browser()
	other.script("/signin/passkey", said).wants(t, "without the challenge", http.StatusUnauthorized)
	other.begin()
	other.script("/signin/passkey", said).wants(t, "with another challenge", http.StatusUnauthorized)
	s.Pass(time.Minute)
	a := b.script("/signin/passkey?next=/console/x", said).wants(t, "sign in", http.StatusOK)
	if a.Body != `{"next":"/console/x"}`+"\n" {
		t.Errorf("answered %s", a.Body)
	}
	b.wantsSignedIn("by a passkey", true)
	if p := s.session(b).Principal; p.UserID != s.Owner.ID || p.FreshAt.IsZero() {
		t.Errorf("signed in as %+v", p)
	}
	if list = directorytest.Must(s.ListPasskeys(t.Context(), s.ByOwner()))(t); list[0].LastUsedAt.IsZero() {
		t.Error("the use is not noted")
	}
	thief := s.browser()
	thief.setCookie("roster_ceremony", ceremony)
	thief.script("/signin/passkey", said).wants(t, "the same answer again", http.StatusUnauthorized)
	thief.wantsSignedIn("by a replay", false)
	if a := b.script("/signin/passkey?next=//evil.example", d.use(t, b.begin())).wants(t, "again", http.StatusOK); a.Body != `{"next":"/console/"}`+"\n" {
		t.Errorf("leads to %s", a.Body)
	}
	s.Wants("remove", "", s.DeletePasskey(t.Context(), s.ByOwner(), list[0].ID))
	b.script("/signin/passkey", d.use(t, b.begin())).wants(t, "removed", http.StatusUnauthorized)
}

// Answers that are not right are refused and, of a known passkey, written down.
func TestPasskeyIsChecked(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	good := s.device()
	good.add(s.owner(), "Laptop")
	b := s.browser()
	b.script("/signin/passkey", good.use(t, b.begin())).wants(t, "good", http.StatusOK)
	for what, spoil := range map[string]func(d *device){
		"another site's":         func(d *device) { d.site.Origin = "https://evil.example" },
		"another domain's":       func(d *device) { d.site.ID = "evil.example" },
		"without a person":       func(d *device) { d.device.Options.UserNotVerified = true },
		"without anybody there":  func(d *device) { d.device.Options.UserNotPresent = true },
		"another key":            func(d *device) { d.credential.Key = virtualwebauthn.NewCredential(virtualwebauthn.KeyTypeEC2).Key },
		"another account":        func(d *device) { d.device.Options.UserHandle = []byte("acc_other") },
		"a counter that is back": func(d *device) { d.credential.Counter = 0 },
		"an unknown passkey":     func(d *device) { d.credential.ID = []byte("unknown-credential-id") },
	} {
		d := *good
		spoil(&d)
		b := s.browser()
		a := b.script("/signin/passkey", d.use(t, b.begin())).wants(t, what, http.StatusUnauthorized)
		if !strings.Contains(a.Body, "the passkey is unknown here, or could not be checked") {
			t.Errorf("%s is told apart: %s", what, a.Body)
		}
		b.wantsSignedIn(what, false)
	}
	b = s.browser()
	said := good.use(t, b.begin())
	s.Pass(5 * time.Minute)
	b.script("/signin/passkey", said).wants(t, "too late", http.StatusUnauthorized)
	b.begin()
	b.script("/signin/passkey", "{}").wants(t, "nothing", http.StatusBadRequest)
}

// Only somebody who signed in just now adds a passkey, to the session that asked.
func TestAddingAPasskeyNeedsAFreshSignIn(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.browser().script("/signin/passkeys/begin", "").wants(t, "signed out", http.StatusUnauthorized)
	b, other, d := s.owner(), s.owner(), s.device()
	said := d.make(t, b.script("/signin/passkeys/begin", ""))
	other.setCookie("roster_ceremony", b.cookie("roster_ceremony"))
	other.script("/signin/passkeys", said).wants(t, "in another session", http.StatusUnauthorized)
	signIn := s.browser()
	signIn.setCookie("roster_ceremony", b.cookie("roster_ceremony"))
	signIn.script("/signin/passkey", d.use(t, b.begin())).wants(t, "as a sign-in", http.StatusUnauthorized)

	ceremony := d.make(t, b.script("/signin/passkeys/begin", ""))
	kept := b.cookie("roster_ceremony")
	b.script("/signin/passkeys", ceremony).wants(t, "add", http.StatusOK)
	b.setCookie("roster_ceremony", kept)
	b.script("/signin/passkeys", ceremony).wants(t, "again", http.StatusUnauthorized)

	evil := s.device()
	evil.site.Origin = "https://evil.example"
	b.script("/signin/passkeys", evil.make(t, b.script("/signin/passkeys/begin", ""))).wants(t, "another site's", http.StatusBadRequest)
	next := s.device()
	said = next.make(t, b.script("/signin/passkeys/begin", ""))
	s.Pass(directory.FreshFor)
	b.script("/signin/passkeys", said).wants(t, "not fresh any more", http.StatusUnauthorized) // the challenge is older than five minutes
	b.script("/signin/passkeys/begin", "").wants(t, "not fresh", http.StatusForbidden)
}

// userHandle reads by what the authenticator is to know the account.
func userHandle(t testing.TB, a answer) []byte {
	t.Helper()
	var o struct {
		PublicKey struct{ User struct{ ID string } }
	}
	if err := json.Unmarshal([]byte(a.Body), &o); err != nil {
		t.Fatal(err)
	}
	return directorytest.Must(base64.RawURLEncoding.DecodeString(o.PublicKey.User.ID))(t)
}
