-- +goose Up
-- Times are microseconds since 1970 in UTC; 0 stands for "none". Sets of
-- capabilities and audit details are JSON text. *_key columns hold what is
-- compared (letter case folded in Go), the columns beside them what was given.
-- Every key but those that look a secret or an account up starts with the
-- organisation: organisations are independent of each other.

CREATE TABLE orgs (
    id         TEXT    NOT NULL PRIMARY KEY,
    name       TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
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
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- A user is a membership. Email and name stand here too, so that listing an
-- organisation reads one table in key order.
CREATE TABLE users (
    org_id     TEXT    NOT NULL REFERENCES orgs (id) ON DELETE CASCADE,
    id         TEXT    NOT NULL,
    account_id TEXT    NOT NULL REFERENCES accounts (id) ON UPDATE CASCADE,
    email      TEXT    NOT NULL,
    email_key  TEXT    NOT NULL,
    name       TEXT    NOT NULL,
    role_id    TEXT    NOT NULL,
    invited    INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (org_id, id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX users_email ON users (org_id, email_key);
CREATE UNIQUE INDEX users_account ON users (account_id, org_id);
CREATE INDEX users_role ON users (org_id, role_id);

CREATE TABLE roles (
    org_id       TEXT    NOT NULL REFERENCES orgs (id) ON DELETE CASCADE,
    id           TEXT    NOT NULL,
    name         TEXT    NOT NULL,
    name_key     TEXT    NOT NULL,
    description  TEXT    NOT NULL,
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

CREATE TABLE api_tokens (
    org_id       TEXT    NOT NULL REFERENCES orgs (id) ON DELETE CASCADE,
    id           TEXT    NOT NULL,
    hash         BLOB    NOT NULL UNIQUE,
    name         TEXT    NOT NULL,
    description  TEXT    NOT NULL,
    capabilities TEXT    NOT NULL,
    expires_at   INTEGER NOT NULL,
    created_at   INTEGER NOT NULL,
    created_by   TEXT    NOT NULL,
    last_used_at INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (org_id, id)
) STRICT, WITHOUT ROWID;

CREATE INDEX api_tokens_expiry ON api_tokens (expires_at);

CREATE TABLE personal_tokens (
    account_id  TEXT    NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    id          TEXT    NOT NULL,
    hash        BLOB    NOT NULL UNIQUE,
    name        TEXT    NOT NULL,
    description TEXT    NOT NULL,
    expires_at  INTEGER NOT NULL,
    created_at  INTEGER NOT NULL,
    PRIMARY KEY (account_id, id)
) STRICT, WITHOUT ROWID;

-- No keys on other tables: the log outlives what it tells of.
CREATE TABLE entries (
    seq         INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    at          INTEGER NOT NULL,
    org_id      TEXT    NOT NULL,
    actor       TEXT    NOT NULL,
    action      TEXT    NOT NULL,
    target_type TEXT    NOT NULL,
    target_id   TEXT    NOT NULL,
    target_name TEXT    NOT NULL,
    before      TEXT,
    after       TEXT,
    trace_id    TEXT    NOT NULL,
    remote_addr TEXT    NOT NULL,
    user_agent  TEXT    NOT NULL
) STRICT;
CREATE INDEX entries_org ON entries (org_id, seq);

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
    seq      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
