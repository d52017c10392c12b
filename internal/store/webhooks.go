package store

import (
	"time"

	"github.com/rosterhq/roster/internal/directory"
)

const selectWebhooks = `SELECT org_id, id, name, description, url, filter, enabled, disabled_reason, secret_version,
	previous_until, after_sequence, created_at, updated_at, created_by FROM webhooks `

func scanWebhook(row scanner) (w directory.Webhook, err error) {
	var previous, created, updated int64
	err = row.Scan(&w.OrgID, &w.ID, &w.Name, &w.Description, &w.URL, asJSON(&w.WebhookFilter), &w.Enabled, &w.DisabledReason,
		&w.SecretVersion, &previous, &w.After, &created, &updated, asJSON(&w.CreatedBy))
	w.PreviousUntil, w.CreatedAt, w.UpdatedAt = fromMicros(previous), fromMicros(created), fromMicros(updated)
	return w, err
}

func (t *tx) Webhook(org directory.OrgID, id directory.WebhookID) (directory.Webhook, error) {
	return one(t, "webhook", scanWebhook, selectWebhooks+`WHERE org_id = $1 AND id = $2`, org, id)
}

func (t *tx) Webhooks(org directory.OrgID) ([]directory.Webhook, error) {
	return list(t, scanWebhook, selectWebhooks+`WHERE org_id = $1 ORDER BY id`, org)
}

func (t *tx) CreateWebhook(w directory.Webhook) error {
	return t.exec(`INSERT INTO webhooks (org_id, id, name, description, url, filter, enabled, disabled_reason, secret_version,
			previous_until, after_sequence, created_at, updated_at, created_by)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`,
		w.OrgID, w.ID, w.Name, w.Description, w.URL, asJSON(w.WebhookFilter), flag(w.Enabled), w.DisabledReason, w.SecretVersion,
		micros(w.PreviousUntil), w.After, micros(w.CreatedAt), micros(w.UpdatedAt), asJSON(w.CreatedBy))
}

func (t *tx) UpdateWebhook(w directory.Webhook) error {
	return t.execOne("webhook", `UPDATE webhooks SET name = $1, description = $2, url = $3, filter = $4, enabled = $5,
			disabled_reason = $6, secret_version = $7, previous_until = $8, after_sequence = $9, updated_at = $10, created_by = $11
		WHERE org_id = $12 AND id = $13`,
		w.Name, w.Description, w.URL, asJSON(w.WebhookFilter), flag(w.Enabled), w.DisabledReason, w.SecretVersion,
		micros(w.PreviousUntil), w.After, micros(w.UpdatedAt), asJSON(w.CreatedBy), w.OrgID, w.ID)
}

func (t *tx) DeleteWebhook(org directory.OrgID, id directory.WebhookID) error {
	return t.execOne("webhook", `DELETE FROM webhooks WHERE org_id = $1 AND id = $2`, org, id)
}

func scanQueue(row scanner) (q directory.WebhookQueue, err error) {
	err = row.Scan(&q.OrgID, &q.WebhookID, &q.Failures)
	return q, err
}

func (t *tx) DueQueues(now time.Time, failing bool, limit int) ([]directory.WebhookQueue, error) {
	return list(t, scanQueue, `SELECT org_id, id, failures FROM webhooks WHERE next_at > 0 AND next_at <= $1
		AND CASE WHEN failures > 0 THEN 1 ELSE 0 END = $2 ORDER BY next_at, org_id, id LIMIT $3`, micros(now), flag(failing), limit)
}

func (t *tx) SetQueue(org directory.OrgID, id directory.WebhookID, failures int, next time.Time) error {
	return t.execOne("webhook", `UPDATE webhooks SET failures = $1, next_at = $2 WHERE org_id = $3 AND id = $4`,
		failures, micros(next), org, id)
}

func (t *tx) WakeQueue(org directory.OrgID, id directory.WebhookID, now time.Time) error {
	return t.exec(`UPDATE webhooks SET next_at = $1 WHERE org_id = $2 AND id = $3
		AND (next_at = 0 OR (failures = 0 AND next_at > $1))`, micros(now), org, id)
}

func (t *tx) QueueFailures(org directory.OrgID, id directory.WebhookID) (int, error) {
	return one(t, "webhook", scanValue[int], `SELECT failures FROM webhooks WHERE org_id = $1 AND id = $2`, org, id)
}

func (t *tx) NextDue(org directory.OrgID, id directory.WebhookID) (time.Time, error) {
	us, err := one(t, "delivery", scanValue[int64], `SELECT COALESCE(min(due_at), 0) FROM webhook_deliveries
		WHERE org_id = $1 AND webhook_id = $2 AND state = 'pending'`, org, id)
	return fromMicros(us), err
}
