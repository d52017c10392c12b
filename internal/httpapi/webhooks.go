package httpapi

import (
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/webhooks"
)

// webhook is a webhook without its secret. It leaves out the state of its deliveries,
// because that would change the ETag.
type webhook struct {
	Actions                 []string            `json:"actions"`
	CreatedAt               wireTime            `json:"createdAt"`
	CreatedBy               creator             `json:"createdBy"`
	Description             string              `json:"description"`
	DisabledReason          string              `json:"disabledReason"`
	Enabled                 bool                `json:"enabled"`
	ID                      directory.WebhookID `json:"id"`
	IncludeRefused          bool                `json:"includeRefused"`
	Name                    string              `json:"name"`
	PreviousSecretExpiresAt wireTime            `json:"previousSecretExpiresAt"`
	TargetTypes             []string            `json:"targetTypes"`
	UpdatedAt               wireTime            `json:"updatedAt"`
	URL                     string              `json:"url"`
}

type issuedWebhook struct {
	webhook `json:",inline"`
	Secret  string `json:"secret"`
}

func webhookOf(w directory.Webhook) webhook {
	return webhook{
		Actions: w.Actions, CreatedAt: wireTime{w.CreatedAt}, CreatedBy: creatorOf(w.CreatedBy), Description: w.Description,
		DisabledReason: w.DisabledReason, Enabled: w.Enabled, ID: w.ID, IncludeRefused: w.Refusals, Name: w.Name,
		PreviousSecretExpiresAt: wireTime{w.PreviousUntil}, TargetTypes: w.TargetTypes, UpdatedAt: wireTime{w.UpdatedAt}, URL: w.URL,
	}
}

func issuedWebhookOf(w webhooks.IssuedWebhook) issuedWebhook {
	return issuedWebhook{webhookOf(w.Webhook), w.Secret}
}

func (issuedWebhook) confidential() {}

// webhookInput is a webhook to create, or one written back as it was read. Read-only
// members are ignored.
type webhookInput struct {
	Name           string   `json:"name"`
	Description    string   `json:"description"`
	URL            string   `json:"url"`
	Actions        []string `json:"actions"`
	TargetTypes    []string `json:"targetTypes"`
	IncludeRefused bool     `json:"includeRefused"`
	Enabled        *bool    `json:"enabled"`

	ID                      *directory.WebhookID `json:"id"`
	CreatedAt               *wireTime            `json:"createdAt"`
	CreatedBy               *creator             `json:"createdBy"`
	DisabledReason          *string              `json:"disabledReason"`
	PreviousSecretExpiresAt *wireTime            `json:"previousSecretExpiresAt"`
	UpdatedAt               *wireTime            `json:"updatedAt"`
}

func (b webhookInput) webhook(id directory.WebhookID) (webhooks.NewWebhook, error) {
	if b.ID != nil && *b.ID != id {
		return webhooks.NewWebhook{}, errReadOnlyID
	}
	return webhooks.NewWebhook{
		Name: b.Name, Description: b.Description, URL: b.URL, Enabled: b.Enabled,
		WebhookFilter: directory.WebhookFilter{Actions: b.Actions, TargetTypes: b.TargetTypes, Refusals: b.IncludeRefused},
	}, nil
}

func (rq *request) webhookID() directory.WebhookID { return directory.WebhookID(rq.PathValue("id")) }

func createWebhook(rq *request, body webhookInput) (webhooks.IssuedWebhook, error) {
	in, err := body.webhook("")
	if err != nil {
		return webhooks.IssuedWebhook{}, err
	}
	return rq.api.service.CreateWebhook(rq.Context(), rq.call, in)
}

func updateWebhook(rq *request, body webhookInput) (directory.Webhook, error) {
	in, err := body.webhook(rq.webhookID())
	if err != nil {
		return directory.Webhook{}, err
	}
	return rq.api.service.UpdateWebhook(rq.Context(), rq.call, rq.webhookID(), in)
}

