package httpapi

import "github.com/rosterhq/roster/internal/directory"

type signInRules struct {
	RequireIssuer bool   `json:"requireIssuer"`
	TokenSeconds  *int64 `json:"tokenSeconds"` // null: the default
}

func signInRulesOf(r directory.SignInRules) signInRules {
	out := signInRules{RequireIssuer: r.RequireIssuer}
	if r.TokenSeconds != 0 {
		out.TokenSeconds = &r.TokenSeconds
	}
	return out
}

type signInRulesBody struct {
	RequireIssuer given[bool]  `json:"requireIssuer"`
	TokenSeconds  given[int64] `json:"tokenSeconds"` // null can't be left out
}

func updateSignInRules(rq *request, body signInRulesBody) (out directory.SignInRules, err error) {
	if body.RequireIssuer.value == nil {
		return out, directory.InvalidField("requireIssuer", "is required: true or false")
	}
	out.RequireIssuer = *body.RequireIssuer.value
	if out.TokenSeconds, err = secondsOf("tokenSeconds", body.TokenSeconds); err != nil {
		return out, err
	}
	return rq.api.service.UpdateSignInRules(rq.Context(), rq.call, directory.OrgID(rq.PathValue("id")), out)
}
