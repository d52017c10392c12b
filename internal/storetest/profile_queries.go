package storetest

import (
	"time"

	"github.com/rosterhq/roster/internal/directory"
)

var profileQueryTests = []test{
	{"conditions", func(s suite) {
		prepareProfiles(s)
		s.write(func(tx directory.Tx) error {
			g := newGroup(acme, "g")
			g.Members = []directory.UserID{"usr_a"}
			b, err := tx.User(acme, "usr_b")
			b.Suspended = true
			return all(err, tx.CreateGroup(g, "GROUP G"), tx.UpdateUser(b))
		})
		emails, groups, tags := directory.Path{"emails"}, directory.Path{"groups"}, directory.Path{"tags"}
		a, b, c := directory.UserID("usr_a"), directory.UserID("usr_b"), directory.UserID("usr_c")
		for _, test := range []struct {
			name  string
			where directory.Condition
			want  []directory.UserID
		}{
			{"none", nil, []directory.UserID{a, b, c}},
			{"no condition", directory.And{}, []directory.UserID{a, b, c}},
			{"no alternative", directory.Or{}, nil},
			{"id", is("usr_a", "id"), []directory.UserID{a}},
			{"id in other letters", is("USR_A", "id"), nil},
			{"user name", is("USER.A", "userName"), []directory.UserID{a}},
			{"user name, exact", exactly(is("User.a", "userName")), []directory.UserID{a}},
			{"user name, exact but folded", exactly(is("USER.A", "userName")), nil},
			{"user name begins", compare(directory.StartsWith, "USER", "userName"), []directory.UserID{a, b}},
			{"user name contains", compare(directory.Contains, "R.B", "userName"), []directory.UserID{b}},
			{"user name ends", compare(directory.EndsWith, ".A", "userName"), []directory.UserID{a}},
			{"user name ends longer", compare(directory.EndsWith, "LONGER THAN IT IS.A", "userName"), nil},
			{"user name contains no gram", compare(directory.Contains, "XYZ", "userName"), nil},
			{"user name contains what an email begins with", compare(directory.StartsWith, "A@W", "userName"), nil},
			{"address contains", compare(directory.Contains, "cc_", "userName"), []directory.UserID{c}},
			{"address begins", compare(directory.StartsWith, "acc", "userName"), []directory.UserID{c}},
			{"email contains", directory.Some{Path: emails, Where: compare(directory.Contains, "@HOME", "value")}, []directory.UserID{a, b}},
			{"email begins", directory.Some{Path: emails, Where: compare(directory.StartsWith, "B@W", "value")}, []directory.UserID{b}},
			{"email ends", directory.Some{Path: emails, Where: compare(directory.EndsWith, "cc_c", "value")}, []directory.UserID{c}},
			{"email is greater", directory.Some{Path: emails, Where: compare(directory.Greater, "B@W", "value")}, []directory.UserID{b, c}},
			{"no email contains", directory.Not{Condition: directory.Some{Path: emails, Where: compare(directory.Contains, "@HOME", "value")}}, []directory.UserID{c}},
			{"user name contains a pattern", compare(directory.Contains, "%", "userName"), nil},
			{"user name is greater", compare(directory.Greater, "USER.A", "userName"), []directory.UserID{b, c}},
			{"user name is a number", is(int64(1), "userName"), nil},
			{"external id", is("Ext-b", "externalId"), []directory.UserID{b}},
			{"external id in other letters", is("EXT-B", "externalId"), nil},
			{"external id is empty", is("", "externalId"), nil},
			{"has an external id", directory.Present{Path: directory.Path{"externalId"}}, []directory.UserID{a, b}},
			{"active", is(true, "active"), []directory.UserID{a, c}},
			{"not active", is(false, "active"), []directory.UserID{b}},
			{"text", is("TITLE OF A", "title"), []directory.UserID{a}},
			{"text, exact", exactly(is("Title of a", "title")), []directory.UserID{a}},
			{"text in other letters", exactly(is("TITLE OF A", "title")), nil},
			{"not a text", directory.Not{Condition: is("TITLE OF A", "title")}, []directory.UserID{b, c}},
			{"text contains", compare(directory.Contains, "OF B", "title"), []directory.UserID{b}},
			{"text begins", compare(directory.StartsWith, "TITLE", "title"), []directory.UserID{a, b}},
			{"text ends", compare(directory.EndsWith, " B", "title"), []directory.UserID{b}},
			{"text is greater", compare(directory.Greater, "TITLE OF A", "title"), []directory.UserID{b}},
			{"text is at least", compare(directory.GreaterOrEqual, "TITLE OF A", "title"), []directory.UserID{a, b}},
			{"text is less", compare(directory.Less, "TITLE OF B", "title"), []directory.UserID{a}},
			{"text is at most", compare(directory.LessOrEqual, "TITLE OF B", "title"), []directory.UserID{a, b}},
			{"text is a truth value", is(true, "title"), nil},
			{"text has a part", is("x", "title", "part"), nil},
			{"part", is("FAM A", "name", "familyName"), []directory.UserID{a}},
			{"inside a part", compare(directory.Contains, "AM A", "name", "familyName"), []directory.UserID{a}},
			{"the end of a title", compare(directory.EndsWith, "OF B", "title"), []directory.UserID{b}},
			{"extension", is("D\u00c9P.B", enterprise, "department"), []directory.UserID{b}},
			{"number", is(int64(3), enterprise, "level"), []directory.UserID{a, b}},
			{"number is less", compare(directory.Less, 3.5, enterprise, "level"), []directory.UserID{a, b}},
			{"number is greater", compare(directory.Greater, int64(3), enterprise, "level"), nil},
			{"number is a text", is("3", enterprise, "level"), nil},
			{"truth value", is(true, enterprise, "remote"), []directory.UserID{a, b}},
			{"other truth value", is(false, enterprise, "remote"), nil},
			{"truth value is a number", is(int64(1), enterprise, "remote"), nil},
			{"present", directory.Present{Path: directory.Path{"title"}}, []directory.UserID{a, b}},
			{"part is present", directory.Present{Path: directory.Path{"name", "familyName"}}, []directory.UserID{a, b}},
			{"absent", directory.Not{Condition: directory.Present{Path: directory.Path{"nickName"}}}, []directory.UserID{a, b, c}},
			{"emails are present", directory.Present{Path: emails}, []directory.UserID{a, b, c}},
			{"email", directory.Some{Path: emails, Where: is("A@HOME.EXAMPLE", "value")}, []directory.UserID{a}},
			{"email of the account", directory.Some{Path: emails, Where: is("acc_c", "value")}, []directory.UserID{c}},
			{"email, exact", directory.Some{Path: emails, Where: exactly(is("a@home.example", "value"))}, []directory.UserID{a}},
			{"email with a type", directory.Some{Path: emails, Where: directory.And{
				compare(directory.Contains, "@HOME", "value"), is("HOME", "type"),
			}}, []directory.UserID{a, b}},
			{"email with another type", directory.Some{Path: emails, Where: directory.And{
				compare(directory.Contains, "@HOME", "value"), is("WORK", "type"),
			}}, nil},
			{"primary email", directory.Some{Path: emails, Where: is(true, "primary")}, []directory.UserID{a, b, c}},
			{"an email", directory.Some{Path: emails}, []directory.UserID{a, b, c}},
			{"an email without a type", directory.Some{Path: emails, Where: directory.Not{Condition: directory.Present{Path: directory.Path{"type"}}}}, []directory.UserID{c}},
			{"simple element", directory.Some{Path: tags, Where: is("RED")}, []directory.UserID{a, b}},
			{"simple element, exact", directory.Some{Path: tags, Where: exactly(is("x.b"))}, []directory.UserID{b}},
			{"element of none", directory.Some{Path: directory.Path{"title"}, Where: is("RED")}, nil},
			{"element in an element", directory.Some{Path: emails, Where: directory.Some{Path: directory.Path{"value"}}}, nil},
			{"group", directory.Some{Path: groups, Where: is("grp_g", "value")}, []directory.UserID{a}},
			{"group by its name", directory.Some{Path: groups, Where: compare(directory.StartsWith, "GROUP", "display")}, []directory.UserID{a}},
			{"group by one of two conditions", directory.Some{Path: groups, Where: directory.Or{
				is("x", "value"), directory.Present{Path: directory.Path{"value"}},
			}}, []directory.UserID{a}},
			{"email by one of two conditions", directory.Some{Path: emails, Where: directory.Or{
				is("WORK", "type"), directory.Not{Condition: directory.Present{Path: directory.Path{"type"}}},
			}}, []directory.UserID{a, b, c}},
			{"group by what it lacks", directory.Some{Path: groups, Where: is("x", "type")}, nil},
			{"in no group", directory.Not{Condition: directory.Some{Path: groups}}, []directory.UserID{b, c}},
			{"created later", compare(directory.Greater, start, "meta", "created"), []directory.UserID{a, b, c}},
			{"changed before", compare(directory.Less, start.Add(time.Hour), "meta", "lastModified"), []directory.UserID{c}},
			{"both", directory.And{is(true, "active"), compare(directory.StartsWith, "USER", "userName")}, []directory.UserID{a}},
			{"either", directory.Or{is("USER.B", "userName"), is("acc_c", "userName")}, []directory.UserID{b, c}},
			{"hostile text", is(`' OR 1=1 --"$.`, "title"), nil},
			{"hostile path", is("x", `a"].b'`, `\`), nil},
		} {
			s.equal(test.name, append([]directory.UserID{}, test.want...), selected(s, test.where))
		}
	}},
	{"pages and orders", func(s suite) {
		prepareProfiles(s)
		for _, test := range []struct {
			name  string
			query directory.ProfileQuery
			want  string
		}{
			{"by id", directory.ProfileQuery{}, "abc"},
			{"by id, descending", directory.ProfileQuery{Descending: true}, "cba"},
			{"by user name", directory.ProfileQuery{OrderBy: directory.Path{"userName"}}, "abc"},
			{"by title, which c lacks", directory.ProfileQuery{OrderBy: directory.Path{"title"}}, "abc"},
			{"by title, descending", directory.ProfileQuery{OrderBy: directory.Path{"title"}, Descending: true}, "cba"},
			{"by title, exact", directory.ProfileQuery{OrderBy: directory.Path{"title"}, CaseExact: true}, "abc"},
			{"by a number", directory.ProfileQuery{OrderBy: directory.Path{enterprise, "level"}}, "abc"},
			{"by time", directory.ProfileQuery{OrderBy: directory.Path{"meta", "lastModified"}}, "cab"},
			{"by state", directory.ProfileQuery{OrderBy: directory.Path{"active"}, Descending: true}, "cba"},
			{"by what nobody has", directory.ProfileQuery{OrderBy: directory.Path{"nickName"}}, "abc"},
			{"by what nobody has, descending", directory.ProfileQuery{OrderBy: directory.Path{"nickName"}, Descending: true}, "cba"},
			{"some", directory.ProfileQuery{Where: compare(directory.StartsWith, "USER", "userName"), OrderBy: directory.Path{"title"}}, "ab"},
		} {
			for size := 1; size <= 4; size++ {
				q, found := test.query, ""
				q.Limit = size
				for more := true; more; {
					s.read(func(tx directory.Tx) error {
						users, next, err := tx.Profiles(acme, q)
						for _, u := range users {
							found += string(u.ID[len("usr_"):])
						}
						q.After, more = next, next != nil
						return err
					})
					if len(found) > 10 {
						break
					}
				}
				s.equal(test.name, test.want, found)
			}
			skipped := test.query
			skipped.Skip = 1
			rest := got(s, func(tx directory.Tx) (rest string, err error) {
				users, _, err := tx.Profiles(acme, skipped)
				for _, u := range users {
					rest += string(u.ID[len("usr_"):])
				}
				return rest, err
			})
			s.equal(test.name+", without the first", test.want[1:], rest)
		}
	}},
}
