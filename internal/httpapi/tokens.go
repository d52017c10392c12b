package httpapi

import (
	"strings"
	"time"

	"github.com/rosterhq/roster/internal/authz"
	"github.com/rosterhq/roster/internal/credentials"
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
	AppCapabilities     authz.AppsWire                 `json:"appCapabilities,omitzero"`
}

type issuedAPIToken struct {
	apiToken `json:",inline"`
	Token    string `json:"token"`
}

func apiTokenOf(t directory.APITokenRecord) apiToken {
	caps := t.Capabilities.Wire()
	return apiToken{
		DatasetCapabilities: caps.Datasets, Description: t.Description, ExpiresAt: wireTime{t.ExpiresAt},
		ID: t.ID, Name: t.Name, OrgCapabilities: caps.Org, ViewCapabilities: caps.Views, AppCapabilities: caps.Apps,
	}
}

func issuedAPITokenOf(t credentials.IssuedAPIToken) issuedAPIToken {
	return issuedAPIToken{apiTokenOf(t.APITokenRecord), t.Secret}
}

func (issuedAPIToken) confidential() {}

// capabilitiesBody are the members by which tokens and roles name capabilities.
type capabilitiesBody struct {
	OrgCapabilities     map[string][]string            `json:"orgCapabilities"`
	DatasetCapabilities map[string]map[string][]string `json:"datasetCapabilities"`
	ViewCapabilities    map[string]map[string][]string `json:"viewCapabilities"`
	AppCapabilities     *authz.AppsWire                `json:"appCapabilities"`
}

// keepsApps reports whether the body leaves capabilities in applications as they are: it
// may come from a client that has never heard of them.
func (b capabilitiesBody) keepsApps() bool { return b.AppCapabilities == nil }

func (b capabilitiesBody) parse() (authz.Set, error) {
	wire := authz.Wire{Org: b.OrgCapabilities, Datasets: b.DatasetCapabilities, Views: b.ViewCapabilities}
	if b.AppCapabilities != nil {
		wire.Apps = *b.AppCapabilities
	}
	set, err := wire.Parse()
	return set, fieldProblem(err)
}

type newTokenBody struct {
	capabilitiesBody `json:",inline"`
	Name             string   `json:"name"`
	Description      string   `json:"description"`
	ExpiresAt        wireTime `json:"expiresAt"`
}

func (b newTokenBody) token() (credentials.NewAPIToken, error) {
	caps, err := b.parse()
	return credentials.NewAPIToken{Name: b.Name, Description: b.Description, Capabilities: caps, ExpiresAt: b.ExpiresAt.Time}, err
}

func createAPIToken(rq *request, body newTokenBody) (credentials.IssuedAPIToken, error) {
	in, err := body.token()
	if err != nil {
		return credentials.IssuedAPIToken{}, err
	}
	if in.Networks, err = rq.networks(); err != nil {
		return credentials.IssuedAPIToken{}, err
	}
	return rq.api.service.CreateAPIToken(rq.Context(), rq.call, in)
}

// paramKeepLifetime makes the new token work as long as the old one was to.
const paramKeepLifetime = "keepLifetime"

// headerSuccessors has the tokens that replaced the same token earlier and still work.
const headerSuccessors = "Roster-Successors"

type regenerateBody struct {
	ExistingTokenExpiresAt *wireTime     `json:"existingTokenExpiresAt"`
	NewTokenExpiresAt      wireTime      `json:"newTokenExpiresAt"`
	NewToken               *newTokenBody `json:"newToken"`
}

func regenerateAPIToken(rq *request, body regenerateBody) (credentials.IssuedAPIToken, error) {
	if body.ExistingTokenExpiresAt == nil {
		return credentials.IssuedAPIToken{}, directory.InvalidField("existingTokenExpiresAt", "is required; use the current time to end the existing token at once")
	}
	keep := false
	if rq.params.Has(paramKeepLifetime) {
		var err error
		if keep, err = rq.flag(paramKeepLifetime); err != nil {
			return credentials.IssuedAPIToken{}, err
		}
	}
	in := credentials.Regeneration{KeepLifetime: keep, ExistingExpiresAt: body.ExistingTokenExpiresAt.Time, NewExpiresAt: body.NewTokenExpiresAt.Time}
	if body.NewToken != nil {
		next, err := body.NewToken.token()
		if err != nil {
			return credentials.IssuedAPIToken{}, err
		}
		in.NewToken, in.KeepApps = &next, body.NewToken.keepsApps()
	}
	t, err := rq.api.service.RegenerateAPIToken(rq.Context(), rq.call, directory.TokenID(rq.PathValue("id")), in)
	if len(t.Successors) > 0 {
		ids := make([]string, len(t.Successors))
		for i, id := range t.Successors {
			ids[i] = string(id)
		}
		rq.w.Header()[headerSuccessors] = []string{strings.Join(ids, ", ")}
	}
	return t, err
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

func listTokenUsage(rq *request) ([]credentials.TokenUsage, error) {
	since, err := timeOf(rq.params, "unusedSince")
	if err != nil {
		return nil, err
	}
	if since == nil {
		since = new(time.Time)
	}
	return rq.api.service.ListTokenUsage(rq.Context(), rq.call, *since)
}

func tokenUsageOf(u credentials.TokenUsage) tokenUsage {
	return tokenUsage{
		CreatedAt: wireTime{u.Token.CreatedAt}, CreatedBy: creatorOf(u.Token.CreatedBy), ID: u.Token.ID, LastUsedAt: wireTime{u.LastUsedAt},
	}
}
