package directory

import (
	"iter"
	"time"

	"github.com/rosterhq/roster/internal/audit"
)

type entryTx interface {
	// AppendEntry requires the sequence after the organization's last.
	AppendEntry(Entry) error
	// Entries lists up to limit entries of all organizations after a position: all
	// that there are or will be up to the last of them. Positions are given before
	// commits, so the newest may be missing for a moment.
	Entries(after int64, limit int) ([]Entry, error)
	LastEntry() (position int64, err error)
	// Leaves lists what seals an organization's entries after a sequence.
	Leaves(org OrgID, after int64, limit int) ([]Leaf, error)
	// LastOrgEntry returns sequence and time of an organization's last entry, zero for
	// an organization without any.
	LastOrgEntry(OrgID) (sequence int64, at time.Time, err error)
	OrgEntries(OrgID, EntryQuery) iter.Seq2[Entry, error]
	// NextEntries yields the first entry about each target, in the order of the
	// targets' ids. Refusals don't count.
	NextEntries(OrgID, NextQuery) iter.Seq2[Entry, error]
	// EntriesAbout yields every such entry, those about the same target in the order of
	// the log. It has no limit.
	EntriesAbout(OrgID, NextQuery) iter.Seq2[Entry, error]
	// EraseEntry writes over an entry's names, states, addresses and secrets, found
	// by its organization and sequence.
	EraseEntry(Entry) error
	// OrgVersion differs whenever a change was appended to an organization's log.
	OrgVersion(OrgID) (string, error)

	// Replay finds what was kept under an idempotency key that has not expired;
	// KeepReplay writes over what has, and over nothing else: [Conflict].
	Replay(scope, key string, now time.Time) (Replay, error)
	KeepReplay(r Replay, now time.Time) error
	// DropReplays deletes the replays that have expired.
	DropReplays(now time.Time) error
}

type webhookTx interface {
	Webhook(OrgID, WebhookID) (Webhook, error)
	Webhooks(OrgID) ([]Webhook, error)
	CreateWebhook(Webhook) error
	UpdateWebhook(Webhook) error          // but for what never changes
	DeleteWebhook(OrgID, WebhookID) error // with its deliveries
}

// followerTx is for the followers of the log. Only internal/follow moves cursors.
type followerTx interface {
	// Cursor and SetCursor keep the position up to which a follower has read.
	Cursor(follower string) (int64, error)
	SetCursor(follower string, position int64) error
	// OrgsAfter lists the organizations of the first entries after a position, up to
	// limit entries, and the position of the last.
	OrgsAfter(position int64, limit int) (orgs []OrgID, upTo int64, err error)
}

// sealerTx is for internal/sealing, the only package that advances or drops sealed history.
type sealerTx interface {
	PutTile(OrgID, audit.TileID, []byte) error
	CreateCheckpoint(OrgID, SignedCheckpoint) error
	// RenumberEntry gives the entry of a sequence another, and its time, with the leaf
	// and MAC that go with them. Its deliveries go along; none may have the new sequence.
	RenumberEntry(was int64, e Entry) error
	// DropEntries drops an organization's entries up to a sequence.
	DropEntries(org OrgID, upTo int64) error
	// DropLostDeliveries deletes those of entries after a sequence that the log does not have.
	DropLostDeliveries(org OrgID, after int64) error
	// Retentions are those of all organizations that do not keep their entries for ever.
	Retentions() (map[OrgID]int, error)
}

