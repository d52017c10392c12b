-- +goose Up
-- Times are microseconds since 1970 in UTC; 0 stands for "none". Sets of
-- capabilities and audit details are JSON text. *_key columns hold
-- values for comparison, with letter case folded in Go; the columns beside them hold the
-- values as they were given.
-- Every key but those that look a secret or an account up starts with the
-- organization: organizations are independent of each other. Texts compare by
-- their bytes, whatever the locale of the cluster.

CREATE TABLE orgs (
    id         TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    name       TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

-- The settings of an organization; without a row, none. 0 stands for any lifetime of
-- tokens, and for the default limits of sessions.
CREATE TABLE org_settings (
    org_id            TEXT COLLATE "C" NOT NULL PRIMARY KEY REFERENCES orgs (id) ON DELETE CASCADE,
    max_token_seconds    BIGINT NOT NULL,
    session_idle_seconds BIGINT NOT NULL,
    session_seconds      BIGINT NOT NULL,
    require_issuer       BIGINT NOT NULL,
    issuer_token_seconds BIGINT NOT NULL
);

-- Rows stay until they expire, also when claimed: they count against the address.
CREATE TABLE provisions (
    org_id      TEXT COLLATE "C" NOT NULL PRIMARY KEY REFERENCES orgs (id) ON DELETE CASCADE,
    hash        BYTEA NOT NULL UNIQUE,
    remote_addr TEXT COLLATE "C" NOT NULL,
    expires_at  BIGINT NOT NULL,
    claimed     BIGINT NOT NULL
);
CREATE INDEX provisions_addr ON provisions (remote_addr);

CREATE TABLE accounts (
    id         TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    email      TEXT COLLATE "C" NOT NULL,
    email_key  TEXT COLLATE "C" NOT NULL UNIQUE,
    name       TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    verified_at BIGINT NOT NULL DEFAULT 0,
    signed_in_at BIGINT NOT NULL DEFAULT 0
);

-- A user is a membership, or without an account, an invitation: it belongs to the
-- address, and only an invitation has invited_by and expires_at. Email and name stand
-- here too, so that listing an organization reads one table in key order.
CREATE TABLE users (
    org_id     TEXT COLLATE "C" NOT NULL REFERENCES orgs (id) ON DELETE CASCADE,
    id         TEXT COLLATE "C" NOT NULL,
    account_id TEXT COLLATE "C" REFERENCES accounts (id),
    email      TEXT COLLATE "C" NOT NULL,
    email_key  TEXT COLLATE "C" NOT NULL,
    name       TEXT COLLATE "C" NOT NULL,
    role_id    TEXT COLLATE "C" NOT NULL,
    invited_by TEXT COLLATE "C" NOT NULL,
    expires_at BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    mailed_at  BIGINT  NOT NULL DEFAULT 0,
    suspended  BIGINT NOT NULL DEFAULT 0,
    profiled   BIGINT NOT NULL DEFAULT 0, -- 1: there is a row in profiles
    active_at  BIGINT NOT NULL DEFAULT 0, -- when the person was last active here, or since when they are a user
    PRIMARY KEY (org_id, id)
);
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
    org_id  TEXT COLLATE "C" NOT NULL,
    user_id TEXT COLLATE "C" NOT NULL,
    role_id TEXT COLLATE "C" NOT NULL,
    until   BIGINT NOT NULL,
    PRIMARY KEY (org_id, user_id),
    FOREIGN KEY (org_id, user_id) REFERENCES users (org_id, id) ON DELETE CASCADE
);
CREATE INDEX temporary_roles_end ON temporary_roles (until, org_id);
CREATE INDEX temporary_roles_role ON temporary_roles (org_id, role_id);

-- due_at is 0 for a schedule that could not be carried out and is not tried again.
CREATE TABLE schedules (
    org_id     TEXT COLLATE "C" NOT NULL,
    user_id    TEXT COLLATE "C" NOT NULL,
    act        TEXT COLLATE "C" NOT NULL,
    at         BIGINT NOT NULL,
    revoke     TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    created_by TEXT COLLATE "C" NOT NULL,
    due_at     BIGINT NOT NULL,
    attempts   BIGINT NOT NULL,
    failed_at  BIGINT NOT NULL,
    failure    TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (org_id, user_id, act),
    FOREIGN KEY (org_id, user_id) REFERENCES users (org_id, id) ON DELETE CASCADE
);
CREATE INDEX schedules_due ON schedules (due_at, org_id) WHERE due_at > 0;
CREATE INDEX schedules_failed ON schedules (failed_at) WHERE failed_at > 0;

