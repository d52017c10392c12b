// Package userimport reads lists of users and adds them to the directory, a group at a
// time. Each protocol shows the results in its own format.
package userimport

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/members"
	"github.com/rosterhq/roster/internal/text"
	"github.com/rosterhq/roster/internal/turns"
)

// Bounds of an import.
const (
	MaxLines = 100_000
	MaxBytes = 32 << 20
	MaxLine  = 64 << 10 // bytes
)

// TooLarge is the code of an import with more lines than [MaxLines].
const TooLarge directory.Code = "too_large"

// ErrUnderWay is the error of an import into an organization that has one under way.
var ErrUnderWay = directory.Errorf(directory.RateLimited, "another import into this organization is under way; wait for it to end")

// Line is a line of a list. If Err is set, the line is refused by itself.
type Line struct {
	Number int // in the list, from 1
	User   members.NewUser
	Err    *directory.Error
}

// Lines reads the lines of a list one by one. Next returns [io.EOF] at the end. Another
// error ends the import, because nothing after it can be read reliably.
type Lines interface {
	Next() (Line, error)
}

// Result is what became of a line.
type Result struct {
	Line Line
	Imported
}

// Counts are the results of an import by their outcome.
type Counts struct {
	Lines     int `json:"lines"`
	Added     int `json:"added"`
	Invited   int `json:"invited"`
	Unchanged int `json:"unchanged"`
	Refused   int `json:"refused"`
}

func (c *Counts) count(outcome Outcome) {
	c.Lines++
	switch outcome {
	case Added:
		c.Added++
	case Invited:
		c.Invited++
	case Unchanged:
		c.Unchanged++
	default:
		c.Refused++
	}
}

// Importer imports users. An organization has one import at a time on a server.
type Importer struct {
	service *directory.Service
	places  *turns.Places[string]
}

// New makes an importer.
func New(s *directory.Service) *Importer {
	return &Importer{service: s, places: turns.NewPlaces(math.MaxInt, func(string) int { return 1 })}
}

// Begin begins an import by a call, which may be a dry run. [Import.End] must follow.
// Errors: [ErrUnderWay].
func (i *Importer) Begin(call directory.Call) (*Import, error) {
	im := &Import{importer: i, call: call, tenant: string(call.Principal.OrgID), seen: make(map[string]bool)}
	if im.tenant == "" {
		im.tenant = string(call.Principal.AccountID)
	}
	if !i.places.TryEnter(im.tenant) {
		return nil, ErrUnderWay
	}
	return im, nil
}

// Import is an import under way.
type Import struct {
	Counts

	importer *Importer
	call     directory.Call
	tenant   string
	// seen has the addresses of a dry run, whose groups don't see what those before
	// them would have added.
	seen map[string]bool
}

// End lets the next import into the organization begin.
func (im *Import) End() { im.importer.places.Leave(im.tenant, 0) }

// Group reads the next lines, up to [GroupSize], and adds them in a
// transaction, which checks the permission again. The results come in the order of the
// lines, also if an error ends the import after them. more is false at the end.
func (im *Import) Group(ctx context.Context, lines Lines) (results []Result, more bool, err error) {
	group := make([]Line, 0, GroupSize)
	var end error
	for len(group) < GroupSize && end == nil {
		var line Line
		if line, end = lines.Next(); end != nil {
			break
		}
		if im.Lines+len(group) == MaxLines {
			end = directory.Errorf(TooLarge, "an import has at most %d lines; import the rest by itself", MaxLines)
			break
		}
		group = append(group, line)
	}
	if results, err = im.add(ctx, group); err != nil {
		return nil, false, err
	}
	if errors.Is(end, io.EOF) {
		return results, false, nil
	}
	return results, end == nil, end
}

// add adds the users of a group's lines.
func (im *Import) add(ctx context.Context, group []Line) ([]Result, error) {
	users := make([]members.NewUser, 0, len(group))
	for _, line := range group {
		if line.Err == nil {
			users = append(users, line.User)
		}
	}
	var added []Imported
	if len(users) > 0 {
		var err error
		if added, err = im.importer.Add(ctx, im.call, users); err != nil {
			return nil, fmt.Errorf("import a group of users: %w", err)
		}
	}
	results := make([]Result, len(group))
	for i, line := range group {
		results[i] = Result{line, Imported{Outcome: Refused, Err: line.Err}}
		if line.Err == nil {
			results[i].Imported, added = added[0], added[1:]
			im.foresee(&results[i])
		}
		im.count(results[i].Outcome)
	}
	return results, nil
}

// foresee makes the result of a dry run what it would be if the groups before had been added.
func (im *Import) foresee(r *Result) {
	if im.call.DryRun == nil {
		return
	}
	r.User.ID = "" // there will be no such user
	key := text.FoldKey(r.Line.User.Email)
	if im.seen[key] && r.Outcome != Refused {
		r.Outcome = Unchanged
	}
	im.seen[key] = true
}
