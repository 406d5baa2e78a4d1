-- Expand: users, whose tokens are whose, and answers that are kept for requests that come twice.

-- Whose a token is; without a value it is its account's own. `created_at` repeats what the document has, for lists.
ALTER TABLE tokens ADD COLUMN user_id BLOB;
ALTER TABLE tokens ADD COLUMN created_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE tokens ADD COLUMN version INTEGER NOT NULL DEFAULT 0;
ALTER TABLE tokens ADD COLUMN last_used_at INTEGER;
UPDATE tokens SET created_at = json_extract(document, '$.created_at') WHERE json_valid(document);
CREATE INDEX tokens_of_account ON tokens (account, created_at, id) WHERE user_id IS NULL;
CREATE INDEX tokens_of_user ON tokens (user_id, created_at, id) WHERE user_id IS NOT NULL;

CREATE TABLE users (
    id BLOB PRIMARY KEY,
    email TEXT NOT NULL UNIQUE,
    key_sha256 BLOB UNIQUE,
    created_at INTEGER NOT NULL,
    version INTEGER NOT NULL,
    document TEXT NOT NULL
) STRICT;

-- One row per caller and key. Without a status the first request is under way, or its end is not known.
CREATE TABLE idempotency (
    caller TEXT NOT NULL,
    key TEXT NOT NULL,
    request_sha256 BLOB NOT NULL,
    claim BLOB NOT NULL,
    claimed_until INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    status INTEGER,
    content_type TEXT,
    body BLOB,
    PRIMARY KEY (caller, key)
) STRICT;
CREATE INDEX idempotency_expired ON idempotency (expires_at);
