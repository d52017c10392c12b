package directory

// OrgCreation selects the accounts that may create organizations. It is the operator's
// choice. Provisioning is another: it asks for no account.
type OrgCreation string

// The choices.
const (
	OrgCreationNobody  OrgCreation = "nobody"
	OrgCreationOwners  OrgCreation = "owners" // accounts that own at least one organization; the default
	OrgCreationAnybody OrgCreation = "anybody"
)

// Valid reports whether it is one of the choices.
func (who OrgCreation) Valid() bool {
	return who == OrgCreationNobody || who == OrgCreationOwners || who == OrgCreationAnybody
}

// WithOrgCreation replaces [OrgCreationOwners].
func WithOrgCreation(who OrgCreation) Option { return func(s *Service) { s.orgCreation = who } }

// mayCreateOrg holds the operator's choice against the actor's account.
func (c *Change) mayCreateOrg(who OrgCreation) error {
	switch who {
	case OrgCreationAnybody:
		return nil
	case OrgCreationOwners:
		mine, err := c.AccountUsers(c.actor.AccountID)
		if err != nil {
			return err
		}
		for _, u := range mine {
			if u.IsOwner() && !u.Suspended {
				return nil
			}
		}
		return Errorf(Forbidden, "only an account that owns an organization may create another (the operator's setting --allow-org-creation is owners)")
	default:
		return Errorf(Forbidden, "nobody may create organizations here (the operator's setting --allow-org-creation is nobody)")
	}
}
