package cli

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/rosterhq/roster/client"
)

// lookup finds objects of one kind by id or by name.
type lookup struct {
	kind   string   // such as "group"
	prefix string   // of ids, such as "grp_"
	ids    []string // other ids
	list   func(ctx context.Context, c *client.Client) ([]candidate, error)
}

// candidate is an object that a name may stand for.
type candidate struct{ id, name string }

// candidates makes the list of a lookup of a method that lists objects.
func candidates[T any](call func(c *client.Client, ctx context.Context) ([]T, error), of func(T) candidate) func(context.Context, *client.Client) ([]candidate, error) {
	return func(ctx context.Context, c *client.Client) ([]candidate, error) {
		list, err := call(c, ctx)
		all := make([]candidate, len(list))
		for i, v := range list {
			all[i] = of(v)
		}
		return all, err
	}
}

// The kinds of objects with names.
var (
	tokenLookup = lookup{kind: "token", prefix: "tok_", list: candidates((*client.Client).ListAPITokens, func(t client.APIToken) candidate { return candidate{t.ID, t.Name} })}
	patLookup   = lookup{kind: "personal token", prefix: "pat_", list: candidates((*client.Client).ListPersonalTokens, func(t client.PersonalToken) candidate { return candidate{t.ID, t.Name} })}
	groupLookup = lookup{kind: "group", prefix: "grp_", list: candidates((*client.Client).ListGroups, func(g client.Group) candidate { return candidate{g.ID, g.Name} })}
	roleLookup  = lookup{
		kind: "role", prefix: "role_", ids: []string{"owner", "admin", "user", "read-only", "none"},
		list: candidates((*client.Client).ListRoles, func(r client.Role) candidate { return candidate{r.ID, r.Name} }),
	}
	webhookLookup = lookup{kind: "webhook", prefix: "whk_", list: candidates((*client.Client).ListWebhooks, func(w client.Webhook) candidate { return candidate{w.ID, w.Name} })}
	appLookup     = lookup{kind: "application", list: candidates((*client.Client).ListApplications, func(a client.Application) candidate { return candidate{a.ID, a.Name} })}
	issuerLookup  = lookup{kind: "issuer", prefix: "iss_", list: candidates((*client.Client).ListIssuers, func(i client.Issuer) candidate { return candidate{i.ID, i.Name} })}
	passkeyLookup = lookup{kind: "passkey", prefix: "pky_", list: candidates((*client.Client).ListPasskeys, func(p client.Passkey) candidate { return candidate{p.ID, p.Name} })}
)

// anyID is for objects without names.
var anyID = lookup{}

// idLength is the length of an id after its prefix.
const idLength = 26

func (l lookup) isID(given string) bool {
	return l.list == nil || slices.Contains(l.ids, given) || (l.prefix != "" && strings.HasPrefix(given, l.prefix) && len(given) == len(l.prefix)+idLength)
}

// find returns the id of the object that is given by id or name. If the caller may not
// list the objects, it returns what was given, and the request that follows is refused.
// An ambiguous name is an error that lists the ids.
func (l lookup) find(ctx context.Context, c *client.Client, given string) (string, error) {
	if l.isID(given) {
		return given, nil
	}
	all, err := l.list(ctx, c)
	if errors.Is(err, client.ErrForbidden) {
		return given, nil
	}
	if err != nil {
		return "", err
	}
	found := idsOf(all, func(o candidate) bool { return o.id == given || o.name == given })
	if len(found) == 0 {
		found = idsOf(all, func(o candidate) bool { return strings.EqualFold(o.name, given) })
	}
	switch len(found) {
	case 0:
		return "", &client.Error{Status: http.StatusNotFound, Message: fmt.Sprintf("no %s has the id or the name %q", l.kind, given)}
	case 1:
		return found[0], nil
	default:
		return "", usagef("%d %ss have the name %q; use one of the ids %s", len(found), l.kind, given, strings.Join(found, ", "))
	}
}

func idsOf(all []candidate, has func(candidate) bool) (ids []string) {
	for _, o := range all {
		if has(o) {
			ids = append(ids, o.id)
		}
	}
	return ids
}

