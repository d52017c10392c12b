package store

import (
	"os"
	"time"
)

// door is what the processes that write to an SQLite database come through one
// after another. SQLite lets one that waits try again every tenth of a second; a
// server that commits group after group would hardly ever be between two of them
// just then. The door is a lock on a file beside the database, held from before a
// transaction is asked for until it has begun: whoever waits for SQLite's lock
// holds the door, so the server can't begin another transaction before.
type door struct{ file *os.File }

const (
	// doorPatience is how long a process waits at the door before it goes on without
	// it: one that was stopped there must not stop the others.
	doorPatience = time.Second
	doorRetry    = time.Millisecond
)

// openDoor opens the door of the database at path. Where that is not possible there
// is none, and processes meet by chance.
func openDoor(path string) *door {
	file, err := os.OpenFile(path+"-turn", os.O_RDWR|os.O_CREATE, 0o600) // beside the file that the operator named
	if err != nil {
		return &door{}
	}
	sameOwner(file, path)
	return &door{file}
}

func (d *door) enter() {
	if d.file == nil {
		return
	}
	for waited := time.Duration(0); waited < doorPatience && !tryLock(d.file); waited += doorRetry {
		time.Sleep(doorRetry)
	}
}

func (d *door) leave() {
	if d.file != nil {
		unlock(d.file)
	}
}

func (d *door) close() error {
	if d.file == nil {
		return nil
	}
	return d.file.Close()
}
