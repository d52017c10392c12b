package apidoc_test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/rosterhq/roster/internal/httpapi/apidoc"
	"github.com/rosterhq/roster/internal/httpapi/apidoc/apidoctest"
)

// The committed file is what the generator makes of the YAML.
func TestGenerated(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(dir+"/openapi.yaml", apidoc.YAML, 0o600); err != nil {
		t.Fatal(err)
	}
	bin := dir + "/gen"
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", bin, "./gen").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	cmd := exec.CommandContext(t.Context(), bin)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	made, err := os.ReadFile(dir + "/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(made, apidoc.JSON) {
		t.Error("openapi.json is not what openapi.yaml says now: run go generate ./...")
	}
}

// Every operation says who may call it and under what name; every object is
// closed, so that an answer with a member more is found.
func TestConventions(t *testing.T) {
	v, err := apidoctest.New() // compiles every answer's schema, so that references resolve
	if err != nil {
		t.Fatal(err)
	}
	ids := make(map[string]bool)
	for _, op := range v.Operations() {
		if op.ID == "" || ids[op.ID] {
			t.Errorf("%s %s: the operationId %q is missing or not its own", op.Method, op.Path, op.ID)
		}
		ids[op.ID] = true
		if op.Permission == "" {
			t.Errorf("%s declares no permission", op.ID)
		}
	}
	var doc any
	if err := json.Unmarshal(apidoc.JSON, &doc); err != nil {
		t.Fatal(err)
	}
	walk(t, doc, "#", doc)
}

// walk checks v, which stands at a place in doc.
func walk(t *testing.T, doc any, at string, v any) {
	t.Helper()
	switch v := v.(type) {
	case map[string]any:
		if _, closed := v["additionalProperties"]; v["properties"] != nil && !closed {
			t.Errorf("%s is an open object", at)
		}
		for key, child := range v {
			walk(t, doc, at+"/"+key, child)
		}
	case []any:
		for _, child := range v {
			walk(t, doc, at, child)
		}
	case string:
		if ref, ok := strings.CutPrefix(v, "#/"); ok && strings.HasSuffix(at, "$ref") && !resolves(doc, ref) {
			t.Errorf("%s leads nowhere: %s", at, v)
		}
	}
}

func resolves(doc any, ref string) bool {
	at := doc
	for token := range strings.SplitSeq(ref, "/") {
		m, _ := at.(map[string]any)
		at = m[token]
	}
	return at != nil
}
