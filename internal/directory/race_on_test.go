//go:build race

package directory_test

// raceEnabled tells that the race detector is on, which makes everything an
// order of magnitude slower.
const raceEnabled = true
