package userimport_test

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/userimport"
)

// read reads a list to its end, and says of each line what it has.
func read(t testing.TB, list string) (all []string, err error) {
	t.Helper()
	lines, err := userimport.List(strings.NewReader(list), "read-only")
	for err == nil {
		var line userimport.Line
		if line, err = lines.Next(); err != nil {
			break
		}
		if line.Err != nil {
			all = append(all, fmt.Sprintf("%d %s", line.Number, line.Err.Message))
			continue
		}
		all = append(all, fmt.Sprintf("%d %s <%s> %s", line.Number, line.User.Name, line.User.Email, line.User.Role))
	}
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return all, err
}

func TestListReadsWhatPeoplePaste(t *testing.T) {
	for _, c := range []struct {
		list string
		want []string
	}{
		{"ada@example.com", []string{"1 ada <ada@example.com> read-only"}},
		{"\n\n ada@example.com \r\n\r\nalan@example.com\n", []string{"3 ada <ada@example.com> read-only", "5 alan <alan@example.com> read-only"}},
		{"ada@example.com, alan@example.com;\n", []string{"1 ada <ada@example.com> read-only", "1 alan <alan@example.com> read-only"}},
		{"ada@example.com, alan@example.com", []string{"1 ada <ada@example.com> read-only", "1 alan <alan@example.com> read-only"}},
		{`"Ada L" <ada@example.com>; Turing, Alan <alan@example.com>`, []string{"1 Ada L <ada@example.com> read-only", "1 Turing, Alan <alan@example.com> read-only"}},
		{"Ada Lovelace\tada@example.com\nAlan Turing,alan@example.com", []string{"1 Ada Lovelace <ada@example.com> read-only", "2 Alan Turing <alan@example.com> read-only"}},
		{"Lovelace, Ada <ada@example.com>", []string{"1 Lovelace, Ada <ada@example.com> read-only"}},
		{"ada@example.com\nnobody\n", []string{"1 ada <ada@example.com> read-only", `2 "nobody" is not an email address`}},
		{"ada @example.com", []string{`1 "ada @example.com" is not an email address`}},
		{"name,email,role\nAda,ada@example.com,\nAlan,alan@example.com,admin\n", []string{"2 Ada <ada@example.com> read-only", "3 Alan <alan@example.com> admin"}},
		{"\xef\xbb\xbfname,email\nAda,ada@example.com\n", []string{"2 Ada <ada@example.com> read-only"}},
	} {
		got, err := read(t, c.list)
		if err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%q: got %q, %v; want %q", c.list, got, err, c.want)
		}
	}
}

func TestListRefusesWhatIsNoList(t *testing.T) {
	for list, want := range map[string]string{
		"":                                   "empty",
		"name\n":                             "name and email",
		"name,email,phone\n":                 "phone",
		"a@b.c\n" + strings.Repeat("x", 1e6): "longer than",
	} {
		if _, err := read(t, list); err == nil || directory.CodeOf(err) != directory.Invalid || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40q: %v, want invalid with %q", list, err, want)
		}
	}
}

// FuzzList reads any list to its end or to an error with a code.
func FuzzList(f *testing.F) {
	f.Add("a@b.c, Ada <x@y>;;\t<>\n\"")
	f.Add("name,email\n\"x")
	f.Fuzz(func(t *testing.T, list string) {
		if _, err := read(t, list); err != nil && directory.CodeOf(err) == "" {
			t.Errorf("%v has no code", err)
		}
	})
}
