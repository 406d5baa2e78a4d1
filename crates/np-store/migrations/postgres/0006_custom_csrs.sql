-- Expand: certificate signing requests, and the certificates that were saved with a request's key.

-- `zone` is null for those of the account.
CREATE TABLE custom_csrs (
    id BYTEA PRIMARY KEY,
    account BYTEA NOT NULL REFERENCES accounts (id),
    zone BYTEA REFERENCES zones (id) ON DELETE CASCADE,
    name TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    document TEXT NOT NULL
);
CREATE INDEX custom_csrs_of_zone ON custom_csrs (zone, created_at, id) WHERE zone IS NOT NULL;
CREATE INDEX custom_csrs_of_account ON custom_csrs (account, created_at, id) WHERE zone IS NULL;

-- Only added to: the certificate itself says whether it still has the key.
CREATE TABLE csr_uses (
    csr BYTEA NOT NULL REFERENCES custom_csrs (id) ON DELETE CASCADE,
    certificate BYTEA NOT NULL REFERENCES certificates (id) ON DELETE CASCADE,
    PRIMARY KEY (csr, certificate)
);
CREATE INDEX csr_uses_of_certificate ON csr_uses (certificate);
