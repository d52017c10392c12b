package store

import "github.com/rosterhq/roster/internal/directory"

func (t *tx) VerifiedDomain(org directory.OrgID, domain string) (bool, error) {
	n, err := t.count(`SELECT count(*) FROM domains WHERE org_id = $1 AND domain = $2 AND verified_at > 0`, org, domain)
	return n > 0, err
}

func (t *tx) OrgOfDomain(domain string) (directory.OrgID, error) {
	return one(t, "domain", scanValue[directory.OrgID], `SELECT org_id FROM domains WHERE domain = $1 AND verified_at > 0`, domain)
}

func (t *tx) PutDomain(d directory.Domain) error {
	return t.exec(`INSERT INTO domains (org_id, domain, challenge, verified_at) VALUES ($1, $2, $3, $4)
		ON CONFLICT (org_id, domain) DO UPDATE SET challenge = excluded.challenge, verified_at = excluded.verified_at`,
		d.OrgID, d.Name, d.Challenge, micros(d.VerifiedAt))
}
