package cli

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/rosterhq/roster/client"
	"github.com/rosterhq/roster/internal/progress"
)

var importColumns = []column[client.ImportResult]{
	{"line", func(r client.ImportResult) string { return strconv.Itoa(r.Line) }},
	{"email", func(r client.ImportResult) string { return r.Email }},
	{"outcome", func(r client.ImportResult) string { return r.Outcome }},
	{"id", func(r client.ImportResult) string { return r.ID }},
	{"reason", importReason},
}

func importReason(r client.ImportResult) string {
	if r.Error == nil {
		return ""
	}
	return r.Error.Message
}

// maxShownRefusals is how many refused lines a preview shows.
const maxShownRefusals = 10

func (s *session) usersImport() *cobra.Command {
	var form, report string
	cmd := s.write("import FILE", `Add the users in a file
FILE is CSV with a header of the columns name, email and, if you like, role, or NDJSON with an object
in each line; - is standard input. On a terminal, a preview shows what would change and asks first.
A line that is refused does not affect the others. Users who are there already stay as they are, so
the import can be repeated. Prints the refused lines; with --output csv or json, all lines.`,
		"roster users import people.csv\nroster users import people.csv --dry-run\nroster users import people.ndjson --yes --report result.csv", cobra.ExactArgs(1),
		func(cmd *cobra.Command, c *client.Client, args []string) error {
			data, err := readImport(cmd.InOrStdin(), args[0])
			if err != nil {
				return err
			}
			format, err := importFormat(form, args[0])
			if err != nil {
				return err
			}
			im := importRun{cmd: cmd, format: format, data: data}
			if !s.dryRun && !s.yes {
				preview, err := s.client(cmd, client.WithDryRun())
				if err != nil {
					return err
				}
				if err := s.preview(&im, preview); err != nil {
					return err
				}
			}
			results, err := im.run(c)
			if report != "" {
				if e := whole(report, func(w io.Writer) error { return printCSV(w, results, importColumns) }); e != nil && err == nil {
					err = e
				}
			}
			if e := s.printImport(cmd, results); e != nil && err == nil {
				err = e
			}
			if err != nil {
				return err
			}
			cmd.PrintErrln(im.describe(s.dryRun))
			if im.summary.Refused > 0 {
				return fmt.Errorf("%d of %d lines were refused; mend them and repeat the import", im.summary.Refused, im.summary.Lines)
			}
			return nil
		})
	s.addYes(cmd)
	cmd.Flags().StringVar(&form, "format", "", "csv or ndjson; by default the ending of FILE decides")
	cmd.Flags().StringVar(&report, "report", "", "`FILE` to write the result of each line to, as CSV")
	complete(cmd, "format", "csv", "ndjson")
	return cmd
}

func readImport(stdin io.Reader, file string) ([]byte, error) {
	if file == "-" {
		return io.ReadAll(stdin)
	}
	return os.ReadFile(file)
}

func importFormat(form, file string) (client.ImportFormat, error) {
	if form == "" {
		form = strings.TrimPrefix(strings.ToLower(filepath.Ext(file)), ".")
	}
	switch form {
	case "csv":
		return client.ImportCSV, nil
	case "ndjson", "jsonl":
		return client.ImportNDJSON, nil
	default:
		return "", usagef("%s ends neither in .csv nor in .ndjson; say --format csv or --format ndjson", file)
	}
}

// importRun is an import of one file, which may be tried first.
type importRun struct {
	cmd     *cobra.Command
	format  client.ImportFormat
	data    []byte
	summary client.ImportSummary
}

// run imports and draws the progress. It returns the results up to the error.
func (im *importRun) run(c *client.Client) (results []client.ImportResult, err error) {
	all := int64(bytes.Count(im.data, []byte{'\n'}))
	bar := progress.New(im.cmd.ErrOrStderr(), "lines")
	defer bar.End()
	for r, err := range c.ImportUsers(im.cmd.Context(), im.format, im.data, &im.summary) {
		if err != nil {
			return results, err
		}
		results = append(results, r)
		bar.At(int64(r.Line), max(all, int64(r.Line)))
	}
	return results, nil
}

func (im *importRun) describe(dry bool) string {
	verb := "added %d, invited %d, left %d as they are, refused %d"
	if dry {
		verb = "would add %d, invite %d, leave %d as they are, refuse %d"
	}
	return fmt.Sprintf(verb, im.summary.Added, im.summary.Invited, im.summary.Unchanged, im.summary.Refused)
}

// preview shows what an import would do, and asks.
func (s *session) preview(im *importRun, c *client.Client) error {
	results, err := im.run(c)
	if err != nil {
		return err
	}
	im.cmd.PrintErrln(im.describe(true))
	shown := 0
	for _, r := range results {
		if r.Outcome == "refused" {
			if shown++; shown > maxShownRefusals {
				im.cmd.PrintErrf("  and %d more\n", im.summary.Refused-maxShownRefusals)
				break
			}
			im.cmd.PrintErrf("  line %d: %s: %s\n", r.Line, visible(r.Email), visible(importReason(r)))
		}
	}
	return s.ask(im.cmd, fmt.Sprintf("Import %d users?", im.summary.Added+im.summary.Invited), "this adds users", "nothing was imported")
}

// printImport prints all results as CSV or JSON, or the refused ones as a table.
func (s *session) printImport(cmd *cobra.Command, results []client.ImportResult) error {
	if s.output != "table" || s.jq.code != nil {
		return printList(s, cmd, results, importColumns)
	}
	var refused []client.ImportResult
	for _, r := range results {
		if r.Outcome == "refused" {
			refused = append(refused, r)
		}
	}
	if len(refused) == 0 {
		return nil
	}
	return printList(s, cmd, refused, importColumns)
}
