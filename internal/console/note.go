package console

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"time"
)

// note tells on the next page what an action did, and may offer to undo it.
type note struct {
	Text string            `json:"text"`
	Undo string            `json:"undo,omitempty"` // path below the organization's to post to
	With map[string]string `json:"with,omitempty"`
	// Label is what the button says if it does not undo all of the action.
	Label string `json:"label,omitempty"`
}

const (
	noteCookie = "roster_note"
	// noteLife is how long a note waits for the next page.
	noteLife = time.Minute
	// maxNote is how many bytes a note may have; browsers keep 4096 of a cookie.
	maxNote = 3000
)

// leave keeps a note for the next page in a cookie. Over https its name has the prefix
// that keeps other hosts of the domain from setting it.
func (rq *request) leave(n note) {
	b, err := json.Marshal(n)
	if err != nil || n.Text == "" || len(b) > maxNote {
		return
	}
	http.SetCookie(rq.w, rq.noteCookie(base64.RawURLEncoding.EncodeToString(b), noteLife))
}

// takeNote gives the note that was left, once.
func (rq *request) takeNote() *note {
	cookie, err := rq.Cookie(rq.noteCookie("", 0).Name)
	if err != nil {
		return nil
	}
	http.SetCookie(rq.w, rq.noteCookie("", -time.Second))
	var n note
	b, err := base64.RawURLEncoding.DecodeString(cookie.Value)
	if err != nil || json.Unmarshal(b, &n) != nil {
		return nil
	}
	if n.Undo != "" {
		n.Undo = rq.path(n.Undo)
		if !strings.HasPrefix(n.Undo, Root) || strings.Contains(n.Undo, "..") {
			n.Undo = ""
		}
	}
	return &n
}

func (rq *request) noteCookie(value string, life time.Duration) *http.Cookie {
	c := &http.Cookie{Name: noteCookie, Value: value, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode, MaxAge: int(life.Seconds())}
	if rq.secure() {
		c.Name, c.Secure = "__Host-"+noteCookie, true
	}
	return c
}
