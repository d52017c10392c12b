package httpapi

import "github.com/rosterhq/roster/internal/directory"

// userProfile is the organization's own view of a user, a resource of its own: the v2
// object of a user has exactly its four members.
type userProfile struct {
	Attributes map[string]any       `json:"attributes"`
	CreatedAt  wireTime             `json:"createdAt"`
	ExternalID *string              `json:"externalId"`
	Status     directory.UserStatus `json:"status"`
	UpdatedAt  wireTime             `json:"updatedAt"`
	UserName   string               `json:"userName"`
}

func userProfileOf(u directory.Profiled) userProfile {
	p := userProfile{
		Attributes: u.Profile.Attributes, CreatedAt: wireTime{u.CreatedAt}, Status: u.Status(),
		UpdatedAt: wireTime{u.Profile.UpdatedAt}, UserName: u.Profile.UserName,
	}
	if u.Profile.ExternalID != "" {
		p.ExternalID = &u.Profile.ExternalID
	}
	if p.Attributes == nil {
		p.Attributes = map[string]any{}
	}
	return p
}
