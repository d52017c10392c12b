package scimtest

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
)

// State is what a server has of a directory, without what differs between two servers that
// were given the same: ids, URLs and times.
type State struct {
	Users  map[string]string // JSON by user name
	Groups map[string]string // by display name
	// Versions has the version of each resource by id.
	Versions map[string]string
}

// State reads all users and groups by cursors.
func (p *Provider) State(ctx context.Context) (State, error) {
	s := State{Users: make(map[string]string), Groups: make(map[string]string), Versions: make(map[string]string)}
	names := make(map[string]string) // of users, by id
	err := p.each(ctx, "/Users", func(user Object) error {
		name, _ := user["userName"].(string)
		names[s.version(user)] = name
		return s.add(s.Users, name, user)
	})
	if err != nil {
		return s, err
	}
	return s, p.each(ctx, "/Groups", func(group Object) error {
		s.version(group)
		members, _ := group["members"].([]any)
		var named []string
		for _, m := range members {
			m, _ := m.(Object)
			id, _ := m["value"].(string)
			named = append(named, names[id])
		}
		slices.Sort(named)
		group["members"] = named
		name, _ := group["displayName"].(string)
		return s.add(s.Groups, name, group)
	})
}

// version notes the version of a resource and returns its id.
func (s State) version(resource Object) string {
	id, _ := resource["id"].(string)
	meta, _ := resource["meta"].(Object)
	s.Versions[id], _ = meta["version"].(string)
	return id
}

func (s State) add(to map[string]string, name string, resource Object) error {
	if _, twice := to[name]; twice {
		return fmt.Errorf("%s is there twice", name)
	}
	groups, _ := resource["groups"].([]any)
	var in []string
	for _, g := range groups {
		g, _ := g.(Object)
		name, _ := g["display"].(string)
		in = append(in, name)
	}
	slices.Sort(in)
	resource["groups"] = in
	delete(resource, "id")
	delete(resource, "meta")
	b, err := json.Marshal(resource)
	to[name] = string(b)
	return err
}

// each calls fn for all resources.
func (p *Provider) each(ctx context.Context, path string, fn func(Object) error) error {
	next := ""
	for {
		page, err := p.Do(ctx, http.MethodGet, path+"?count=200&cursor="+next, nil)
		if err != nil {
			return err
		}
		resources, _ := page["Resources"].([]any)
		for _, r := range resources {
			resource, _ := r.(Object)
			if err := fn(resource); err != nil {
				return err
			}
		}
		if next, _ = page["nextCursor"].(string); next == "" {
			return nil
		}
	}
}
