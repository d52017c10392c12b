package store

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/rosterhq/roster/internal/directory"
)

// fewWithGram is how many users may have a gram for it to be used. A gram that more users
// have saves nothing: users who meet the condition are likely found soon in any order.
const fewWithGram = 1000

// narrow begins a condition with the users who have a rare gram of a text that the
// condition looks for, and its other grams, so that the texts of others are not read. It is "" if there is none.
func (t *tx) narrow(c *compiler, org directory.OrgID, where directory.Condition) (string, error) {
	if !c.of.grams {
		return "", nil
	}
	text, grams := soughtGrams(where)
	best, least := "", fewWithGram
	for _, gram := range grams {
		n, err := t.count(`SELECT count(*) FROM (SELECT 1 FROM profile_grams WHERE org_id = $1 AND gram = $2 LIMIT $3) AS few`, org, gram, least)
		if err != nil {
			return "", err
		}
		if n < least {
			best, least = gram, n
		}
		if n == 0 {
			break
		}
	}
	if best == "" {
		return "", nil
	}
	var others strings.Builder
	for _, gram := range grams {
		if gram != best {
			fmt.Fprintf(&others, ` AND EXISTS (SELECT 1 FROM profile_grams m WHERE m.org_id = $1 AND m.gram = %s AND m.user_id = n.user_id)`, c.bind(gram))
		}
	}
	return fmt.Sprintf(`u.id IN (SELECT n.user_id FROM profile_grams n WHERE n.org_id = $1 AND n.gram = %s%s
		UNION ALL SELECT n.user_id FROM profile_grams n WHERE n.org_id = $1 AND n.gram = %s
		UNION ALL SELECT n.id FROM users n WHERE n.org_id = $1 AND n.profiled = 0 AND %s) AND `,
		c.bind(best), others.String(), c.bind(directory.AnyGram), c.dialect.contains("n.email_key", c.bind(text))), nil
}

// maxSought is how many grams of a text are compared to find a rare one.
const maxSought = 12

// soughtGrams are grams that the users must have who meet a condition, and the text that
// they are of.
func soughtGrams(where directory.Condition) (text string, grams []string) {
	switch cond := where.(type) {
	case directory.And:
		for _, part := range cond {
			if text, grams = soughtGrams(part); len(grams) > 0 {
				break
			}
		}
	case directory.Some:
		inner, ok := cond.Where.(directory.Compare)
		if ok && len(cond.Path) == 1 && cond.Path[0] == "emails" && len(inner.Path) == 1 && inner.Path[0] == "value" && inner.Op != directory.Equal {
			return gramsOf(inner)
		}
	case directory.Compare:
		byName := len(cond.Path) == 1 && cond.Path[0] == "userName" && cond.Op != directory.Equal // an index finds equal ones
		if byName || slices.ContainsFunc(directory.GramPaths, func(p directory.Path) bool { return slices.Equal(p, cond.Path) }) {
			return gramsOf(cond)
		}
	}
	return text, grams
}

func gramsOf(cond directory.Compare) (string, []string) {
	text, ok := cond.Value.(string)
	if !ok || cond.CaseExact {
		return "", nil
	}
	switch cond.Op {
	case directory.Equal, directory.Contains, directory.StartsWith, directory.EndsWith:
		whole := cond.Op == directory.Equal
		grams := directory.Grams(text, whole || cond.Op == directory.StartsWith, whole || cond.Op == directory.EndsWith)
		return text, grams[:min(len(grams), maxSought)]
	}
	return "", nil
}

// changeGrams adds grams of a user and drops others.
func (t *tx) changeGrams(org directory.OrgID, id directory.UserID, added, dropped []string) error {
	for _, gram := range dropped {
		if err := t.exec(`DELETE FROM profile_grams WHERE org_id = $1 AND gram = $2 AND user_id = $3`, org, gram, id); err != nil {
			return err
		}
	}
	if len(added) == 0 {
		return nil
	}
	args := []any{org, id}
	rows := make([]string, len(added))
	for i, gram := range added {
		args = append(args, gram)
		rows[i] = "($1, $" + strconv.Itoa(len(args)) + ", $2)"
	}
	return t.exec(keepOut+`INSERT INTO profile_grams (org_id, gram, user_id) VALUES `+strings.Join(rows, ", ")+
		` ON CONFLICT (org_id, gram, user_id) DO NOTHING`, args...)
}

// dropProfile drops what of a user's profile does not go with the user's row.
func (t *tx) dropProfile(org directory.OrgID, id directory.UserID) error {
	stored, err := t.count(`SELECT count(*) FROM profiles WHERE org_id = $1 AND user_id = $2`, org, id)
	if err != nil || stored == 0 {
		return err
	}
	was, err := t.Profiled(org, id)
	if err != nil {
		return err
	}
	return t.changeGrams(org, id, nil, was.Profile.Keys().Grams)
}
