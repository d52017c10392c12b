package store

import (
	"time"

	"github.com/rosterhq/roster/internal/directory"
)

const selectAPITokens = `SELECT org_id, id, hash, name, description, capabilities, giving, expires_at, networks, created_at, created_by, lifetime, replaces, maker_id FROM api_tokens `

func scanAPIToken(row scanner) (t directory.APITokenRecord, err error) {
	var expires, created int64
	var hash []byte
	err = row.Scan(&t.OrgID, &t.ID, &hash, &t.Name, &t.Description, capabilitiesColumn{&t.Capabilities}, asJSON(&t.Giving), &expires, networksColumn{&t.Networks}, &created, asJSON(&t.CreatedBy), &t.LifetimeSeconds, &t.Replaces, &t.MakerID)
	copy(t.Hash[:], hash)
	t.ExpiresAt, t.CreatedAt = fromMicros(expires), fromMicros(created)
	return t, err
}

func (t *tx) APIToken(org directory.OrgID, id directory.TokenID) (directory.APITokenRecord, error) {
	key := tokenKey{org, id}
	if r, ok := t.memo.token(key); ok && !t.reading {
		return r, nil
	}
	r, err := one(t, "token", scanAPIToken, selectAPITokens+`WHERE org_id = $1 AND id = $2`, org, id)
	if err == nil {
		t.memo.keepToken(key, r)
	}
	return r, err
}

func (t *tx) APITokenByHash(h directory.SecretHash) (directory.APITokenRecord, error) {
	return one(t, "token", scanAPIToken, selectAPITokens+`WHERE hash = $1`, h[:])
}

func (t *tx) APITokens(org directory.OrgID) ([]directory.APITokenRecord, error) {
	return list(t, scanAPIToken, selectAPITokens+`WHERE org_id = $1 ORDER BY id`, org)
}

func (t *tx) CreateAPIToken(r directory.APITokenRecord) error {
	caps, err := capabilitiesJSON(r.Capabilities)
	if err != nil {
		return err
	}
	return t.exec(`INSERT INTO api_tokens (org_id, id, hash, name, description, capabilities, giving, expires_at, networks, created_at, created_by, lifetime, replaces, maker_id)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`,
		r.OrgID, r.ID, r.Hash[:], r.Name, r.Description, caps, asJSON(r.Giving), micros(r.ExpiresAt), networksText(r.Networks), micros(r.CreatedAt), asJSON(r.CreatedBy), r.LifetimeSeconds, r.Replaces, r.MakerID)
}

func (t *tx) SuccessorsOf(org directory.OrgID, id directory.TokenID, now time.Time, limit int) ([]directory.TokenID, error) {
	return list(t, scanValue[directory.TokenID], `WITH RECURSIVE successors (id, expires_at) AS (
			SELECT id, expires_at FROM api_tokens WHERE org_id = $1 AND replaces = $2
			UNION SELECT t.id, t.expires_at FROM api_tokens t JOIN successors s ON t.replaces = s.id WHERE t.org_id = $1
		) SELECT id FROM successors WHERE expires_at = 0 OR expires_at > $3 ORDER BY id LIMIT $4`, org, id, micros(now), limit)
}

func (t *tx) ExpiringAPITokens(q directory.ExpiringQuery) ([]directory.APITokenRecord, error) {
	return list(t, scanAPIToken, selectAPITokens+`WHERE expires_at > $1 AND expires_at <= $2 AND notices < $3 AND lifetime > $4
		AND NOT EXISTS (SELECT 1 FROM api_tokens n WHERE n.org_id = api_tokens.org_id AND n.replaces = api_tokens.id)
		ORDER BY expires_at, id LIMIT $5`, micros(q.After), micros(q.UpTo), q.Notices, int64(q.Within/time.Second), q.Limit)
}

func (t *tx) NoteExpiryNotice(org directory.OrgID, id directory.TokenID, notice int) (bool, error) {
	err := t.execOne("token", `UPDATE api_tokens SET notices = $1 WHERE org_id = $2 AND id = $3 AND notices < $1`, notice, org, id)
	if directory.CodeOf(err) == directory.NotFound {
		return false, nil
	}
	return err == nil, err
}

func (t *tx) ExpireAPIToken(org directory.OrgID, id directory.TokenID, at time.Time) error {
	return t.execOne("token", `UPDATE api_tokens SET expires_at = $1 WHERE org_id = $2 AND id = $3`, micros(at), org, id)
}

func (t *tx) SetAPITokenNetworks(org directory.OrgID, id directory.TokenID, n directory.Networks) error {
	return t.execOne("token", `UPDATE api_tokens SET networks = $1 WHERE org_id = $2 AND id = $3`, networksText(n), org, id)
}

func (t *tx) UpdateAPITokenCreator(org directory.OrgID, id directory.TokenID, by directory.Actor) error {
	return t.execOne("token", `UPDATE api_tokens SET created_by = $1 WHERE org_id = $2 AND id = $3`, asJSON(by), org, id)
}

func (t *tx) DeleteAPIToken(org directory.OrgID, id directory.TokenID) error {
	return t.execOne("token", `DELETE FROM api_tokens WHERE org_id = $1 AND id = $2`, org, id)
}

func (t *tx) CountAPITokens(after, until time.Time) (int, error) {
	return one(t, "count", scanValue[int],
		`SELECT count(*) FROM api_tokens WHERE expires_at > $1 AND expires_at <= $2`, micros(after), micros(until))
}

func (t *tx) APITokenUsed(org directory.OrgID, id directory.TokenID) (time.Time, error) {
	us, err := one(t, "token", scanValue[int64], `SELECT last_used_at FROM api_tokens WHERE org_id = $1 AND id = $2`, org, id)
	return fromMicros(us), err
}

func (t *tx) APITokensUsed(org directory.OrgID) (map[directory.TokenID]time.Time, error) {
	type use struct {
		id directory.TokenID
		at int64
	}
	uses, err := list(t, func(row scanner) (u use, err error) {
		err = row.Scan(&u.id, &u.at)
		return u, err
	}, `SELECT id, last_used_at FROM api_tokens WHERE org_id = $1 AND last_used_at > 0`, org)
	used := make(map[directory.TokenID]time.Time, len(uses))
	for _, u := range uses {
		used[u.id] = fromMicros(u.at)
	}
	return used, err
}

func (t *tx) UseAPIToken(org directory.OrgID, id directory.TokenID, at time.Time) error {
	return t.exec(`UPDATE api_tokens SET last_used_at = $1 WHERE org_id = $2 AND id = $3 AND last_used_at < $1`,
		micros(at), org, id)
}
