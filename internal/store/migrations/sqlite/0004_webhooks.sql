-- +goose Up
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
    after_number    INTEGER NOT NULL,
    created_at      INTEGER NOT NULL,
    updated_at      INTEGER NOT NULL,
    created_by      TEXT    NOT NULL,
    failures        INTEGER NOT NULL DEFAULT 0,
    next_at         INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (org_id, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX webhooks_next ON webhooks (next_at) WHERE next_at > 0;

-- One row for each entry that a webhook is or was sent. What is sent is made of
-- the entry.
CREATE TABLE webhook_deliveries (
    org_id     TEXT    NOT NULL,
    webhook_id TEXT    NOT NULL,
    number     INTEGER NOT NULL,
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
    PRIMARY KEY (org_id, webhook_id, number),
    FOREIGN KEY (org_id, webhook_id) REFERENCES webhooks (org_id, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (org_id, webhook_id, due_at, number) WHERE state = 'pending';
CREATE INDEX webhook_deliveries_dead ON webhook_deliveries (org_id, webhook_id, number) WHERE state = 'dead';
CREATE INDEX webhook_deliveries_ended ON webhook_deliveries (ended_at) WHERE ended_at > 0;

-- Nothing that was logged before there were webhooks is for one.
INSERT INTO cursors (follower, seq) SELECT 'webhooks', seq FROM entries ORDER BY seq DESC LIMIT 1;
