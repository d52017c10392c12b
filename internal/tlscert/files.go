// Package tlscert provides the certificate that the server presents: from files, which
// it reads again when they change, or from an ACME certificate authority (RFC 8555).
package tlscert

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/rosterhq/roster/internal/private"
)

// checkEvery is how often a handshake looks whether the files have changed.
const checkEvery = time.Second

// Files returns the configuration of a listener that presents the certificate chain in
// certFile with the key in keyFile, both PEM. A pair that replaces the files is presented
// within a second. If a new pair can't be used, the old one stays and the error is logged,
// once for each change. The error of a pair that can't be used at the start is returned.
func Files(certFile, keyFile string, log *slog.Logger) (*tls.Config, error) {
	f := &files{certFile: certFile, keyFile: keyFile, log: log, clock: time.Now}
	f.state = f.stat()
	pair, err := f.load()
	if err != nil {
		return nil, err
	}
	f.pair, f.checked = pair, f.clock()
	return &tls.Config{GetCertificate: f.certificate, MinVersion: tls.VersionTLS12}, nil
}

// files is a certificate on disk.
type files struct {
	certFile, keyFile string
	log               *slog.Logger
	clock             func() time.Time

	mu      sync.Mutex
	pair    *tls.Certificate
	state   [2]fileState // of pair, or of a later one that can't be used
	checked time.Time
}

// fileState differs between two versions of a file. A file that can't be read has the
// zero state.
type fileState struct {
	changed time.Time
	size    int64
}

func (f *files) certificate(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if now := f.clock(); now.Sub(f.checked) >= checkEvery {
		f.checked = now
		f.reload()
	}
	return f.pair, nil
}

func (f *files) reload() {
	state := f.stat()
	if state == f.state {
		return
	}
	f.state = state
	pair, err := f.load()
	if err != nil {
		f.log.Error("the new certificate can't be used; the old one stays", "error", err)
		return
	}
	f.pair = pair
	f.log.Info("loaded a new certificate", "file", f.certFile, "expires", pair.Leaf.NotAfter)
}

func (f *files) stat() (state [2]fileState) {
	for i, name := range []string{f.certFile, f.keyFile} {
		if info, err := os.Stat(name); err == nil {
			state[i] = fileState{info.ModTime(), info.Size()}
		}
	}
	return state
}

func (f *files) load() (*tls.Certificate, error) {
	if err := private.Check(f.keyFile); err != nil {
		return nil, err
	}
	pair, err := tls.LoadX509KeyPair(f.certFile, f.keyFile)
	if err != nil {
		return nil, fmt.Errorf("load the certificate %s and the key %s: %w", f.certFile, f.keyFile, err)
	}
	return &pair, nil
}