// deliveryTx is for internal/webhooks, which queues and delivers.
type deliveryTx interface {
	// SetQueue stores how often a webhook's queue failed since it last delivered, and
	// when it is due next; the zero time: there is nothing to do.
	SetQueue(org OrgID, id WebhookID, failures int, next time.Time) error

	Delivery(org OrgID, id WebhookID, sequence int64) (Delivery, error)
	// Deliveries lists the newest entries' first.
	Deliveries(OrgID, WebhookID, DeliveryQuery) ([]Delivery, error)
	// PutDelivery adds a delivery, or replaces the one that is there.
	PutDelivery(Delivery) error
	// EndDeliveries marks pending deliveries dead that are to be given up by a time.
	EndDeliveries(org OrgID, id WebhookID, giveUpBy, now time.Time, why string) (int, error)
	// RequeueDead marks up to limit dead deliveries pending, the oldest entries' first,
	// with the times of as, and says whether there are more.
	RequeueDead(org OrgID, id WebhookID, as Delivery, limit int) (n int, more bool, err error)

	// DueQueues lists the queues whose time has come, of webhooks that fail or of the
	// others, the longest waiting first. WakeQueue makes a queue due now, unless its
	// webhook fails.
	DueQueues(now time.Time, failing bool, limit int) ([]WebhookQueue, error)
	WakeQueue(org OrgID, id WebhookID, now time.Time) error
	QueueFailures(OrgID, WebhookID) (int, error)
	// NextDue is when the first of the pending deliveries is due; zero for none.
	NextDue(OrgID, WebhookID) (time.Time, error)
	// DueDeliveries lists pending ones in the order they became due.
	DueDeliveries(org OrgID, id WebhookID, now time.Time, limit int) ([]Delivery, error)
	// AddDelivery adds one unless it is there.
	AddDelivery(Delivery) error
	// DropDeliveries deletes what ended before a time.
	DropDeliveries(before time.Time) error
	// CountDeliveries counts the pending ones of all organizations and returns the
	// time since when the first of them has been.
	CountDeliveries() (pending int, oldest time.Time, err error)
}

// mailTx is for internal/mail, which sends and counts. Calls only read the count.
type mailTx interface {
	// CountMails counts the mails that were reserved after a time and returns when the
	// first of them was. The zero value of an organization or recipient stands for all.
	CountMails(org OrgID, emailKey string, after time.Time) (n int, first time.Time, err error)
	// MailReserved reports whether there is a reservation for an entry. ReserveMail adds
	// it unless it is there.
	MailReserved(position int64) (bool, error)
	ReserveMail(MailReservation) error
	// DropMails deletes the reservations made before a time.
	DropMails(before time.Time) error
	// SetInvitationMailed stores when a user was mailed, if it is an invitation.
	SetInvitationMailed(org OrgID, id UserID, at time.Time) error
}

// MailReservation is the right to send the mail that an entry asks for.
type MailReservation struct {
	Position int64 // of the entry
	OrgID    OrgID
	EmailKey string // of the recipient
	At       time.Time
}

// WebhookQueue is a webhook with deliveries that are due.
type WebhookQueue struct {
	OrgID     OrgID
	WebhookID WebhookID
	Failures  int // since it last took something
}

// Replay is the stored result of a request with an idempotency key.
type Replay struct {
	Scope       string // the principal's token id: keys of others don't collide
	Key         string
	Fingerprint string // hash of what was asked
	Result      []byte // JSON of what the operation returned, without secrets
	ExpiresAt   time.Time
}

// Leaf is the sealed part of an entry.
type Leaf struct {
	Sequence  int64
	Hash, MAC []byte
}

// auditTx stores the proofs of the log.
type auditTx interface {
	// Tile returns a tile of an organization's tree, or nothing if it does not exist.
	Tile(OrgID, audit.TileID) ([]byte, error)
	// Checkpoint is the signed head of a size, of the newest for 0. Checkpoints
	// lists those of greater sizes than after, in their order.
	Checkpoint(org OrgID, size int64) (SignedCheckpoint, error)
	Checkpoints(org OrgID, after int64, limit int) ([]SignedCheckpoint, error)

	// Retention is how many days an organization keeps its entries; [NotFound] for ever.
	Retention(OrgID) (days int, err error)
	SetRetention(org OrgID, days int) error // 0: for ever
}

// SignedCheckpoint is the head of an organization's log as it was signed.
type SignedCheckpoint struct {
	Size     int64
	Note     string // c2sp.org/tlog-checkpoint
	SealedAt time.Time
}
