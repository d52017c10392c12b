package mail_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/limits"
	"github.com/rosterhq/roster/internal/mail"
	"github.com/rosterhq/roster/internal/members"
	"github.com/rosterhq/roster/internal/provisioning"
)

// holdPostman is a postman that mails about holds, too.
type holdPostman struct {
	*postman
	told []string
}

func (p *holdPostman) SendHold(_ context.Context, h mail.Hold) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.told = append(p.told, fmt.Sprintf("%s %d/%d", h.Email, h.WouldLose, h.Present))
	return nil
}

// All owners are mailed that their directory is held, and no more than three times a day.
func TestOwnersAreMailedAboutHolds(t *testing.T) {
	f := newFixture(t)
	call := directory.Call{Principal: f.owner}
	u, err := f.CreateUser(t.Context(), call, members.NewUser{Name: "Second", Email: "second@example.com", Role: "owner"})
	if err != nil {
		t.Fatal(err)
	}
	p := provisioning.New(f.Service, f.Onboarder, nil)
	var made []provisioning.Person
	for i := range 10 {
		person, err := p.CreateUser(t.Context(), call, provisioning.Profile{UserName: fmt.Sprintf("u%d@example.com", i), Active: true})
		if err != nil {
			t.Fatal(err)
		}
		made = append(made, person)
	}
	for range 5 { // holds
		if _, err := p.EndHold(t.Context(), call); err != nil && directory.CodeOf(err) != directory.Conflict {
			t.Fatal(err)
		}
		for _, active := range []bool{true, false} {
			for _, one := range made[:6] {
				_, err := p.ModifyUser(t.Context(), call, one.ID, func(p provisioning.Person) (provisioning.Profile, error) {
					p.Profile.Active = active
					return p.Profile, nil
				})
				if err != nil && directory.CodeOf(err) != directory.Conflict {
					t.Fatal(err)
				}
			}
		}
	}
	sender := &holdPostman{postman: &postman{}}
	mailAll(t, f, sender, limits.Mails{})
	if got := strings.Join(sender.told, ", "); strings.Count(got, "owner@example.com 6/") != 3 || strings.Count(got, u.Email) != 3 || len(sender.told) != 6 {
		t.Errorf("told %s", got)
	}
}
