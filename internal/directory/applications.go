package directory

import (
	"slices"
	"strings"
	"time"

	"github.com/rosterhq/roster/internal/authz"
	"github.com/rosterhq/roster/internal/quote"
)

// AppID is an application's slug, such as "billing".
type AppID string

// Application is a service with permissions of its own, which asks who may do what. It
// belongs to an organization, or with an empty OrgID, to the deployment: then it serves
// all organizations. The package applications has the operations.
type Application struct {
	ID    AppID          `json:"id"`
	OrgID OrgID          `json:"orgId,omitempty"`
	Name  string         `json:"name"`
	Types authz.AppTypes `json:"types"`
	// Paths say what capabilities requests take, for reverse proxies that ask by their paths.
	// The first rule that matches counts.
	Paths []PathRule `json:"paths,omitempty"`
	// Subjects is how searches name users.
	Subjects  SubjectNames `json:"subjects,omitempty"`
	CreatedAt time.Time    `json:"createdAt"`
	UpdatedAt time.Time    `json:"updatedAt"`
}

// PathRule says what capability a request takes. The package applications has the form of
// its members.
type PathRule struct {
	Path    string   `json:"path"`
	Methods []string `json:"methods,omitempty"` // none: all
	Require string   `json:"require"`
}

// SubjectNames is what searches of an application name users by.
type SubjectNames string

// The names of users. The zero value is by id.
const (
	ByID       SubjectNames = ""
	ByEmail    SubjectNames = "email"
	ByUserName SubjectNames = "userName" // that a directory has given
)

// Target is the application as the target of an entry.
func (a Application) Target() Target {
	return Target{Type: "application", ID: string(a.ID), Name: a.Name}
}

// LogID is whose log has the entries of an application: its organization's, or that of
// the deployment.
func (a Application) LogID() OrgID {
	if a.OrgID == "" {
		return DeploymentLog
	}
	return a.OrgID
}

// DeploymentLog is what entries have for an organization that belong to none: those of
// the applications of the deployment. Organizations' ids end with a dash and four letters.
const DeploymentLog OrgID = "deployment"

// Defines reports whether the application defines a capability.
func (a Application) Defines(g authz.AppGrant) bool {
	return g.App == string(a.ID) && a.Types.Check(g) == nil
}

// Grants are all capabilities that the application defines, on all instances, in order.
func (a Application) Grants() []authz.AppGrant { return a.Types.Grants(string(a.ID)) }

const appCapabilities = "appCapabilities"

// AppCredential is what an application authenticates with. Only a hash of its value is
// stored.
type AppCredential struct {
	ID         TokenID    `json:"id"`
	OrgID      OrgID      `json:"orgId,omitempty"` // the application's
	AppID      AppID      `json:"appId"`
	CreatedAt  time.Time  `json:"createdAt"`
	CreatedBy  Actor      `json:"createdBy"`
	LastUsedAt time.Time  `json:"-"` // zero: never
	Hash       SecretHash `json:"-"`
}

// Target is the credential as the target of an entry. It is named after its application.
func (c AppCredential) Target() Target {
	return Target{Type: "appCredential", ID: string(c.ID), Name: string(c.AppID)}
}

func (c AppCredential) key() tokenKey { return tokenKey{org: c.OrgID, app: c.AppID, id: c.ID} }

// LockApp is for the applications of an id, which no two may have that serve the same
// organization, and for the sets of capabilities that name it.
func LockApp(id AppID) Lock { return Lock("app:" + id) }

// LookupApp finds the application that serves an organization under an id: its own, or
// the deployment's. Errors: [NotFound].
func LookupApp(tx Tx, org OrgID, id AppID) (Application, error) {
	a, err := tx.Application("", id)
	if CodeOf(err) == NotFound && org != "" {
		return tx.Application(org, id)
	}
	return a, err
}

// AppsOf lists the applications that serve an organization, by their ids.
func AppsOf(tx Tx, org OrgID) ([]Application, error) {
	all, err := tx.Applications("")
	if err != nil || org == "" {
		return all, err
	}
	own, err := tx.Applications(org)
	all = append(all, own...)
	slices.SortFunc(all, func(a, b Application) int { return strings.Compare(string(a.ID), string(b.ID)) })
	return all, err
}

// checkApps refuses capabilities, of those that are added to a set, which no application
// defines. It locks the applications, so that they define them until the change ends.
func (c *Change) checkApps(before, after authz.AppGrants) error {
	added := after.Minus(before)
	for _, id := range added.Apps() {
		if err := c.Lock(LockApp(AppID(id))); err != nil {
			return err
		}
		a, err := LookupApp(c, c.actor.OrgID, AppID(id))
		if CodeOf(err) == NotFound {
			return c.errNoApp(id)
		}
		if err != nil {
			return err
		}
		for g := range added.Of(id).Each() {
			if err := inText(appCapabilities, a.Types.Check(g)); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c *Change) errNoApp(id string) error {
	all, err := AppsOf(c, c.actor.OrgID)
	if err != nil {
		return err
	}
	if len(all) == 0 {
		return InvalidField(appCapabilities, "unknown application %s; this organization has none", quote.Input(id))
	}
	names := make([]string, len(all))
	for i, a := range all {
		names[i] = string(a.ID)
	}
	return InvalidField(appCapabilities, "unknown application %s; known are %s", quote.Input(id), strings.Join(names, ", "))
}
