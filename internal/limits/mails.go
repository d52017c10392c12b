package limits

import "time"

// MailWindow is the time over which [Mails] count.
const MailWindow = 24 * time.Hour

// Mails bound the mails within a [MailWindow]; 0 stands for any number.
type Mails struct {
	PerRecipient    int // from all organizations
	PerOrganization int
}

// DefaultMails are the limits of a server that is not configured otherwise.
func DefaultMails() Mails { return Mails{PerRecipient: 5, PerOrganization: 200} }
