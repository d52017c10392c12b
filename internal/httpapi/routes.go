package httpapi

import (
	"net/http"

	"github.com/rosterhq/roster/internal/directory"
)

// route is an operation with its method and path. The operation has the permission, so
// that there is no route without one.
type route struct {
	method  string
	pattern string
	op      directory.Operation
	handle  handler
	reads   []string // the query's parameters
}

// dryRun is the parameter that checks a change without making it.
const dryRun = "dryRun"

// parameters returns the parameters that the query may have. Every write has dryRun,
// except public ones, because the response shows who would gain access.
func (rt route) parameters() []string {
	if rt.method == http.MethodGet || rt.op.Need.Public {
		return rt.reads
	}
	return append([]string{dryRun}, rt.reads...)
}

// v2 is the route table of the API.
var v2 = []route{
	{"GET", "/v2/users", directory.OpListUsers, listUsers, []string{"limit", "cursor", "email", "role", "status", "externalId", "inactiveSince", "q", "at"}},
	{"POST", "/v2/users", directory.OpCreateUser, replyTo(createUser, userOf), nil},
	{"POST", "/v2/users/import", directory.OpImportUsers, importUsers, nil},
	{"GET", "/v2/users/{id}", directory.OpGetUser, getUser, nil},
	{"PUT", "/v2/users/{id}", directory.OpUpdateSelf, replyTo(updateUser, userOf), nil},
	{"DELETE", "/v2/users/{id}", directory.OpRemoveUser, noReply(removeUser), []string{paramRevoke}},
	{"PUT", "/v2/users/{id}/role", directory.OpUpdateUserRole, replyTo(updateUserRole, userOf), []string{paramRevoke}},
	{"GET", "/v2/users/{id}/status", directory.OpGetUserStatus, reply(callWithID(service.GetUserStatus), userStatusOf), nil},
	{"PUT", "/v2/users/{id}/status", directory.OpUpdateUserStatus, replyTo(updateUserStatus, userStatusOf), []string{paramRevoke}},
	{"GET", "/v2/users/{id}/schedule/{action}", directory.OpGetSchedule, reply(getSchedule, scheduleOf), nil},
	{"PUT", "/v2/users/{id}/schedule/{action}", directory.OpUpdateSchedule, replyTo(updateSchedule, scheduleOf), nil},
	{"DELETE", "/v2/users/{id}/schedule/{action}", directory.OpDeleteSchedule, noReply(deleteSchedule), nil},
	{"GET", "/v2/schedules", directory.OpListSchedules, replyList(listSchedules, scheduleOf), []string{"user"}},
	{"GET", "/v2/users/{id}/temporary-role", directory.OpGetTemporaryRole, reply(callWithID(service.GetTemporaryRole), temporaryRoleOf), nil},
	{"PUT", "/v2/users/{id}/temporary-role", directory.OpUpdateTemporaryRole, replyTo(updateTemporaryRole, temporaryRoleOf), nil},
	{"DELETE", "/v2/users/{id}/temporary-role", directory.OpDeleteTemporaryRole, noReply(doWithID(service.DeleteTemporaryRole)), nil},
	{"GET", "/v2/temporary-roles", directory.OpListTemporaryRoles, replyList(call(service.ListTemporaryRoles), temporaryRoleOf), nil},
	{"GET", "/v2/users/{id}/profile", directory.OpGetUserProfile, reply(getUserProfile, userProfileOf), nil},
	{"PUT", "/v2/users/{id}/profile", directory.OpUpdateUserProfile, replyTo(updateUserProfile, userProfileOf), nil},
	{"GET", "/v2/users/{id}/created", directory.OpListCreated, reply(callWithID(service.ListCreated), createdOf), nil},
	{"GET", "/v2/users/{id}/tokens", directory.OpListMemberTokens, replyList(callWithID(service.ListMemberTokens), memberTokenOf), nil},
	{"GET", "/v2/users/{id}/sessions", directory.OpListMemberSessions, replyList(callWithID(service.ListMemberSessions), sessionOf), nil},
	{"DELETE", "/v2/users/{id}/sessions/{sessionId}", directory.OpEndMemberSession, noReply(endMemberSession), nil},
	{"DELETE", "/v2/users/{id}/tokens/{tokenId}", directory.OpRevokeMemberToken, noReply(revokeMemberToken), nil},
	{"POST", "/v2/users/{id}/sign-in-link", directory.OpCreateInvitationLink, reply(createInvitationLink, signInLinkOf), nil},
	{"GET", "/v2/users/{id}/access", directory.OpGetUserAccess, getUserAccess, []string{"at", "capability", "limit", "cursor"}},

	{"GET", "/v2/user", directory.OpGetSelf, reply(call(service.GetSelf), userOf), nil},
	{"PUT", "/v2/user", directory.OpUpdateSelf, replyTo(updateSelf, userOf), nil},
	{"GET", "/v2/user/access", directory.OpGetSelfAccess, getSelfAccess, []string{"capability", "limit", "cursor"}},
	{"GET", "/v2/user/tokens", directory.OpListPersonalTokens, replyList(call(service.ListPersonalTokens), personalTokenOf), nil},
	{"POST", "/v2/user/tokens", directory.OpCreatePersonalToken, replyTo(createPersonalToken, issuedPersonalTokenOf), []string{paramNetworks}},
	{"DELETE", "/v2/user/tokens/{id}", directory.OpDeletePersonalToken, noReply(doWithID(service.DeletePersonalToken)), nil},
	{"GET", "/v2/user/tokens/{id}/networks", directory.OpGetPersonalTokenNetworks, reply(callWithID(service.GetPersonalTokenNetworks), tokenNetworksOf), nil},
	{"PUT", "/v2/user/tokens/{id}/networks", directory.OpUpdatePersonalTokenNetworks, replyTo(updatePersonalTokenNetworks, tokenNetworksOf), nil},
	{"GET", "/v2/user/sessions", directory.OpListSessions, replyList(call(service.ListSessions), sessionOf), nil},
	{"DELETE", "/v2/user/sessions", directory.OpDeleteSessions, noReply(deleteSessions), nil},
	{"DELETE", "/v2/user/sessions/{id}", directory.OpDeleteSession, noReply(doWithID(service.DeleteSession)), nil},
	{"GET", "/v2/user/passkeys", directory.OpListPasskeys, replyList(call(service.ListPasskeys), passkeyOf), nil},
	{"PUT", "/v2/user/passkeys/{id}", directory.OpUpdatePasskey, replyTo(renamePasskey, passkeyOf), nil},
	{"DELETE", "/v2/user/passkeys/{id}", directory.OpDeletePasskey, noReply(doWithID(service.DeletePasskey)), nil},
	{"GET", "/v2/user/invitations", directory.OpListInvitations, replyList(call(service.ListInvitations), invitationOf), nil},
	{"POST", "/v2/user/invitations/{orgId}/accept", directory.OpAcceptInvitation, reply(acceptInvitation, userOf), nil},
	{"POST", "/v2/user/invitations/{orgId}/decline", directory.OpDeclineInvitation, noReply(declineInvitation), nil},

	{"GET", "/v2/invitations", directory.OpListOrgInvitations, replyList(listOrgInvitations, orgInvitationOf), []string{"limit", "cursor"}},
	{"DELETE", "/v2/invitations/{id}", directory.OpRevokeInvitation, noReply(doWithID(service.RevokeInvitation)), nil},
	{"POST", "/v2/invitations/{id}/resend", directory.OpResendInvitation, reply(callWithID(service.ResendInvitation), orgInvitationOf), nil},

	{"GET", "/v2/tokens", directory.OpListAPITokens, replyList(call(service.ListAPITokens), apiTokenOf), nil},
	{"POST", "/v2/tokens", directory.OpCreateAPIToken, replyTo(createAPIToken, issuedAPITokenOf), []string{paramNetworks}},
	{"GET", "/v2/tokens/usage", directory.OpListTokenUsage, replyList(listTokenUsage, tokenUsageOf), []string{"unusedSince"}},
	{"GET", "/v2/tokens/{id}", directory.OpGetAPIToken, reply(callWithID(service.GetAPIToken), apiTokenOf), nil},
	{"DELETE", "/v2/tokens/{id}", directory.OpDeleteAPIToken, noReply(doWithID(service.DeleteAPIToken)), nil},
	{"GET", "/v2/tokens/{id}/usage", directory.OpGetTokenUsage, reply(callWithID(service.GetTokenUsage), tokenUsageOf), nil},
	{"GET", "/v2/tokens/{id}/networks", directory.OpGetAPITokenNetworks, reply(callWithID(service.GetAPITokenNetworks), tokenNetworksOf), nil},
	{"PUT", "/v2/tokens/{id}/networks", directory.OpUpdateAPITokenNetworks, replyTo(updateAPITokenNetworks, tokenNetworksOf), nil},
	{"POST", "/v2/tokens/{id}/regenerate", directory.OpRegenerateAPIToken, replyTo(regenerateAPIToken, issuedAPITokenOf), []string{paramKeepLifetime}},

	{"GET", "/v2/rbac/roles", directory.OpListRoles, replyList(call(service.ListRoles), roleOf), nil},
	{"POST", "/v2/rbac/roles", directory.OpCreateRole, replyTo(createRole, roleOf), nil},
	{"GET", "/v2/rbac/roles/{id}", directory.OpGetRole, reply(callWithID(service.GetRole), roleOf), nil},
	{"PUT", "/v2/rbac/roles/{id}", directory.OpUpdateRole, replyTo(updateRole, roleOf), nil},
	{"DELETE", "/v2/rbac/roles/{id}", directory.OpDeleteRole, noReply(doWithID(service.DeleteRole)), nil},

	{"GET", "/v2/apps", directory.OpListApplications, replyList(call(service.ListApplications), applicationOf), nil},
	{"POST", "/v2/apps", directory.OpCreateApplication, replyTo(createApplication, applicationOf), nil},
	{"GET", "/v2/apps/{id}", directory.OpGetApplication, reply(callWithID(service.GetApplication), applicationOf), nil},
	{"PUT", "/v2/apps/{id}", directory.OpUpdateApplication, replyTo(updateApplication, applicationOf), []string{paramForce}},
	{"DELETE", "/v2/apps/{id}", directory.OpDeleteApplication, noReply(deleteApplication), []string{paramForce}},
	{"GET", "/v2/apps/{id}/credentials", directory.OpListAppCredentials, replyList(callWithID(service.ListCredentials), appCredentialOf), nil},
	{"POST", "/v2/apps/{id}/credentials", directory.OpCreateAppCredential, reply(createAppCredential, issuedAppCredentialOf), nil},
	{"DELETE", "/v2/apps/{id}/credentials/{credentialId}", directory.OpDeleteAppCredential, noReply(deleteAppCredential), nil},

	{"GET", "/v2/rbac/groups", directory.OpListGroups, replyList(call(service.ListGroups), groupOf), nil},
	{"POST", "/v2/rbac/groups", directory.OpCreateGroup, replyTo(createGroup, groupOf), nil},
	{"GET", "/v2/rbac/groups/{id}", directory.OpGetGroup, reply(callWithID(service.GetGroup), groupOf), nil},
	{"PUT", "/v2/rbac/groups/{id}", directory.OpUpdateGroup, replyTo(updateGroup, groupOf), nil},
	{"DELETE", "/v2/rbac/groups/{id}", directory.OpDeleteGroup, noReply(doWithID(service.DeleteGroup)), nil},
	{"POST", "/v2/rbac/groups/{id}/members", directory.OpUpdateGroupMembers, noReplyTo(updateGroupMembers), nil},
	{"PUT", "/v2/rbac/groups/{id}/members/{userId}", directory.OpAddGroupMember, noReply(addGroupMember), nil},
	{"DELETE", "/v2/rbac/groups/{id}/members/{userId}", directory.OpRemoveGroupMember, noReply(removeGroupMember), nil},

	{"GET", "/v2/audit", directory.OpListEntries, listEntries, []string{"from", "to", "actor", "action", "target", "outcome", "order", "limit", "cursor", "format"}},
	{"GET", "/v2/events", directory.OpStreamEvents, streamEvents, []string{"actor", "action", "target", "outcome", "lastEventId"}},
	{"GET", "/v2/audit/checkpoint", directory.OpGetCheckpoint, getCheckpoint, []string{"size"}},
	{"GET", "/v2/audit/checkpoints", directory.OpListCheckpoints, replyList(listCheckpoints, checkpointOf), []string{"after", "limit"}},
	{"GET", "/v2/audit/keys", directory.OpGetAuditKeys, reply(call(service.AuditKeys), auditKeysOf), nil},
	{"GET", "/v2/audit/inclusion", directory.OpProveInclusion, reply(proveInclusion, inclusionOf), []string{"sequence", "size"}},
	{"GET", "/v2/audit/consistency", directory.OpProveConsistency, reply(proveConsistency, consistencyOf), []string{"from", "to"}},
	{"GET", "/v2/audit/retention", directory.OpGetRetention, reply(call(service.GetRetention), retentionOf), nil},
	{"PUT", "/v2/audit/retention", directory.OpUpdateRetention, replyTo(updateRetention, retentionOf), nil},
	{"POST", "/v2/audit/erasures", directory.OpEraseUser, replyTo(eraseUser, erasureOf), nil},

	{"GET", "/v2/limits", directory.OpListLimits, replyList(call(service.ListLimits), limitUseOf), nil},
	{"GET", "/v2/orgs", directory.OpListOrgs, replyList(call(service.ListOrgs), orgOf), nil},
	{"POST", "/v2/orgs", directory.OpCreateOrg, replyTo(createOrg, orgOf), nil},
	{"GET", "/v2/orgs/{id}", directory.OpGetOrg, reply(callWithID(service.GetOrg), orgOf), nil},
	{"PUT", "/v2/orgs/{id}", directory.OpUpdateOrg, replyTo(updateOrg, orgOf), nil},
	{"GET", "/v2/orgs/{id}/settings", directory.OpGetOrgSettings, reply(callWithID(service.GetOrgSettings), orgSettingsOf), nil},
	{"PUT", "/v2/orgs/{id}/settings", directory.OpUpdateOrgSettings, replyTo(updateOrgSettings, orgSettingsOf), nil},
	{"GET", "/v2/orgs/{id}/session-limits", directory.OpGetSessionLimits, reply(callWithID(service.GetSessionLimits), sessionLimitsOf), nil},
	{"PUT", "/v2/orgs/{id}/session-limits", directory.OpUpdateSessionLimits, replyTo(updateSessionLimits, sessionLimitsOf), nil},
	{"GET", "/v2/orgs/{id}/sign-in-rules", directory.OpGetSignInRules, reply(callWithID(service.GetSignInRules), signInRulesOf), nil},
	{"PUT", "/v2/orgs/{id}/sign-in-rules", directory.OpUpdateSignInRules, replyTo(updateSignInRules, signInRulesOf), nil},
	{"GET", "/v2/issuers", directory.OpListIssuers, replyList(call(service.ListIssuers), issuerOf), nil},
	{"POST", "/v2/issuers", directory.OpCreateIssuer, replyTo(createIssuer, issuerOf), nil},
	{"GET", "/v2/issuers/{id}", directory.OpGetIssuer, reply(callWithID(service.GetIssuer), issuerOf), nil},
	{"GET", "/v2/issuers/{id}/check", directory.OpCheckIssuer, reply(callWithID(service.CheckIssuer), issuerCheckOf), nil},
	{"PUT", "/v2/issuers/{id}", directory.OpUpdateIssuer, replyTo(updateIssuer, issuerOf), nil},
	{"DELETE", "/v2/issuers/{id}", directory.OpDeleteIssuer, noReply(doWithID(service.DeleteIssuer)), nil},
	{"GET", "/v2/domains", directory.OpListDomains, replyList(call(service.ListDomains), domainOf), nil},
	{"POST", "/v2/domains", directory.OpAddDomain, replyTo(addDomain, domainOf), nil},
	{"DELETE", "/v2/domains/{id}", directory.OpDeleteDomain, noReply(doWithID(service.DeleteDomain)), nil},
	{"POST", "/v2/domains/{id}/verify", directory.OpVerifyDomain, reply(callWithID(service.VerifyDomain), domainOf), nil},
	{"GET", "/v2/scim", directory.OpGetProvisioning, reply(getProvisioning, provisioningStatusOf), nil},
	{"GET", "/v2/scim/settings", directory.OpGetProvisioningSettings, reply(getProvisioningSettings, provisioningSettingsOf), nil},
	{"PUT", "/v2/scim/settings", directory.OpUpdateProvisioningSettings, replyTo(updateProvisioningSettings, provisioningSettingsOf), nil},
	{"POST", "/v2/scim/hold/approve", directory.OpApproveProvisioning, reply(approveProvisioning, provisioningStatusOf), nil},
	{"POST", "/v2/scim/hold/end", directory.OpEndProvisioningHold, reply(endProvisioningHold, provisioningStatusOf), nil},
	{"GET", "/v2/webhooks", directory.OpListWebhooks, replyList(call(service.ListWebhooks), webhookOf), nil},
	{"POST", "/v2/webhooks", directory.OpCreateWebhook, replyTo(createWebhook, issuedWebhookOf), nil},
	{"GET", "/v2/webhooks/{id}", directory.OpGetWebhook, reply(callWithID(service.GetWebhook), webhookOf), nil},
	{"PUT", "/v2/webhooks/{id}", directory.OpUpdateWebhook, replyTo(updateWebhook, webhookOf), nil},
	{"DELETE", "/v2/webhooks/{id}", directory.OpDeleteWebhook, noReply(doWithID(service.DeleteWebhook)), nil},
	{"POST", "/v2/webhooks/{id}/rotate-secret", directory.OpRotateSecret, replyTo(rotateWebhookSecret, issuedWebhookOf), nil},
	{"POST", "/v2/webhooks/{id}/test", directory.OpTestWebhook, noReply(doWithID(service.TestWebhook)), nil},
	{"POST", "/v2/webhooks/{id}/replay", directory.OpReplayWebhook, replyTo(replayWebhook, replayedOf), nil},
	{"GET", "/v2/webhooks/{id}/deliveries", directory.OpListDeliveries, replyList(listDeliveries, deliveryOf), []string{"state", "limit", "cursor"}},
	{"POST", "/v2/webhooks/{id}/deliveries/{deliveryId}/replay", directory.OpReplayDelivery, reply(replayDelivery, deliveryOf), nil},

	{"POST", "/v2/orgs/provision", directory.OpProvisionOrg, ifProvisioning(replyTo(provisionOrg, provisionedOf)), nil},
	{"POST", "/v2/orgs/claim", directory.OpClaimOrg, ifProvisioning(replyTo(claimOrg, claimedOf)), nil},
}