CREATE TABLE roles (
    org_id       TEXT COLLATE "C" NOT NULL REFERENCES orgs (id) ON DELETE CASCADE,
    id           TEXT COLLATE "C" NOT NULL,
    name         TEXT COLLATE "C" NOT NULL,
    name_key     TEXT COLLATE "C" NOT NULL,
    description  TEXT COLLATE "C" NOT NULL,
    names        BIGINT NOT NULL, -- how many datasets and views the capabilities name
    capabilities TEXT COLLATE "C" NOT NULL,
    created_at   BIGINT NOT NULL,
    PRIMARY KEY (org_id, id)
);
CREATE UNIQUE INDEX roles_name ON roles (org_id, name_key);

-- "groups" is a reserved word elsewhere.
CREATE TABLE user_groups (
    org_id      TEXT COLLATE "C" NOT NULL REFERENCES orgs (id) ON DELETE CASCADE,
    id          TEXT COLLATE "C" NOT NULL,
    name        TEXT COLLATE "C" NOT NULL,
    name_key    TEXT COLLATE "C" NOT NULL,
    description TEXT COLLATE "C" NOT NULL,
    managed     BIGINT NOT NULL,
    created_at  BIGINT NOT NULL,
    version     BIGINT NOT NULL, -- goes up with every change, of its members too
    PRIMARY KEY (org_id, id)
);
CREATE UNIQUE INDEX user_groups_name ON user_groups (org_id, name_key);

CREATE TABLE group_members (
    org_id   TEXT COLLATE "C" NOT NULL,
    group_id TEXT COLLATE "C" NOT NULL,
    user_id  TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (org_id, group_id, user_id),
    FOREIGN KEY (org_id, group_id) REFERENCES user_groups (org_id, id) ON DELETE CASCADE,
    FOREIGN KEY (org_id, user_id) REFERENCES users (org_id, id) ON DELETE CASCADE
);
CREATE INDEX group_members_user ON group_members (org_id, user_id);

-- No key on roles: built-in ones have no row.
CREATE TABLE group_roles (
    org_id   TEXT COLLATE "C" NOT NULL,
    group_id TEXT COLLATE "C" NOT NULL,
    role_id  TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (org_id, group_id, role_id),
    FOREIGN KEY (org_id, group_id) REFERENCES user_groups (org_id, id) ON DELETE CASCADE
);
CREATE INDEX group_roles_role ON group_roles (org_id, role_id);

-- giving bounds what a token may give to others, whatever its own capabilities.
CREATE TABLE api_tokens (
    org_id       TEXT COLLATE "C" NOT NULL REFERENCES orgs (id) ON DELETE CASCADE,
    id           TEXT COLLATE "C" NOT NULL,
    hash         BYTEA NOT NULL UNIQUE,
    name         TEXT COLLATE "C" NOT NULL,
    description  TEXT COLLATE "C" NOT NULL,
    capabilities TEXT COLLATE "C" NOT NULL,
    giving       TEXT COLLATE "C" NOT NULL,
    expires_at   BIGINT NOT NULL,
    networks     TEXT COLLATE "C" NOT NULL,
    created_at   BIGINT NOT NULL,
    created_by   TEXT COLLATE "C" NOT NULL,
    lifetime     BIGINT NOT NULL, -- in seconds, 0: for ever
    replaces     TEXT COLLATE "C" NOT NULL, -- the token that it was made in place of
    maker_id     TEXT COLLATE "C" NOT NULL,
    notices      BIGINT NOT NULL DEFAULT 0, -- how often it was announced that it expires
    last_used_at BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (org_id, id)
);

CREATE INDEX api_tokens_expiry ON api_tokens (expires_at);
CREATE INDEX api_tokens_replaces ON api_tokens (org_id, replaces);

CREATE TABLE personal_tokens (
    account_id  TEXT COLLATE "C" NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    id          TEXT COLLATE "C" NOT NULL,
    hash        BYTEA NOT NULL UNIQUE,
    name        TEXT COLLATE "C" NOT NULL,
    description TEXT COLLATE "C" NOT NULL,
    expires_at  BIGINT NOT NULL,
    networks    TEXT COLLATE "C" NOT NULL,
    created_at  BIGINT NOT NULL,
    notices     BIGINT NOT NULL DEFAULT 0, -- how often it was announced that it expires
    PRIMARY KEY (account_id, id)
);

