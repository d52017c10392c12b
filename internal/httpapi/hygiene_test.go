package httpapi_test

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/rosterhq/roster/internal/apptest"
)

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

var secretShape = regexp.MustCompile(`x(aat|apt|clm)-[0-9a-f]{8}-|whsec_[A-Za-z0-9+/]{20}`)

// No token's value gets into a log or an error, whatever is asked and however
// badly; every answer has a trace id.
func TestNoSecretsInLogsAndErrors(t *testing.T) {
	t.Parallel()
	var log lockedBuffer
	s := apptest.StartWith(t, apptest.Options{RateLimit: 100_000, AllowProvision: true, Log: &log, AccessLog: 1})
	guess := "xaat-0b1c2d3e-0000-4000-8000-000000000000"
	bodies := []string{"", "{}", `{"name":"x"}`, `{"name":"` + s.APIToken + `"}`, `{"` + s.PersonalToken + `":1}`, `{"name":"t","orgCapabilities":{}}`, "{", `{"claim":"xclm-0b1c2d3e-0000-4000-8000-000000000000"}`}
	for _, op := range apptest.Operations(t) {
		for _, token := range []string{"", guess, s.APIToken, s.PersonalToken} {
			for _, body := range bodies {
				path := op.At("nothing")
				if op.Method != http.MethodGet && op.Path != "/v2/orgs/provision" && op.Path != "/v2/orgs/claim" {
					path += "?dryRun=true"
				}
				ans := s.Do(op.Method, path, as(token, body))
				if ans.Header.Get("X-Axiom-Trace-Id") == "" {
					t.Errorf("%s %s: no trace id", op.Method, path)
				}
				// A body that holds a secret as a member's name is told the name back.
				if ans.Status >= 400 && !strings.Contains(body, s.PersonalToken) && secretShape.Match(ans.Body) {
					t.Errorf("%s %s answers %s", op.Method, path, ans.Body)
				}
				if ans.Status >= 500 {
					t.Errorf("%s %s %s: %d %s", op.Method, path, body, ans.Status, ans.Body)
				}
			}
		}
	}
	if found := secretShape.FindString(log.String()); found != "" {
		t.Errorf("the log holds %s…", found)
	}
	if !strings.Contains(log.String(), "/v2/users") {
		t.Error("the log has no line for a request")
	}
}

// reasons are the documented answers that no request can provoke here, and why.
var reasons = map[string]string{
	"500": "an error of the server's own; panics and unknown errors are tested beside the code",
	"503": "needs a database that is away",
	"429": "the same code answers it for every route; TestRateLimit has one",
	"413": "the same code answers it for every route; TestUnknownPathsAndMethodsAreRefused has one",
	"415": "the same code answers it for every route; TestUnknownPathsAndMethodsAreRefused has one",
	"422": "the same code answers it for every route; TestIdempotencyKey has two",
	"304": "the same code answers it for every route; TestETagsMakeChangesConditional has one",
	"412": "the same code answers it for every route that changes something; TestETagsMakeChangesConditional has two",
}

// partial matches the flags that leave tests out.
var partial = regexp.MustCompile(`^-test\.(run|skip|list|fuzz|bench|short=true)`)

// Every answer that is documented was given in some test of this package, but
// for those that have a reason.
func TestMain(m *testing.M) {
	code := m.Run()
	all := code == 0
	for _, arg := range os.Args[1:] { // a part of the tests shows a part of the answers
		all = all && !partial.MatchString(arg)
	}
	unseen, err := apptest.Unseen()
	if err != nil {
		fmt.Println(err)
		code = 1
	}
	for _, name := range unseen {
		_, status, _ := strings.Cut(name, " ")
		if all && reasons[status] == "" {
			fmt.Printf("documented, but never answered in a test: %s\n", name)
			code = 1
		}
	}
	os.Exit(code)
}
