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
}
