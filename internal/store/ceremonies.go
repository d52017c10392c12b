package store

import (
	"time"

	"github.com/rosterhq/roster/internal/directory"
)

func (t *tx) FinishCeremony(h directory.SecretHash, expires time.Time) error {
	n, err := t.insertCount(`INSERT INTO finished_ceremonies (hash, expires_at) VALUES ($1, $2) ON CONFLICT (hash) DO NOTHING`, h[:], micros(expires))
	if err == nil && n == 0 {
		err = directory.Errorf(directory.Conflict, "the ceremony is finished")
	}
	return err
}

func (t *tx) DropCeremonies(by time.Time) error {
	return t.exec(`DELETE FROM finished_ceremonies WHERE expires_at <= $1`, micros(by))
}
