package directorytest

import (
	"context"
	"errors"
	"time"

	"github.com/rosterhq/roster/internal/dbtest"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/identity"
)

// Records are the TXT records of a name server that a test makes up.
type Records map[string][]string

// LookupTXT implements [identity.TXTResolver].
func (r Records) LookupTXT(_ context.Context, name string) ([]string, error) {
	if list, ok := r[name]; ok {
		return list, nil
	}
	return nil, errors.New("no such host")
}

// Resolving makes w look up domains in records.
func (w *World) Resolving() Records {
	r := make(Records)
	w.Identity.Resolver = r
	w.Configure()
	return r
}

// VerifiesDomain makes a domain an organization's, without a look-up.
func (w *World) VerifiesDomain(org directory.OrgID, domain string) {
	w.Helper()
	d := directory.Domain{OrgID: org, Name: domain, Challenge: "c", CreatedAt: w.Clock().UTC().Truncate(time.Microsecond), VerifiedAt: w.Clock().UTC().Truncate(time.Microsecond)}
	w.stores(directory.OpVerifyDomain, d, nil, d, func(tx directory.Tx) error { return tx.CreateDomain(d) })
}

// LosesDomain takes a domain away from an organization.
func (w *World) LosesDomain(org directory.OrgID, domain string) {
	w.Helper()
	var d directory.Domain
	err := w.DB.Read(w.Context(), func(tx directory.Tx) (err error) {
		d, err = tx.Domain(org, domain)
		return err
	})
	w.Wants("read "+domain, "", err)
	after := d
	after.VerifiedAt = time.Time{}
	w.stores(directory.OpLoseDomain, d, d, after, func(tx directory.Tx) error { return tx.MarkDomain(org, domain, time.Time{}) })
}

// stores writes a domain past the service, with its entry.
func (w *World) stores(op directory.Operation, d directory.Domain, before, after any, write func(directory.Tx) error) {
	w.Helper()
	e := directory.Entry{At: w.Clock().UTC(), OrgID: d.OrgID, Actor: directory.Actor{Kind: directory.ActorSystem}, Action: op.Name, Target: d.Target()}
	w.Wants(op.Name, "", w.DB.Write(w.Context(), func(tx directory.Tx) error {
		return errors.Join(tx.Lock(directory.LockOrg(d.OrgID)), write(tx), directory.Record(tx, dbtest.Keys(), e, before, after))
	}))
}

// NewIssuer has the properties of an issuer.
func NewIssuer() identity.NewIssuer {
	return identity.NewIssuer{
		Name: "Acme SSO", URL: "https://sso.example.com", ClientID: "roster", ClientSecret: "the-client-secret",
		IssuerSettings: directory.IssuerSettings{Enabled: true},
	}
}

// Issuer makes an issuer of the first organization, which has verified example.com.
func (w *World) Issuer(change func(*identity.NewIssuer)) directory.Issuer {
	w.Helper()
	w.VerifiesDomain(w.Org.ID, "example.com")
	in := NewIssuer()
	if change != nil {
		change(&in)
	}
	return Must(w.CreateIssuer(w.Context(), w.ByOwner(), in))(w)
}

// Person is what an issuer says about somebody.
func Person(subject, email string, groups ...string) identity.IssuedPerson {
	return identity.IssuedPerson{Subject: subject, Email: email, EmailVerified: true, Name: "From the issuer", Groups: groups}
}

// Ceremony is a sign-in that a browser has come back from.
func (w *World) Ceremony() identity.Ceremony {
	w.Helper()
	return Must(w.OpenCeremony("test", w.SealCeremony("test", []byte("x"), time.Minute)))(w)
}

// SignInBy signs a person in by an issuer.
func (w *World) SignInBy(i directory.Issuer, p identity.IssuedPerson) (identity.IssuedSession, error) {
	w.Helper()
	return w.SignInByIssuer(w.Context(), directory.Call{RemoteAddr: "192.0.2.7"}, identity.IssuerSignIn{
		OrgID: i.OrgID, IssuerID: i.ID, Person: p, Ceremony: w.Ceremony(),
	})
}
