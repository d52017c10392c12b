package store

import (
	"time"

	"github.com/rosterhq/roster/internal/directory"
)

const deliveryColumns = `org_id, webhook_id, sequence, action, state, attempts, queued_at, due_at, give_up_at, ended_at,
	last_at, status, took, failure`

const selectDeliveries = `SELECT ` + deliveryColumns + ` FROM webhook_deliveries `

func scanDelivery(row scanner) (d directory.Delivery, err error) {
	var queued, due, giveUp, ended, last, took int64
	err = row.Scan(&d.OrgID, &d.WebhookID, &d.Sequence, &d.Action, &d.State, &d.Attempts, &queued, &due, &giveUp, &ended,
		&last, &d.Status, &took, &d.Failure)
	d.QueuedAt, d.DueAt, d.GiveUpAt, d.EndedAt = fromMicros(queued), fromMicros(due), fromMicros(giveUp), fromMicros(ended)
	d.LastAt, d.Took = fromMicros(last), time.Duration(took)*time.Microsecond
	return d, err
}

func (t *tx) Delivery(org directory.OrgID, id directory.WebhookID, sequence int64) (directory.Delivery, error) {
	return one(t, "delivery", scanDelivery, selectDeliveries+`WHERE org_id = $1 AND webhook_id = $2 AND sequence = $3`, org, id, sequence)
}

// Deliveries has a statement for each kind of query, because the plan of a single
// statement for all of them would read every row.
func (t *tx) Deliveries(org directory.OrgID, id directory.WebhookID, q directory.DeliveryQuery) ([]directory.Delivery, error) {
	before := q.Before
	if before == 0 {
		before = 1<<63 - 1
	}
	if q.State == "" {
		return list(t, scanDelivery, selectDeliveries+`WHERE org_id = $1 AND webhook_id = $2 AND sequence < $3
			ORDER BY sequence DESC LIMIT $4`, org, id, before, q.Limit)
	}
	return list(t, scanDelivery, selectDeliveries+`WHERE org_id = $1 AND webhook_id = $2 AND state = $3 AND sequence < $4
		ORDER BY sequence DESC LIMIT $5`, org, id, string(q.State), before, q.Limit)
}

func (t *tx) DueDeliveries(org directory.OrgID, id directory.WebhookID, now time.Time, limit int) ([]directory.Delivery, error) {
	return list(t, scanDelivery, selectDeliveries+`WHERE org_id = $1 AND webhook_id = $2 AND state = 'pending' AND due_at <= $3
		ORDER BY due_at, sequence LIMIT $4`, org, id, micros(now), limit)
}

func (t *tx) AddDelivery(d directory.Delivery) error {
	return t.exec(insertDelivery+`DO NOTHING`, deliveryValues(d)...)
}

func (t *tx) PutDelivery(d directory.Delivery) error {
	return t.exec(insertDelivery+`DO UPDATE SET
		action = excluded.action, state = excluded.state, attempts = excluded.attempts, queued_at = excluded.queued_at,
		due_at = excluded.due_at, give_up_at = excluded.give_up_at, ended_at = excluded.ended_at, last_at = excluded.last_at,
		status = excluded.status, took = excluded.took, failure = excluded.failure`, deliveryValues(d)...)
}

const insertDelivery = `INSERT INTO webhook_deliveries (` + deliveryColumns + `)
	VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) ON CONFLICT (org_id, webhook_id, sequence) `

func deliveryValues(d directory.Delivery) []any {
	return []any{
		d.OrgID, d.WebhookID, d.Sequence, d.Action, string(d.State), d.Attempts, micros(d.QueuedAt), micros(d.DueAt),
		micros(d.GiveUpAt), micros(d.EndedAt), micros(d.LastAt), d.Status, d.Took.Microseconds(), d.Failure,
	}
}

func (t *tx) EndDeliveries(org directory.OrgID, id directory.WebhookID, giveUpBy, now time.Time, why string) (int, error) {
	return t.execCount(`UPDATE webhook_deliveries SET state = 'dead', ended_at = $1, due_at = 0, failure = $2
		WHERE org_id = $3 AND webhook_id = $4 AND state = 'pending' AND give_up_at <= $5`,
		micros(now), why, org, id, micros(giveUpBy))
}

func (t *tx) RequeueDead(org directory.OrgID, id directory.WebhookID, as directory.Delivery, limit int) (n int, more bool, err error) {
	n, err = t.execCount(`UPDATE webhook_deliveries SET state = 'pending', attempts = 0, queued_at = $1, due_at = $2, give_up_at = $3, ended_at = 0
		WHERE org_id = $4 AND webhook_id = $5 AND sequence IN (SELECT sequence FROM webhook_deliveries
			WHERE org_id = $4 AND webhook_id = $5 AND state = 'dead' ORDER BY sequence LIMIT $6)`,
		micros(as.QueuedAt), micros(as.DueAt), micros(as.GiveUpAt), org, id, limit)
	if err != nil || n < limit {
		return n, false, err
	}
	left, err := one(t, "count", scanValue[int], `SELECT count(*) FROM (SELECT 1 FROM webhook_deliveries
		WHERE org_id = $1 AND webhook_id = $2 AND state = 'dead' LIMIT 1) AS dead`, org, id)
	return n, left > 0, err
}

func (t *tx) DropLostDeliveries(org directory.OrgID, after int64) error {
	return t.exec(`DELETE FROM webhook_deliveries WHERE org_id = $1 AND sequence > $2
		AND sequence NOT IN (SELECT sequence FROM entries WHERE org_id = $1 AND sequence > $2)`, org, after)
}

func (t *tx) DropDeliveries(before time.Time) error {
	return t.exec(`DELETE FROM webhook_deliveries WHERE ended_at > 0 AND ended_at < $1`, micros(before))
}

func (t *tx) CountDeliveries() (pending int, oldest time.Time, err error) {
	type count struct{ pending, oldest int64 }
	c, err := one(t, "count", func(row scanner) (c count, err error) {
		err = row.Scan(&c.pending, &c.oldest)
		return c, err
	}, `SELECT count(*), COALESCE(min(queued_at), 0) FROM webhook_deliveries WHERE state = 'pending'`)
	return int(c.pending), fromMicros(c.oldest), err
}
