// Package history reads states from the audit log: an organization as it was at an
// entry, by undoing the entries after it, and as all entries lead to it, by replaying
// them from the start.
package history