// findAll is find for several objects. It never returns nil.
func (l lookup) findAll(ctx context.Context, c *client.Client, list []string) ([]string, error) {
	ids := []string{}
	for _, name := range given(list) {
		id, err := l.find(ctx, c, name)
		if err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, nil
}

// found makes a runner of one whose first argument is given by id or name.
func (l lookup) found(run runner) runner {
	return func(cmd *cobra.Command, c *client.Client, args []string) error {
		id, err := l.find(cmd.Context(), c, args[0])
		if err != nil {
			return err
		}
		return run(cmd, c, append([]string{id}, args[1:]...))
	}
}

// argument adds the completion of a command's first argument.
func (l lookup) argument(s *session, cmd *cobra.Command) *cobra.Command {
	if l.list == nil {
		return cmd
	}
	return argument(cmd, false, l.complete(s))
}

// completeTimeout bounds the requests of a completion.
const completeTimeout = 2 * time.Second

// completion is what shell completion calls for the values of an argument or a flag.
type completion func(cmd *cobra.Command, args []string, begun string) ([]string, cobra.ShellCompDirective)

// completes makes a completion of a function that lists values, each of which may have
// a description after a tab.
func (s *session) completes(values func(ctx context.Context, c *client.Client, begun string) ([]string, error)) completion {
	return func(cmd *cobra.Command, _ []string, begun string) ([]string, cobra.ShellCompDirective) {
		c, err := s.client(cmd)
		if err != nil {
			return nil, cobra.ShellCompDirectiveError
		}
		ctx, cancel := context.WithTimeout(cmd.Context(), completeTimeout)
		defer cancel()
		all, err := values(ctx, c, begun)
		if err != nil {
			return nil, cobra.ShellCompDirectiveError
		}
		all = slices.DeleteFunc(all, func(v string) bool { return !strings.HasPrefix(v, begun) })
		return all, cobra.ShellCompDirectiveNoFileComp
	}
}

// complete suggests names, or ids if the value begins like one.
func (l lookup) complete(s *session) completion {
	return s.completes(func(ctx context.Context, c *client.Client, begun string) ([]string, error) {
		all, err := l.list(ctx, c)
		values := make([]string, len(all))
		for i, o := range all {
			values[i] = visible(o.name) + "\t" + o.id
			if begun != "" && strings.HasPrefix(l.prefix, begun) || strings.HasPrefix(begun, l.prefix) {
				values[i] = o.id + "\t" + visible(o.name)
			}
		}
		return values, err
	})
}

// maxSuggested is how many users a completion suggests.
const maxSuggested = 50

// completeUsers suggests addresses of users.
func (s *session) completeUsers() completion {
	return s.completes(func(ctx context.Context, c *client.Client, begun string) (values []string, err error) {
		for u, err := range c.ListUsers(ctx, client.ListUsersOptions{Query: begun, PageSize: maxSuggested}) {
			if err != nil || len(values) == maxSuggested {
				return values, err
			}
			values = append(values, visible(u.Email)+"\t"+visible(u.Name))
		}
		return values, nil
	})
}

// completeCapabilities suggests all capabilities of an organization, which its owners
// have, and those of the applications that serve it.
func (s *session) completeCapabilities() completion {
	return s.completes(func(ctx context.Context, c *client.Client, _ string) ([]string, error) {
		owner, err := c.GetRole(ctx, "owner")
		if err != nil {
			return nil, err
		}
		apps, err := c.ListApplications(ctx)
		return capabilityList(client.Capabilities{Org: owner.Org, Apps: everythingIn(apps...)}), err
	})
}

// argument sets the completion of a command's first argument. rest says whether further
// arguments have the same.
func argument(cmd *cobra.Command, rest bool, suggest completion) *cobra.Command {
	cmd.ValidArgsFunction = func(cmd *cobra.Command, args []string, begun string) ([]string, cobra.ShellCompDirective) {
		if len(args) > 0 && !rest {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return suggest(cmd, args, begun)
	}
	return cmd
}

// flagValues sets the completion of a flag.
func flagValues(cmd *cobra.Command, flag string, suggest completion) {
	_ = cmd.RegisterFlagCompletionFunc(flag, suggest) // fails only if the flag does not exist
}
