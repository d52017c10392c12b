package httpapi

import (
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/identity"
)

type groupRule struct {
	GroupID directory.GroupID `json:"groupId"`
	Value   string            `json:"value"`
}

// issuer is an issuer without its client's secret, which is never shown.
type issuer struct {
	ClientID    string             `json:"clientId"`
	CreatedAt   wireTime           `json:"createdAt"`
	CreatedBy   creator            `json:"createdBy"`
	Enabled     bool               `json:"enabled"`
	Groups      []groupRule        `json:"groups"`
	GroupsClaim string             `json:"groupsClaim"`
	ID          directory.IssuerID `json:"id"`
	Name        string             `json:"name"`
	Provision   bool               `json:"provision"`
	Scopes      []string           `json:"scopes"`
	UpdatedAt   wireTime           `json:"updatedAt"`
	URL         string             `json:"url"`
}

func issuerOf(i directory.Issuer) issuer {
	out := issuer{
		ClientID: i.ClientID, CreatedAt: wireTime{i.CreatedAt}, CreatedBy: creatorOf(i.CreatedBy), Enabled: i.Enabled, Groups: []groupRule{},
		GroupsClaim: i.GroupsClaim, ID: i.ID, Name: i.Name, Provision: i.Provision, Scopes: i.Scopes, UpdatedAt: wireTime{i.UpdatedAt}, URL: i.URL,
	}
	for _, r := range i.Groups {
		out.Groups = append(out.Groups, groupRule{r.GroupID, r.Value})
	}
	return out
}

// issuerCheck is why nobody can sign in by an issuer; null: nothing is known to be wrong.
type issuerCheck struct {
	Problem *string `json:"problem"`
}

func issuerCheckOf(problem string) (out issuerCheck) {
	if problem != "" {
		out.Problem = &problem
	}
	return out
}

// issuerInput is an issuer to be made, or written back as it was read; what the server
// alone sets is not looked at.
type issuerInput struct {
	Name         string      `json:"name"`
	URL          string      `json:"url"`
	ClientID     string      `json:"clientId"`
	ClientSecret string      `json:"clientSecret"`
	Enabled      *bool       `json:"enabled"`
	Provision    bool        `json:"provision"`
	Scopes       []string    `json:"scopes"`
	GroupsClaim  string      `json:"groupsClaim"`
	Groups       []groupRule `json:"groups"`

	ID        *directory.IssuerID `json:"id"`
	CreatedAt *wireTime           `json:"createdAt"`
	CreatedBy *creator            `json:"createdBy"`
	UpdatedAt *wireTime           `json:"updatedAt"`
}

func (b issuerInput) issuer(id directory.IssuerID) (identity.NewIssuer, error) {
	if b.ID != nil && *b.ID != id {
		return identity.NewIssuer{}, errReadOnlyID
	}
	in := identity.NewIssuer{
		Name: b.Name, URL: b.URL, ClientID: b.ClientID, ClientSecret: b.ClientSecret,
		IssuerSettings: directory.IssuerSettings{
			Enabled: b.Enabled == nil || *b.Enabled, Provision: b.Provision, Scopes: b.Scopes, GroupsClaim: b.GroupsClaim,
		},
	}
	for _, r := range b.Groups {
		in.Groups = append(in.Groups, directory.GroupRule{Value: r.Value, GroupID: r.GroupID})
	}
	return in, nil
}

func createIssuer(rq *request, body issuerInput) (directory.Issuer, error) {
	in, err := body.issuer("")
	if err != nil {
		return directory.Issuer{}, err
	}
	return rq.api.service.CreateIssuer(rq.Context(), rq.call, in)
}

func updateIssuer(rq *request, body issuerInput) (directory.Issuer, error) {
	id := directory.IssuerID(rq.PathValue("id"))
	in, err := body.issuer(id)
	if err != nil {
		return directory.Issuer{}, err
	}
	return rq.api.service.UpdateIssuer(rq.Context(), rq.call, id, in)
}
