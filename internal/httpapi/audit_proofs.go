package httpapi

import (
	"encoding/base64"
	"net/url"

	"github.com/rosterhq/roster/internal/auditlog"
	"github.com/rosterhq/roster/internal/directory"
)

// contentTypeNote is the media type of a signed note (c2sp.org/signed-note).
var contentTypeNote = []string{"text/plain; charset=utf-8"}

type checkpoint struct {
	Size     int64    `json:"size"`
	SealedAt wireTime `json:"sealedAt"`
	Note     string   `json:"note"`
}

type auditKeys struct {
	Keys []string `json:"keys"`
}

type inclusion struct {
	Sequence int64    `json:"sequence"`
	Size     int64    `json:"size"`
	Hashes   []string `json:"hashes"`
}

type consistency struct {
	From   int64    `json:"from"`
	To     int64    `json:"to"`
	Hashes []string `json:"hashes"`
}

type auditRetention struct {
	Days *int `json:"days"` // null: forever
}

func retentionOf(r directory.Retention) auditRetention {
	if r.Days == 0 {
		return auditRetention{}
	}
	return auditRetention{&r.Days}
}

type erasure struct {
	UserID  directory.UserID `json:"userId"`
	Entries int              `json:"entries"`
}

func checkpointOf(c directory.SignedCheckpoint) checkpoint {
	return checkpoint{c.Size, wireTime{c.SealedAt}, c.Note}
}

func auditKeysOf(keys []string) auditKeys { return auditKeys{keys} }

func inclusionOf(i auditlog.Inclusion) inclusion {
	return inclusion{i.Sequence, i.Size, hashesOf(i.Proof)}
}

func consistencyOf(c auditlog.Consistency) consistency {
	return consistency{c.From, c.To, hashesOf(c.Proof)}
}

// hashesOf writes a proof's hashes in base64, as checkpoints do.
func hashesOf[H ~[32]byte](proof []H) []string {
	all := make([]string, len(proof))
	for i, h := range proof {
		all[i] = base64.StdEncoding.EncodeToString(h[:])
	}
	return all
}

func getCheckpoint(rq *request) error {
	size, err := number(rq.params, "size")
	if err != nil {
		return err
	}
	c, err := rq.api.service.GetCheckpoint(rq.Context(), rq.call, size)
	if err != nil {
		return err
	}
	rq.send(contentTypeNote, etag([]byte(c.Note)), []byte(c.Note))
	return nil
}

func listCheckpoints(rq *request) ([]directory.SignedCheckpoint, error) {
	after, err := number(rq.params, "after")
	if err != nil {
		return nil, err
	}
	limit, err := pageLimit(rq.params, MaxPage)
	if err != nil {
		return nil, err
	}
	return rq.api.service.ListCheckpoints(rq.Context(), rq.call, after, limit)
}

// numbers reads two parameters, of which the first is required.
func numbers(q url.Values, required, optional string) (a, b int64, err error) {
	if a, err = number(q, required); err != nil {
		return 0, 0, err
	}
	if b, err = number(q, optional); err == nil && a == 0 {
		err = directory.InvalidField(required, "is required")
	}
	return a, b, err
}

func proveInclusion(rq *request) (auditlog.Inclusion, error) {
	sequence, size, err := numbers(rq.params, "sequence", "size")
	if err != nil {
		return auditlog.Inclusion{}, err
	}
	return rq.api.service.ProveInclusion(rq.Context(), rq.call, sequence, size)
}

func proveConsistency(rq *request) (auditlog.Consistency, error) {
	from, to, err := numbers(rq.params, "from", "to")
	if err != nil {
		return auditlog.Consistency{}, err
	}
	return rq.api.service.ProveConsistency(rq.Context(), rq.call, from, to)
}

type retentionBody struct {
	Days given[int] `json:"days"` // null: forever
}

func updateRetention(rq *request, body retentionBody) (directory.Retention, error) {
	r := directory.Retention{}
	switch days := body.Days; {
	case !days.there:
		return directory.Retention{}, directory.InvalidField("days", "is required; use a number, or null to keep entries forever")
	case days.value != nil && *days.value == 0:
		r.Days = -1 // rejected by the service, as 0 means null there
	case days.value != nil:
		r.Days = *days.value
	}
	return rq.api.service.SetRetention(rq.Context(), rq.call, r)
}

type erasureBody struct {
	UserID directory.UserID `json:"userId"`
}

func erasureOf(e erasure) erasure { return e }

func eraseUser(rq *request, body erasureBody) (erasure, error) {
	n, err := rq.api.service.EraseUser(rq.Context(), rq.call, body.UserID)
	return erasure{body.UserID, n}, err
}
