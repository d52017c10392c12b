package directory_test

import (
	"bytes"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/rosterhq/roster/internal/audit"
	"github.com/rosterhq/roster/internal/dbtest"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/identity"
	"github.com/rosterhq/roster/internal/limits"
)

// verifiesDomain makes a domain an organization's, without a look-up.
func (w *world) verifiesDomain(org directory.OrgID, domain string) {
	w.Helper()
	d := directory.Domain{OrgID: org, Name: domain, Challenge: "c", CreatedAt: w.clock.Now().UTC().Truncate(time.Microsecond), VerifiedAt: w.clock.Now().UTC().Truncate(time.Microsecond)}
	w.stores(directory.OpVerifyDomain, d, nil, d, func(tx directory.Tx) error { return tx.CreateDomain(d) })
}

// losesDomain takes a domain away from an organization.
func (w *world) losesDomain(org directory.OrgID, domain string) {
	w.Helper()
	var d directory.Domain
	err := w.db.Read(w.Context(), func(tx directory.Tx) (err error) {
		d, err = tx.Domain(org, domain)
		return err
	})
	w.wants("read "+domain, "", err)
	after := d
	after.VerifiedAt = time.Time{}
	w.stores(directory.OpLoseDomain, d, d, after, func(tx directory.Tx) error { return tx.MarkDomain(org, domain, time.Time{}) })
}

// stores writes a domain past the service, with its entry.
func (w *world) stores(op directory.Operation, d directory.Domain, before, after any, write func(directory.Tx) error) {
	w.Helper()
	e := directory.Entry{At: w.clock.Now().UTC(), OrgID: d.OrgID, Actor: directory.Actor{Kind: directory.ActorSystem}, Action: op.Name, Target: d.Target()}
	w.wants(op.Name, "", w.db.Write(w.Context(), func(tx directory.Tx) error {
		return errors.Join(tx.Lock(directory.LockOrg(d.OrgID)), write(tx), directory.Record(tx, dbtest.Keys(), e, before, after))
	}))
}

func newIssuer() identity.NewIssuer {
	return identity.NewIssuer{
		Name: "Acme SSO", URL: "https://sso.example.com", ClientID: "roster", ClientSecret: "the-client-secret",
		IssuerSettings: directory.IssuerSettings{Enabled: true},
	}
}

// issuer makes an issuer of the first organization, which has verified example.com.
func (w *world) issuer(change func(*identity.NewIssuer)) directory.Issuer {
	w.Helper()
	w.verifiesDomain(w.org.ID, "example.com")
	in := newIssuer()
	if change != nil {
		change(&in)
	}
	return must(w.CreateIssuer(w.Context(), w.byOwner(), in))(w)
}

func person(subject, email string, groups ...string) identity.IssuedPerson {
	return identity.IssuedPerson{Subject: subject, Email: email, EmailVerified: true, Name: "From the issuer", Groups: groups}
}

// ceremony is a sign-in that a browser has come back from.
func (w *world) ceremony() identity.Ceremony {
	w.Helper()
	return must(w.OpenCeremony("test", w.SealCeremony("test", []byte("x"), time.Minute)))(w)
}

// by signs a person in by an issuer.
func (w *world) signInBy(i directory.Issuer, p identity.IssuedPerson) (directory.IssuedSession, error) {
	w.Helper()
	return w.SignInByIssuer(w.Context(), directory.Call{RemoteAddr: "192.0.2.7"}, identity.IssuerSignIn{
		OrgID: i.OrgID, IssuerID: i.ID, Person: p, Ceremony: w.ceremony(),
	})
}

