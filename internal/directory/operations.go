package directory

import "github.com/rosterhq/roster/internal/authz"

// Operation is something a principal can ask of the [Service]: its name, which
// is also the audit log's action, and what it takes. Routes point at operations,
// so the permission that opens a route is the one its service call checks.
type Operation struct {
	Name string
	Need Need
}

// Need is what a principal must bring to an operation.
type Need struct {
	// Capability is the organisation capability asked for; without one, any
	// principal of the right kind will do.
	Capability authz.Pair
	// Personal asks for an account's own token: API tokens are refused.
	Personal bool
	// Public asks for nobody: the operation limits itself.
	Public bool
	// Operator is for the program's admin commands alone; no route leads to it.
	Operator bool
	// AnyOrg makes the organisation optional for an account in several.
	AnyOrg bool
}

func capability(resource string, a authz.Action) Need {
	return Need{Capability: authz.Pair{Resource: resource, Action: a}}
}

var ownAccount = Need{Personal: true, AnyOrg: true}

// The operations, named as the v2 description names them.
var (
	OpCreateUser     = Operation{"createUser", capability("users", authz.Create)}
	OpListUsers      = Operation{"getUsers", capability("users", authz.Read)}
	OpGetUser        = Operation{"getUser", capability("users", authz.Read)}
	OpRemoveUser     = Operation{"removeUserFromOrg", capability("users", authz.Delete)}
	OpUpdateUserRole = Operation{"updateUserRole", capability("users", authz.Update)}
	OpGetUserAccess  = Operation{"getUserAccess", capability("rbac", authz.Read)}

	OpGetSelf       = Operation{"getCurrentUser", ownAccount}
	OpUpdateSelf    = Operation{"updateCurrentUser", ownAccount}
	OpGetSelfAccess = Operation{"getCurrentAccess", Need{}}

	OpListPersonalTokens  = Operation{"getPersonalTokens", ownAccount}
	OpCreatePersonalToken = Operation{"createPersonalToken", ownAccount}
	OpDeletePersonalToken = Operation{"deletePersonalToken", ownAccount}

	OpListInvitations   = Operation{"getInvitations", ownAccount}
	OpAcceptInvitation  = Operation{"acceptInvitation", ownAccount}
	OpDeclineInvitation = Operation{"declineInvitation", ownAccount}

	OpListAPITokens      = Operation{"getAPITokens", capability("apiTokens", authz.Read)}
	OpCreateAPIToken     = Operation{"createAPIToken", capability("apiTokens", authz.Create)}
	OpGetAPIToken        = Operation{"getAPIToken", capability("apiTokens", authz.Read)}
	OpGetTokenUsage      = Operation{"getTokenUsage", capability("apiTokens", authz.Read)}
	OpDeleteAPIToken     = Operation{"deleteAPIToken", capability("apiTokens", authz.Delete)}
	OpRegenerateAPIToken = Operation{"regenerateAPIToken", capability("apiTokens", authz.Update)}

	OpListRoles  = Operation{"listRoles", capability("rbac", authz.Read)}
	OpGetRole    = Operation{"getRoleById", capability("rbac", authz.Read)}
	OpCreateRole = Operation{"createRole", capability("rbac", authz.Create)}
	OpUpdateRole = Operation{"updateRole", capability("rbac", authz.Update)}
	OpDeleteRole = Operation{"deleteRole", capability("rbac", authz.Delete)}

	OpListGroups  = Operation{"listGroups", capability("rbac", authz.Read)}
	OpGetGroup    = Operation{"getGroupById", capability("rbac", authz.Read)}
	OpCreateGroup = Operation{"createGroup", capability("rbac", authz.Create)}
	OpUpdateGroup = Operation{"updateGroup", capability("rbac", authz.Update)}
	OpDeleteGroup = Operation{"deleteGroup", capability("rbac", authz.Delete)}

	OpListEntries  = Operation{"getAuditEntries", capability("auditLog", authz.Read)}
	OpStreamEvents = Operation{"streamEvents", capability("auditLog", authz.Read)}

	OpListOrgs  = Operation{"getOrgs", Need{AnyOrg: true}}
	OpGetOrg    = Operation{"getOrg", Need{AnyOrg: true}}
	OpCreateOrg = Operation{"createOrg", ownAccount}
	OpUpdateOrg = Operation{"updateOrg", ownAccount} // of an owner or admin

	OpGetCheckpoint    = Operation{"getAuditCheckpoint", capability("auditLog", authz.Read)}
	OpListCheckpoints  = Operation{"getAuditCheckpoints", capability("auditLog", authz.Read)}
	OpGetAuditKeys     = Operation{"getAuditKeys", capability("auditLog", authz.Read)}
	OpProveInclusion   = Operation{"getAuditInclusion", capability("auditLog", authz.Read)}
	OpProveConsistency = Operation{"getAuditConsistency", capability("auditLog", authz.Read)}
	OpGetRetention     = Operation{"getAuditRetention", capability("auditLog", authz.Read)}
	OpUpdateRetention  = Operation{"updateAuditRetention", Need{Personal: true}} // of an owner
	OpEraseUser        = Operation{"erasePersonalData", Need{Personal: true}}    // of an owner
	// OpSignIn is what a token is refused that has expired; no route leads to it.
	OpSignIn = Operation{"signIn", Need{Operator: true}}

	OpProvisionOrg = Operation{"provisionOrg", Need{Public: true}}
	OpClaimOrg     = Operation{"claimOrg", Need{Public: true}}
	// OpAcceptEntries is of [Service.AcceptEntries].
	OpAcceptEntries = Operation{"acceptAuditEntries", Need{Operator: true}}
	OpDeleteOrg     = Operation{"deleteOrg", Need{Operator: true}}
)

// Authorise says whether p brings what the operation needs. The error is
// [Forbidden] and names what is missing, or [Invalid] where only the choice of
// an organisation is.
func (op Operation) Authorise(p *Principal) error {
	need := op.Need
	if need.Public {
		return nil
	}
	if need.Operator {
		return Errorf(Forbidden, "only the operator can do this")
	}
	if need.Personal && p.Kind != PersonalToken {
		return Errorf(Forbidden, "%s needs the personal token (xapt-…) of the account it is about; "+
			"an API token can't do it, whatever its capabilities", op.Name)
	}
	if p.OrgID == "" && !need.AnyOrg {
		return Errorf(Invalid, "you belong to several organizations: the X-Axiom-Org-Id header must be set")
	}
	if need.Capability != (authz.Pair{}) && !p.Capabilities.Allows(need.Capability) {
		return Errorf(Forbidden, "missing permission %s", need.Capability)
	}
	return nil
}
