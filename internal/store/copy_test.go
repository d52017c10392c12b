package store_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rosterhq/roster/internal/audit"
	"github.com/rosterhq/roster/internal/authz"
	"github.com/rosterhq/roster/internal/dbtest"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/directorytest"
	"github.com/rosterhq/roster/internal/store"
)

// fill puts something into every table, users in more than one batch.
func fill(t *testing.T, db *store.Store) {
	t.Helper()
	now := time.Date(2026, 3, 4, 5, 6, 7, 123456000, time.UTC)
	const org = directory.OrgID("acme")
	err := db.Write(t.Context(), func(tx directory.Tx) error {
		errs := []error{
			tx.CreateOrg(directory.Org{ID: org, Name: "Ácme 'n' \"co\"", CreatedAt: now, UpdatedAt: now}),
			tx.CreateProvision(directory.Provision{OrgID: org, Hash: directory.SecretHash{0, 1, 255}, RemoteAddr: "::1", ExpiresAt: now}),
			tx.CreateRole(directory.Role{OrgID: org, ID: "role_a", Name: "R", Capabilities: authz.Everything(), CreatedAt: now}, "r"),
		}
		for i := range 2300 {
			name := fmt.Sprintf("%04d", i)
			a := directory.Account{ID: directory.AccountID("acc_" + name), Email: name + "@example.com", Name: "Üser\n" + name, CreatedAt: now}
			_, err := tx.EnsureAccount(a, a.Email)
			u := directory.User{
				ID: directory.UserID("usr_" + name), OrgID: org, AccountID: a.ID, Email: a.Email, Name: a.Name,
				Role: directory.RoleRef{ID: "role_a"}, CreatedAt: now,
			}
			if i%2 == 0 {
				u.AccountID, u.Invited, u.InvitedBy, u.ExpiresAt = "", true, directory.Actor{Kind: directory.ActorAPIToken, TokenID: "tok_a"}, now
			}
			errs = append(errs, err, tx.CreateUser(u, a.Email))
		}
		errs = append(errs,
			tx.CreateGroup(directory.Group{
				OrgID: org, ID: "grp_a", Name: "G", Members: []directory.UserID{"usr_0001"}, Roles: []directory.RoleID{"role_a"}, CreatedAt: now,
			}, "g"),
			tx.CreateAPIToken(directory.APITokenRecord{OrgID: org, ID: "tok_a", Name: "T", Hash: directory.SecretHash{1, 2, 3}, CreatedAt: now}),
			tx.CreatePersonalToken(directory.PersonalTokenRecord{AccountID: "acc_0001", ID: "pat_a", Name: "P", Hash: directory.SecretHash{4}, CreatedAt: now}),
			tx.UsePersonalToken(org, "acc_0001", "pat_a", now),
			tx.CreateSession(directory.SessionRecord{AccountID: "acc_0001", ID: "ses_a", Method: directory.SignInPasskey, Hash: directory.SecretHash{5}, CreatedAt: now, ExpiresAt: now}),
			tx.EndSessionIn(org, "acc_0001", "ses_a", now),
			tx.CreateSignInLink(directory.SignInLink{AccountID: "acc_0001", ID: "lnk_a", Method: directory.SignInLinkMailed, Hash: directory.SecretHash{6}, CreatedAt: now, ExpiresAt: now}),
			tx.CreatePasskey(directory.Passkey{AccountID: "acc_0001", ID: "pky_a", Name: "Laptop", CredentialID: []byte{0, 255}, Credential: []byte("{}"), CreatedAt: now}),
			tx.MarkAccount("acc_0001", now, now),
			tx.FinishCeremony(directory.SecretHash{7}, now),
			tx.AppendEntry(directory.Entry{At: now, OrgID: org, Sequence: 1, Action: "first", After: []byte(`{"a":1}`)}),
			tx.AppendEntry(directory.Entry{At: now, OrgID: "gone", Sequence: 1, Action: "second"}),
			tx.PutTile(org, audit.TileID{Level: 1, Index: 2}, []byte{0, 1, 255}),
			tx.CreateCheckpoint(org, directory.SignedCheckpoint{Size: 1, Note: "note", SealedAt: now}),
			tx.SetRetention(org, 30),
			tx.SetOrgSettings(org, directory.OrgSettings{MaxTokenSeconds: 7200, RequireIssuer: true, IssuerTokenSeconds: 3600}),
			tx.KeepReplay(directory.Replay{Scope: "tok_a", Key: "k", Result: []byte("{}"), ExpiresAt: now}, now),
			tx.SetCursor("mail", 2),
			tx.PutProfile(org, "usr_0001", directory.Profile{
				UserName: "Jöhn", ExternalID: "1", UpdatedAt: now, Version: 3,
				Attributes: map[string]any{"emails": []any{map[string]any{"value": "A@example.com"}}},
			}),
			tx.PutGroupProfile(org, "grp_a", directory.GroupProfile{ExternalID: "g", UpdatedAt: now}),
			addUnique(tx, org, "usr_0001"),
			tx.SetProvisioningSettings(org, directory.ProvisioningSettings{DefaultRole: "role_a"}),
			tx.SetProvisioningState(org, directory.ProvisioningState{Breaker: []byte(`{"a":1}`), Run: []byte(`{}`)}),
			tx.AddLosses(org, []directory.UserID{"usr_0002"}),
			tx.CreateDomain(directory.Domain{OrgID: org, Name: "example.com", Challenge: "c", CreatedAt: now, VerifiedAt: now}),
			suspend(tx, org, "usr_0001"),
			tx.PutTemporaryRole(directory.TemporaryRole{OrgID: org, UserID: "usr_0001", Role: directory.RoleRef{ID: "role_a"}, Until: now}),
			tx.PutSchedule(directory.Schedule{OrgID: org, UserID: "usr_0001", Act: directory.ScheduledRemoval, At: now, CreatedAt: now, DueAt: now, Revoke: directory.Revocation{Tokens: true}}),
			tx.CreateIssuer(directory.Issuer{OrgID: org, ID: "iss_a", Name: "I", URL: "https://issuer.example", SealedSecret: []byte{0, 1}, CreatedAt: now, UpdatedAt: now}),
			tx.CreateIssuerLink(directory.IssuerLink{OrgID: org, IssuerID: "iss_a", Subject: "s", AccountID: "acc_0001", CreatedAt: now, SignedInAt: now}),
			tx.ReserveMail(directory.MailReservation{Position: 1, OrgID: org, EmailKey: "0000@example.com", At: now}),
			tx.SetInvitationMailed(org, "usr_0000", now),
			tx.CreateApplication(directory.Application{ID: "billing", Name: "Billing", Types: authz.AppTypes{"invoice": {Actions: []string{"read"}}}, CreatedAt: now, UpdatedAt: now}),
			tx.CreateAppCredential(directory.AppCredential{ID: "cred_a", AppID: "billing", Hash: directory.SecretHash{8}, CreatedAt: now}),
			tx.CreateWebhook(directory.Webhook{OrgID: org, ID: "whk_a", Name: "W", URL: "https://example.com", Enabled: true, CreatedAt: now}),
			tx.PutDelivery(directory.Delivery{OrgID: org, WebhookID: "whk_a", Sequence: 1, State: directory.DeliveryPending, QueuedAt: now, DueAt: now}),
			tx.SetQueue(org, "whk_a", 3, now),
		)
		return errors.Join(errs...)
	})
	if err != nil {
		t.Fatal(err)
	}
}

