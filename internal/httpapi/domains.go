package httpapi

import "github.com/rosterhq/roster/internal/directory"

// domain is a domain with the TXT record that verifies it.
type domain struct {
	CreatedAt   wireTime `json:"createdAt"`
	Domain      string   `json:"domain"`
	RecordName  string   `json:"recordName"`
	RecordValue string   `json:"recordValue"`
	VerifiedAt  wireTime `json:"verifiedAt"`
}

func domainOf(d directory.Domain) domain {
	return domain{wireTime{d.CreatedAt}, d.Name, d.RecordName(), d.RecordValue(), wireTime{d.VerifiedAt}}
}

type domainInput struct {
	Domain string `json:"domain"`
}

func addDomain(rq *request, body domainInput) (directory.Domain, error) {
	return rq.api.service.AddDomain(rq.Context(), rq.call, body.Domain)
}
