package console

import (
	"net/url"

	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/onboarding"
)

// invitationsPage lists the invitations that were not accepted yet.
var invitationsPage = page{
	about: "user",
	path:  "invitations", name: "invitations", title: "Invitations", under: "users", needs: []directory.Operation{directory.OpListOrgInvitations}, show: showInvitations,
	parts: map[string]func(*request) (any, error){"rows": showInvitations},
	actions: map[string]action{
		"resend": {directory.OpResendInvitation, resendFromList},
	},
}

type invitationsData struct {
	Invitations []onboarding.Invitation
	First       bool
	More        string // the rest's query
}

func showInvitations(rq *request) (any, error) {
	after := rq.URL.Query().Get("after")
	q := onboarding.InvitationQuery{After: directory.UserID(after), Limit: usersShown + 1}
	list, err := rq.console.Onboarding.ListOrgInvitations(rq.Context(), rq.call, q)
	d := invitationsData{Invitations: list, First: after == ""}
	if len(list) > usersShown {
		d.Invitations = list[:usersShown]
		d.More = "?after=" + url.QueryEscape(string(list[usersShown-1].User.ID))
	}
	return d, err
}

func resendFromList(rq *request) (outcome, error) {
	i, err := rq.console.Onboarding.ResendInvitation(rq.Context(), rq.call, directory.UserID(rq.PostForm.Get("user")))
	return outcome{to: "invitations", note: note{Text: "The invitation of " + i.User.Email + " was renewed"}}, err
}
