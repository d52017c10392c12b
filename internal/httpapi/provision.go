package httpapi

import (
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/onboarding"
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

var errNoProvision = directory.Errorf(directory.Forbidden, "this server does not provision organizations; its operator can allow it with roster serve --allow-provision")

// ifProvisioning is a handler that works only if the server provisions organizations.
func ifProvisioning(h handler) handler {
	return func(rq *request) error {
		if !rq.api.allowProvision {
			return errNoProvision
		}
		return h(rq)
	}
}

func provisionedOf(p provisioned) provisioned { return p }

func (provisioned) confidential() {}

func provisionOrg(rq *request, body provisionBody) (provisioned, error) {
	if err := checkEdge(body.EdgeDeployment); err != nil {
		return provisioned{}, err
	}
	p, err := rq.api.service.ProvisionOrg(rq.Context(), rq.call, body.Name)
	return provisioned{
		ClaimURL: rq.pageURL("/claim", p.Claim), DefaultEdgeDeployment: edge, ExpiresAt: wireTime{p.ExpiresAt},
		ID: p.Org.ID, Name: p.Org.Name, Token: p.APIToken,
	}, err
}

// pageURL returns the URL of a page with a secret in its fragment, which browsers never
// send to a server.
func (rq *request) pageURL(path, secret string) string {
	base := rq.api.publicURL
	if base == "" {
		base = "http://" + rq.Host
		if rq.TLS != nil {
			base = "https://" + rq.Host
		}
	}
	return base + path + "#" + secret
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

func claimedOf(c onboarding.Claimed) claimed {
	return claimed{OrgID: c.Owner.OrgID, Token: c.PersonalToken, User: c.Owner.ID}
}

func (claimed) confidential() {}

func claimOrg(rq *request, body claimBody) (onboarding.Claimed, error) {
	return rq.api.service.ClaimOrg(rq.Context(), rq.call, onboarding.NewClaim{Claim: body.Claim, Name: body.Name, Email: body.Email})
}
