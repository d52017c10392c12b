package httpapi

import (
	"net/http"
	"slices"
	"strings"

	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/quote"
)

// route is one operation at its place. The permission is the operation's; a
// route can't be written down without one.
type route struct {
	method  string
	pattern string
	op      directory.Operation
	handle  handler
	reads   []string // the query's parameters
}

// dryRun has everything checked and nothing done.
const dryRun = "dryRun"

// parameters are those that the query may have. Every write has dryRun, except
// those that anybody may do, who would see what they can't be shown.
func (rt route) parameters() []string {
	if rt.method == http.MethodGet || rt.op.Need.Public {
		return rt.reads
	}
	return append([]string{dryRun}, rt.reads...)
}

// v2 is the table of the API: what is not in it does not exist.
var v2 = []route{
	{"GET", "/v2/users", directory.OpListUsers, listUsers, []string{"limit", "cursor", "email", "role", "q", "at"}},
	{"POST", "/v2/users", directory.OpCreateUser, createUser, nil},
	{"GET", "/v2/users/{id}", directory.OpGetUser, getUser, nil},
	{"PUT", "/v2/users/{id}", directory.OpUpdateSelf, updateUser, nil},
	{"DELETE", "/v2/users/{id}", directory.OpRemoveUser, removeUser, []string{paramRevoke}},
	{"PUT", "/v2/users/{id}/role", directory.OpUpdateUserRole, updateUserRole, []string{paramRevoke}},
	{"GET", "/v2/users/{id}/created", directory.OpListCreated, listCreated, nil},
	{"GET", "/v2/users/{id}/access", directory.OpGetUserAccess, getUserAccess, []string{"at", "capability", "limit", "cursor"}},

	{"GET", "/v2/user", directory.OpGetSelf, getSelf, nil},
	{"PUT", "/v2/user", directory.OpUpdateSelf, updateSelf, nil},
	{"GET", "/v2/user/access", directory.OpGetSelfAccess, getSelfAccess, []string{"capability", "limit", "cursor"}},
	{"GET", "/v2/user/tokens", directory.OpListPersonalTokens, listPersonalTokens, nil},
	{"POST", "/v2/user/tokens", directory.OpCreatePersonalToken, createPersonalToken, []string{paramNetworks}},
	{"DELETE", "/v2/user/tokens/{id}", directory.OpDeletePersonalToken, deletePersonalToken, nil},
	{"GET", "/v2/user/tokens/{id}/networks", directory.OpGetPersonalTokenNetworks, getPersonalTokenNetworks, nil},
	{"PUT", "/v2/user/tokens/{id}/networks", directory.OpUpdatePersonalTokenNetworks, updatePersonalTokenNetworks, nil},
	{"GET", "/v2/user/invitations", directory.OpListInvitations, listInvitations, nil},
	{"POST", "/v2/user/invitations/{orgId}/accept", directory.OpAcceptInvitation, acceptInvitation, nil},
	{"POST", "/v2/user/invitations/{orgId}/decline", directory.OpDeclineInvitation, declineInvitation, nil},

	{"GET", "/v2/invitations", directory.OpListOrgInvitations, listOrgInvitations, []string{"limit", "cursor"}},
	{"DELETE", "/v2/invitations/{id}", directory.OpRevokeInvitation, revokeInvitation, nil},
	{"POST", "/v2/invitations/{id}/resend", directory.OpResendInvitation, resendInvitation, nil},

	{"GET", "/v2/tokens", directory.OpListAPITokens, listAPITokens, nil},
	{"POST", "/v2/tokens", directory.OpCreateAPIToken, createAPIToken, []string{paramNetworks}},
	{"GET", "/v2/tokens/{id}", directory.OpGetAPIToken, getAPIToken, nil},
	{"DELETE", "/v2/tokens/{id}", directory.OpDeleteAPIToken, deleteAPIToken, nil},
	{"GET", "/v2/tokens/{id}/usage", directory.OpGetTokenUsage, getTokenUsage, nil},
	{"GET", "/v2/tokens/{id}/networks", directory.OpGetAPITokenNetworks, getAPITokenNetworks, nil},
	{"PUT", "/v2/tokens/{id}/networks", directory.OpUpdateAPITokenNetworks, updateAPITokenNetworks, nil},
	{"POST", "/v2/tokens/{id}/regenerate", directory.OpRegenerateAPIToken, regenerateAPIToken, nil},

	{"GET", "/v2/rbac/roles", directory.OpListRoles, listRoles, nil},
	{"POST", "/v2/rbac/roles", directory.OpCreateRole, createRole, nil},
	{"GET", "/v2/rbac/roles/{id}", directory.OpGetRole, getRole, nil},
	{"PUT", "/v2/rbac/roles/{id}", directory.OpUpdateRole, updateRole, nil},
	{"DELETE", "/v2/rbac/roles/{id}", directory.OpDeleteRole, deleteRole, nil},

	{"GET", "/v2/rbac/groups", directory.OpListGroups, listGroups, nil},
	{"POST", "/v2/rbac/groups", directory.OpCreateGroup, createGroup, nil},
	{"GET", "/v2/rbac/groups/{id}", directory.OpGetGroup, getGroup, nil},
	{"PUT", "/v2/rbac/groups/{id}", directory.OpUpdateGroup, updateGroup, nil},
	{"DELETE", "/v2/rbac/groups/{id}", directory.OpDeleteGroup, deleteGroup, nil},
	{"POST", "/v2/rbac/groups/{id}/members", directory.OpUpdateGroupMembers, updateGroupMembers, nil},
	{"PUT", "/v2/rbac/groups/{id}/members/{userId}", directory.OpAddGroupMember, addGroupMember, nil},
	{"DELETE", "/v2/rbac/groups/{id}/members/{userId}", directory.OpRemoveGroupMember, removeGroupMember, nil},

	{"GET", "/v2/audit", directory.OpListEntries, listEntries, []string{"from", "to", "actor", "action", "target", "outcome", "order", "limit", "cursor", "format"}},
	{"GET", "/v2/events", directory.OpStreamEvents, streamEvents, []string{"actor", "action", "target", "outcome", "lastEventId"}},
	{"GET", "/v2/audit/checkpoint", directory.OpGetCheckpoint, getCheckpoint, []string{"size"}},
	{"GET", "/v2/audit/checkpoints", directory.OpListCheckpoints, listCheckpoints, []string{"after", "limit"}},
	{"GET", "/v2/audit/keys", directory.OpGetAuditKeys, getAuditKeys, nil},
	{"GET", "/v2/audit/inclusion", directory.OpProveInclusion, proveInclusion, []string{"sequence", "size"}},
	{"GET", "/v2/audit/consistency", directory.OpProveConsistency, proveConsistency, []string{"from", "to"}},
	{"GET", "/v2/audit/retention", directory.OpGetRetention, getRetention, nil},
	{"PUT", "/v2/audit/retention", directory.OpUpdateRetention, updateRetention, nil},
	{"POST", "/v2/audit/erasures", directory.OpEraseUser, eraseUser, nil},

	{"GET", "/v2/limits", directory.OpListLimits, listLimits, nil},
	{"GET", "/v2/orgs", directory.OpListOrgs, listOrgs, nil},
	{"POST", "/v2/orgs", directory.OpCreateOrg, createOrg, nil},
	{"GET", "/v2/orgs/{id}", directory.OpGetOrg, getOrg, nil},
	{"PUT", "/v2/orgs/{id}", directory.OpUpdateOrg, updateOrg, nil},
	{"GET", "/v2/orgs/{id}/settings", directory.OpGetOrgSettings, getOrgSettings, nil},
	{"PUT", "/v2/orgs/{id}/settings", directory.OpUpdateOrgSettings, updateOrgSettings, nil},
	{"GET", "/v2/webhooks", directory.OpListWebhooks, listWebhooks, nil},
	{"POST", "/v2/webhooks", directory.OpCreateWebhook, createWebhook, nil},
	{"GET", "/v2/webhooks/{id}", directory.OpGetWebhook, getWebhook, nil},
	{"PUT", "/v2/webhooks/{id}", directory.OpUpdateWebhook, updateWebhook, nil},
	{"DELETE", "/v2/webhooks/{id}", directory.OpDeleteWebhook, deleteWebhook, nil},
	{"POST", "/v2/webhooks/{id}/rotate-secret", directory.OpRotateSecret, rotateWebhookSecret, nil},
	{"POST", "/v2/webhooks/{id}/test", directory.OpTestWebhook, testWebhook, nil},
	{"POST", "/v2/webhooks/{id}/replay", directory.OpReplayWebhook, replayWebhook, nil},
	{"GET", "/v2/webhooks/{id}/deliveries", directory.OpListDeliveries, listDeliveries, []string{"state", "limit", "cursor"}},
	{"POST", "/v2/webhooks/{id}/deliveries/{deliveryId}/replay", directory.OpReplayDelivery, replayDelivery, nil},

	{"POST", "/v2/orgs/provision", directory.OpProvisionOrg, provisionOrg, nil},
	{"POST", "/v2/orgs/claim", directory.OpClaimOrg, claimOrg, nil},
}

