package audit

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// Checkpoint is the head of a log at some size.
type Checkpoint struct {
	Origin string
	tlog.Tree
}

func (c Checkpoint) text() string {
	return fmt.Sprintf("%s\n%d\n%s\n", c.Origin, c.N, c.Hash)
}

// Sign signs the head of an organization's log (c2sp.org/tlog-checkpoint).
func (k *Keyring) Sign(org string, tree tlog.Tree) (string, error) {
	signers, err := k.signers(org)
	if err != nil {
		return "", err
	}
	signed, err := note.Sign(&note.Note{Text: Checkpoint{k.Origin(org), tree}.text()}, signers...)
	return string(signed), err
}

// Open is what the keyring's own verifier keys make of a checkpoint.
func (k *Keyring) Open(org, signed string) (Checkpoint, error) {
	keys, err := k.VerifierKeys(org)
	if err != nil {
		return Checkpoint{}, err
	}
	return OpenCheckpoint(signed, keys)
}

// OpenCheckpoint checks a signed checkpoint: one of the verifier keys must have
// signed it, and be of the log that it names.
func OpenCheckpoint(signed string, keys []string) (c Checkpoint, err error) {
	verifiers := make([]note.Verifier, len(keys))
	for i, key := range keys {
		if verifiers[i], err = note.NewVerifier(key); err != nil {
			return c, fmt.Errorf("%q is not a verifier key; want name+hash+key", key)
		}
	}
	n, err := note.Open([]byte(signed), note.VerifierList(verifiers...))
	if err != nil {
		if _, ok := errors.AsType[*note.UnverifiedNoteError](err); ok {
			return c, errors.New("the checkpoint is not signed with the verifier key")
		}
		return c, fmt.Errorf("the checkpoint: %w", err)
	}
	if c, err = parseCheckpoint(n.Text); err != nil {
		return c, err
	}
	for _, sig := range n.Sigs {
		if sig.Name == c.Origin {
			return c, nil
		}
	}
	return c, fmt.Errorf("the checkpoint of %q is signed with the key of another log", c.Origin)
}

// parseCheckpoint reads a checkpoint's text: three lines, and more that say
// nothing here.
func parseCheckpoint(text string) (c Checkpoint, err error) {
	lines := strings.SplitN(text, "\n", 4)
	if len(lines) < 4 || lines[0] == "" {
		return c, errors.New("the checkpoint's text is not an origin, a size and a hash")
	}
	c.Origin = lines[0]
	if c.N, err = strconv.ParseInt(lines[1], 10, 64); err != nil || c.N < 0 || strconv.FormatInt(c.N, 10) != lines[1] {
		return c, fmt.Errorf("the checkpoint's size %q is not a number", lines[1])
	}
	hash, err := base64.StdEncoding.Strict().DecodeString(lines[2])
	if err != nil || len(hash) != tlog.HashSize {
		return c, fmt.Errorf("the checkpoint's hash %q is not valid", lines[2])
	}
	c.Hash = Hash(hash)
	return c, nil
}
