package httpapi

import (
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/userimport"
)

// FuzzImportLines reads any body to its end or to an error with a code, in lines whose
// numbers grow.
func FuzzImportLines(f *testing.F) {
	for _, body := range []string{
		"name,email,role\nJane,jane@example.com,user\n", "\xef\xbb\xbfemail,name\r\na@b.c,\"A\r\n\"\r\n", "name,email\n\"x", "name,email\n,,,\n\n",
		"{\"name\":\"Jane\",\"email\":\"jane@example.com\"}\n", "{}\n\n{\"a\":", "\x00\n\xff\n",
	} {
		f.Add(body, true)
		f.Add(body, false)
	}
	f.Fuzz(func(t *testing.T, body string, csv bool) {
		mediaType := "application/x-ndjson"
		if csv {
			mediaType = "text/csv"
		}
		lines, err := newImportLines(mediaType, strings.NewReader(body))
		for last := 0; err == nil; {
			var line userimport.Line
			if line, err = lines.Next(); err == nil && line.Number <= last {
				t.Fatalf("line %d after line %d", line.Number, last)
			}
			last = line.Number
		}
		if !errors.Is(err, io.EOF) && directory.CodeOf(err) == "" {
			t.Fatalf("%v has no code", err)
		}
	})
}
