package browsertest_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/rosterhq/roster/internal/browsertest"
)

func serve(t *testing.T, page string) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Security-Policy", "default-src 'none'")
		w.Header().Set("Content-Type", "text/html")
		_, _ = io.WriteString(w, page)
	}))
	t.Cleanup(s.Close)
	return s.URL
}

func TestProblemsShowPolicyViolations(t *testing.T) {
	b := browsertest.Start(t)
	b.Open(serve(t, `<html lang="en"><title>x</title><main><h1>Fine</h1></main><script>document.title = "run"</script>`))
	b.AwaitText("Fine")
	found := strings.Join(b.Problems(), "\n")
	if !strings.Contains(found, "Content Security Policy") {
		t.Errorf("problems: %q, want a violation", found)
	}
	if again := b.Problems(); len(again) > 0 {
		t.Errorf("problems were reported twice: %q", again)
	}
}

func TestAxeFindsAnImageWithoutText(t *testing.T) {
	b := browsertest.Start(t)
	b.Open(serve(t, `<html lang="en"><title>x</title><main><h1>Fine</h1><img src="data:,"></main>`))
	if found := b.Axe(); len(found) != 1 || !strings.HasPrefix(found[0], "image-alt") {
		t.Errorf("axe found %q, want the image", found)
	}
}

func TestOverflowMeasuresWhatIsTooWide(t *testing.T) {
	b := browsertest.Start(t)
	b.Size(390, 844)
	b.Open(serve(t, `<html lang="en"><meta name="viewport" content="width=device-width"><title>x</title><table width="700"><tr><td>wide</table>`))
	if b.Overflow() < 300 {
		t.Errorf("overflow of a table of 700 px at 390 px: %d", b.Overflow())
	}
}
