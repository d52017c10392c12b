package directory

import (
	"time"

	"github.com/rosterhq/roster/internal/authz"
)

// Webhook is a receiver outside that is sent an organization's entries. It belongs to
// the organization and stays when its creator leaves. Its secret is derived from the
// server's keys and stored nowhere, so that the database does not reveal it. The package
// webhooks has the operations.
type Webhook struct {
	ID          WebhookID `json:"id"`
	OrgID       OrgID     `json:"orgId"`
	Name        string    `json:"name"`
	Description string    `json:"description,omitempty"`
	URL         string    `json:"url"`
	WebhookFilter
	Enabled        bool   `json:"enabled"`
	DisabledReason string `json:"disabledReason,omitempty"` // if the server disabled it
	// SecretVersion is the version of the secret that signs; the one before signs too
	// until PreviousUntil.
	SecretVersion int       `json:"secretVersion"`
	PreviousUntil time.Time `json:"previousSecretExpiresAt,omitzero"`
	// After is the last entry before it was created or last enabled. Entries up to there
	// are sent only when a replay is requested.
	After     int64     `json:"after"`
	CreatedAt time.Time `json:"createdAt"`
	UpdatedAt time.Time `json:"updatedAt"`
	CreatedBy Actor     `json:"createdBy"`
}

// Target is the webhook as the target of an entry.
func (w Webhook) Target() Target {
	return Target{Type: "webhook", ID: string(w.ID), Name: w.Name}
}

// MayManageWebhooks refuses principals who do not run the organization: its owners and
// admins decide where its log is sent. Errors: [Forbidden].
func (p *Principal) MayManageWebhooks() error {
	if p.Role != authz.RoleOwner && p.Role != authz.RoleAdmin {
		return Errorf(Forbidden, "only an owner or admin can change webhooks")
	}
	return nil
}

// WebhookFilter selects the entries that a webhook is sent; the zero value selects every
// change.
type WebhookFilter struct {
	Actions     []string `json:"actions,omitempty"`     // names, or prefixes followed by *; none: all
	TargetTypes []string `json:"targetTypes,omitempty"` // none: all
	Refusals    bool     `json:"refusals,omitempty"`    // also what was tried and refused
}

// DeliveryState is the state of a delivery.
type DeliveryState string

// The states of a delivery.
const (
	DeliveryPending   DeliveryState = "pending"   // will be tried, perhaps again
	DeliveryDelivered DeliveryState = "delivered" // the receiver confirmed it
	DeliveryDead      DeliveryState = "dead"      // given up; it can be replayed
)

// Delivery is an entry on its way to a webhook. The payload is built from the entry
// for each attempt. The package webhooks queues, sends and replays deliveries.
type Delivery struct {
	OrgID     OrgID
	WebhookID WebhookID
	Sequence  int64 // the entry's number
	Action    string
	State     DeliveryState
	Attempts  int       // since it was queued
	QueuedAt  time.Time // last, if it was replayed
	DueAt     time.Time // of the next attempt; zero if there will be none
	GiveUpAt  time.Time
	EndedAt   time.Time // zero while it is pending

	// The last attempt, if there was one:
	LastAt  time.Time
	Status  int           // of the answer; 0 for none
	Took    time.Duration // until the answer, or the failure
	Failure string        // why it did not arrive, or was given up
}

// DeliveryQuery narrows a list of deliveries; zero values narrow nothing.
type DeliveryQuery struct {
	State  DeliveryState
	Before int64 // sequences below
	Limit  int
}
