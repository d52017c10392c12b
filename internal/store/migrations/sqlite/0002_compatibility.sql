-- +goose Up
-- Which programs understand this schema: those that know this version or a later
-- one. A migration that takes away or changes what the program before it uses
-- sets it to its own version; one that only adds leaves it alone.
CREATE TABLE schema_compatibility (
    only_row       INTEGER NOT NULL PRIMARY KEY CHECK (only_row = 1),
    oldest_program INTEGER NOT NULL
) STRICT;
INSERT INTO schema_compatibility VALUES (1, 1);
