package storetest

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/rosterhq/roster/internal/directory"
)

func entries(after int64, limit int) func(directory.Tx) ([]directory.Entry, error) {
	return func(tx directory.Tx) ([]directory.Entry, error) { return tx.Entries(after, limit) }
}

func orgEntries(org directory.OrgID) func(directory.Tx) ([]directory.Entry, error) {
	return func(tx directory.Tx) ([]directory.Entry, error) {
		return collect(tx.OrgEntries(org, directory.EntryQuery{}))
	}
}

func orgVersion(org directory.OrgID) func(directory.Tx) (string, error) {
	return func(tx directory.Tx) (string, error) { return tx.OrgVersion(org) }
}

func newEntry(org directory.OrgID, action string) directory.Entry {
	return directory.Entry{
		At: start, OrgID: org, Action: action,
		Actor:  directory.Actor{Kind: directory.ActorAPIToken, TokenID: "tok_a", Name: "CI"},
		Target: directory.Target{Type: "user", ID: "usr_a", Name: "Jane"},
	}
}

// appendEntry gives an entry the number that it needs, under the lock that takes.
func appendEntry(tx directory.Tx, e directory.Entry) error {
	if err := tx.Lock(directory.LockOrg(e.OrgID)); err != nil {
		return err
	}
	last, _, err := tx.LastOrgEntry(e.OrgID)
	if err != nil {
		return err
	}
	e.Sequence = last + 1
	return tx.AppendEntry(e)
}

func appendEntries(tx directory.Tx, list ...directory.Entry) error {
	for _, e := range list {
		if err := appendEntry(tx, e); err != nil {
			return err
		}
	}
	return nil
}

