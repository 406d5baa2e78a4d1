-- Expand: users, whose tokens are whose, and answers that are kept for requests that come twice.

-- Whose a token is; without a value it is its account's own. `created_at` repeats what the document has, for lists.
ALTER TABLE tokens ADD COLUMN user_id BYTEA;
ALTER TABLE tokens ADD COLUMN created_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE tokens ADD COLUMN version BIGINT NOT NULL DEFAULT 0;
ALTER TABLE tokens ADD COLUMN last_used_at BIGINT;
UPDATE tokens SET created_at = CAST(CAST(document AS json) ->> 'created_at' AS BIGINT);
CREATE INDEX tokens_of_account ON tokens (account, created_at, id) WHERE user_id IS NULL;
CREATE INDEX tokens_of_user ON tokens (user_id, created_at, id) WHERE user_id IS NOT NULL;

CREATE TABLE users (
    id BYTEA PRIMARY KEY,
    email TEXT COLLATE "C" NOT NULL UNIQUE,
    key_sha256 BYTEA UNIQUE,
    created_at BIGINT NOT NULL,
    version BIGINT NOT NULL,
    document TEXT NOT NULL
);

-- One row per caller and key. Without a status the first request is under way, or its end is not known.
CREATE TABLE idempotency (
    caller TEXT COLLATE "C" NOT NULL,
    key TEXT COLLATE "C" NOT NULL,
    request_sha256 BYTEA NOT NULL,
    claim BYTEA NOT NULL,
    claimed_until BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    status BIGINT,
    content_type TEXT,
    body BYTEA,
    PRIMARY KEY (caller, key)
);
CREATE INDEX idempotency_expired ON idempotency (expires_at);
