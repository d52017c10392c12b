package cli

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/rosterhq/roster/client"
	"github.com/rosterhq/roster/internal/progress"
)

func (s *session) auditExport() *cobra.Command {
	var q client.AuditQuery
	var p span
	var form, file string
	cmd := s.command("export", "Write the audit log to a file\nWrites the oldest entry first. The file is named FILE.part until it is complete. An NDJSON export of\nthe whole log also writes FILE.proof, for `roster audit verify --file FILE`.",
		"roster audit export --file audit.ndjson\nroster audit export --format csv --from 30d --file audit.csv\nroster audit export | gzip > audit.ndjson.gz", cobra.NoArgs,
		func(cmd *cobra.Command, c *client.Client, _ []string) error {
			if form != "ndjson" && form != "csv" {
				return usagef("--format must be ndjson or csv")
			}
			if err := p.read(&q); err != nil {
				return err
			}
			to := func(w io.Writer) error { return export(cmd, c, form, q, w) }
			if file == "" || file == "-" {
				return to(cmd.OutOrStdout())
			}
			if form != "ndjson" || p != (span{}) || q.AuditFilter != (client.AuditFilter{Outcome: "any"}) {
				return whole(file, to)
			}
			// The proof is read before the export, because newer entries may not be sealed yet.
			proof, err := proveLog(cmd.Context(), c)
			if err != nil {
				return err
			}
			return allWhole([]content{{proofFile(file), func(w io.Writer) error { return writeAll(w, proof) }}, {file, to}})
		})
	p.add(cmd)
	addAuditFilter(cmd, &q.AuditFilter, "any")
	cmd.Flags().StringVar(&form, "format", "ndjson", "ndjson or csv")
	cmd.Flags().StringVar(&file, "file", "", "`FILE` to write; without it, standard output")
	complete(cmd, "format", "ndjson", "csv")
	return s.forms(cmd, "say --format")
}

// export copies an export and shows the progress by the sequence of the entries, which is
// the first number on each line.
func export(cmd *cobra.Command, c *client.Client, form string, q client.AuditQuery, w io.Writer) error {
	last, err := newest(cmd.Context(), c, client.AuditQuery{}, 1)
	if err != nil {
		return err
	}
	var all int64
	if len(last) > 0 {
		all = last[0].Sequence
	}
	body, err := c.ExportAudit(cmd.Context(), form, q)
	if err != nil {
		return err
	}
	defer body.Close()
	bar := progress.New(cmd.ErrOrStderr(), "entries")
	out := bufio.NewWriter(w)
	begins := true
	for lines := bufio.NewReaderSize(body, 64<<10); ; {
		line, err := lines.ReadSlice('\n')
		if begins {
			if n := leadingNumber(line); n > 0 {
				bar.At(n, all)
			}
		}
		begins = err == nil
		if _, err := out.Write(line); err != nil {
			return err
		}
		switch {
		case err == nil, errors.Is(err, bufio.ErrBufferFull): // a line may be longer than the buffer
		case errors.Is(err, io.EOF):
			bar.At(all, all)
			bar.End()
			return out.Flush()
		default:
			bar.End()
			return &client.Error{Message: "the export was cut off: " + err.Error()}
		}
	}
}

func leadingNumber(line []byte) (n int64) {
	line = bytes.TrimPrefix(line, []byte(`{"sequence":`))
	for i, c := range line {
		if c < '0' || c > '9' || i > 17 {
			break
		}
		n = 10*n + int64(c-'0')
	}
	return n
}

// whole creates a file with what fn writes. The file appears only when it is complete.
func whole(path string, fn func(io.Writer) error) error { return allWhole([]content{{path, fn}}) }

// content is a file with the function that writes it.
type content struct {
	path  string
	write func(io.Writer) error
}

func (c content) part() string { return c.path + ".part" }

// allWhole writes files that belong together. It replaces existing files only when all
// new ones are complete.
func allWhole(files []content) (err error) {
	defer func() {
		if err != nil {
			for _, c := range files {
				_ = os.Remove(c.part())
			}
		}
	}()
	for _, c := range files {
		f, err := os.OpenFile(c.part(), os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
		if err != nil {
			return Usage(err)
		}
		if err := errors.Join(c.write(f), f.Sync(), f.Close()); err != nil {
			return err
		}
	}
	for _, c := range files {
		if err := os.Rename(c.part(), c.path); err != nil {
			return err
		}
	}
	return nil
}

func writeAll(w io.Writer, b []byte) error {
	_, err := w.Write(b)
	return err
}
