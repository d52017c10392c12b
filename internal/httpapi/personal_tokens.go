package httpapi

import (
	"github.com/rosterhq/roster/internal/credentials"
	"github.com/rosterhq/roster/internal/directory"
)

type personalToken struct {
	CreatedAt   wireTime          `json:"createdAt"`
	Description string            `json:"description"`
	ExpiresAt   wireTime          `json:"expiresAt"`
	ID          directory.TokenID `json:"id"`
	Name        string            `json:"name"`
}

type issuedPersonalToken struct {
	personalToken `json:",inline"`
	Token         string `json:"token"`
}

func personalTokenOf(t directory.PersonalTokenRecord) personalToken {
	return personalToken{
		CreatedAt: wireTime{t.CreatedAt}, Description: t.Description, ExpiresAt: wireTime{t.ExpiresAt}, ID: t.ID, Name: t.Name,
	}
}

func issuedPersonalTokenOf(t credentials.IssuedPersonalToken) issuedPersonalToken {
	return issuedPersonalToken{personalTokenOf(t.PersonalTokenRecord), t.Secret}
}

func (issuedPersonalToken) confidential() {}

// memberToken is a personal token as an organization sees it.
type memberToken struct {
	CreatedAt  wireTime          `json:"createdAt"`
	ExpiresAt  wireTime          `json:"expiresAt"`
	ID         directory.TokenID `json:"id"`
	LastUsedAt wireTime          `json:"lastUsedAt"`
	Name       string            `json:"name"`
	Networks   []string          `json:"networks"`
}

func memberTokenOf(t credentials.MemberToken) memberToken {
	return memberToken{
		CreatedAt: wireTime{t.CreatedAt}, ExpiresAt: wireTime{t.ExpiresAt}, ID: t.ID, LastUsedAt: wireTime{t.LastUsedAt}, Name: t.Name, Networks: t.Networks.Strings(),
	}
}

func revokeMemberToken(rq *request) error {
	user, token := directory.UserID(rq.PathValue("id")), directory.TokenID(rq.PathValue("tokenId"))
	return rq.api.service.RevokeMemberToken(rq.Context(), rq.call, user, token)
}

type newPersonalTokenBody struct {
	Name        string   `json:"name"`
	Description string   `json:"description"`
	ExpiresAt   wireTime `json:"expiresAt"`
}

func createPersonalToken(rq *request, body newPersonalTokenBody) (credentials.IssuedPersonalToken, error) {
	networks, err := rq.networks()
	if err != nil {
		return credentials.IssuedPersonalToken{}, err
	}
	return rq.api.service.CreatePersonalToken(rq.Context(), rq.call, credentials.NewPersonalToken{
		Name: body.Name, Description: body.Description, ExpiresAt: body.ExpiresAt.Time, Networks: networks,
	})
}
