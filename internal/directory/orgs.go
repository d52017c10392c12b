package directory

import "time"

// Org is an organization: the tenant that has users, roles, groups and tokens.
type Org struct {
	ID        OrgID     `json:"id"`
	Name      string    `json:"name"`
	CreatedAt time.Time `json:"createdAt"`
	UpdatedAt time.Time `json:"updatedAt"`
}

// Target is the organization as the target of an entry.
func (o Org) Target() Target { return Target{Type: "organization", ID: string(o.ID), Name: o.Name} }

// Account is a person or agent across organizations. Its email is unique
// without regard to letter case; it lives as long as its last membership.
type Account struct {
	ID        AccountID `json:"id"`
	Email     string    `json:"email"`
	Name      string    `json:"name"`
	CreatedAt time.Time `json:"createdAt"`

	// VerifiedAt is when the address was shown to be the person's; zero: never.
	// SignedInAt is when somebody first signed in; zero: nobody did.
	VerifiedAt time.Time `json:"verifiedAt,omitzero"`
	SignedInAt time.Time `json:"signedInAt,omitzero"`
}

// Membership is an organization and the user that an account is in it. For an
// API token, which is nobody's account, User is empty.
type Membership struct {
	Org  Org  `json:"org"`
	User User `json:"user"`
}

// Totals is how much the whole deployment holds. Users counts the invited and suspended
// ones too.
type Totals struct {
	Orgs, Users, Invited, Suspended, APITokens, PersonalTokens int
}
