package webhooks

import (
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/rosterhq/roster/internal/directory"
)

// event is the body of a delivery, as standardwebhooks.com recommends it. Its data
// is the entry as the API shows it.
type event struct {
	Type      string         `json:"type"`
	Timestamp string         `json:"timestamp"`
	Data      jsontext.Value `json:"data"`
}

// eventJSON returns the wire format of an entry. The bytes are the same each time, unless
// personal data was erased from the entry in the meantime.
func eventJSON(e directory.Entry) ([]byte, error) {
	record, err := e.Shown()
	if err != nil {
		return nil, err
	}
	data, err := record.Encode()
	if err != nil {
		return nil, err
	}
	return json.Marshal(event{Type: e.Action, Timestamp: record.Time.String(), Data: data})
}
