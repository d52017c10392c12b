package directory

import (
	"slices"
	"strings"

	"github.com/rosterhq/roster/internal/audit"
	"github.com/rosterhq/roster/internal/authz"
)

// Operation is something a principal can ask of the [Service]: its name, which
// is also the audit log's action, and what it takes. Routes point at operations,
// so the permission that opens a route is the one its service call checks.
type Operation struct {
	Name string
	Need Need
}

// Need is what a principal must bring to an operation.
type Need struct {
	// Capability is the organization capability asked for; without one, any
	// principal of the right kind will do.
	Capability authz.Pair
	// Personal requires an account's own token or session: API tokens are refused.
	Personal bool
	// WholeAccount refuses sessions of one organization alone: what the operation does
	// reaches beyond that organization.
	WholeAccount bool
	// Fresh requires of a session a sign-in within [FreshFor].
	Fresh bool
	// Public requires no principal: the operation limits itself.
	Public bool
	// Operator is for the program's admin commands alone; no route leads to it.
	Operator bool
	// AnyOrg makes the organization optional for an account in several.
	AnyOrg bool
	// Application requires an application's own credential, which opens nothing else.
	Application bool
	// Suspended admits an account that is suspended in all of its organizations.
	Suspended bool
}

func capability(resource string, a authz.Action) Need {
	return Need{Capability: authz.Pair{Resource: resource, Action: a}}
}

// ownAccount is what people do with what is theirs, in any of their organizations.
var ownAccount = Need{Personal: true, AnyOrg: true}

// wholeAccount is ownAccount for what reaches into all of the organizations.
var wholeAccount = Need{Personal: true, AnyOrg: true, WholeAccount: true}

// ofAccount reports whether the account is whom the operation is for.
func (n Need) ofAccount() bool { return n.Personal && n.AnyOrg }

// evenSuspended is the need with Suspended set.
func (n Need) evenSuspended() Need {
	n.Suspended = true
	return n
}

// fresh is the need with Fresh set.
func (n Need) fresh() Need {
	n.Fresh = true
	return n
}

// manageWebhooks requires an account's own token with the capability to read what will
// be sent. The package webhooks requires the role of an owner or admin besides.
var manageWebhooks = Need{Capability: authz.Pair{Resource: "auditLog", Action: authz.Read}, Personal: true}

// actions are the names of all operations. They are the actions that entries can have,
// with pruning, which no operation does.
var actions = []string{audit.PruneAction}

// Actions returns the actions that entries can have.
func Actions() []string { return slices.Clone(actions) }

// MatchesAction reports whether a pattern, which is an action or a prefix of some followed
// by *, matches an action.
func MatchesAction(pattern, action string) bool {
	if prefix, ok := strings.CutSuffix(pattern, "*"); ok {
		return strings.HasPrefix(action, prefix)
	}
	return pattern == action
}

// KnownAction reports whether entries can have an action that a pattern matches.
func KnownAction(pattern string) bool {
	return slices.ContainsFunc(actions, func(action string) bool { return MatchesAction(pattern, action) })
}

func operation(name string, need Need) Operation {
	actions = append(actions, name)
	return Operation{name, need}
}

