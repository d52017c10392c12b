package httpapi

import (
	"errors"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/quote"
	"github.com/rosterhq/roster/internal/text"
)

// importUsers adds a user for each line of the body and streams a line for each, while
// it reads. Lines are added in groups, each in a transaction of its own, which checks the
// permission again. The last line is the summary, or the error that ended the import:
// what was added before it stays, and the import can be repeated.
func importUsers(rq *request) error {
	if !rq.api.imports.TryEnter(tenantOf(rq.call.Principal)) {
		rq.w.Header().Set("Retry-After", "5")
		return directory.Errorf(directory.RateLimited, "another import into this organization is under way; wait for it to end")
	}
	defer rq.api.imports.Leave(tenantOf(rq.call.Principal), 0)
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
	im.summary()
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

type importCounts struct{ lines, added, invited, unchanged, refused int }

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
		if im.count.lines+len(lines) == MaxImportLines {
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
		im.show(line, result)
	}
	if !im.out.sent { // the body is read on while the response is sent; HTTP/2 always can
		if err := http.NewResponseController(im.rq.w).EnableFullDuplex(); err != nil && !errors.Is(err, http.ErrNotSupported) {
			return err
		}
	}
	return im.out.flush()
}

// show appends the result of a line.
func (im *importing) show(line importLine, result directory.Imported) {
	if im.rq.call.DryRun != nil && line.err == nil {
		key := text.FoldKey(line.user.Email)
		if im.seen[key] && result.Outcome != directory.ImportRefused {
			result = directory.Imported{Outcome: directory.ImportUnchanged}
		}
		im.seen[key] = true
	}
	im.count.lines++
	switch result.Outcome {
	case directory.ImportAdded:
		im.count.added++
	case directory.ImportInvited:
		im.count.invited++
	case directory.ImportUnchanged:
		im.count.unchanged++
	default:
		im.count.refused++
	}
	b := append(im.out.buf, `{"line":`...)
	b = strconv.AppendInt(b, int64(line.number), 10)
	b = append(b, `,"email":`...)
	b = appendString(b, quote.Cut(line.user.Email))
	b = append(b, `,"outcome":`...)
	b = appendString(b, string(result.Outcome))
	if result.User.ID != "" && im.rq.call.DryRun == nil {
		b = append(b, `,"id":`...)
		b = appendString(b, string(result.User.ID))
	}
	if result.Err != nil {
		b = append(b, `,"error":`...)
		b = append(b, errorJSON(result.Err)...)
		b = b[:len(b)-1]
	}
	im.out.buf = append(b, '}', '\n')
}

func (im *importing) summary() {
	b := append(im.out.buf, `{"summary":{"lines":`...)
	b = strconv.AppendInt(b, int64(im.count.lines), 10)
	for _, c := range []struct {
		outcome directory.ImportOutcome
		n       int
	}{
		{directory.ImportAdded, im.count.added}, {directory.ImportInvited, im.count.invited},
		{directory.ImportUnchanged, im.count.unchanged}, {directory.ImportRefused, im.count.refused},
	} {
		b = append(append(append(b, `,"`...), c.outcome...), `":`...)
		b = strconv.AppendInt(b, int64(c.n), 10)
	}
	im.out.buf = append(b, '}', '}', '\n')
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
	im.out.buf = append(append(im.out.buf, `{"error":`...), errorJSON(e)...)
	im.out.buf = append(im.out.buf[:len(im.out.buf)-1], '}', '\n')
	im.out.end()
}
