package applications_test

import (
	"fmt"
	"maps"
	"testing"
	"time"

	"github.com/rosterhq/roster/internal/applications"
	"github.com/rosterhq/roster/internal/authz"
	"github.com/rosterhq/roster/internal/credentials"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/directorytest"
	"github.com/rosterhq/roster/internal/roles"
)

// billing defines actions on invoices, which have instances.
func billing(actions ...string) []applications.NewApplication {
	return []applications.NewApplication{{ID: "billing", Name: "Billing", Types: authz.AppTypes{"invoice": {Actions: actions, Instances: true}}}}
}

func apply(w *directorytest.World, how applications.How, actions ...string) []applications.Applied {
	w.Helper()
	return directorytest.Must(w.Apply(w.Context(), billing(actions...), how))(w)
}

// nodes are two processes on one database.
func nodes(t *testing.T) [2]*directorytest.World {
	t.Helper()
	w := directorytest.New(t)
	return [2]*directorytest.World{w, w.Beside()}
}

// While the operator removes and defines an action over and over, others give it to roles and
// tokens, and take it away again. Nobody is left with what the application does not define,
// nothing is undone that somebody else did, and each run reports exactly those that lost something.
func TestRaceApply(t *testing.T) {
	t.Parallel()
	const rounds = 6
	pair := nodes(t)
	w := pair[0]
	apply(w, applications.How{}, "read", "approve")
	rival := w.Tenant("Rival")
	callers := []directory.Call{w.ByOwner(), w.By(rival)}
	approve := directorytest.Caps(t, "app:billing:invoice:*|approve", "app:billing:invoice:2026-*|read")
	read := directorytest.Caps(t, "app:billing:invoice:2026-*|read")
	var held [2][]directory.Role
	for i, call := range callers {
		for n := range 4 {
			held[i] = append(held[i], directorytest.Must(w.CreateRole(t.Context(), call, roles.NewRole{Name: fmt.Sprint("Role ", n), Capabilities: approve}))(t))
		}
	}
	// A weak maker, whose tokens may give only what they hold: it is taken from the limit too.
	maker := w.Join("Maker", w.Role("Making", "apiTokens|create", "app:billing:invoice:*|approve").ID)
	lost := make([]int, rounds)
	answers := directorytest.AtOnce(rounds*4, func(i int) error {
		n, round, org := pair[i%2], i/4, i/2%2
		call := callers[org]
		switch i % 4 {
		case 0:
			done, err := n.Apply(t.Context(), billing([][]string{{"read"}, {"read", "approve"}}[round%2]...), applications.How{Force: true})
			if err == nil {
				lost[round] = len(done[0].Losers)
			}
			return err
		case 1:
			for k, role := range held[org] {
				set := []authz.Set{read, approve, {}}[(round+k)%3]
				if _, err := n.UpdateRole(t.Context(), call, role.ID, roles.NewRole{Name: role.Name, Capabilities: set}); unexpected(err) {
					return err
				}
			}
		case 2:
			for _, set := range []authz.Set{approve, read} {
				if _, err := n.CreateAPIToken(t.Context(), call, credentials.NewAPIToken{Name: "token", Capabilities: set}); unexpected(err) {
					return err
				}
			}
		default:
			set := []string{"apiTokens|create", "app:billing:invoice:*|approve"}
			if _, err := n.CreateAPIToken(t.Context(), n.By(maker), credentials.NewAPIToken{Name: "weak", Capabilities: directorytest.Caps(t, set[:1+round%2]...)}); unexpected(err) {
				return err
			}
		}
		return nil
	})
	for i, err := range answers {
		if err != nil {
			t.Errorf("call %d: %v", i, err)
		}
	}
	reported, taken := 0, 0
	for _, n := range lost {
		reported += n
	}
	for _, org := range []directory.OrgID{w.Org.ID, rival.OrgID} {
		noUndefined(t, w, org)
		if err := w.CheckLog(t.Context(), org); err != nil {
			t.Errorf("the log of %s does not lead to the present: %v", org, err)
		}
		for _, e := range w.EntriesOf(org) {
			if e.Actor.Kind == directory.OperatorPrincipal("").Actor().Kind && (e.Target.Type == "role" || e.Target.Type == "apiToken") && e.Before != nil {
				taken++
			}
		}
	}
	if reported != taken {
		t.Errorf("the runs reported %d losers, and took something from %d", reported, taken)
	}
}

// unexpected tells errors apart from those of who gives what is not defined or not held just then.
func unexpected(err error) bool {
	code := directory.CodeOf(err)
	return err != nil && code != directory.Invalid && code != directory.Forbidden
}

