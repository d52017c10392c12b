package identity_test

import (
	"strings"
	"testing"

	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/directorytest"
	"github.com/rosterhq/roster/internal/limits"
	"github.com/rosterhq/roster/internal/members"
)

// verified adds and verifies a domain of a member's organization.
func (w *world) verified(dns directorytest.Records, m member, name string) directory.Domain {
	w.Helper()
	d := must(w.AddDomain(w.Context(), w.By(m), name))(w)
	dns[d.RecordName()] = []string{"something else", d.RecordValue()}
	return must(w.VerifyDomain(w.Context(), w.By(m), name))(w)
}

func TestVerifyDomainByItsTXTRecord(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	dns := w.Resolving()
	seen := w.LastEntry()
	d := must(w.AddDomain(t.Context(), w.ByOwner(), "ACME.Example"))(t)
	if d.Name != "acme.example" || d.Verified() || !strings.HasPrefix(d.RecordValue(), "roster-domain-verification=") || d.RecordName() != "_roster-challenge.acme.example" {
		t.Errorf("added %+v", d)
	}
	verify := func() error { return second(w.VerifyDomain(t.Context(), w.ByOwner(), "acme.example")) }
	w.Refused("no record", directory.Conflict, "", verify)
	for what, list := range map[string][]string{
		"none": nil, "another's": {"roster-domain-verification=x"}, "a part": {d.RecordValue()[:len(d.RecordValue())-1]}, "more": {d.RecordValue() + " "},
	} {
		dns[d.RecordName()] = list
		w.Refused(what, directory.Conflict, "", verify)
	}
	dns["acme.example"] = []string{d.RecordValue()}
	w.Refused("at the domain itself", directory.Conflict, "", verify)
	dns[d.RecordName()] = []string{"x", d.RecordValue()}
	w.Wants("the record", "", verify())
	w.Wants("again", "", verify())
	delete(dns, d.RecordName())
	w.Refused("again, without the record", directory.Conflict, "", verify)

	if list := must(w.ListDomains(t.Context(), w.ByOwner()))(t); len(list) != 1 || !list[0].Verified() {
		t.Errorf("the list is %+v", list)
	}
	w.Wants("delete", "", w.DeleteDomain(t.Context(), w.ByOwner(), "acme.example"))
	w.Refused("delete again", directory.NotFound, "", func() error { return w.DeleteDomain(t.Context(), w.ByOwner(), "acme.example") })
	var actions []string
	for _, e := range w.Since(seen) {
		actions = append(actions, e.Action)
	}
	if got := strings.Join(actions, " "); got != "addDomain verifyDomain deleteDomain" {
		t.Errorf("the log has %s", got)
	}
	if err := w.CheckLog(t.Context(), w.Org.ID); err != nil {
		t.Error(err)
	}
}

func TestOnlyOwnersChangeDomains(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Resolving()
	d := must(w.AddDomain(t.Context(), w.ByOwner(), "acme.example"))(t)
	rival := w.Tenant("Rival")
	for who, secret := range map[string]string{"an admin": w.Join("Admin", "admin").Secret, "an API token": w.APIToken} {
		for what, do := range map[string]func(directory.Call) error{
			"add":    func(c directory.Call) error { return second(w.AddDomain(t.Context(), c, "other.example")) },
			"verify": func(c directory.Call) error { return second(w.VerifyDomain(t.Context(), c, d.Name)) },
			"delete": func(c directory.Call) error { return w.DeleteDomain(t.Context(), c, d.Name) },
		} {
			w.Refused(who+": "+what, directory.Forbidden, "", func() error { return do(w.As(secret, "")) })
		}
	}
	w.Refused("verify, elsewhere", directory.NotFound, "", func() error { return second(w.VerifyDomain(t.Context(), w.By(rival), d.Name)) })
	w.Refused("delete, elsewhere", directory.NotFound, "", func() error { return w.DeleteDomain(t.Context(), w.By(rival), d.Name) })
	must(w.AddDomain(t.Context(), w.By(rival), d.Name))(t) // as if nobody had it

	session := w.SignIn(w.Owner.User)
	w.Pass(directory.FreshFor)
	stale := w.InSession(session, w.Org.ID)
	w.Refused("a session without a fresh sign-in", directory.Reauthenticate, "", func() error {
		return w.DeleteDomain(t.Context(), stale, d.Name)
	})
}

