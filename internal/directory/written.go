package directory

import (
	"slices"
	"strconv"
)

// LogEnd is a state of an organization, or with [DeploymentLog] of the deployment: the one
// in which its log ends with a sequence.
type LogEnd struct {
	OrgID    OrgID
	Sequence int64
}

// Written collects the ends of the logs that calls have appended to: a decision that is
// made from states at least as new reflects what the calls have written. The zero value is
// ready to use; a nil one collects nothing.
type Written struct{ ends []LogEnd }

// MaxWritten is how many organizations the text of a [Written] names. A call that writes
// into more of them, as when a person in many organizations changes their name, names the
// first.
const MaxWritten = 20

func (w *Written) note(e LogEnd) {
	if w == nil {
		return
	}
	for i := range w.ends {
		if w.ends[i].OrgID == e.OrgID {
			w.ends[i].Sequence = max(w.ends[i].Sequence, e.Sequence)
			return
		}
	}
	if len(w.ends) < MaxWritten {
		w.ends = append(w.ends, e)
	}
}

func (w *Written) in(org OrgID) bool {
	return slices.ContainsFunc(w.ends, func(e LogEnd) bool { return e.OrgID == org })
}

// add notes what other has, which may be nil.
func (w *Written) add(other *Written) {
	if other == nil {
		return
	}
	for _, e := range other.ends {
		w.note(e)
	}
}

// String is the text "acme-x7q2:42", or several, separated by commas. It is empty if
// nothing was written.
func (w *Written) String() string {
	if w == nil || len(w.ends) == 0 {
		return ""
	}
	var b []byte
	for i, e := range w.ends {
		if i > 0 {
			b = append(b, ", "...)
		}
		b = append(append(b, e.OrgID...), ':')
		b = strconv.AppendInt(b, e.Sequence, 10)
	}
	return string(b)
}
