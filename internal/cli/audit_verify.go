package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/mod/sumdb/note"

	"github.com/rosterhq/roster/client"
	"github.com/rosterhq/roster/internal/audit"
	"github.com/rosterhq/roster/internal/progress"
)

// verification has the flags of `roster audit verify`.
type verification struct {
	file  string // an export; "" for the server's log
	keys  []string
	since string
	save  string
}

func (s *session) auditVerify() *cobra.Command {
	var v verification
	cmd := &cobra.Command{
		Use:   "verify",
		Short: "Verify that the log was not changed",
		Long: `Verify that the log was not changed: that every entry is as it was written, that none
is missing, added or moved, and that the log matches the server's signature. If it does
not, the command names the first wrong entry and exits with 1.

The database alone does not show whether an older copy replaced it. Keep a checkpoint
elsewhere with --save, and pass it next time with --since. Also keep the verifier key
that "roster audit keys" prints, and pass it with --key.

With --file, the command verifies an export without a server. It needs the file
FILE.proof beside it, which "roster audit export" also writes.`,
		Example: indent("roster audit verify --save last.checkpoint\nroster audit verify --since last.checkpoint --save last.checkpoint\n" +
			"roster audit verify --file audit.ndjson --key 'roster.example.com/acme-x7q2+1a2b3c4d+AZ…'"),
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			report, err := v.run(cmd, s)
			if err != nil {
				return err
			}
			if v.save != "" {
				if err := replaceFile(v.save, []byte(report.Checkpoint)); err != nil {
					return err
				}
			}
			if s.json() {
				return s.printJSON(cmd, report)
			}
			_, err = io.WriteString(cmd.OutOrStdout(), visible(sayReport(report))+"\n")
			return err
		},
	}
	f := cmd.Flags()
	f.StringVar(&v.file, "file", "", "verify an exported `FILE` instead of the server's log")
	f.StringArrayVar(&v.keys, "key", nil, "verifier `KEY`, as \"roster audit keys\" prints it; may be repeated (env ROSTER_AUDIT_KEY)")
	f.StringVar(&v.since, "since", "", "`FILE` with an earlier checkpoint that the log must extend")
	f.StringVar(&v.save, "save", "", "`FILE` to save the verified checkpoint in")
	return s.forms(cmd, "it prints a sentence, or json", "table", "json")
}

func sayReport(r audit.Report) string {
	text := fmt.Sprintf("%s: entries %d to %d are as they were written", r.Origin, r.First, r.Sealed)
	if r.First > 1 {
		text += fmt.Sprintf("; those before %d were removed by retention", r.First)
	}
	if r.Erased > 0 {
		text += fmt.Sprintf("; personal data is erased from %d", r.Erased)
	}
	if r.Unsealed > 0 {
		text += fmt.Sprintf("; %d more are not sealed yet", r.Unsealed)
	}
	return text
}

func (v *verification) run(cmd *cobra.Command, s *session) (audit.Report, error) {
	e := audit.Evidence{Keys: v.keys}
	if env := os.Getenv("ROSTER_AUDIT_KEY"); len(e.Keys) == 0 && env != "" {
		e.Keys = strings.Fields(env)
	}
	for _, key := range e.Keys {
		if _, err := note.NewVerifier(key); err != nil {
			return audit.Report{}, usagef("--key: %q is not a verifier key; `roster audit keys` prints the keys", key)
		}
	}
	if v.since != "" {
		b, err := os.ReadFile(v.since)
		if err != nil {
			return audit.Report{}, Usage(err)
		}
		e.Since = string(b)
	}
	if v.file != "" {
		return v.offline(cmd, e)
	}
	c, err := s.client(cmd)
	if err != nil {
		return audit.Report{}, err
	}
	return online(cmd, c, e)
}

// online verifies the server's log.
func online(cmd *cobra.Command, c *client.Client, e audit.Evidence) (audit.Report, error) {
	ctx := cmd.Context()
	if err := ask(ctx, c, &e); err != nil {
		return audit.Report{}, err
	}
	read := func() (audit.Report, error) {
		log, err := c.ExportAudit(ctx, "ndjson", client.AuditQuery{})
		if err != nil {
			return audit.Report{}, err
		}
		defer log.Close()
		return withBar(cmd, log, e)
	}
	report, err := read()
	if f, ok := errors.AsType[*audit.Fault](err); !ok || f.Last == f.Sequence {
		return report, err
	}
	// More checkpoints narrow it down to one entry.
	for one, err := range c.AuditCheckpoints(ctx, 0) {
		if err != nil {
			return audit.Report{}, err
		}
		e.Earlier = append(e.Earlier, one.Note)
	}
	return read()
}