CREATE INDEX personal_tokens_expiry ON personal_tokens (expires_at);

-- When a personal token was last used in an organization, and since when it is revoked
-- there. 0: never.
CREATE TABLE token_uses (
    org_id       TEXT COLLATE "C" NOT NULL REFERENCES orgs (id) ON DELETE CASCADE,
    account_id   TEXT COLLATE "C" NOT NULL,
    token_id     TEXT COLLATE "C" NOT NULL,
    last_used_at BIGINT NOT NULL,
    revoked_at   BIGINT NOT NULL,
    PRIMARY KEY (org_id, account_id, token_id),
    FOREIGN KEY (account_id, token_id) REFERENCES personal_tokens (account_id, id) ON DELETE CASCADE
);

CREATE INDEX token_uses_token ON token_uses (account_id, token_id);

-- Sessions of people who signed in with a browser. With only_org, a session acts in that organization alone.
CREATE TABLE sessions (
    account_id   TEXT COLLATE "C" NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    id           TEXT COLLATE "C" NOT NULL,
    hash         BYTEA NOT NULL UNIQUE,
    only_org     TEXT COLLATE "C" NOT NULL,
    method       TEXT COLLATE "C" NOT NULL,
    issuer_id    TEXT COLLATE "C" NOT NULL,
    created_at   BIGINT NOT NULL,
    last_used_at BIGINT NOT NULL,
    fresh_at     BIGINT NOT NULL,
    expires_at   BIGINT NOT NULL,
    user_agent   TEXT COLLATE "C" NOT NULL,
    remote_addr  TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (account_id, id)
);
CREATE INDEX sessions_expiry ON sessions (expires_at);

-- The sessions that an organization has ended for acting in it.
CREATE TABLE session_ends (
    org_id     TEXT COLLATE "C" NOT NULL REFERENCES orgs (id) ON DELETE CASCADE,
    account_id TEXT COLLATE "C" NOT NULL,
    session_id TEXT COLLATE "C" NOT NULL,
    ended_at   BIGINT NOT NULL,
    PRIMARY KEY (org_id, account_id, session_id),
    FOREIGN KEY (account_id, session_id) REFERENCES sessions (account_id, id) ON DELETE CASCADE
);
CREATE INDEX session_ends_session ON session_ends (account_id, session_id);

-- Rows stay until they expire, also when used: they count against the account.
CREATE TABLE sign_in_links (
    account_id TEXT COLLATE "C" NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    id         TEXT COLLATE "C" NOT NULL,
    hash       BYTEA NOT NULL UNIQUE,
    method     TEXT COLLATE "C" NOT NULL,
    first_only BIGINT NOT NULL,
    browser    BYTEA,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at    BIGINT NOT NULL,
    PRIMARY KEY (account_id, id)
);
CREATE INDEX sign_in_links_expiry ON sign_in_links (expires_at);

-- Passkeys' challenges and issuers' redirects that were answered, until they expire: none
-- is answered twice.
CREATE TABLE finished_ceremonies (
    hash       BYTEA NOT NULL PRIMARY KEY,
    expires_at BIGINT NOT NULL
);
CREATE INDEX finished_ceremonies_expiry ON finished_ceremonies (expires_at);

-- credential is JSON: the public key, and the rest that a sign-in is checked with.
CREATE TABLE passkeys (
    account_id    TEXT COLLATE "C" NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    id            TEXT COLLATE "C" NOT NULL,
    credential_id BYTEA NOT NULL UNIQUE,
    name          TEXT COLLATE "C" NOT NULL,
    credential    TEXT COLLATE "C" NOT NULL,
    created_at    BIGINT NOT NULL,
    last_used_at  BIGINT NOT NULL,
    PRIMARY KEY (account_id, id)
);

