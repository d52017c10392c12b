package store

import (
	"time"

	"github.com/rosterhq/roster/internal/directory"
)

const selectDomains = `SELECT org_id, domain, challenge, created_at, verified_at FROM domains `

func scanDomain(row scanner) (d directory.Domain, err error) {
	var created, verified int64
	err = row.Scan(&d.OrgID, &d.Name, &d.Challenge, &created, &verified)
	d.CreatedAt, d.VerifiedAt = fromMicros(created), fromMicros(verified)
	return d, err
}

func (t *tx) Domain(org directory.OrgID, name string) (directory.Domain, error) {
	return one(t, "domain", scanDomain, selectDomains+`WHERE org_id = $1 AND domain = $2`, org, name)
}

func (t *tx) Domains(org directory.OrgID) ([]directory.Domain, error) {
	return list(t, scanDomain, selectDomains+`WHERE org_id = $1 ORDER BY domain`, org)
}

func (t *tx) DomainHolder(name string) (directory.Domain, error) {
	return one(t, "domain", scanDomain, selectDomains+`WHERE domain = $1 AND verified_at > 0`, name)
}

func (t *tx) VerifiedDomain(org directory.OrgID, name string) (bool, error) {
	n, err := t.count(`SELECT count(*) FROM domains WHERE org_id = $1 AND domain = $2 AND verified_at > 0`, org, name)
	return n > 0, err
}

func (t *tx) CreateDomain(d directory.Domain) error {
	added, err := t.insertCount(`INSERT INTO domains (org_id, domain, challenge, created_at, verified_at) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (org_id, domain) DO NOTHING`, d.OrgID, d.Name, d.Challenge, micros(d.CreatedAt), micros(d.VerifiedAt))
	if err == nil && added == 0 {
		return directory.Errorf(directory.Conflict, "the organization has this domain")
	}
	return err
}

func (t *tx) MarkDomain(org directory.OrgID, name string, verified time.Time) error {
	return t.execOne("domain", `UPDATE domains SET verified_at = $1 WHERE org_id = $2 AND domain = $3`, micros(verified), org, name)
}

func (t *tx) DeleteDomain(org directory.OrgID, name string) error {
	return t.execOne("domain", `DELETE FROM domains WHERE org_id = $1 AND domain = $2`, org, name)
}
