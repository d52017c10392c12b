package schema

// The schemas of RFC 7643 sections 4 and 8.7, less User's password: Roster has no
// passwords, so that those which clients send are dropped as unknown attributes.

// with changes an attribute of a table below.
type with func(*Attribute)

func required(a *Attribute)  { a.Required = true }
func multi(a *Attribute)     { a.MultiValued = true }
func caseExact(a *Attribute) { a.CaseExact = true }
func readOnly(a *Attribute)  { a.Mutability = ReadOnly }
func immutable(a *Attribute) { a.Mutability = Immutable }
func always(a *Attribute)    { a.Returned = Always }
func unique(a *Attribute)    { a.Uniqueness = Server }

func canonical(values ...string) with { return func(a *Attribute) { a.CanonicalValues = values } }
func refers(types ...string) with {
	return func(a *Attribute) { a.Type, a.ReferenceTypes, a.CaseExact = Reference, types, true }
}
func typed(t Type) with { return func(a *Attribute) { a.Type = t } }
func subs(attributes ...*Attribute) with {
	return func(a *Attribute) { a.Type, a.SubAttributes = Complex, attributes }
}

// attribute returns an attribute with the defaults of RFC 7643 section 2.2.
func attribute(name, description string, changes ...with) *Attribute {
	a := &Attribute{
		Name: name, Description: description, Type: String,
		Mutability: ReadWrite, Returned: Default, Uniqueness: None,
	}
	for _, change := range changes {
		change(a)
	}
	return a
}

// list returns a multi-valued attribute with the sub-attributes of RFC 7643 section 2.4.
func list(name, description string, value *Attribute, types ...string) *Attribute {
	return attribute(name, description, multi, subs(value,
		attribute("display", "A name to show for the value."),
		attribute("type", "What the value is for.", canonical(types...)),
		attribute("primary", "Whether this is the preferred value. One value at most is primary.", typed(Boolean)),
	))
}

const schemaSchema = "urn:ietf:params:scim:schemas:core:2.0:Schema"

// common are the attributes of every resource (RFC 7643 section 3.1). No schema lists them.
var common = []*Attribute{
	attribute("schemas", "The URNs of the schemas that the resource uses.", multi, caseExact, always, refers("uri")),
	attribute("id", "The resource's identifier.", caseExact, readOnly, always, unique),
	attribute("externalId", "The identifier that the client has for the resource.", caseExact),
	attribute("meta", "When and where the resource is.", readOnly, subs(
		attribute("resourceType", "The type of the resource.", readOnly, caseExact),
		attribute("created", "When the resource was created.", readOnly, typed(DateTime)),
		attribute("lastModified", "When the resource was last changed.", readOnly, typed(DateTime)),
		attribute("location", "The URL of the resource.", readOnly, refers("uri")),
		attribute("version", "The version of the resource, as in its ETag.", readOnly, caseExact),
	)),
}

var userSchema = &Schema{
	Schemas: []string{schemaSchema}, ID: User, Name: "User", Description: "User Account",
	Attributes: []*Attribute{
		attribute("userName", "The name that the directory has for the user, unique in the organization.", required, unique),
		attribute("name", "The parts of the user's name.", subs(
			attribute("formatted", "The full name, ready to show."),
			attribute("familyName", "The family name."),
			attribute("givenName", "The given name."),
			attribute("middleName", "The middle names."),
			attribute("honorificPrefix", "Titles before the name, as in Ms."),
			attribute("honorificSuffix", "What follows the name, as in III."),
		)),
		attribute("displayName", "The name to show for the user."),
		attribute("nickName", "The name that the user goes by."),
		attribute("profileUrl", "The URL of the user's profile.", refers("external")),
		attribute("title", "The user's title, as in Vice President."),
		attribute("userType", "How the user relates to the organization, as in Employee."),
		attribute("preferredLanguage", "The user's preferred languages, as in Accept-Language."),
		attribute("locale", "The user's locale, as in en-US."),
		attribute("timezone", "The user's time zone, as in America/Los_Angeles."),
		attribute("active", "Whether the user may act in the organization. A user who is not active is suspended.", typed(Boolean)),
		list("emails", "The user's email addresses.", attribute("value", "The address."), "work", "home", "other"),
		list("phoneNumbers", "The user's phone numbers.", attribute("value", "The number."), "work", "home", "mobile", "fax", "pager", "other"),
		list("ims", "The user's instant messaging addresses.", attribute("value", "The address."),
			"aim", "gtalk", "icq", "xmpp", "msn", "skype", "qq", "yahoo"),
		list("photos", "Pictures of the user.", attribute("value", "The URL of the picture.", refers("external")), "photo", "thumbnail"),
		attribute("addresses", "The user's postal addresses.", multi, subs(
			attribute("formatted", "The full address, ready to show."),
			attribute("streetAddress", "The street, house number and what else comes before the city."),
			attribute("locality", "The city."),
			attribute("region", "The state or region."),
			attribute("postalCode", "The postal code."),
			attribute("country", "The country, as in ISO 3166-1 alpha-2."),
			attribute("type", "What the address is for.", canonical("work", "home", "other")),
			attribute("primary", "Whether this is the preferred address. One address at most is primary.", typed(Boolean)),
		)),
		attribute("groups", "The groups that the user is in. They change through the groups.", multi, readOnly, subs(
			attribute("value", "The id of the group.", readOnly, caseExact),
			attribute("$ref", "The URL of the group.", readOnly, refers("Group")),
			attribute("display", "The name of the group.", readOnly),
			attribute("type", "How the user is in the group.", readOnly, canonical("direct", "indirect")),
		)),
		list("entitlements", "What the user is entitled to, by the directory.", attribute("value", "The entitlement.")),
		list("roles", "The user's roles in the directory. They are not Roster's roles.", attribute("value", "The role.")),
		list("x509Certificates", "The user's certificates.", attribute("value", "The certificate, DER in base64.", typed(Binary), caseExact)),
	},
}

var enterpriseSchema = &Schema{
	Schemas: []string{schemaSchema}, ID: EnterpriseUser, Name: "EnterpriseUser", Description: "Enterprise User",
	Attributes: []*Attribute{
		attribute("employeeNumber", "The number of the employee."),
		attribute("costCenter", "The name of the cost center."),
		attribute("organization", "The name of the organization."),
		attribute("division", "The name of the division."),
		attribute("department", "The name of the department."),
		attribute("manager", "The user's manager.", subs(
			attribute("value", "The id of the manager."),
			attribute("$ref", "The URL of the manager.", refers("User")),
			attribute("displayName", "The name of the manager.", readOnly),
		)),
	},
}

var groupSchema = &Schema{
	Schemas: []string{schemaSchema}, ID: Group, Name: "Group", Description: "Group",
	Attributes: []*Attribute{
		attribute("displayName", "The name of the group.", required),
		attribute("members", "The users in the group.", multi, subs(
			attribute("value", "The id of the member.", required, immutable, caseExact),
			attribute("$ref", "The URL of the member.", immutable, refers("User")),
			attribute("display", "The name of the member.", readOnly),
			attribute("type", "The type of the member.", immutable, canonical("User")),
		)),
	},
}
