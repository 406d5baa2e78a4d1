-- Expand: DNS records.
--
-- `content` is the text that the API shows; `sought` and `comment` are what lists compare with, in lower case: of a TXT
-- what it says, however it is quoted. A record goes with its zone.

CREATE TABLE dns_records (
    id BYTEA PRIMARY KEY,
    zone BYTEA NOT NULL REFERENCES zones (id) ON DELETE CASCADE,
    name TEXT COLLATE "C" NOT NULL,
    kind TEXT COLLATE "C" NOT NULL,
    content TEXT COLLATE "C" NOT NULL,
    sought TEXT COLLATE "C" NOT NULL,
    comment TEXT COLLATE "C",
    proxied BIGINT NOT NULL,
    ttl BIGINT NOT NULL,
    version BIGINT NOT NULL,
    document TEXT NOT NULL
);
CREATE INDEX dns_records_of_name ON dns_records (zone, name, kind, id);
CREATE INDEX dns_records_in_order ON dns_records (zone, kind, name, id);

-- Repeats the tags of the documents, in lower case, so that lists find records by them.
CREATE TABLE dns_record_tags (
    record BYTEA NOT NULL REFERENCES dns_records (id) ON DELETE CASCADE,
    name TEXT COLLATE "C" NOT NULL,
    value TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (record, name, value)
);

-- What a scan of the public DNS found and nobody has judged yet.
CREATE TABLE dns_scanned (
    id BYTEA PRIMARY KEY,
    zone BYTEA NOT NULL REFERENCES zones (id) ON DELETE CASCADE,
    name TEXT COLLATE "C" NOT NULL,
    kind TEXT COLLATE "C" NOT NULL,
    content TEXT COLLATE "C" NOT NULL,
    proxied BIGINT NOT NULL,
    ttl BIGINT NOT NULL,
    document TEXT NOT NULL
);
CREATE INDEX dns_scanned_in_order ON dns_scanned (zone, name, kind, id);
