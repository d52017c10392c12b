package directory_test

import (
	"testing"

	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/members"
)

// Concurrent actions on an invitation have one outcome: it is accepted or
// withdrawn, and the log says which.
func TestRaceInvitation(t *testing.T) {
	t.Parallel()
	accept := "accept"
	for _, rivals := range [][]string{
		{accept, "revoke", "resend", "remove inviter"},
		{accept, "revoke", "decline", "remove", accept},
		{accept, accept, "remove inviter", "resend", "resend"},
		{accept, "decline", "demote inviter", "revoke", "resend"},
		{accept, "remove", "remove inviter", "resend", "revoke"},
	} {
		for range 3 {
			w := newWorld(t)
			rival, ann := w.Tenant("Rival"), w.Join("Ann", "admin")
			u := must(w.CreateUser(t.Context(), w.By(ann), members.NewUser{Name: "R", Email: rival.Email, Role: "user"}))(t)
			owner, agent, person := w.ByOwner(), w.As(w.APIToken, ""), w.By(rival)
			do := map[string]func(w *world) error{
				accept:           func(w *world) error { return second(w.AcceptInvitation(t.Context(), person, w.Org.ID)) },
				"decline":        func(w *world) error { return w.DeclineInvitation(t.Context(), person, w.Org.ID) },
				"revoke":         func(w *world) error { return w.RevokeInvitation(t.Context(), owner, u.ID) },
				"resend":         func(w *world) error { return second(w.ResendInvitation(t.Context(), agent, u.ID)) },
				"remove":         func(w *world) error { return w.RemoveUser(t.Context(), agent, u.ID) },
				"remove inviter": func(w *world) error { return w.RemoveUser(t.Context(), owner, ann.ID) },
				"demote inviter": func(w *world) error { return second(w.UpdateUserRole(t.Context(), owner, ann.ID, "none")) },
			}
			nodes := w.nodes()
			answers := atOnce(len(rivals), func(i int) error { return do[rivals[i]](nodes[i%2]) })
			done := make(map[string]int)
			for i, err := range answers {
				switch code := outcome(err); {
				case code == "":
					done[rivals[i]]++
				case code == directory.NotFound:
				case code == directory.Conflict && rivals[i] == accept: // it had lapsed
				default:
					t.Errorf("%s: %v", rivals[i], err)
				}
			}
			// Nobody takes back an invitation that was accepted, or accepts what was taken back.
			takenBack := done["revoke"] + done["decline"]
			if done[accept] > 1 || takenBack > 1 || done[accept]+takenBack > 1 || takenBack+done["remove"] > 1 {
				t.Errorf("%v: done %v", rivals, done)
			}
			found, err := w.GetUser(t.Context(), owner, u.ID)
			if gone := directory.CodeOf(err) == directory.NotFound; gone != (takenBack+done["remove"] == 1) {
				t.Errorf("%v: done %v, and the user is %+v, %v", rivals, done, found, err)
			} else if !gone && found.Invited != (done[accept] == 0) {
				t.Errorf("%v: done %v, and the user is %+v", rivals, done, found)
			}
			told := make(map[string]int)
			for _, e := range w.Since(0) {
				if e.Target.ID == string(u.ID) {
					told[e.Action]++
				}
			}
			for what, action := range map[string]string{
				accept: "acceptInvitation", "decline": "declineInvitation", "revoke": "revokeInvitation", "resend": "resendInvitation", "remove": "removeUserFromOrg",
			} {
				if told[action] != done[what] {
					t.Errorf("%v: %d entries %s, want %d", rivals, told[action], action, done[what])
				}
			}
			w.Wants("replay", "", w.CheckLog(t.Context(), w.Org.ID))
		}
	}
}
