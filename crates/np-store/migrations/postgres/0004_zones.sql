-- Expand: whether a zone is its account's. A row of the release before has none of it and counts as active since it was
-- added.
--
-- `state` is the document of what the columns do not have; `status` repeats its word, because zones are found by it.
-- `name_reversed` is the name written backwards: the names below a name begin alike then.

ALTER TABLE zones ADD COLUMN status TEXT NOT NULL DEFAULT 'active';
ALTER TABLE zones ADD COLUMN kind TEXT;
ALTER TABLE zones ADD COLUMN name_reversed TEXT COLLATE "C";
ALTER TABLE zones ADD COLUMN state TEXT;
ALTER TABLE zones ADD COLUMN due_at BIGINT;
ALTER TABLE zones ADD COLUMN lease_owner TEXT;
ALTER TABLE zones ADD COLUMN lease_until BIGINT;

UPDATE zones SET kind = document::jsonb ->> 'kind', name_reversed = reverse(name);

CREATE INDEX zones_due ON zones (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX zones_reversed ON zones (name_reversed);

-- One row: whoever makes a zone active holds it, so that no two do so at once.
CREATE TABLE zone_gate (
    one BIGINT NOT NULL
);
INSERT INTO zone_gate (one) VALUES (1);

-- What nodes are told of a zone says how its DNS is answered from now on.
UPDATE feed SET marked = 1 WHERE kind = 'zone';
