package directory

// Origin is something that cached values and decisions for applications are made from.
type Origin struct {
	Kind OriginKind
	ID   string
	In   OrgID // of what has no id that is unique by itself
}

// OriginKind is a kind of origin.
type OriginKind uint8

// The kinds of origin.
const (
	OfAnything   OriginKind = iota // in an organization
	OfAccount                      // its memberships and name
	OfToken                        // an API token or a personal token
	OfSession                      // of a person who signed in
	OfCredential                   // of an application
	OfGroups                       // an organization's groups, roles and settings
	OfLog                          // an organization's log
	OfUser                         // a user, an invited one too
	OfUsers                        // the roles that an organization's users show
	OfViews                        // what is shown of an organization as a whole
	OfSchemas                      // of an organization's directory
	OfApp                          // an application, by OriginApp
)

// OriginUser is a user, an invited one too.
func OriginUser(org OrgID, id UserID) Origin {
	return Origin{Kind: OfUser, In: org, ID: string(id)}
}

// OriginAccount is an account: its memberships and name.
func OriginAccount(id AccountID) Origin { return Origin{Kind: OfAccount, ID: string(id)} }

// OriginGroups are an organization's groups, roles and settings.
func OriginGroups(org OrgID) Origin { return Origin{Kind: OfGroups, ID: string(org)} }

// OriginToken is an API token or a personal token.
func OriginToken(id TokenID) Origin { return Origin{Kind: OfToken, ID: string(id)} }

// OriginLog is an organization's log: whatever changes in the organization changes it.
func OriginLog(org OrgID) Origin { return Origin{Kind: OfLog, ID: string(org)} }

// OriginApp is an application; the organization is the one whose log has its entries.
func OriginApp(org OrgID, id AppID) Origin {
	if org == "" {
		org = DeploymentLog
	}
	return Origin{Kind: OfApp, In: org, ID: string(id)}
}

// credentialOrigin is what a principal authenticated with.
func credentialOrigin(kind PrincipalKind, id TokenID) Origin {
	switch kind {
	case Session:
		return Origin{Kind: OfSession, ID: string(id)}
	case AppClient:
		return Origin{Kind: OfCredential, ID: string(id)}
	default:
		return OriginToken(id)
	}
}

// Changed yields the origins that an entry of this kind can have changed. It is the one
// rule for what the cache drops and for what applications that watch their permissions
// are sent. An unrecognized kind can have changed anything, so that a new kind can leave
// nothing stale.
func (e *Entry) Changed(yield func(Origin) bool) {
	if e.Outcome != Done {
		return
	}
	if !yield(Origin{Kind: OfLog, ID: string(e.OrgID)}) || !yield(Origin{Kind: OfViews, In: e.OrgID}) {
		return
	}
	groups := OriginGroups(e.OrgID)
	switch e.Target.Type {
	case "auditLog", "webhook", "passkey", "signInLink", "issuerLink", "schedule": // nothing is made from them
	case "provisioning":
		yield(Origin{Kind: OfSchemas, In: e.OrgID})
	case "organization":
		if e.Before != nil || e.After == nil { // nothing was made from a new one yet
			yield(Origin{Kind: OfAnything, In: e.OrgID})
		}
	case "user", "temporaryRole":
		_ = yield(OriginAccount(e.account())) && yield(OriginUser(e.OrgID, UserID(e.Target.ID)))
	case "application":
		yield(OriginApp(e.OrgID, AppID(e.Target.ID)))
	case "apiToken", "personalToken":
		yield(OriginToken(TokenID(e.Target.ID)))
	case "session":
		yield(Origin{Kind: OfSession, ID: e.Target.ID})
	case "appCredential":
		yield(Origin{Kind: OfCredential, ID: e.Target.ID})
	case "group", "orgSettings", "issuer", "domain": // sessions end with their issuer and its domain
		yield(groups)
	case "role":
		_ = yield(groups) && yield(Origin{Kind: OfUsers, In: e.OrgID})
	default:
		yield(Origin{Kind: OfAnything, In: e.OrgID})
	}
}
