package console

import (
	"github.com/rosterhq/roster/internal/directory"
)

// homePage lists the person's organizations and the invitations to more.
var homePage = page{
	about: "organization",
	name:  "home", title: "Organizations", anywhere: true, show: showHome,
	actions: map[string]action{
		"create":  {directory.OpCreateOrg, createOrg},
		"accept":  {directory.OpAcceptInvitation, acceptInvitation},
		"decline": {directory.OpDeclineInvitation, declineInvitation},
	},
}

// switcherPage is the list of organizations in the frame of every page.
var switcherPage = page{path: "switcher", name: "switcher", title: "Organizations", show: showSwitcher}

type homeData struct {
	Orgs        []directory.Membership
	Invitations []directory.Membership
}

func showHome(rq *request) (any, error) {
	var d homeData
	var err error
	if !rq.call.Principal.Suspended { // else there is none to show
		if d.Orgs, err = rq.console.orgs.ListOrgs(rq.Context(), rq.call); err != nil {
			return nil, err
		}
	}
	d.Invitations, err = rq.console.Onboarding.ListInvitations(rq.Context(), rq.call)
	return d, err
}

func showSwitcher(rq *request) (any, error) {
	return rq.console.orgs.ListOrgs(rq.Context(), rq.call)
}

func createOrg(rq *request) (outcome, error) {
	m, err := rq.console.Onboarding.CreateOrg(rq.Context(), rq.call, rq.PostForm.Get("name"))
	return outcome{to: orgPath(m.Org.ID), note: note{Text: m.Org.Name + " was created"}}, err
}

func acceptInvitation(rq *request) (outcome, error) {
	u, err := rq.console.Onboarding.AcceptInvitation(rq.Context(), rq.call, directory.OrgID(rq.PostForm.Get("org")))
	return outcome{to: orgPath(u.OrgID), note: note{Text: "You joined the organization"}}, err
}

func declineInvitation(rq *request) (outcome, error) {
	err := rq.console.Onboarding.DeclineInvitation(rq.Context(), rq.call, directory.OrgID(rq.PostForm.Get("org")))
	return outcome{note: note{Text: "The invitation was declined"}}, err
}

// orgPath is the path of an organization's first page.
func orgPath(id directory.OrgID) string { return Root + string(id) + "/" }
