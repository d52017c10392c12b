package storetest

import (
	"time"

	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/limits"
)

func newSchedule(org directory.OrgID, user directory.UserID, act directory.ScheduledAct, at time.Time) directory.Schedule {
	return directory.Schedule{
		OrgID: org, UserID: user, Act: act, At: at, DueAt: at, CreatedAt: start, Revoke: directory.Revocation{Tokens: true},
		CreatedBy: directory.Actor{Kind: directory.ActorAPIToken, TokenID: "tok_a"},
	}
}

var scheduleTests = []test{
	{"schedules are due in turn", func(s suite) {
		const suspend, remove = directory.ScheduledSuspension, directory.ScheduledRemoval
		early, late := newSchedule(acme, "usr_a", suspend, start.Add(time.Minute)), newSchedule(acme, "usr_a", remove, start.Add(time.Hour))
		second, theirs := newSchedule(acme, "usr_b", suspend, start.Add(2*time.Minute)), newSchedule(other, "usr_c", suspend, start)
		s.write(func(tx directory.Tx) error {
			return all(putOrgs(tx, acme, other), putUsers(tx, acme, "a", "b"), putUsers(tx, other, "c"),
				tx.PutSchedule(late), tx.PutSchedule(second), tx.PutSchedule(early), tx.PutSchedule(theirs))
		})
		list := func(user directory.UserID) func(directory.Tx) ([]directory.Schedule, error) {
			return func(tx directory.Tx) ([]directory.Schedule, error) { return tx.Schedules(acme, user) }
		}
		one := func(org directory.OrgID, user directory.UserID, act directory.ScheduledAct) func(directory.Tx) (directory.Schedule, error) {
			return func(tx directory.Tx) (directory.Schedule, error) { return tx.Schedule(org, user, act) }
		}
		due := func(org directory.OrgID, now time.Time, limit int) func(directory.Tx) ([]directory.Schedule, error) {
			return func(tx directory.Tx) ([]directory.Schedule, error) { return tx.DueSchedules(org, now, limit) }
		}
		orgs := func(now time.Time, limit int) func(directory.Tx) ([]directory.OrgID, error) {
			return func(tx directory.Tx) ([]directory.OrgID, error) { return tx.OrgsWithDueSchedules(now, limit) }
		}
		s.equal("by time", []directory.Schedule{early, second, late}, got(s, list("")))
		s.equal("of a user", []directory.Schedule{early, late}, got(s, list("usr_a")))
		s.equal("one", late, got(s, one(acme, "usr_a", remove)))
		missing(s, "another organization's", one(other, "usr_a", remove))
		missing(s, "another act", one(acme, "usr_b", remove))
		s.equal("count", 3, got(s, func(tx directory.Tx) (int, error) { return tx.CountOf(acme, limits.Schedules) }))
		s.equal("highest count", 3, got(s, func(tx directory.Tx) (int, error) { return tx.HighestCount(limits.Schedules) }))

		s.equal("nothing due before its time", 0, len(got(s, due(acme, start.Add(time.Minute-time.Microsecond), 10))))
		s.equal("due at its time", []directory.Schedule{early}, got(s, due(acme, start.Add(time.Minute), 10)))
		s.equal("the first", []directory.Schedule{early}, got(s, due(acme, start.Add(time.Hour), 1)))
		s.equal("all", []directory.Schedule{early, second, late}, got(s, due(acme, start.Add(time.Hour), 10)))
		s.equal("organizations", []directory.OrgID{other, acme}, got(s, orgs(start.Add(time.Hour), 10)))
		s.equal("the longest waiting", []directory.OrgID{other}, got(s, orgs(start.Add(time.Hour), 1)))
		s.equal("no organization", 0, len(got(s, orgs(start.Add(-time.Second), 10))))

		failed := early
		failed.DueAt, failed.FailedAt, failed.Failure, failed.Attempts = time.Time{}, start.Add(time.Minute), "no", 3
		s.write(func(tx directory.Tx) error { return tx.PutSchedule(failed) })
		s.equal("failed", failed, got(s, one(acme, "usr_a", suspend)))
		s.equal("not due any more", []directory.Schedule{second}, got(s, due(acme, start.Add(2*time.Minute), 10)))
		s.write(func(tx directory.Tx) error { return tx.DropFailedSchedules(failed.FailedAt) })
		s.equal("kept", failed, got(s, one(acme, "usr_a", suspend)))
		s.write(func(tx directory.Tx) error { return tx.DropFailedSchedules(failed.FailedAt.Add(time.Second)) })
		missing(s, "dropped", one(acme, "usr_a", suspend))

		s.write(func(tx directory.Tx) error { return tx.DeleteSchedule(acme, "usr_b", suspend) })
		s.fails("delete again", directory.NotFound, func(tx directory.Tx) error { return tx.DeleteSchedule(acme, "usr_b", suspend) })
		s.write(func(tx directory.Tx) error { return tx.DeleteUser(acme, "usr_a") })
		s.equal("with its user", 0, len(got(s, list(""))))
		s.write(func(tx directory.Tx) error { return tx.DeleteOrg(other) })
		missing(s, "with its organization", one(other, "usr_c", suspend))
	}},
	{"temporary roles end in turn", func(s suite) {
		give := func(org directory.OrgID, user, role string, until time.Time) directory.TemporaryRole {
			return directory.TemporaryRole{
				OrgID: org, UserID: directory.UserID("usr_" + user), AccountID: directory.AccountID("acc_" + user),
				Role: directory.RoleRef{ID: directory.RoleID(role), Name: role}, Until: until,
			}
		}
		first, second, theirs := give(acme, "a", "admin", start.Add(time.Minute)), give(acme, "b", "role_a", start.Add(time.Hour)), give(other, "c", "admin", start)
		s.write(func(tx directory.Tx) error {
			return all(putOrgs(tx, acme, other), putUsers(tx, acme, "a", "b"), putUsers(tx, other, "c"), tx.CreateRole(newRole(acme, "a"), "role a"),
				tx.PutTemporaryRole(give(acme, "a", "role_a", start)), tx.PutTemporaryRole(first), tx.PutTemporaryRole(second), tx.PutTemporaryRole(theirs))
		})
		second.Role.Name = newRole(acme, "a").Name
		one := func(org directory.OrgID, user directory.UserID) func(directory.Tx) (directory.TemporaryRole, error) {
			return func(tx directory.Tx) (directory.TemporaryRole, error) { return tx.TemporaryRole(org, user) }
		}
		list := func(tx directory.Tx) ([]directory.TemporaryRole, error) { return tx.TemporaryRoles(acme) }
		ended := func(now time.Time, limit int) func(directory.Tx) ([]directory.TemporaryRole, error) {
			return func(tx directory.Tx) ([]directory.TemporaryRole, error) { return tx.EndedRoles(acme, now, limit) }
		}
		orgs := func(now time.Time, limit int) func(directory.Tx) ([]directory.OrgID, error) {
			return func(tx directory.Tx) ([]directory.OrgID, error) { return tx.OrgsWithEndedRoles(now, limit) }
		}
		s.equal("one", second, got(s, one(acme, "usr_b")))
		missing(s, "another organization's", one(other, "usr_b"))
		s.equal("by end", []directory.TemporaryRole{first, second}, got(s, list))
		for role, n := range map[directory.RoleID]int{"admin": 1, "role_a": 1, "user": 0} {
			s.equal("with "+string(role), n, got(s, func(tx directory.Tx) (int, error) { return tx.CountTemporaryRoles(acme, role) }))
		}
		s.equal("count", 2, got(s, func(tx directory.Tx) (int, error) { return tx.CountOf(acme, limits.TemporaryRoles) }))
		s.equal("highest count", 2, got(s, func(tx directory.Tx) (int, error) { return tx.HighestCount(limits.TemporaryRoles) }))
		s.equal("reached by the role", []directory.UserID{"usr_b"}, got(s, func(tx directory.Tx) ([]directory.UserID, error) { return tx.Reached(acme, "role_a", "", 10) }))
		s.equal("none before its end", 0, len(got(s, ended(start.Add(time.Minute-time.Microsecond), 10))))
		s.equal("at its end", []directory.TemporaryRole{first}, got(s, ended(start.Add(time.Minute), 10)))
		s.equal("the first", []directory.TemporaryRole{first}, got(s, ended(start.Add(time.Hour), 1)))
		s.equal("organizations", []directory.OrgID{other, acme}, got(s, orgs(start.Add(time.Hour), 10)))
		s.equal("the longest waiting", []directory.OrgID{other}, got(s, orgs(start.Add(time.Hour), 1)))
		s.write(func(tx directory.Tx) error { return tx.DeleteTemporaryRole(acme, "usr_a") })
		s.fails("delete again", directory.NotFound, func(tx directory.Tx) error { return tx.DeleteTemporaryRole(acme, "usr_a") })
		s.write(func(tx directory.Tx) error { return tx.DeleteUser(acme, "usr_b") })
		s.equal("with its user", 0, len(got(s, list)))
		s.write(func(tx directory.Tx) error { return tx.DeleteOrg(other) })
		missing(s, "with its organization", one(other, "usr_c"))
	}},
}
