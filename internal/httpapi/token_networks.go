package httpapi

import (
	"strings"

	"github.com/rosterhq/roster/internal/directory"
)

// tokenNetworks says where a token may be used from. It stands at a path of its
// own, because the v2 token objects have no place for it.
type tokenNetworks struct {
	ID       directory.TokenID `json:"id"`
	Networks []string          `json:"networks"`
}

func tokenNetworksOf(t directory.TokenNetworks) tokenNetworks {
	return tokenNetworks{ID: t.ID, Networks: t.Networks.Strings()}
}

// paramNetworks binds a token to networks as it is created.
const paramNetworks = "networks"

// networks reads the query's parameter of networks, with commas between them.
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
		return nil, directory.InvalidField(paramNetworks, "is required: a list in CIDR notation; an empty one lets the token be used from anywhere")
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