func addUnique(tx directory.Tx, org directory.OrgID, id directory.UserID) error {
	_, err := tx.AddUniqueValues(org, []directory.UniqueValue{{Attribute: "badge", Digest: "1", Holder: directory.Holder{User: id}}})
	return err
}

func suspend(tx directory.Tx, org directory.OrgID, id directory.UserID) error {
	u, err := tx.User(org, id)
	if err != nil {
		return err
	}
	u.Suspended = true
	return tx.UpdateUser(u)
}

// ours are the tables of a database that hold what a copy must take along.
func ours(t *testing.T, url string) map[string][]string {
	t.Helper()
	all := dbtest.Tables(t, url)
	for name := range all {
		if name == "goose_db_version" || name == "schema_compatibility" || strings.HasPrefix(name, "sqlite_") {
			delete(all, name)
		}
	}
	return all
}

// There, and back again, and nothing is different, not even where the log counts on.
func TestCopyThereAndBack(t *testing.T) {
	t.Parallel()
	urls := []string{dbtest.SQLite(t), dbtest.Postgres(t), dbtest.Postgres(t), dbtest.SQLite(t)}
	stores := make([]*store.Store, len(urls))
	for i, url := range urls {
		var err error
		if stores[i], err = store.Open(t.Context(), url, directorytest.StoreOptions); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { closing(t, stores[i]) })
	}
	fill(t, stores[0])
	before := ours(t, urls[0])
	// The last entry is gone with its organization; its number is not given again.
	err := stores[0].Write(t.Context(), func(tx directory.Tx) error {
		return errors.Join(tx.CreateOrg(directory.Org{ID: "gone"}), tx.DeleteOrg("gone"))
	})
	if err != nil {
		t.Fatal(err)
	}
	before["entries"] = slices.DeleteFunc(before["entries"], func(row string) bool { return strings.Contains(row, "second") })
	var first []store.Copied
	for i := range len(urls) - 1 {
		var done, all int64
		copied, err := store.Copy(t.Context(), stores[i], stores[i+1], func(d, a int64) { done, all = d, a })
		if err != nil {
			t.Fatal(err)
		}
		if first == nil {
			first = copied
		}
		if diff := cmp.Diff(first, copied); diff != "" {
			t.Errorf("copy %d differs from the first:\n%s", i+1, diff)
		}
		if done != all || done < 4600 {
			t.Errorf("the progress ends at %d of %d", done, all)
		}
	}
	after := ours(t, urls[len(urls)-1])
	if diff := cmp.Diff(before, after); diff != "" {
		t.Errorf("the last copy differs from what it was (-before +after):\n%s", diff)
	}
	var names []string
	for _, c := range first {
		names = append(names, c.Table)
		if c.Rows == 0 {
			t.Errorf("%s was empty: nothing was shown", c.Table)
		}
	}
	for name := range before {
		if !slices.Contains(names, name) {
			t.Errorf("table %s is not copied", name)
		}
	}
	for i, db := range stores {
		err := db.Write(t.Context(), func(tx directory.Tx) error { return appendEntry(tx, "next") })
		if err != nil {
			t.Fatal(err)
		}
		if err := db.Settled(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, last := actionsAfter(t, db, 0); last != 3 {
			t.Errorf("store %d: the next entry has number %d, want 3", i, last)
		}
	}
}

func TestCopyRefuses(t *testing.T) {
	t.Parallel()
	from, to := openSQLite(t, sqlitePath(t)), openSQLite(t, sqlitePath(t))
	defer closing(t, from)
	defer closing(t, to)
	fill(t, from)
	// A change while it copies shows in the error; what was copied is whole.
	meddled := false
	_, err := store.Copy(t.Context(), from, to, func(int64, int64) {
		if !meddled {
			meddled = true
			if err := from.Write(t.Context(), func(tx directory.Tx) error { return appendEntry(tx, "meanwhile") }); err != nil {
				t.Error(err)
			}
		}
	})
	if !errors.Is(err, store.ErrSourceChanged) {
		t.Errorf("error %v, want %v", err, store.ErrSourceChanged)
	}
	if actions, _ := actionsAfter(t, to, 0); len(actions) != 2 {
		t.Errorf("the copy's log has %v", actions)
	}
	if _, err := store.Copy(t.Context(), from, to, func(int64, int64) {}); directory.CodeOf(err) != directory.Conflict {
		t.Errorf("into a database that is not empty: %v", err)
	}
}
