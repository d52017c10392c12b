package store

import (
	"os"
	"time"
)

// beginLock is a lock on a file beside an SQLite database. Processes hold it while they
// begin a write transaction. SQLite retries only ten times a second, so without this lock
// a process would hardly ever get its turn beside a server that commits one group after
// another. While a process waits for SQLite's lock it holds this one, so the server can't
// begin its next transaction first.
type beginLock struct{ file *os.File }

const (
	// beginLockPatience limits the wait for the lock. Then a process goes on without it,
	// because a holder that was stopped must not block the others.
	beginLockPatience = time.Second
	beginLockRetry    = time.Millisecond
)

// openBeginLock opens the lock of the database at path. If that fails, there is no lock,
// and waiting processes depend on SQLite's retries.
func openBeginLock(path string) *beginLock {
	file, err := os.OpenFile(path+"-turn", os.O_RDWR|os.O_CREATE, 0o600) // beside the file that the operator named
	if err != nil {
		return &beginLock{}
	}
	sameOwner(file, path)
	return &beginLock{file}
}

func (d *beginLock) acquire() {
	if d.file == nil {
		return
	}
	for waited := time.Duration(0); waited < beginLockPatience && !tryLock(d.file); waited += beginLockRetry {
		time.Sleep(beginLockRetry)
	}
}

func (d *beginLock) release() {
	if d.file != nil {
		unlock(d.file)
	}
}

func (d *beginLock) close() error {
	if d.file == nil {
		return nil
	}
	return d.file.Close()
}
