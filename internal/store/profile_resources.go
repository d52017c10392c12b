package store

import (
	"strings"

	"github.com/rosterhq/roster/internal/directory"
)

// The elements of a user's groups and of a group's members, for conditions on them.
const (
	groupsOfUser   = `SELECT 1 FROM group_members m JOIN user_groups g ON g.org_id = m.org_id AND g.id = m.group_id WHERE m.org_id = $1 AND m.user_id = u.id AND `
	membersOfGroup = `SELECT 1 FROM group_members m WHERE m.org_id = $1 AND m.group_id = u.id AND `
)

// unnamed is a condition on users n who have no stored profile.
const unnamed = `n.profiled = 0`

// usersByName is the condition that a user has a user name that compares to parameters.
// Users without a stored profile are named by their addresses, unless a stored profile has
// that name.
func usersByName(compare func(column string) string) string {
	return `u.id IN (SELECT n.user_id FROM profiles n WHERE n.org_id = $1 AND ` + compare("n.user_name_key") + `
	UNION ALL SELECT n.id FROM users n WHERE n.org_id = $1 AND ` + compare("n.email_key") + ` AND ` + unnamed + `
		AND NOT EXISTS (SELECT 1 FROM profiles o WHERE o.org_id = $1 AND o.user_name_key = n.email_key))`
}

func equals(column string) string { return column + " = %[1]s" }

// usersByEmail is the condition that a user has an email.
const usersByEmail = `u.id IN (SELECT n.user_id FROM profile_emails n WHERE n.org_id = $1 AND n.email_key = %[1]s
	UNION ALL SELECT n.id FROM users n WHERE n.org_id = $1 AND n.email_key = %[1]s AND ` + unnamed + `)`

// userResource are the users u with the profiles p.
func userResource(d jsonDialect) resource {
	folded := `COALESCE(` + d.document("p.folded") + `, ` + d.email("u.email_key") + `)`
	exact := `COALESCE(` + d.document("p.attributes") + `, ` + d.email("u.email") + `)`
	return resource{
		grams: true,
		attribute: func(path directory.Path) field {
			switch strings.Join(path, ".") {
			case "id":
				return field{folded: "u.id", exact: "u.id", equal: "u.id = %[1]s", always: true}
			case "userName":
				return field{
					folded: "COALESCE(p.user_name_key, u.email_key)", exact: "COALESCE(p.user_name, u.email)",
					equal: usersByName(equals),
				}
			case "externalId":
				return field{
					folded: "COALESCE(p.external_id, '')", exact: "COALESCE(p.external_id, '')", always: true,
					equal: "u.id IN (SELECT n.user_id FROM profiles n WHERE n.org_id = $1 AND n.external_id = %[1]s AND n.external_id <> '')",
				}
			case "active":
				return field{kind: boolField, exact: "u.suspended = 0"}
			case "meta.created":
				return field{kind: timeField, exact: "u.created_at"}
			case "meta.lastModified":
				return field{kind: timeField, exact: "COALESCE(p.updated_at, u.created_at)"}
			}
			return field{kind: jsonField, folded: folded, exact: exact, path: path}
		},
		some: map[string]elements{
			"emails": {
				equal: usersByEmail, column: "value",
				text: `EXISTS (SELECT 1 FROM profile_emails n WHERE n.org_id = $1 AND n.user_id = u.id AND {n.email_key}) OR (u.profiled = 0 AND {u.email_key})`,
			},
			"groups": {
				equal: "u.id IN (SELECT n.user_id FROM group_members n WHERE n.org_id = $1 AND n.group_id = %[1]s)",
				from:  groupsOfUser,
				attribute: func(path directory.Path) (field, bool) {
					switch strings.Join(path, ".") {
					case "value":
						return field{folded: "g.id", exact: "g.id"}, true
					case "display":
						return field{folded: "g.name_key", exact: "g.name"}, true
					}
					return field{}, false
				},
			},
		},
	}
}

// groupResource are the groups u with what directories keep with them, p.
func groupResource(d jsonDialect) resource {
	folded := `COALESCE(` + d.document("p.folded") + `, ` + d.document("'{}'") + `)`
	exact := `COALESCE(` + d.document("p.attributes") + `, ` + d.document("'{}'") + `)`
	return resource{
		attribute: func(path directory.Path) field {
			switch strings.Join(path, ".") {
			case "id":
				return field{folded: "u.id", exact: "u.id", equal: "u.id = %[1]s", always: true}
			case "displayName":
				return field{folded: "u.name_key", exact: "u.name", equal: "u.name_key = %[1]s", starts: "u.name_key >= %[1]s AND u.name_key < %[2]s"}
			case "externalId":
				return field{
					folded: "COALESCE(p.external_id, '')", exact: "COALESCE(p.external_id, '')", always: true,
					equal: "u.id IN (SELECT n.group_id FROM group_profiles n WHERE n.org_id = $1 AND n.external_id = %[1]s AND n.external_id <> '')",
				}
			case "meta.created":
				return field{kind: timeField, exact: "u.created_at"}
			case "meta.lastModified":
				return field{kind: timeField, exact: "COALESCE(p.updated_at, u.created_at)"}
			}
			return field{kind: jsonField, folded: folded, exact: exact, path: path}
		},
		some: map[string]elements{"members": {
			equal: "u.id IN (SELECT n.group_id FROM group_members n WHERE n.org_id = $1 AND n.user_id = %[1]s)",
			from:  membersOfGroup,
			attribute: func(path directory.Path) (field, bool) {
				return field{folded: "m.user_id", exact: "m.user_id"}, strings.Join(path, ".") == "value"
			},
		}},
	}
}
