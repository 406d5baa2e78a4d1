-- Expand: indexes for reads that grow.
--
-- Has all that lists by name are filtered by, so that searching by the beginnings of names, and passing over names that
-- do not match, reads no documents.
DROP INDEX hostnames_of_name;
CREATE UNIQUE INDEX hostnames_of_name ON hostnames (zone, name) INCLUDE (id, created_at, facet, origin, ends_at)
    WHERE state <> 'leaving';

CREATE INDEX accounts_in_order ON accounts (created_at, id);

-- Finds the oldest of a caller's kept answers.
CREATE INDEX idempotency_of_caller ON idempotency (caller, expires_at);

-- Finds a zone's packs when it is removed, those that are leaving too.
CREATE INDEX packs_of_zone ON packs (zone);

-- Has what zones are filtered by, so that counting them does not read the documents.
CREATE INDEX zones_counted ON zones (account, status, kind, name, id);
