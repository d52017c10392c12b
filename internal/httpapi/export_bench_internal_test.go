package httpapi

import (
	"fmt"
	"io"
	"net/http"
	"testing"

	"github.com/rosterhq/roster/internal/audit"
	"github.com/rosterhq/roster/internal/directory"
)

// BenchmarkExport measures the export of a log over a connection, per entry.
func BenchmarkExport(b *testing.B) {
	const entries = 100_000
	s := newStreaming(b, func(*API, *http.Server) {})
	s.fill(entries)
	for _, form := range []string{"ndjson", "csv"} {
		b.Run(form, func(b *testing.B) {
			b.ReportAllocs()
			var size int64
			for b.Loop() {
				rq, err := http.NewRequestWithContext(b.Context(), http.MethodGet, s.URL+"/v2/audit?format="+form, nil)
				if err != nil {
					b.Fatal(err)
				}
				rq.Header.Set("Authorization", "Bearer "+s.token)
				rq.Header.Set("Accept-Encoding", "identity")
				resp, err := s.Client().Do(rq)
				if err != nil {
					b.Fatal(err)
				}
				if size, err = io.Copy(io.Discard, resp.Body); err != nil {
					b.Fatal(err)
				}
				resp.Body.Close()
			}
			b.ReportMetric(entries*float64(b.N)/b.Elapsed().Seconds(), "entries/s")
			b.ReportMetric(float64(size)/entries, "bytes/entry")
		})
	}
}

// fill appends n entries in one transaction, each of a new user.
func (s *streaming) fill(n int) {
	s.Helper()
	err := s.db.Write(s.Context(), func(tx directory.Tx) error {
		last, at, err := tx.LastOrgEntry(s.p.OrgID)
		if err != nil {
			return err
		}
		for i := range n {
			e := directory.Entry{
				Sequence: last + 1 + int64(i), At: at, OrgID: s.p.OrgID, Action: "createUser", Leaf: make([]byte, 32), MAC: make([]byte, 32),
				Actor:   directory.Actor{Kind: directory.ActorAPIToken, TokenID: s.p.TokenID, Name: "Onboarding"},
				Target:  directory.Target{Type: "user", ID: fmt.Sprintf("usr_%026d", i), Name: "Jane Doe"},
				After:   fmt.Appendf(nil, `{"orgId":"acme-x7q2","id":"usr_%026d","accountId":"acc_%026d","email":"jane.%d@example.com","name":"Jane Doe","role":{"id":"user","name":"user"},"invited":false,"createdAt":"2026-01-02T03:04:05Z"}`, i, i, i),
				TraceID: "0af7651916cd43dd8448eb211c80319c", RemoteAddr: "192.0.2.1", UserAgent: "roster-cli", Secrets: audit.NewSecrets(),
			}
			if err := tx.AppendEntry(e); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		s.Fatal(err)
	}
}