// ownWork is what the handler of a route does itself because it streams.
type ownWork struct {
	// body: it reads the body while it responds. Preconditions and idempotency keys don't apply.
	body bool
	// places: it bounds its own requests, because they stay under way for hours.
	places bool
	// application, if set, is what the credential of an application gets instead.
	application *appWork
}

// appWork is an operation for applications, without query parameters.
type appWork struct {
	op     directory.Operation
	handle handler
}

// as is the endpoint as it is for a principal.
func (e endpoint) as(p *directory.Principal) endpoint {
	if work := e.own.application; work != nil && p != nil && p.Kind == directory.AppClient {
		e.op, e.handle, e.reads = work.op, work.handle, nil
	}
	return e
}

// own has the routes that stream their body or stay open.
var own = map[string]ownWork{
	"POST /v2/users/import": {body: true},
	"GET /v2/events":        {places: true, application: &appWork{directory.OpWatchAccess, streamAccess}},
}

// mountV2 mounts the table of v2.
func (a *API) mountV2() {
	table := make([]endpoint, len(v2))
	for i, rt := range v2 {
		name := rt.method + " " + rt.pattern
		table[i] = endpoint{route: rt, cost: costs[name], own: own[name], dispatch: (*request).dispatch}
		table[i].reads = rt.parameters()
	}
	a.unknown = a.mount("/v2/", table, writeError)
}

