package storetest

import (
	"fmt"
	"time"

	"github.com/rosterhq/roster/internal/directory"
)

func newWebhook(org directory.OrgID, name string) directory.Webhook {
	return directory.Webhook{
		ID: directory.WebhookID("whk_" + name), OrgID: org, Name: "Webhook " + name, Description: "for " + name,
		URL:           "https://example.com/" + name,
		WebhookFilter: directory.WebhookFilter{Actions: []string{"create*"}, TargetTypes: []string{"user", "role"}, Refusals: true},
		Enabled:       true, SecretVersion: 3, PreviousUntil: start.Add(time.Hour), After: 41,
		CreatedAt: start, UpdatedAt: start.Add(time.Second), CreatedBy: directory.Actor{Kind: directory.ActorAccount, UserID: "usr_x", Name: "Zoë"},
	}
}

// newDelivery is pending, and due at start and so many minutes.
func newDelivery(org directory.OrgID, name string, sequence int64) directory.Delivery {
	return directory.Delivery{
		OrgID: org, WebhookID: directory.WebhookID("whk_" + name), Sequence: sequence, Action: "createUser",
		State: directory.DeliveryPending, QueuedAt: start, DueAt: start.Add(time.Duration(sequence) * time.Minute), GiveUpAt: start.Add(72 * time.Hour),
	}
}

func putWebhook(tx directory.Tx, org directory.OrgID, name string, sequences ...int64) error {
	if err := tx.CreateWebhook(newWebhook(org, name)); err != nil {
		return err
	}
	for _, n := range sequences {
		if err := tx.AddDelivery(newDelivery(org, name, n)); err != nil {
			return err
		}
	}
	return nil
}

func theWebhook(tx directory.Tx) (directory.Webhook, error) { return tx.Webhook(acme, "whk_a") }

func delivery(sequence int64) func(directory.Tx) (directory.Delivery, error) {
	return func(tx directory.Tx) (directory.Delivery, error) { return tx.Delivery(acme, "whk_a", sequence) }
}

func deliveries(q directory.DeliveryQuery) func(directory.Tx) ([]int64, error) {
	return func(tx directory.Tx) ([]int64, error) { return sequences(tx.Deliveries(acme, "whk_a", q)) }
}

func sequences(list []directory.Delivery, err error) ([]int64, error) {
	numbers := []int64{}
	for _, d := range list {
		numbers = append(numbers, d.Sequence)
	}
	return numbers, err
}

func due(now time.Time, limit int) func(directory.Tx) ([]int64, error) {
	return func(tx directory.Tx) ([]int64, error) { return sequences(tx.DueDeliveries(acme, "whk_a", now, limit)) }
}

func dueQueues(now time.Time, failing bool, limit int) func(directory.Tx) ([]directory.WebhookQueue, error) {
	return func(tx directory.Tx) ([]directory.WebhookQueue, error) { return tx.DueQueues(now, failing, limit) }
}

