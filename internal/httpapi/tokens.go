package httpapi

import (
	"github.com/rosterhq/roster/internal/authz"
	"github.com/rosterhq/roster/internal/directory"
)

// apiToken is the v2 object of an API token.
type apiToken struct {
	DatasetCapabilities map[string]map[string][]string `json:"datasetCapabilities"`
	Description         string                         `json:"description"`
	ExpiresAt           wireTime                       `json:"expiresAt"`
	ID                  directory.TokenID              `json:"id"`
	Name                string                         `json:"name"`
	OrgCapabilities     map[string][]string            `json:"orgCapabilities"`
	ViewCapabilities    map[string]map[string][]string `json:"viewCapabilities,omitzero"`
}

type issuedAPIToken struct {
	apiToken `json:",inline"`
	Token    string `json:"token"`
}

func apiTokenOf(t directory.APITokenRecord) apiToken {
	caps := t.Capabilities.Wire()
	return apiToken{
		DatasetCapabilities: caps.Datasets, Description: t.Description, ExpiresAt: wireTime{t.ExpiresAt},
		ID: t.ID, Name: t.Name, OrgCapabilities: caps.Org, ViewCapabilities: caps.Views,
	}
}

func issuedAPITokenOf(t directory.IssuedAPIToken) issuedAPIToken {
	return issuedAPIToken{apiTokenOf(t.APITokenRecord), t.Secret}
}

func (issuedAPIToken) confidential() {}

// capabilitiesBody are the three members by which tokens and roles name capabilities.
type capabilitiesBody struct {
	OrgCapabilities     map[string][]string            `json:"orgCapabilities"`
	DatasetCapabilities map[string]map[string][]string `json:"datasetCapabilities"`
	ViewCapabilities    map[string]map[string][]string `json:"viewCapabilities"`
}

func (b capabilitiesBody) parse() (authz.Set, error) {
	set, err := authz.Wire{Org: b.OrgCapabilities, Datasets: b.DatasetCapabilities, Views: b.ViewCapabilities}.Parse()
	return set, fieldProblem(err)
}

type newTokenBody struct {
	capabilitiesBody `json:",inline"`
	Name             string   `json:"name"`
	Description      string   `json:"description"`
	ExpiresAt        wireTime `json:"expiresAt"`
}

func (b newTokenBody) token() (directory.NewAPIToken, error) {
	caps, err := b.parse()
	return directory.NewAPIToken{Name: b.Name, Description: b.Description, Capabilities: caps, ExpiresAt: b.ExpiresAt.Time}, err
}

func createAPIToken(rq *request, body newTokenBody) (directory.IssuedAPIToken, error) {
	in, err := body.token()
	if err != nil {
		return directory.IssuedAPIToken{}, err
	}
	if in.Networks, err = rq.networks(); err != nil {
		return directory.IssuedAPIToken{}, err
	}
	return rq.api.service.CreateAPIToken(rq.Context(), rq.call, in)
}

type regenerateBody struct {
	ExistingTokenExpiresAt *wireTime     `json:"existingTokenExpiresAt"`
	NewTokenExpiresAt      wireTime      `json:"newTokenExpiresAt"`
	NewToken               *newTokenBody `json:"newToken"`
}

func regenerateAPIToken(rq *request, body regenerateBody) (directory.IssuedAPIToken, error) {
	if body.ExistingTokenExpiresAt == nil {
		return directory.IssuedAPIToken{}, directory.InvalidField("existingTokenExpiresAt", "is required; use the current time to end the existing token at once")
	}
	in := directory.Regeneration{ExistingExpiresAt: body.ExistingTokenExpiresAt.Time, NewExpiresAt: body.NewTokenExpiresAt.Time}
	if body.NewToken != nil {
		next, err := body.NewToken.token()
		if err != nil {
			return directory.IssuedAPIToken{}, err
		}
		in.NewToken = &next
	}
	return rq.api.service.RegenerateAPIToken(rq.Context(), rq.call, directory.TokenID(rq.PathValue("id")), in)
}

type tokenUsage struct {
	CreatedAt  wireTime          `json:"createdAt"`
	CreatedBy  creator           `json:"createdBy"`
	ID         directory.TokenID `json:"id"`
	LastUsedAt wireTime          `json:"lastUsedAt"`
}

// creator is the creator of an object.
type creator struct {
	ID   string              `json:"id,omitzero"`
	Kind directory.ActorKind `json:"kind"`
	Name string              `json:"name"`
}

// creatorOf returns a creator with the id that the v2 API uses.
func creatorOf(by directory.Actor) creator {
	c := creator{Kind: by.Kind, Name: by.Name, ID: string(by.UserID)}
	if by.Kind == directory.ActorAPIToken {
		c.ID = string(by.TokenID)
	}
	return c
}

func tokenUsageOf(u directory.TokenUsage) tokenUsage {
	return tokenUsage{
		CreatedAt: wireTime{u.Token.CreatedAt}, CreatedBy: creatorOf(u.Token.CreatedBy), ID: u.Token.ID, LastUsedAt: wireTime{u.LastUsedAt},
	}
}