func TestOnlyOwnersChangeIssuers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	i := w.issuer(nil)
	rival := w.tenant("Rival")
	session := w.inSession(w.signIn(w.owner.User), w.org.ID)
	for name, c := range map[string]struct {
		call   directory.Call
		reads  directory.Code
		writes directory.Code
	}{
		"owner":                      {w.byOwner(), "", ""},
		"session of the owner":       {session, "", ""},
		"admin":                      {w.by(w.join("Ada", "admin")), "", directory.Forbidden},
		"user":                       {w.by(w.join("Ulf", "user")), directory.Forbidden, directory.Forbidden},
		"API token of the owner":     {w.as(w.apiToken, w.org.ID), directory.Forbidden, directory.Forbidden},
		"owner of another, NotFound": {w.by(rival), directory.NotFound, directory.NotFound},
	} {
		_, err := w.GetIssuer(t.Context(), c.call, i.ID)
		w.wants(name+" reads", c.reads, err)
		_, err = w.UpdateIssuer(t.Context(), c.call, i.ID, newIssuer())
		w.wants(name+" updates", c.writes, err)
	}
	w.pass(directory.FreshFor)
	_, err := w.UpdateIssuer(t.Context(), session, i.ID, newIssuer())
	w.wants("a session whose sign-in is too long ago", directory.Reauthenticate, err)
	w.wants("delete", directory.Reauthenticate, w.DeleteIssuer(t.Context(), session, i.ID))
	w.wants("delete by the owner", "", w.DeleteIssuer(t.Context(), w.byOwner(), i.ID))
	_, err = w.GetIssuer(t.Context(), w.byOwner(), i.ID)
	w.wants("deleted", directory.NotFound, err)
	if got := w.actionsSince(0); !slices.Contains(got, "createIssuer") || !slices.Contains(got, "updateIssuer") || !slices.Contains(got, "deleteIssuer") {
		t.Errorf("the log has %q", got)
	}
}

func (w *world) actionsSince(position int64) (actions []string) {
	w.Helper()
	for _, e := range w.since(position) {
		actions = append(actions, e.Action)
	}
	return actions
}

func TestIssuerInputIsChecked(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	owners := must(w.CreateGroup(t.Context(), w.byOwner(), directory.NewGroup{Name: "Ops"}))(t)
	for name, change := range map[string]func(*identity.NewIssuer){
		"no name":            func(i *identity.NewIssuer) { i.Name = "" },
		"http":               func(i *identity.NewIssuer) { i.URL = "http://sso.example.com" },
		"query":              func(i *identity.NewIssuer) { i.URL += "?x" },
		"no client":          func(i *identity.NewIssuer) { i.ClientID = "" },
		"no secret":          func(i *identity.NewIssuer) { i.ClientSecret = "" },
		"secret with spaces": func(i *identity.NewIssuer) { i.ClientSecret = "a b" },
		"scope":              func(i *identity.NewIssuer) { i.Scopes = []string{"a b"} },
		"groups, no claim":   func(i *identity.NewIssuer) { i.Groups = []directory.GroupRule{{Value: "x", GroupID: owners.ID}} },
		"unknown group": func(i *identity.NewIssuer) {
			i.GroupsClaim, i.Groups = "groups", []directory.GroupRule{{Value: "x", GroupID: "grp_x"}}
		},
		"empty value": func(i *identity.NewIssuer) {
			i.GroupsClaim, i.Groups = "groups", []directory.GroupRule{{GroupID: owners.ID}}
		},
	} {
		in := newIssuer()
		change(&in)
		_, err := w.CreateIssuer(t.Context(), w.byOwner(), in)
		w.wants(name, directory.Invalid, err)
	}
	i := w.issuer(nil)
	_, err := w.CreateIssuer(t.Context(), w.byOwner(), newIssuer())
	w.wants("again", directory.Conflict, err)
	in := newIssuer()
	in.URL = "https://other.example.com"
	_, err = w.UpdateIssuer(t.Context(), w.byOwner(), i.ID, in)
	w.wants("another URL", directory.Invalid, err)
	in = newIssuer()
	in.ClientID = "other"
	_, err = w.UpdateIssuer(t.Context(), w.byOwner(), i.ID, in)
	w.wants("another client", directory.Invalid, err)

	most := limits.Default()
	most.Issuers = 1
	w.configure(directory.WithLimits(most))
	in.ClientID = "second"
	_, err = w.CreateIssuer(t.Context(), w.byOwner(), in)
	w.wants("one too many", directory.LimitExceeded, err)
}

