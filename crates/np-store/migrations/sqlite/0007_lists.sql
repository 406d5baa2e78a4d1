-- Expand and fill: what lists of hostnames are filtered, ordered and counted by.
--
-- `pack` is where the certificate stands, what it covers and its CA: 'none', or such as 'serving/exact/default'. `facet`
-- is the state of ownership with it; lists find and count by whole facets, of which a zone has few.
-- `origin` is the custom origin as it is printed, `ends_at` when the last of the served certificates ends; it is NULL
-- again once the end is noted in `pack` ('over').
-- `seq` numbers the rows for the index of parts of names: the row's own number may change when the file is compacted.

ALTER TABLE hostnames ADD COLUMN pack TEXT NOT NULL DEFAULT 'none';
ALTER TABLE hostnames ADD COLUMN origin TEXT;
ALTER TABLE hostnames ADD COLUMN ends_at INTEGER;
ALTER TABLE hostnames ADD COLUMN seq INTEGER;
ALTER TABLE hostnames ADD COLUMN facet TEXT
    GENERATED ALWAYS AS (CASE WHEN state = 'leaving' THEN NULL ELSE state || '/' || pack END) VIRTUAL;

UPDATE hostnames SET
    origin = json_extract(document, '$.origin.server.host')
        || COALESCE(':' || json_extract(document, '$.origin.server.port'), ''),
    seq = rowid;
UPDATE hostnames SET
    pack = (SELECT CASE
            WHEN json_array_length(c.document, '$.active') > 0 THEN 'serving'
            WHEN json_type(c.document, '$.attempt.stalled') = 'object'
                THEN 'stalled_' || json_extract(c.document, '$.attempt.stalled.phase')
            WHEN json_type(c.document, '$.attempt.issued') = 'object'
                OR json_type(c.document, '$.attempt.uploaded') = 'object' THEN 'deployment'
            WHEN json_type(c.document, '$.attempt.issuing') = 'object' THEN 'issuance'
            WHEN json_type(c.document, '$.attempt.awaiting_control') = 'object'
                OR json_type(c.document, '$.attempt.validating') = 'object' THEN 'control'
            ELSE 'ordering' END
        || '/' || CASE json_extract(c.document, '$.wanted.wildcard') WHEN 1 THEN 'wildcard' ELSE 'exact' END
        || '/' || COALESCE(json_extract(c.document, '$.wanted.authority'), 'default')
        FROM certificates c WHERE c.hostname = hostnames.id),
    ends_at = (SELECT MAX(json_extract(a.value, '$.issued.chain.not_after'))
        FROM certificates c, json_each(c.document, '$.active') a WHERE c.hostname = hostnames.id)
    WHERE certificate <> 'none' AND id IN (SELECT hostname FROM certificates);

DROP INDEX hostnames_in_order;
-- Has all that lists are filtered by, so that skipping does not read the documents.
CREATE INDEX hostnames_by_creation ON hostnames (zone, created_at, id, name, facet, origin)
    WHERE state <> 'leaving';
CREATE INDEX hostnames_by_facet ON hostnames (zone, facet, created_at, id) WHERE facet IS NOT NULL;
CREATE INDEX hostnames_by_origin ON hostnames (zone, origin, created_at, id) WHERE origin IS NOT NULL;
CREATE INDEX hostnames_ending ON hostnames (zone, ends_at) WHERE ends_at IS NOT NULL;
CREATE UNIQUE INDEX hostnames_numbered ON hostnames (seq);

-- How many hostnames there are of each facet: the sum of the rows.
CREATE TABLE hostname_counts (
    zone BLOB NOT NULL,
    facet TEXT NOT NULL,
    n INTEGER NOT NULL,
    PRIMARY KEY (zone, facet)
) STRICT, WITHOUT ROWID;
INSERT INTO hostname_counts (zone, facet, n)
    SELECT zone, facet, COUNT(*) FROM hostnames WHERE facet IS NOT NULL GROUP BY zone, facet;

-- Every three characters in a row of every name.
CREATE VIRTUAL TABLE hostname_parts USING fts5
    (name, content = '', contentless_delete = 1, tokenize = 'trigram', detail = 'none');
INSERT INTO hostname_parts (rowid, name) SELECT seq, name FROM hostnames ORDER BY seq;

CREATE TRIGGER hostnames_added AFTER INSERT ON hostnames BEGIN
    UPDATE hostnames SET seq = (SELECT COALESCE(MAX(seq), 0) + 1 FROM hostnames) WHERE id = new.id;
    INSERT INTO hostname_parts (rowid, name) SELECT seq, name FROM hostnames WHERE id = new.id;
    INSERT INTO hostname_counts (zone, facet, n) SELECT new.zone, new.facet, 1 WHERE new.facet IS NOT NULL
        ON CONFLICT (zone, facet) DO UPDATE SET n = n + 1;
END;

CREATE TRIGGER hostnames_changed AFTER UPDATE OF state, pack ON hostnames WHEN old.facet IS NOT new.facet BEGIN
    INSERT INTO hostname_counts (zone, facet, n) SELECT old.zone, old.facet, -1 WHERE old.facet IS NOT NULL
        ON CONFLICT (zone, facet) DO UPDATE SET n = n - 1;
    INSERT INTO hostname_counts (zone, facet, n) SELECT new.zone, new.facet, 1 WHERE new.facet IS NOT NULL
        ON CONFLICT (zone, facet) DO UPDATE SET n = n + 1;
END;

CREATE TRIGGER hostnames_removed AFTER DELETE ON hostnames BEGIN
    DELETE FROM hostname_parts WHERE rowid = old.seq;
    INSERT INTO hostname_counts (zone, facet, n) SELECT old.zone, old.facet, -1 WHERE old.facet IS NOT NULL
        ON CONFLICT (zone, facet) DO UPDATE SET n = n - 1;
END;
