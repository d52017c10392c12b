package main

import (
	"archive/tar"
	"archive/zip"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"path/filepath"
	"time"
)

// file is a file to put into an archive.
type file struct {
	name, from string
	mode       int64
}

// archive writes the archive of a platform: the program, its license and what has changed.
func (r *release) archive(t target) error {
	files := []file{{t.program(), r.binaries[t], 0o755}}
	for _, name := range []string{"LICENSE", "README.md", "CHANGELOG.md"} {
		files = append(files, file{name, filepath.Join(r.source, name), 0o644})
	}
	if t.os == "windows" {
		return writeZip(r.name(t, ".zip"), files, r.made)
	}
	return writeTar(r.name(t, ".tar.gz"), files, r.made)
}

// image writes the context of the container image: the programs for Linux by architecture,
// and a Dockerfile that takes the one for the platform of the image:
//
//	tar xzf roster_1.2.3_image.tar.gz
//	docker buildx build --platform linux/amd64,linux/arm64 -t roster roster-image
func (r *release) image() error {
	files := []file{{"roster-image/Dockerfile", filepath.Join(r.source, "deploy", "Dockerfile.release"), 0o644}}
	for _, arch := range []string{"amd64", "arm64"} {
		if program, ok := r.binaries[target{"linux", arch}]; ok {
			files = append(files, file{"roster-image/roster-" + arch, program, 0o755})
		}
	}
	if len(files) == 1 {
		return nil
	}
	return writeTar(filepath.Join(r.out, "roster_"+r.number()+"_image.tar.gz"), files, r.made)
}

func writeTar(name string, files []file, made time.Time) (err error) {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	compressed, err := gzip.NewWriterLevel(f, gzip.BestCompression)
	if err != nil {
		return err
	}
	archive := tar.NewWriter(compressed)
	defer func() { err = errors.Join(err, archive.Close(), compressed.Close(), f.Close()) }()
	for _, in := range files {
		content, err := os.ReadFile(in.from)
		if err != nil {
			return err
		}
		if err := archive.WriteHeader(&tar.Header{Name: in.name, Mode: in.mode, Size: int64(len(content)), ModTime: made, Format: tar.FormatPAX}); err != nil {
			return err
		}
		if _, err := archive.Write(content); err != nil {
			return err
		}
	}
	return nil
}

func writeZip(name string, files []file, made time.Time) (err error) {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	archive := zip.NewWriter(f)
	defer func() { err = errors.Join(err, archive.Close(), f.Close()) }()
	for _, in := range files {
		header := &zip.FileHeader{Name: in.name, Method: zip.Deflate, Modified: made}
		header.SetMode(os.FileMode(in.mode)) //nolint:gosec // a constant above
		w, err := archive.CreateHeader(header)
		if err != nil {
			return err
		}
		content, err := os.Open(in.from)
		if err != nil {
			return err
		}
		_, err = io.Copy(w, content)
		if err := errors.Join(err, content.Close()); err != nil {
			return err
		}
	}
	return nil
}
