package identity_test

import (
	"bytes"
	"slices"
	"testing"

	"github.com/rosterhq/roster/internal/audit"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/directorytest"
	"github.com/rosterhq/roster/internal/identity"
	"github.com/rosterhq/roster/internal/limits"
)

func TestOnlyOwnersChangeIssuers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	i := w.Issuer(nil)
	rival := w.Tenant("Rival")
	session := w.InSession(w.SignIn(w.Owner.User), w.Org.ID)
	for name, c := range map[string]struct {
		call   directory.Call
		reads  directory.Code
		writes directory.Code
	}{
		"owner":                      {w.ByOwner(), "", ""},
		"session of the owner":       {session, "", ""},
		"admin":                      {w.By(w.Join("Ada", "admin")), "", directory.Forbidden},
		"user":                       {w.By(w.Join("Ulf", "user")), directory.Forbidden, directory.Forbidden},
		"API token of the owner":     {w.As(w.APIToken, w.Org.ID), directory.Forbidden, directory.Forbidden},
		"owner of another, NotFound": {w.By(rival), directory.NotFound, directory.NotFound},
	} {
		_, err := w.GetIssuer(t.Context(), c.call, i.ID)
		w.Wants(name+" reads", c.reads, err)
		_, err = w.UpdateIssuer(t.Context(), c.call, i.ID, directorytest.NewIssuer())
		w.Wants(name+" updates", c.writes, err)
	}
	w.Pass(directory.FreshFor)
	_, err := w.UpdateIssuer(t.Context(), session, i.ID, directorytest.NewIssuer())
	w.Wants("a session whose sign-in is too long ago", directory.Reauthenticate, err)
	w.Wants("delete", directory.Reauthenticate, w.DeleteIssuer(t.Context(), session, i.ID))
	w.Wants("delete by the owner", "", w.DeleteIssuer(t.Context(), w.ByOwner(), i.ID))
	_, err = w.GetIssuer(t.Context(), w.ByOwner(), i.ID)
	w.Wants("deleted", directory.NotFound, err)
	if got := w.actionsSince(0); !slices.Contains(got, "createIssuer") || !slices.Contains(got, "updateIssuer") || !slices.Contains(got, "deleteIssuer") {
		t.Errorf("the log has %q", got)
	}
}

func (w *world) actionsSince(position int64) (actions []string) {
	w.Helper()
	for _, e := range w.Since(position) {
		actions = append(actions, e.Action)
	}
	return actions
}

func TestIssuerInputIsChecked(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	owners := must(w.CreateGroup(t.Context(), w.ByOwner(), directory.NewGroup{Name: "Ops"}))(t)
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
		in := directorytest.NewIssuer()
		change(&in)
		_, err := w.CreateIssuer(t.Context(), w.ByOwner(), in)
		w.Wants(name, directory.Invalid, err)
	}
	i := w.Issuer(nil)
	_, err := w.CreateIssuer(t.Context(), w.ByOwner(), directorytest.NewIssuer())
	w.Wants("again", directory.Conflict, err)
	in := directorytest.NewIssuer()
	in.URL = "https://other.example.com"
	_, err = w.UpdateIssuer(t.Context(), w.ByOwner(), i.ID, in)
	w.Wants("another URL", directory.Invalid, err)
	in = directorytest.NewIssuer()
	in.ClientID = "other"
	_, err = w.UpdateIssuer(t.Context(), w.ByOwner(), i.ID, in)
	w.Wants("another client", directory.Invalid, err)

	most := limits.Default()
	most.Issuers = 1
	w.configure(directory.WithLimits(most))
	in.ClientID = "second"
	_, err = w.CreateIssuer(t.Context(), w.ByOwner(), in)
	w.Wants("one too many", directory.LimitExceeded, err)
}

