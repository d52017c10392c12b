package console

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/rosterhq/roster/internal/access"
	"github.com/rosterhq/roster/internal/authz"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/userimport"
)

// importPage adds the users in a pasted list or a file, after a preview.
var importPage = page{
	about: "user",
	path:  "users/import", name: "import", title: "Import users", needs: []directory.Operation{directory.OpImportUsers}, show: showImport,
	posts: map[string]func(*request) error{
		"preview": func(rq *request) error { return rq.importUsers(true) },
		"run":     func(rq *request) error { return rq.importUsers(false) },
	},
	maxBody: userimport.MaxBytes + maxForm, // a list, and the fields beside it
}

const (
	// uploads is how many lists a server holds in memory at a time. More wait for their turn.
	uploads    = 4
	uploadWait = 20 * time.Second
	// chunkTimeout is how long a browser may take to send a list, or to take a piece of the answer.
	chunkTimeout = 2 * time.Minute
	// maxPlain bounds a list whose preview has it in the page, to be sent again.
	maxPlain = 512 << 10
	// refusedShown and addedShown are how many results a page shows. The report has all.
	refusedShown = 100
	addedShown   = 10
)

type importData struct {
	Roles []roleUse
	Form  importForm
	Done  *importOutcome // nil before there is a preview
}

// importForm is what was sent.
type importForm struct{ Text, Role string }

// importOutcome is what an import did or, in a preview, would do.
type importOutcome struct {
	userimport.Counts
	Dry            bool
	Refused, Added []userimport.Result // the first ones
	Stop           string              // why it ended early
	Again          string              // the page that signs in again, if lines need a fresh sign-in
}

// Ready reports whether the preview has users to add.
func (o importOutcome) Ready() bool { return o.Dry && o.Joining() > 0 && o.Stop == "" }

// Joining is how many users are or would be added or invited.
func (o importOutcome) Joining() int { return o.Counts.Added + o.Counts.Invited }

// Unshown is how many refused lines are left out.
func (o importOutcome) Unshown() int { return o.Counts.Refused - len(o.Refused) }

func showImport(rq *request) (any, error) {
	roles, err := rq.roles()
	return importData{Roles: roles, Form: importForm{Role: authz.RoleUser}}, err
}

// importUsers answers a list with what became of it: with a page or, for a script, with
// lines of JSON while it goes on.
func (rq *request) importUsers(dry bool) error {
	reply := importReply{rq: rq, streams: strings.Contains(rq.Header.Get("Accept"), ndjson)}
	d := importData{Done: &importOutcome{Dry: dry}}
	err := rq.runImport(&d, &reply)
	rq.recordRefusal(directory.OpImportUsers, err)
	if err != nil {
		if reply.status == 0 && directory.CodeOf(err) == "" {
			return err
		}
		e, status := rq.known(err)
		d.Done.Stop = sentence(e.Error())
		if e.Code == directory.Reauthenticate {
			d.Done.Again = rq.signInPath()
		}
		return reply.end(status, d)
	}
	return reply.end(http.StatusOK, d)
}

// runImport reads what was sent and imports it.
func (rq *request) runImport(d *importData, reply *importReply) error {
	c, call := rq.console, rq.call
	if d.Done.Dry {
		call.DryRun = new(access.Diff)
	}
	run, err := c.Imports.Begin(call)
	if err != nil {
		return fmt.Errorf("begin an import: %w", err)
	}
	defer run.End()
	if err := c.uploads.Enter(rq.Context(), rq.org, uploadWait); err != nil {
		return directory.Errorf(directory.Unavailable, "other organizations import users just now; try again in a moment")
	}
	began := rq.console.Clock()
	defer func() { c.uploads.Leave(rq.org, rq.console.Clock().Sub(began)) }()
	list, err := rq.readImport(&d.Form)
	if err != nil {
		return err
	}
	if !reply.streams {
		if len(list) > maxPlain {
			return directory.Errorf(userimport.TooLarge, "without scripts, a list may have %d KiB; import the rest by itself", maxPlain>>10)
		}
		d.Form.Text = string(list) // to be sent again
	}
	reply.of = bytes.Count(list, []byte("\n")) + 1
	lines, err := userimport.List(bytes.NewReader(list), directory.RoleID(d.Form.Role))
	if err != nil {
		return fmt.Errorf("read the list: %w", err)
	}
	for more := true; more; {
		var results []userimport.Result
		results, more, err = run.Group(rq.Context(), lines)
		d.Done.take(run.Counts, results)
		if e := reply.progress(run.Lines, results); e != nil {
			return e
		}
		if err != nil {
			return fmt.Errorf("import: %w", err)
		}
	}
	for _, r := range d.Done.Refused {
		if r.Err.Code == directory.Reauthenticate {
			d.Done.Again = rq.signInPath()
		}
	}
	return nil
}

// take keeps the results that are shown.
func (o *importOutcome) take(counts userimport.Counts, results []userimport.Result) {
	o.Counts = counts
	for _, r := range results {
		switch r.Outcome {
		case userimport.Refused:
			if len(o.Refused) < refusedShown {
				o.Refused = append(o.Refused, r)
			}
		case userimport.Added, userimport.Invited:
			if len(o.Added) < addedShown {
				o.Added = append(o.Added, r)
			}
		}
	}
}

var errNoList = directory.InvalidField("text", "is empty; paste addresses, or choose a file")

// readImport reads the form: a file or, without one, the text.
func (rq *request) readImport(form *importForm) (list []byte, err error) {
	_ = http.NewResponseController(rq.w).SetReadDeadline(time.Now().Add(chunkTimeout)) // not all connections have deadlines
	parts, err := rq.MultipartReader()
	if err != nil {
		return nil, errForm
	}
	for {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, uploadError(err)
		}
		if err := form.take(part, &list); err != nil {
			return nil, uploadError(err)
		}
	}
	if form.Role == "" {
		form.Role = authz.RoleUser
	}
	if len(list) == 0 {
		list = []byte(form.Text)
	}
	if len(bytes.TrimSpace(list)) == 0 {
		return nil, errNoList
	}
	if !utf8.Valid(list) {
		return nil, directory.Errorf(directory.Invalid, "the list is not text in UTF-8; a spreadsheet can save it as CSV UTF-8")
	}
	return list, nil
}

// take takes a field, or the file.
func (form *importForm) take(part *multipart.Part, list *[]byte) error {
	b, err := io.ReadAll(part)
	if err != nil {
		return err
	}
	switch part.FormName() {
	case "role":
		form.Role = string(b)
	case "text":
		form.Text = string(b)
	case "file":
		*list = b
	}
	return nil
}

func uploadError(err error) error {
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return directory.Errorf(userimport.TooLarge, "the list is larger than %d MiB; import the rest by itself", userimport.MaxBytes>>20)
	}
	return errForm
}