var entryTests = []test{
	{"come back as they were appended, in order", func(s suite) {
		s.equal("empty log", int64(0), got(s, directory.Tx.LastEntry))
		s.equal("empty list", 0, len(got(s, entries(0, 10))))
		whole := directory.Entry{
			At: start, OrgID: acme, Action: "updateUserRole",
			Actor: directory.Actor{
				Kind: directory.ActorAccount, TokenID: "pat_a", AccountID: "acc_a", UserID: "usr_a", Name: "Zoë",
			},
			Target: directory.Target{Type: "user", ID: "usr_b", Name: "B"},
			Before: json.RawMessage(`{"role":"user"}`), After: json.RawMessage(`{"role":"admin"}`),
			TraceID: "0123", RemoteAddr: "192.0.2.1:1", UserAgent: "curl/8",
		}
		appended := []directory.Entry{whole, newEntry(other, "plain"), newEntry(acme, "same"), newEntry(acme, "same")}
		s.write(func(tx directory.Tx) error { return appendEntries(tx, appended[:2]...) })
		s.write(func(tx directory.Tx) error { return appendEntries(tx, appended[2:]...) })

		list := got(s, entries(0, 10))
		for i := range appended {
			if i > 0 && list[i].Position <= list[i-1].Position {
				s.Errorf("numbers %d, then %d", list[i-1].Position, list[i].Position)
			}
			appended[i].Position, appended[i].Sequence = list[i].Position, []int64{1, 1, 2, 3}[i]
		}
		s.equal("log", appended, list)
		if list[1].Before != nil || list[1].After != nil {
			s.Errorf("nothing before and after came back as %q and %q", list[1].Before, list[1].After)
		}
		s.equal("the last number", list[3].Position, got(s, directory.Tx.LastEntry))
		s.equal("after the first", list[1:], got(s, entries(list[0].Position, 10)))
		s.equal("two of them", list[1:3], got(s, entries(list[0].Position, 2)))
		s.equal("after the last", 0, len(got(s, entries(list[3].Position, 10))))
		s.equal("of one organization", []directory.Entry{list[0], list[2], list[3]}, got(s, orgEntries(acme)))
		s.equal("of nobody", 0, len(got(s, orgEntries("nobody"))))
	}},
	{"are found by the first about each target", func(s suite) {
		about := func(org directory.OrgID, id, before, after string) directory.Entry {
			e := newEntry(org, "change")
			e.Target.ID = id
			if before != "" {
				e.Before = json.RawMessage(before)
			}
			if after != "" {
				e.After = json.RawMessage(after)
			}
			return e
		}
		role, link := about(acme, "role_x", "", `{"n":6}`), about(acme, "usr_a", "", `{"n":7}`)
		role.Target.Type, link.Target.Type = "role", "issuerLink" // whose ids are those of users
		refused := about(acme, "usr_b", `{"n":3}`, "")
		refused.Outcome = directory.Refused
		s.write(func(tx directory.Tx) error {
			return appendEntries(tx,
				about(acme, "usr_b", "", `{"n":1}`), about(acme, "usr_Z", "", `{"n":2}`), refused, about(acme, "usr_b", "", ""), // 1 to 4
				about(acme, "usr_b", `{"n":1}`, `{"n":5}`), role, link, about(acme, "usr_a", "", `{"n":8}`),
				about(acme, "usr_b", `{"n":5}`, ""), about(other, "usr_c", "", `{"n":1}`),
			)
		})
		for what, tt := range map[string]struct {
			q    directory.NextQuery
			want []int64
		}{
			"all":              {directory.NextQuery{Type: "user", After: "usr_", Until: "usr_~"}, []int64{2, 8, 1}},
			"since some":       {directory.NextQuery{Type: "user", Since: 1, After: "usr_", Until: "usr_~"}, []int64{2, 8, 5}},
			"since more":       {directory.NextQuery{Type: "user", Since: 5, After: "usr_", Until: "usr_~"}, []int64{8, 9}},
			"since the last":   {directory.NextQuery{Type: "user", Since: 9, After: "usr_", Until: "usr_~"}, nil},
			"some":             {directory.NextQuery{Type: "user", After: "usr_", Until: "usr_~", Limit: 2}, []int64{2, 8}},
			"after one":        {directory.NextQuery{Type: "user", After: "usr_Z", Until: "usr_~"}, []int64{8, 1}},
			"until one":        {directory.NextQuery{Type: "user", After: "usr_", Until: "usr_a"}, []int64{2, 8}},
			"of another kind":  {directory.NextQuery{Type: "role", After: "role_", Until: "role_~"}, []int64{6}},
			"of what is not":   {directory.NextQuery{Type: "group", After: "grp_", Until: "grp_~"}, nil},
			"one, since it is": {directory.NextQuery{Type: "user", Since: 1, After: "usr_a", Until: "usr_b", Limit: 1}, []int64{5}},
		} {
			list := got(s, func(tx directory.Tx) ([]directory.Entry, error) { return collect(tx.NextEntries(acme, tt.q)) })
			var numbers []int64
			for _, e := range list {
				numbers = append(numbers, e.Sequence)
			}
			s.equal(what, tt.want, numbers)
		}
	}},
	{"are seen inside the transaction", func(s suite) {
		s.write(func(tx directory.Tx) error {
			if err := appendEntry(tx, newEntry(acme, "first")); err != nil {
				return err
			}
			last, err := tx.LastEntry()
			if err != nil || last == 0 {
				return fmt.Errorf("last is %d, %w", last, err)
			}
			list, err := collect(tx.OrgEntries(acme, directory.EntryQuery{}))
			if err != nil || len(list) != 1 {
				return fmt.Errorf("%d entries, %w", len(list), err)
			}
			return nil
		})
	}},
	{"leave no trace when undone", func(s suite) {
		s.write(func(tx directory.Tx) error { return appendEntry(tx, newEntry(acme, "first")) })
		before := got(s, directory.Tx.LastEntry)
		version := got(s, orgVersion(acme))
		s.fails("undone", directory.Invalid, func(tx directory.Tx) error {
			return all(appendEntry(tx, newEntry(acme, "second")), directory.Errorf(directory.Invalid, "no"))
		})
		s.equal("last", before, got(s, directory.Tx.LastEntry))
		s.equal("version", version, got(s, orgVersion(acme)))
		s.write(func(tx directory.Tx) error { return appendEntry(tx, newEntry(acme, "third")) })
		if list := got(s, entries(before, 10)); len(list) != 1 || list[0].Action != "third" {
			s.Errorf("after the first stand %v", list)
		}
	}},
	{"change the version of their organization only", func(s suite) {
		seen := map[string]bool{got(s, orgVersion(acme)): true}
		elsewhere := got(s, orgVersion(other))
		for i := range 5 {
			e := newEntry(acme, "change")
			e.At = start.Add(time.Duration(i%2) * time.Hour) // clocks may go back
			s.write(func(tx directory.Tx) error { return appendEntry(tx, e) })
			v := got(s, orgVersion(acme))
			if seen[v] {
				s.Errorf("version %q comes a second time", v)
			}
			seen[v] = true
			s.equal("the same when asked again", v, got(s, orgVersion(acme)))
		}
		s.equal("elsewhere", elsewhere, got(s, orgVersion(other)))
		s.write(func(tx directory.Tx) error { return appendEntry(tx, newEntry(other, "change")) })
		if v := got(s, orgVersion(other)); v == elsewhere || seen[v] {
			s.Errorf("the other's version is %q after its change", v)
		}
	}},
	{"of an organization are found by each filter", func(s suite) {
		byUser := func(e directory.Entry) directory.Entry {
			e.Actor = directory.Actor{Kind: directory.ActorAccount, TokenID: "pat_a", AccountID: "acc_a", UserID: "usr_c", Name: "C"}
			return e
		}
		on := func(e directory.Entry, target string) directory.Entry {
			e.Target.ID = target
			return e
		}
		refused := func(e directory.Entry) directory.Entry {
			e.Outcome, e.Reason = directory.Refused, "no"
			return e
		}
		s.write(func(tx directory.Tx) error {
			return appendEntries(tx,
				newEntry(acme, "create"), byUser(newEntry(acme, "create")), byUser(newEntry(other, "create")), newEntry(acme, "delete"),
				refused(byUser(newEntry(acme, "delete"))), on(newEntry(acme, "delete"), "usr_b"), on(refused(newEntry(other, "delete")), "usr_b"))
		})
		done, not := directory.Done, directory.Refused
		for _, c := range []struct {
			name string
			q    directory.EntryQuery
			want []int64
		}{
			{"nothing", directory.EntryQuery{}, []int64{1, 2, 3, 4, 5}},
			{"after", directory.EntryQuery{After: 3}, []int64{4, 5}},
			{"before", directory.EntryQuery{Before: 3}, []int64{1, 2}},
			{"between", directory.EntryQuery{After: 1, Before: 4}, []int64{2, 3}},
			{"nowhere", directory.EntryQuery{After: 3, Before: 3}, nil},
			{"token", directory.EntryQuery{Actor: "tok_a"}, []int64{1, 3, 5}},
			{"user", directory.EntryQuery{Actor: "usr_c"}, []int64{2, 4}},
			{"the user's token", directory.EntryQuery{Actor: "pat_a"}, nil},
			{"account", directory.EntryQuery{Actor: "acc_a"}, nil},
			{"action", directory.EntryQuery{Action: "delete"}, []int64{3, 4, 5}},
			{"prefix", directory.EntryQuery{Action: "del*"}, []int64{3, 4, 5}},
			{"prefix in another letter case", directory.EntryQuery{Action: "Del*"}, nil},
			{"any action", directory.EntryQuery{Action: "*", After: 3}, []int64{4, 5}},
			{"letter case", directory.EntryQuery{Action: "DELETE"}, nil},
			{"target", directory.EntryQuery{Target: "usr_b"}, []int64{5}},
			{"done", directory.EntryQuery{Outcome: &done}, []int64{1, 2, 3, 5}},
			{"refused", directory.EntryQuery{Outcome: &not}, []int64{4}},
			{"newest first", directory.EntryQuery{NewestFirst: true, Limit: 2}, []int64{5, 4}},
			{"oldest first", directory.EntryQuery{Limit: 2}, []int64{1, 2}},
			{"all of them", directory.EntryQuery{
				Actor: "usr_c", Action: "delete", Target: "usr_a", Outcome: &not, After: 1, Before: 9, NewestFirst: true, Limit: 9,
			}, []int64{4}},
			{"quotes", directory.EntryQuery{Actor: "' OR 1=1 --"}, nil},
		} {
			list := got(s, func(tx directory.Tx) ([]directory.Entry, error) { return collect(tx.OrgEntries(acme, c.q)) })
			var numbers []int64
			for _, e := range list {
				numbers = append(numbers, e.Sequence)
				s.equal(c.name+": organization", acme, e.OrgID)
			}
			s.equal("by "+c.name, c.want, numbers)
		}
	}},
	{"of an organization need not be read to their end", func(s suite) {
		s.write(func(tx directory.Tx) error {
			return appendEntries(tx, newEntry(acme, "first"), newEntry(acme, "second"), newEntry(acme, "third"))
		})
		s.read(func(tx directory.Tx) error {
			for e, err := range tx.OrgEntries(acme, directory.EntryQuery{}) {
				s.equal("the first", "first", e.Action)
				if err != nil {
					return err
				}
				break
			}
			number, at, err := tx.LastOrgEntry(acme)
			s.equal("the last", int64(3), number)
			s.equal("its time", start, at)
			return err
		})
	}},
	{"cursors", func(s suite) {
		cursor := func(name string) func(directory.Tx) (int64, error) {
			return func(tx directory.Tx) (int64, error) { return tx.Cursor(name) }
		}
		missing(s, "never set", cursor("mail"))
		s.write(func(tx directory.Tx) error { return all(tx.SetCursor("mail", 7), tx.SetCursor("Mail", 1)) })
		s.equal("set", int64(7), got(s, cursor("mail")))
		s.write(func(tx directory.Tx) error { return tx.SetCursor("mail", 1<<40) })
		s.equal("set again", int64(1<<40), got(s, cursor("mail")))
		s.equal("another's", int64(1), got(s, cursor("Mail")))
	}},
	{"Changed tells of commits", func(s suite) {
		changed := s.db.Changed()
		select {
		case <-changed:
			s.Error("told before anything happened")
		default:
		}
		s.write(func(tx directory.Tx) error { return appendEntry(tx, newEntry(acme, "first")) })
		s.await("word of the commit", changed)
		// A call after the commit returns a channel for the next one.
		if next := s.db.Changed(); slices.Contains([]<-chan struct{}{next}, changed) {
			s.Error("the same channel again")
		}
	}},
}
