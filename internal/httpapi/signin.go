package httpapi

import (
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/identity"
)

type session struct {
	Address    string                 `json:"address"`
	CreatedAt  wireTime               `json:"createdAt"`
	Device     string                 `json:"device"`
	ExpiresAt  wireTime               `json:"expiresAt"`
	ID         directory.TokenID      `json:"id"`
	LastUsedAt wireTime               `json:"lastUsedAt"`
	Method     directory.SignInMethod `json:"method"`
	OnlyOrgID  *directory.OrgID       `json:"onlyOrgId"` // null: acts in all of the account's
}

func sessionOf(t directory.SessionRecord) session {
	out := session{
		Address: t.RemoteAddr, CreatedAt: wireTime{t.CreatedAt}, Device: identity.Device(t.UserAgent), ExpiresAt: wireTime{t.ExpiresAt},
		ID: t.ID, LastUsedAt: wireTime{t.LastUsedAt}, Method: t.Method,
	}
	if t.OnlyOrg != "" {
		out.OnlyOrgID = &t.OnlyOrg
	}
	return out
}

func deleteSessions(rq *request) error {
	_, err := rq.api.service.DeleteSessions(rq.Context(), rq.call)
	return err
}

func endMemberSession(rq *request) error {
	user, session := directory.UserID(rq.PathValue("id")), directory.TokenID(rq.PathValue("sessionId"))
	return rq.api.service.EndMemberSession(rq.Context(), rq.call, user, session)
}

type passkey struct {
	CreatedAt  wireTime            `json:"createdAt"`
	ID         directory.PasskeyID `json:"id"`
	LastUsedAt wireTime            `json:"lastUsedAt"`
	Name       string              `json:"name"`
}

func passkeyOf(p directory.Passkey) passkey {
	return passkey{CreatedAt: wireTime{p.CreatedAt}, ID: p.ID, LastUsedAt: wireTime{p.LastUsedAt}, Name: p.Name}
}

type passkeyBody struct {
	Name string `json:"name"`
}

func renamePasskey(rq *request, body passkeyBody) (directory.Passkey, error) {
	return rq.api.service.RenamePasskey(rq.Context(), rq.call, directory.PasskeyID(rq.PathValue("id")), body.Name)
}

type sessionLimits struct {
	IdleSeconds     *int64 `json:"idleSeconds"`     // null: the default
	LifetimeSeconds *int64 `json:"lifetimeSeconds"` // null: the default
}

func sessionLimitsOf(l directory.SessionLimits) (out sessionLimits) {
	if l.IdleSeconds != 0 {
		out.IdleSeconds = &l.IdleSeconds
	}
	if l.LifetimeSeconds != 0 {
		out.LifetimeSeconds = &l.LifetimeSeconds
	}
	return out
}

type sessionLimitsBody struct {
	IdleSeconds     given[int64] `json:"idleSeconds"` // null can't be left out
	LifetimeSeconds given[int64] `json:"lifetimeSeconds"`
}

// secondsOf reads a member that is a positive number of seconds, or null for the default.
func secondsOf(field string, g given[int64]) (int64, error) {
	switch {
	case !g.there:
		return 0, directory.InvalidField(field, "is required: a number, or null for the default")
	case g.value == nil:
		return 0, nil
	case *g.value == 0:
		return -1, nil // rejected by the service, as 0 means the default there
	default:
		return *g.value, nil
	}
}

func updateSessionLimits(rq *request, body sessionLimitsBody) (out directory.SessionLimits, err error) {
	if out.IdleSeconds, err = secondsOf("idleSeconds", body.IdleSeconds); err != nil {
		return out, err
	}
	if out.LifetimeSeconds, err = secondsOf("lifetimeSeconds", body.LifetimeSeconds); err != nil {
		return out, err
	}
	return rq.api.service.UpdateSessionLimits(rq.Context(), rq.call, directory.OrgID(rq.PathValue("id")), out)
}

type signInLink struct {
	ExpiresAt wireTime `json:"expiresAt"`
	URL       string   `json:"url"`
}

func (signInLink) confidential() {}

func signInLinkOf(l signInLink) signInLink { return l }

func createInvitationLink(rq *request) (signInLink, error) {
	l, err := rq.api.service.CreateInvitationLink(rq.Context(), rq.call, directory.UserID(rq.PathValue("id")))
	return signInLink{wireTime{l.ExpiresAt}, rq.pageURL("/signin/link", l.Secret)}, err
}
