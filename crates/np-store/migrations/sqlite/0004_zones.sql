-- Expand: whether a zone is its account's. A row of the release before has none of it and counts as active since it was
-- added.
--
-- `state` is the document of what the columns do not have; `status` repeats its word, because zones are found by it.
-- `name_reversed` is the name written backwards: the names below a name begin alike then.

ALTER TABLE zones ADD COLUMN status TEXT NOT NULL DEFAULT 'active';
ALTER TABLE zones ADD COLUMN kind TEXT;
ALTER TABLE zones ADD COLUMN name_reversed TEXT;
ALTER TABLE zones ADD COLUMN state TEXT;
ALTER TABLE zones ADD COLUMN due_at INTEGER;
ALTER TABLE zones ADD COLUMN lease_owner TEXT;
ALTER TABLE zones ADD COLUMN lease_until INTEGER;

UPDATE zones SET kind = json_extract(document, '$.kind');
WITH RECURSIVE backwards (id, rest, done) AS (
    SELECT id, name, '' FROM zones
    UNION ALL
    SELECT id, substr(rest, 2), substr(rest, 1, 1) || done FROM backwards WHERE rest <> ''
)
UPDATE zones SET name_reversed =
    (SELECT done FROM backwards WHERE backwards.id = zones.id AND rest = '');

CREATE INDEX zones_due ON zones (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX zones_reversed ON zones (name_reversed);

-- One row: whoever makes a zone active holds it, so that no two do so at once.
CREATE TABLE zone_gate (
    one INTEGER NOT NULL
) STRICT;
INSERT INTO zone_gate (one) VALUES (1);

-- What nodes are told of a zone says how its DNS is answered from now on.
UPDATE feed SET marked = 1 WHERE kind = 'zone';
