package store

import (
	"time"

	"github.com/rosterhq/roster/internal/directory"
)

const selectProvisions = `SELECT org_id, hash, remote_addr, expires_at, claimed FROM provisions `

func scanProvision(row scanner) (p directory.Provision, err error) {
	var hash []byte
	var expires int64
	err = row.Scan(&p.OrgID, &hash, &p.RemoteAddr, &expires, &p.Claimed)
	copy(p.Hash[:], hash)
	p.ExpiresAt = fromMicros(expires)
	return p, err
}

func (t *tx) CreateProvision(p directory.Provision) error {
	return t.exec(`INSERT INTO provisions (org_id, hash, remote_addr, expires_at, claimed) VALUES ($1, $2, $3, $4, $5)`,
		p.OrgID, p.Hash[:], p.RemoteAddr, micros(p.ExpiresAt), flag(p.Claimed))
}

func (t *tx) UpdateProvision(p directory.Provision) error {
	return t.execOne("provision", `UPDATE provisions SET claimed = $1 WHERE org_id = $2`, flag(p.Claimed), p.OrgID)
}

func (t *tx) DeleteProvision(id directory.OrgID) error {
	return t.execOne("provision", `DELETE FROM provisions WHERE org_id = $1`, id)
}

func (t *tx) ProvisionByHash(h directory.SecretHash) (directory.Provision, error) {
	return one(t, "provision", scanProvision, selectProvisions+`WHERE hash = $1`, h[:])
}

func (t *tx) CountProvisions(remoteAddr string, now time.Time) (int, error) {
	return one(t, "count", scanValue[int],
		`SELECT count(*) FROM provisions WHERE remote_addr = $1 AND expires_at > $2`, remoteAddr, micros(now))
}

func (t *tx) ExpiredProvisions(now time.Time) ([]directory.Provision, error) {
	return list(t, scanProvision, selectProvisions+`WHERE expires_at <= $1 ORDER BY org_id`, micros(now))
}
