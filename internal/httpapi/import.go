package httpapi

import (
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/quote"
	"github.com/rosterhq/roster/internal/text"
)

// importUsers adds a user for each line of the body and streams a line for each, while
// it reads. Lines are added in groups, each in a transaction of its own, which checks the
// permission again. The last line is the summary, or the error that ended the import:
// what was added before it stays, and the import can be repeated.
func importUsers(rq *request) error {
	tenant := tenantOf(rq.call.Principal)
	if !rq.api.imports.TryEnter(tenant) {
		rq.w.Header().Set("Retry-After", "5")
		return directory.Errorf(directory.RateLimited, "another import into this organization is under way; wait for it to end")
	}
	defer rq.api.imports.Leave(tenant, 0)
	rc := http.NewResponseController(rq.w)
	body := http.MaxBytesReader(rq.w.ResponseWriter, rq.Body, MaxImportBody)
	lines, err := newImportLines(rq.Header.Get("Content-Type"), body)
	if err != nil {
		return err
	}
	im := &importing{rq: rq, lines: lines, out: newStream(rq, []string{"application/x-ndjson"}), seen: make(map[string]bool)}
	for more := true; more; {
		_ = rc.SetReadDeadline(time.Now().Add(rq.api.chunkTimeout)) // not all connections have deadlines
		if more, err = im.group(); err != nil {
			if !im.out.sent {
				return err
			}
			im.fail(err)
			// In full duplex, the server does not read the rest itself.
			_, _ = io.Copy(io.Discard, body)
			return nil
		}
	}
	if err := im.write(map[string]importCounts{"summary": im.count}); err != nil {
		return err
	}
	im.out.end()
	return nil
}

// importing is an import under way.
type importing struct {
	rq    *request
	lines importLines
	out   *stream
	count importCounts
	// seen has the addresses of a dry run, whose groups don't see what those before
	// them would have added.
	seen map[string]bool
}

// importCounts is the wire format of the summary.
type importCounts struct {
	Lines     int `json:"lines"`
	Added     int `json:"added"`
	Invited   int `json:"invited"`
	Unchanged int `json:"unchanged"`
	Refused   int `json:"refused"`
}

// importResult is the wire format of the result of a line.
type importResult struct {
	Line    int                     `json:"line"`
	Email   string                  `json:"email"`
	Outcome directory.ImportOutcome `json:"outcome"`
	ID      directory.UserID        `json:"id,omitempty"`
	Error   jsontext.Value          `json:"error,omitempty"`
}

// group reads and adds the next lines, and sends what became of them.
func (im *importing) group() (more bool, err error) {
	lines := make([]importLine, 0, directory.ImportGroup)
	for len(lines) < directory.ImportGroup {
		line, err := im.lines.next()
		if errors.Is(err, io.EOF) {
			return false, im.add(lines)
		}
		if err != nil {
			if e := im.add(lines); e != nil {
				return false, e
			}
			return false, tooLarge(err)
		}
		if im.count.Lines+len(lines) == MaxImportLines {
			if e := im.add(lines); e != nil {
				return false, e
			}
			return false, directory.Errorf(codeTooLarge, "an import has at most %d lines; import the rest by itself", MaxImportLines)
		}
		lines = append(lines, line)
	}
	return true, im.add(lines)
}

func tooLarge(err error) error {
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return directory.Errorf(codeTooLarge, "the body is larger than %d bytes; import the rest by itself", MaxImportBody)
	}
	return err
}

func (im *importing) add(lines []importLine) error {
	if len(lines) == 0 {
		return nil
	}
	users := make([]directory.NewUser, 0, len(lines))
	for _, line := range lines {
		if line.err == nil {
			users = append(users, line.user)
		}
	}
	call := im.rq.call
	if call.DryRun != nil {
		call.DryRun = new(directory.AccessDiff)
	}
	var results []directory.Imported
	if len(users) > 0 {
		var err error
		if results, err = im.rq.api.service.ImportUsers(im.rq.Context(), call, users); err != nil {
			return err
		}
	}
	for _, line := range lines {
		result := directory.Imported{Outcome: directory.ImportRefused, Err: line.err}
		if line.err == nil {
			result, results = results[0], results[1:]
		}
		if err := im.show(line, result); err != nil {
			return err
		}
	}
	if !im.out.sent { // the body is read on while the response is sent; HTTP/2 always can
		if err := http.NewResponseController(im.rq.w).EnableFullDuplex(); err != nil && !errors.Is(err, http.ErrNotSupported) {
			return err
		}
	}
	return im.out.flush()
}

// show appends the result of a line.
func (im *importing) show(line importLine, result directory.Imported) error {
	if im.rq.call.DryRun != nil && line.err == nil {
		result.User.ID = "" // there will be no such user
		key := text.FoldKey(line.user.Email)
		if im.seen[key] && result.Outcome != directory.ImportRefused {
			result.Outcome = directory.ImportUnchanged
		}
		im.seen[key] = true
	}
	im.count.Lines++
	switch result.Outcome {
	case directory.ImportAdded:
		im.count.Added++
	case directory.ImportInvited:
		im.count.Invited++
	case directory.ImportUnchanged:
		im.count.Unchanged++
	default:
		im.count.Refused++
	}
	wire := importResult{Line: line.number, Email: quote.Cut(line.user.Email), Outcome: result.Outcome, ID: result.User.ID}
	if result.Err != nil {
		wire.Error = errorJSON(result.Err)
	}
	return im.write(wire)
}

// write appends a line to the response.
func (im *importing) write(line any) error {
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