// The operations, named as the v2 description names them.
var (
	OpCreateUser       = operation("createUser", capability("users", authz.Create))
	OpImportUsers      = operation("importUsers", capability("users", authz.Create))
	OpListUsers        = operation("getUsers", capability("users", authz.Read))
	OpGetUser          = operation("getUser", capability("users", authz.Read))
	OpRemoveUser       = operation("removeUserFromOrg", capability("users", authz.Delete))
	OpUpdateUserRole   = operation("updateUserRole", capability("users", authz.Update))
	OpGetUserStatus    = operation("getUserStatus", capability("users", authz.Read))
	OpUpdateUserStatus = operation("updateUserStatus", capability("users", authz.Update))
	OpGetSchedule      = operation("getUserSchedule", capability("users", authz.Read))
	OpListSchedules    = operation("getSchedules", capability("users", authz.Read))
	OpUpdateSchedule   = operation("updateUserSchedule", capability("users", authz.Update)) // and what the act takes
	OpDeleteSchedule   = operation("deleteUserSchedule", capability("users", authz.Update)) // and what the act takes
	// OpRunSchedule and OpFailSchedule are the server's own; no route leads to them.
	OpRunSchedule         = operation("runUserSchedule", Need{Operator: true})
	OpFailSchedule        = operation("failUserSchedule", Need{Operator: true})
	OpGetTemporaryRole    = operation("getTemporaryRole", capability("users", authz.Read))
	OpListTemporaryRoles  = operation("getTemporaryRoles", capability("users", authz.Read))
	OpUpdateTemporaryRole = operation("updateTemporaryRole", capability("users", authz.Update))
	OpDeleteTemporaryRole = operation("deleteTemporaryRole", capability("users", authz.Update))
	// OpEndTemporaryRole is the server's own; no route leads to it.
	OpEndTemporaryRole = operation("endTemporaryRole", Need{Operator: true})
	OpListCreated      = operation("getUserCreated", capability("users", authz.Read))
	OpGetUserAccess    = operation("getUserAccess", capability("rbac", authz.Read))

	OpGetSelf       = operation("getCurrentUser", ownAccount)
	OpUpdateSelf    = operation("updateCurrentUser", wholeAccount)
	OpGetSelfAccess = operation("getCurrentAccess", Need{})

	OpListPersonalTokens  = operation("getPersonalTokens", wholeAccount)
	OpCreatePersonalToken = operation("createPersonalToken", wholeAccount.fresh())
	OpDeletePersonalToken = operation("deletePersonalToken", wholeAccount)

	OpListMemberTokens   = operation("getUserTokens", capability("users", authz.Update))
	OpListMemberSessions = operation("getUserSessions", capability("users", authz.Update))
	OpEndMemberSession   = operation("endUserSession", capability("users", authz.Update))
	OpRevokeMemberToken  = operation("revokeUserToken", capability("users", authz.Update))

	OpListSessions   = operation("getSessions", ownAccount.evenSuspended())
	OpDeleteSession  = operation("deleteSession", ownAccount.evenSuspended())
	OpDeleteSessions = operation("deleteSessions", ownAccount.evenSuspended())
	OpListPasskeys   = operation("getPasskeys", wholeAccount)
	OpUpdatePasskey  = operation("updatePasskey", wholeAccount)
	OpDeletePasskey  = operation("deletePasskey", wholeAccount.fresh())
	// OpCreatePasskey is a ceremony in the browser; no route of the API leads to it.
	OpCreatePasskey = operation("createPasskey", wholeAccount.fresh())

	OpCreateInvitationLink = operation("createInvitationLink", capability("users", authz.Create).fresh())
	// OpCreateSignInLink is the operator's and the sign-in page's; no route of the API leads to it.
	OpCreateSignInLink = operation("createSignInLink", Need{Operator: true})
	// OpSignOut ends the session used; no route of the API leads to it.
	OpSignOut = operation("signOut", ownAccount.evenSuspended())

	OpListInvitations   = operation("getInvitations", wholeAccount.evenSuspended())
	OpAcceptInvitation  = operation("acceptInvitation", wholeAccount.evenSuspended())
	OpDeclineInvitation = operation("declineInvitation", wholeAccount.evenSuspended())

	OpListOrgInvitations = operation("listInvitations", capability("users", authz.Create))
	OpResendInvitation   = operation("resendInvitation", capability("users", authz.Create))
	OpRevokeInvitation   = operation("revokeInvitation", capability("users", authz.Create))
	// OpExpireInvitation is the server's own; no route leads to it.
	OpExpireInvitation = operation("expireInvitation", Need{Operator: true})

	OpListAPITokens  = operation("getAPITokens", capability("apiTokens", authz.Read))
	OpCreateAPIToken = operation("createAPIToken", capability("apiTokens", authz.Create).fresh())
	OpGetAPIToken    = operation("getAPIToken", capability("apiTokens", authz.Read))
	OpGetTokenUsage  = operation("getTokenUsage", capability("apiTokens", authz.Read))
	OpListTokenUsage = operation("getTokenUsages", capability("apiTokens", authz.Read))
	// OpAnnounceTokenExpiry is the server's own; no route leads to it.
	OpAnnounceTokenExpiry = operation("announceTokenExpiry", Need{Operator: true})
	OpDeleteAPIToken      = operation("deleteAPIToken", capability("apiTokens", authz.Delete))
	OpRegenerateAPIToken  = operation("regenerateAPIToken", capability("apiTokens", authz.Update).fresh())

	OpGetAPITokenNetworks         = operation("getAPITokenNetworks", capability("apiTokens", authz.Read))
	OpUpdateAPITokenNetworks      = operation("updateAPITokenNetworks", capability("apiTokens", authz.Update).fresh())
	OpGetPersonalTokenNetworks    = operation("getPersonalTokenNetworks", wholeAccount)
	OpUpdatePersonalTokenNetworks = operation("updatePersonalTokenNetworks", wholeAccount.fresh())

	OpListRoles  = operation("listRoles", capability("rbac", authz.Read))
	OpGetRole    = operation("getRoleById", capability("rbac", authz.Read))
	OpCreateRole = operation("createRole", capability("rbac", authz.Create))
	OpUpdateRole = operation("updateRole", capability("rbac", authz.Update))
	OpDeleteRole = operation("deleteRole", capability("rbac", authz.Delete))

	OpGetUserProfile    = operation("getUserProfile", capability("users", authz.Read))
	OpUpdateUserProfile = operation("updateUserProfile", capability("users", authz.Update))

	// Those whom a directory asks for what it may do, any principal in the organization.
	OpGetProvisioningSchemas = operation("getProvisioningSchemas", Need{})
	OpGetOwnProfile          = operation("getOwnProfile", Need{})
	OpBulkProvision          = operation("bulkProvision", Need{}) // each of its operations has a permission of its own

	OpGetProvisioning            = operation("getProvisioning", capability("users", authz.Read))
	OpGetProvisioningSettings    = operation("getProvisioningSettings", capability("users", authz.Read))
	OpUpdateProvisioningSettings = operation("updateProvisioningSettings", Need{Personal: true, Fresh: true}) // of an owner or admin
	OpApproveProvisioning        = operation("approveProvisioning", Need{Personal: true, Fresh: true})        // of an owner
	OpEndProvisioningHold        = operation("endProvisioningHold", Need{Personal: true, Fresh: true})        // of an owner
	// OpHoldProvisioning is of a directory that takes away too much; no route leads to it.
	OpHoldProvisioning = operation("holdProvisioning", Need{Operator: true})

	OpListApplications    = operation("listApplications", capability("rbac", authz.Read))
	OpGetApplication      = operation("getApplication", capability("rbac", authz.Read))
	OpCreateApplication   = operation("createApplication", capability("rbac", authz.Create))
	OpUpdateApplication   = operation("updateApplication", capability("rbac", authz.Update))
	OpDeleteApplication   = operation("deleteApplication", capability("rbac", authz.Delete))
	OpListAppCredentials  = operation("listApplicationCredentials", capability("rbac", authz.Read))
	OpCreateAppCredential = operation("createApplicationCredential", capability("rbac", authz.Update).fresh())
	OpDeleteAppCredential = operation("deleteApplicationCredential", capability("rbac", authz.Update))
	OpEvaluateAccess      = operation("evaluateAccess", Need{Application: true})
	OpSearchAccess        = operation("searchAccess", Need{Application: true})
	OpWatchAccess         = operation("watchAccess", Need{Application: true})
	OpIntrospect          = operation("introspectToken", Need{Application: true})
	// OpExchangeToken is of whoever has the token that is exchanged.
	OpExchangeToken = operation("exchangeToken", Need{Public: true})
	// OpForwardAuth is of a reverse proxy, which shows the credential of an application
	// beside the token of the request that it asks about.
	OpForwardAuth = operation("forwardAuth", Need{Public: true})

	OpListGroups  = operation("listGroups", capability("rbac", authz.Read))
	OpGetGroup    = operation("getGroupById", capability("rbac", authz.Read))
	OpCreateGroup = operation("createGroup", capability("rbac", authz.Create))
	OpUpdateGroup = operation("updateGroup", capability("rbac", authz.Update))
	OpDeleteGroup = operation("deleteGroup", capability("rbac", authz.Delete))

	OpAddGroupMember     = operation("addGroupMember", capability("rbac", authz.Update))
	OpRemoveGroupMember  = operation("removeGroupMember", capability("rbac", authz.Update))
	OpUpdateGroupMembers = operation("updateGroupMembers", capability("rbac", authz.Update))

	OpListEntries  = operation("getAuditEntries", capability("auditLog", authz.Read))
	OpStreamEvents = operation("streamEvents", capability("auditLog", authz.Read))

	OpListLimits = operation("getLimits", Need{})

	OpListOrgs  = operation("getOrgs", Need{AnyOrg: true})
	OpGetOrg    = operation("getOrg", Need{AnyOrg: true})
	OpCreateOrg = operation("createOrg", wholeAccount)
	OpUpdateOrg = operation("updateOrg", ownAccount) // of an owner or admin

	OpGetOrgSettings    = operation("getOrgSettings", Need{AnyOrg: true})
	OpUpdateOrgSettings = operation("updateOrgSettings", ownAccount.fresh()) // of an owner or admin

	OpGetSessionLimits    = operation("getSessionLimits", Need{AnyOrg: true})
	OpUpdateSessionLimits = operation("updateSessionLimits", ownAccount.fresh()) // of an owner

	OpGetSignInRules    = operation("getSignInRules", Need{AnyOrg: true})
	OpUpdateSignInRules = operation("updateSignInRules", ownAccount.fresh()) // of an owner

	OpGetCheckpoint    = operation("getAuditCheckpoint", capability("auditLog", authz.Read))
	OpListCheckpoints  = operation("getAuditCheckpoints", capability("auditLog", authz.Read))
	OpGetAuditKeys     = operation("getAuditKeys", capability("auditLog", authz.Read))
	OpProveInclusion   = operation("getAuditInclusion", capability("auditLog", authz.Read))
	OpProveConsistency = operation("getAuditConsistency", capability("auditLog", authz.Read))
	OpGetRetention     = operation("getAuditRetention", capability("auditLog", authz.Read))
	OpUpdateRetention  = operation("updateAuditRetention", Need{Personal: true, Fresh: true}) // of an owner
	OpEraseUser        = operation("erasePersonalData", Need{Personal: true, Fresh: true})    // of an owner
	// OpSignIn is a sign-in, and what a token is refused that has expired; no route
	// of the API leads to it.
	OpSignIn = operation("signIn", Need{Operator: true})

	OpListIssuers  = operation("listIssuers", Need{Personal: true})               // of an owner or admin
	OpGetIssuer    = operation("getIssuer", Need{Personal: true})                 // of an owner or admin
	OpCheckIssuer  = operation("checkIssuer", Need{Personal: true})               // of an owner
	OpCreateIssuer = operation("createIssuer", Need{Personal: true, Fresh: true}) // of an owner
	OpUpdateIssuer = operation("updateIssuer", Need{Personal: true, Fresh: true}) // of an owner
	OpDeleteIssuer = operation("deleteIssuer", Need{Personal: true, Fresh: true}) // of an owner
	// OpLinkIssuer is of a first sign-in by an issuer; no route leads to it.
	OpLinkIssuer   = operation("linkIssuer", Need{Operator: true})
	OpListDomains  = operation("listDomains", capability("users", authz.Read))
	OpAddDomain    = operation("addDomain", Need{Personal: true, Fresh: true})    // of an owner
	OpVerifyDomain = operation("verifyDomain", Need{Personal: true, Fresh: true}) // of an owner
	OpDeleteDomain = operation("deleteDomain", Need{Personal: true, Fresh: true}) // of an owner
	// OpLoseDomain is the server's own; no route leads to it.
	OpLoseDomain = operation("loseDomain", Need{Operator: true})

	OpListWebhooks   = operation("listWebhooks", capability("auditLog", authz.Read))
	OpGetWebhook     = operation("getWebhook", capability("auditLog", authz.Read))
	OpCreateWebhook  = operation("createWebhook", manageWebhooks.fresh())
	OpUpdateWebhook  = operation("updateWebhook", manageWebhooks.fresh())
	OpDeleteWebhook  = operation("deleteWebhook", manageWebhooks.fresh())
	OpRotateSecret   = operation("rotateWebhookSecret", manageWebhooks.fresh())
	OpTestWebhook    = operation("testWebhook", manageWebhooks)
	OpListDeliveries = operation("listWebhookDeliveries", capability("auditLog", authz.Read))
	OpReplayWebhook  = operation("replayWebhook", manageWebhooks)
	OpReplayDelivery = operation("replayWebhookDelivery", manageWebhooks)

	OpProvisionOrg = operation("provisionOrg", Need{Public: true})
	OpClaimOrg     = operation("claimOrg", Need{Public: true})
	// OpClaimForAccount is OpClaimOrg for a person who has an account.
	OpClaimForAccount = Operation{OpClaimOrg.Name, wholeAccount.evenSuspended()}
	// OpAcceptEntries is of [Service.AcceptEntries].
	OpAcceptEntries = operation("acceptAuditEntries", Need{Operator: true})
	OpDeleteOrg     = operation("deleteOrg", Need{Operator: true})
)