type rotateBody struct {
	PreviousSecretExpiresAt wireTime `json:"previousSecretExpiresAt"`
}

func rotateWebhookSecret(rq *request, body rotateBody) (webhooks.IssuedWebhook, error) {
	return rq.api.service.RotateWebhookSecret(rq.Context(), rq.call, rq.webhookID(), body.PreviousSecretExpiresAt.Time)
}

type replayBody struct {
	FromSequence *int64   `json:"fromSequence"`
	Since        wireTime `json:"since"`
}

type replayed struct {
	More         bool   `json:"more"`
	NextSequence *int64 `json:"nextSequence"`
	Replayed     int    `json:"replayed"`
}

func replayedOf(r webhooks.Replayed) replayed {
	out := replayed{More: r.More, Replayed: r.Count}
	if r.NextSequence > 0 {
		out.NextSequence = &r.NextSequence
	}
	return out
}

func replayWebhook(rq *request, body replayBody) (webhooks.Replayed, error) {
	scope := webhooks.ReplayScope{Since: body.Since.Time}
	if body.FromSequence != nil {
		if *body.FromSequence < 1 {
			return webhooks.Replayed{}, directory.InvalidField("fromSequence", "must be a sequence number, 1 or more")
		}
		scope.FromSequence = *body.FromSequence
	}
	return rq.api.service.ReplayWebhook(rq.Context(), rq.call, rq.webhookID(), scope)
}

// delivery is a line of a webhook's delivery log.
type delivery struct {
	Action        string                  `json:"action"`
	Attempts      int                     `json:"attempts"`
	DurationMS    *int64                  `json:"durationMs"`
	EndedAt       wireTime                `json:"endedAt"`
	Failure       string                  `json:"failure"`
	ID            string                  `json:"id"`
	LastAttemptAt wireTime                `json:"lastAttemptAt"`
	NextAttemptAt wireTime                `json:"nextAttemptAt"`
	QueuedAt      wireTime                `json:"queuedAt"`
	Sequence      int64                   `json:"sequence"`
	State         directory.DeliveryState `json:"state"`
	Status        *int                    `json:"status"`
}

func deliveryOf(d directory.Delivery) delivery {
	out := delivery{
		Action: d.Action, Attempts: d.Attempts, EndedAt: wireTime{d.EndedAt}, Failure: d.Failure,
		ID: webhooks.MessageID(d.OrgID, d.Sequence), LastAttemptAt: wireTime{d.LastAt}, NextAttemptAt: wireTime{d.DueAt},
		QueuedAt: wireTime{d.QueuedAt}, Sequence: d.Sequence, State: d.State,
	}
	if !d.LastAt.IsZero() {
		ms := d.Took.Milliseconds()
		out.DurationMS = &ms
	}
	if d.Status != 0 {
		out.Status = &d.Status
	}
	return out
}

func replayDelivery(rq *request) (directory.Delivery, error) {
	return rq.api.service.ReplayDelivery(rq.Context(), rq.call, rq.webhookID(), rq.PathValue("deliveryId"))
}

// defaultDeliveries is how many deliveries a page has by default.
const defaultDeliveries = 100

func listDeliveries(rq *request) ([]directory.Delivery, error) {
	q := directory.DeliveryQuery{State: directory.DeliveryState(rq.params.Get("state"))}
	var err error
	if q.Limit, err = pageLimit(rq.params, defaultDeliveries); err != nil {
		return nil, err
	}
	if q.Before, err = decodeEntryCursor(rq.params.Get("cursor")); err != nil {
		return nil, err
	}
	list, more, err := rq.api.service.ListDeliveries(rq.Context(), rq.call, rq.webhookID(), q)
	if more && err == nil {
		rq.linkNext(encodeEntryCursor(list[len(list)-1].Sequence))
	}
	return list, err
}
