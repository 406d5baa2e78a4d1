-- Expand: approvals by e-mail, and the links in the mails.

-- One per order and domain. `mailed_at` is null until mails were sent, `given_at` and `given_by` until it was given.
CREATE TABLE approvals (
    order_url TEXT NOT NULL,
    domain TEXT NOT NULL,
    zone BLOB NOT NULL,
    certificate BLOB NOT NULL,
    expires_at INTEGER NOT NULL,
    mailings INTEGER NOT NULL,
    mailed_at INTEGER,
    given_at INTEGER,
    given_by TEXT,
    document TEXT NOT NULL,
    PRIMARY KEY (order_url, domain)
) STRICT;
CREATE INDEX approvals_mailed ON approvals (domain, mailed_at);
CREATE INDEX approvals_ending ON approvals (expires_at);

-- Only the hash of a link's secret is kept.
CREATE TABLE approval_links (
    hash BLOB PRIMARY KEY,
    order_url TEXT NOT NULL,
    domain TEXT NOT NULL,
    address TEXT NOT NULL,
    FOREIGN KEY (order_url, domain) REFERENCES approvals (order_url, domain) ON DELETE CASCADE
) STRICT;
CREATE INDEX approval_links_of_approval ON approval_links (order_url, domain);
