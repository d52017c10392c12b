package apptest

import (
	"context"
	"log"
	"os"
	"testing"
)

// Main runs a package's tests and then returns their exit code, for use in TestMain.
// Meanwhile a server runs for the package's examples, which have no [testing.T]; ready
// gets it before the first test.
func Main(m *testing.M, ready func(*Server)) int {
	t := &process{}
	defer t.cleanUp()
	ready(Start(t))
	return m.Run()
}

// process stands for a test outside of any, so that a failure ends the process.
type process struct {
	testing.TB // nil: its methods that Start doesn't need panic
	cleanups   []func()
}

func (*process) Helper()                           {}
func (*process) Context() context.Context          { return context.Background() }
func (*process) Logf(string, ...any)               {}
func (*process) Fatal(args ...any)                 { log.Fatal(args...) }
func (*process) Fatalf(format string, args ...any) { log.Fatalf(format, args...) }
func (*process) Errorf(format string, args ...any) { log.Fatalf(format, args...) }
func (p *process) Cleanup(f func())                { p.cleanups = append(p.cleanups, f) }

func (p *process) TempDir() string {
	dir, err := os.MkdirTemp("", "roster-apptest-")
	if err != nil {
		log.Fatal(err)
	}
	p.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			log.Fatal(err)
		}
	})
	return dir
}

func (p *process) cleanUp() {
	for i := len(p.cleanups) - 1; i >= 0; i-- {
		p.cleanups[i]()
	}
}