// mount puts a table on the mux, a handler per path, so that other methods of a path get a
// 405. It returns the handler of every other path under the prefix, which requires a token
// before it responds with 404.
func (a *API) mount(prefix string, table []endpoint, write errorWriter) http.HandlerFunc {
	methods := make(map[string]map[string]endpoint)
	for _, e := range table {
		if methods[e.pattern] == nil {
			methods[e.pattern] = make(map[string]endpoint)
		}
		e.prefix, e.metrics = prefix, a.metrics.route(e.method, e.pattern)
		methods[e.pattern][e.method] = e
		if e.method == http.MethodGet {
			methods[e.pattern][http.MethodHead] = e
		}
	}
	for pattern, byMethod := range methods {
		a.mux.Handle(pattern, a.atPath(byMethod, write))
	}
	unknown := a.atPath(nil, write)
	if methods[prefix] == nil { // else a route is for all paths
		a.mux.Handle(prefix, unknown)
	}
	return unknown
}

// endpoint is a mounted route, with its metrics, its cost and its own work. dispatch
// carries a request through it.
type endpoint struct {
	route
	prefix   string // of the table
	metrics  *routeMetrics
	cost     cost
	own      ownWork
	decides  bool // see [protocol.Route]
	dispatch func(*request, endpoint) error
}
