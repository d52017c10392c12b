-- +goose Up
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
    after_number    BIGINT NOT NULL,
    created_at      BIGINT NOT NULL,
    updated_at      BIGINT NOT NULL,
    created_by      TEXT COLLATE "C" NOT NULL,
    failures        BIGINT NOT NULL DEFAULT 0,
    next_at         BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (org_id, id)
);
CREATE INDEX webhooks_next ON webhooks (next_at) WHERE next_at > 0;

-- One row for each entry that a webhook is or was sent. What is sent is made of
-- the entry.
CREATE TABLE webhook_deliveries (
    org_id     TEXT COLLATE "C" NOT NULL,
    webhook_id TEXT COLLATE "C" NOT NULL,
    number     BIGINT NOT NULL,
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
    PRIMARY KEY (org_id, webhook_id, number),
    FOREIGN KEY (org_id, webhook_id) REFERENCES webhooks (org_id, id) ON DELETE CASCADE
);
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (org_id, webhook_id, due_at, number) WHERE state = 'pending';
CREATE INDEX webhook_deliveries_dead ON webhook_deliveries (org_id, webhook_id, number) WHERE state = 'dead';
CREATE INDEX webhook_deliveries_ended ON webhook_deliveries (ended_at) WHERE ended_at > 0;

-- Nothing that was logged before there were webhooks is for one.
INSERT INTO cursors (follower, seq) SELECT 'webhooks', seq FROM entries ORDER BY seq DESC LIMIT 1;
