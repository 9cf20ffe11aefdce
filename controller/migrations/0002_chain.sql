-- The record as a chain: each entry carries a hash over its own content and the hash of the entry before it, so that a
-- changed, removed, inserted or moved line is found. Entries from before this have none; the chain begins after them.

ALTER TABLE entries ADD COLUMN before BLOB; -- SHA-256 of the entry before
ALTER TABLE entries ADD COLUMN hash   BLOB; -- SHA-256 of `before` and this entry (store/chain.rs says of what exactly)

-- One row: what stands before the first entry, and the newest one.
CREATE TABLE chain (
    id          INTEGER PRIMARY KEY CHECK (id = 1),
    base_number INTEGER NOT NULL, -- the first hash builds on the entry of this number (0: on nothing)…
    base_hash   BLOB    NOT NULL, -- …and on this hash of it
    head_number INTEGER NOT NULL,
    head_hash   BLOB    NOT NULL
) STRICT;
INSERT INTO chain (id, base_number, base_hash, head_number, head_hash)
SELECT 1, coalesce(max(id), 0), zeroblob(32), coalesce(max(id), 0), zeroblob(32) FROM entries;

-- What was deleted because its time was up: written in the transaction that deletes, told in the record afterwards.
CREATE TABLE deletions (
    id        INTEGER PRIMARY KEY,
    what      TEXT    NOT NULL, -- counts, record
    rows      INTEGER NOT NULL,
    from_ms   INTEGER NOT NULL, -- the oldest deleted
    to_ms     INTEGER NOT NULL, -- the newest deleted
    older_ms  INTEGER NOT NULL, -- everything before this moment was to go
    number    INTEGER,          -- of the record: the last entry deleted,
    hash      BLOB,             -- and its hash, on which the chain goes on
    told      INTEGER NOT NULL DEFAULT 0
) STRICT;
