package directory

import "time"

// signInTx keeps what people sign in with, and their sessions.
type signInTx interface {
	Account(AccountID) (Account, error)
	// MarkAccount stores when an account was verified and first signed in.
	MarkAccount(id AccountID, verified, signedIn time.Time) error

	Session(AccountID, TokenID) (SessionRecord, error)
	SessionByHash(SecretHash) (SessionRecord, error)
	// Sessions lists those of an account, those not used for longest first.
	Sessions(AccountID) ([]SessionRecord, error)
	CreateSession(SessionRecord) error
	// EndSessionIn ends a session in an organization. SessionsEndedIn has those of an
	// account, and RevokeWhereEnded revokes a personal token wherever a session has ended.
	EndSessionIn(org OrgID, account AccountID, session TokenID, at time.Time) error
	SessionsEndedIn(OrgID, AccountID) ([]TokenID, error)
	RevokeWhereEnded(account AccountID, session, token TokenID) error
	// UseSession stores when a session was last used; to use one that is gone is no
	// error, and time never goes back.
	UseSession(account AccountID, id TokenID, at time.Time) error
	DeleteSession(AccountID, TokenID) error
	// DropSessionsIn deletes an account's sessions for an organization alone, and
	// DropSessions all those that ended by a time.
	DropSessionsIn(AccountID, OrgID) error
	DropSessions(by time.Time) error

	Passkey(AccountID, PasskeyID) (Passkey, error)
	PasskeyByCredential(credentialID []byte) (Passkey, error)
	Passkeys(AccountID) ([]Passkey, error)
	CreatePasskey(Passkey) error
	RenamePasskey(account AccountID, id PasskeyID, name string) error
	// UsePasskey stores a credential as it is after a sign-in.
	UsePasskey(account AccountID, id PasskeyID, credential []byte, at time.Time) error
	DeletePasskey(AccountID, PasskeyID) error

	// FinishCeremony refuses a hash that is there with [Conflict], after which the
	// transaction may go on. DropCeremonies deletes those that expired by a time.
	FinishCeremony(h SecretHash, expires time.Time) error
	DropCeremonies(by time.Time) error

	SignInLinkByHash(SecretHash) (SignInLink, error)
	CreateSignInLink(SignInLink) error
	// UseSignInLink stores when a link was used, and refuses one that was: [NotFound].
	UseSignInLink(h SecretHash, at time.Time) error
	// CountSignInLinks counts an account's links of a kind that were made after a time.
	CountSignInLinks(account AccountID, kind SignInMethod, after time.Time) (int, error)
	// DropSignInLinks deletes those that expired by a time.
	DropSignInLinks(by time.Time) error
}
