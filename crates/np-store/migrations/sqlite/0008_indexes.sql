-- Expand: indexes for reads that grow.
--
-- SQLite does not answer from an index alone where a column that follows from others is asked for, though the index has it. So
-- these have `state` and `pack`, of which `facet` is made.
DROP INDEX hostnames_by_creation;
CREATE INDEX hostnames_by_creation ON hostnames (zone, created_at, id, name, state, pack, origin)
    WHERE state <> 'leaving';
DROP INDEX hostnames_by_facet;
CREATE INDEX hostnames_by_facet ON hostnames (zone, state, pack, created_at, id) WHERE state <> 'leaving';
DROP INDEX hostnames_by_origin;
CREATE INDEX hostnames_by_origin ON hostnames (zone, origin, created_at, id, name, state, pack)
    WHERE origin IS NOT NULL;

-- Has all that lists by name are filtered by, so that searching by the beginnings of names, and passing over names that
-- do not match, reads no documents.
CREATE INDEX hostnames_by_name ON hostnames (zone, name, id, created_at, state, pack, origin, ends_at)
    WHERE state <> 'leaving';

CREATE INDEX accounts_in_order ON accounts (created_at, id);

-- Finds the oldest of a caller's kept answers.
CREATE INDEX idempotency_of_caller ON idempotency (caller, expires_at);

-- Finds a zone's packs when it is removed, those that are leaving too.
CREATE INDEX packs_of_zone ON packs (zone);

-- Has what zones are filtered by, so that counting them does not read the documents.
CREATE INDEX zones_counted ON zones (account, status, kind, name, id);
