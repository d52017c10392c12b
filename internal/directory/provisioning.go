package directory

// RecordedUser is the state of a user in entries about their profile: with what of the
// profile changes.
type RecordedUser struct {
	User
	Profile *RecordedProfile `json:"profile,omitempty"`
}

// RecordedProfile is the part of a profile that a change concerns. An attribute that has
// nothing before or after the change is null there.
type RecordedProfile struct {
	UserName   string         `json:"userName,omitempty"`
	ExternalID *string        `json:"externalId,omitempty"`
	Attributes map[string]any `json:"attributes,omitempty"`
}
