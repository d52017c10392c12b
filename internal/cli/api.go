package cli

import (
	"bytes"
	"encoding/json"
	"io"
	"mime"
	"net/http"
	"net/url"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/rosterhq/roster/client"
)

// apiCall has the flags of `roster api`.
type apiCall struct {
	fields   []string
	input    string
	paginate bool
}

func (s *session) api() *cobra.Command {
	var a apiCall
	cmd := s.write("api METHOD PATH", `Send a request to the API
Prints the body of the answer. With -f, the fields are a JSON body, or the query of a GET. A
value is text, unless it is true, false, null, a number, or JSON that begins with { or [.
With --input, the body is read from a file. The API is described at /docs on the server.`,
		"roster api GET /v2/users?limit=10\nroster api POST /v2/users -f name='Jane Doe' -f email=jane.doe@example.com -f role=user\n"+
			"roster api GET /v2/users --paginate --jq '.[].email'", cobra.ExactArgs(2),
		func(cmd *cobra.Command, c *client.Client, args []string) error {
			method, path := strings.ToUpper(args[0]), args[1]
			body, path, err := a.body(cmd.InOrStdin(), method, path)
			if err != nil {
				return err
			}
			if a.paginate && method != http.MethodGet {
				return usagef("--paginate works with GET only")
			}
			resp, err := c.Raw(cmd.Context(), method, path, body)
			if err != nil {
				return rawError(err)
			}
			defer func() { _ = resp.Body.Close() }() // it was read, or is not wanted
			if a.paginate {
				return s.printPages(cmd, c, resp)
			}
			return s.printBody(cmd, resp)
		})
	cmd.Flags().StringArrayVarP(&a.fields, "field", "f", nil, "a `KEY=VALUE` of the body or of the query; repeatable")
	cmd.Flags().StringVar(&a.input, "input", "", "`FILE` with the body; - is standard input")
	cmd.Flags().BoolVar(&a.paginate, "paginate", false, "get all pages of a list")
	cmd.MarkFlagsMutuallyExclusive("field", "input")
	complete(cmd, "field")
	cmd.ValidArgsFunction = cobra.FixedCompletions([]string{"GET", "POST", "PUT", "DELETE"}, cobra.ShellCompDirectiveNoFileComp)
	return s.forms(cmd, "it prints the answer as it is; use --jq", "json")
}

// rawError marks what the client refuses before it sends anything.
func rawError(err error) error {
	if ExitCode(err) == ExitFailure {
		return Usage(err)
	}
	return err
}

// body returns the body of the request, and the path with the query of a GET.
func (a *apiCall) body(stdin io.Reader, method, path string) ([]byte, string, error) {
	switch {
	case a.input == "-":
		b, err := io.ReadAll(stdin)
		return b, path, err
	case a.input != "":
		b, err := os.ReadFile(a.input) // the user names the file
		if err != nil {
			err = Usage(err)
		}
		return b, path, err
	case len(a.fields) == 0:
		return nil, path, nil
	}
	members, query := make(map[string]any), make(url.Values)
	for _, f := range a.fields {
		key, value, ok := strings.Cut(f, "=")
		if !ok || key == "" {
			return nil, path, usagef("--field: %q is not KEY=VALUE", f)
		}
		if _, again := members[key]; again {
			return nil, path, usagef("--field: %q is given more than once", key)
		}
		members[key] = fieldValue(value)
		query.Set(key, value)
	}
	if method == http.MethodGet {
		sep := "?"
		if strings.Contains(path, "?") {
			sep = "&"
		}
		return nil, path + sep + query.Encode(), nil
	}
	b, err := json.Marshal(members)
	return b, path, err
}

// fieldValue reads the value of a field.
func fieldValue(text string) any {
	var v any
	if json.Unmarshal([]byte(text), &v) != nil {
		return text
	}
	if _, isText := v.(string); isText { // the quotes are part of the text
		return text
	}
	return json.RawMessage(text)
}

// printBody prints JSON indented, and all else as it comes.
func (s *session) printBody(cmd *cobra.Command, resp *http.Response) error {
	if kind, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type")); kind != "application/json" {
		if s.jq.code != nil && resp.StatusCode != http.StatusNoContent {
			return usagef("--jq: the answer is %s and not JSON", resp.Header.Get("Content-Type"))
		}
		_, err := io.Copy(cmd.OutOrStdout(), resp.Body)
		return err
	}
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if s.jq.code != nil || len(s.fields) > 0 || s.quiet {
		return s.printJSON(cmd, json.RawMessage(raw))
	}
	var out bytes.Buffer
	if err := json.Indent(&out, bytes.TrimSpace(raw), "", "  "); err != nil {
		return err
	}
	out.WriteByte('\n')
	_, err = out.WriteTo(cmd.OutOrStdout())
	return err
}

// printPages prints the lists of all pages as one.
func (s *session) printPages(cmd *cobra.Command, c *client.Client, resp *http.Response) error {
	all := []json.RawMessage{}
	for {
		var page []json.RawMessage
		err := json.NewDecoder(resp.Body).Decode(&page)
		_ = resp.Body.Close() // it was read
		if err != nil {
			return usagef("--paginate: the answer is not a list")
		}
		all = append(all, page...)
		next, err := client.NextPage(resp)
		if err != nil || next == "" {
			if err == nil {
				err = s.printJSON(cmd, all)
			}
			return err
		}
		if resp, err = c.Raw(cmd.Context(), http.MethodGet, next, nil); err != nil {
			return err
		}
	}
}
