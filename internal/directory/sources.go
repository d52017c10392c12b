package directory

// Origin is something that cached values and decisions for applications are made from.
type Origin struct {
	kind originKind
	id   string
	in   OrgID // of what has no id that is unique by itself
}

type originKind uint8

const (
	ofAnything   originKind = iota // in an organization
	ofAccount                      // its memberships and name
	ofToken                        // an API token or a personal token
	ofSession                      // of a person who signed in
	ofCredential                   // of an application
	ofGroups                       // an organization's groups, roles and settings
	ofLog                          // an organization's log
	ofUser                         // a user, an invited one too
	ofUsers                        // the roles that an organization's users show
	ofViews                        // what is shown of an organization as a whole
	ofSchemas                      // of an organization's directory
	ofApp                          // an application, by OriginApp
)

// OriginUser is a user, an invited one too.
func OriginUser(org OrgID, id UserID) Origin {
	return Origin{kind: ofUser, in: org, id: string(id)}
}

// OriginAccount is an account: its memberships and name.
func OriginAccount(id AccountID) Origin { return Origin{kind: ofAccount, id: string(id)} }

// OriginGroups are an organization's groups, roles and settings.
func OriginGroups(org OrgID) Origin { return Origin{kind: ofGroups, id: string(org)} }

// OriginToken is an API token or a personal token.
func OriginToken(id TokenID) Origin { return Origin{kind: ofToken, id: string(id)} }

// OriginApp is an application; the organization is the one whose log has its entries.
func OriginApp(org OrgID, id AppID) Origin {
	if org == "" {
		org = DeploymentLog
	}
	return Origin{kind: ofApp, in: org, id: string(id)}
}

// credentialOrigin is what a principal authenticated with.
func credentialOrigin(kind PrincipalKind, id TokenID) Origin {
	switch kind {
	case Session:
		return Origin{kind: ofSession, id: string(id)}
	case AppClient:
		return Origin{kind: ofCredential, id: string(id)}
	default:
		return OriginToken(id)
	}
}

// changed yields the origins that an entry of this kind can have changed. It is the one
// rule for what the cache drops and for what applications that watch their permissions
// are sent. An unrecognized kind can have changed anything, so that a new kind can leave
// nothing stale.
func (e *Entry) changed(yield func(Origin) bool) {
	if e.Outcome != Done {
		return
	}
	if !yield(Origin{kind: ofLog, id: string(e.OrgID)}) || !yield(Origin{kind: ofViews, in: e.OrgID}) {
		return
	}
	groups := OriginGroups(e.OrgID)
	switch e.Target.Type {
	case "auditLog", "webhook", "passkey", "signInLink", "issuerLink", "schedule": // nothing is made from them
	case "provisioning":
		yield(Origin{kind: ofSchemas, in: e.OrgID})
	case "organization":
		if e.Before != nil || e.After == nil { // nothing was made from a new one yet
			yield(Origin{kind: ofAnything, in: e.OrgID})
		}
	case "user", "temporaryRole":
		_ = yield(OriginAccount(e.account())) && yield(OriginUser(e.OrgID, UserID(e.Target.ID)))
	case "application":
		yield(OriginApp(e.OrgID, AppID(e.Target.ID)))
	case "apiToken", "personalToken":
		yield(OriginToken(TokenID(e.Target.ID)))
	case "session":
		yield(Origin{kind: ofSession, id: e.Target.ID})
	case "appCredential":
		yield(Origin{kind: ofCredential, id: e.Target.ID})
	case "group", "orgSettings", "issuer", "domain": // sessions end with their issuer and its domain
		yield(groups)
	case "role":
		_ = yield(groups) && yield(Origin{kind: ofUsers, in: e.OrgID})
	default:
		yield(Origin{kind: ofAnything, in: e.OrgID})
	}
}
