package httpapi

import (
	"fmt"
	"strings"

	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/members"
)

// headerLeft lists the objects that a user created and that still exist. It is on the
// response to the user's removal or a change of their role.
const headerLeft = "Roster-Left"

// paramRevoke names the kinds of objects that are revoked together with the user.
const paramRevoke = "revoke"

// created lists the objects that a user created, except those the caller may not read.
type created struct {
	Invitations *[]createdThing `json:"invitations,omitzero"`
	Tokens      *[]createdThing `json:"tokens,omitzero"`
	Webhooks    *[]createdThing `json:"webhooks,omitzero"`
}

type createdThing struct {
	CreatedAt wireTime `json:"createdAt"`
	ID        string   `json:"id"`
	Name      string   `json:"name"`
}

func createdOf(c members.Created) (out created) {
	if c.TokensShown {
		list := make([]createdThing, len(c.Tokens))
		for i, t := range c.Tokens {
			list[i] = createdThing{wireTime{t.CreatedAt}, string(t.ID), t.Name}
		}
		out.Tokens = &list
	}
	if c.WebhooksShown {
		list := make([]createdThing, len(c.Webhooks))
		for i, w := range c.Webhooks {
			list[i] = createdThing{wireTime{w.CreatedAt}, string(w.ID), w.Name}
		}
		out.Webhooks = &list
	}
	if c.InvitationsShown {
		list := make([]createdThing, len(c.Invitations))
		for i, u := range c.Invitations {
			list[i] = createdThing{wireTime{u.CreatedAt}, string(u.ID), u.Email}
		}
		out.Invitations = &list
	}
	return out
}

// revocation reads the parameter revoke.
func (rq *request) revocation() (directory.Revocation, error) {
	if !rq.params.Has(paramRevoke) {
		return directory.Revocation{}, nil
	}
	return revocationOf(strings.Split(rq.params.Get(paramRevoke), ","))
}

// revocationOf reads a list of kinds of objects to revoke.
func revocationOf(list []string) (kinds directory.Revocation, err error) {
	for _, kind := range list {
		switch kind {
		case "tokens":
			kinds.Tokens = true
		case "webhooks":
			kinds.Webhooks = true
		case "invitations":
			kinds.Invitations = true
		case "all":
			kinds = directory.Revocation{Tokens: true, Webhooks: true, Invitations: true}
		default:
			return kinds, directory.InvalidField(paramRevoke, "must be all, or a list of tokens, webhooks, invitations, separated by commas")
		}
	}
	return kinds, nil
}

// showLeft sets the header of objects that still exist.
func (rq *request) showLeft(left members.Created) {
	var parts []string
	if left.TokensShown {
		parts = append(parts, fmt.Sprintf("tokens=%d", len(left.Tokens)))
	}
	if left.WebhooksShown {
		parts = append(parts, fmt.Sprintf("webhooks=%d", len(left.Webhooks)))
	}
	if left.InvitationsShown {
		parts = append(parts, fmt.Sprintf("invitations=%d", len(left.Invitations)))
	}
	if len(parts) > 0 {
		rq.w.Header()[headerLeft] = []string{strings.Join(parts, ", ")}
	}
}