// The client's secret is kept sealed for its issuer, and an update without one keeps it.
func TestClientSecretIsSealed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	i := w.Issuer(nil)
	if bytes.Contains(i.SealedSecret, []byte("the-client-secret")) {
		t.Error("the secret is stored as it is")
	}
	in := directorytest.NewIssuer()
	in.ClientSecret = ""
	must(w.UpdateIssuer(t.Context(), w.ByOwner(), i.ID, in))(t)
	if got := must(w.IssuerToSignIn(t.Context(), directory.Call{}, w.Org.ID, i.ID))(t); got.ClientSecret != "the-client-secret" {
		t.Errorf("the secret is %q", got.ClientSecret)
	}
	in.ClientID, in.ClientSecret = "other", "another"
	moved := must(w.CreateIssuer(t.Context(), w.ByOwner(), in))(t)
	moved.SealedSecret = i.SealedSecret
	w.Wants("move the secret", "", w.DB.Write(t.Context(), func(tx directory.Tx) error { return tx.UpdateIssuer(moved) }))
	_, err := w.IssuerToSignIn(t.Context(), directory.Call{}, w.Org.ID, moved.ID)
	w.Wants("the secret of another issuer", directory.Unavailable, err)
	for _, e := range w.Since(0) {
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
	i := w.Issuer(nil)
	jane := w.Join("Jane", "user")
	session := must(w.SignInBy(i, directorytest.Person("sub-1", "JANE@example.com")))(t)
	p := w.InSession(session.Secret, "").Principal
	if p.UserID != jane.ID || p.OrgID != w.Org.ID || p.OnlyOrg != w.Org.ID || !p.FreshAt.IsZero() {
		t.Errorf("the session acts as %+v", p)
	}
	for _, email := range []string{"olivia@example.com", "jane@elsewhere.example", ""} {
		again := must(w.SignInBy(i, directorytest.Person("sub-1", email)))(t)
		if got := w.InSession(again.Secret, "").Principal.UserID; got != jane.ID {
			t.Errorf("sub-1 with the address %q is %s", email, got)
		}
	}
	must(w.UpdateUserStatus(t.Context(), w.ByOwner(), jane.ID, directory.Suspended))(t)
	_, err := w.SignInBy(i, directorytest.Person("sub-1", "jane@example.com"))
	w.Wants("a suspended member", directory.Forbidden, err)
	_, err = w.SignInBy(i, directorytest.Person("sub-2", "jane@example.com"))
	w.Wants("another subject with the address", directory.Conflict, err)
	if got := must(w.GetUser(t.Context(), w.ByOwner(), jane.ID))(t).Email; got != "jane@example.com" {
		t.Errorf("the address became %s", got)
	}
}

func TestIssuerVouchesForItsDomainsOnly(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	i := w.Issuer(func(in *identity.NewIssuer) { in.Provision = true })
	outsider := must(w.CreateUser(t.Context(), w.ByOwner(), directory.NewUser{Name: "Out", Email: "out@example.org", Role: "admin"}))(t)
	unverified := directorytest.Person("sub-3", "new@example.com")
	unverified.EmailVerified = false
	for name, p := range map[string]identity.IssuedPerson{
		"a member of another domain": directorytest.Person("sub-1", outsider.Email),
		"a stranger":                 directorytest.Person("sub-2", "new@example.net"),
		"a subdomain":                directorytest.Person("sub-2", "new@sub.example.com"),
		"a suffix":                   directorytest.Person("sub-2", "new@notexample.com"),
		"two at signs":               directorytest.Person("sub-2", "olivia@example.com@example.org"),
		"no address":                 directorytest.Person("sub-2", ""),
		"not verified":               unverified,
	} {
		_, err := w.SignInBy(i, p)
		w.Wants(name, directory.Forbidden, err)
	}
	refused := 0
	for _, e := range w.Since(0) {
		if e.Action == "signIn" && e.Outcome == directory.Refused && e.Target.ID == string(i.ID) {
			refused++
		}
	}
	if refused == 0 {
		t.Error("no refusal is in the log")
	}

	jane := w.Join("Jane", "user")
	must(w.SignInBy(i, directorytest.Person("sub-9", jane.Email)))(t)
	rival := w.Tenant("Rival")
	w.LosesDomain(w.Org.ID, "example.com")
	w.VerifiesDomain(rival.OrgID, "example.com")
	_, err := w.SignInBy(i, directorytest.Person("sub-9", jane.Email))
	w.Wants("after another organization verified the domain", directory.Forbidden, err)
}

// A tenant that owns a domain gets nothing of its people's other organizations.
func TestIssuerOfAnotherTenantSignsInToItselfOnly(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	rival := w.Tenant("Rival")
	w.VerifiesDomain(rival.OrgID, "example.com") // olivia's, the owner of Acme
	in := directorytest.NewIssuer()
	in.Provision = true
	theirs := must(w.CreateIssuer(t.Context(), w.By(rival), in))(t)
	session := must(w.SignInBy(theirs, directorytest.Person("sub", "olivia@example.com")))(t)
	p := w.InSession(session.Secret, "").Principal
	if p.OrgID != rival.OrgID || p.IsOwner() {
		t.Errorf("the session acts as %+v", p)
	}
	_, err := w.AuthenticateSession(t.Context(), session.Secret, w.Org.ID, "")
	w.Wants("in her own organization", directory.Forbidden, err)
	_, err = w.SignInBy(directory.Issuer{OrgID: w.Org.ID, ID: theirs.ID}, directorytest.Person("sub", "olivia@example.com"))
	w.Wants("their issuer in her organization", directory.NotFound, err)
	_, err = w.CreatePersonalToken(t.Context(), w.InSession(session.Secret, ""), directory.NewPersonalToken{Name: "x"})
	w.Wants("a personal token", directory.Forbidden, err)
}