// Authorize checks whether p brings what the operation needs. The error is
// [Forbidden] and names what is missing, or [Invalid] where only the choice of
// an organization is.
func (op Operation) Authorize(p *Principal) error {
	need := op.Need
	if isApp := p != nil && p.Kind == AppClient; isApp != need.Application {
		if isApp {
			return Errorf(Forbidden, "%s can't be done with the credential of an application (xaap-…)", op.Name)
		}
		return Errorf(Forbidden, "%s needs the credential of an application (xaap-…)", op.Name)
	}
	if need.Public || need.Application {
		return nil
	}
	if need.Operator {
		return Errorf(Forbidden, "only the operator can do this")
	}
	if need.Personal && !p.Kind.ofAccount() {
		return Errorf(Forbidden, "%s needs the personal token (xapt-…) of the account it is about; "+
			"an API token can't do it, whatever its capabilities", op.Name)
	}
	if need.WholeAccount && p.OnlyOrg != "" {
		return Errorf(Forbidden, "you signed in for one organization alone, and %s reaches beyond it; "+
			"sign in with a passkey or a mailed link", op.Name)
	}
	if p.Suspended && !need.Suspended {
		return ErrSuspended
	}
	if p.awaitsIssuer && !need.AnyOrg {
		return errByIssuer
	}
	if p.OrgID == "" && !need.AnyOrg {
		return Errorf(Invalid, "you belong to several organizations: the X-Axiom-Org-Id header must be set")
	}
	if need.Capability != (authz.Pair{}) && !p.Capabilities.Allows(need.Capability) {
		return Errorf(Forbidden, "missing permission %s", need.Capability)
	}
	return nil
}
