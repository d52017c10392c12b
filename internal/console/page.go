package console

import (
	"net/http"
	"strings"

	"github.com/rosterhq/roster/internal/directory"
)

// page is a page of the console, with what can be done on it.
type page struct {
	// path is the page's path below the organization's, as [http.ServeMux] takes it.
	path string
	// name names the template, templates/NAME.html, and the page's menu entry.
	name  string
	title string
	// about is the type of what the page's id names, as the audit log has it.
	about string
	// needs are the operations of which a person must be allowed one to see the page.
	needs []directory.Operation
	// menu puts the page into the menu, with the key that leads to it after g.
	menu string
	// under is the path of the page whose menu entry stands for this one; by default, the page
	// that its path begins with.
	under string
	// anywhere is for pages of a person, in whichever organization or none; their path is
	// below [Root].
	anywhere bool
	// show reads what the template shows.
	show func(*request) (any, error)
	// actions are what can be posted to path/NAME.
	actions map[string]action
	// posts are requests that are posted to path/NAME and write their own answers.
	posts map[string]func(*request) error
	// maxBody is how many bytes may be posted; 0: [maxForm].
	maxBody int64
	// parts are fragments that htmx reads at path/NAME, each with a template of its name.
	parts map[string]func(*request) (any, error)
}

// action does what a form asks for and says where to go next. op is the operation that it
// carries out, which the audit log names if it is refused.
type action struct {
	op directory.Operation
	do func(*request) (outcome, error)
}

// outcome is what becomes of an action that succeeded.
type outcome struct {
	to   string // path below the organization's to go to
	note note
	// shown, if set, is shown in place of the page that the action was on, once, because
	// it has a secret. The template is named by with.
	shown any
	with  string
}

// pattern is the page's path as the mux takes it.
func (p *page) pattern() string {
	if p.anywhere {
		return Root + p.path
	}
	return Root + "{org}/" + p.path
}

// open reports whether a person may see the page.
func (p *page) open(by *directory.Principal) bool {
	for _, op := range p.needs {
		if op.Authorize(by) == nil {
			return true
		}
	}
	return len(p.needs) == 0
}

// mount puts a page on the mux, with its parts and its actions.
func (c *Console) mount(p *page) {
	pattern := p.pattern()
	end := ""
	if strings.HasSuffix(pattern, "/") {
		end = "{$}"
	}
	c.mux.Handle("GET "+pattern+end, c.handle(p, func(rq *request) error { return rq.showPage(http.StatusOK) }))
	below := strings.TrimSuffix(pattern, "/") + "/"
	for name, read := range p.parts {
		part := c.handle(p, func(rq *request) error { return rq.showPart(name, read) })
		c.mux.Handle("GET "+below+name, part)
		c.mux.Handle("POST "+below+name, part) // of a form, to try it
	}
	for name, post := range p.posts {
		c.mux.Handle("POST "+below+name, c.handle(p, post))
	}
	for name, a := range p.actions {
		c.mux.Handle("POST "+below+name, c.handle(p, func(rq *request) error { return rq.do(name, a) }))
	}
}
