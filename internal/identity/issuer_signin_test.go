package identity_test

import (
	"slices"
	"testing"

	"github.com/rosterhq/roster/internal/credentials"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/directorytest"
	"github.com/rosterhq/roster/internal/identity"
	"github.com/rosterhq/roster/internal/members"
	"github.com/rosterhq/roster/internal/roles"
)

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
	outsider := must(w.CreateUser(t.Context(), w.ByOwner(), members.NewUser{Name: "Out", Email: "out@example.org", Role: "admin"}))(t)
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
	_, err = w.CreatePersonalToken(t.Context(), w.InSession(session.Secret, ""), credentials.NewPersonalToken{Name: "x"})
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
	must(w.CreateUser(t.Context(), w.By(rival), members.NewUser{Name: "Rita", Email: "rita@example.com", Role: "user"}))(t)
	invited := must(w.CreateUser(t.Context(), w.ByOwner(), members.NewUser{Name: "Rita", Email: "rita@example.com", Role: "admin"}))(t)
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
	must(w.CreateUser(t.Context(), w.By(rival), members.NewUser{Name: "Jane", Email: jane.Email, Role: "user"}))(t)
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
	role := must(w.CreateRole(t.Context(), w.ByOwner(), roles.NewRole{Name: "Strong", Capabilities: w.ByOwner().Principal.Capabilities}))(t)
	group := func(name string, gives ...directory.RoleID) directory.GroupID {
		return must(w.CreateGroup(t.Context(), w.ByOwner(), roles.NewGroup{Name: name, Roles: &gives}))(t).ID
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
	jane := must(w.CreateUser(t.Context(), w.ByOwner(), members.NewUser{Name: "Jane", Email: "jane@example.com", Role: "user"}))(t)
	link := must(w.CreateInvitationLink(t.Context(), w.ByOwner(), jane.ID))(t)
	early := must(w.UseSignInLink(t.Context(), directory.Call{}, link.Secret, "", ""))(t)
	session := must(w.SignInBy(i, directorytest.Person("sub-1", jane.Email)))(t)
	w.Ended("of before the verification", early.Secret, "")
	if !must(w.IsVerified(t.Context(), w.InSession(session.Secret, "")))(t) {
		t.Error("the address is not verified")
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
