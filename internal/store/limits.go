package store

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/rosterhq/roster/internal/directory"
)

// counts are the queries for what [directory.Tx.CountOf] counts. Each reads an index
// whose part for an organization the limit itself bounds, but for users.
var counts = map[directory.Limit]string{
	directory.LimitUsers:       `SELECT count(*) FROM users WHERE org_id = $1`,
	directory.LimitInvitations: `SELECT count(*) FROM users WHERE org_id = $1 AND account_id IS NULL`,
	directory.LimitRoles:       `SELECT count(*) FROM roles WHERE org_id = $1`,
	directory.LimitGroups:      `SELECT count(*) FROM user_groups WHERE org_id = $1`,
	directory.LimitAPITokens:   `SELECT count(*) FROM api_tokens WHERE org_id = $1`,
	directory.LimitWebhooks:    `SELECT count(*) FROM webhooks WHERE org_id = $1`,
	directory.LimitNames:       `SELECT CAST(COALESCE(sum(names), 0) AS BIGINT) FROM roles WHERE org_id = $1`,
}

var accountCounts = map[directory.Limit]string{
	directory.LimitOrganizations:  `SELECT count(*) FROM users u WHERE u.account_id = $1`,
	directory.LimitPersonalTokens: `SELECT count(*) FROM personal_tokens WHERE account_id = $1`,
}

func (t *tx) CountOf(org directory.OrgID, what directory.Limit) (int, error) {
	query, ok := counts[what]
	if !ok {
		return 0, fmt.Errorf("an organization's %s can't be counted", what)
	}
	return one(t, "count", scanValue[int], query, org)
}

func (t *tx) CountOfAccount(account directory.AccountID, what directory.Limit) (int, error) {
	query, ok := accountCounts[what]
	if !ok {
		return 0, fmt.Errorf("an account's %s can't be counted", what)
	}
	return one(t, "count", scanValue[int], query, account)
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