// ask fetches the keys and checkpoints to verify the log with.
func ask(ctx context.Context, c *client.Client, e *audit.Evidence) (err error) {
	if len(e.Keys) == 0 {
		if e.Keys, err = c.AuditKeys(ctx); err != nil {
			return err
		}
	}
	e.Now = time.Now
	if e.Checkpoint, err = c.AuditCheckpoint(ctx, 0); err != nil {
		return err
	}
	head, err := audit.OpenCheckpoint(e.Checkpoint, e.Keys)
	if err != nil {
		return err
	}
	first := int64(1)
	for one, err := range c.ListAuditEntries(ctx, client.AuditQuery{OldestFirst: true, PageSize: 1}) {
		if err != nil {
			return err
		}
		first = one.Sequence
		break
	}
	if first == 1 || first > head.N {
		return nil
	}
	hashes, err := c.ProveInclusion(ctx, first, head.N)
	if err != nil {
		return err
	}
	if e.First, err = proofOf(hashes); err != nil || e.Since == "" {
		return err
	}
	since, err := audit.OpenCheckpoint(e.Since, e.Keys)
	if err != nil || since.N < 1 || since.N >= first {
		return err
	}
	if hashes, err = c.ProveConsistency(ctx, since.N, head.N); err != nil {
		return err
	}
	e.SinceProof, err = proofOf(hashes)
	return err
}

func proofOf(hashes [][]byte) ([]audit.Hash, error) {
	proof := make([]audit.Hash, len(hashes))
	for i, h := range hashes {
		if len(h) != len(proof[i]) {
			return nil, fmt.Errorf("the server's proof has a hash of %d bytes", len(h))
		}
		proof[i] = audit.Hash(h)
	}
	return proof, nil
}

// withBar verifies a log with a progress bar.
func withBar(cmd *cobra.Command, log io.Reader, e audit.Evidence) (audit.Report, error) {
	head, err := audit.OpenCheckpoint(e.Checkpoint, e.Keys)
	if err != nil {
		return audit.Report{}, err
	}
	bar := progress.New(cmd.ErrOrStderr(), "entries")
	defer bar.End()
	return audit.Verify(cmd.Context(), log, e, func(n int64) { bar.At(n, max(n, head.N)) })
}

// exportProof is the file beside an export, with everything needed to verify it.
type exportProof struct {
	Keys       []string     `json:"keys"` // as the server gave them
	Checkpoint string       `json:"checkpoint"`
	Earlier    []string     `json:"earlier"`
	First      []audit.Hash `json:"first,omitempty"`
}

// proofFile returns the name of an export's proof file.
func proofFile(export string) string { return export + ".proof" }

// maxEarlier is the maximum number of older checkpoints in a proof.
const maxEarlier = 1000

// proveLog fetches the proof of a log, for the file beside its export.
func proveLog(ctx context.Context, c *client.Client) ([]byte, error) {
	var e audit.Evidence
	if err := ask(ctx, c, &e); err != nil {
		return nil, err
	}
	p := exportProof{Keys: e.Keys, Checkpoint: e.Checkpoint, First: e.First}
	for one, err := range c.AuditCheckpoints(ctx, 0) {
		if err != nil {
			return nil, err
		}
		p.Earlier = append(p.Earlier, one.Note)
	}
	p.Earlier = thin(p.Earlier, maxEarlier)
	b, err := json.MarshalIndent(p, "", "  ")
	return append(b, '\n'), err
}

// thin returns a number of elements of a list, evenly distributed.
func thin(list []string, most int) []string {
	if len(list) <= most {
		return list
	}
	kept := make([]string, most)
	for i := range kept {
		kept[i] = list[i*len(list)/most]
	}
	return kept
}

// offline verifies an export.
func (v *verification) offline(cmd *cobra.Command, e audit.Evidence) (audit.Report, error) {
	b, err := os.ReadFile(proofFile(v.file))
	if err != nil {
		return audit.Report{}, Usage(err)
	}
	var p exportProof
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(&p); err != nil {
		return audit.Report{}, fmt.Errorf("%s: %w", proofFile(v.file), err)
	}
	if len(e.Keys) == 0 {
		cmd.PrintErrln("note: verified with the key from the export's own proof file; pass a key that you kept elsewhere with --key")
		e.Keys = p.Keys
	}
	e.Checkpoint, e.Earlier, e.First = p.Checkpoint, p.Earlier, p.First
	f, err := os.Open(v.file)
	if err != nil {
		return audit.Report{}, Usage(err)
	}
	defer func() { _ = f.Close() }() // it was only read
	return withBar(cmd, f, e)
}

// replaceFile writes a file atomically, replacing one that exists.
func replaceFile(file string, content []byte) error {
	return whole(file, func(w io.Writer) error { return writeAll(w, content) })
}
