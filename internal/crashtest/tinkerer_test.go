package crashtest

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
)

// tinkerer makes, changes and deletes roles, groups and tokens, and keeps only what its
// next steps need. The log is checked against the database.
type tinkerer struct {
	token  string
	client *http.Client
	rng    *rand.Rand

	ids          map[string][]string // by path
	made         int
	acknowledged int
	wrong        error
}

var tinkered = []string{"/v2/rbac/roles", "/v2/rbac/groups", "/v2/tokens"}

func (k *tinkerer) run(ctx context.Context, base string) {
	for k.wrong == nil && ctx.Err() == nil {
		path := tinkered[k.rng.IntN(len(tinkered))]
		a := ask{method: "POST", path: path, token: k.token}
		known := k.ids[path]
		if i := k.rng.IntN(6); i < len(known) && len(known) > 0 {
			id := known[k.rng.IntN(len(known))]
			a.path += "/" + id
			switch {
			case k.rng.IntN(2) == 0:
				a.method = "DELETE"
				k.ids[path] = slices.DeleteFunc(known, func(one string) bool { return one == id })
			case path == "/v2/tokens":
				a.path += "/regenerate"
			default:
				a.method = "PUT"
			}
		}
		if a.method != "DELETE" {
			var err error
			if a.body, err = k.body(ctx, base, path, a.path != path); err != nil {
				return // the server is gone
			}
		}
		if !k.carryOut(ctx, base, path, a) {
			return
		}
	}
}

// body is what a role, a group or a token is made or changed with. A group's
// members are users whom others are about to remove.
func (k *tinkerer) body(ctx context.Context, base, path string, exists bool) (string, error) {
	k.made++
	name := fmt.Sprintf("Tinkered %d", k.made)
	action := []string{"create", "read", "update"}[k.rng.IntN(3)]
	switch {
	case path == "/v2/rbac/groups":
		members, err := k.some(ctx, base)
		if err != nil {
			return "", err
		}
		granted := append([]string{"read-only"}, k.ids["/v2/rbac/roles"]...)
		b, err := json.Marshal(map[string]any{"name": name, "members": members, "roles": granted[:1+k.rng.IntN(len(granted))]})
		return string(b), err
	case path == "/v2/tokens" && exists:
		return `{"existingTokenExpiresAt":"2999-01-01T00:00:00Z"}`, nil
	default:
		return fmt.Sprintf(`{"name":%q,"orgCapabilities":{"users":[%q]}}`, name, action), nil
	}
}

// some gives users from somewhere in the list.
func (k *tinkerer) some(ctx context.Context, base string) (ids []string, err error) {
	status, body, err := ask{method: "GET", path: "/v2/users?limit=200", token: k.token}.do(ctx, k.client, base)
	var page []user
	if err == nil {
		err = json.Unmarshal(body, &page)
	}
	if err != nil {
		return nil, fmt.Errorf("list users: %d %w", status, err)
	}
	for _, u := range page {
		if k.rng.IntN(10) == 0 {
			ids = append(ids, u.ID)
		}
	}
	return ids, nil
}

func (k *tinkerer) carryOut(ctx context.Context, base, path string, a ask) (answered bool) {
	status, body, err := a.do(ctx, k.client, base)
	if err != nil {
		return false
	}
	var made struct{ ID string }
	switch status {
	case http.StatusOK:
		k.acknowledged++
		if err := json.Unmarshal(body, &made); err != nil || made.ID == "" {
			k.wrong = fmt.Errorf("%s %s: %w in %s", a.method, a.path, err, body)
		} else if a.method == "POST" {
			k.ids[path] = append(k.ids[path], made.ID)
		}
	case http.StatusNoContent:
		k.acknowledged++
	case http.StatusBadRequest, http.StatusNotFound, http.StatusConflict:
		// A member was removed, an earlier delete had no answer, or the role is in use.
	default:
		k.wrong = fmt.Errorf("%s %s: %d %s", a.method, a.path, status, body)
	}
	return true
}
