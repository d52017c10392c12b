package directory

// Precondition compares an object, as it stands inside the transaction that is about to
// change or delete it, with what the caller expects (If-Match). It has a method for each
// type of object; an error rejects the change.
type Precondition interface {
	User(current User) error
	UserState(current UserState) error
	// Schedule gets the zero value if nothing is scheduled yet.
	Schedule(current Schedule) error
	// TemporaryRole gets the zero value for a user without one.
	TemporaryRole(current TemporaryRole) error
	Role(current Role) error
	Group(current Group) error // without the members
	APIToken(current APITokenRecord) error
	PersonalToken(current PersonalTokenRecord) error
	TokenNetworks(current TokenNetworks) error
	Webhook(current Webhook) error
	Org(current Membership) error
	OrgSettings(current OrgSettings) error
	Retention(current Retention) error
	Session(current SessionRecord) error
	Passkey(current Passkey) error
	Domain(current Domain) error
	SessionLimits(current SessionLimits) error
	SignInRules(current SignInRules) error
	Issuer(current Issuer) error
	Profile(current Profiled) error
	ProvisioningSettings(current ProvisioningSettings) error
	Application(current Application) error
}

// Guarded is an object that a [Precondition] can be checked against.
type Guarded interface {
	checkedBy(p Precondition) error
}

// Check applies the call's precondition, if it has one, to what is about to change.
func (c *Change) Check(current Guarded) error { return c.call.Check(current) }

// Conditional reports whether the call has a precondition.
func (c *Change) Conditional() bool { return c.call.Precondition != nil }

// Check is [Change.Check] before the change begins, in which it must be repeated.
func (call Call) Check(current Guarded) error {
	if call.Precondition == nil {
		return nil
	}
	return current.checkedBy(call.Precondition)
}

func (u User) checkedBy(p Precondition) error                { return p.User(u) }
func (s Schedule) checkedBy(p Precondition) error            { return p.Schedule(s) }
func (t TemporaryRole) checkedBy(p Precondition) error       { return p.TemporaryRole(t) }
func (r Role) checkedBy(p Precondition) error                { return p.Role(r) }
func (g Group) checkedBy(p Precondition) error               { return p.Group(g) }
func (t APITokenRecord) checkedBy(p Precondition) error      { return p.APIToken(t) }
func (t PersonalTokenRecord) checkedBy(p Precondition) error { return p.PersonalToken(t) }
func (t TokenNetworks) checkedBy(p Precondition) error       { return p.TokenNetworks(t) }
func (w Webhook) checkedBy(p Precondition) error             { return p.Webhook(w) }
func (m Membership) checkedBy(p Precondition) error          { return p.Org(m) }
func (s OrgSettings) checkedBy(p Precondition) error         { return p.OrgSettings(s) }
func (r Retention) checkedBy(p Precondition) error           { return p.Retention(r) }
func (t SessionRecord) checkedBy(p Precondition) error       { return p.Session(t) }
func (k Passkey) checkedBy(p Precondition) error             { return p.Passkey(k) }
func (i Issuer) checkedBy(p Precondition) error              { return p.Issuer(i) }
func (d Domain) checkedBy(p Precondition) error              { return p.Domain(d) }
func (l SessionLimits) checkedBy(p Precondition) error       { return p.SessionLimits(l) }
func (r SignInRules) checkedBy(p Precondition) error         { return p.SignInRules(r) }
func (u Profiled) checkedBy(p Precondition) error            { return p.Profile(u) }
func (a Application) checkedBy(p Precondition) error         { return p.Application(a) }
func (s ProvisioningSettings) checkedBy(p Precondition) error {
	return p.ProvisioningSettings(s)
}
