package cli_test

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/rosterhq/roster/internal/apptest"
)

// An export that fails leaves the one before as it was, and so its proof.
func TestExportThatFails(t *testing.T) {
	s := apptest.Start(t)
	if err := sealed(t, s); err != nil {
		t.Fatal(err)
	}
	to, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	var fails atomic.Bool
	proxy := httputil.NewSingleHostReverseProxy(to)
	between := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if fails.Load() && r.URL.Query().Has("format") {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		proxy.ServeHTTP(w, r)
	}))
	defer between.Close()
	file := filepath.Join(t.TempDir(), "log")
	export := func() int {
		_, code := roster(t, s, "audit", "export", "--file", file, "--url", between.URL)
		return code
	}
	read := func() string {
		var all strings.Builder
		for _, name := range []string{file, file + ".proof"} {
			b, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			all.Write(b)
		}
		return all.String()
	}
	if code := export(); code != 0 {
		t.Fatal("no export")
	}
	before := read()
	roster(t, s, "groups", "create", "--name", "Later")
	if err := sealed(t, s); err != nil {
		t.Fatal(err)
	}
	fails.Store(true)
	if code := export(); code != 8 {
		t.Errorf("exit code %d", code)
	}
	if read() != before {
		t.Error("what was there has changed")
	}
	fails.Store(false)
	if code := export(); code != 0 || read() == before {
		t.Errorf("the next export: %d", code)
	}
	if names, err := filepath.Glob(file + "*"); err != nil || len(names) != 2 {
		t.Errorf("left behind: %v, %v", names, err)
	}
}

// sealed seals what there is.
func sealed(t *testing.T, s *apptest.Server) error {
	t.Helper()
	_, err := s.Sealer.Once(t.Context(), func(err error) { t.Error(err) })
	return err
}
