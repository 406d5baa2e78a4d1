-- Expand: the first schema.
--
-- Moments are microseconds since 1970 in UTC, ids their 16 bytes, documents JSON (crates/np-store/src/row.rs). A column
-- beside a document is there because something is found, ordered or protected by it; the two are written together.

CREATE TABLE accounts (
    id BLOB PRIMARY KEY,
    name TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE tokens (
    id BLOB PRIMARY KEY,
    account BLOB NOT NULL REFERENCES accounts (id),
    secret_sha256 BLOB NOT NULL UNIQUE,
    document TEXT NOT NULL
) STRICT;

CREATE TABLE zones (
    id BLOB PRIMARY KEY,
    account BLOB NOT NULL REFERENCES accounts (id),
    name TEXT NOT NULL,
    version INTEGER NOT NULL,
    document TEXT NOT NULL,
    UNIQUE (account, name)
) STRICT;
CREATE INDEX zones_in_order ON zones (name, id);

-- A leaving hostname may outlive its zone, so that `zone` refers to nothing. `certificate` says what is asked for:
-- 'none', 'exact' or 'wildcard'; it repeats what `certificates` has so that lists need not look there.
CREATE TABLE hostnames (
    id BLOB PRIMARY KEY,
    zone BLOB NOT NULL,
    name TEXT NOT NULL,
    state TEXT NOT NULL,
    certificate TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    version INTEGER NOT NULL,
    due_at INTEGER,
    lease_owner TEXT,
    lease_until INTEGER,
    document TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX hostnames_of_name ON hostnames (zone, name) WHERE state <> 'leaving';
-- Has all that lists are filtered by, so that counting and skipping do not read the documents.
CREATE INDEX hostnames_in_order ON hostnames (zone, created_at, id, name, certificate, state)
    WHERE state <> 'leaving';
CREATE INDEX hostnames_proven ON hostnames (name) WHERE state = 'proven';
CREATE INDEX hostnames_due ON hostnames (due_at) WHERE due_at IS NOT NULL;

CREATE TABLE certificates (
    id BLOB PRIMARY KEY,
    hostname BLOB NOT NULL UNIQUE REFERENCES hostnames (id) ON DELETE CASCADE,
    version INTEGER NOT NULL,
    due_at INTEGER,
    lease_owner TEXT,
    lease_until INTEGER,
    document TEXT NOT NULL
) STRICT;
CREATE INDEX certificates_due ON certificates (due_at) WHERE due_at IS NOT NULL;

CREATE TABLE events (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    hostname BLOB NOT NULL REFERENCES hostnames (id) ON DELETE CASCADE,
    at INTEGER NOT NULL,
    kind TEXT NOT NULL,
    detail TEXT NOT NULL
) STRICT;
CREATE INDEX events_of_hostname ON events (hostname, at, id);

-- One row per item that ever changed. `marked` is 1 while its last change has no generation yet; `generation` is then
-- that of the change before, 0 when there was none. Rows are never removed: that of something removed is its tombstone.
CREATE TABLE feed (
    kind TEXT NOT NULL,
    subject BLOB NOT NULL,
    generation INTEGER NOT NULL,
    marked INTEGER NOT NULL,
    PRIMARY KEY (kind, subject)
) STRICT;
CREATE INDEX feed_in_order ON feed (generation);
CREATE INDEX feed_marked ON feed (kind, subject) WHERE marked = 1;

-- One row: the last generation given. Its lock makes those who give generations wait for one another.
CREATE TABLE feed_head (
    generation INTEGER NOT NULL
) STRICT;
INSERT INTO feed_head (generation) VALUES (0);

CREATE TABLE nodes (
    node TEXT NOT NULL,
    role TEXT NOT NULL,
    applied INTEGER NOT NULL,
    seen_at INTEGER NOT NULL,
    PRIMARY KEY (node, role)
) STRICT;

CREATE TABLE secrets (
    name TEXT PRIMARY KEY,
    sealed BLOB NOT NULL
) STRICT;
