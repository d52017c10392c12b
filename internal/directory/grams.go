package directory

import "slices"

// AnyGram stands for every gram of a profile that has too many of them.
const AnyGram = "*"

const maxGrams = 300

// GramPaths are the attributes whose grams are kept, beside the user name and the emails.
var GramPaths = []Path{{"displayName"}, {"nickName"}, {"title"}, {"name", "formatted"}, {"name", "givenName"}, {"name", "familyName"}}

// Grams are the runs of three characters in a text. Where others begin or end with the
// text, a mark counts as a character.
func Grams(text string, begins, ends bool) []string {
	if begins {
		text = "\x02" + text
	}
	if ends {
		text += "\x03"
	}
	runes := []rune(text)
	var all []string
	for i := 0; i+3 <= len(runes); i++ {
		all = append(all, string(runes[i:i+3]))
	}
	return all
}

// grams are the grams of whole texts, each once.
func grams(texts []string) (all []string) {
	for _, t := range texts {
		if t != "" {
			all = append(all, Grams(t, true, true)...)
		}
	}
	if all = slices.Compact(slices.Sorted(slices.Values(all))); len(all) > maxGrams {
		return []string{AnyGram}
	}
	return all
}