func TestBadDomains(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, name := range []string{
		"", "example", ".example.com", "example.com.", "exa mple.com", "exämple.com", "a..b", "-a.com", "a-.com", "a_b.com", "user@example.com",
		"*.example.com", "192.0.2.1", "[::1]", "https://example.com", "acme.\u212aom", strings.Repeat("a", 64) + ".com", strings.Repeat("a.", 150) + "com",
	} {
		w.Refused(name, directory.Invalid, "domain", func() error { return second(w.AddDomain(t.Context(), w.ByOwner(), name)) })
	}
	must(w.AddDomain(t.Context(), w.ByOwner(), "xn--exmple-cua.com"))(t)
	w.Refused("again", directory.Conflict, "domain", func() error { return second(w.AddDomain(t.Context(), w.ByOwner(), "XN--exmple-cua.com")) })
	some := limits.Default()
	some.Domains = 1
	w.configure(directory.WithLimits(some))
	w.Refused("one more", directory.LimitExceeded, "", func() error { return second(w.AddDomain(t.Context(), w.ByOwner(), "more.example")) })
}

// Rule 9's exception: a verified address in a verified domain is a member at once, and no
// other is.
func TestAddressesOfAVerifiedDomainAreMembersAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	dns := w.Resolving()
	rival := w.Tenant("Rival") // rival@example.net, verified
	elsewhere := w.Tenant("Elsewhere")
	create := func(email string) directory.User {
		t.Helper()
		return must(w.CreateUser(t.Context(), w.ByOwner(), members.NewUser{Name: "Given", Email: email, Role: "user"}))(t)
	}
	must(w.AddDomain(t.Context(), w.ByOwner(), "example.net"))(t)
	if u := create(elsewhere.Email); !u.Invited {
		t.Error("an unverified domain made a member")
	}
	w.Wants("delete", "", w.DeleteDomain(t.Context(), w.ByOwner(), "example.net"))
	w.verified(dns, w.Owner, "example.net")

	u := create(strings.ToUpper(rival.Email))
	if u.Invited || u.AccountID != rival.AccountID || u.Name != rival.Name {
		t.Errorf("created %+v", u)
	}
	if p := w.As(rival.Secret, w.Org.ID).Principal; p.UserID != u.ID {
		t.Errorf("the account acts as %+v", p)
	}
	var sub member
	for _, email := range []string{"joe@sub.example.net", "joe@notexample.net", "joe@example.net.evil.org", "joe@example.org"} {
		must(w.CreateUser(t.Context(), w.By(elsewhere), members.NewUser{Name: "Joe", Email: email, Role: "user"}))(t)
		sub = w.WithToken(directory.User{Email: email})
		if u := create(email); !u.Invited {
			t.Errorf("%s is a member at once", email)
		}
	}
	_, err := w.Authenticate(t.Context(), sub.Secret, w.Org.ID)
	w.Wants("an invited one", directory.Forbidden, err)
	if err := w.CheckLog(t.Context(), w.Org.ID); err != nil {
		t.Error(err)
	}
}

// Another organization adds an address first and signs in as its holder with the link
// that inviters can copy. The address is not verified, so nothing is given to that account
// without an acceptance, which takes a verified address.
func TestUnverifiedAccountIsNotJoined(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	dns := w.Resolving()
	evil := w.Tenant("Evil")
	squatted := must(w.CreateUser(t.Context(), w.By(evil), members.NewUser{Name: "CEO", Email: "ceo@acme.example", Role: "user"}))(t)
	link := must(w.CreateInvitationLink(t.Context(), w.By(evil), squatted.ID))(t)
	session := must(w.UseSignInLink(t.Context(), directory.Call{RemoteAddr: "192.0.2.9"}, link.Secret, "", ""))(t)
	w.verified(dns, w.Owner, "acme.example")

	u := must(w.CreateUser(t.Context(), w.ByOwner(), members.NewUser{Name: "CEO", Email: "ceo@acme.example", Role: "admin"}))(t)
	if !u.Invited {
		t.Error("the squatted account is a member")
	}
	_, err := w.AuthenticateSession(t.Context(), session.Secret, w.Org.ID, "192.0.2.9")
	w.Wants("the squatter", directory.Forbidden, err)
}

