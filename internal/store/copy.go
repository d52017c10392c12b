package store

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"strings"

	"github.com/rosterhq/roster/internal/directory"
)

// table describes a table to copy. The first key columns are its primary key.
type table struct {
	name    string
	key     int
	columns []string
}

func columns(list string) []string { return strings.Fields(list) }

// tables lists the tables to copy. A table comes after those it refers to.
var tables = []table{
	{"orgs", 1, columns("id name created_at updated_at")},
	{"org_settings", 1, columns("org_id max_token_seconds session_idle_seconds session_seconds require_issuer issuer_token_seconds")},
	{"provisions", 1, columns("org_id hash remote_addr expires_at claimed")},
	{"accounts", 1, columns("id email email_key name created_at verified_at signed_in_at")},
	{"users", 2, columns("org_id id account_id email email_key name role_id invited_by expires_at created_at mailed_at suspended profiled active_at")},
	{"temporary_roles", 2, columns("org_id user_id role_id until")},
	{"schedules", 3, columns("org_id user_id act at revoke created_at created_by due_at attempts failed_at failure")},
	{"roles", 2, columns("org_id id name name_key description names capabilities created_at")},
	{"user_groups", 2, columns("org_id id name name_key description managed created_at version")},
	{"group_members", 3, columns("org_id group_id user_id")},
	{"group_roles", 3, columns("org_id group_id role_id")},
	{"api_tokens", 2, columns("org_id id hash name description capabilities giving expires_at networks created_at created_by lifetime replaces maker_id notices last_used_at")},
	{"personal_tokens", 2, columns("account_id id hash name description expires_at networks created_at notices")},
	{"token_uses", 3, columns("org_id account_id token_id last_used_at revoked_at")},
	{"sessions", 2, columns("account_id id hash only_org method issuer_id created_at last_used_at fresh_at expires_at user_agent remote_addr")},
	{"session_ends", 3, columns("org_id account_id session_id ended_at")},
	{"sign_in_links", 2, columns("account_id id hash method first_only browser created_at expires_at used_at")},
	{"passkeys", 2, columns("account_id id credential_id name credential created_at last_used_at")},
	{"finished_ceremonies", 1, columns("hash expires_at")},
	{"entries", 1, columns("position at org_id actor action target_type target_id target_name before after trace_id remote_addr user_agent" +
		" sequence actor_id outcome reason salts erased leaf mac")},
	{"domains", 2, columns("org_id domain challenge created_at verified_at")},
	{"profiles", 2, columns("org_id user_id user_name user_name_key external_id attributes folded version updated_at")},
	{"profile_emails", 3, columns("org_id user_id email_key")},
	{"profile_grams", 3, columns("org_id gram user_id")},
	{"group_profiles", 2, columns("org_id group_id external_id attributes folded updated_at")},
	{"unique_values", 3, columns("org_id attribute digest user_id group_id")},
	{"provisioning_settings", 1, columns("org_id settings")},
	{"provisioning_state", 1, columns("org_id breaker run")},
	{"provisioning_losses", 2, columns("org_id user_id")},
	{"issuers", 2, columns("org_id id name url client_id secret settings created_at created_by updated_at updated_by")},
	{"issuer_links", 3, columns("org_id issuer_id subject account_id created_at signed_in_at")},
	{"webhooks", 2, columns("org_id id name description url filter enabled disabled_reason secret_version previous_until after_sequence" +
		" created_at updated_at created_by failures next_at")},
	{"webhook_deliveries", 3, columns("org_id webhook_id sequence action state attempts queued_at due_at give_up_at ended_at last_at status took failure")},
	{"applications", 2, columns("org_id id name types paths subjects created_at updated_at")},
	{"app_credentials", 3, columns("org_id app_id id hash created_at created_by last_used_at")},
	{"audit_tiles", 3, columns("org_id level tile hashes")},
	{"audit_checkpoints", 2, columns("org_id size note sealed_at")},
	{"audit_retention", 1, columns("org_id days")},
	{"replays", 2, columns("scope key fingerprint result expires_at")},
	{"cursors", 1, columns("follower position")},
	{"mails", 1, columns("position org_id email_key reserved_at")},
}

// Copied describes one copied table.
type Copied struct {
	Table string `json:"table"`
	Rows  int64  `json:"rows"`
	// SHA256 is the checksum of all rows in the order of their keys, which is the same in
	// both databases.
	SHA256 string `json:"sha256"`
}

// ErrSourceChanged is returned if the source was written to during the copy. The copy is
// complete, but shows the source as it was at the beginning.
var ErrSourceChanged = errors.New("the source was changed while it was copied; stop its servers and copy again into an empty database")

