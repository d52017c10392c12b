package httpapi

import "github.com/rosterhq/roster/internal/directory"

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
