package directorytest

import "github.com/rosterhq/roster/internal/directory"

// Listed collects a list of users. It is a sink of one.
type Listed struct {
	Version string // "" at first
	Moved   bool   // the list changed while it was read
	Users   []directory.User
}

// Begin is called with the version of the list.
func (l *Listed) Begin(version string) error {
	l.Version = version
	return nil
}

// Changed is called if the list changes while it is read.
func (l *Listed) Changed() { l.Moved = true }

// User collects a user.
func (l *Listed) User(u directory.User) error {
	l.Users = append(l.Users, u)
	return nil
}

// Flush does nothing.
func (l *Listed) Flush() error { return nil }

// IDs are the ids of the users, in the order of the list.
func (l *Listed) IDs() []directory.UserID {
	ids := []directory.UserID{}
	for _, u := range l.Users {
		ids = append(ids, u.ID)
	}
	return ids
}