-- Entries are numbered within their organization without gaps, and their times never
-- decrease. There are no foreign keys: the log outlives the objects that it describes.
CREATE TABLE entries (
    -- PostgreSQL assigns defaults in column order. A transaction therefore has its
    -- id before its entries have their sequence numbers, which the feed relies on.
    xact        xid8 NOT NULL DEFAULT pg_current_xact_id(),
    position         BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    sequence      BIGINT NOT NULL,
    at          BIGINT NOT NULL,
    org_id      TEXT COLLATE "C" NOT NULL,
    actor       TEXT COLLATE "C" NOT NULL,
    actor_id    TEXT COLLATE "C" NOT NULL,
    action      TEXT COLLATE "C" NOT NULL,
    outcome     TEXT COLLATE "C" NOT NULL,
    reason      TEXT COLLATE "C" NOT NULL,
    target_type TEXT COLLATE "C" NOT NULL,
    target_id   TEXT COLLATE "C" NOT NULL,
    target_name TEXT COLLATE "C" NOT NULL,
    before      TEXT COLLATE "C",
    after       TEXT COLLATE "C",
    trace_id    TEXT COLLATE "C" NOT NULL,
    remote_addr TEXT COLLATE "C" NOT NULL,
    user_agent  TEXT COLLATE "C" NOT NULL,
    salts       BYTEA,
    erased      BYTEA,
    leaf        BYTEA,
    mac         BYTEA
);
CREATE UNIQUE INDEX entries_sequence ON entries (org_id, sequence);
CREATE INDEX entries_target ON entries (org_id, target_id, sequence);
CREATE INDEX entries_actor ON entries (org_id, actor_id, sequence);

CREATE TABLE replays (
    scope       TEXT COLLATE "C" NOT NULL,
    key         TEXT COLLATE "C" NOT NULL,
    fingerprint TEXT COLLATE "C" NOT NULL,
    result      TEXT COLLATE "C" NOT NULL,
    expires_at  BIGINT NOT NULL,
    PRIMARY KEY (scope, key)
);
CREATE INDEX replays_expiry ON replays (expires_at);

-- How far each follower of the log has come.
CREATE TABLE cursors (
    follower TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    position      BIGINT NOT NULL
);

-- Mails of the last day, by the entries that asked for them. They count against their
-- recipient and their organization, also if the organization is deleted meanwhile.
CREATE TABLE mails (
    position         BIGINT  NOT NULL PRIMARY KEY,
    org_id      TEXT COLLATE "C" NOT NULL,
    email_key   TEXT COLLATE "C" NOT NULL,
    reserved_at BIGINT  NOT NULL
);
CREATE INDEX mails_org ON mails (org_id, reserved_at);
CREATE INDEX mails_recipient ON mails (email_key, reserved_at);
CREATE INDEX mails_age ON mails (reserved_at);

-- The Merkle tree of an organization's entries: 256 hashes to a full tile.
CREATE TABLE audit_tiles (
    org_id TEXT COLLATE "C" NOT NULL,
    level  BIGINT NOT NULL,
    tile   BIGINT NOT NULL,
    hashes BYTEA NOT NULL,
    PRIMARY KEY (org_id, level, tile)
);

CREATE TABLE audit_checkpoints (
    org_id    TEXT COLLATE "C" NOT NULL,
    size      BIGINT NOT NULL,
    note      TEXT COLLATE "C" NOT NULL,
    sealed_at BIGINT NOT NULL,
    PRIMARY KEY (org_id, size)
);

-- How long an organization keeps its entries; without a row, for ever.
CREATE TABLE audit_retention (
    org_id TEXT COLLATE "C" NOT NULL PRIMARY KEY REFERENCES orgs (id) ON DELETE CASCADE,
    days   BIGINT NOT NULL
);

-- Domains of organizations' addresses. One organization at most has verified a domain;
-- verified_at is 0 for the others.
CREATE TABLE domains (
    org_id      TEXT COLLATE "C" NOT NULL REFERENCES orgs (id) ON DELETE CASCADE,
    domain      TEXT COLLATE "C" NOT NULL,
    challenge   TEXT COLLATE "C" NOT NULL,
    created_at  BIGINT NOT NULL,
    verified_at BIGINT NOT NULL,
    PRIMARY KEY (org_id, domain)
);
CREATE UNIQUE INDEX domains_verified ON domains (domain) WHERE verified_at > 0;

