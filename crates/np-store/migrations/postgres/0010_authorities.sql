-- Expand: how much of the certificate authorities' limits is spent, and who waits for more.

-- `full_at` is when the bucket is full again, 0 while it is; `served` the turn that was served last of those who queue for it.
-- A row that is missing is a full bucket for which nobody queues.
CREATE TABLE budgets (
    key TEXT PRIMARY KEY,
    full_at BIGINT NOT NULL,
    served BIGINT NOT NULL
);
CREATE INDEX budgets_full ON budgets (full_at);

-- The places of certificates in the queues for budgets. Zones take turns. Who did not come back until `live_until` is passed over.
CREATE TABLE turns (
    certificate BYTEA NOT NULL,
    queue TEXT NOT NULL,
    authority TEXT NOT NULL,
    zone BYTEA NOT NULL,
    turn BIGINT NOT NULL,
    expected_at BIGINT NOT NULL,
    live_until BIGINT NOT NULL,
    PRIMARY KEY (certificate, queue)
);
CREATE INDEX turns_in_order ON turns (queue, turn, certificate);
CREATE INDEX turns_of_zone ON turns (queue, zone, turn);
CREATE INDEX turns_alive ON turns (live_until);
