package directory

// Path names an attribute of a user or group as a directory sees it, such as
// {"name", "familyName"}. An attribute of an extension begins with the extension's URN.
// Within [Some], a path starts at the element. The empty path is the element itself.
//
// Users have id, userName, externalId, active, meta.created, meta.lastModified, and groups
// with value and display. Groups have id, displayName, externalId, meta.created,
// meta.lastModified, and members with value. Every other path leads into the attributes.
type Path []string

// Condition selects users or groups. It is one of [And], [Or], [Not], [Compare], [Present]
// and [Some], and has no syntax of its own. A condition on an attribute that is absent, or
// has a value of another type, is false.
type Condition interface{ isCondition() }

// And is true if all of its conditions are.
type And []Condition

// Or is true if one of its conditions is.
type Or []Condition

// Not is true if its condition is false.
type Not struct{ Condition Condition }

// Comparison is how [Compare] compares.
type Comparison string

// The comparisons. Contains, StartsWith and EndsWith compare texts only.
const (
	Equal          Comparison = "eq"
	Contains       Comparison = "co"
	StartsWith     Comparison = "sw"
	EndsWith       Comparison = "ew"
	Greater        Comparison = "gt"
	GreaterOrEqual Comparison = "ge"
	Less           Comparison = "lt"
	LessOrEqual    Comparison = "le"
)

// Compare compares a single value with another: a string, a bool, an int64, a float64, or
// a [time.Time] for meta.created and meta.lastModified. Texts are compared by their bytes,
// after letter case is folded unless CaseExact is set. Values of an attribute with several
// values are compared within [Some].
type Compare struct {
	Path      Path
	Op        Comparison
	Value     any
	CaseExact bool
}

// Present is true if an attribute has a value that is not empty.
type Present struct{ Path Path }

// Some is true if an element of an attribute with several values meets the condition. If
// Where is nil, any element does.
type Some struct {
	Path  Path
	Where Condition
}

func (And) isCondition()     {}
func (Or) isCondition()      {}
func (Not) isCondition()     {}
func (Compare) isCondition() {}
func (Present) isCondition() {}
func (Some) isCondition()    {}

// MaxProfilePage is how many users or groups a [ProfileQuery] returns at most.
const MaxProfilePage = 200

// ProfileQuery is a page of the users or groups that meet a condition.
type ProfileQuery struct {
	Where Condition // nil: all
	// OrderBy is the attribute to sort by, as text. Values that are absent come last, or first
	// if Descending is set. Users and groups with the same value are in the order of their ids,
	// as all of them are if OrderBy is empty.
	OrderBy    Path
	CaseExact  bool // of OrderBy
	Descending bool
	// After is where the last page ended. Without it, Skip passes over the first ones.
	After *ProfileCursor
	Skip  int
	Limit int // a Limit that is 0 or greater than [MaxProfilePage] is lowered to it
}

// PageSize is the Limit that holds.
func (q ProfileQuery) PageSize() int {
	if q.Limit <= 0 || q.Limit > MaxProfilePage {
		return MaxProfilePage
	}
	return q.Limit
}

// ProfileCursor is where a page ended: the id of its last user or group, and the value
// that it is sorted by, nil if that is absent.
type ProfileCursor struct {
	Value *string `json:"v,omitempty"`
	ID    string  `json:"id"`
}