// noUndefined checks that an organization's roles and tokens hold and may give nothing but what
// applications define.
func noUndefined(t *testing.T, w *directorytest.World, org directory.OrgID) {
	t.Helper()
	err := w.DB.Read(t.Context(), func(tx directory.Tx) error {
		held := make(map[string]authz.AppGrants)
		roles, err := tx.Roles(org)
		if err != nil {
			return err
		}
		for _, r := range roles {
			held["role "+string(r.ID)] = r.Capabilities.Apps
		}
		tokens, err := tx.APITokens(org)
		if err != nil {
			return err
		}
		for _, k := range tokens {
			held["token "+string(k.ID)] = k.Capabilities.Apps
			held["limit of "+string(k.ID)] = k.Giving.Apps()
		}
		for who, grants := range maps.All(held) {
			for _, id := range grants.Apps() {
				app, err := directory.LookupApp(tx, org, directory.AppID(id))
				if err != nil {
					return fmt.Errorf("%s: %s: %w", who, id, err)
				}
				for g := range grants.Of(id).Each() {
					if !app.Defines(g) {
						t.Errorf("%s has %s, which the application does not define", who, g)
					}
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// If an organization takes something from its roles while the operator removes something else, it stays taken.
func TestRaceApplyUndoesNoRemoval(t *testing.T) {
	t.Parallel()
	const many = 12
	pair := nodes(t)
	w := pair[0]
	apply(w, applications.How{}, "read", "approve")
	set := directorytest.Caps(t, "users|delete", "app:billing:invoice:*|approve", "app:billing:invoice:*|read")
	held := make([]directory.Role, many)
	for i := range held {
		held[i] = directorytest.Must(w.CreateRole(t.Context(), w.ByOwner(), roles.NewRole{Name: fmt.Sprint("Role ", i), Capabilities: set}))(t)
	}
	call := w.ByOwner()
	answers := directorytest.AtOnce(many+1, func(i int) error {
		if i == many {
			time.Sleep(time.Millisecond) // so that some of them are ahead
			_, err := pair[1].Apply(t.Context(), billing("read"), applications.How{Force: true})
			return err
		}
		_, err := pair[0].UpdateRole(t.Context(), call, held[i].ID, roles.NewRole{Name: fmt.Sprint("Empty ", i)})
		return err
	})
	for _, err := range answers {
		w.Wants("an answer", "", err)
	}
	for i, role := range held {
		is := directorytest.Must(w.GetRole(t.Context(), call, role.ID))(t)
		if !is.Capabilities.Empty() || is.Name != fmt.Sprint("Empty ", i) {
			t.Errorf("the role has %v again, and the name %q", is.Capabilities.Names(), is.Name)
		}
	}
	if err := w.CheckLog(t.Context(), w.Org.ID); err != nil {
		t.Errorf("the log does not lead to the present: %v", err)
	}
}

// An application of the deployment and one of an organization never have the same id.
func TestRaceSameApplicationID(t *testing.T) {
	t.Parallel()
	for range 3 {
		pair := nodes(t)
		w := pair[0]
		call := w.ByOwner()
		answers := directorytest.AtOnce(6, func(i int) (err error) {
			if i%2 == 0 {
				_, err = pair[i/2%2].Apply(t.Context(), billing("read"), applications.How{})
			} else {
				_, err = pair[i/2%2].CreateApplication(t.Context(), call, billing("read")[0])
			}
			return err
		})
		own := directorytest.Must(w.List(t.Context(), w.Org.ID))(t)
		deployment := directorytest.Must(w.List(t.Context(), ""))(t)
		if len(own)+len(deployment) != 1 {
			t.Errorf("%d of the organization, %d of the deployment: %v", len(own), len(deployment), answers)
		}
	}
}

// Two runs that name the same applications in different orders both succeed.
func TestRaceApplySeveral(t *testing.T) {
	t.Parallel()
	pair := nodes(t)
	one, other := billing("read")[0], billing("read")[0]
	other.ID = "reports"
	for range 5 {
		for i, err := range directorytest.AtOnce(4, func(i int) error {
			list := []applications.NewApplication{one, other}
			if i%2 == 1 {
				list = []applications.NewApplication{other, one}
			}
			_, err := pair[i/2].Apply(t.Context(), list, applications.How{})
			return err
		}) {
			if err != nil {
				t.Errorf("run %d: %v", i, err)
			}
		}
	}
}

// An application never has more than two credentials.
func TestRaceCredentials(t *testing.T) {
	t.Parallel()
	pair := nodes(t)
	w := pair[0]
	apply(w, applications.How{}, "read")
	directorytest.Must(w.CreateApplication(t.Context(), w.ByOwner(), applications.NewApplication{ID: "own", Name: "Own"}))(t)
	call := w.ByOwner()
	for name, issue := range map[string]func(*directorytest.World) error{
		"deployment": func(n *directorytest.World) error {
			_, err := n.IssueCredential(t.Context(), "", "billing")
			return err
		},
		"own": func(n *directorytest.World) error {
			_, err := n.CreateCredential(t.Context(), call, "own")
			return err
		},
	} {
		counts := directorytest.Tally(directorytest.AtOnce(6, func(i int) error { return issue(pair[i%2]) }))
		if counts[""] != applications.MaxCredentials || counts[directory.Conflict] != 6-applications.MaxCredentials {
			t.Errorf("%s: %v", name, counts)
		}
	}
}
