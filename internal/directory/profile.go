package directory

import (
	"bytes"
	"encoding/json"
	"slices"
	"time"

	"github.com/rosterhq/roster/internal/text"
)

// Profile is an organization's own view of one of its users, which a directory or v2
// sets. Others don't see it. A user without a stored profile has one that is made of the
// account: the address is the user name and the only email.
type Profile struct {
	UserName   string         `json:"userName"` // unique in the organization, without regard to letter case
	ExternalID string         `json:"externalId,omitempty"`
	Attributes map[string]any `json:"attributes,omitempty"` // as JSON
	Version    int64          `json:"-"`                    // goes up with every change; 0: not stored
	UpdatedAt  time.Time      `json:"-"`
}

// GroupProfile is what a directory keeps with a group.
type GroupProfile struct {
	ExternalID string         `json:"externalId,omitempty"`
	Attributes map[string]any `json:"attributes,omitempty"`
	UpdatedAt  time.Time      `json:"-"`
}

// Profiled is a user with their profile.
type Profiled struct {
	User
	Profile Profile
	// ActiveAt is when the user was last active, see [ActivityStored]. It is zero if they
	// never were, and where it is not read.
	ActiveAt time.Time
}

// ProfiledGroup is a group with what a directory keeps with it.
type ProfiledGroup struct {
	Group
	Profile GroupProfile
}

// GroupName is a group by its id and name.
type GroupName struct {
	ID   GroupID
	Name string
}

// profileTx keeps profiles, and finds users and groups by them.
type profileTx interface {
	// Profiled is a user with their profile, which need not be stored.
	Profiled(OrgID, UserID) (Profiled, error)
	// UserNamed is the user with a user name, by its key.
	UserNamed(org OrgID, userNameKey string) (UserID, error)
	// PutProfile stores a profile, in place of the one that is stored. A user name that
	// another stored profile has is a [Conflict].
	PutProfile(OrgID, UserID, Profile) error
	// Profiles is a page of users, and where it ends; nil if no more follow.
	Profiles(OrgID, ProfileQuery) ([]Profiled, *ProfileCursor, error)
	CountProfiles(OrgID, Condition) (int, error)
	// GroupNamesOf lists the groups of some users, in the order of their ids.
	GroupNamesOf(OrgID, []UserID) (map[UserID][]GroupName, error)
	// ProfiledGroup is a group without its members, with what a directory keeps with it.
	ProfiledGroup(OrgID, GroupID) (ProfiledGroup, error)
	PutGroupProfile(OrgID, GroupID, GroupProfile) error
	// GroupProfiles is a page of groups, without their members, and where it ends.
	GroupProfiles(OrgID, ProfileQuery) ([]ProfiledGroup, *ProfileCursor, error)
	CountGroupProfiles(OrgID, Condition) (int, error)

	uniqueTx

	// ProvisioningSettings are the zero value for an organization that has set nothing.
	ProvisioningSettings(OrgID) (ProvisioningSettings, error)
	SetProvisioningSettings(OrgID, ProvisioningSettings) error
	// ProvisioningState is what provisioning keeps for itself, the zero value at first.
	ProvisioningState(OrgID) (ProvisioningState, error)
	SetProvisioningState(OrgID, ProvisioningState) error
	// AddLosses notes users who lost something to a directory. CountLosses counts them, each
	// once, and DropLosses forgets them.
	AddLosses(OrgID, []UserID) error
	CountLosses(OrgID) (int, error)
	DropLosses(OrgID) error
	// CountPresent counts the users who are not suspended, invited ones too.
	CountPresent(OrgID) (int, error)
}

// ProvisioningSettings are an organization's settings for its directory. The zero value
// sets nothing.
type ProvisioningSettings struct {
	// DefaultRole is given to the users that a directory adds; empty: the built-in user.
	DefaultRole RoleID `json:"defaultRole,omitempty"`
	// BreakerPercent is the share of users who may lose something within an hour before the
	// directory is held; 0: the default.
	BreakerPercent int `json:"breakerPercent,omitempty"`
	// Schemas are extension schemas of the organization, as JSON.
	Schemas json.RawMessage `json:"schemas,omitempty"`
	// Unique are the attributes of the schemas whose values must be unique.
	Unique []UniqueAttribute `json:"unique,omitempty"`
}

// ProvisioningState is what provisioning keeps for itself, as JSON.
type ProvisioningState struct{ Breaker, Run json.RawMessage }

// Keys are the forms in which a profile is compared without regard to letter case.
type Keys struct {
	UserName   string
	Emails     []string
	Attributes map[string]any
	Grams      []string // see [Grams], of what searches look into; [AnyGram] alone for too many
}

// Keys folds the profile's texts.
func (p Profile) Keys() Keys {
	k := Keys{UserName: text.FoldKey(p.UserName), Emails: emailKeys(p.Attributes), Attributes: foldAttributes(p.Attributes)}
	searched := append([]string{k.UserName}, k.Emails...)
	for _, path := range GramPaths {
		var v any = k.Attributes
		for _, name := range path {
			object, _ := v.(map[string]any)
			v = object[name]
		}
		text, _ := v.(string)
		searched = append(searched, text)
	}
	k.Grams = grams(searched)
	return k
}

// Keys folds the texts of a group's attributes.
func (p GroupProfile) Keys() Keys { return Keys{Attributes: foldAttributes(p.Attributes)} }

// emailKeys are the keys of the values of the attribute emails, each once.
func emailKeys(attributes map[string]any) (keys []string) {
	emails, _ := attributes["emails"].([]any)
	for _, e := range emails {
		email, _ := e.(map[string]any)
		if value, _ := email["value"].(string); value != "" {
			keys = append(keys, text.FoldKey(value))
		}
	}
	return slices.Compact(slices.Sorted(slices.Values(keys)))
}

func foldAttributes(attributes map[string]any) map[string]any {
	folded, _ := fold(attributes).(map[string]any)
	return folded
}

func fold(v any) any {
	switch v := v.(type) {
	case string:
		return text.FoldKey(v)
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = fold(v[i])
		}
		return out
	case map[string]any:
		out := make(map[string]any, len(v))
		for k := range v {
			out[k] = fold(v[k])
		}
		return out
	default:
		return v
	}
}

// DecodeAttributes reads attributes from JSON. Numbers keep all of their digits.
func DecodeAttributes(encoded []byte) (attributes map[string]any, err error) {
	if len(encoded) == 0 {
		return nil, nil
	}
	d := json.NewDecoder(bytes.NewReader(encoded))
	d.UseNumber()
	if err := d.Decode(&attributes); err != nil || len(attributes) == 0 {
		return nil, err
	}
	return attributes, nil
}

// AttributesOf are the attributes of a user without a stored profile.
func AttributesOf(u User) map[string]any {
	return map[string]any{"emails": []any{map[string]any{"value": u.Email, "primary": true}}}
}