// An account at its limit of organizations is invited: the person chooses what to leave.
func TestAccountWithManyOrganizationsIsInvited(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.verified(w.Resolving(), w.Owner, "example.net")
	rival := w.Tenant("Rival")
	some := limits.Default()
	some.Organizations = 1
	w.configure(directory.WithLimits(some))
	if u := w.Invite(rival, "user"); !u.Invited {
		t.Error("a member beyond the limit")
	}
}

// A domain moves to whoever proves it while the record of the one that has it is gone.
// Nobody's membership moves with it.
func TestDomainTakeover(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	dns := w.Resolving()
	rival, third := w.Tenant("Rival"), w.Tenant("Third")
	first := w.verified(dns, w.Owner, "example.net")
	member := w.Invite(third, "user")
	theirs := must(w.AddDomain(t.Context(), w.By(rival), "example.net"))(t)
	if theirs.Challenge == first.Challenge {
		t.Fatal("two organizations have one challenge")
	}
	verify := func() error { return second(w.VerifyDomain(t.Context(), w.By(rival), "example.net")) }
	w.Refused("the other's record alone", directory.Conflict, "", verify)
	dns[first.RecordName()] = []string{first.RecordValue(), theirs.RecordValue()}
	w.Refused("both records", directory.Conflict, "", verify)
	dns[first.RecordName()] = []string{theirs.RecordValue()}
	seen := w.LastEntry()
	w.Wants("the other's record is gone", "", verify())

	entries := w.Since(seen)
	if len(entries) != 2 || entries[0].Action != "loseDomain" || entries[0].OrgID != w.Org.ID || entries[0].Actor.Kind != directory.ActorSystem ||
		entries[1].Action != "verifyDomain" || entries[1].OrgID != rival.OrgID {
		t.Errorf("the logs have %+v", entries)
	}
	if list := must(w.ListDomains(t.Context(), w.ByOwner()))(t); len(list) != 1 || list[0].Verified() || list[0].Challenge != first.Challenge {
		t.Errorf("the first organization has %+v", list)
	}
	if u := w.User(member.ID); u.Status() != directory.Active {
		t.Errorf("the member is %s", u.Status())
	}
	if u := w.Invite(rival, "user"); !u.Invited {
		t.Error("the first organization still makes members of the domain's addresses")
	}
	w.Refused("back, without its record", directory.Conflict, "", func() error {
		return second(w.VerifyDomain(t.Context(), w.ByOwner(), "example.net"))
	})
	for _, org := range []directory.OrgID{w.Org.ID, rival.OrgID} {
		if err := w.CheckLog(t.Context(), org); err != nil {
			t.Error(err)
		}
	}
}

// If several organizations verify a domain at the same time, one of them has it in the end.
func TestRaceVerifyDomain(t *testing.T) {
	w := newWorld(t)
	dns := w.Resolving()
	all := []member{w.Owner, w.Tenant("A"), w.Tenant("B"), w.Tenant("C")}
	var values []string
	for _, m := range all {
		values = append(values, must(w.AddDomain(t.Context(), w.By(m), "acme.example"))(t).RecordValue())
	}
	dns["_roster-challenge.acme.example"] = values
	answers := directorytest.AtOnce(len(all), func(i int) error {
		return second(w.VerifyDomain(t.Context(), directory.Call{Principal: must(w.Authenticate(w.Context(), all[i].Secret, all[i].OrgID))(t)}, "acme.example"))
	})
	if got := directorytest.Tally(answers); got[""] != 1 || got[directory.Conflict] != len(all)-1 {
		t.Errorf("answers %v", got)
	}
	holders := 0
	for _, m := range all {
		if must(w.ListDomains(t.Context(), w.By(m)))(t)[0].Verified() {
			holders++
		}
	}
	if holders != 1 {
		t.Errorf("%d organizations have the domain", holders)
	}
}
