package client

import (
	"context"
	"io"
	"iter"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// Checkpoint is a signed head of the audit log.
type Checkpoint struct {
	Size     int64     `json:"size"`
	SealedAt time.Time `json:"sealedAt"`
	Note     string    `json:"note"` // c2sp.org/tlog-checkpoint
}

// AuditCheckpoint returns the signed head of the log at a size, or the newest if size is
// 0, in the format of c2sp.org/tlog-checkpoint. Permission auditLog|read.
func (c *Client) AuditCheckpoint(ctx context.Context, size int64) (string, error) {
	const path = "/v2/audit/checkpoint"
	query := make(url.Values)
	if size > 0 {
		query.Set("size", strconv.FormatInt(size, 10))
	}
	resp, err := c.send(ctx, http.MethodGet, path, query, nil) // drain closes it
	if err != nil {
		return "", err
	}
	defer drain(resp.Body)
	b, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil {
		return "", readError(http.MethodGet, path, err)
	}
	return string(b), nil
}

// checkpointPage is how many checkpoints one request reads.
const checkpointPage = 1000

// AuditCheckpoints yields all signed heads of the log of sizes greater than after,
// the smallest first. An error ends the sequence. Permission auditLog|read.
func (c *Client) AuditCheckpoints(ctx context.Context, after int64) iter.Seq2[Checkpoint, error] {
	return func(yield func(Checkpoint, error) bool) {
		for from := after; ; {
			query := url.Values{"limit": {strconv.Itoa(checkpointPage)}}
			if from > 0 {
				query.Set("after", strconv.FormatInt(from, 10))
			}
			page, err := fetch[[]Checkpoint](ctx, c, http.MethodGet, "/v2/audit/checkpoints", query, nil)
			if err != nil {
				yield(Checkpoint{}, err)
				return
			}
			for _, one := range page {
				if !yield(one, nil) {
					return
				}
				from = one.Size
			}
			if len(page) < checkpointPage {
				return
			}
		}
	}
}

// AuditKeys returns the keys that verify checkpoints, in the format of
// c2sp.org/signed-note, the current key first. Permission auditLog|read.
func (c *Client) AuditKeys(ctx context.Context) ([]string, error) {
	out, err := fetch[struct{ Keys []string }](ctx, c, http.MethodGet, "/v2/audit/keys", nil, nil)
	return out.Keys, err
}

type proof struct {
	Hashes [][]byte `json:"hashes"`
}

// ProveInclusion returns the hashes that lead from an entry's leaf to the root of the
// log of a size (RFC 6962 section 2.1.1). Permission auditLog|read.
func (c *Client) ProveInclusion(ctx context.Context, sequence, size int64) ([][]byte, error) {
	query := url.Values{"sequence": {strconv.FormatInt(sequence, 10)}, "size": {strconv.FormatInt(size, 10)}}
	p, err := fetch[proof](ctx, c, http.MethodGet, "/v2/audit/inclusion", query, nil)
	return p.Hashes, err
}

// ProveConsistency returns the hashes that show that the log of size to begins with
// that of size from (RFC 6962 section 2.1.2). Permission auditLog|read.
func (c *Client) ProveConsistency(ctx context.Context, from, to int64) ([][]byte, error) {
	query := url.Values{"from": {strconv.FormatInt(from, 10)}, "to": {strconv.FormatInt(to, 10)}}
	p, err := fetch[proof](ctx, c, http.MethodGet, "/v2/audit/consistency", query, nil)
	return p.Hashes, err
}

// Retention is how long an organization keeps the entries of its log.
type Retention struct {
	Days *int `json:"days"` // nil: forever
}

// AuditRetention returns how long the log is kept. Permission auditLog|read.
func (c *Client) AuditRetention(ctx context.Context) (Retention, error) {
	return fetch[Retention](ctx, c, http.MethodGet, "/v2/audit/retention", nil, nil)
}

// SetAuditRetention changes how long the log is kept. Needs an owner's personal token.
func (c *Client) SetAuditRetention(ctx context.Context, r Retention) (Retention, error) {
	return fetch[Retention](ctx, c, http.MethodPut, "/v2/audit/retention", nil, r)
}

// Erasure is the result of erasing a user's personal data.
type Erasure struct {
	UserID  string `json:"userId"`
	Entries int    `json:"entries"` // that concern the user
}

// ErasePersonalData erases a former user's name, email and addresses from the log.
// Needs an owner's personal token.
func (c *Client) ErasePersonalData(ctx context.Context, userID string) (Erasure, error) {
	return fetch[Erasure](ctx, c, http.MethodPost, "/v2/audit/erasures", nil, struct {
		UserID string `json:"userId"`
	}{userID})
}
