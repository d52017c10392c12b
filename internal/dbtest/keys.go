package dbtest

import (
	"sync"

	"github.com/rosterhq/roster/internal/audit"
)

// Keys are the keys of this run of the tests.
var Keys = sync.OnceValue(func() *audit.Keyring {
	line, err := audit.GenerateKey("roster.example.com")
	if err != nil {
		panic(err)
	}
	keys, err := audit.ParseKeyring([]byte(line))
	if err != nil {
		panic(err)
	}
	return keys
})
