package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"

	"github.com/goreleaser/nfpm/v2"
	_ "github.com/goreleaser/nfpm/v2/deb"
	"github.com/goreleaser/nfpm/v2/files"
	_ "github.com/goreleaser/nfpm/v2/rpm"
)

// packages writes the packages of a platform: the program, the systemd unit, and an empty
// file of settings that only root can read. Installing one does not start a server.
func (r *release) packages(t target) error {
	unit, err := os.ReadFile(filepath.Join(r.source, "deploy", "roster.service"))
	if err != nil {
		return err
	}
	work, err := os.MkdirTemp("", "roster-package-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	unitFile, settings := filepath.Join(work, "roster.service"), filepath.Join(work, "roster.env")
	err = errors.Join(
		os.WriteFile(unitFile, []byte(strings.ReplaceAll(string(unit), "/usr/local/bin/roster", "/usr/bin/roster")), 0o644),
		os.WriteFile(settings, []byte("# Settings of the server, as ROSTER_… variables: roster serve --help lists them.\n"), 0o600),
	)
	if err != nil {
		return err
	}
	put := func(from, to, kind string, mode os.FileMode) *files.Content {
		return &files.Content{Source: from, Destination: to, Type: kind, FileInfo: &files.ContentFileInfo{Mode: mode, MTime: r.made, Owner: "root", Group: "root"}}
	}
	for _, kind := range []string{"deb", "rpm"} {
		info := nfpm.WithDefaults(&nfpm.Info{
			Name: "roster", Arch: t.arch, Platform: "linux", Version: r.version, Section: "admin", Priority: "optional", MTime: r.made,
			Maintainer: "The Roster authors", Homepage: "https://github.com/rosterhq/roster", License: "Apache-2.0",
			Description: "Manages the users of organizations, through an API and a web console",
			Overridables: nfpm.Overridables{Contents: files.Contents{
				put(r.binaries[t], "/usr/bin/roster", "", 0o755),
				put(unitFile, "/usr/lib/systemd/system/roster.service", "", 0o644),
				put(settings, "/etc/roster/roster.env", "config|noreplace", 0o600),
				put(filepath.Join(r.source, "LICENSE"), "/usr/share/doc/roster/copyright", "", 0o644),
			}},
		})
		if err := r.pack(kind, t, info); err != nil {
			return err
		}
	}
	return nil
}

func (r *release) pack(kind string, t target, info *nfpm.Info) (err error) {
	packager, err := nfpm.Get(kind)
	if err != nil {
		return err
	}
	if err := nfpm.PrepareForPackager(info, kind); err != nil {
		return err
	}
	f, err := os.Create(r.name(t, "."+kind))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return packager.Package(info, f)
}
