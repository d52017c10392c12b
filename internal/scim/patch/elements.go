package patch

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/rosterhq/roster/internal/scim/schema"
)

func all(list []any) map[int]bool {
	touched := make(map[int]bool, len(list))
	for i := range list {
		touched[i] = true
	}
	return touched
}

// valueOf returns the value by which elements are the same, or "" if there is none.
func valueOf(attr *schema.Attribute, element any) string {
	object, ok := element.(map[string]any)
	if !ok {
		if s, isString := element.(string); isString {
			return "=" + attr.Fold(s)
		}
		return fmt.Sprint("=", element)
	}
	sub := attr.Sub("value")
	if s, isString := object["value"].(string); isString && sub != nil {
		return "=" + sub.Fold(s)
	}
	return ""
}

// sameType reports whether an element has the type that another one gives, if any.
func sameType(attr *schema.Attribute, element, given any) bool {
	sub := attr.Sub("type")
	object, _ := given.(map[string]any)
	want, ok := object["type"].(string)
	if !ok || sub == nil {
		return true
	}
	object, _ = element.(map[string]any)
	have, ok := object["type"].(string)
	return ok && sub.Fold(have) == sub.Fold(want)
}

// onePrimary makes the primary element that the step has touched the only one.
func onePrimary(list []any, touched map[int]bool) {
	chosen := false
	for i := range touched {
		if object, ok := list[i].(map[string]any); ok && object["primary"] == true {
			chosen = true
		}
	}
	if !chosen {
		return
	}
	for i, element := range list {
		if object, ok := element.(map[string]any); ok && !touched[i] && object["primary"] == true {
			object["primary"] = false
		}
	}
}

// distinct drops elements that repeat one.
func distinct(list []any) []any {
	seen := make(map[string]bool, len(list))
	return slices.DeleteFunc(list, func(element any) bool {
		b, err := json.Marshal(element)
		if err != nil || seen[string(b)] {
			return err == nil
		}
		seen[string(b)] = true
		return false
	})
}

func sameJSON(a, b any) bool {
	x, errX := json.Marshal(a)
	y, errY := json.Marshal(b)
	return errX == nil && errY == nil && string(x) == string(y)
}