-- An organization's own view of a user, which a directory or v2 sets. A user without a row
-- has a profile made of the address. folded is attributes with letter case folded in Go.
CREATE TABLE profiles (
    org_id        TEXT COLLATE "C" NOT NULL,
    user_id       TEXT COLLATE "C" NOT NULL,
    user_name     TEXT COLLATE "C" NOT NULL,
    user_name_key TEXT COLLATE "C" NOT NULL,
    external_id   TEXT COLLATE "C" NOT NULL,
    attributes    TEXT COLLATE "C" NOT NULL,
    folded        TEXT COLLATE "C" NOT NULL,
    version       BIGINT NOT NULL,
    updated_at    BIGINT NOT NULL,
    PRIMARY KEY (org_id, user_id),
    FOREIGN KEY (org_id, user_id) REFERENCES users (org_id, id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX profiles_user_name ON profiles (org_id, user_name_key);
CREATE INDEX profiles_external_id ON profiles (org_id, external_id) WHERE external_id <> '';

-- The values of emails in the attributes of profiles.
CREATE TABLE profile_emails (
    org_id    TEXT COLLATE "C" NOT NULL,
    user_id   TEXT COLLATE "C" NOT NULL,
    email_key TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (org_id, user_id, email_key),
    FOREIGN KEY (org_id, user_id) REFERENCES profiles (org_id, user_id) ON DELETE CASCADE
);
CREATE INDEX profile_emails_key ON profile_emails (org_id, email_key);

-- Runs of three letters in the user name, the emails and the names of profiles, by which
-- conditions find texts inside of them.
CREATE TABLE profile_grams (
    org_id  TEXT COLLATE "C" NOT NULL REFERENCES orgs (id) ON DELETE CASCADE,
    gram    TEXT COLLATE "C" NOT NULL,
    user_id TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (org_id, gram, user_id)
);

-- Attributes that a directory keeps with a group.
CREATE TABLE group_profiles (
    org_id      TEXT COLLATE "C" NOT NULL,
    group_id    TEXT COLLATE "C" NOT NULL,
    external_id TEXT COLLATE "C" NOT NULL,
    attributes  TEXT COLLATE "C" NOT NULL,
    folded      TEXT COLLATE "C" NOT NULL,
    updated_at  BIGINT NOT NULL,
    PRIMARY KEY (org_id, group_id),
    FOREIGN KEY (org_id, group_id) REFERENCES user_groups (org_id, id) ON DELETE CASCADE
);
CREATE INDEX group_profiles_external_id ON group_profiles (org_id, external_id) WHERE external_id <> '';

-- The values of attributes that an organization's extension schemas make unique, hashed.
-- Either user_id or group_id is set.
CREATE TABLE unique_values (
    org_id    TEXT COLLATE "C" NOT NULL,
    attribute TEXT COLLATE "C" NOT NULL,
    digest    TEXT COLLATE "C" NOT NULL,
    user_id   TEXT COLLATE "C",
    group_id  TEXT COLLATE "C",
    PRIMARY KEY (org_id, attribute, digest),
    FOREIGN KEY (org_id, user_id) REFERENCES users (org_id, id) ON DELETE CASCADE,
    FOREIGN KEY (org_id, group_id) REFERENCES user_groups (org_id, id) ON DELETE CASCADE
);
CREATE INDEX unique_values_user ON unique_values (org_id, user_id) WHERE user_id IS NOT NULL;
CREATE INDEX unique_values_group ON unique_values (org_id, group_id) WHERE group_id IS NOT NULL;

-- An organization's settings for its directory, and what provisioning keeps for itself. All
-- but org_id is JSON.
CREATE TABLE provisioning_settings (
    org_id   TEXT COLLATE "C" NOT NULL PRIMARY KEY REFERENCES orgs (id) ON DELETE CASCADE,
    settings TEXT COLLATE "C" NOT NULL
);

CREATE TABLE provisioning_state (
    org_id  TEXT COLLATE "C" NOT NULL PRIMARY KEY REFERENCES orgs (id) ON DELETE CASCADE,
    breaker TEXT COLLATE "C" NOT NULL,
    run     TEXT COLLATE "C" NOT NULL
);

-- Users who lost something to a directory within the hour that the breaker counts. Their
-- rows in users may be gone.
CREATE TABLE provisioning_losses (
    org_id  TEXT COLLATE "C" NOT NULL REFERENCES orgs (id) ON DELETE CASCADE,
    user_id TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (org_id, user_id)
);

-- OpenID Connect issuers. secret is sealed with a key that is not here.
CREATE TABLE issuers (
    org_id     TEXT COLLATE "C" NOT NULL REFERENCES orgs (id) ON DELETE CASCADE,
    id         TEXT COLLATE "C" NOT NULL,
    name       TEXT COLLATE "C" NOT NULL,
    url        TEXT COLLATE "C" NOT NULL,
    client_id  TEXT COLLATE "C" NOT NULL,
    secret     BYTEA NOT NULL,
    settings   TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    created_by TEXT COLLATE "C" NOT NULL,
    updated_at BIGINT NOT NULL,
    updated_by TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (org_id, id)
);

-- Which accounts an issuer's subjects are.
CREATE TABLE issuer_links (
    org_id     TEXT COLLATE "C" NOT NULL,
    issuer_id  TEXT COLLATE "C" NOT NULL,
    subject    TEXT COLLATE "C" NOT NULL,
    account_id TEXT COLLATE "C" NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    created_at BIGINT NOT NULL,
    signed_in_at BIGINT NOT NULL,
    PRIMARY KEY (org_id, issuer_id, subject),
    FOREIGN KEY (org_id, issuer_id) REFERENCES issuers (org_id, id) ON DELETE CASCADE
);
CREATE INDEX issuer_links_account ON issuer_links (account_id, org_id);

-- Applications of organizations, or with an empty org_id, of the deployment. types and paths are
-- JSON.
CREATE TABLE applications (
    org_id     TEXT COLLATE "C" NOT NULL,
    id         TEXT COLLATE "C" NOT NULL,
    name       TEXT COLLATE "C" NOT NULL,
    types      TEXT COLLATE "C" NOT NULL,
    paths      TEXT COLLATE "C" NOT NULL,
    subjects   TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (org_id, id)
);
CREATE INDEX applications_id ON applications (id);

CREATE TABLE app_credentials (
    org_id       TEXT COLLATE "C" NOT NULL,
    app_id       TEXT COLLATE "C" NOT NULL,
    id           TEXT COLLATE "C" NOT NULL,
    hash         BYTEA NOT NULL UNIQUE,
    created_at   BIGINT NOT NULL,
    created_by   TEXT COLLATE "C" NOT NULL,
    last_used_at BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (org_id, app_id, id),
    FOREIGN KEY (org_id, app_id) REFERENCES applications (org_id, id) ON DELETE CASCADE
);

-- Webhooks, and the queue of each: when it is looked at next (0: it is empty), and
-- how often it failed since its receiver last took something. Secrets are derived
-- from a key that is not here.
CREATE TABLE webhooks (
    org_id          TEXT COLLATE "C" NOT NULL REFERENCES orgs (id) ON DELETE CASCADE,
    id              TEXT COLLATE "C" NOT NULL,
    name            TEXT COLLATE "C" NOT NULL,
    description     TEXT COLLATE "C" NOT NULL,
    url             TEXT COLLATE "C" NOT NULL,
    filter          TEXT COLLATE "C" NOT NULL,
    enabled         BIGINT NOT NULL,
    disabled_reason TEXT COLLATE "C" NOT NULL,
    secret_version  BIGINT NOT NULL,
    previous_until  BIGINT NOT NULL,
    after_sequence    BIGINT NOT NULL,
    created_at      BIGINT NOT NULL,
    updated_at      BIGINT NOT NULL,
    created_by      TEXT COLLATE "C" NOT NULL,
    failures        BIGINT NOT NULL DEFAULT 0,
    next_at         BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (org_id, id)
);
CREATE INDEX webhooks_next ON webhooks (next_at) WHERE next_at > 0;

-- One row for each entry that a webhook is or was sent. The body is made of
-- the entry.
CREATE TABLE webhook_deliveries (
    org_id     TEXT COLLATE "C" NOT NULL,
    webhook_id TEXT COLLATE "C" NOT NULL,
    sequence     BIGINT NOT NULL,
    action     TEXT COLLATE "C" NOT NULL,
    state      TEXT COLLATE "C" NOT NULL,
    attempts   BIGINT NOT NULL,
    queued_at  BIGINT NOT NULL,
    due_at     BIGINT NOT NULL,
    give_up_at BIGINT NOT NULL,
    ended_at   BIGINT NOT NULL,
    last_at    BIGINT NOT NULL,
    status     BIGINT NOT NULL,
    took       BIGINT NOT NULL,
    failure    TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (org_id, webhook_id, sequence),
    FOREIGN KEY (org_id, webhook_id) REFERENCES webhooks (org_id, id) ON DELETE CASCADE
);
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (org_id, webhook_id, due_at, sequence) WHERE state = 'pending';
CREATE INDEX webhook_deliveries_dead ON webhook_deliveries (org_id, webhook_id, sequence) WHERE state = 'dead';
CREATE INDEX webhook_deliveries_ended ON webhook_deliveries (ended_at) WHERE ended_at > 0;

-- Which programs understand this schema: those that know this version or a later
-- one. A migration that takes away or changes what the program before it uses
-- sets it to its own version; one that only adds leaves it alone.
CREATE TABLE schema_compatibility (
    only_row       BIGINT NOT NULL PRIMARY KEY CHECK (only_row = 1),
    oldest_program BIGINT NOT NULL
);
INSERT INTO schema_compatibility VALUES (1, 1);
