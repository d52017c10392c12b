package store

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/limits"
)

// CountOf reads an index. The limit itself bounds an organization's part of the index,
// except for users.
func (t *tx) CountOf(org directory.OrgID, what limits.Name) (int, error) {
	switch what {
	case limits.Users:
		return t.count(`SELECT count(*) FROM users WHERE org_id = $1`, org)
	case limits.Invitations:
		return t.count(`SELECT count(*) FROM users WHERE org_id = $1 AND account_id IS NULL`, org)
	case limits.Roles:
		return t.count(`SELECT count(*) FROM roles WHERE org_id = $1`, org)
	case limits.Groups:
		return t.count(`SELECT count(*) FROM user_groups WHERE org_id = $1`, org)
	case limits.APITokens:
		return t.count(`SELECT count(*) FROM api_tokens WHERE org_id = $1`, org)
	case limits.Webhooks:
		return t.count(`SELECT count(*) FROM webhooks WHERE org_id = $1`, org)
	case limits.Issuers:
		return t.count(`SELECT count(*) FROM issuers WHERE org_id = $1`, org)
	case limits.Domains:
		return t.count(`SELECT count(*) FROM domains WHERE org_id = $1`, org)
	case limits.Schedules:
		return t.count(`SELECT count(*) FROM schedules WHERE org_id = $1`, org)
	case limits.TemporaryRoles:
		return t.count(`SELECT count(*) FROM temporary_roles WHERE org_id = $1`, org)
	case limits.Applications:
		return t.count(`SELECT count(*) FROM applications WHERE org_id = $1`, org)
	case limits.NamesInRoles:
		return t.count(`SELECT CAST(COALESCE(sum(names), 0) AS BIGINT) FROM roles WHERE org_id = $1`, org)
	default:
		return 0, fmt.Errorf("an organization's %s can't be counted", what)
	}
}

func (t *tx) CountOfAccount(account directory.AccountID, what limits.Name) (int, error) {
	switch what {
	case limits.Organizations:
		return t.count(`SELECT count(*) FROM users u WHERE u.account_id = $1`, account)
	case limits.PersonalTokens:
		return t.count(`SELECT count(*) FROM personal_tokens WHERE account_id = $1`, account)
	case limits.Sessions:
		return t.count(`SELECT count(*) FROM sessions WHERE account_id = $1`, account)
	case limits.Passkeys:
		return t.count(`SELECT count(*) FROM passkeys WHERE account_id = $1`, account)
	default:
		return 0, fmt.Errorf("an account's %s can't be counted", what)
	}
}

// HighestCount reads the whole of an index.
func (t *tx) HighestCount(what limits.Name) (int, error) {
	switch what {
	case limits.Users:
		return t.count(`SELECT CAST(COALESCE(max(n), 0) AS BIGINT) FROM (SELECT count(*) AS n FROM users GROUP BY org_id) AS counts`)
	case limits.Invitations:
		return t.count(`SELECT CAST(COALESCE(max(n), 0) AS BIGINT) FROM (SELECT count(*) AS n FROM users WHERE account_id IS NULL GROUP BY org_id) AS counts`)
	case limits.Roles:
		return t.count(`SELECT CAST(COALESCE(max(n), 0) AS BIGINT) FROM (SELECT count(*) AS n FROM roles GROUP BY org_id) AS counts`)
	case limits.Groups:
		return t.count(`SELECT CAST(COALESCE(max(n), 0) AS BIGINT) FROM (SELECT count(*) AS n FROM user_groups GROUP BY org_id) AS counts`)
	case limits.APITokens:
		return t.count(`SELECT CAST(COALESCE(max(n), 0) AS BIGINT) FROM (SELECT count(*) AS n FROM api_tokens GROUP BY org_id) AS counts`)
	case limits.Webhooks:
		return t.count(`SELECT CAST(COALESCE(max(n), 0) AS BIGINT) FROM (SELECT count(*) AS n FROM webhooks GROUP BY org_id) AS counts`)
	case limits.Issuers:
		return t.count(`SELECT CAST(COALESCE(max(n), 0) AS BIGINT) FROM (SELECT count(*) AS n FROM issuers GROUP BY org_id) AS counts`)
	case limits.Domains:
		return t.count(`SELECT CAST(COALESCE(max(n), 0) AS BIGINT) FROM (SELECT count(*) AS n FROM domains GROUP BY org_id) AS counts`)
	case limits.Schedules:
		return t.count(`SELECT CAST(COALESCE(max(n), 0) AS BIGINT) FROM (SELECT count(*) AS n FROM schedules GROUP BY org_id) AS counts`)
	case limits.TemporaryRoles:
		return t.count(`SELECT CAST(COALESCE(max(n), 0) AS BIGINT) FROM (SELECT count(*) AS n FROM temporary_roles GROUP BY org_id) AS counts`)
	case limits.Applications:
		return t.count(`SELECT CAST(COALESCE(max(n), 0) AS BIGINT) FROM (SELECT count(*) AS n FROM applications WHERE org_id <> '' GROUP BY org_id) AS counts`)
	case limits.NamesInRoles:
		return t.count(`SELECT CAST(COALESCE(max(n), 0) AS BIGINT) FROM (SELECT sum(names) AS n FROM roles GROUP BY org_id) AS counts`)
	case limits.Organizations:
		return t.count(`SELECT CAST(COALESCE(max(n), 0) AS BIGINT) FROM (SELECT count(*) AS n FROM users WHERE account_id IS NOT NULL GROUP BY account_id) AS counts`)
	case limits.PersonalTokens:
		return t.count(`SELECT CAST(COALESCE(max(n), 0) AS BIGINT) FROM (SELECT count(*) AS n FROM personal_tokens GROUP BY account_id) AS counts`)
	case limits.Sessions:
		return t.count(`SELECT CAST(COALESCE(max(n), 0) AS BIGINT) FROM (SELECT count(*) AS n FROM sessions GROUP BY account_id) AS counts`)
	case limits.Passkeys:
		return t.count(`SELECT CAST(COALESCE(max(n), 0) AS BIGINT) FROM (SELECT count(*) AS n FROM passkeys GROUP BY account_id) AS counts`)
	default:
		return 0, fmt.Errorf("%s can't be counted", what)
	}
}

func (t *tx) count(query string, args ...any) (int, error) {
	return one(t, "count", scanValue[int], query, args...)
}

func (t *tx) UserInGroups(org directory.OrgID, ids []directory.UserID, groups int) (directory.UserID, error) {
	for chunk := range slices.Chunk(ids, inChunk) {
		in, args := inList(chunk, org)
		args = append(args, groups)
		found, err := list(t, scanValue[directory.UserID], `SELECT user_id FROM group_members WHERE org_id = $1 AND user_id IN `+in+
			` GROUP BY user_id HAVING count(*) >= $`+strconv.Itoa(len(args))+` ORDER BY user_id LIMIT 1`, args...)
		if err != nil {
			return "", err
		}
		if len(found) > 0 {
			return found[0], nil
		}
	}
	return "", nil
}
