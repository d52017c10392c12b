package httpapi

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"

	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/provisioning"
)

// etag returns a strong validator (RFC 9110 section 8.8.3) of a body: 128 bits of its
// hash, which nobody can make collide.
func etag(body []byte) string {
	sum := sha256.Sum256(body)
	var tag [etagLength]byte
	tag[0], tag[etagLength-1] = '"', '"'
	hex.Encode(tag[1:etagLength-1], sum[:16])
	return string(tag[:])
}

const etagLength = 34

// tagged is a wire type whose ETag does not depend on the whole body.
type tagged interface{ tag() (string, error) }

// tagOf returns the ETag of a result with this body.
func tagOf[Wire any](result Wire, body []byte) (string, error) {
	if t, ok := any(result).(tagged); ok {
		return t.tag()
	}
	return etag(body), nil
}

// matches reports whether an If-Match or If-None-Match header names tag, or is "*". A
// weak tag matches only in a weak comparison (RFC 9110 sections 8.8.3.2 and 13.1). The
// suffix of a compressed response is not part of the tag.
func matches(header []string, tag string, weak bool) bool {
	for _, line := range header {
		for candidate := range strings.SplitSeq(line, ",") {
			candidate = strings.TrimSpace(candidate)
			if weak {
				candidate = strings.TrimPrefix(candidate, "W/")
			}
			candidate = strings.Replace(candidate, gzipSuffix, `"`, 1)
			if candidate == "*" || candidate == tag {
				return true
			}
		}
	}
	return false
}

// has reports whether the client has the response with this tag.
func (rq *request) has(tag string) bool { return matches(rq.Header["If-None-Match"], tag, true) }

var errPrecondition = directory.Errorf(directory.PreconditionFailed,
	"If-Match does not match the current ETag, because the object has changed; read it again")

// ifMatch is an If-Match header. The service compares it, inside the transaction, with
// the ETag that a read of the object would return at that time.
type ifMatch []string

var _ directory.Precondition = ifMatch{}

func check[Wire any](m ifMatch, current Wire) error {
	body, err := encode(current)
	if err != nil {
		return err
	}
	tag, err := tagOf(current, body)
	if err == nil && !matches(m, tag, false) {
		err = errPrecondition
	}
	return err
}

// checkThere is check for an object that may not exist, with a time that is set if it does.
// No tag matches one that does not.
func checkThere[Wire any](m ifMatch, set time.Time, current Wire) error {
	if set.IsZero() {
		return errPrecondition
	}
	return check(m, current)
}

func (m ifMatch) User(u directory.User) error           { return check(m, userOf(u)) }
func (m ifMatch) Domain(d directory.Domain) error       { return check(m, domainOf(d)) }
func (m ifMatch) UserState(u directory.UserState) error { return check(m, userStatusOf(u)) }
func (m ifMatch) Schedule(s directory.Schedule) error {
	return checkThere(m, s.CreatedAt, scheduleOf(s))
}

func (m ifMatch) TemporaryRole(t directory.TemporaryRole) error {
	return checkThere(m, t.Until, temporaryRoleOf(t))
}

func (m ifMatch) Role(r directory.Role) error                   { return check(m, roleOf(r)) }
func (m ifMatch) Group(g directory.Group) error                 { return check(m, groupOf(g)) }
func (m ifMatch) APIToken(t directory.APITokenRecord) error     { return check(m, apiTokenOf(t)) }
func (m ifMatch) TokenNetworks(n directory.TokenNetworks) error { return check(m, tokenNetworksOf(n)) }
func (m ifMatch) Webhook(w directory.Webhook) error             { return check(m, webhookOf(w)) }
func (m ifMatch) Org(o directory.Membership) error              { return check(m, orgOf(o)) }
func (m ifMatch) OrgSettings(s directory.OrgSettings) error     { return check(m, orgSettingsOf(s)) }
func (m ifMatch) Retention(r directory.Retention) error         { return check(m, retentionOf(r)) }
func (m ifMatch) Session(t directory.SessionRecord) error       { return check(m, sessionOf(t)) }
func (m ifMatch) Passkey(k directory.Passkey) error             { return check(m, passkeyOf(k)) }
func (m ifMatch) SessionLimits(l directory.SessionLimits) error { return check(m, sessionLimitsOf(l)) }

func (m ifMatch) SignInRules(r directory.SignInRules) error { return check(m, signInRulesOf(r)) }
func (m ifMatch) Issuer(i directory.Issuer) error           { return check(m, issuerOf(i)) }
func (m ifMatch) Profile(u directory.Profiled) error        { return check(m, userProfileOf(u)) }

func (m ifMatch) Application(a directory.Application) error { return check(m, applicationOf(a)) }

// PersonalToken implements [directory.Precondition].
func (m ifMatch) PersonalToken(t directory.PersonalTokenRecord) error {
	return check(m, personalTokenOf(t))
}

func (m ifMatch) ProvisioningSettings(s directory.ProvisioningSettings) error {
	return check(m, provisioningSettingsOf(provisioning.SettingsOf(s)))
}