// Copy copies everything from one database into another, empty one, of either engine, in
// one transaction. It reads the copied rows again and compares them before it commits. It
// calls progress with the number of rows copied so far and the total. Errors:
// [directory.Conflict] if the target is not empty; [ErrSourceChanged].
func Copy(ctx context.Context, from, to *Store, progress func(done, all int64)) (copied []Copied, err error) {
	var last int64
	err = from.Read(ctx, func(view directory.Tx) error {
		source := view.(*tx) // the store's own
		if last, err = from.lastPosition(source); err != nil {
			return err
		}
		return to.bulk(ctx, func(view directory.Tx) error {
			c := copier{from: source, to: view.(*tx), progress: progress} // the store's own
			if copied, err = c.run(); err != nil {
				return err
			}
			return to.setLastPosition(c.to, last)
		})
	})
	if err != nil {
		return nil, err
	}
	return copied, from.Read(ctx, func(view directory.Tx) error {
		now, err := from.lastPosition(view.(*tx)) // the store's own
		if err == nil && now != last {
			err = ErrSourceChanged
		}
		return err
	})
}

type copier struct {
	from, to  *tx
	progress  func(done, all int64)
	done, all int64
}

func (c *copier) run() ([]Copied, error) {
	for _, t := range tables {
		n, err := one(c.to, "count", scanValue[int64], "SELECT count(*) FROM "+t.name)
		if err != nil {
			return nil, err
		}
		if n > 0 {
			return nil, directory.Errorf(directory.Conflict, "the target is not empty: its table %s has %d rows", t.name, n)
		}
		if n, err = one(c.from, "count", scanValue[int64], "SELECT count(*) FROM "+t.name); err != nil {
			return nil, err
		}
		c.all += n
	}
	copied := make([]Copied, len(tables))
	for i, t := range tables {
		var err error
		if copied[i], err = c.table(t); err != nil {
			return nil, fmt.Errorf("copy %s: %w", t.name, err)
		}
	}
	return copied, nil
}

// batch is how many rows one statement inserts. SQLite allows 32,766 values.
const batch = 1000

func (c *copier) table(t table) (Copied, error) {
	sum, rows := sha256.New(), int64(0)
	waiting := make([]any, 0, batch*len(t.columns))
	for row, err := range each(c.from, t.scan, t.selects()) {
		if err != nil {
			return Copied{}, err
		}
		add(sum, row)
		rows++
		if waiting = append(waiting, row...); len(waiting) == cap(waiting) {
			if err := c.insert(t, waiting); err != nil {
				return Copied{}, err
			}
			waiting = waiting[:0]
		}
	}
	if err := c.insert(t, waiting); err != nil {
		return Copied{}, err
	}
	out := Copied{Table: t.name, Rows: rows, SHA256: fmt.Sprintf("%x", sum.Sum(nil))}
	arrived, err := t.digest(c.to)
	if err == nil && arrived != out {
		err = fmt.Errorf("the copy differs: the source has %d rows with checksum %s, the target %d with %s", out.Rows, out.SHA256, arrived.Rows, arrived.SHA256)
	}
	return out, err
}

func (c *copier) insert(t table, values []any) error {
	if len(values) == 0 {
		return nil
	}
	var query strings.Builder
	fmt.Fprintf(&query, "INSERT INTO %s (%s) VALUES ", t.name, strings.Join(t.columns, ", "))
	for i := range values {
		switch {
		case i == 0:
			query.WriteString("(")
		case i%len(t.columns) == 0:
			query.WriteString("), (")
		default:
			query.WriteString(", ")
		}
		fmt.Fprintf(&query, "$%d", i+1)
	}
	query.WriteString(")")
	if err := c.to.exec(query.String(), values...); err != nil {
		return err
	}
	c.done += int64(len(values) / len(t.columns))
	c.progress(c.done, c.all)
	return nil
}

// digest reads a table and returns its row count and checksum.
func (t table) digest(tx *tx) (Copied, error) {
	sum, out := sha256.New(), Copied{Table: t.name}
	for row, err := range each(tx, t.scan, t.selects()) {
		if err != nil {
			return out, err
		}
		add(sum, row)
		out.Rows++
	}
	out.SHA256 = fmt.Sprintf("%x", sum.Sum(nil))
	return out, nil
}

func (t table) selects() string {
	return fmt.Sprintf("SELECT %s FROM %s ORDER BY %s", strings.Join(t.columns, ", "), t.name, strings.Join(t.columns[:t.key], ", "))
}

func (t table) scan(row scanner) ([]any, error) {
	values, into := make([]any, len(t.columns)), make([]any, len(t.columns))
	for i := range values {
		into[i] = &values[i]
	}
	return values, row.Scan(into...)
}

// add hashes a row unambiguously: the kind and length of each value, then the value.
func add(sum hash.Hash, row []any) {
	for _, value := range row {
		var kind byte
		var b []byte
		switch v := value.(type) {
		case nil:
			kind = 'n'
		case int64:
			kind, b = 'i', binary.BigEndian.AppendUint64(nil, uint64(v)) // the same bits
		case string:
			kind, b = 's', []byte(v)
		case []byte:
			kind, b = 'b', v
		default:
			panic(fmt.Sprintf("store: a column holds a %T", value))
		}
		head := binary.BigEndian.AppendUint64([]byte{kind}, uint64(len(b)))
		_, _ = sum.Write(append(head, b...)) // a hash never fails
	}
}
