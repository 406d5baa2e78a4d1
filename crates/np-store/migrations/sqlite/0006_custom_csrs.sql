-- Expand: certificate signing requests, and the certificates that were saved with a request's key.

-- `zone` is null for those of the account.
CREATE TABLE custom_csrs (
    id BLOB PRIMARY KEY,
    account BLOB NOT NULL REFERENCES accounts (id),
    zone BLOB REFERENCES zones (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    document TEXT NOT NULL
) STRICT;
CREATE INDEX custom_csrs_of_zone ON custom_csrs (zone, created_at, id) WHERE zone IS NOT NULL;
CREATE INDEX custom_csrs_of_account ON custom_csrs (account, created_at, id) WHERE zone IS NULL;

-- Only added to: the certificate itself says whether it still has the key.
CREATE TABLE csr_uses (
    csr BLOB NOT NULL REFERENCES custom_csrs (id) ON DELETE CASCADE,
    certificate BLOB NOT NULL REFERENCES certificates (id) ON DELETE CASCADE,
    PRIMARY KEY (csr, certificate)
) STRICT;
CREATE INDEX csr_uses_of_certificate ON csr_uses (certificate);
