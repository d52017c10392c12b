//go:build unix

package private_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rosterhq/roster/internal/private"
)

func TestCheckRefusesWhatOthersCanReadOrWrite(t *testing.T) {
	path := filepath.Join(t.TempDir(), "it's.key")
	if err := private.Check(path); err != nil {
		t.Errorf("a file that does not exist: %v", err)
	}
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for mode, chmod := range map[os.FileMode]string{
		0o600: "", 0o400: "", 0o700: "",
		0o644: "chmod 0600 ", 0o640: "chmod 0600 ", 0o660: "chmod 0600 ", 0o602: "chmod 0600 ", 0o604: "chmod 0600 ", 0o444: "chmod 0400 ",
	} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		err := private.Check(path)
		switch {
		case chmod == "" && err != nil:
			t.Errorf("%o: %v", mode, err)
		case chmod != "" && (err == nil || !strings.Contains(err.Error(), chmod+`'`) || !strings.HasSuffix(err.Error(), `/it'\''s.key'`)):
			t.Errorf("%o: got %v, want it to say %s", mode, err, chmod)
		}
	}
}
