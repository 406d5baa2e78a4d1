-- Expand: the operator's rules.

-- Names that nobody may have, with all names below them.
CREATE TABLE blocked_names (
    name TEXT PRIMARY KEY,
    reason TEXT NOT NULL,
    since INTEGER NOT NULL
) STRICT;

-- Addresses of accounts: a hostname all of whose addresses are among its account's leads here.
CREATE TABLE account_prefixes (
    account BLOB NOT NULL REFERENCES accounts (id),
    prefix TEXT NOT NULL,
    PRIMARY KEY (account, prefix)
) STRICT;
