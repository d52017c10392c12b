package provisioning

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/text"
)

// valuesIn returns a unique attribute's values that a holder with these attributes has,
// each once. Letter case is not significant in names, because v2 keeps them as they are
// given.
func valuesIn(a directory.UniqueAttribute, attributes map[string]any, h directory.Holder) (values []directory.UniqueValue) {
	var digests []string
	collect(a, attributes, a.Path, &digests)
	for _, digest := range slices.Compact(slices.Sorted(slices.Values(digests))) {
		values = append(values, directory.UniqueValue{Attribute: a.Name(), Digest: digest, Holder: h})
	}
	return values
}

func collect(a directory.UniqueAttribute, v any, path directory.Path, digests *[]string) {
	switch v := v.(type) {
	case nil:
	case []any:
		for _, element := range v {
			collect(a, element, path, digests)
		}
	case map[string]any:
		if len(path) == 0 {
			return
		}
		for name, inner := range v {
			if strings.EqualFold(name, path[0]) {
				collect(a, inner, path[1:], digests)
			}
		}
	default:
		if s := compared(a, v); s != "" && len(path) == 0 {
			sum := sha256.Sum256([]byte(s))
			*digests = append(*digests, base64.RawURLEncoding.EncodeToString(sum[:]))
		}
	}
}

// compared is the text by which values of an attribute are compared. A number is the same however it is
// written, and as the text that SCIM takes for it.
func compared(a directory.UniqueAttribute, v any) string {
	s, ok := v.(string)
	if !ok {
		s = fmt.Sprint(v)
	}
	if n, ok := v.(json.Number); ok && strings.ContainsAny(s, ".eE") {
		if f, err := n.Float64(); err == nil {
			s = strconv.FormatFloat(f, 'f', -1, 64)
		}
	}
	if !a.CaseExact {
		s = text.FoldKey(s)
	}
	return s
}
