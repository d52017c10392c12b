// Command release builds what a release consists of, into a new directory: an archive for
// each platform, packages for Debian and RPM distributions, the context of the container
// image, and SHA256SUMS. The same source and version make the same files.
//
//	go run . -version v1.2.3 -source ../.. -out ../../dist [-targets linux/amd64,windows/amd64]
package main

import (
	"bytes"
	"crypto/sha256"
	"flag"
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// target is a platform to build for.
type target struct{ os, arch string }

// release is one run of the command.
type release struct {
	version, source, out string
	made                 time.Time // the time of every file in archives and packages
	binaries             map[target]string
}

func main() {
	log.SetFlags(0)
	log.SetPrefix("release: ")
	version := flag.String("version", "", "version, such as v1.2.3")
	source := flag.String("source", "../..", "directory of the source tree")
	out := flag.String("out", "", "new directory for the files")
	targets := flag.String("targets", "linux/amd64,linux/arm64,darwin/amd64,darwin/arm64,windows/amd64", "platforms to build for")
	flag.Parse()
	if *version == "" || *out == "" {
		flag.Usage()
		os.Exit(2)
	}
	r, err := newRelease(*version, *source, *out)
	if err == nil {
		err = r.run(strings.Split(*targets, ","))
	}
	if err != nil {
		log.Fatal(err)
	}
}

// newRelease makes the directory. The time of files is that of the last commit.
func newRelease(version, source, out string) (*release, error) {
	r := &release{version: version, source: source, out: out, made: time.Unix(0, 0).UTC(), binaries: make(map[target]string)}
	git := exec.Command("git", "log", "-1", "--format=%cI")
	git.Dir = source
	if line, err := git.Output(); err == nil {
		if r.made, err = time.Parse(time.RFC3339, strings.TrimSpace(string(line))); err != nil {
			return nil, err
		}
	}
	if _, err := os.Lstat(out); err == nil {
		return nil, fmt.Errorf("%s already exists; remove it first (make clean does)", out)
	}
	return r, os.MkdirAll(out, 0o755)
}

func (r *release) run(platforms []string) error {
	work, err := os.MkdirTemp("", "roster-release-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	for _, platform := range platforms {
		t, err := parseTarget(platform)
		if err != nil {
			return err
		}
		log.Printf("building for %s", platform)
		if err := r.build(work, t); err != nil {
			return err
		}
		if err := r.archive(t); err != nil {
			return err
		}
		if t.os == "linux" {
			if err := r.packages(t); err != nil {
				return err
			}
		}
	}
	if err := r.image(); err != nil {
		return err
	}
	return r.checksums()
}

func parseTarget(platform string) (target, error) {
	name, arch, ok := strings.Cut(platform, "/")
	if !ok || name == "" || arch == "" {
		return target{}, fmt.Errorf("%q is not OS/ARCH, as in linux/amd64", platform)
	}
	return target{name, arch}, nil
}

// build compiles the program, as `make build` does.
func (r *release) build(work string, t target) error {
	file := filepath.Join(work, t.os+"-"+t.arch, t.program())
	cmd := exec.Command("go", "build", "-trimpath", "-buildvcs=false",
		"-ldflags", "-s -w -X github.com/rosterhq/roster/internal/config.Version="+r.version, "-o", file, "./cmd/roster")
	cmd.Dir = r.source
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS="+t.os, "GOARCH="+t.arch)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build for %s/%s: %w\n%s", t.os, t.arch, err, out)
	}
	r.binaries[t] = file
	return nil
}

func (t target) program() string {
	if t.os == "windows" {
		return "roster.exe"
	}
	return "roster"
}

// name returns the path of one of the release's files.
func (r *release) name(t target, suffix string) string {
	return filepath.Join(r.out, fmt.Sprintf("roster_%s_%s_%s%s", r.number(), t.os, t.arch, suffix))
}

// number returns the version without the v of its tag.
func (r *release) number() string { return strings.TrimPrefix(r.version, "v") }

// checksums writes SHA256SUMS, for sha256sum --check.
func (r *release) checksums() error {
	entries, err := os.ReadDir(r.out)
	if err != nil {
		return err
	}
	slices.SortFunc(entries, func(a, b os.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	var sums bytes.Buffer
	for _, e := range entries {
		content, err := os.ReadFile(filepath.Join(r.out, e.Name()))
		if err != nil {
			return err
		}
		fmt.Fprintf(&sums, "%x  %s\n", sha256.Sum256(content), e.Name())
	}
	return os.WriteFile(filepath.Join(r.out, "SHA256SUMS"), sums.Bytes(), 0o644)
}