// The client's secret is kept sealed for its issuer, and an update without one keeps it.
func TestClientSecretIsSealed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	i := w.issuer(nil)
	if bytes.Contains(i.SealedSecret, []byte("the-client-secret")) {
		t.Error("the secret is stored as it is")
	}
	in := newIssuer()
	in.ClientSecret = ""
	must(w.UpdateIssuer(t.Context(), w.byOwner(), i.ID, in))(t)
	if got := must(w.IssuerToSignIn(t.Context(), directory.Call{}, w.org.ID, i.ID))(t); got.ClientSecret != "the-client-secret" {
		t.Errorf("the secret is %q", got.ClientSecret)
	}
	in.ClientID, in.ClientSecret = "other", "another"
	moved := must(w.CreateIssuer(t.Context(), w.byOwner(), in))(t)
	moved.SealedSecret = i.SealedSecret
	w.wants("move the secret", "", w.db.Write(t.Context(), func(tx directory.Tx) error { return tx.UpdateIssuer(moved) }))
	_, err := w.IssuerToSignIn(t.Context(), directory.Call{}, w.org.ID, moved.ID)
	w.wants("the secret of another issuer", directory.Unavailable, err)
	for _, e := range w.since(0) {
		if bytes.Contains(e.After, []byte("client-secret")) || bytes.Contains(e.Before, []byte("client-secret")) {
			t.Errorf("the entry %s shows the secret", e.Action)
		}
	}
}

// A member is known by their subject from the first sign-in on, whatever address the
// issuer gives later, and the session acts in the issuer's organization alone.
func TestIssuerSignsInMembers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	i := w.issuer(nil)
	jane := w.join("Jane", "user")
	session := must(w.signInBy(i, person("sub-1", "JANE@example.com")))(t)
	p := w.inSession(session.Secret, "").Principal
	if p.UserID != jane.ID || p.OrgID != w.org.ID || p.OnlyOrg != w.org.ID || !p.FreshAt.IsZero() {
		t.Errorf("the session acts as %+v", p)
	}
	for _, email := range []string{"olivia@example.com", "jane@elsewhere.example", ""} {
		again := must(w.signInBy(i, person("sub-1", email)))(t)
		if got := w.inSession(again.Secret, "").Principal.UserID; got != jane.ID {
			t.Errorf("sub-1 with the address %q is %s", email, got)
		}
	}
	must(w.UpdateUserStatus(t.Context(), w.byOwner(), jane.ID, directory.Suspended))(t)
	_, err := w.signInBy(i, person("sub-1", "jane@example.com"))
	w.wants("a suspended member", directory.Forbidden, err)
	_, err = w.signInBy(i, person("sub-2", "jane@example.com"))
	w.wants("another subject with the address", directory.Conflict, err)
	if got := must(w.GetUser(t.Context(), w.byOwner(), jane.ID))(t).Email; got != "jane@example.com" {
		t.Errorf("the address became %s", got)
	}
}

func TestIssuerVouchesForItsDomainsOnly(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	i := w.issuer(func(in *identity.NewIssuer) { in.Provision = true })
	outsider := must(w.CreateUser(t.Context(), w.byOwner(), directory.NewUser{Name: "Out", Email: "out@example.org", Role: "admin"}))(t)
	unverified := person("sub-3", "new@example.com")
	unverified.EmailVerified = false
	for name, p := range map[string]identity.IssuedPerson{
		"a member of another domain": person("sub-1", outsider.Email),
		"a stranger":                 person("sub-2", "new@example.net"),
		"a subdomain":                person("sub-2", "new@sub.example.com"),
		"a suffix":                   person("sub-2", "new@notexample.com"),
		"two at signs":               person("sub-2", "olivia@example.com@example.org"),
		"no address":                 person("sub-2", ""),
		"not verified":               unverified,
	} {
		_, err := w.signInBy(i, p)
		w.wants(name, directory.Forbidden, err)
	}
	refused := 0
	for _, e := range w.since(0) {
		if e.Action == "signIn" && e.Outcome == directory.Refused && e.Target.ID == string(i.ID) {
			refused++
		}
	}
	if refused == 0 {
		t.Error("no refusal is in the log")
	}

	jane := w.join("Jane", "user")
	must(w.signInBy(i, person("sub-9", jane.Email)))(t)
	rival := w.tenant("Rival")
	w.losesDomain(w.org.ID, "example.com")
	w.verifiesDomain(rival.OrgID, "example.com")
	_, err := w.signInBy(i, person("sub-9", jane.Email))
	w.wants("after another organization verified the domain", directory.Forbidden, err)
}

