-- Expand: the operator's rules.

-- Names that nobody may have, with all names below them.
CREATE TABLE blocked_names (
    name TEXT COLLATE "C" PRIMARY KEY,
    reason TEXT NOT NULL,
    since BIGINT NOT NULL
);

-- Addresses of accounts: a hostname all of whose addresses are among its account's leads here.
CREATE TABLE account_prefixes (
    account BYTEA NOT NULL REFERENCES accounts (id),
    prefix TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (account, prefix)
);
