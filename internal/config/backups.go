package config

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/pflag"
)

// Backups has the settings of scheduled backups.
type Backups struct {
	Dir   string // empty: none are made
	Every time.Duration
	Keep  int
}

func (c *Config) addBackupFlags(fs *pflag.FlagSet) {
	b := &c.Backups
	fs.StringVar(&b.Dir, "backup-dir", Env("ROSTER_BACKUP_DIR", ""), "`DIR` to back an SQLite database up to on a schedule (env ROSTER_BACKUP_DIR)")
	fs.DurationVar(&b.Every, "backup-every", env(c, "ROSTER_BACKUP_EVERY", 24*time.Hour, time.ParseDuration, "a duration, as in 24h"), "time between backups (env ROSTER_BACKUP_EVERY)")
	fs.IntVar(&b.Keep, "backup-keep", env(c, "ROSTER_BACKUP_KEEP", 7, strconv.Atoi, "a number"), "keep the newest `N` backups (env ROSTER_BACKUP_KEEP)")
}

func (c *Config) checkBackups() error {
	b := c.Backups
	if b.Every < time.Minute {
		return fmt.Errorf("--backup-every: %s is less than 1m", b.Every)
	}
	if b.Keep < 1 {
		return fmt.Errorf("--backup-keep: %d is less than 1", b.Keep)
	}
	if b.Dir != "" && !strings.HasPrefix(c.Database, "sqlite:") {
		return errors.New("--backup-dir is for SQLite; back PostgreSQL up with its own tools, such as pg_basebackup")
	}
	return nil
}