// A tenant that owns a domain gets nothing of its people's other organizations.
func TestIssuerOfAnotherTenantSignsInToItselfOnly(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	rival := w.tenant("Rival")
	w.verifiesDomain(rival.OrgID, "example.com") // olivia's, the owner of Acme
	in := newIssuer()
	in.Provision = true
	theirs := must(w.CreateIssuer(t.Context(), w.by(rival), in))(t)
	session := must(w.signInBy(theirs, person("sub", "olivia@example.com")))(t)
	p := w.inSession(session.Secret, "").Principal
	if p.OrgID != rival.OrgID || p.IsOwner() {
		t.Errorf("the session acts as %+v", p)
	}
	_, err := w.AuthenticateSession(t.Context(), session.Secret, w.org.ID, "")
	w.wants("in her own organization", directory.Forbidden, err)
	_, err = w.signInBy(directory.Issuer{OrgID: w.org.ID, ID: theirs.ID}, person("sub", "olivia@example.com"))
	w.wants("their issuer in her organization", directory.NotFound, err)
	_, err = w.CreatePersonalToken(t.Context(), w.inSession(session.Secret, ""), directory.NewPersonalToken{Name: "x"})
	w.wants("a personal token", directory.Forbidden, err)
}

func TestIssuerProvisionsAndAcceptsInvitations(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	i := w.issuer(nil)
	_, err := w.signInBy(i, person("sub-1", "new@example.com"))
	w.wants("a stranger, without provision", directory.Forbidden, err)
	in := newIssuer()
	in.Provision = true
	i = must(w.UpdateIssuer(t.Context(), w.byOwner(), i.ID, in))(t)
	session := must(w.signInBy(i, person("sub-1", "new@example.com")))(t)
	u := must(w.GetUser(t.Context(), w.byOwner(), w.inSession(session.Secret, "").Principal.UserID))(t)
	if !must(w.IsVerified(t.Context(), w.inSession(session.Secret, "")))(t) {
		t.Error("the new member's address is not verified")
	}
	if u.Role.ID != "user" || u.Email != "new@example.com" || u.Name != "From the issuer" || u.Invited {
		t.Errorf("the new member is %+v", u)
	}

	rival := w.tenant("Rival")
	must(w.CreateUser(t.Context(), w.by(rival), directory.NewUser{Name: "Rita", Email: "rita@example.com", Role: "user"}))(t)
	invited := must(w.CreateUser(t.Context(), w.byOwner(), directory.NewUser{Name: "Rita", Email: "rita@example.com", Role: "admin"}))(t)
	if !invited.Invited {
		t.Fatal("rita is no invitation")
	}
	session = must(w.signInBy(i, person("sub-2", "rita@example.com")))(t)
	if p := w.inSession(session.Secret, "").Principal; p.UserID != invited.ID || p.Role != "admin" {
		t.Errorf("rita acts as %+v", p)
	}
	w.wants("the log leads to the state", "", w.CheckLog(t.Context(), w.org.ID))
}

// A removed user is nobody's subject any more.
func TestRemovalUnlinksTheSubject(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	i := w.issuer(nil)
	jane := w.join("Jane", "user")
	rival := w.tenant("Rival")
	must(w.CreateUser(t.Context(), w.by(rival), directory.NewUser{Name: "Jane", Email: jane.Email, Role: "user"}))(t)
	must(w.AcceptInvitation(t.Context(), w.by(jane), rival.OrgID))(t)
	session := must(w.signInBy(i, person("sub-1", jane.Email)))(t)
	w.inSession(session.Secret, "")
	w.wants("remove", "", w.RemoveUser(t.Context(), w.byOwner(), jane.ID))
	w.endedIn("of a removed user", session.Secret, "")
	_, err := w.signInBy(i, person("sub-1", jane.Email))
	w.wants("removed", directory.Forbidden, err)
}

