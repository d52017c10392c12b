package console

import (
	"slices"
	"strings"

	"github.com/rosterhq/roster/internal/directory"
)

// domainPage shows one domain with the record that verifies it.
var domainPage = page{
	about: "domain",
	path:  "sign-in/domains/{id}", name: "domain", title: "Domain", needs: []directory.Operation{directory.OpListDomains}, show: showDomain,
	under: "sign-in",
	actions: map[string]action{
		"verify": {directory.OpVerifyDomain, verifyDomain},
		"delete": {directory.OpDeleteDomain, deleteDomain},
	},
}

type domainData struct {
	Domain directory.Domain
	Owner  bool
}

var errNoDomain = directory.Errorf(directory.NotFound, "the organization does not have this domain")

func showDomain(rq *request) (any, error) {
	domains, err := rq.console.Identity.ListDomains(rq.Context(), rq.call)
	if err != nil {
		return nil, err
	}
	n := slices.IndexFunc(domains, func(d directory.Domain) bool { return d.Name == rq.PathValue("id") })
	if n < 0 {
		return nil, errNoDomain
	}
	return domainData{domains[n], rq.isOwner()}, nil
}

func addDomain(rq *request) (outcome, error) {
	d, err := rq.console.Identity.AddDomain(rq.Context(), rq.call, strings.TrimSpace(rq.PostForm.Get("domain")))
	return outcome{to: "sign-in/domains/" + d.Name, note: note{Text: d.Name + " was added. Publish its record next"}}, err
}

func verifyDomain(rq *request) (outcome, error) {
	d, err := rq.console.Identity.VerifyDomain(rq.Context(), rq.call, rq.PathValue("id"))
	return outcome{to: "sign-in/domains/" + d.Name, note: note{Text: d.Name + " is verified"}}, err
}

func deleteDomain(rq *request) (outcome, error) {
	name := rq.PathValue("id")
	err := rq.console.Identity.DeleteDomain(rq.Context(), rq.call, name)
	return outcome{to: "sign-in", note: note{Text: name + " was removed", Undo: "sign-in/domain", Label: "Add again", With: map[string]string{"domain": name}}}, err
}
