package client_test

import (
	"errors"
	"log"
	"os"
	"testing"

	"github.com/rosterhq/roster/internal/apptest"
)

// TestMain runs a server for the examples.
func TestMain(m *testing.M) {
	os.Exit(apptest.Main(m, func(s *apptest.Server) {
		if err := errors.Join(os.Setenv("ROSTER_URL", s.URL), os.Setenv("ROSTER_TOKEN", s.APIToken)); err != nil {
			log.Fatal(err)
		}
	}))
}
