package storetest

import (
	"strings"
	"time"

	"github.com/rosterhq/roster/internal/authz"
	"github.com/rosterhq/roster/internal/directory"
)

// valueTests are about what columns do to values, whatever the entity.
var valueTests = []test{
	{"times keep microseconds, zone and zero", func(s suite) {
		east := time.FixedZone("east", 5*3600+1800)
		for name, tt := range map[string]struct{ in, want time.Time }{
			"microseconds":       {start, start},
			"zero":               {time.Time{}, time.Time{}},
			"another zone":       {start.In(east), start},
			"with a clock":       {time.Now(), time.Now().UTC().Truncate(time.Microsecond)},
			"before 1970":        {time.Date(1969, 7, 20, 20, 17, 40, 1000, time.UTC), time.Date(1969, 7, 20, 20, 17, 40, 1000, time.UTC)},
			"the end of years":   {time.Date(9999, 12, 31, 23, 59, 59, 999999000, time.UTC), time.Date(9999, 12, 31, 23, 59, 59, 999999000, time.UTC)},
			"a leap day":         {time.Date(2028, 2, 29, 0, 0, 0, 0, time.UTC), time.Date(2028, 2, 29, 0, 0, 0, 0, time.UTC)},
			"just after 1970":    {time.UnixMicro(1), time.UnixMicro(1).UTC()},
			"a whole second":     {start.Truncate(time.Second), start.Truncate(time.Second)},
			"a zoned whole hour": {start.Truncate(time.Hour).In(east), start.Truncate(time.Hour)},
		} {
			id := directory.TokenID("tok " + name)
			r := newAPIToken(acme, name)
			r.ID, r.ExpiresAt, r.CreatedAt = id, tt.in, tt.in
			s.write(func(tx directory.Tx) error {
				_, err := tx.Org(acme)
				if directory.CodeOf(err) == directory.NotFound {
					err = putOrgs(tx, acme)
				}
				return all(err, tx.CreateAPIToken(r), tx.UseAPIToken(acme, id, tt.in))
			})
			back := got(s, apiToken(id))
			want := tt.want
			if name == "with a clock" {
				want = tt.in.UTC().Truncate(time.Microsecond)
			}
			s.equal(name+": expiry", want, back.ExpiresAt)
			s.equal(name+": creation", want, back.CreatedAt)
			if tt.in.Year() >= 1970 {
				s.equal(name+": use", want, got(s, tokenUsed(id)))
			}
		}
	}},
	{"text is text", func(s suite) {
		texts := []string{
			"", " ", "a", "A", "null", "NULL", "0", "007", "1e3", "true",
			"Robert'); DROP TABLE users;--", `"quoted" \ back\slash`, "%_?$1:a@b", "{json: [not]}",
			"Åsa Öberg", "A\u030asa", "日本語の名前", "👩‍👩‍👧", "\u200bzero width", "עִבְרִית", "line\nbreak\tand\ttab\r",
			strings.Repeat("x", 10_000), "\u0001", "\uffff", "\U0010ffff",
		}
		capabilities := func(text string) authz.Set {
			return authz.Set{Datasets: map[string]authz.Grants{"d" + text: authz.Dataset.All()}}
		}
		s.write(func(tx directory.Tx) error {
			if err := putOrgs(tx, acme); err != nil {
				return err
			}
			for _, text := range texts {
				r := newRole(acme, text)
				r.ID, r.Name, r.Description = directory.RoleID("role "+text), text, text
				r.Capabilities = capabilities(text)
				if err := tx.CreateRole(r, "key "+text); err != nil {
					return err
				}
			}
			return nil
		})
		for _, text := range texts {
			r := got(s, role(acme, directory.RoleID("role "+text)))
			if r.Name != text || r.Description != text || !r.Capabilities.Equal(capabilities(text)) {
				s.Errorf("%.40q came back as %.40q, %.40q and %.80q", text, r.Name, r.Description, r.Capabilities.Names())
			}
		}
		s.equal("all of them", len(texts), len(got(s, func(tx directory.Tx) ([]directory.Role, error) { return tx.Roles(acme) })))
	}},
	{"capabilities are kept by name", func(s suite) {
		sets := map[directory.RoleID]authz.Set{"role_zero": {}, "role_everything": authz.Everything()}
		for _, id := range authz.BuiltinRoles() {
			sets[directory.RoleID("role_"+id)], _ = authz.Builtin(id)
		}
		for _, p := range authz.Org.Pairs(authz.Org.All()) {
			g, _ := authz.Org.Grant(p)
			sets[directory.RoleID("role_"+p.String())] = authz.Set{Org: g}
		}
		s.write(func(tx directory.Tx) error {
			if err := putOrgs(tx, acme); err != nil {
				return err
			}
			for id, set := range sets {
				if err := tx.CreateRole(directory.Role{ID: id, OrgID: acme, Capabilities: set, CreatedAt: start}, string(id)); err != nil {
					return err
				}
			}
			return nil
		})
		for id, set := range sets {
			if back := got(s, role(acme, id)).Capabilities; !back.Equal(set) {
				s.Errorf("%s: %v came back as %v", id, set.Names(), back.Names())
			}
		}
	}},
	{"hashes are bytes", func(s suite) {
		var zero, ones directory.SecretHash
		for i := range ones {
			ones[i] = 0xff
		}
		s.write(func(tx directory.Tx) error { return all(putOrgs(tx, acme), putAccount(tx, "acc_a")) })
		for i, h := range []directory.SecretHash{zero, ones, hash("x")} {
			r, p := newAPIToken(acme, string(rune('a'+i))), newPersonalToken("acc_a", string(rune('a'+i)))
			r.Hash, p.Hash = h, h // a token of each kind may have the same
			s.write(func(tx directory.Tx) error { return all(tx.CreateAPIToken(r), tx.CreatePersonalToken(p)) })
			s.equal("API token", r, got(s, apiByHash(r)))
			s.equal("personal token", p, got(s, personalByHash(p)))
		}
	}},
}
