package client

import (
	"context"
	"encoding/json"
	"io"
	"iter"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// AuditEntry is an entry of the audit log.
type AuditEntry struct {
	Sequence      int64           `json:"sequence"` // 1, 2, 3, … within the organization
	Time          time.Time       `json:"time"`
	OrgID         string          `json:"orgId"`
	Actor         AuditActor      `json:"actor"`
	Action        string          `json:"action"`
	Outcome       string          `json:"outcome,omitempty"` // "" for what was done, or "refused"
	Reason        string          `json:"reason,omitempty"`  // of a refusal
	Target        AuditTarget     `json:"target"`
	Before        json.RawMessage `json:"before,omitempty"`
	After         json.RawMessage `json:"after,omitempty"`
	TraceID       string          `json:"traceId,omitempty"`
	SourceAddress string          `json:"sourceAddress,omitempty"`
	UserAgent     string          `json:"userAgent,omitempty"`
	Proof         json.RawMessage `json:"proof,omitempty"`
}

// AuditActor is who acted, with the name they had then.
type AuditActor struct {
	Kind    string `json:"kind"`
	TokenID string `json:"tokenId,omitempty"`
	UserID  string `json:"userId,omitempty"`
	Name    string `json:"name,omitempty"`
}

// AuditTarget is what was acted on, with the name it had then.
type AuditTarget struct {
	Type string `json:"type"`
	ID   string `json:"id"`
	Name string `json:"name,omitempty"`
}

// AuditFilter selects entries of the audit log. Zero values select all.
type AuditFilter struct {
	Actor   string // id of a user or an API token, or "operator"
	Action  string // as in "createUser"
	Target  string // id
	Outcome string // done, refused or any; [Client.Events] takes "" for done, the others for any
}

func (f AuditFilter) query() url.Values {
	query := make(url.Values)
	for name, value := range map[string]string{"actor": f.Actor, "action": f.Action, "target": f.Target, "outcome": f.Outcome} {
		if value != "" {
			query.Set(name, value)
		}
	}
	return query
}

// AuditQuery selects entries of the audit log. Zero values select all.
type AuditQuery struct {
	AuditFilter
	From, To    time.Time // entries of From or later, before To
	OldestFirst bool      // lists only; an export always is
	PageSize    int       // lists only: how many to ask for at a time
}

func (q AuditQuery) query() url.Values {
	query := q.AuditFilter.query()
	for name, t := range map[string]time.Time{"from": q.From, "to": q.To} {
		if !t.IsZero() {
			query.Set(name, t.Format(time.RFC3339Nano))
		}
	}
	return query
}

// ListAuditEntries yields entries of the audit log page by page, the newest first unless
// q.OldestFirst is set. An error ends the sequence. Permission
// auditLog|read.
func (c *Client) ListAuditEntries(ctx context.Context, q AuditQuery) iter.Seq2[AuditEntry, error] {
	query := q.query()
	if q.OldestFirst {
		query.Set("order", "asc")
	}
	if q.PageSize > 0 {
		query.Set("limit", strconv.Itoa(q.PageSize))
	}
	return pages[AuditEntry](ctx, c, "/v2/audit", query)
}

// ExportAudit streams the entries of the audit log in a format, "ndjson" or "csv", the
// oldest first. The caller must close the reader. If the export is cut off, reading ends
// with an error other than [io.EOF]. Permission auditLog|read.
func (c *Client) ExportAudit(ctx context.Context, format string, q AuditQuery) (io.ReadCloser, error) {
	query := q.query()
	query.Set("format", format)
	resp, err := c.send(ctx, http.MethodGet, "/v2/audit", query, nil)
	if err != nil {
		return nil, err
	}
	return resp.Body, nil
}
