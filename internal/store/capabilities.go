package store

import (
	"encoding/json"
	"fmt"
	"sync"

	"github.com/rosterhq/roster/internal/authz"
)

func capabilitiesJSON(s authz.Set) (string, error) {
	b, err := json.Marshal(s)
	return string(b), err
}

// capabilitiesColumn scans a set that is stored as JSON.
type capabilitiesColumn struct{ dest *authz.Set }

// Scan implements [sql.Scanner].
func (c capabilitiesColumn) Scan(src any) (err error) {
	text, ok := src.(string)
	if !ok {
		return fmt.Errorf("capabilities are %T, not text", src)
	}
	*c.dest, err = parsedSets.parse(text)
	return err
}

// maxParsed bounds how many parsed sets are cached, and maxParsedText their total length
// as text. A parsed set takes a few times the memory of its text.
const (
	maxParsed     = 1024
	maxParsedText = 4 << 20
)

// parsedSets caches parsed sets. Every write reads its principal's set again, and parsing
// would be most of the cost. Sets are immutable, so they can be shared.
var parsedSets setCache

type setCache struct {
	mu   sync.RWMutex
	kept map[string]authz.Set
	size int // of the texts
}

func (c *setCache) parse(text string) (s authz.Set, err error) {
	c.mu.RLock()
	s, ok := c.kept[text]
	c.mu.RUnlock()
	if ok {
		return s, nil
	}
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		return s, err
	}
	if len(text) > maxParsedText {
		return s, nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, had := c.kept[text]; had {
		return s, nil
	}
	if c.kept == nil || len(c.kept) >= maxParsed || c.size+len(text) > maxParsedText {
		c.kept, c.size = make(map[string]authz.Set), 0
	}
	c.kept[text] = s
	c.size += len(text)
	return s, nil
}
