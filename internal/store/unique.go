package store

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rosterhq/roster/internal/directory"
)

const selectUnique = `SELECT attribute, digest, COALESCE(user_id, ''), COALESCE(group_id, '') FROM unique_values WHERE org_id = $1 AND `

func scanUnique(row scanner) (v directory.UniqueValue, err error) {
	err = row.Scan(&v.Attribute, &v.Digest, &v.User, &v.Group)
	return v, err
}

func (t *tx) UniqueValues(org directory.OrgID, h directory.Holder) ([]directory.UniqueValue, error) {
	if h.User != "" {
		return list(t, scanUnique, selectUnique+`user_id = $2 ORDER BY attribute, digest`, org, h.User)
	}
	return list(t, scanUnique, selectUnique+`group_id = $2 ORDER BY attribute, digest`, org, h.Group)
}

func (t *tx) AddUniqueValues(org directory.OrgID, values []directory.UniqueValue) (taken *directory.UniqueValue, err error) {
	for chunk := range slices.Chunk(values, inChunk/4) {
		args := []any{org}
		rows := make([]string, len(chunk))
		for i, v := range chunk {
			n := len(args)
			rows[i] = fmt.Sprintf("($1, $%d, $%d, NULLIF($%d, ''), NULLIF($%d, ''))", n+1, n+2, n+3, n+4)
			args = append(args, v.Attribute, v.Digest, v.User, v.Group)
		}
		added, err := t.execCount(keepOut+`INSERT INTO unique_values (org_id, attribute, digest, user_id, group_id) VALUES `+strings.Join(rows, ", ")+
			` ON CONFLICT (org_id, attribute, digest) DO NOTHING`, args...)
		if err != nil {
			return nil, err
		}
		if added == len(chunk) {
			continue
		}
		for _, v := range chunk {
			there, err := one(t, "value", scanUnique, selectUnique+`attribute = $2 AND digest = $3`, org, v.Attribute, v.Digest)
			if err != nil || there.Holder != v.Holder {
				return &there, err
			}
		}
	}
	return nil, nil
}

func (t *tx) DropUniqueValues(org directory.OrgID, values []directory.UniqueValue) error {
	for _, v := range values {
		if err := t.exec(`DELETE FROM unique_values WHERE org_id = $1 AND attribute = $2 AND digest = $3`, org, v.Attribute, v.Digest); err != nil {
			return err
		}
	}
	return nil
}

func (t *tx) DropUnique(org directory.OrgID, attribute string) error {
	return t.exec(`DELETE FROM unique_values WHERE org_id = $1 AND attribute = $2`, org, attribute)
}
