-- +goose Up
-- Entries are numbered within their organisation, without gaps, and their times don't
-- go back. What was written before has no salts and no authenticator.
ALTER TABLE entries ADD COLUMN number BIGINT NOT NULL DEFAULT 0;
ALTER TABLE entries ADD COLUMN actor_id TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE entries ADD COLUMN outcome TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE entries ADD COLUMN reason TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE entries ADD COLUMN salts BYTEA;
ALTER TABLE entries ADD COLUMN erased BYTEA;
ALTER TABLE entries ADD COLUMN leaf BYTEA;
ALTER TABLE entries ADD COLUMN mac BYTEA;
UPDATE entries SET number = ranked.number, at = ranked.at, actor_id = ranked.actor_id FROM (
    SELECT seq, row_number() OVER (PARTITION BY org_id ORDER BY seq) AS number,
        max(at) OVER (PARTITION BY org_id ORDER BY seq) AS at,
        COALESCE(actor::json ->> 'userId', actor::json ->> 'tokenId', actor::json ->> 'kind', '') AS actor_id
    FROM entries) AS ranked
WHERE entries.seq = ranked.seq;
DROP INDEX entries_org;
CREATE UNIQUE INDEX entries_number ON entries (org_id, number);
CREATE INDEX entries_target ON entries (org_id, target_id, number);
CREATE INDEX entries_actor ON entries (org_id, actor_id, number);

-- The Merkle tree of an organisation's entries: 256 hashes to a full tile.
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

-- How long an organisation keeps its entries; without a row, for ever.
CREATE TABLE audit_retention (
    org_id TEXT COLLATE "C" NOT NULL PRIMARY KEY REFERENCES orgs (id) ON DELETE CASCADE,
    days   BIGINT NOT NULL
);

-- A program that does not number its entries can't write them any more.
UPDATE schema_compatibility SET oldest_program = 3;
