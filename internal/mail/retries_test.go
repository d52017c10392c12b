package mail_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/limits"
	"github.com/rosterhq/roster/internal/mail"
)

// An address that is refused for good does not hold up the others.
func TestGivesUpOnRejected(t *testing.T) {
	f := newFixture(t)
	f.add(t, "Jane")
	f.add(t, "John")
	p := &postman{want: 1, fail: func(n int) error {
		if n == 1 {
			return fmt.Errorf("no such mailbox: %w", mail.ErrRejected)
		}
		return nil
	}}
	run(t, f, p)
	if got := names(p.sent); got != "John" {
		t.Errorf("invited %s", got)
	}
}

// A server that can't be reached is tried again, for a day and no longer.
func TestRetriesForADay(t *testing.T) {
	for _, c := range []struct {
		name  string
		up    time.Duration // from when on mail can be delivered
		wants int
	}{
		{"comes back", time.Hour, 1},
		{"stays away", 48 * time.Hour, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				log := &fakeLog{entries: []directory.Entry{invited(1, "jane")}}
				p := &postman{want: 1, all: make(chan struct{}), fail: func(int) error {
					if time.Since(start) < c.up {
						return errors.New("connection refused")
					}
					return nil
				}}
				ctx, stop := context.WithTimeout(t.Context(), 72*time.Hour)
				defer stop()
				mailer(log, p, limits.Mails{}).Run(ctx)
				if len(p.sent) != c.wants || log.cursors["mail"] != 1 {
					t.Errorf("delivered %d, at entry %d; want %d and 1", len(p.sent), log.cursors["mail"], c.wants)
				}
			})
		})
	}
}

// An unreadable entry makes no mail lost or sent twice.
func TestUnreadableEntry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bad := invited(2, "?")
		bad.After = []byte(`{`)
		log := &fakeLog{entries: []directory.Entry{invited(1, "jane"), bad, invited(3, "john")}}
		p := &postman{all: make(chan struct{})}
		ctx, stop := context.WithTimeout(t.Context(), time.Hour)
		defer stop()
		mailer(log, p, limits.Mails{}).Run(ctx)
		if got := names(p.sent); got != "jane john" || log.cursors["mail"] != 3 {
			t.Errorf("invited %s, at entry %d", got, log.cursors["mail"])
		}
	})
}

// A deferred mail is sent later, also by a server that was started meanwhile. It delays
// no other mail, and none is sent twice.
func TestOneWaitsAlone(t *testing.T) {
	f := newFixture(t)
	for _, name := range []string{"Ann", "Slow", "Zoe"} {
		f.add(t, name)
	}
	slow := func(inv mail.Invitation) error {
		if inv.Name == "Slow" {
			return fmt.Errorf("450 try again later: %w", mail.ErrNotYet)
		}
		return nil
	}
	p := &postman{want: 2, refuse: slow}
	run(t, f, p)
	if got := names(p.sent); got != "Ann Zoe" {
		t.Errorf("invited %s", got)
	}
	f.add(t, "Jill")
	p = &postman{want: 1, refuse: slow}
	run(t, f, p)
	if got := names(p.sent); got != "Jill" {
		t.Errorf("invited %s while one waits", got)
	}
	p = &postman{want: 1}
	run(t, f, p)
	if got := names(p.sent); got != "Slow" {
		t.Errorf("invited %s in the end", got)
	}
}

// A deferred mail is retried for a day, less and less often.
func TestDeferredMailIsRetriedForADay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := &fakeLog{entries: []directory.Entry{invited(1, "slow"), invited(2, "jane")}}
		tries := 0
		p := &postman{refuse: func(inv mail.Invitation) error {
			if inv.Name != "slow" {
				return nil
			}
			tries++
			return mail.ErrNotYet
		}}
		ctx, stop := context.WithTimeout(t.Context(), 72*time.Hour)
		defer stop()
		mailer(log, p, limits.Mails{}).Run(ctx)
		if got := names(p.sent); got != "jane" || tries < 40 || tries > 70 {
			t.Errorf("invited %s, tried the other %d times", got, tries)
		}
		for name, seq := range log.cursors {
			if name != "mail" && seq != 0 {
				t.Errorf("entry %d still waits", seq)
			}
		}
	})
}
