package httpapi

import (
	"encoding/base64"
	"net/url"
	"strconv"

	"github.com/rosterhq/roster/internal/directory"
)

// contentTypeNote is that of a signed note (c2sp.org/signed-note).
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
	Days *int `json:"days"` // null: for ever
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

// hashesOf writes a proof's hashes in base64, as checkpoints do.
func hashesOf[H ~[32]byte](proof []H) []string {
	all := make([]string, len(proof))
	for i, h := range proof {
		all[i] = base64.StdEncoding.EncodeToString(h[:])
	}
	return all
}

// number reads a query parameter that is a number from min on, or missing.
func number(q url.Values, name string, least, otherwise int64) (int64, error) {
	text := q.Get(name)
	if text == "" {
		return otherwise, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < least {
		return 0, directory.InvalidField(name, "must be a whole number from %d on", least)
	}
	return n, nil
}

// numbers reads the query's parameters of these names into ns, those that are
// missing as 0.
func (rq *request) numbers(names []string, ns ...*int64) (err error) {
	for i, name := range names {
		if *ns[i], err = number(rq.params, name, 1, 0); err != nil {
			return err
		}
	}
	return nil
}

func getCheckpoint(rq *request) (answer, error) {
	var size int64
	if err := rq.numbers([]string{"size"}, &size); err != nil {
		return answer{}, err
	}
	c, err := rq.api.service.GetCheckpoint(rq.Context(), rq.call, size)
	return answer{body: []byte(c.Note), contentType: contentTypeNote}, err
}

func listCheckpoints(rq *request) (answer, error) {
	var after, limit int64
	if err := rq.numbers([]string{"after", "limit"}, &after, &limit); err != nil {
		return answer{}, err
	}
	if limit == 0 {
		limit = MaxPage
	}
	if limit > MaxPage {
		return answer{}, directory.InvalidField("limit", "must be a number from 1 to %d", MaxPage)
	}
	return answerList(rq.api.service.ListCheckpoints(rq.Context(), rq.call, after, int(limit)))
}

func getAuditKeys(rq *request) (answer, error) {
	keys, err := rq.api.service.AuditKeys(rq.Context(), rq.call)
	return answerWith(auditKeys{keys}, err)
}

func proveInclusion(rq *request) (answer, error) {
	var sequence, size int64
	if err := rq.numbers([]string{"sequence", "size"}, &sequence, &size); err != nil {
		return answer{}, err
	}
	if sequence == 0 {
		return answer{}, directory.InvalidField("sequence", "is required")
	}
	return answerWith(rq.api.service.ProveInclusion(rq.Context(), rq.call, sequence, size))
}

func proveConsistency(rq *request) (answer, error) {
	var from, to int64
	if err := rq.numbers([]string{"from", "to"}, &from, &to); err != nil {
		return answer{}, err
	}
	if from == 0 {
		return answer{}, directory.InvalidField("from", "is required")
	}
	return answerWith(rq.api.service.ProveConsistency(rq.Context(), rq.call, from, to))
}

func getRetention(rq *request) (answer, error) {
	return answerWith(rq.api.service.GetRetention(rq.Context(), rq.call))
}

func updateRetention(rq *request) (answer, error) {
	var body struct {
		Days given[int] `json:"days"` // for ever is null, which has to be said
	}
	if err := rq.decode(&body); err != nil {
		return answer{}, err
	}
	r := directory.Retention{}
	switch days := body.Days; {
	case !days.there:
		return answer{}, directory.InvalidField("days", "is required: a number, or null for ever")
	case days.value != nil && *days.value == 0:
		r.Days = -1 // refused as other numbers are
	case days.value != nil:
		r.Days = *days.value
	}
	return answerWith(rq.api.service.SetRetention(rq.Context(), rq.call, r))
}

type erasureBody struct {
	UserID directory.UserID `json:"userId"`
}

func eraseUser(rq *request) (answer, error) {
	var body erasureBody
	if err := rq.decode(&body); err != nil {
		return answer{}, err
	}
	n, err := rq.api.service.EraseUser(rq.Context(), rq.call, body.UserID)
	return answerWith(erasure{body.UserID, n}, err)
}
