package httpapi

import "github.com/rosterhq/roster/internal/directory"

type orgSettings struct {
	MaxTokenLifetimeSeconds *int64 `json:"maxTokenLifetimeSeconds"` // null: any
}

func orgSettingsOf(s directory.OrgSettings) (out orgSettings) {
	if s.MaxTokenSeconds != 0 {
		out.MaxTokenLifetimeSeconds = &s.MaxTokenSeconds
	}
	return out
}

type orgSettingsBody struct {
	MaxTokenLifetimeSeconds given[int64] `json:"maxTokenLifetimeSeconds"` // null can't be left out
}

func updateOrgSettings(rq *request, body orgSettingsBody) (directory.OrgSettings, error) {
	var in directory.OrgSettings
	switch seconds := body.MaxTokenLifetimeSeconds; {
	case !seconds.there:
		return directory.OrgSettings{}, directory.InvalidField("maxTokenLifetimeSeconds", "is required: a number, or null for any lifetime")
	case seconds.value != nil && *seconds.value == 0:
		in.MaxTokenSeconds = -1 // rejected by the service, as 0 means null there
	case seconds.value != nil:
		in.MaxTokenSeconds = *seconds.value
	}
	return rq.api.service.UpdateOrgSettings(rq.Context(), rq.call, directory.OrgID(rq.PathValue("id")), in)
}
