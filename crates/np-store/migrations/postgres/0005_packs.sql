-- Expand: certificate packs of zones. `version` counts the saves of pack and certificate alike; `certificate` is the
-- certificate's document, as in `certificates`, `document` the pack's own.

CREATE TABLE packs (
    id BYTEA PRIMARY KEY,
    zone BYTEA NOT NULL,
    kind TEXT NOT NULL,
    state TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    version BIGINT NOT NULL,
    due_at BIGINT,
    lease_owner TEXT,
    lease_until BIGINT,
    certificate TEXT NOT NULL,
    document TEXT NOT NULL
);
CREATE INDEX packs_in_order ON packs (zone, created_at, id) WHERE state <> 'leaving';
CREATE UNIQUE INDEX packs_universal ON packs (zone) WHERE kind = 'universal' AND state <> 'leaving';
CREATE INDEX packs_due ON packs (due_at) WHERE due_at IS NOT NULL;

CREATE TABLE pack_events (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    pack BYTEA NOT NULL REFERENCES packs (id) ON DELETE CASCADE,
    at BIGINT NOT NULL,
    kind TEXT NOT NULL,
    detail TEXT NOT NULL
);
CREATE INDEX events_of_pack ON pack_events (pack, at, id);