var webhookTests = []test{
	{"create, get, list, update, delete", func(s suite) {
		a, b := newWebhook(acme, "a"), newWebhook(acme, "b")
		b.WebhookFilter, b.Enabled, b.DisabledReason, b.PreviousUntil = directory.WebhookFilter{}, false, "gone", time.Time{}
		s.write(func(tx directory.Tx) error {
			return all(putOrgs(tx, acme, other), tx.CreateWebhook(b), tx.CreateWebhook(a), tx.CreateWebhook(newWebhook(other, "a")))
		})
		list := func(tx directory.Tx) ([]directory.Webhook, error) { return tx.Webhooks(acme) }
		s.equal("one", a, got(s, theWebhook))
		s.equal("list", []directory.Webhook{a, b}, got(s, list))
		a.Name, a.Description, a.URL, a.Enabled, a.DisabledReason = "New", "new", "https://example.net", false, "why"
		a.WebhookFilter, a.SecretVersion, a.PreviousUntil = directory.WebhookFilter{Actions: []string{"*"}}, 4, time.Time{}
		a.After, a.UpdatedAt, a.CreatedBy.Name = 42, start.Add(2*time.Hour), ""
		s.write(func(tx directory.Tx) error { return tx.UpdateWebhook(a) })
		s.equal("updated", []directory.Webhook{a, b}, got(s, list))
		s.write(func(tx directory.Tx) error { return tx.DeleteWebhook(acme, "whk_a") })
		missing(s, "deleted", theWebhook)
		s.equal("the other", []directory.Webhook{b}, got(s, list))
		s.fails("update what is gone", directory.NotFound, func(tx directory.Tx) error { return tx.UpdateWebhook(a) })
		s.fails("delete what is gone", directory.NotFound, func(tx directory.Tx) error { return tx.DeleteWebhook(acme, "whk_a") })
		s.fails("the same id", directory.Conflict, func(tx directory.Tx) error { return tx.CreateWebhook(b) })
		s.fails("of no organization", "", func(tx directory.Tx) error { return tx.CreateWebhook(newWebhook("nobody", "c")) })
	}},
	{"go with their organization, and deliveries with them", func(s suite) {
		s.write(func(tx directory.Tx) error {
			return all(putOrgs(tx, acme, other), putWebhook(tx, acme, "a", 1, 2), putWebhook(tx, acme, "b", 1), putWebhook(tx, other, "a", 1))
		})
		s.write(func(tx directory.Tx) error { return tx.DeleteWebhook(acme, "whk_b") })
		missing(s, "of a deleted webhook", func(tx directory.Tx) (directory.Delivery, error) { return tx.Delivery(acme, "whk_b", 1) })
		s.write(func(tx directory.Tx) error { return tx.DeleteOrg(acme) })
		missing(s, "webhook", theWebhook)
		missing(s, "delivery", delivery(1))
		s.equal("the other's", 1, len(got(s, func(tx directory.Tx) ([]directory.Delivery, error) {
			return tx.Deliveries(other, "whk_a", directory.DeliveryQuery{Limit: 10})
		})))
		s.fails("for no webhook", "", func(tx directory.Tx) error { return tx.AddDelivery(newDelivery(other, "x", 1)) })
	}},
	{"queues", func(s suite) {
		s.write(func(tx directory.Tx) error {
			return all(putOrgs(tx, acme, other), putWebhook(tx, acme, "a"), putWebhook(tx, acme, "b"), putWebhook(tx, other, "a"))
		})
		at := func(n int) time.Time { return start.Add(time.Duration(n) * time.Minute) }
		queue := func(org directory.OrgID, name string, failures int) directory.WebhookQueue {
			return directory.WebhookQueue{OrgID: org, WebhookID: directory.WebhookID("whk_" + name), Failures: failures}
		}
		s.equal("at first", 0, len(got(s, dueQueues(at(100), false, 10))))
		s.write(func(tx directory.Tx) error {
			return all(tx.WakeQueue(acme, "whk_a", at(5)), tx.SetQueue(acme, "whk_b", 2, at(3)), tx.WakeQueue(other, "whk_a", at(4)))
		})
		s.equal("not yet", 0, len(got(s, dueQueues(at(3).Add(-time.Microsecond), true, 10))))
		s.equal("the longest waiting first", []directory.WebhookQueue{queue(other, "a", 0), queue(acme, "a", 0)}, got(s, dueQueues(at(5), false, 10)))
		s.equal("one of them", []directory.WebhookQueue{queue(other, "a", 0)}, got(s, dueQueues(at(5), false, 1)))
		s.equal("that fail", []directory.WebhookQueue{queue(acme, "b", 2)}, got(s, dueQueues(at(5), true, 10)))
		// A working webhook is woken. A failing one keeps its pause, unless nothing else is pending.
		s.write(func(tx directory.Tx) error {
			return all(tx.WakeQueue(acme, "whk_a", at(1)), tx.WakeQueue(acme, "whk_b", at(1)))
		})
		s.equal("woken", []directory.WebhookQueue{queue(acme, "a", 0)}, got(s, dueQueues(at(2), false, 10)))
		s.equal("still held", 0, len(got(s, dueQueues(at(2), true, 10))))
		s.write(func(tx directory.Tx) error {
			return all(tx.WakeQueue(acme, "whk_a", at(9)), tx.SetQueue(acme, "whk_b", 3, time.Time{}), tx.WakeQueue(acme, "whk_b", at(2)))
		})
		s.equal("not later", []directory.WebhookQueue{queue(acme, "a", 0)}, got(s, dueQueues(at(2), false, 10)))
		s.equal("at once", []directory.WebhookQueue{queue(acme, "b", 3)}, got(s, dueQueues(at(2), true, 10)))
		s.equal("failures", 3, got(s, func(tx directory.Tx) (int, error) { return tx.QueueFailures(acme, "whk_b") }))
		before := got(s, theWebhook)
		s.equal("the webhook is as it was", newWebhook(acme, "a"), before)
		missing(s, "failures of nobody", func(tx directory.Tx) (int, error) { return tx.QueueFailures(acme, "whk_x") })
		s.fails("queue of nobody", directory.NotFound, func(tx directory.Tx) error { return tx.SetQueue(acme, "whk_x", 0, start) })
		s.write(func(tx directory.Tx) error { return tx.WakeQueue(acme, "whk_x", start) }) // deleted meanwhile
	}},
	{"deliveries, added once, written over, listed and due", func(s suite) {
		s.write(func(tx directory.Tx) error {
			return all(putOrgs(tx, acme, other), putWebhook(tx, acme, "a", 3, 1, 2), putWebhook(tx, acme, "b", 7), putWebhook(tx, other, "a", 4))
		})
		d := newDelivery(acme, "a", 2)
		s.equal("as added", d, got(s, delivery(2)))
		d.State, d.Attempts, d.EndedAt, d.DueAt = directory.DeliveryDelivered, 3, start.Add(time.Hour), time.Time{}
		d.LastAt, d.Status, d.Took, d.Failure = start.Add(time.Second), 204, 12345*time.Microsecond, "é"
		s.write(func(tx directory.Tx) error { return tx.PutDelivery(d) })
		s.equal("written over", d, got(s, delivery(2)))
		s.write(func(tx directory.Tx) error { return tx.AddDelivery(newDelivery(acme, "a", 2)) })
		s.equal("not added again", d, got(s, delivery(2)))
		put := newDelivery(acme, "a", 5)
		s.write(func(tx directory.Tx) error { return tx.PutDelivery(put) })
		s.equal("put where there was none", put, got(s, delivery(5)))
		missing(s, "one that never was", delivery(4))

		s.equal("newest first", []int64{5, 3, 2, 1}, got(s, deliveries(directory.DeliveryQuery{Limit: 10})))
		s.equal("a page", []int64{3, 2}, got(s, deliveries(directory.DeliveryQuery{Before: 5, Limit: 2})))
		s.equal("pending", []int64{5, 3, 1}, got(s, deliveries(directory.DeliveryQuery{State: directory.DeliveryPending, Limit: 10})))
		s.equal("pending, a page", []int64{3}, got(s, deliveries(directory.DeliveryQuery{State: directory.DeliveryPending, Before: 5, Limit: 1})))
		s.equal("dead", 0, len(got(s, deliveries(directory.DeliveryQuery{State: directory.DeliveryDead, Limit: 10}))))

		s.equal("due", []int64{1, 3}, got(s, due(start.Add(3*time.Minute), 10)))
		s.equal("the first due", []int64{1}, got(s, due(start.Add(3*time.Minute), 1)))
		next := func(id directory.WebhookID) func(directory.Tx) (time.Time, error) {
			return func(tx directory.Tx) (time.Time, error) { return tx.NextDue(acme, id) }
		}
		s.equal("next due", start.Add(time.Minute), got(s, next("whk_a")))
		s.equal("nothing is due", time.Time{}, got(s, next("whk_x")))
		s.read(func(tx directory.Tx) error {
			n, oldest, err := tx.CountDeliveries()
			if n != 5 || !oldest.Equal(start) {
				err = fmt.Errorf("%d pending since %s, %w", n, oldest, err)
			}
			return err
		})
	}},
	{"deliveries end, are replayed and dropped", func(s suite) {
		s.write(func(tx directory.Tx) error { return all(putOrgs(tx, acme), putWebhook(tx, acme, "b", 1)) })
		s.write(func(tx directory.Tx) error { return putWebhook(tx, acme, "a", 1, 2, 3, 4) })
		late := newDelivery(acme, "a", 5)
		late.GiveUpAt = start.Add(100 * time.Hour)
		s.write(func(tx directory.Tx) error { return tx.AddDelivery(late) })
		ended := start.Add(80 * time.Hour)
		s.write(func(tx directory.Tx) error {
			n, err := tx.EndDeliveries(acme, "whk_a", start.Add(72*time.Hour), ended, "too late")
			if n != 4 {
				err = fmt.Errorf("%d ended, %w", n, err)
			}
			return err
		})
		want := newDelivery(acme, "a", 1)
		want.State, want.EndedAt, want.DueAt, want.Failure = directory.DeliveryDead, ended, time.Time{}, "too late"
		s.equal("dead", want, got(s, delivery(1)))
		s.equal("all dead", []int64{4, 3, 2, 1}, got(s, deliveries(directory.DeliveryQuery{State: directory.DeliveryDead, Limit: 10})))
		s.equal("the late one", late, got(s, delivery(5)))

		again := directory.Delivery{QueuedAt: ended, DueAt: ended.Add(1 * time.Microsecond), GiveUpAt: ended.Add(time.Hour)}
		for _, step := range []struct {
			n    int
			more bool
		}{{3, true}, {1, false}, {0, false}} {
			s.write(func(tx directory.Tx) error {
				n, more, err := tx.RequeueDead(acme, "whk_a", again, 3)
				if n != step.n || more != step.more {
					err = fmt.Errorf("%d queued, more: %t; want %v; %w", n, more, step, err)
				}
				return err
			})
		}
		want.State, want.EndedAt, want.QueuedAt, want.DueAt, want.GiveUpAt = directory.DeliveryPending, time.Time{}, again.QueuedAt, again.DueAt, again.GiveUpAt
		s.equal("queued again", want, got(s, delivery(1)))
		s.equal("the other webhook's", directory.DeliveryPending, got(s, func(tx directory.Tx) (directory.Delivery, error) {
			return tx.Delivery(acme, "whk_b", 1)
		}).State)

		d := got(s, delivery(2))
		d.State, d.EndedAt = directory.DeliveryDelivered, ended
		s.write(func(tx directory.Tx) error { return all(tx.PutDelivery(d), tx.DropDeliveries(ended)) })
		s.equal("kept", d, got(s, delivery(2)))
		s.write(func(tx directory.Tx) error { return tx.DropDeliveries(ended.Add(time.Microsecond)) })
		missing(s, "dropped", delivery(2))
		s.equal("what is pending stays", []int64{5, 4, 3, 1}, got(s, deliveries(directory.DeliveryQuery{Limit: 10})))
	}},
	{"deliveries go where their entries go", func(s suite) {
		s.write(func(tx directory.Tx) error {
			err := all(putOrgs(tx, acme, other), putWebhook(tx, acme, "a", 1, 2, 3, 4, 5), putWebhook(tx, other, "a", 1, 2, 3, 4, 5))
			for range 5 {
				err = all(err, appendEntry(tx, newEntry(acme, "x")))
			}
			if err != nil {
				return err
			}
			return tx.DropEntries(acme, 3)
		})
		all5 := directory.DeliveryQuery{Limit: 5}
		s.write(func(tx directory.Tx) error { return tx.DropLostDeliveries(acme, 1) })
		s.equal("of what is there, and before", []int64{5, 4, 1}, got(s, deliveries(all5)))
		e := got(s, orgEntry(acme, 4))[0]
		e.Sequence = 3
		s.write(func(tx directory.Tx) error { return tx.RenumberEntry(4, e) })
		s.equal("renumbered", []int64{5, 3, 1}, got(s, deliveries(all5)))
		s.equal("another organization's", []int64{5, 4, 3, 2, 1}, got(s, func(tx directory.Tx) ([]int64, error) {
			return sequences(tx.Deliveries(other, "whk_a", all5))
		}))
	}},
}
