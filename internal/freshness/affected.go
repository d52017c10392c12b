package freshness

import "github.com/rosterhq/roster/internal/directory"

// Affected is what a change can have changed about the decisions that an application asks
// for. Empty members stand for all: an Affected without a subject concerns all users and
// tokens of the organization, and one without an organization all organizations.
type Affected struct {
	OrgID directory.OrgID
	Type  string // user or token
	ID    string

	app directory.AppID // the application whose vocabulary changed; empty for other changes
}

// affectedBy returns what an origin that changed in an organization affects, if anything.
func affectedBy(s directory.Origin, org directory.OrgID) (a Affected, ok bool) {
	switch s.Kind {
	case directory.OfUser:
		return Affected{OrgID: org, Type: "user", ID: s.ID}, true
	case directory.OfToken:
		return Affected{OrgID: org, Type: "token", ID: s.ID}, true
	case directory.OfGroups, directory.OfAnything:
		if org == directory.DeploymentLog {
			return a, true
		}
		return Affected{OrgID: org}, true
	case directory.OfApp:
		return Affected{app: directory.AppID(s.ID)}, true
	default:
		return a, false
	}
}

// covers reports whether a stands for b too.
func (a Affected) covers(b Affected) bool {
	return a == b || a == Affected{} || (a.ID == "" && a.app == "" && b.app == "" && a.OrgID == b.OrgID)
}
