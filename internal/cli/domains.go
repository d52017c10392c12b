package cli

import (
	"github.com/spf13/cobra"

	"github.com/rosterhq/roster/client"
)

var domainColumns = []column[client.Domain]{
	{"domain", func(d client.Domain) string { return d.Domain }},
	{"verified", func(d client.Domain) string { return when(d.VerifiedAt) }},
	{"txt record", func(d client.Domain) string { return d.RecordName }},
	{"value", func(d client.Domain) string { return d.RecordValue }},
}

func (s *session) domains() *cobra.Command {
	return group("domains", "Manage the verified domains of an organization",
		"A domain is verified by a TXT record. A person with an address in a verified domain is a user as soon as you add them,\n"+
			"without an invitation. Changing domains needs the personal token of an owner.",
		"roster domains add example.com\nroster domains verify example.com",
		s.command("list", "List domains", "roster domains list", cobra.NoArgs,
			list(s, domainColumns, (*client.Client).ListDomains)),
		s.write("add DOMAIN", "Add a domain\nPrints the TXT record to publish.", "roster domains add example.com", cobra.ExactArgs(1),
			byID(s, domainColumns, (*client.Client).AddDomain)),
		s.write("verify DOMAIN", "Verify a domain\nLooks up its TXT record.", "roster domains verify example.com", cobra.ExactArgs(1),
			byID(s, domainColumns, (*client.Client).VerifyDomain)),
		s.deletion(anyID, "Delete a domain\nUsers with its addresses stay.", "roster domains delete example.com --yes", "domain", (*client.Client).DeleteDomain))
}
