-- Expand and fill: what lists of hostnames are filtered, ordered and counted by.
--
-- `pack` is where the certificate stands, what it covers and its CA: 'none', or such as 'serving/exact/default'. `facet`
-- is the state of ownership with it; lists find and count by whole facets, of which a zone has few.
-- `origin` is the custom origin as it is printed, `ends_at` when the last of the served certificates ends; it is NULL
-- again once the end is noted in `pack` ('over').

-- Comes with PostgreSQL (contrib) and is trusted: the owner of the database may install it.
CREATE EXTENSION IF NOT EXISTS pg_trgm;

ALTER TABLE hostnames
    ADD COLUMN pack TEXT COLLATE "C" NOT NULL DEFAULT 'none',
    ADD COLUMN origin TEXT COLLATE "C",
    ADD COLUMN ends_at BIGINT;
ALTER TABLE hostnames ADD COLUMN facet TEXT COLLATE "C"
    GENERATED ALWAYS AS (CASE WHEN state = 'leaving' THEN NULL ELSE state || '/' || pack END) STORED;

-- JSON may have the character NUL, which jsonb refuses; no origin has it.
UPDATE hostnames SET
    origin = (replace(document, '\u0000', '')::jsonb #>> '{origin,server,host}')
        || COALESCE(':' || (replace(document, '\u0000', '')::jsonb #>> '{origin,server,port}'), '')
    WHERE replace(document, '\u0000', '')::jsonb -> 'origin' <> 'null'::jsonb;
UPDATE hostnames h SET
    pack = CASE
            WHEN jsonb_array_length(c.d -> 'active') > 0 THEN 'serving'
            WHEN c.d -> 'attempt' ? 'stalled' THEN 'stalled_' || (c.d #>> '{attempt,stalled,phase}')
            WHEN c.d -> 'attempt' ? 'issued' OR c.d -> 'attempt' ? 'uploaded' THEN 'deployment'
            WHEN c.d -> 'attempt' ? 'issuing' THEN 'issuance'
            WHEN c.d -> 'attempt' ? 'awaiting_control' OR c.d -> 'attempt' ? 'validating' THEN 'control'
            ELSE 'ordering' END
        || '/' || CASE c.d #>> '{wanted,wildcard}' WHEN 'true' THEN 'wildcard' ELSE 'exact' END
        || '/' || COALESCE(c.d #>> '{wanted,authority}', 'default'),
    ends_at = (SELECT MAX((a.value #>> '{issued,chain,not_after}')::bigint)
        FROM jsonb_array_elements(c.d -> 'active') a)
    FROM (SELECT hostname, document::jsonb AS d FROM certificates) c
    WHERE c.hostname = h.id AND h.certificate <> 'none';

DROP INDEX hostnames_in_order;
-- Has all that lists are filtered by, so that skipping does not read the documents.
CREATE INDEX hostnames_by_creation ON hostnames (zone, created_at, id, name, facet, origin)
    WHERE state <> 'leaving';
CREATE INDEX hostnames_by_facet ON hostnames (zone, facet, created_at, id) WHERE facet IS NOT NULL;
CREATE INDEX hostnames_by_origin ON hostnames (zone, origin, created_at, id) WHERE origin IS NOT NULL;
CREATE INDEX hostnames_ending ON hostnames (zone, ends_at) WHERE ends_at IS NOT NULL;
-- Every three characters in a row of every name. What is added waits in a short list, which every search reads.
CREATE INDEX hostname_parts ON hostnames USING gin (name gin_trgm_ops) WITH (gin_pending_list_limit = 256);

-- How many hostnames there are of each facet: the sum of the rows. Each transaction adds rows of its own, so that none
-- waits for another; they are added up now and then (crates/np-store/src/lists/counts.rs).
CREATE TABLE hostname_counts (
    zone BYTEA NOT NULL,
    facet TEXT COLLATE "C" NOT NULL,
    n BIGINT NOT NULL
);
CREATE INDEX hostname_counts_of_zone ON hostname_counts (zone, facet, n);
INSERT INTO hostname_counts (zone, facet, n)
    SELECT zone, facet, COUNT(*) FROM hostnames WHERE facet IS NOT NULL GROUP BY zone, facet;

CREATE FUNCTION count_hostnames_added() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO hostname_counts (zone, facet, n)
        SELECT zone, facet, COUNT(*) FROM added WHERE facet IS NOT NULL GROUP BY zone, facet;
    RETURN NULL;
END $$;
CREATE FUNCTION count_hostname_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO hostname_counts (zone, facet, n)
        SELECT c.zone, c.facet, c.n FROM (VALUES (OLD.zone, OLD.facet, -1), (NEW.zone, NEW.facet, 1)) AS c (zone, facet, n)
        WHERE c.facet IS NOT NULL;
    RETURN NULL;
END $$;
CREATE FUNCTION count_hostname_removed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO hostname_counts (zone, facet, n) VALUES (OLD.zone, OLD.facet, -1);
    RETURN NULL;
END $$;

CREATE TRIGGER hostnames_added AFTER INSERT ON hostnames REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION count_hostnames_added();
CREATE TRIGGER hostnames_changed AFTER UPDATE ON hostnames FOR EACH ROW
    WHEN (OLD.facet IS DISTINCT FROM NEW.facet) EXECUTE FUNCTION count_hostname_changed();
CREATE TRIGGER hostnames_removed AFTER DELETE ON hostnames FOR EACH ROW
    WHEN (OLD.facet IS NOT NULL) EXECUTE FUNCTION count_hostname_removed();
