package store

import (
	"time"

	"github.com/rosterhq/roster/internal/directory"
)

const selectIssuers = `SELECT org_id, id, name, url, client_id, secret, settings, created_at, created_by, updated_at, updated_by FROM issuers `

func scanIssuer(row scanner) (i directory.Issuer, err error) {
	var created, updated int64
	err = row.Scan(&i.OrgID, &i.ID, &i.Name, &i.URL, &i.ClientID, &i.SealedSecret, asJSON(&i.IssuerSettings), &created, asJSON(&i.CreatedBy), &updated, asJSON(&i.UpdatedBy))
	i.CreatedAt, i.UpdatedAt = fromMicros(created), fromMicros(updated)
	return i, err
}

func (t *tx) Issuer(org directory.OrgID, id directory.IssuerID) (directory.Issuer, error) {
	return one(t, "issuer", scanIssuer, selectIssuers+`WHERE org_id = $1 AND id = $2`, org, id)
}

func (t *tx) Issuers(org directory.OrgID) ([]directory.Issuer, error) {
	return list(t, scanIssuer, selectIssuers+`WHERE org_id = $1 ORDER BY id`, org)
}

func (t *tx) CreateIssuer(i directory.Issuer) error {
	return t.exec(`INSERT INTO issuers (org_id, id, name, url, client_id, secret, settings, created_at, created_by, updated_at, updated_by)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
		i.OrgID, i.ID, i.Name, i.URL, i.ClientID, i.SealedSecret, asJSON(i.IssuerSettings), micros(i.CreatedAt), asJSON(i.CreatedBy), micros(i.UpdatedAt), asJSON(i.UpdatedBy))
}

func (t *tx) UpdateIssuer(i directory.Issuer) error {
	return t.execOne("issuer", `UPDATE issuers SET name = $1, secret = $2, settings = $3, updated_at = $4, updated_by = $5 WHERE org_id = $6 AND id = $7`,
		i.Name, i.SealedSecret, asJSON(i.IssuerSettings), micros(i.UpdatedAt), asJSON(i.UpdatedBy), i.OrgID, i.ID)
}

func (t *tx) DeleteIssuer(org directory.OrgID, id directory.IssuerID) error {
	return t.execOne("issuer", `DELETE FROM issuers WHERE org_id = $1 AND id = $2`, org, id)
}

const selectIssuerLinks = `SELECT org_id, issuer_id, subject, account_id, created_at, signed_in_at FROM issuer_links `

func scanIssuerLink(row scanner) (l directory.IssuerLink, err error) {
	var created, signedIn int64
	err = row.Scan(&l.OrgID, &l.IssuerID, &l.Subject, &l.AccountID, &created, &signedIn)
	l.CreatedAt, l.SignedInAt = fromMicros(created), fromMicros(signedIn)
	return l, err
}

func (t *tx) IssuerLink(org directory.OrgID, issuer directory.IssuerID, subject string) (directory.IssuerLink, error) {
	return one(t, "issuer link", scanIssuerLink, selectIssuerLinks+`WHERE org_id = $1 AND issuer_id = $2 AND subject = $3`, org, issuer, subject)
}

func (t *tx) IssuerLinks(org directory.OrgID, issuer directory.IssuerID, account directory.AccountID) ([]directory.IssuerLink, error) {
	return list(t, scanIssuerLink, selectIssuerLinks+`WHERE org_id = $1 AND issuer_id = $2 AND account_id = $3 ORDER BY subject`, org, issuer, account)
}

func (t *tx) CreateIssuerLink(l directory.IssuerLink) error {
	return t.exec(`INSERT INTO issuer_links (org_id, issuer_id, subject, account_id, created_at, signed_in_at) VALUES ($1, $2, $3, $4, $5, $6)`,
		l.OrgID, l.IssuerID, l.Subject, l.AccountID, micros(l.CreatedAt), micros(l.SignedInAt))
}

func (t *tx) UseIssuerLink(org directory.OrgID, issuer directory.IssuerID, subject string, at time.Time) error {
	return t.exec(`UPDATE issuer_links SET signed_in_at = $1 WHERE org_id = $2 AND issuer_id = $3 AND subject = $4`, micros(at), org, issuer, subject)
}

func (t *tx) IssuerUsed(org directory.OrgID, issuer directory.IssuerID) (bool, error) {
	n, err := t.count(`SELECT count(*) FROM (SELECT 1 AS used FROM issuer_links WHERE org_id = $1 AND issuer_id = $2 AND signed_in_at > 0 LIMIT 1) AS found`, org, issuer)
	return n > 0, err
}

func (t *tx) DropIssuerLinks(org directory.OrgID, account directory.AccountID) error {
	return t.exec(`DELETE FROM issuer_links WHERE org_id = $1 AND account_id = $2`, org, account)
}