func TestIssuerProvisionsAndAcceptsInvitations(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	i := w.Issuer(nil)
	_, err := w.SignInBy(i, directorytest.Person("sub-1", "new@example.com"))
	w.Wants("a stranger, without provision", directory.Forbidden, err)
	in := directorytest.NewIssuer()
	in.Provision = true
	i = must(w.UpdateIssuer(t.Context(), w.ByOwner(), i.ID, in))(t)
	session := must(w.SignInBy(i, directorytest.Person("sub-1", "new@example.com")))(t)
	u := must(w.GetUser(t.Context(), w.ByOwner(), w.InSession(session.Secret, "").Principal.UserID))(t)
	if !must(w.IsVerified(t.Context(), w.InSession(session.Secret, "")))(t) {
		t.Error("the new member's address is not verified")
	}
	if u.Role.ID != "user" || u.Email != "new@example.com" || u.Name != "From the issuer" || u.Invited {
		t.Errorf("the new member is %+v", u)
	}

	rival := w.Tenant("Rival")
	must(w.CreateUser(t.Context(), w.By(rival), directory.NewUser{Name: "Rita", Email: "rita@example.com", Role: "user"}))(t)
	invited := must(w.CreateUser(t.Context(), w.ByOwner(), directory.NewUser{Name: "Rita", Email: "rita@example.com", Role: "admin"}))(t)
	if !invited.Invited {
		t.Fatal("rita is no invitation")
	}
	session = must(w.SignInBy(i, directorytest.Person("sub-2", "rita@example.com")))(t)
	if p := w.InSession(session.Secret, "").Principal; p.UserID != invited.ID || p.Role != "admin" {
		t.Errorf("rita acts as %+v", p)
	}
	w.Wants("the log leads to the state", "", w.CheckLog(t.Context(), w.Org.ID))
}

// A removed user is nobody's subject any more.
func TestRemovalUnlinksTheSubject(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	i := w.Issuer(nil)
	jane := w.Join("Jane", "user")
	rival := w.Tenant("Rival")
	must(w.CreateUser(t.Context(), w.By(rival), directory.NewUser{Name: "Jane", Email: jane.Email, Role: "user"}))(t)
	must(w.AcceptInvitation(t.Context(), w.By(jane), rival.OrgID))(t)
	session := must(w.SignInBy(i, directorytest.Person("sub-1", jane.Email)))(t)
	w.InSession(session.Secret, "")
	w.Wants("remove", "", w.RemoveUser(t.Context(), w.ByOwner(), jane.ID))
	w.Ended("of a removed user", session.Secret, "")
	_, err := w.SignInBy(i, directorytest.Person("sub-1", jane.Email))
	w.Wants("removed", directory.Forbidden, err)
}

func TestSessionsEndWithTheirIssuer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	i := w.Issuer(nil)
	jane := w.Join("Jane", "user")
	session := must(w.SignInBy(i, directorytest.Person("sub-1", jane.Email)))(t)
	w.InSession(session.Secret, "")
	in := directorytest.NewIssuer()
	in.Enabled = false
	must(w.UpdateIssuer(t.Context(), w.ByOwner(), i.ID, in))(t)
	w.Ended("of a disabled issuer", session.Secret, "")
	_, err := w.SignInBy(i, directorytest.Person("sub-1", jane.Email))
	w.Wants("a disabled issuer", directory.NotFound, err)
	must(w.UpdateIssuer(t.Context(), w.ByOwner(), i.ID, directorytest.NewIssuer()))(t)
	w.InSession(session.Secret, "")
	w.Wants("delete", "", w.DeleteIssuer(t.Context(), w.ByOwner(), i.ID))
	w.Ended("of a deleted issuer", session.Secret, "")
}

