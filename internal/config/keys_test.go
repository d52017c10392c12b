package config

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

func TestKeysRefusesAFileThatOthersCanRead(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("files have no such permissions here")
	}
	database := "sqlite:" + filepath.Join(t.TempDir(), "roster.db")
	if _, err := Keys(database, ""); err != nil {
		t.Fatalf("make: %v", err)
	}
	file := keyFileOf(strings.TrimPrefix(database, "sqlite:"))
	for _, named := range []string{"", file} {
		if err := os.Chmod(file, 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := Keys(database, named); err == nil || !strings.Contains(err.Error(), "chmod 0600 "+file) {
			t.Errorf("--key-file %q: got %v, want the chmod to run", named, err)
		}
		if err := os.Chmod(file, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Keys(database, named); err != nil {
			t.Errorf("--key-file %q once it is private: %v", named, err)
		}
	}
}
