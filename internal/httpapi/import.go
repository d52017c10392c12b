package httpapi

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/quote"
	"github.com/rosterhq/roster/internal/userimport"
)

// importUsers adds a user for each line of the body and streams a line for each, while
// it reads. The last line is the summary, or the error that ended the import: what was
// added before it stays, and the import can be repeated.
func importUsers(rq *request) error {
	run, err := rq.api.imports.Begin(rq.call)
	if err != nil {
		rq.w.Header().Set("Retry-After", "5")
		return fmt.Errorf("begin an import: %w", err)
	}
	defer run.End()
	rc := http.NewResponseController(rq.w)
	body := http.MaxBytesReader(rq.w.ResponseWriter, rq.Body, userimport.MaxBytes)
	lines, err := newImportLines(rq.Header.Get("Content-Type"), body)
	if err != nil {
		return err
	}
	im := &importing{Import: run, rq: rq, lines: lines, out: newStream(rq, []string{"application/x-ndjson"})}
	for more := true; more; {
		_ = rc.SetReadDeadline(time.Now().Add(rq.api.chunkTimeout)) // not all connections have deadlines
		if more, err = im.group(); err != nil {
			if !im.out.sent {
				return err
			}
			im.fail(err)
			// In full duplex, the server does not read the rest itself.
			_, _ = io.Copy(io.Discard, body)
			im.sayWritten()
			return nil
		}
	}
	if err := im.write(map[string]userimport.Counts{"summary": im.Counts}); err != nil {
		return err
	}
	im.out.end()
	im.sayWritten()
	return nil
}

// sayWritten sends what the import has written in a trailer, because the header was sent
// before.
func (im *importing) sayWritten() {
	if text := im.rq.call.Written.String(); text != "" {
		im.rq.w.Header()[headerConsistency] = []string{text}
	}
}

// importing is an import under way.
type importing struct {
	*userimport.Import
	rq    *request
	lines userimport.Lines
	out   *stream
}

// importResult is the wire format of the result of a line.
type importResult struct {
	Line    int                `json:"line"`
	Email   string             `json:"email"`
	Outcome userimport.Outcome `json:"outcome"`
	ID      directory.UserID   `json:"id,omitempty"`
	Error   jsontext.Value     `json:"error,omitempty"`
}

// group adds the next lines, and sends what became of them.
func (im *importing) group() (more bool, err error) {
	results, more, err := im.Group(im.rq.Context(), im.lines)
	if len(results) > 0 {
		if e := im.send(results); e != nil {
			return false, e
		}
	}
	return more, tooLarge(err)
}

func tooLarge(err error) error {
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return directory.Errorf(codeTooLarge, "the body is larger than %d bytes; import the rest by itself", userimport.MaxBytes)
	}
	return err
}

func (im *importing) send(results []userimport.Result) error {
	for _, r := range results {
		wire := importResult{Line: r.Line.Number, Email: quote.Cut(r.Line.User.Email), Outcome: r.Outcome, ID: r.User.ID}
		if r.Err != nil {
			wire.Error = errorJSON(r.Err)
		}
		if err := im.write(wire); err != nil {
			return err
		}
	}
	if !im.out.sent { // the body is read on while the response is sent; HTTP/2 always can
		if err := http.NewResponseController(im.rq.w).EnableFullDuplex(); err != nil && !errors.Is(err, http.ErrNotSupported) {
			return fmt.Errorf("read on while responding: %w", err)
		}
	}
	return im.out.flush()
}

// write appends a line to the response.
func (im *importing) write(line any) error {
	if !im.out.sent {
		im.rq.w.Header()["Trailer"] = []string{headerConsistency}
	}
	b, err := encode(line)
	im.out.buf = append(im.out.buf, b...)
	return err
}

// fail ends a response under way with the error. An error without a code is logged, and
// cuts the connection.
func (im *importing) fail(err error) {
	e, ok := errors.AsType[*directory.Error](err)
	if im.rq.Context().Err() != nil {
		panic(http.ErrAbortHandler) // the client is gone
	}
	if !ok {
		im.rq.api.log.Error("import failed", "trace", im.rq.w.trace, "error", err)
		panic(http.ErrAbortHandler)
	}
	_ = im.write(map[string]jsontext.Value{"error": errorJSON(e)}) // it is JSON
	im.out.end()
}
