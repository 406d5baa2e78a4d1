-- Expand: certificate packs of zones. `version` counts the saves of pack and certificate alike; `certificate` is the
-- certificate's document, as in `certificates`, `document` the pack's own.

CREATE TABLE packs (
    id BLOB PRIMARY KEY,
    zone BLOB NOT NULL,
    kind TEXT NOT NULL,
    state TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    version INTEGER NOT NULL,
    due_at INTEGER,
    lease_owner TEXT,
    lease_until INTEGER,
    certificate TEXT NOT NULL,
    document TEXT NOT NULL
) STRICT;
CREATE INDEX packs_in_order ON packs (zone, created_at, id) WHERE state <> 'leaving';
CREATE UNIQUE INDEX packs_universal ON packs (zone) WHERE kind = 'universal' AND state <> 'leaving';
CREATE INDEX packs_due ON packs (due_at) WHERE due_at IS NOT NULL;

CREATE TABLE pack_events (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    pack BLOB NOT NULL REFERENCES packs (id) ON DELETE CASCADE,
    at INTEGER NOT NULL,
    kind TEXT NOT NULL,
    detail TEXT NOT NULL
) STRICT;
CREATE INDEX events_of_pack ON pack_events (pack, at, id);
