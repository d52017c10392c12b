package httpapi_test

import (
	"fmt"
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/rosterhq/roster/client"
	"github.com/rosterhq/roster/internal/apptest"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/limits"
	"github.com/rosterhq/roster/internal/text"
)

// beta makes a second organization and a client of it.
func beta(t *testing.T, s *apptest.Server) (id string, c *client.Client) {
	t.Helper()
	var other struct{ ID string }
	s.Want(http.StatusOK, "POST", "/v2/orgs", as(s.PersonalToken, `{"name":"Beta"}`)).Decode(t, &other)
	c, err := client.New(s.URL, s.PersonalToken, client.WithOrg(other.ID))
	if err != nil {
		t.Fatal(err)
	}
	return other.ID, c
}

// The client lists every invitation of an organization, also beyond the first page.
func TestClientListsAllInvitations(t *testing.T) {
	t.Parallel()
	s := apptest.Start(t)
	_, c := beta(t, s)
	const n = 103
	for i := range n {
		email := fmt.Sprintf("p%d@example.com", i)
		s.CreateUser("P", email, "none")
		if _, err := c.CreateUser(t.Context(), client.NewUser{Name: "P", Email: email, Role: "user"}); err != nil {
			t.Fatal(err)
		}
	}
	seen := make(map[string]bool)
	for i, err := range c.ListOrgInvitations(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		seen[i.Email] = true
		if i.State != "open" || !i.MailedAt.IsZero() || i.InvitedBy.ID == "" {
			t.Fatalf("listed %+v", i)
		}
	}
	if len(seen) != n {
		t.Errorf("listed %d invitations, want %d", len(seen), n)
	}
}

// An invitation shows when it was mailed. At the cap, resending it is 429, which says
// which cap it is and when to try again.
func TestResendAtTheMailCap(t *testing.T) {
	t.Parallel()
	s := apptest.Start(t)
	org, c := beta(t, s)
	s.CreateUser("Jane", "jane@example.com", "none")
	u, err := c.CreateUser(t.Context(), client.NewUser{Name: "Jane", Email: "jane@example.com", Role: "user"})
	if err != nil {
		t.Fatal(err)
	}
	mailed := time.Now().UTC().Truncate(time.Microsecond)
	err = s.Store.Write(t.Context(), func(tx directory.Tx) error {
		for i := range int64(limits.DefaultMails().PerRecipient) {
			r := directory.MailReservation{Position: 1 + i, OrgID: directory.OrgID(org), EmailKey: text.FoldKey("jane@example.com"), At: mailed}
			if err := tx.ReserveMail(r); err != nil {
				return err
			}
		}
		return tx.SetInvitationMailed(directory.OrgID(org), directory.UserID(u.ID), mailed)
	})
	if err != nil {
		t.Fatal(err)
	}
	for i, err := range c.ListOrgInvitations(t.Context()) {
		if err != nil || !i.MailedAt.Equal(mailed) {
			t.Errorf("mailed at %s, want %s; %v", i.MailedAt, mailed, err)
		}
	}
	resend := "/v2/invitations/" + u.ID + "/resend"
	refused := s.Do("POST", resend, inOrg(s.PersonalToken, org, ""))
	wantError(t, refused, 429, "rate_limited", "mail-per-recipient")
	if after, err := strconv.Atoi(refused.Header.Get("Retry-After")); err != nil || after < 86000 || after > 86400 {
		t.Errorf("Retry-After: %q", refused.Header.Get("Retry-After"))
	}
}
