package store

import (
	"encoding/json"

	"github.com/rosterhq/roster/internal/directory"
)

func (t *tx) ProvisioningSettings(org directory.OrgID) (s directory.ProvisioningSettings, err error) {
	kept, err := list(t, scanValue[string], `SELECT settings FROM provisioning_settings WHERE org_id = $1`, org)
	if err != nil || len(kept) == 0 {
		return s, err
	}
	err = json.Unmarshal([]byte(kept[0]), &s)
	return s, err
}

func (t *tx) SetProvisioningSettings(org directory.OrgID, s directory.ProvisioningSettings) error {
	b, err := json.Marshal(s)
	if err != nil {
		return err
	}
	return t.exec(`INSERT INTO provisioning_settings (org_id, settings) VALUES ($1, $2)
		ON CONFLICT (org_id) DO UPDATE SET settings = excluded.settings`, org, string(b))
}

func scanProvisioningState(row scanner) (s directory.ProvisioningState, err error) {
	var breaker, run string
	if err := row.Scan(&breaker, &run); err != nil {
		return s, err
	}
	if breaker != "" {
		s.Breaker = json.RawMessage(breaker)
	}
	if run != "" {
		s.Run = json.RawMessage(run)
	}
	return s, nil
}

func (t *tx) ProvisioningState(org directory.OrgID) (s directory.ProvisioningState, err error) {
	kept, err := list(t, scanProvisioningState, `SELECT breaker, run FROM provisioning_state WHERE org_id = $1`, org)
	if err != nil || len(kept) == 0 {
		return s, err
	}
	return kept[0], nil
}

func (t *tx) SetProvisioningState(org directory.OrgID, s directory.ProvisioningState) error {
	return t.exec(`INSERT INTO provisioning_state (org_id, breaker, run) VALUES ($1, $2, $3)
		ON CONFLICT (org_id) DO UPDATE SET breaker = excluded.breaker, run = excluded.run`, org, string(s.Breaker), string(s.Run))
}

func (t *tx) AddLosses(org directory.OrgID, ids []directory.UserID) error {
	for _, id := range ids {
		if err := t.exec(`INSERT INTO provisioning_losses (org_id, user_id) VALUES ($1, $2) ON CONFLICT (org_id, user_id) DO NOTHING`, org, id); err != nil {
			return err
		}
	}
	return nil
}

func (t *tx) CountLosses(org directory.OrgID) (int, error) {
	return t.count(`SELECT count(*) FROM provisioning_losses WHERE org_id = $1`, org)
}

func (t *tx) DropLosses(org directory.OrgID) error {
	return t.exec(`DELETE FROM provisioning_losses WHERE org_id = $1`, org)
}

func (t *tx) CountPresent(org directory.OrgID) (int, error) {
	return t.count(`SELECT count(*) FROM users WHERE org_id = $1 AND suspended = 0`, org)
}
