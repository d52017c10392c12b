package freshness

import (
	"sync"

	"github.com/rosterhq/roster/internal/directory"
)

// Bounds of a journal. An entry that exceeds them is replaced by an Affected that stands for
// more, so that a busy organization costs others neither memory nor their place.
const (
	// maxSubjects is how many users and tokens of an organization a journal names between
	// two reads.
	maxSubjects = 50
	// maxUnread is how much a journal takes between two reads.
	maxUnread = 4096
	// maxOwn and maxAll are how much the journals of an organization and of the deployment
	// hold for watches that are behind.
	maxOwn = 1024
	maxAll = 2 * maxUnread
)

// journal is what changes affected lately, for the watches of the applications of an
// organization, or of those of the deployment.
type journal struct {
	watches int
	most    int
	list    []Affected // the newest, from position base on
	base    int64

	// Appended since the last read by any watch.
	unread   map[Affected]struct{}
	subjects map[directory.OrgID]int
}

func (j *journal) end() int64 { return j.base + int64(len(j.list)) }

func (j *journal) add(a Affected) {
	if j.has(a) {
		return
	}
	if a.ID != "" {
		if j.subjects[a.OrgID]++; j.subjects[a.OrgID] > maxSubjects {
			a = Affected{OrgID: a.OrgID}
		}
	}
	if len(j.unread) >= maxUnread {
		a = Affected{}
	}
	j.unread[a] = struct{}{}
	j.list = append(j.list, a)
	if len(j.list) >= 2*j.most {
		gone := len(j.list) - j.most
		j.list = append(j.list[:0], j.list[gone:]...)
		j.base += int64(gone)
	}
}

// has reports whether a is among what every watch still has to read.
func (j *journal) has(a Affected) bool {
	for _, other := range [...]Affected{a, {OrgID: a.OrgID}, {}} {
		if _, ok := j.unread[other]; ok && other.covers(a) {
			return true
		}
	}
	return false
}

// from returns what was appended between two positions, or if some of it is gone, an
// Affected that stands for everything.
func (j *journal) from(begin, end int64) []Affected {
	if begin < j.base {
		return []Affected{{}}
	}
	return j.list[begin-j.base : end-j.base]
}

func (j *journal) read() int64 {
	clear(j.unread)
	clear(j.subjects)
	return j.end()
}

// journals are those that are watched, by the organization of the applications, which is
// empty for the deployment's.
type journals struct {
	mu sync.Mutex
	of map[directory.OrgID]*journal
}

// open returns a journal for one more watch.
func (l *journals) open(org directory.OrgID) *journal {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.of == nil {
		l.of = make(map[directory.OrgID]*journal)
	}
	j := l.of[org]
	if j == nil {
		j = &journal{most: maxOwn, unread: make(map[Affected]struct{}), subjects: make(map[directory.OrgID]int)}
		if org == "" {
			j.most = maxAll
		}
		l.of[org] = j
	}
	j.watches++
	return j
}

func (l *journals) close(org directory.OrgID, j *journal) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if j.watches--; j.watches == 0 {
		delete(l.of, org)
	}
}

// committed appends what the entries of a commit affect: to the journal of their
// organization, and to that of the deployment.
func (l *journals) committed(entries []directory.Entry) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.of) == 0 {
		return
	}
	for i := range entries {
		e := &entries[i]
		own, all := l.of[e.OrgID], l.of[""]
		for s := range e.Changed {
			a, ok := affectedBy(s, e.OrgID)
			if !ok {
				continue
			}
			if own != nil {
				own.add(a)
			}
			if all != nil && (a.app == "" || e.OrgID == directory.DeploymentLog) {
				all.add(a)
			}
		}
	}
}

// unknown appends to all journals that anything may have changed.
func (l *journals) unknown() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, j := range l.of {
		j.add(Affected{})
	}
}
