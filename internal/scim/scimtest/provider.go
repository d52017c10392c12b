// Package scimtest plays an identity provider: it keeps the users and groups of a directory
// in step with a server, one request at a time, by nothing but SCIM over HTTP.
package scimtest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// Object is a JSON object.
type Object = map[string]any

// Provider is an identity provider with a directory of numbered users, each of whom is in
// one of its groups.
type Provider struct {
	URL    string // of the server, without a path
	Token  string
	Users  int
	Groups int
	Client *http.Client // nil: [http.DefaultClient]
	// Wait waits as long as a response with status 429 asks for; nil: it sleeps.
	Wait func(time.Duration)
	// Before is called before each request with its number, from 1; nil: nothing is called.
	Before func(request int)

	Requests int // sent so far
	Limited  int // of them, those that were answered with 429
	// MostLimited is how often in a row one request was answered with 429, at most.
	MostLimited int
}

// membersAtATime is how many members an identity provider adds by one request.
const membersAtATime = 100

// Sync looks for each user and group, creates those who are not there, and sends those who
// are with all attributes. Then it adds the members to each group. It ends at the first
// error, as an identity provider does that can't reach the server.
func (p *Provider) Sync(ctx context.Context) error {
	ids := make([]string, p.Users)
	for i := range ids {
		user, err := p.put(ctx, "/Users", "userName", userName(i), profile(i))
		if err != nil {
			return err
		}
		ids[i] = user
	}
	for g := range p.Groups {
		group, err := p.put(ctx, "/Groups", "displayName", groupName(g), nil)
		if err != nil {
			return err
		}
		var members []Object
		for i := g; i < p.Users; i += p.Groups {
			members = append(members, Object{"value": ids[i]})
		}
		for len(members) > 0 {
			n := min(membersAtATime, len(members))
			change := Object{
				"schemas":    []string{"urn:ietf:params:scim:api:messages:2.0:PatchOp"},
				"Operations": []Object{{"op": "add", "path": "members", "value": members[:n]}},
			}
			if _, err := p.Do(ctx, http.MethodPatch, "/Groups/"+group, change); err != nil {
				return err
			}
			members = members[n:]
		}
	}
	return nil
}

// put looks for a resource by a name, creates it if it is not there, and otherwise replaces
// its attributes; nil leaves them. It returns the id.
func (p *Provider) put(ctx context.Context, path, attribute, name string, attributes Object) (id string, err error) {
	query := url.Values{"filter": {fmt.Sprintf("%s eq %q", attribute, name)}, "excludedAttributes": {"members"}}
	found, err := p.Do(ctx, http.MethodGet, path+"?"+query.Encode(), nil)
	if err != nil {
		return "", err
	}
	resources, _ := found["Resources"].([]any)
	var made Object
	switch {
	case len(resources) == 0 && attributes == nil:
		made, err = p.Do(ctx, http.MethodPost, path, Object{attribute: name, "schemas": []string{"urn:ietf:params:scim:schemas:core:2.0:Group"}})
	case len(resources) == 0:
		made, err = p.Do(ctx, http.MethodPost, path, attributes)
	default:
		made, _ = resources[0].(Object)
		if id, _ := made["id"].(string); attributes != nil {
			made, err = p.Do(ctx, http.MethodPut, path+"/"+id, attributes)
		}
	}
	id, _ = made["id"].(string)
	if err == nil && id == "" {
		err = fmt.Errorf("%s %s has no id", path, name)
	}
	return id, err
}

func userName(i int) string { return fmt.Sprintf("user%d@example.com", i) }

func groupName(g int) string { return fmt.Sprintf("Group %d", g) }

// profile is what the directory says of a user.
func profile(i int) Object {
	const enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
	return Object{
		"schemas":    []string{"urn:ietf:params:scim:schemas:core:2.0:User", enterprise},
		"userName":   userName(i),
		"externalId": fmt.Sprintf("00u%d", i),
		"active":     true,
		"title":      "Engineer",
		"name":       Object{"givenName": "User", "familyName": fmt.Sprint("Number ", i)},
		"emails":     []Object{{"value": userName(i), "type": "work", "primary": true}},
		enterprise:   Object{"department": fmt.Sprint("Department ", i%7), "employeeNumber": fmt.Sprint(i)},
	}
}

// Do sends a request, again if the rate limit refuses it, and returns the body. A status
// of another class than 2xx is an error.
func (p *Provider) Do(ctx context.Context, method, path string, body Object) (Object, error) {
	for tries := 1; ; tries++ {
		status, header, answer, err := p.send(ctx, method, path, body)
		switch {
		case err != nil:
			return nil, fmt.Errorf("%s %s: %w", method, path, err)
		case status == http.StatusTooManyRequests:
			p.Limited++
			p.MostLimited = max(p.MostLimited, tries)
			seconds, err := strconv.Atoi(header.Get("Retry-After"))
			if err != nil || seconds < 1 {
				return nil, fmt.Errorf("%s %s: a 429 has Retry-After %q", method, path, header.Get("Retry-After"))
			}
			p.wait(time.Duration(seconds) * time.Second)
		case status/100 != 2:
			return nil, fmt.Errorf("%s %s: %d %s", method, path, status, answer)
		case len(answer) == 0:
			return nil, nil
		default:
			var o Object
			err := json.Unmarshal(answer, &o)
			return o, err
		}
	}
}

func (p *Provider) wait(d time.Duration) {
	if p.Wait == nil {
		time.Sleep(d)
		return
	}
	p.Wait(d)
}

func (p *Provider) send(ctx context.Context, method, path string, body Object) (int, http.Header, []byte, error) {
	p.Requests++
	if p.Before != nil {
		p.Before(p.Requests)
	}
	var content io.Reader
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			return 0, nil, nil, err
		}
		content = bytes.NewReader(b)
	}
	r, err := http.NewRequestWithContext(ctx, method, p.URL+"/scim/v2"+path, content)
	if err != nil {
		return 0, nil, nil, err
	}
	r.Header.Set("Authorization", "Bearer "+p.Token)
	r.Header.Set("Content-Type", "application/scim+json")
	client := p.Client
	if client == nil {
		client = http.DefaultClient
	}
	answer, err := client.Do(r)
	if err != nil {
		return 0, nil, nil, err
	}
	defer answer.Body.Close()
	b, err := io.ReadAll(answer.Body)
	return answer.StatusCode, answer.Header, b, err
}
