-- +goose Up
-- Times are microseconds since 1970 in UTC; 0 stands for "none". Sets of
-- capabilities and audit details are JSON text. *_key columns hold
-- values for comparison, with letter case folded in Go; the columns beside them hold the
-- values as they were given.
-- Every key but those that look a secret or an account up starts with the
-- organization: organizations are independent of each other.

CREATE TABLE orgs (
    id         TEXT    NOT NULL PRIMARY KEY,
    name       TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The settings of an organization; without a row, none. 0 stands for any lifetime of
-- tokens, and for the default limits of sessions.
CREATE TABLE org_settings (
    org_id            TEXT    NOT NULL PRIMARY KEY REFERENCES orgs (id) ON DELETE CASCADE,
    max_token_seconds    INTEGER NOT NULL,
    session_idle_seconds INTEGER NOT NULL,
    session_seconds      INTEGER NOT NULL,
    require_issuer       INTEGER NOT NULL,
    issuer_token_seconds INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Rows stay until they expire, also when claimed: they count against the address.
CREATE TABLE provisions (
    org_id      TEXT    NOT NULL PRIMARY KEY REFERENCES orgs (id) ON DELETE CASCADE,
    hash        BLOB    NOT NULL UNIQUE,
    remote_addr TEXT    NOT NULL,
    expires_at  INTEGER NOT NULL,
    claimed     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX provisions_addr ON provisions (remote_addr);

CREATE TABLE accounts (
    id         TEXT    NOT NULL PRIMARY KEY,
    email      TEXT    NOT NULL,
    email_key  TEXT    NOT NULL UNIQUE,
    name       TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    verified_at INTEGER NOT NULL DEFAULT 0,
    signed_in_at INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

-- A user is a membership, or without an account, an invitation: it belongs to the
-- address, and only an invitation has invited_by and expires_at. Email and name stand
-- here too, so that listing an organization reads one table in key order.
CREATE TABLE users (
    org_id     TEXT    NOT NULL REFERENCES orgs (id) ON DELETE CASCADE,
    id         TEXT    NOT NULL,
    account_id TEXT REFERENCES accounts (id),
    email      TEXT    NOT NULL,
    email_key  TEXT    NOT NULL,
    name       TEXT    NOT NULL,
    role_id    TEXT    NOT NULL,
    invited_by TEXT    NOT NULL,
    expires_at INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    mailed_at  INTEGER NOT NULL DEFAULT 0,
    suspended  INTEGER NOT NULL DEFAULT 0,
    profiled   INTEGER NOT NULL DEFAULT 0, -- 1: there is a row in profiles
    active_at  INTEGER NOT NULL DEFAULT 0, -- when the person was last active here, or since when they are a user
    PRIMARY KEY (org_id, id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX users_email ON users (org_id, email_key);
CREATE UNIQUE INDEX users_account ON users (account_id, org_id);
CREATE INDEX users_role ON users (org_id, role_id);
CREATE INDEX users_invited ON users (email_key, expires_at) WHERE account_id IS NULL;
CREATE INDEX users_expiry ON users (expires_at) WHERE account_id IS NULL;
CREATE INDEX users_suspended ON users (org_id, id) WHERE suspended = 1;
CREATE INDEX users_unprofiled ON users (org_id, email_key) WHERE profiled = 0;
CREATE INDEX users_active ON users (org_id, active_at, id);
CREATE INDEX users_open ON users (org_id, id) WHERE account_id IS NULL;

-- No key on roles: built-in ones have no row.
CREATE TABLE temporary_roles (
    org_id  TEXT NOT NULL,
    user_id TEXT NOT NULL,
    role_id TEXT NOT NULL,
    until   INTEGER NOT NULL,
    PRIMARY KEY (org_id, user_id),
    FOREIGN KEY (org_id, user_id) REFERENCES users (org_id, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX temporary_roles_end ON temporary_roles (until, org_id);
CREATE INDEX temporary_roles_role ON temporary_roles (org_id, role_id);

-- due_at is 0 for a schedule that could not be carried out and is not tried again.
CREATE TABLE schedules (
    org_id     TEXT NOT NULL,
    user_id    TEXT NOT NULL,
    act        TEXT NOT NULL,
    at         INTEGER NOT NULL,
    revoke     TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    due_at     INTEGER NOT NULL,
    attempts   INTEGER NOT NULL,
    failed_at  INTEGER NOT NULL,
    failure    TEXT NOT NULL,
    PRIMARY KEY (org_id, user_id, act),
    FOREIGN KEY (org_id, user_id) REFERENCES users (org_id, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX schedules_due ON schedules (due_at, org_id) WHERE due_at > 0;
CREATE INDEX schedules_failed ON schedules (failed_at) WHERE failed_at > 0;

CREATE TABLE roles (
    org_id       TEXT    NOT NULL REFERENCES orgs (id) ON DELETE CASCADE,
    id           TEXT    NOT NULL,
    name         TEXT    NOT NULL,
    name_key     TEXT    NOT NULL,
    description  TEXT    NOT NULL,
    names        INTEGER NOT NULL, -- how many datasets and views the capabilities name
    capabilities TEXT    NOT NULL,
    created_at   INTEGER NOT NULL,
    PRIMARY KEY (org_id, id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX roles_name ON roles (org_id, name_key);

-- "groups" is a reserved word elsewhere.
CREATE TABLE user_groups (
    org_id      TEXT    NOT NULL REFERENCES orgs (id) ON DELETE CASCADE,
    id          TEXT    NOT NULL,
    name        TEXT    NOT NULL,
    name_key    TEXT    NOT NULL,
    description TEXT    NOT NULL,
    managed     INTEGER NOT NULL,
    created_at  INTEGER NOT NULL,
    version     INTEGER NOT NULL, -- goes up with every change, of its members too
    PRIMARY KEY (org_id, id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX user_groups_name ON user_groups (org_id, name_key);

CREATE TABLE group_members (
    org_id   TEXT NOT NULL,
    group_id TEXT NOT NULL,
    user_id  TEXT NOT NULL,
    PRIMARY KEY (org_id, group_id, user_id),
    FOREIGN KEY (org_id, group_id) REFERENCES user_groups (org_id, id) ON DELETE CASCADE,
    FOREIGN KEY (org_id, user_id) REFERENCES users (org_id, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX group_members_user ON group_members (org_id, user_id);

-- No key on roles: built-in ones have no row.
CREATE TABLE group_roles (
    org_id   TEXT NOT NULL,
    group_id TEXT NOT NULL,
    role_id  TEXT NOT NULL,
    PRIMARY KEY (org_id, group_id, role_id),
    FOREIGN KEY (org_id, group_id) REFERENCES user_groups (org_id, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX group_roles_role ON group_roles (org_id, role_id);

-- giving bounds what a token may give to others, whatever its own capabilities.
CREATE TABLE api_tokens (
    org_id       TEXT    NOT NULL REFERENCES orgs (id) ON DELETE CASCADE,
    id           TEXT    NOT NULL,
    hash         BLOB    NOT NULL UNIQUE,
    name         TEXT    NOT NULL,
    description  TEXT    NOT NULL,
    capabilities TEXT    NOT NULL,
    giving       TEXT    NOT NULL,
    expires_at   INTEGER NOT NULL,
    networks     TEXT    NOT NULL,
    created_at   INTEGER NOT NULL,
    created_by   TEXT    NOT NULL,
    lifetime     INTEGER NOT NULL, -- in seconds, 0: for ever
    replaces     TEXT    NOT NULL, -- the token that it was made in place of
    maker_id     TEXT    NOT NULL,
    notices      INTEGER NOT NULL DEFAULT 0, -- how often it was announced that it expires
    last_used_at INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (org_id, id)
) STRICT, WITHOUT ROWID;

CREATE INDEX api_tokens_expiry ON api_tokens (expires_at);
CREATE INDEX api_tokens_replaces ON api_tokens (org_id, replaces);

CREATE TABLE personal_tokens (
    account_id  TEXT    NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    id          TEXT    NOT NULL,
    hash        BLOB    NOT NULL UNIQUE,
    name        TEXT    NOT NULL,
    description TEXT    NOT NULL,
    expires_at  INTEGER NOT NULL,
    networks    TEXT    NOT NULL,
    created_at  INTEGER NOT NULL,
    notices     INTEGER NOT NULL DEFAULT 0, -- how often it was announced that it expires
    PRIMARY KEY (account_id, id)
) STRICT, WITHOUT ROWID;

CREATE INDEX personal_tokens_expiry ON personal_tokens (expires_at);

-- When a personal token was last used in an organization, and since when it is revoked
-- there. 0: never.
CREATE TABLE token_uses (
    org_id       TEXT    NOT NULL REFERENCES orgs (id) ON DELETE CASCADE,
    account_id   TEXT    NOT NULL,
    token_id     TEXT    NOT NULL,
    last_used_at INTEGER NOT NULL,
    revoked_at   INTEGER NOT NULL,
    PRIMARY KEY (org_id, account_id, token_id),
    FOREIGN KEY (account_id, token_id) REFERENCES personal_tokens (account_id, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE INDEX token_uses_token ON token_uses (account_id, token_id);

-- Sessions of people who signed in with a browser. With only_org, a session acts in that organization alone.
CREATE TABLE sessions (
    account_id   TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    id           TEXT NOT NULL,
    hash         BLOB NOT NULL UNIQUE,
    only_org     TEXT NOT NULL,
    method       TEXT NOT NULL,
    issuer_id    TEXT NOT NULL,
    created_at   INTEGER NOT NULL,
    last_used_at INTEGER NOT NULL,
    fresh_at     INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL,
    user_agent   TEXT NOT NULL,
    remote_addr  TEXT NOT NULL,
    PRIMARY KEY (account_id, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX sessions_expiry ON sessions (expires_at);

-- The sessions that an organization has ended for acting in it.
CREATE TABLE session_ends (
    org_id     TEXT NOT NULL REFERENCES orgs (id) ON DELETE CASCADE,
    account_id TEXT NOT NULL,
    session_id TEXT NOT NULL,
    ended_at   INTEGER NOT NULL,
    PRIMARY KEY (org_id, account_id, session_id),
    FOREIGN KEY (account_id, session_id) REFERENCES sessions (account_id, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX session_ends_session ON session_ends (account_id, session_id);

-- Rows stay until they expire, also when used: they count against the account.
CREATE TABLE sign_in_links (
    account_id TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    id         TEXT NOT NULL,
    hash       BLOB NOT NULL UNIQUE,
    method     TEXT NOT NULL,
    first_only INTEGER NOT NULL,
    browser    BLOB,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    used_at    INTEGER NOT NULL,
    PRIMARY KEY (account_id, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX sign_in_links_expiry ON sign_in_links (expires_at);

-- Passkeys' challenges and issuers' redirects that were answered, until they expire: none
-- is answered twice.
CREATE TABLE finished_ceremonies (
    hash       BLOB NOT NULL PRIMARY KEY,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX finished_ceremonies_expiry ON finished_ceremonies (expires_at);

-- credential is JSON: the public key, and the rest that a sign-in is checked with.
CREATE TABLE passkeys (
    account_id    TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    id            TEXT NOT NULL,
    credential_id BLOB NOT NULL UNIQUE,
    name          TEXT NOT NULL,
    credential    TEXT NOT NULL,
    created_at    INTEGER NOT NULL,
    last_used_at  INTEGER NOT NULL,
    PRIMARY KEY (account_id, id)
) STRICT, WITHOUT ROWID;

-- Entries are numbered within their organization without gaps, and their times never
-- decrease. There are no foreign keys: the log outlives the objects that it describes.
CREATE TABLE entries (
    position         INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    sequence      INTEGER NOT NULL,
    at          INTEGER NOT NULL,
    org_id      TEXT    NOT NULL,
    actor       TEXT    NOT NULL,
    actor_id    TEXT    NOT NULL,
    action      TEXT    NOT NULL,
    outcome     TEXT    NOT NULL,
    reason      TEXT    NOT NULL,
    target_type TEXT    NOT NULL,
    target_id   TEXT    NOT NULL,
    target_name TEXT    NOT NULL,
    before      TEXT,
    after       TEXT,
    trace_id    TEXT    NOT NULL,
    remote_addr TEXT    NOT NULL,
    user_agent  TEXT    NOT NULL,
    salts       BLOB,
    erased      BLOB,
    leaf        BLOB,
    mac         BLOB
) STRICT;
CREATE UNIQUE INDEX entries_sequence ON entries (org_id, sequence);
CREATE INDEX entries_target ON entries (org_id, target_id, sequence);
CREATE INDEX entries_actor ON entries (org_id, actor_id, sequence);

CREATE TABLE replays (
    scope       TEXT    NOT NULL,
    key         TEXT    NOT NULL,
    fingerprint TEXT    NOT NULL,
    result      TEXT    NOT NULL,
    expires_at  INTEGER NOT NULL,
    PRIMARY KEY (scope, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX replays_expiry ON replays (expires_at);

-- How far each follower of the log has come.
CREATE TABLE cursors (
    follower TEXT    NOT NULL PRIMARY KEY,
    position      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Mails of the last day, by the entries that asked for them. They count against their
-- recipient and their organization, also if the organization is deleted meanwhile.
CREATE TABLE mails (
    position         INTEGER NOT NULL PRIMARY KEY,
    org_id      TEXT    NOT NULL,
    email_key   TEXT    NOT NULL,
    reserved_at INTEGER NOT NULL
) STRICT;
CREATE INDEX mails_org ON mails (org_id, reserved_at);
CREATE INDEX mails_recipient ON mails (email_key, reserved_at);
CREATE INDEX mails_age ON mails (reserved_at);

-- The Merkle tree of an organization's entries: 256 hashes to a full tile.
CREATE TABLE audit_tiles (
    org_id TEXT    NOT NULL,
    level  INTEGER NOT NULL,
    tile   INTEGER NOT NULL,
    hashes BLOB    NOT NULL,
    PRIMARY KEY (org_id, level, tile)
) STRICT, WITHOUT ROWID;

CREATE TABLE audit_checkpoints (
    org_id    TEXT    NOT NULL,
    size      INTEGER NOT NULL,
    note      TEXT    NOT NULL,
    sealed_at INTEGER NOT NULL,
    PRIMARY KEY (org_id, size)
) STRICT, WITHOUT ROWID;

-- How long an organization keeps its entries; without a row, for ever.
CREATE TABLE audit_retention (
    org_id TEXT    NOT NULL PRIMARY KEY REFERENCES orgs (id) ON DELETE CASCADE,
    days   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Domains of organizations' addresses. One organization at most has verified a domain;
-- verified_at is 0 for the others.
CREATE TABLE domains (
    org_id      TEXT NOT NULL REFERENCES orgs (id) ON DELETE CASCADE,
    domain      TEXT NOT NULL,
    challenge   TEXT NOT NULL,
    created_at  INTEGER NOT NULL,
    verified_at INTEGER NOT NULL,
    PRIMARY KEY (org_id, domain)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX domains_verified ON domains (domain) WHERE verified_at > 0;

-- An organization's own view of a user, which a directory or v2 sets. A user without a row
-- has a profile made of the address. folded is attributes with letter case folded in Go.
CREATE TABLE profiles (
    org_id        TEXT    NOT NULL,
    user_id       TEXT    NOT NULL,
    user_name     TEXT    NOT NULL,
    user_name_key TEXT    NOT NULL,
    external_id   TEXT    NOT NULL,
    attributes    TEXT    NOT NULL,
    folded        TEXT    NOT NULL,
    version       INTEGER NOT NULL,
    updated_at    INTEGER NOT NULL,
    PRIMARY KEY (org_id, user_id),
    FOREIGN KEY (org_id, user_id) REFERENCES users (org_id, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX profiles_user_name ON profiles (org_id, user_name_key);
CREATE INDEX profiles_external_id ON profiles (org_id, external_id) WHERE external_id <> '';

-- The values of emails in the attributes of profiles.
CREATE TABLE profile_emails (
    org_id    TEXT NOT NULL,
    user_id   TEXT NOT NULL,
    email_key TEXT NOT NULL,
    PRIMARY KEY (org_id, user_id, email_key),
    FOREIGN KEY (org_id, user_id) REFERENCES profiles (org_id, user_id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX profile_emails_key ON profile_emails (org_id, email_key);

-- Runs of three letters in the user name, the emails and the names of profiles, by which
-- conditions find texts inside of them.
CREATE TABLE profile_grams (
    org_id  TEXT NOT NULL REFERENCES orgs (id) ON DELETE CASCADE,
    gram    TEXT NOT NULL,
    user_id TEXT NOT NULL,
    PRIMARY KEY (org_id, gram, user_id)
) STRICT, WITHOUT ROWID;

-- Attributes that a directory keeps with a group.
CREATE TABLE group_profiles (
    org_id      TEXT    NOT NULL,
    group_id    TEXT    NOT NULL,
    external_id TEXT    NOT NULL,
    attributes  TEXT    NOT NULL,
    folded      TEXT    NOT NULL,
    updated_at  INTEGER NOT NULL,
    PRIMARY KEY (org_id, group_id),
    FOREIGN KEY (org_id, group_id) REFERENCES user_groups (org_id, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX group_profiles_external_id ON group_profiles (org_id, external_id) WHERE external_id <> '';

-- The values of attributes that an organization's extension schemas make unique, hashed.
-- Either user_id or group_id is set.
CREATE TABLE unique_values (
    org_id    TEXT NOT NULL,
    attribute TEXT NOT NULL,
    digest    TEXT NOT NULL,
    user_id   TEXT,
    group_id  TEXT,
    PRIMARY KEY (org_id, attribute, digest),
    FOREIGN KEY (org_id, user_id) REFERENCES users (org_id, id) ON DELETE CASCADE,
    FOREIGN KEY (org_id, group_id) REFERENCES user_groups (org_id, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX unique_values_user ON unique_values (org_id, user_id) WHERE user_id IS NOT NULL;
CREATE INDEX unique_values_group ON unique_values (org_id, group_id) WHERE group_id IS NOT NULL;

-- An organization's settings for its directory, and what provisioning keeps for itself. All
-- but org_id is JSON.
CREATE TABLE provisioning_settings (
    org_id   TEXT NOT NULL PRIMARY KEY REFERENCES orgs (id) ON DELETE CASCADE,
    settings TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE provisioning_state (
    org_id  TEXT NOT NULL PRIMARY KEY REFERENCES orgs (id) ON DELETE CASCADE,
    breaker TEXT NOT NULL,
    run     TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Users who lost something to a directory within the hour that the breaker counts. Their
-- rows in users may be gone.
CREATE TABLE provisioning_losses (
    org_id  TEXT NOT NULL REFERENCES orgs (id) ON DELETE CASCADE,
    user_id TEXT NOT NULL,
    PRIMARY KEY (org_id, user_id)
) STRICT, WITHOUT ROWID;

-- OpenID Connect issuers. secret is sealed with a key that is not here.
CREATE TABLE issuers (
    org_id     TEXT NOT NULL REFERENCES orgs (id) ON DELETE CASCADE,
    id         TEXT NOT NULL,
    name       TEXT NOT NULL,
    url        TEXT NOT NULL,
    client_id  TEXT NOT NULL,
    secret     BLOB NOT NULL,
    settings   TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    updated_by TEXT NOT NULL,
    PRIMARY KEY (org_id, id)
) STRICT, WITHOUT ROWID;

-- Which accounts an issuer's subjects are.
CREATE TABLE issuer_links (
    org_id     TEXT NOT NULL,
    issuer_id  TEXT NOT NULL,
    subject    TEXT NOT NULL,
    account_id TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    created_at INTEGER NOT NULL,
    signed_in_at INTEGER NOT NULL,
    PRIMARY KEY (org_id, issuer_id, subject),
    FOREIGN KEY (org_id, issuer_id) REFERENCES issuers (org_id, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX issuer_links_account ON issuer_links (account_id, org_id);

-- Applications of organizations, or with an empty org_id, of the deployment. types and paths are
-- JSON.
CREATE TABLE applications (
    org_id     TEXT    NOT NULL,
    id         TEXT    NOT NULL,
    name       TEXT    NOT NULL,
    types      TEXT    NOT NULL,
    paths      TEXT    NOT NULL,
    subjects   TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (org_id, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX applications_id ON applications (id);

CREATE TABLE app_credentials (
    org_id       TEXT    NOT NULL,
    app_id       TEXT    NOT NULL,
    id           TEXT    NOT NULL,
    hash         BLOB    NOT NULL UNIQUE,
    created_at   INTEGER NOT NULL,
    created_by   TEXT    NOT NULL,
    last_used_at INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (org_id, app_id, id),
    FOREIGN KEY (org_id, app_id) REFERENCES applications (org_id, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

-- Webhooks, and the queue of each: when it is looked at next (0: it is empty), and
-- how often it failed since its receiver last took something. Secrets are derived
-- from a key that is not here.
CREATE TABLE webhooks (
    org_id          TEXT    NOT NULL REFERENCES orgs (id) ON DELETE CASCADE,
    id              TEXT    NOT NULL,
    name            TEXT    NOT NULL,
    description     TEXT    NOT NULL,
    url             TEXT    NOT NULL,
    filter          TEXT    NOT NULL,
    enabled         INTEGER NOT NULL,
    disabled_reason TEXT    NOT NULL,
    secret_version  INTEGER NOT NULL,
    previous_until  INTEGER NOT NULL,
    after_sequence    INTEGER NOT NULL,
    created_at      INTEGER NOT NULL,
    updated_at      INTEGER NOT NULL,
    created_by      TEXT    NOT NULL,
    failures        INTEGER NOT NULL DEFAULT 0,
    next_at         INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (org_id, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX webhooks_next ON webhooks (next_at) WHERE next_at > 0;

-- One row for each entry that a webhook is or was sent. The body is made of
-- the entry.
CREATE TABLE webhook_deliveries (
    org_id     TEXT    NOT NULL,
    webhook_id TEXT    NOT NULL,
    sequence     INTEGER NOT NULL,
    action     TEXT    NOT NULL,
    state      TEXT    NOT NULL,
    attempts   INTEGER NOT NULL,
    queued_at  INTEGER NOT NULL,
    due_at     INTEGER NOT NULL,
    give_up_at INTEGER NOT NULL,
    ended_at   INTEGER NOT NULL,
    last_at    INTEGER NOT NULL,
    status     INTEGER NOT NULL,
    took       INTEGER NOT NULL,
    failure    TEXT    NOT NULL,
    PRIMARY KEY (org_id, webhook_id, sequence),
    FOREIGN KEY (org_id, webhook_id) REFERENCES webhooks (org_id, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (org_id, webhook_id, due_at, sequence) WHERE state = 'pending';
CREATE INDEX webhook_deliveries_dead ON webhook_deliveries (org_id, webhook_id, sequence) WHERE state = 'dead';
CREATE INDEX webhook_deliveries_ended ON webhook_deliveries (ended_at) WHERE ended_at > 0;

-- Which programs understand this schema: those that know this version or a later
-- one. A migration that takes away or changes what the program before it uses
-- sets it to its own version; one that only adds leaves it alone.
CREATE TABLE schema_compatibility (
    only_row       INTEGER NOT NULL PRIMARY KEY CHECK (only_row = 1),
    oldest_program INTEGER NOT NULL
) STRICT;
INSERT INTO schema_compatibility VALUES (1, 1);
