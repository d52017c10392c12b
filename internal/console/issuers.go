package console

import (
	"net/url"
	"strings"

	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/identity"
)

// issuerPage shows and changes one issuer.
var issuerPage = page{
	about: "issuer",
	path:  "sign-in/issuers/{id}", name: "issuer", title: "Identity provider", needs: []directory.Operation{directory.OpGetIssuer}, show: showIssuer,
	under: "sign-in",
	actions: map[string]action{
		"save":   {directory.OpUpdateIssuer, saveIssuer},
		"secret": {directory.OpUpdateIssuer, changeIssuerSecret},
		"groups": {directory.OpUpdateIssuer, mapIssuerGroups},
		"test":   {directory.OpCheckIssuer, testIssuer},
		"delete": {directory.OpDeleteIssuer, deleteIssuer},
	},
}

// emptyRules is how many rows for further rules the mapping of groups has.
const emptyRules = 3

type issuerData struct {
	Issuer   directory.Issuer
	Scopes   string
	Rules    []groupRule
	Claim    string
	Groups   []directory.Group // to choose from
	Owner    bool
	Redirect string
	Start    string // where a sign-in by it begins
}

// groupRule is a row of the mapping of groups.
type groupRule struct{ Value, Group string }

func (rq *request) issuerID() directory.IssuerID { return directory.IssuerID(rq.PathValue("id")) }

func (rq *request) issuer() (directory.Issuer, error) {
	return rq.console.Identity.GetIssuer(rq.Context(), rq.call, rq.issuerID())
}

func showIssuer(rq *request) (any, error) {
	i, err := rq.issuer()
	if err != nil {
		return nil, err
	}
	d := issuerData{Issuer: i, Scopes: strings.Join(i.Scopes, " "), Claim: i.GroupsClaim, Owner: rq.isOwner(), Redirect: rq.redirectURL()}
	d.Start = rq.console.SignIn + "/oidc/start?" + url.Values{
		"org": {string(rq.org)}, "issuer": {string(i.ID)}, "next": {rq.path("sign-in/issuers/" + string(i.ID))},
	}.Encode()
	for _, r := range i.Groups {
		d.Rules = append(d.Rules, groupRule{r.Value, string(r.GroupID)})
	}
	if rq.form != nil && rq.form.name == "groups" {
		d.Claim, d.Rules = rq.form.Value("groupsClaim"), rulesIn(rq.form.values)
	}
	for range emptyRules {
		d.Rules = append(d.Rules, groupRule{})
	}
	if !d.Owner {
		return d, nil
	}
	groups, err := rq.groupUses()
	for _, g := range groups {
		d.Groups = append(d.Groups, g.Group)
	}
	return d, err
}

// rulesIn are the rows that are filled in.
func rulesIn(form url.Values) (rules []groupRule) {
	groups := form["group"]
	for n, value := range form["value"] {
		rule := groupRule{Value: strings.TrimSpace(value)}
		if n < len(groups) {
			rule.Group = groups[n]
		}
		if rule != (groupRule{}) {
			rules = append(rules, rule)
		}
	}
	return rules
}

func createIssuer(rq *request) (outcome, error) {
	text := func(name string) string { return strings.TrimSpace(rq.PostForm.Get(name)) }
	in := identity.NewIssuer{Name: text("name"), URL: text("url"), ClientID: text("clientId"), ClientSecret: text("clientSecret")}
	in.Enabled, in.Provision = true, rq.PostForm.Get("provision") != ""
	i, err := rq.console.Identity.CreateIssuer(rq.Context(), rq.call, in)
	return outcome{to: "sign-in/issuers/" + string(i.ID), note: note{Text: i.Name + " was added"}}, err
}

// updateIssuer changes some settings of the issuer and keeps the others.
func (rq *request) updateIssuer(done string, change func(*identity.NewIssuer)) (outcome, error) {
	i, err := rq.issuer()
	if err != nil {
		return outcome{}, err
	}
	in := identity.NewIssuer{Name: i.Name, URL: i.URL, ClientID: i.ClientID, IssuerSettings: i.IssuerSettings}
	change(&in)
	i, err = rq.console.Identity.UpdateIssuer(rq.Context(), rq.call, i.ID, in)
	return outcome{to: "sign-in/issuers/" + string(i.ID), note: note{Text: i.Name + " " + done}}, err
}

func saveIssuer(rq *request) (outcome, error) {
	return rq.updateIssuer("was saved", func(in *identity.NewIssuer) {
		in.Name, in.Scopes = rq.PostForm.Get("name"), strings.Fields(rq.PostForm.Get("scopes"))
		in.Enabled, in.Provision = rq.PostForm.Get("enabled") != "", rq.PostForm.Get("provision") != ""
	})
}

var errNoSecret = directory.InvalidField("clientSecret", "is required")

func changeIssuerSecret(rq *request) (outcome, error) {
	secret := strings.TrimSpace(rq.PostForm.Get("clientSecret"))
	if secret == "" {
		return outcome{}, errNoSecret
	}
	return rq.updateIssuer("has a new client secret", func(in *identity.NewIssuer) { in.ClientSecret = secret })
}

func mapIssuerGroups(rq *request) (outcome, error) {
	var rules []directory.GroupRule
	for _, r := range rulesIn(rq.PostForm) {
		if r.Group == "" {
			return outcome{}, directory.InvalidField("groups", "choose a group for %q", r.Value)
		}
		rules = append(rules, directory.GroupRule{Value: r.Value, GroupID: directory.GroupID(r.Group)})
	}
	return rq.updateIssuer("maps its groups now", func(in *identity.NewIssuer) {
		in.GroupsClaim, in.Groups = strings.TrimSpace(rq.PostForm.Get("groupsClaim")), rules
	})
}

// testIssuer reads what the issuer publishes. The client and its secret show only in a
// sign-in.
func testIssuer(rq *request) (outcome, error) {
	i, err := rq.issuer()
	if err != nil {
		return outcome{}, err
	}
	problem, err := rq.console.Identity.CheckIssuer(rq.Context(), rq.call, i.ID)
	if err != nil {
		return outcome{}, err
	}
	if problem != "" {
		return outcome{}, directory.Errorf(directory.Conflict, "%s", problem)
	}
	return outcome{to: "sign-in/issuers/" + string(i.ID), note: note{Text: i.Name + " answers as it should. To test the client and its secret, sign in by it in a private window"}}, nil
}

func deleteIssuer(rq *request) (outcome, error) {
	err := rq.console.Identity.DeleteIssuer(rq.Context(), rq.call, rq.issuerID())
	return outcome{to: "sign-in", note: note{Text: "The identity provider was deleted, and the sessions that it opened have ended"}}, err
}
