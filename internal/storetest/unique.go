package storetest

import (
	"fmt"

	"github.com/rosterhq/roster/internal/directory"
)

func uniqueValue(attribute, digest string, user directory.UserID) directory.UniqueValue {
	return directory.UniqueValue{Attribute: attribute, Digest: digest, Holder: directory.Holder{User: user}}
}

func uniqueOf(s suite, org directory.OrgID, h directory.Holder) []directory.UniqueValue {
	s.Helper()
	return got(s, func(tx directory.Tx) ([]directory.UniqueValue, error) { return tx.UniqueValues(org, h) })
}

var uniqueTests = []test{
	{"values of users and groups", func(s suite) {
		prepareGroups(s)
		group := directory.UniqueValue{Attribute: "color", Digest: "1", Holder: directory.Holder{Group: "grp_g"}}
		values := []directory.UniqueValue{uniqueValue("badge", "1", "usr_a"), uniqueValue("badge", "2", "usr_a"), uniqueValue("desk", "1", "usr_a"), uniqueValue("badge", "3", "usr_b"), group}
		elsewhere := uniqueValue("badge", "1", "usr_o")
		add := func(org directory.OrgID, values ...directory.UniqueValue) (taken *directory.UniqueValue) {
			s.Helper()
			s.write(func(tx directory.Tx) (err error) {
				taken, err = tx.AddUniqueValues(org, values)
				return err
			})
			return taken
		}
		s.write(func(tx directory.Tx) error { return tx.CreateGroup(newGroup(acme, "g"), "GROUP G") })
		s.equal("nothing to add", (*directory.UniqueValue)(nil), add(acme))
		s.equal("taken", (*directory.UniqueValue)(nil), add(acme, values...))
		s.equal("taken elsewhere", (*directory.UniqueValue)(nil), add(other, elsewhere))
		s.equal("one's own again", (*directory.UniqueValue)(nil), add(acme, values[1], uniqueValue("badge", "4", "usr_a")))
		s.equal("another's", &values[3], add(acme, uniqueValue("badge", "5", "usr_a"), uniqueValue("badge", "3", "usr_a")))
		s.equal("a's", []directory.UniqueValue{values[0], values[1], uniqueValue("badge", "4", "usr_a"), uniqueValue("badge", "5", "usr_a"), values[2]},
			uniqueOf(s, acme, directory.Holder{User: "usr_a"}))
		s.equal("the group's", []directory.UniqueValue{group}, uniqueOf(s, acme, group.Holder))

		s.write(func(tx directory.Tx) error {
			return all(tx.DropUniqueValues(acme, values[:1]), tx.DropUnique(acme, "desk"))
		})
		s.equal("a's after drops", []directory.UniqueValue{values[1], uniqueValue("badge", "4", "usr_a"), uniqueValue("badge", "5", "usr_a")},
			uniqueOf(s, acme, directory.Holder{User: "usr_a"}))
		s.write(func(tx directory.Tx) error { return all(tx.DeleteUser(acme, "usr_a"), tx.DeleteGroup(acme, "grp_g")) })
		s.equal("gone with the user", 0, len(uniqueOf(s, acme, directory.Holder{User: "usr_a"})))
		s.equal("gone with the group", 0, len(uniqueOf(s, acme, group.Holder)))
		s.equal("b's", values[3:4], uniqueOf(s, acme, directory.Holder{User: "usr_b"}))
		s.equal("those elsewhere", []directory.UniqueValue{elsewhere}, uniqueOf(s, other, elsewhere.Holder))
	}},
	{"more values than a statement takes", func(s suite) {
		prepareProfiles(s)
		var values []directory.UniqueValue
		for i := range 300 {
			values = append(values, uniqueValue("badge", fmt.Sprintf("%03d", i), "usr_a"))
		}
		s.write(func(tx directory.Tx) error {
			taken, err := tx.AddUniqueValues(acme, values)
			s.equal("taken", (*directory.UniqueValue)(nil), taken)
			return err
		})
		s.equal("all of them", values, uniqueOf(s, acme, directory.Holder{User: "usr_a"}))
	}},
}
