package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"
)

// profile is a server and a token, saved under a name.
type profile struct {
	URL   string `json:"url,omitempty"`
	Org   string `json:"org,omitempty"`
	Token string `json:"token,omitempty"`
}

// profileFile is the content of the file with the profiles.
type profileFile struct {
	Current  string             `json:"current,omitempty"`
	Profiles map[string]profile `json:"profiles"`
}

// profilePath returns the name of the file. It is in $XDG_CONFIG_HOME on every system, or
// in the system's own place if that is not set.
func profilePath() (string, error) {
	dir := os.Getenv("XDG_CONFIG_HOME")
	if !filepath.IsAbs(dir) {
		var err error
		if dir, err = os.UserConfigDir(); err != nil {
			return "", err
		}
	}
	return filepath.Join(dir, "roster", "config.json"), nil
}

// readProfiles reads the profiles. It returns none if the file does not exist.
func readProfiles() (profileFile, error) {
	var f profileFile
	path, err := profilePath()
	if err == nil {
		var b []byte
		if b, err = os.ReadFile(path); err == nil { // the user's own folder
			if err = json.Unmarshal(b, &f); err != nil {
				f, err = profileFile{}, fmt.Errorf("%s is damaged: %w", path, err)
			}
		} else if errors.Is(err, fs.ErrNotExist) {
			err = nil
		}
	}
	if f.Profiles == nil {
		f.Profiles = make(map[string]profile)
	}
	delete(f.Profiles, "") // "" in Current means that no profile is in use
	if err != nil {
		return f, fmt.Errorf("read the profiles: %w", err)
	}
	return f, nil
}

// write saves the profiles with permissions for their owner only, and corrects wider ones.
// A concurrent reader sees the old file or the new one.
func (f profileFile) write() (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("save the profiles: %w", err)
		}
	}()
	path, err := profilePath()
	if err != nil {
		return err
	}
	b, err := json.MarshalIndent(f, "", "  ")
	if err != nil {
		return err
	}
	dir := filepath.Dir(path)
	if err := errors.Join(os.MkdirAll(dir, 0o700), os.Chmod(dir, 0o700)); err != nil { //nolint:gosec // a folder's owner must enter it
		return err
	}
	next, err := os.CreateTemp(dir, "config-*.json") // 0600
	if err != nil {
		return err
	}
	_, err = next.Write(append(b, '\n'))
	if err = errors.Join(err, next.Sync(), next.Close()); err == nil {
		err = os.Rename(next.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(next.Name()))
	}
	return nil
}

// get returns the profile with a name.
func (f profileFile) get(name string) (profile, error) {
	p, ok := f.Profiles[name]
	if !ok {
		return p, usagef("there is no profile %q; list the profiles with `roster profile list`", name)
	}
	return p, nil
}

// loadProfile returns the profile with a name. Without a name, it returns the current
// profile, or an empty one if there is none.
func loadProfile(name string) (profile, error) {
	f, err := readProfiles()
	if err != nil {
		return profile{}, err
	}
	if name != "" {
		return f.get(name)
	}
	return f.Profiles[f.Current], nil
}

// completeProfiles makes shell completion suggest the names of profiles.
func completeProfiles(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	f, err := readProfiles()
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	return slices.Sorted(maps.Keys(f.Profiles)), cobra.ShellCompDirectiveNoFileComp
}

// shortened returns just enough of a token to recognize it. Tokens begin with their kind,
// as in xaat-.
func shortened(token string) string {
	if len(token) < 20 {
		return "…"
	}
	return token[:5] + "…" + token[len(token)-4:]
}
