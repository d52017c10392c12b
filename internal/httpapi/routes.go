package httpapi

import (
	"net/http"
	"slices"
	"strings"

	"github.com/rosterhq/roster/internal/directory"
)

// route is one operation at its place. The permission is the operation's; a
// route can't be written down without one.
type route struct {
	method  string
	pattern string
	op      directory.Operation
	handle  handler
}

// v2 is the table of the API: what is not in it does not exist.
var v2 = []route{
	{"GET", "/v2/users", directory.OpListUsers, listUsers},
	{"POST", "/v2/users", directory.OpCreateUser, createUser},
	{"GET", "/v2/users/{id}", directory.OpGetUser, getUser},
	{"PUT", "/v2/users/{id}", directory.OpUpdateSelf, updateUser},
	{"DELETE", "/v2/users/{id}", directory.OpRemoveUser, removeUser},
	{"PUT", "/v2/users/{id}/role", directory.OpUpdateUserRole, updateUserRole},
	{"GET", "/v2/users/{id}/access", directory.OpGetUserAccess, getUserAccess},

	{"GET", "/v2/user", directory.OpGetSelf, getSelf},
	{"PUT", "/v2/user", directory.OpUpdateSelf, updateSelf},
	{"GET", "/v2/user/access", directory.OpGetSelfAccess, getSelfAccess},
	{"GET", "/v2/user/tokens", directory.OpListPersonalTokens, listPersonalTokens},
	{"POST", "/v2/user/tokens", directory.OpCreatePersonalToken, createPersonalToken},
	{"DELETE", "/v2/user/tokens/{id}", directory.OpDeletePersonalToken, deletePersonalToken},
	{"GET", "/v2/user/invitations", directory.OpListInvitations, listInvitations},
	{"POST", "/v2/user/invitations/{orgId}/accept", directory.OpAcceptInvitation, acceptInvitation},
	{"POST", "/v2/user/invitations/{orgId}/decline", directory.OpDeclineInvitation, declineInvitation},

	{"GET", "/v2/tokens", directory.OpListAPITokens, listAPITokens},
	{"POST", "/v2/tokens", directory.OpCreateAPIToken, createAPIToken},
	{"GET", "/v2/tokens/{id}", directory.OpGetAPIToken, getAPIToken},
	{"DELETE", "/v2/tokens/{id}", directory.OpDeleteAPIToken, deleteAPIToken},
	{"GET", "/v2/tokens/{id}/usage", directory.OpGetTokenUsage, getTokenUsage},
	{"POST", "/v2/tokens/{id}/regenerate", directory.OpRegenerateAPIToken, regenerateAPIToken},

	{"GET", "/v2/rbac/roles", directory.OpListRoles, listRoles},
	{"POST", "/v2/rbac/roles", directory.OpCreateRole, createRole},
	{"GET", "/v2/rbac/roles/{id}", directory.OpGetRole, getRole},
	{"PUT", "/v2/rbac/roles/{id}", directory.OpUpdateRole, updateRole},
	{"DELETE", "/v2/rbac/roles/{id}", directory.OpDeleteRole, deleteRole},

	{"GET", "/v2/rbac/groups", directory.OpListGroups, listGroups},
	{"POST", "/v2/rbac/groups", directory.OpCreateGroup, createGroup},
	{"GET", "/v2/rbac/groups/{id}", directory.OpGetGroup, getGroup},
	{"PUT", "/v2/rbac/groups/{id}", directory.OpUpdateGroup, updateGroup},
	{"DELETE", "/v2/rbac/groups/{id}", directory.OpDeleteGroup, deleteGroup},

	{"GET", "/v2/audit", directory.OpListEntries, listEntries},
	{"GET", "/v2/events", directory.OpStreamEvents, streamEvents},
	{"GET", "/v2/audit/checkpoint", directory.OpGetCheckpoint, getCheckpoint},
	{"GET", "/v2/audit/checkpoints", directory.OpListCheckpoints, listCheckpoints},
	{"GET", "/v2/audit/keys", directory.OpGetAuditKeys, getAuditKeys},
	{"GET", "/v2/audit/inclusion", directory.OpProveInclusion, proveInclusion},
	{"GET", "/v2/audit/consistency", directory.OpProveConsistency, proveConsistency},
	{"GET", "/v2/audit/retention", directory.OpGetRetention, getRetention},
	{"PUT", "/v2/audit/retention", directory.OpUpdateRetention, updateRetention},
	{"POST", "/v2/audit/erasures", directory.OpEraseUser, eraseUser},

	{"GET", "/v2/orgs", directory.OpListOrgs, listOrgs},
	{"POST", "/v2/orgs", directory.OpCreateOrg, createOrg},
	{"GET", "/v2/orgs/{id}", directory.OpGetOrg, getOrg},
	{"PUT", "/v2/orgs/{id}", directory.OpUpdateOrg, updateOrg},
	{"GET", "/v2/webhooks", directory.OpListWebhooks, listWebhooks},
	{"POST", "/v2/webhooks", directory.OpCreateWebhook, createWebhook},
	{"GET", "/v2/webhooks/{id}", directory.OpGetWebhook, getWebhook},
	{"PUT", "/v2/webhooks/{id}", directory.OpUpdateWebhook, updateWebhook},
	{"DELETE", "/v2/webhooks/{id}", directory.OpDeleteWebhook, deleteWebhook},
	{"POST", "/v2/webhooks/{id}/rotate-secret", directory.OpRotateSecret, rotateWebhookSecret},
	{"POST", "/v2/webhooks/{id}/test", directory.OpTestWebhook, testWebhook},
	{"POST", "/v2/webhooks/{id}/replay", directory.OpReplayWebhook, replayWebhook},
	{"GET", "/v2/webhooks/{id}/deliveries", directory.OpListDeliveries, listDeliveries},
	{"POST", "/v2/webhooks/{id}/deliveries/{deliveryId}/replay", directory.OpReplayDelivery, replayDelivery},

	{"POST", "/v2/orgs/provision", directory.OpProvisionOrg, provisionOrg},
	{"POST", "/v2/orgs/claim", directory.OpClaimOrg, claimOrg},
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
		p, err := a.admit(rec, r, e.op)
		switch {
		case err != nil:
		case methods == nil:
			err = directory.Errorf(directory.NotFound, "there is no %s", r.URL.Path)
		case !ok:
			rec.Header().Set("Allow", allowed)
			err = directory.Errorf(codeMethodNotAllowed, "%s is not allowed here; allowed are %s", r.Method, allowed)
		default:
			err = a.serve(rec, r, e, p)
		}
		if err != nil {
			a.refused(rec, r, e, p, err)
			a.fail(rec, r, err)
		}
	}
}
