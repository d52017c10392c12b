package directory_test

import (
	"encoding/json"
	"slices"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/rosterhq/roster/internal/authz"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/text"
)

// everything is a wire format with all that a user has.
var everything = directory.WireFormat{Encode: func(u directory.User) []byte {
	b, err := json.Marshal(u)
	if err != nil {
		panic(err)
	}
	return b
}}

// checkCache gets every user by id and every address, of users that exist and that
// existed, twice: as an earlier step left the cache, and as the first read fills it.
func (h *harness) checkCache(t *rapid.T, r *reality) {
	if h.ids == nil {
		h.ids = make(map[directory.OrgID]map[directory.UserID]bool)
	}
	for _, o := range h.m.orgs {
		if h.ids[o.id] == nil {
			h.ids[o.id] = make(map[directory.UserID]bool)
		}
		byID, byEmail := make(map[directory.UserID]string), make(map[string]string)
		for _, u := range r.users[o.id] {
			byID[u.ID], byEmail[text.FoldKey(u.Email)] = string(everything.Encode(u)), string(everything.Encode(u))
			h.ids[o.id][u.ID] = true
		}
		call := directory.Call{Principal: &directory.Principal{Kind: directory.APIToken, OrgID: o.id, Capabilities: authz.Everything()}}
		for range 2 {
			for id := range h.ids[o.id] {
				got, err := h.w.GetUserWire(h.w.Context(), call, id, everything)
				h.wantWire(t, "user "+string(id), byID[id], got, err)
			}
			for _, name := range slices.Concat([]string{"olivia", "OLIVIA"}, people) {
				email := name + "@example.com"
				got, err := h.w.FindUserWire(h.w.Context(), call, email, everything)
				h.wantWire(t, email, byEmail[text.FoldKey(email)], got, err)
			}
		}
	}
}

func (h *harness) wantWire(t *rapid.T, what, want string, got []byte, err error) {
	if err != nil && directory.CodeOf(err) != directory.NotFound {
		h.fail(t, "%s: %v", what, err)
	}
	if string(got) != want {
		h.fail(t, "%s (-stored +read):\n%s", what, cmp.Diff(want, string(got)))
	}
}