func TestSessionsEndWithTheirIssuer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	i := w.issuer(nil)
	jane := w.join("Jane", "user")
	session := must(w.signInBy(i, person("sub-1", jane.Email)))(t)
	w.inSession(session.Secret, "")
	in := newIssuer()
	in.Enabled = false
	must(w.UpdateIssuer(t.Context(), w.byOwner(), i.ID, in))(t)
	w.endedIn("of a disabled issuer", session.Secret, "")
	_, err := w.signInBy(i, person("sub-1", jane.Email))
	w.wants("a disabled issuer", directory.NotFound, err)
	must(w.UpdateIssuer(t.Context(), w.byOwner(), i.ID, newIssuer()))(t)
	w.inSession(session.Secret, "")
	w.wants("delete", "", w.DeleteIssuer(t.Context(), w.byOwner(), i.ID))
	w.endedIn("of a deleted issuer", session.Secret, "")
}

func TestIssuerMapsGroups(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	role := must(w.CreateRole(t.Context(), w.byOwner(), directory.NewRole{Name: "Strong", Capabilities: w.byOwner().Principal.Capabilities}))(t)
	group := func(name string, roles ...directory.RoleID) directory.GroupID {
		return must(w.CreateGroup(t.Context(), w.byOwner(), directory.NewGroup{Name: name, Roles: &roles}))(t).ID
	}
	ops, dev, own := group("Ops", role.ID), group("Dev"), group("Own")
	helper := w.join("Helper", "owner")
	w.verifiesDomain(w.org.ID, "example.com")
	in := newIssuer()
	in.GroupsClaim, in.Groups = "groups", []directory.GroupRule{{Value: "ops", GroupID: ops}, {Value: "dev", GroupID: dev}, {Value: "dev2", GroupID: dev}}
	i := must(w.CreateIssuer(t.Context(), w.by(helper), in))(t)
	jane := w.join("Jane", "user")
	w.wants("join", "", w.AddGroupMember(t.Context(), w.byOwner(), own, jane.ID))
	for _, c := range []struct {
		claims []string
		want   []directory.GroupID
	}{
		{[]string{"ops", "dev", "other"}, []directory.GroupID{ops, dev, own}},
		{[]string{"dev2"}, []directory.GroupID{dev, own}},
		{nil, []directory.GroupID{own}},
		{[]string{"ops"}, []directory.GroupID{ops, own}},
	} {
		must(w.signInBy(i, person("sub-1", jane.Email, c.claims...)))(t)
		w.inGroups(c.claims, jane.ID, c.want...)
	}

	// The mapping gives what its owner could give now, and takes away in any case.
	must(w.UpdateUserRole(t.Context(), w.byOwner(), helper.ID, "user"))(t)
	must(w.signInBy(i, person("sub-1", jane.Email, "dev")))(t)
	w.inGroups([]string{"set by somebody who is no owner any more"}, jane.ID, own)
	must(w.UpdateIssuer(t.Context(), w.byOwner(), i.ID, in))(t)
	w.wants("delete a mapped group", "", w.DeleteGroup(t.Context(), w.byOwner(), dev))
	must(w.signInBy(i, person("sub-1", jane.Email, "dev", "ops")))(t)
	w.inGroups([]string{"set by the owner"}, jane.ID, ops, own)
	w.wants("the log leads to the state", "", w.CheckLog(t.Context(), w.org.ID))
}

func (w *world) inGroups(what []string, id directory.UserID, want ...directory.GroupID) {
	w.Helper()
	var got []directory.GroupID
	w.wants("read", "", w.db.Read(w.Context(), func(tx directory.Tx) (err error) {
		got, err = tx.GroupIDsOf(w.org.ID, id)
		return err
	}))
	slices.Sort(want)
	if !slices.Equal(got, want) {
		w.Errorf("%q: in the groups %q, want %q", what, got, want)
	}
}

