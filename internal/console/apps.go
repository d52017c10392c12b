package console

import (
	"net/url"
	"strings"

	"github.com/rosterhq/roster/internal/access"
	"github.com/rosterhq/roster/internal/applications"
	"github.com/rosterhq/roster/internal/authz"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/quote"
)

// appsPage lists the applications that serve the organization.
var appsPage = page{
	about: "application",
	path:  "apps", name: "apps", title: "Applications", menu: "l", needs: []directory.Operation{directory.OpListApplications}, show: showApps,
	actions: map[string]action{
		"create": {directory.OpCreateApplication, createApp},
	},
}

// appPage shows one application: what it defines, its credentials, and who may do what.
var appPage = page{
	about: "application",
	path:  "apps/{id}", name: "app", title: "Application", needs: []directory.Operation{directory.OpGetApplication}, show: showApp,
	parts: map[string]func(*request) (any, error){"preview": previewApp},
	actions: map[string]action{
		"save":       {directory.OpUpdateApplication, saveApp},
		"delete":     {directory.OpDeleteApplication, deleteApp},
		"credential": {directory.OpCreateAppCredential, createAppCredential},
		"revoke":     {directory.OpDeleteAppCredential, deleteAppCredential},
		"ask":        {directory.OpGetUserAccess, askApp},
	},
}

type appsData struct {
	Apps []appUse
}

// appUse is an application with the number of its actions.
type appUse struct {
	directory.Application
	Actions int
}

// Own reports whether the application belongs to the organization.
func (a appUse) Own() bool { return a.OrgID != "" }

func useOf(app directory.Application) appUse {
	u := appUse{Application: app}
	for _, t := range app.Types {
		u.Actions += len(t.Actions)
	}
	return u
}

func showApps(rq *request) (any, error) {
	apps, err := rq.apps()
	var d appsData
	for _, app := range apps {
		d.Apps = append(d.Apps, useOf(app))
	}
	return d, err
}

func createApp(rq *request) (outcome, error) {
	form := rq.PostForm
	in := applications.NewApplication{ID: directory.AppID(strings.TrimSpace(form.Get("id"))), Name: form.Get("name")}
	app, err := rq.console.Apps.CreateApplication(rq.Context(), rq.call, in)
	return outcome{to: "apps/" + url.PathEscape(string(app.ID)), note: note{Text: app.Name + " was created. Now define what can be done in it"}}, err
}

type appData struct {
	App         appUse
	Types       []typeRow
	Manages     bool // may change what the application defines
	Credentials []appCredential
	Full        bool // it has as many credentials as it may have
	Roles       []holder
	Ask         asked
	// Losers are those that lose something by the change that was refused, and Held why it
	// was; nil if nothing was.
	Losers *access.Diff
	Held   string
	Guide  string
}

// appCredential is a credential with the name of who created it.
type appCredential struct {
	directory.AppCredential
	By string
}

// holder is a role that gives capabilities in the application.
type holder struct {
	roleUse
	Grants []grant
	All    bool
}

func (rq *request) appID() directory.AppID { return directory.AppID(rq.PathValue("id")) }

func (rq *request) appPath() string { return "apps/" + url.PathEscape(string(rq.appID())) }

func showApp(rq *request) (any, error) {
	apps, ctx := rq.console.Apps, rq.Context()
	app, err := apps.GetApplication(ctx, rq.call, rq.appID())
	if err != nil {
		return nil, err
	}
	d := appData{App: useOf(app), Types: typeRows(app.Types), Guide: guides}
	d.Manages = d.App.Own() && rq.may(directory.OpUpdateApplication)
	if rq.form != nil && rq.form.name == "save" {
		d.Types = typedRows(rq.PostForm)
	}
	if d.App.Own() {
		list, err := apps.ListCredentials(ctx, rq.call, app.ID)
		if err != nil {
			return nil, err
		}
		for _, c := range list {
			by, err := rq.nameOf(c.CreatedBy)
			if err != nil {
				return nil, err
			}
			d.Credentials = append(d.Credentials, appCredential{c, by})
		}
		d.Full = len(d.Credentials) >= applications.MaxCredentials
	}
	roles, err := rq.roles()
	if err != nil {
		return nil, err
	}
	d.Roles = holders(app, roles)
	if d.Ask, err = rq.asked(app, rq.URL.Query()); err != nil {
		return nil, err
	}
	err = d.hold(rq)
	return d, err
}

// hold finds out who would lose something by a change that was refused because somebody
// would.
func (d *appData) hold(rq *request) error {
	if rq.form == nil || (rq.form.name != "save" && rq.form.name != "delete") || rq.form.refusal.Code != directory.Conflict {
		return nil
	}
	call := rq.call
	diff := new(access.Diff)
	call.DryRun = diff
	var err error
	if rq.form.name == "delete" {
		err = rq.console.Apps.DeleteApplication(rq.Context(), call, rq.appID(), true)
	} else {
		err = rq.updateApp(call, true)
	}
	if err != nil { // then force would not help, and the form says why
		e, status := rq.known(err)
		if status >= 500 {
			return err
		}
		rq.form.refusal = e
		return nil
	}
	d.Losers, d.Held = diff, heldSentence(rq.form.refusal)
	rq.form.shown = true
	return nil
}

// heldSentence says who holds what would be removed, without what to do in the API.
func heldSentence(refusal *directory.Error) string {
	who, _, _ := strings.Cut(refusal.Message, ";")
	return sentence(who)
}

// holders are the roles that give something in an application.
func holders(app directory.Application, roles []roleUse) (list []holder) {
	for _, r := range roles {
		held := r.Capabilities.Apps
		if all := held.All(); all || !held.Of(string(app.ID)).Empty() {
			list = append(list, holder{roleUse: r, Grants: appGrants(held.Of(string(app.ID))), All: all})
		}
	}
	return list
}

func deleteApp(rq *request) (outcome, error) {
	err := rq.console.Apps.DeleteApplication(rq.Context(), rq.call, rq.appID(), rq.forced())
	return outcome{to: "apps", note: note{Text: "The application was deleted"}}, err
}

func createAppCredential(rq *request) (outcome, error) {
	c, err := rq.console.Apps.CreateCredential(rq.Context(), rq.call, rq.appID())
	if err != nil {
		return outcome{}, err
	}
	return outcome{with: "secret", shown: secretData{"A credential of " + string(c.AppID), c.Secret, rq.path(rq.appPath()), "credential"}}, nil
}

func deleteAppCredential(rq *request) (outcome, error) {
	err := rq.console.Apps.DeleteCredential(rq.Context(), rq.call, rq.appID(), directory.TokenID(rq.PostForm.Get("id")))
	return outcome{to: rq.appPath(), note: note{Text: "The credential was deleted. It is refused from now on"}}, err
}

// capabilityOf reads a choice of the form, such as invoice|read, with a name of instances.
func capabilityOf(app directory.Application, choice, on string) (authz.AppGrant, error) {
	typ, action, ok := strings.Cut(choice, "|")
	if !ok {
		return authz.AppGrant{}, directory.InvalidField("can", "choose an action")
	}
	want, reason := applications.Wanted(app, typ, action, on)
	switch reason {
	case "":
		return want, nil
	case applications.NoInstance:
		return want, directory.InvalidField("on", "name one: %s has instances", quote.Input(typ))
	default:
		return want, directory.InvalidField("can", "%s", string(reason))
	}
}

// instanced reports whether a type has instances.
func instanced(types authz.AppTypes) bool {
	for _, t := range types {
		if t.Instances {
			return true
		}
	}
	return false
}
