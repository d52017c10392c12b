package members_test

import (
	"slices"
	"testing"

	"github.com/rosterhq/roster/internal/access"
	"github.com/rosterhq/roster/internal/credentials"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/members"
	"github.com/rosterhq/roster/internal/onboarding"
	"github.com/rosterhq/roster/internal/webhooks"
)

// leaver is an admin who made two tokens and a webhook, a token with a token that is
// gone, and an invitation by themselves and one with each token that is left.
func (w *world) leaver() member {
	w.Helper()
	ann := w.Join("Ann", "admin")
	token := func(call directory.Call) credentials.IssuedAPIToken {
		return must(w.CreateAPIToken(w.Context(), call, credentials.NewAPIToken{Name: "t", Capabilities: caps(w, "apiTokens|create", "users|read", "users|create")}))(w)
	}
	first := token(w.By(ann))
	between := token(w.As(first.Secret, ""))
	last := token(w.As(between.Secret, ""))
	w.Wants("delete the one between", "", w.DeleteAPIToken(w.Context(), w.ByOwner(), between.ID))
	must(w.CreateWebhook(w.Context(), w.By(ann), webhooks.NewWebhook{Name: "hook", URL: "https://example.com/hook"}))(w)
	for name, call := range map[string]directory.Call{"One": w.By(ann), "Two": w.As(first.Secret, ""), "Three": w.As(last.Secret, "")} {
		m := w.Tenant(name)
		must(w.CreateUser(w.Context(), call, members.NewUser{Name: name, Email: m.Email, Role: "user"}))(w)
	}
	w.Invite(w.Tenant("Another"), "user") // the owner's
	return ann
}

func TestRemovedUsersThingsAreRevokedWithThem(t *testing.T) {
	t.Parallel()
	for _, way := range []string{"remove", "demote"} {
		for _, kinds := range []directory.Revocation{{}, {Tokens: true}, {Webhooks: true}, {Invitations: true}, {Tokens: true, Webhooks: true, Invitations: true}} {
			w := newWorld(t)
			ann := w.leaver()
			others := w.Token("users|read")
			do := func(call directory.Call) (left members.Created, err error) {
				if way == "remove" {
					return w.RemoveUserAndRevoke(t.Context(), call, ann.ID, kinds)
				}
				_, left, err = w.UpdateUserRoleAndRevoke(t.Context(), call, ann.ID, "none", kinds)
				return left, err
			}
			made := must(w.ListCreated(t.Context(), w.ByOwner(), ann.ID))(t)
			if len(made.Tokens) != 2 || len(made.Webhooks) != 1 || len(made.Invitations) != 3 {
				t.Fatalf("Ann made %+v", made)
			}
			dry := w.ByOwner()
			dry.DryRun = new(access.Diff)
			before := w.Tables()
			tried := must(do(dry))(t)
			w.Unchanged("a dry run", before)
			left := must(do(w.ByOwner()))(t)
			tokens := must(w.ListAPITokens(t.Context(), w.ByOwner()))(t)
			hooks := must(w.ListWebhooks(t.Context(), w.ByOwner()))(t)
			wantTokens, wantHooks, wantInvited := 2, 1, 3
			if kinds.Tokens {
				wantTokens = 0
			}
			if kinds.Webhooks {
				wantHooks = 0
			}
			if kinds.Invitations {
				wantInvited = 0
			}
			invited := must(w.ListOrgInvitations(t.Context(), w.ByOwner(), onboarding.InvitationQuery{Limit: 10}))(t)
			if len(left.Invitations) != wantInvited || len(tried.Invitations) != wantInvited || len(invited) != wantInvited+1 {
				t.Errorf("%s, %+v: left %d invitations of theirs, %d in all, tried %d", way, kinds, len(left.Invitations), len(invited), len(tried.Invitations))
			}
			if len(left.Tokens) != wantTokens || len(left.Webhooks) != wantHooks || len(tried.Tokens) != wantTokens || len(tried.Webhooks) != wantHooks {
				t.Errorf("%s, %+v: left %+v, tried %+v", way, kinds, left, tried)
			}
			if len(tokens) != wantTokens+2 || len(hooks) != wantHooks || !slices.ContainsFunc(tokens, func(k directory.APITokenRecord) bool { return k.ID == others.ID }) {
				t.Errorf("%s, %+v: there are %d tokens and %d webhooks", way, kinds, len(tokens), len(hooks))
			}
			w.Wants("replay", "", w.CheckLog(t.Context(), w.Org.ID))
		}
	}
}

// To revoke takes what deleting takes; without it nothing is done, and what one may
// not read is not told of.
func TestRevokingTakesThePermissionOfEachKind(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ann := w.leaver()
	call := w.As(w.Token("users|delete", "users|update", "users|read").Secret, "")
	for _, kinds := range []directory.Revocation{{Tokens: true}, {Webhooks: true}, {Invitations: true}} {
		w.Refused("remove", directory.Forbidden, "", func() error { return second(w.RemoveUserAndRevoke(t.Context(), call, ann.ID, kinds)) })
		w.Refused("demote", directory.Forbidden, "", func() error {
			_, _, err := w.UpdateUserRoleAndRevoke(t.Context(), call, ann.ID, "none", kinds)
			return err
		})
	}
	made := must(w.ListCreated(t.Context(), call, ann.ID))(t)
	left := must(w.RemoveUserAndRevoke(t.Context(), call, ann.ID, directory.Revocation{}))(t)
	for _, c := range []members.Created{made, left} {
		if c.TokensShown || c.WebhooksShown || c.InvitationsShown || c.Tokens != nil || c.Webhooks != nil || c.Invitations != nil {
			t.Errorf("without the permission to read them: %+v", c)
		}
	}
	w.Wants("nobody", directory.NotFound, second(w.ListCreated(t.Context(), w.ByOwner(), "usr_none")))
	if made := must(w.ListCreated(t.Context(), w.ByOwner(), ann.ID))(t); len(made.Tokens) != 2 {
		t.Errorf("what somebody made who is gone: %+v", made)
	}
}

// An invitation that has expired is not among what is still open of a user.
func TestExpiredInvitationsAreNotListedAsCreated(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ann := w.leaver()
	w.Pass(directory.InvitationTTL)
	if made := must(w.ListCreated(t.Context(), w.ByOwner(), ann.ID))(t); len(made.Invitations) != 0 || len(made.Tokens) != 2 {
		t.Errorf("created %+v", made)
	}
}
