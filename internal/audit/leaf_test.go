package audit_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"maps"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/rosterhq/roster/internal/audit"
)

type members = map[string]any

// A leaf is what docs/guide/audit.md says, put together here by other means: of a
// user who was changed, and of a role that was refused.
func TestLeafIsAsTheGuideSays(t *testing.T) {
	user := newEntry(7)
	user.RawBefore = user.RawAfter
	user.RawAfter = []byte(`{"id":"usr_7","orgId":"acme-x7q2","accountId":"acc_1","email":"jane@example.com","name":"Jane \"J\" Döe",` +
		`"role":{"id":"admin","name":"admin"},"createdAt":"2026-03-04T05:06:07Z"}`)
	role := newEntry(8)
	role.Actor = audit.Actor{Kind: "personalToken", TokenID: "ptk_b", UserID: "usr_1", Name: "Jo <jo@example.com>"}
	role.Action, role.Outcome, role.Reason = "updateRole", "refused", "forbidden"
	role.Target = audit.Target{Type: "role", ID: "rol_1", Name: "Größe"}
	role.RawAfter = nil
	for _, c := range []struct {
		entry         audit.Entry
		before, after any
		target        members
	}{
		{
			user,
			members{"id": "usr_7", "orgId": "acme-x7q2", "role": members{"id": "user", "name": "user"}, "createdAt": "2026-03-04T05:06:07Z"},
			members{"id": "usr_7", "orgId": "acme-x7q2", "role": members{"id": "admin", "name": "admin"}, "createdAt": "2026-03-04T05:06:07Z"},
			members{"id": "usr_7", "type": "user"},
		},
		{role, nil, nil, members{"id": "rol_1", "name": "Größe", "type": "role"}},
	} {
		leaf, err := c.entry.Finish()
		if err != nil {
			t.Fatal(err)
		}
		r := c.entry.Record
		want := members{
			"action": r.Action, "actor": given(members{"kind": r.Actor.Kind, "tokenId": r.Actor.TokenID, "userId": r.Actor.UserID}),
			"actorHash": committed(t, "actor", r.Proof.ActorSalt, members{"name": r.Actor.Name, "sourceAddress": "192.0.2.1", "userAgent": "curl/8"}),
			"after":     c.after, "before": c.before, "internalHash": base64.StdEncoding.EncodeToString(r.Proof.InternalHash[:]),
			"orgId": "acme-x7q2", "outcome": r.Outcome, "reason": r.Reason, "sequence": r.Sequence, "target": c.target,
			"time": r.Time.String(), "traceId": r.TraceID,
		}
		if r.Target.Type == "user" {
			want["targetHash"] = committed(t, "target", r.Proof.TargetSalt, members{
				"before": members{"email": "jane@example.com", "name": "Jane Doe"},
				"after":  members{"email": "jane@example.com", "name": `Jane "J" Döe`},
				"name":   "Jane Doe",
			})
		}
		if got := tlog.RecordHash(canonical(t, given(want))); got != leaf {
			t.Errorf("%s: the leaf is %v, the guide's %v", r.Action, leaf, got)
		}
		if again, err := r.Leaf(); err != nil || again != leaf {
			t.Errorf("%s: computed of what is shown the leaf is %v, %v", r.Action, again, err)
		}
	}
}

// given leaves out what is empty.
func given(m members) members {
	maps.DeleteFunc(m, func(_ string, v any) bool { return v == nil || v == "" })
	return m
}

func committed(t *testing.T, kind string, salt []byte, m members) string {
	t.Helper()
	h := sha256.New()
	for _, part := range [][]byte{[]byte("roster audit v1 " + kind + "\n"), salt, []byte("\n"), canonical(t, m)} {
		h.Write(part)
	}
	return base64.StdEncoding.EncodeToString(h.Sum(nil))
}

func canonical(t *testing.T, m members) []byte {
	t.Helper()
	b, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	v := jsontext.Value(b)
	if err := v.Canonicalize(); err != nil {
		t.Fatal(err)
	}
	return v
}
