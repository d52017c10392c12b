package httpapi

import (
	"encoding/json"

	"github.com/rosterhq/roster/internal/directory"
)

// userProfile is the organization's own view of a user, a resource of its own: the v2
// object of a user has exactly its four members.
type userProfile struct {
	Attributes json.RawMessage      `json:"attributes"` // as it is stored: its numbers have any number of digits
	CreatedAt  wireTime             `json:"createdAt"`
	ExternalID *string              `json:"externalId"`
	LastActive wireTime             `json:"lastActiveAt"`
	Status     directory.UserStatus `json:"status"`
	UpdatedAt  wireTime             `json:"updatedAt"`
	UserName   string               `json:"userName"`
}

func userProfileOf(u directory.Profiled) userProfile {
	p := userProfile{
		Attributes: json.RawMessage("{}"), CreatedAt: wireTime{u.CreatedAt}, LastActive: wireTime{u.ActiveAt}, Status: u.Status(),
		UpdatedAt: wireTime{u.Profile.UpdatedAt}, UserName: u.Profile.UserName,
	}
	if u.Profile.ExternalID != "" {
		p.ExternalID = &u.Profile.ExternalID
	}
	if encoded, err := json.Marshal(u.Profile.Attributes); err == nil && len(u.Profile.Attributes) > 0 { // was JSON
		p.Attributes = encoded
	}
	return p
}

func getUserProfile(rq *request) (directory.Profiled, error) {
	return rq.api.provisioner.GetUserProfile(rq.Context(), rq.call, directory.UserID(rq.PathValue("id")))
}

// userProfileInput is a profile's new content. It replaces all of the old one.
type userProfileInput struct {
	Attributes json.RawMessage `json:"attributes"`
	ExternalID *string         `json:"externalId"`
}

func updateUserProfile(rq *request, body userProfileInput) (directory.Profiled, error) {
	var externalID string
	if body.ExternalID != nil {
		externalID = *body.ExternalID
	}
	attributes, err := directory.DecodeAttributes(body.Attributes)
	if err != nil {
		return directory.Profiled{}, directory.InvalidField("attributes", "must be a JSON object")
	}
	return rq.api.provisioner.UpdateUserProfile(rq.Context(), rq.call, directory.UserID(rq.PathValue("id")), externalID, attributes)
}
