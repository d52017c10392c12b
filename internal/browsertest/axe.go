package browsertest

import (
	"bytes"
	"compress/gzip"
	_ "embed" // axe-core
	"fmt"
	"io"
	"strings"

	"github.com/chromedp/chromedp"
)

//go:embed testdata/axe.js.gz
var axeZipped []byte

// Axe checks the page against WCAG 2.2 AA with axe-core and returns what it finds.
func (b *Browser) Axe() (found []string) {
	b.Helper()
	z, err := gzip.NewReader(bytes.NewReader(axeZipped))
	if err != nil {
		b.Fatal(err)
	}
	source, err := io.ReadAll(z)
	if err != nil {
		b.Fatal(err)
	}
	Eval[chromedp.Void](b, string(source)+"\n;undefined")
	type violation struct {
		ID    string `json:"id"`
		Help  string `json:"help"`
		Nodes []struct {
			HTML    string `json:"html"`
			Summary string `json:"failureSummary"`
		} `json:"nodes"`
	}
	tags := `["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]`
	violations := Eval[[]violation](b, `axe.run(document, {runOnly: `+tags+`}).then(r => r.violations)`)
	for _, v := range violations {
		for _, n := range v.Nodes {
			found = append(found, fmt.Sprintf("%s: %s: %.200s (%s)", v.ID, v.Help, n.HTML, strings.Join(strings.Fields(n.Summary), " ")))
		}
	}
	return found
}
