package identity

import "strings"

// Device reduces a user agent to browser and system, as in "Firefox on Linux", for
// people to recognize their sessions by. It decides nothing.
func Device(userAgent string) string {
	browser, system := match(userAgent, browsers), match(userAgent, systems)
	switch {
	case browser == "" && system == "":
		return "an unknown device"
	case system == "":
		return browser
	case browser == "":
		return "a browser on " + system
	default:
		return browser + " on " + system
	}
}

// The parts of user agents that tell browsers and systems apart. Earlier ones win:
// Edge's has Chrome's and Safari's parts too, and Android's has Linux.
var (
	browsers = [][2]string{
		{"Edg", "Edge"},
		{"OPR/", "Opera"},
		{"Firefox/", "Firefox"},
		{"FxiOS/", "Firefox"},
		{"SamsungBrowser/", "Samsung Internet"},
		{"CriOS/", "Chrome"},
		{"Chrome/", "Chrome"},
		{"Safari/", "Safari"},
		{"curl/", "curl"},
	}
	systems = [][2]string{
		{"Android", "Android"},
		{"iPhone", "iPhone"},
		{"iPad", "iPad"},
		{"Windows", "Windows"},
		{"Macintosh", "macOS"},
		{"CrOS", "ChromeOS"},
		{"Linux", "Linux"},
	}
)

func match(agent string, known [][2]string) string {
	for _, k := range known {
		if strings.Contains(agent, k[0]) {
			return k[1]
		}
	}
	return ""
}
