package directory

// source is something that cached values and decisions for applications are made from.
type source struct {
	kind sourceKind
	id   string
	in   OrgID // of what has no id that is unique by itself
}

type sourceKind uint8

const (
	ofAnything   sourceKind = iota // in an organization
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
	ofApp                          // an application, by appSource
)

func userSource(org OrgID, id UserID) source { return source{kind: ofUser, in: org, id: string(id)} }

// appSource is what is cached of an application; the organization is the one whose log
// has its entries.
func appSource(org OrgID, id AppID) source {
	if org == "" {
		org = DeploymentLog
	}
	return source{kind: ofApp, in: org, id: string(id)}
}

// credentialSource is what a principal authenticated with.
func credentialSource(kind PrincipalKind, id TokenID) source {
	switch kind {
	case Session:
		return source{kind: ofSession, id: string(id)}
	case AppClient:
		return source{kind: ofCredential, id: string(id)}
	default:
		return source{kind: ofToken, id: string(id)}
	}
}

// changed yields the sources that an entry of this kind can have changed. It is the one
// rule for what the cache drops and for what applications that watch their permissions
// are sent. An unrecognized kind can have changed anything, so that a new kind can leave
// nothing stale.
func (e *Entry) changed(yield func(source) bool) {
	if e.Outcome != Done {
		return
	}
	if !yield(source{kind: ofLog, id: string(e.OrgID)}) || !yield(source{kind: ofViews, in: e.OrgID}) {
		return
	}
	groups := source{kind: ofGroups, id: string(e.OrgID)}
	switch e.Target.Type {
	case "auditLog", "webhook", "passkey", "signInLink", "issuerLink", "schedule": // nothing is made from them
	case "provisioning":
		yield(source{kind: ofSchemas, in: e.OrgID})
	case "organization":
		if e.Before != nil || e.After == nil { // nothing was made from a new one yet
			yield(source{kind: ofAnything, in: e.OrgID})
		}
	case "user", "temporaryRole":
		_ = yield(source{kind: ofAccount, id: string(e.account())}) && yield(userSource(e.OrgID, UserID(e.Target.ID)))
	case "application":
		yield(appSource(e.OrgID, AppID(e.Target.ID)))
	case "apiToken", "personalToken":
		yield(source{kind: ofToken, id: e.Target.ID})
	case "session":
		yield(source{kind: ofSession, id: e.Target.ID})
	case "appCredential":
		yield(source{kind: ofCredential, id: e.Target.ID})
	case "group", "orgSettings", "issuer", "domain": // sessions end with their issuer and its domain
		yield(groups)
	case "role":
		_ = yield(groups) && yield(source{kind: ofUsers, in: e.OrgID})
	default:
		yield(source{kind: ofAnything, in: e.OrgID})
	}
}
