package cli

import (
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"github.com/rosterhq/roster/client"
)

// openTerminal opens a pseudo terminal with a width. It returns the program's end of it,
// and a function that closes that end and returns what was written.
func openTerminal(t *testing.T, width uint16) (*os.File, func() string) {
	t.Helper()
	user, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skip("there are no pseudo terminals here")
	}
	n, err := unix.IoctlGetInt(int(user.Fd()), unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(int(user.Fd()), unix.TIOCSPTLCK, 0)
	}
	if err != nil {
		t.Fatal(err)
	}
	program, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlSetWinsize(int(program.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: width}); err != nil {
		t.Fatal(err)
	}
	written := make(chan string, 1)
	go func() {
		b, _ := io.ReadAll(user) // it ends with an error when the other end is closed
		written <- strings.ReplaceAll(string(b), "\r\n", "\n")
	}()
	return program, func() string {
		_ = program.Close()
		text := <-written
		_ = user.Close()
		return text
	}
}

// A group of 500 members takes one line of a terminal, and all of it with --wide or in a pipe.
func TestTablesFitTheTerminal(t *testing.T) {
	t.Parallel()
	g := client.Group{ID: "grp_06h0tznb52qbshr2ed8ah98f0w", Name: strings.Repeat("Önly a name ", 20), Roles: []string{"admin"}}
	for i := range 500 {
		g.Members = append(g.Members, fmt.Sprintf("usr_%026d", i))
	}
	show := func(s *session) string {
		terminal, read := openTerminal(t, 80)
		cmd := new(cobra.Command)
		cmd.SetOut(terminal)
		if err := printList(s, cmd, []client.Group{g}, groupColumns, groupBrief...); err != nil {
			t.Error(err)
		}
		return read()
	}
	text := show(&session{output: "table"})
	for line := range strings.Lines(text) {
		if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n > 80 {
			t.Errorf("a line of %d characters: %s", n, line)
		}
	}
	for _, part := range []string{g.ID, "…  500 members", "1 role"} {
		if !strings.Contains(text, part) {
			t.Errorf("%q is missing in:\n%s", part, text)
		}
	}
	if text := show(&session{output: "table", wide: true}); !strings.Contains(text, g.Members[499]) || strings.Contains(text, "…") {
		t.Errorf("--wide prints %.200s", text)
	}
	if text := show(&session{output: "csv"}); !strings.Contains(text, g.Members[499]) {
		t.Errorf("CSV on a terminal is %.200s", text)
	}
	var pipe strings.Builder
	cmd := new(cobra.Command)
	cmd.SetOut(&pipe)
	if err := printList(&session{output: "table"}, cmd, []client.Group{g}, groupColumns, groupBrief...); err != nil || !strings.Contains(pipe.String(), g.Members[499]) {
		t.Errorf("a pipe gets %.200s (%v)", pipe.String(), err)
	}
}

// Ids and secrets are never cut, and no column vanishes.
func TestFitKeepsWhatIsOfNoUseInParts(t *testing.T) {
	t.Parallel()
	rows := [][]string{{"ID", "NAME", "TOKEN"}, {strings.Repeat("i", 30), strings.Repeat("n", 30), strings.Repeat("t", 41)}}
	fit(rows, []bool{true, false, true}, 40)
	if got := rows[1]; len(got[0]) != 30 || got[1] != "nnnnnnn…" || len(got[2]) != 41 {
		t.Errorf("%q", got)
	}
}
