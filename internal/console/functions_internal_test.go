package console

import "testing"

func TestActionLabelsAreWords(t *testing.T) {
	for name, want := range map[string]string{
		"createUser": "Create user", "createAPIToken": "Create API token", "removeUserFromOrg": "Remove user from org", "getAPITokens": "Get API tokens",
	} {
		if got := actionLabel(name); got != want {
			t.Errorf("%s is labeled %q, want %q", name, got, want)
		}
	}
}

func TestNumbersHaveCommas(t *testing.T) {
	for n, want := range map[int]string{0: "0", 999: "999", 1000: "1,000", -1000: "-1,000", 100000: "100,000", 1234567: "1,234,567"} {
		if got := number(n); got != want {
			t.Errorf("%d is written %q, want %q", n, got, want)
		}
	}
}
