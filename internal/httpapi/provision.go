package httpapi

import (
	"github.com/rosterhq/roster/internal/directory"
)

type provisionBody struct {
	Name           string `json:"name"`
	EdgeDeployment string `json:"edgeDeployment"`
}

type provisioned struct {
	ClaimURL              string          `json:"claimUrl"`
	DefaultEdgeDeployment string          `json:"defaultEdgeDeployment"`
	ExpiresAt             wireTime        `json:"expiresAt"`
	ID                    directory.OrgID `json:"id"`
	Name                  string          `json:"name"`
	Token                 string          `json:"token"`
}

var errNoProvision = directory.Errorf(directory.Forbidden, "this server does not provision organizations (roster serve --allow-provision)")

func provisionOrg(rq *request) (answer, error) {
	if !rq.api.allowProvision {
		return answer{}, errNoProvision
	}
	var body provisionBody
	if err := rq.decode(&body); err != nil {
		return answer{}, err
	}
	if err := checkEdge(body.EdgeDeployment); err != nil {
		return answer{}, err
	}
	p, err := rq.api.service.ProvisionOrg(rq.Context(), rq.call, body.Name)
	return answerWith(provisioned{
		ClaimURL: rq.claimURL(p.Claim), DefaultEdgeDeployment: edge, ExpiresAt: wireTime{p.ExpiresAt},
		ID: p.Org.ID, Name: p.Org.Name, Token: p.APIToken,
	}, err)
}

// claimURL carries the claim behind the #, which browsers send to nobody: no
// proxy and no log sees it.
func (rq *request) claimURL(claim string) string {
	base := rq.api.publicURL
	if base == "" {
		base = "http://" + rq.Host
		if rq.TLS != nil {
			base = "https://" + rq.Host
		}
	}
	return base + "/claim#" + claim
}

type claimBody struct {
	Claim string `json:"claim"`
	Name  string `json:"name"`
	Email string `json:"email"`
}

type claimed struct {
	OrgID directory.OrgID  `json:"orgId"`
	Token string           `json:"token,omitzero"`
	User  directory.UserID `json:"userId"`
}

func claimOrg(rq *request) (answer, error) {
	if !rq.api.allowProvision {
		return answer{}, errNoProvision
	}
	var body claimBody
	if err := rq.decode(&body); err != nil {
		return answer{}, err
	}
	c, err := rq.api.service.ClaimOrg(rq.Context(), rq.call, directory.NewClaim{Claim: body.Claim, Name: body.Name, Email: body.Email})
	return answerWith(claimed{OrgID: c.Owner.OrgID, Token: c.PersonalToken, User: c.Owner.ID}, err)
}
