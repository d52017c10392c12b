package httpapi

import (
	"strings"

	"github.com/rosterhq/roster/internal/directory"
)

// tokenNetworks has the networks that a token may be used from. It has a path of its own,
// because v2 token objects can't have more members.
type tokenNetworks struct {
	ID       directory.TokenID `json:"id"`
	Networks []string          `json:"networks"`
}

func tokenNetworksOf(t directory.TokenNetworks) tokenNetworks {
	return tokenNetworks{ID: t.ID, Networks: t.Networks.Strings()}
}

// paramNetworks restricts a new token to networks.
const paramNetworks = "networks"

// networks reads the parameter networks, a list separated by commas.
func (rq *request) networks() (directory.Networks, error) {
	if !rq.params.Has(paramNetworks) {
		return nil, nil
	}
	return directory.ParseNetworks(strings.Split(rq.params.Get(paramNetworks), ","))
}

type networksBody struct {
	Networks given[[]string] `json:"networks"`
}

func (body networksBody) parse() (directory.Networks, error) {
	if body.Networks.value == nil {
		return nil, directory.InvalidField(paramNetworks, "is required; use a list in CIDR notation, or an empty list to allow all networks")
	}
	return directory.ParseNetworks(*body.Networks.value)
}

func updateAPITokenNetworks(rq *request, body networksBody) (directory.TokenNetworks, error) {
	n, err := body.parse()
	if err != nil {
		return directory.TokenNetworks{}, err
	}
	return rq.api.service.UpdateAPITokenNetworks(rq.Context(), rq.call, directory.TokenID(rq.PathValue("id")), n)
}

func updatePersonalTokenNetworks(rq *request, body networksBody) (directory.TokenNetworks, error) {
	n, err := body.parse()
	if err != nil {
		return directory.TokenNetworks{}, err
	}
	return rq.api.service.UpdatePersonalTokenNetworks(rq.Context(), rq.call, directory.TokenID(rq.PathValue("id")), n)
}
