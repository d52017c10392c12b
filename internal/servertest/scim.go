package servertest

import (
	"bufio"
	"encoding/json"
	"os/exec"
	"testing"
)

// StartSCIMLibraries starts tools/scim, and returns a function that asks the public SCIM
// libraries there what they make of a resource: of its patch by operations, or of a filter.
// It returns the result, or their error. They end with the test. It needs Node.js; npm
// installs the locked packages once.
func StartSCIMLibraries(t testing.TB) func(question map[string]any) (result any, failure string) {
	t.Helper()
	libraries := exec.CommandContext(t.Context(), "node", "opinions.mjs")
	libraries.Dir, libraries.Stderr = installed(t, "scim"), t.Output()
	stdin, err := libraries.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := libraries.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := libraries.Start(); err != nil {
		t.Fatalf("start the SCIM libraries: %v", err)
	}
	t.Cleanup(func() {
		_ = stdin.Close()    // they exit then
		_ = libraries.Wait() // with whatever code
	})
	answers := bufio.NewReader(stdout)
	return func(question map[string]any) (any, string) {
		b, err := json.Marshal(question)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := stdin.Write(append(b, '\n')); err != nil {
			t.Fatal(err)
		}
		line, err := answers.ReadBytes('\n')
		if err != nil {
			t.Fatalf("ask the SCIM libraries: %v", err)
		}
		var answer struct {
			Result any
			Error  string
		}
		if err := json.Unmarshal(line, &answer); err != nil {
			t.Fatal(err)
		}
		return answer.Result, answer.Error
	}
}
