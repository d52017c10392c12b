package httpapi

import "github.com/rosterhq/roster/internal/directory"

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

type newPersonalTokenBody struct {
	Name        string   `json:"name"`
	Description string   `json:"description"`
	ExpiresAt   wireTime `json:"expiresAt"`
}

func listPersonalTokens(rq *request) (answer, error) {
	return answerList(rq.api.service.ListPersonalTokens(rq.Context(), rq.call))
}

func createPersonalToken(rq *request) (answer, error) {
	var body newPersonalTokenBody
	if err := rq.decode(&body); err != nil {
		return answer{}, err
	}
	networks, err := rq.networks()
	if err != nil {
		return answer{}, err
	}
	return answerWith(rq.api.service.CreatePersonalToken(rq.Context(), rq.call, directory.NewPersonalToken{
		Name: body.Name, Description: body.Description, ExpiresAt: body.ExpiresAt.Time, Networks: networks,
	}))
}

func deletePersonalToken(rq *request) (answer, error) {
	return noContent, rq.api.service.DeletePersonalToken(rq.Context(), rq.call, directory.TokenID(rq.PathValue("id")))
}