func TestIssuerMapsGroups(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	role := must(w.CreateRole(t.Context(), w.ByOwner(), directory.NewRole{Name: "Strong", Capabilities: w.ByOwner().Principal.Capabilities}))(t)
	group := func(name string, roles ...directory.RoleID) directory.GroupID {
		return must(w.CreateGroup(t.Context(), w.ByOwner(), directory.NewGroup{Name: name, Roles: &roles}))(t).ID
	}
	ops, dev, own := group("Ops", role.ID), group("Dev"), group("Own")
	helper := w.Join("Helper", "owner")
	w.VerifiesDomain(w.Org.ID, "example.com")
	in := directorytest.NewIssuer()
	in.GroupsClaim, in.Groups = "groups", []directory.GroupRule{{Value: "ops", GroupID: ops}, {Value: "dev", GroupID: dev}, {Value: "dev2", GroupID: dev}}
	i := must(w.CreateIssuer(t.Context(), w.By(helper), in))(t)
	jane := w.Join("Jane", "user")
	w.Wants("join", "", w.AddGroupMember(t.Context(), w.ByOwner(), own, jane.ID))
	for _, c := range []struct {
		claims []string
		want   []directory.GroupID
	}{
		{[]string{"ops", "dev", "other"}, []directory.GroupID{ops, dev, own}},
		{[]string{"dev2"}, []directory.GroupID{dev, own}},
		{nil, []directory.GroupID{own}},
		{[]string{"ops"}, []directory.GroupID{ops, own}},
	} {
		must(w.SignInBy(i, directorytest.Person("sub-1", jane.Email, c.claims...)))(t)
		w.inGroups(c.claims, jane.ID, c.want...)
	}

	// The mapping gives what its owner could give now, and takes away in any case.
	must(w.UpdateUserRole(t.Context(), w.ByOwner(), helper.ID, "user"))(t)
	must(w.SignInBy(i, directorytest.Person("sub-1", jane.Email, "dev")))(t)
	w.inGroups([]string{"set by somebody who is no owner any more"}, jane.ID, own)
	must(w.UpdateIssuer(t.Context(), w.ByOwner(), i.ID, in))(t)
	w.Wants("delete a mapped group", "", w.DeleteGroup(t.Context(), w.ByOwner(), dev))
	must(w.SignInBy(i, directorytest.Person("sub-1", jane.Email, "dev", "ops")))(t)
	w.inGroups([]string{"set by the owner"}, jane.ID, ops, own)
	w.Wants("the log leads to the state", "", w.CheckLog(t.Context(), w.Org.ID))
}

func (w *world) inGroups(what []string, id directory.UserID, want ...directory.GroupID) {
	w.Helper()
	var got []directory.GroupID
	w.Wants("read", "", w.DB.Read(w.Context(), func(tx directory.Tx) (err error) {
		got, err = tx.GroupIDsOf(w.Org.ID, id)
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
	i := w.Issuer(nil)
	jane := must(w.CreateUser(t.Context(), w.ByOwner(), directory.NewUser{Name: "Jane", Email: "jane@example.com", Role: "user"}))(t)
	link := must(w.CreateInvitationLink(t.Context(), w.ByOwner(), jane.ID))(t)
	early := must(w.UseSignInLink(t.Context(), directory.Call{}, link.Secret, "", ""))(t)
	session := must(w.SignInBy(i, directorytest.Person("sub-1", jane.Email)))(t)
	w.Ended("of before the verification", early.Secret, "")
	if !must(w.IsVerified(t.Context(), w.InSession(session.Secret, "")))(t) {
		t.Error("the address is not verified")
	}
}

func TestIssuersAreOfferedByOrganizationOrDomain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	i := w.Issuer(nil)
	want := []identity.OfferedIssuer{{OrgID: w.Org.ID, ID: i.ID, Name: i.Name}}
	for text, there := range map[string]bool{
		string(w.Org.ID): true, "olivia@example.com": true, "nobody@EXAMPLE.com": true, "x@example.org": false, "nowhere": false, "": false, "@": false,
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
	i := w.Issuer(nil)
	in := identity.IssuerSignIn{OrgID: i.OrgID, IssuerID: i.ID, Person: directorytest.Person("sub-1", "olivia@example.com"), Ceremony: w.Ceremony()}
	must(w.SignInByIssuer(t.Context(), directory.Call{}, in))(t)
	_, err := w.SignInByIssuer(t.Context(), directory.Call{}, in)
	w.Wants("replayed", directory.Unauthenticated, err)
}

// A key is rotated without entering the secrets of issuers again: an update seals them with
// the newest key.
func TestUpdateSealsTheSecretWithTheNewestKey(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	older, newer := must(audit.GenerateKey("roster.test"))(t), must(audit.GenerateKey("roster.test"))(t)
	with := func(file string) *identity.Proofs {
		return identity.New(w.Service, must(audit.ParseKeyring([]byte(file)))(t), w.Clock, identity.Options{})
	}
	i := must(with(older).CreateIssuer(t.Context(), w.ByOwner(), directorytest.NewIssuer()))(t)
	open := func(p *identity.Proofs) error {
		client, err := p.IssuerToSignIn(t.Context(), directory.Call{}, w.Org.ID, i.ID)
		if err == nil && client.ClientSecret != "the-client-secret" {
			t.Errorf("the secret is %q", client.ClientSecret)
		}
		return err
	}
	w.Wants("with the older key behind the newer one", "", open(with(newer+"\n"+older)))
	w.Wants("without the older key", directory.Unavailable, open(with(newer)))
	unchanged := directorytest.NewIssuer()
	unchanged.ClientSecret = ""
	must(with(newer+"\n"+older).UpdateIssuer(t.Context(), w.ByOwner(), i.ID, unchanged))(t)
	w.Wants("without the older key, after an update", "", open(with(newer)))
}