// mountV2 puts the table on the mux, a handler per path, so that a path that
// exists answers other methods with 405. Everything else under /v2/ asks for a
// token before it says that it does not exist.
func (a *API) mountV2() {
	methods := make(map[string]map[string]endpoint)
	for _, rt := range v2 {
		if methods[rt.pattern] == nil {
			methods[rt.pattern] = make(map[string]endpoint)
		}
		e := endpoint{route: rt, metrics: a.metrics.route(rt.method, rt.pattern)}
		e.reads, e.cost = rt.parameters(), costs[rt.method+" "+rt.pattern]
		methods[rt.pattern][rt.method] = e
		if rt.method == http.MethodGet {
			methods[rt.pattern][http.MethodHead] = e
		}
	}
	for pattern, byMethod := range methods {
		a.mux.Handle(pattern, a.atPath(byMethod))
	}
	a.unknown = a.atPath(nil)
	a.mux.Handle("/v2/", a.unknown)
}

// endpoint is a route with what is counted about it.
type endpoint struct {
	route
	metrics *routeMetrics
	cost    cost
}

// atPath serves one path of the table; without methods, a path that is not in it.
func (a *API) atPath(methods map[string]endpoint) http.HandlerFunc {
	allow := make([]string, 0, len(methods))
	for m := range methods {
		allow = append(allow, m)
	}
	slices.Sort(allow)
	allowed := strings.Join(allow, ", ")
	return func(w http.ResponseWriter, r *http.Request) {
		rec := w.(*exchange) //nolint:forcetypeassert // ServeHTTP made it
		e, ok := methods[r.Method]
		rec.route = e.metrics
		p, err := a.admit(rec, r, e)
		switch {
		case err != nil:
		case methods == nil:
			err = directory.Errorf(directory.NotFound, "there is no %s", quote.Cut(r.URL.Path))
		case !ok:
			rec.Header().Set("Allow", allowed)
			err = directory.Errorf(codeMethodNotAllowed, "%s is not allowed here; allowed are %s", quote.Cut(r.Method), allowed)
		default:
			err = a.serveInTurn(rec, r, e, p)
		}
		if err != nil {
			a.refused(rec, r, e, p, err)
			a.fail(rec, r, err)
		}
	}
}
