package client

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"iter"
	"net/http"
	"net/url"
)

// ImportFormat is the media type of an import.
type ImportFormat string

// The formats of an import. CSV has a header of the columns name, email and, if you like,
// role. NDJSON has a JSON object in each line, as [Client.CreateUser] sends it.
const (
	ImportCSV    ImportFormat = "text/csv"
	ImportNDJSON ImportFormat = "application/x-ndjson"
)

// ImportResult is the result for one line of an import.
type ImportResult struct {
	Line    int    `json:"line"` // from 1
	Email   string `json:"email"`
	Outcome string `json:"outcome"` // added, invited, unchanged or refused
	ID      string `json:"id,omitempty"`
	// Error is why the line was refused.
	Error *LineError `json:"error,omitempty"`
}

// LineError is the reason for the refusal of one line.
type LineError struct {
	Code    string `json:"code"`
	Message string `json:"message"`
	Field   string `json:"field,omitempty"`
}

// importStatuses are the statuses of errors that end an import under way, whose response
// has begun with 200. Other codes stand for a body that can't be read further.
var importStatuses = map[string]int{
	"unauthenticated": http.StatusUnauthorized, "forbidden": http.StatusForbidden, "rate_limited": http.StatusTooManyRequests,
	"unavailable": http.StatusServiceUnavailable, "too_large": http.StatusRequestEntityTooLarge,
}

func (e *LineError) ended(trace string) *Error {
	return &Error{Status: cmp.Or(importStatuses[e.Code], http.StatusBadRequest), Code: e.Code, Message: e.Message, Field: e.Field, TraceID: trace}
}

// ImportSummary counts the lines of an import by outcome.
type ImportSummary struct {
	Lines     int `json:"lines"`
	Added     int `json:"added"`
	Invited   int `json:"invited"`
	Unchanged int `json:"unchanged"`
	Refused   int `json:"refused"`
}

// ErrImportCut is the error of an import whose response ended before its summary. Repeat
// the import: users who were added stay as they are.
var ErrImportCut = errors.New("the response ended before the import did; repeat it")

// ImportUsers adds a user for each line of data and yields the results as they arrive.
// An error ends the sequence; what was added before it stays. A repeated import adds only
// who is missing. summary, unless it is nil, is set at the end. Permission users|create.
//
// An [http.Client] set with [WithHTTPClient] must not have a timeout shorter than the
// import.
func (c *Client) ImportUsers(ctx context.Context, format ImportFormat, data []byte, summary *ImportSummary) iter.Seq2[ImportResult, error] {
	const path = "/v2/users/import"
	return func(yield func(ImportResult, error) bool) {
		resp, err := c.send(ctx, http.MethodPost, path, url.Values{}, rawBody{string(format), data})
		if err != nil {
			yield(ImportResult{}, err)
			return
		}
		defer resp.Body.Close()
		for lines := bufio.NewReader(resp.Body); ; {
			text, err := lines.ReadBytes('\n')
			if err != nil {
				if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
					err = ErrImportCut
				}
				yield(ImportResult{}, readError(http.MethodPost, path, err))
				return
			}
			var line struct {
				ImportResult
				Summary *ImportSummary `json:"summary"`
			}
			if err := json.Unmarshal(text, &line); err != nil {
				yield(ImportResult{}, readError(http.MethodPost, path, err))
				return
			}
			switch {
			case line.Summary != nil:
				if summary != nil {
					*summary = *line.Summary
				}
				return
			case line.Outcome == "" && line.Error != nil:
				yield(ImportResult{}, line.Error.ended(resp.Header.Get("X-Axiom-Trace-Id")))
				return
			case !yield(line.ImportResult, nil):
				return
			}
		}
	}
}

// rawBody is a body that is encoded already.
type rawBody struct {
	mediaType string
	data      []byte
}
