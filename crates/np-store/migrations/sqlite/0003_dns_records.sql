-- Expand: DNS records.
--
-- `content` is the text that the API shows; `sought` and `comment` are what lists compare with, in lower case: of a TXT
-- what it says, however it is quoted. A record goes with its zone.

CREATE TABLE dns_records (
    id BLOB PRIMARY KEY,
    zone BLOB NOT NULL REFERENCES zones (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    content TEXT NOT NULL,
    sought TEXT NOT NULL,
    comment TEXT,
    proxied INTEGER NOT NULL,
    ttl INTEGER NOT NULL,
    version INTEGER NOT NULL,
    document TEXT NOT NULL
) STRICT;
CREATE INDEX dns_records_of_name ON dns_records (zone, name, kind, id);
CREATE INDEX dns_records_in_order ON dns_records (zone, kind, name, id);

-- Repeats the tags of the documents, in lower case, so that lists find records by them.
CREATE TABLE dns_record_tags (
    record BLOB NOT NULL REFERENCES dns_records (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (record, name, value)
) STRICT;

-- What a scan of the public DNS found and nobody has judged yet.
CREATE TABLE dns_scanned (
    id BLOB PRIMARY KEY,
    zone BLOB NOT NULL REFERENCES zones (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    content TEXT NOT NULL,
    proxied INTEGER NOT NULL,
    ttl INTEGER NOT NULL,
    document TEXT NOT NULL
) STRICT;
CREATE INDEX dns_scanned_in_order ON dns_scanned (zone, name, kind, id);
