// Package private holds files that keep secrets to the permissions that ssh and
// PostgreSQL ask for.
package private

import (
	"fmt"
	"io/fs"
	"os"
)

// Permissions beyond the owner's.
const (
	others      fs.FileMode = 0o077
	groupReads  fs.FileMode = 0o040
	permissions fs.FileMode = 0o777
)

// Check refuses a file that others than its owner can read or write, and says
// which chmod to run. A file of another owner, such as a secret that root hands
// out, may be readable by its group, because the program could not read it
// otherwise. A file that does not exist is no error. Windows has no such
// permissions, and nothing is checked there.
func Check(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		if os.IsNotExist(err) {
			return nil
		}
		return err
	}
	allowed := fs.FileMode(0)
	if !mine(info) {
		allowed = groupReads
	}
	if !checked || info.Mode().Perm()&others&^allowed == 0 {
		return nil
	}
	return fmt.Errorf("others can read or write %s (its permissions are %#o); run: chmod %#o %s",
		path, info.Mode().Perm(), info.Mode().Perm()&permissions&^others|info.Mode().Perm()&allowed, quote(path))
}
