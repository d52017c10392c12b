package provisioning

import (
	"bytes"
	"encoding/json"
	"unicode/utf8"

	"github.com/rosterhq/roster/internal/directory"
)

// Limits on profiles.
const (
	maxUserName       = 254       // characters
	maxExternalID     = 255       // characters
	maxAttributeBytes = 16 * 1024 // of a user's or group's attributes, as JSON
	maxAttributeDepth = 8
)

// cleanAttributes checks attributes and returns them as they are read from storage.
// Errors: [directory.Invalid], also for more than [maxAttributeBytes].
func cleanAttributes(attributes map[string]any) (map[string]any, error) {
	if len(attributes) == 0 {
		return nil, nil
	}
	if !validAttributes(attributes, maxAttributeDepth) {
		return nil, directory.InvalidField("attributes", "must be JSON of at most %d levels, with texts that are valid UTF-8 without the character U+0000", maxAttributeDepth)
	}
	encoded, err := json.Marshal(attributes)
	if err != nil {
		return nil, directory.InvalidField("attributes", "must be JSON")
	}
	if len(encoded) > maxAttributeBytes {
		return nil, directory.InvalidField("attributes", "has %d bytes as JSON; at most %d are allowed", len(encoded), maxAttributeBytes)
	}
	return directory.DecodeAttributes(encoded)
}

// validAttributes reports whether every engine can store and search a value.
func validAttributes(v any, depth int) bool {
	if depth < 0 {
		return false
	}
	switch v := v.(type) {
	case string:
		return utf8.ValidString(v) && !bytes.ContainsRune([]byte(v), 0)
	case []any:
		for i := range v {
			if !validAttributes(v[i], depth-1) {
				return false
			}
		}
	case map[string]any:
		for k := range v {
			if !validAttributes(k, depth) || !validAttributes(v[k], depth-1) {
				return false
			}
		}
	}
	return true
}