// A first sign-in verifies the address, which drops what somebody else may have made.
func TestIssuerVerifiesTheAddress(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	i := w.issuer(nil)
	jane := must(w.CreateUser(t.Context(), w.byOwner(), directory.NewUser{Name: "Jane", Email: "jane@example.com", Role: "user"}))(t)
	link := must(w.CreateInvitationLink(t.Context(), w.byOwner(), jane.ID))(t)
	early := must(w.UseSignInLink(t.Context(), directory.Call{}, link.Secret, "", ""))(t)
	session := must(w.signInBy(i, person("sub-1", jane.Email)))(t)
	w.endedIn("of before the verification", early.Secret, "")
	if !must(w.IsVerified(t.Context(), w.inSession(session.Secret, "")))(t) {
		t.Error("the address is not verified")
	}
}

func TestIssuersAreOfferedByOrganizationOrDomain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	i := w.issuer(nil)
	want := []identity.OfferedIssuer{{OrgID: w.org.ID, ID: i.ID, Name: i.Name}}
	for text, there := range map[string]bool{
		string(w.org.ID): true, "olivia@example.com": true, "nobody@EXAMPLE.com": true, "x@example.org": false, "nowhere": false, "": false, "@": false,
	} {
		got := must(w.IssuersFor(t.Context(), directory.Call{}, text))(t)
		if slices.Equal(got, want) != there || (!there && len(got) > 0) {
			t.Errorf("%q: %+v", text, got)
		}
	}
}

// A sign-in that a browser has come back from works once.
func TestIssuerCeremonyWorksOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	i := w.issuer(nil)
	in := identity.IssuerSignIn{OrgID: i.OrgID, IssuerID: i.ID, Person: person("sub-1", "olivia@example.com"), Ceremony: w.ceremony()}
	must(w.SignInByIssuer(t.Context(), directory.Call{}, in))(t)
	_, err := w.SignInByIssuer(t.Context(), directory.Call{}, in)
	w.wants("replayed", directory.Unauthenticated, err)
}

// The entry of a first sign-in by an issuer has the id of its user, who was there before.
func TestPastBeforeTheFirstSignInByAnIssuer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	i := w.issuer(nil)
	jane := w.join("Jane", "user")
	then := w.clock.Now()
	w.pass(time.Minute)
	must(w.signInBy(i, person("sub-1", jane.Email)))(t)
	w.pass(time.Minute)
	past := new(listed)
	must(w.ListUsers(t.Context(), w.byOwner(), directory.UserFilter{At: then}, past))(t)
	if !slices.Contains(past.ids(), jane.ID) {
		t.Errorf("the users then were %v, without %s", past.ids(), jane.ID)
	}
}

// A key is rotated without entering the secrets of issuers again: an update seals them with
// the newest key.
func TestUpdateSealsTheSecretWithTheNewestKey(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	older, newer := must(audit.GenerateKey("roster.test"))(t), must(audit.GenerateKey("roster.test"))(t)
	with := func(file string) *identity.Proofs {
		return identity.New(w.Service, must(audit.ParseKeyring([]byte(file)))(t), w.clock.Now, identity.Options{})
	}
	i := must(with(older).CreateIssuer(t.Context(), w.byOwner(), newIssuer()))(t)
	open := func(p *identity.Proofs) error {
		client, err := p.IssuerToSignIn(t.Context(), directory.Call{}, w.org.ID, i.ID)
		if err == nil && client.ClientSecret != "the-client-secret" {
			t.Errorf("the secret is %q", client.ClientSecret)
		}
		return err
	}
	w.wants("with the older key behind the newer one", "", open(with(newer+"\n"+older)))
	w.wants("without the older key", directory.Unavailable, open(with(newer)))
	unchanged := newIssuer()
	unchanged.ClientSecret = ""
	must(with(newer+"\n"+older).UpdateIssuer(t.Context(), w.byOwner(), i.ID, unchanged))(t)
	w.wants("without the older key, after an update", "", open(with(newer)))
}
