//go:build unix && !solaris && !aix

package store

import (
	"os"
	"syscall"
)

// tryLock tries to lock a file, and reports false if another process has locked it. It
// reports true on file systems without locks.
func tryLock(f *os.File) bool {
	return syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) != syscall.EWOULDBLOCK
}

func unlock(f *os.File) { _ = syscall.Flock(int(f.Fd()), syscall.LOCK_UN) }

// sameOwner gives a file that root has made to the owner of the database, as SQLite
// does with its own files, so that the server can open it.
func sameOwner(f *os.File, database string) {
	if os.Geteuid() != 0 {
		return
	}
	info, err := os.Stat(database)
	if err != nil {
		return
	}
	if owner, ok := info.Sys().(*syscall.Stat_t); ok {
		_ = f.Chown(int(owner.Uid), int(owner.Gid)) // the lock is optional
	}
}
