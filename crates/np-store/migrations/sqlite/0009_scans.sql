-- Expand: scans of zones that were asked for and are not done.

CREATE TABLE dns_scans (
    zone BLOB PRIMARY KEY REFERENCES zones (id) ON DELETE CASCADE,
    asked_at INTEGER NOT NULL,
    lease_owner TEXT,
    lease_until INTEGER
);
CREATE INDEX dns_scans_in_order ON dns_scans (asked_at);
