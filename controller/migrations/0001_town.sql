-- What must survive a power cut: orders, activations, the key, the record, counts.
-- Times are milliseconds since 1970 UTC.

-- Every order decided, with the text that was signed: a restart publishes the same bytes again.
CREATE TABLE orders (
    number       INTEGER PRIMARY KEY,
    issued_at_ms INTEGER NOT NULL,
    document     TEXT    NOT NULL,
    signed       TEXT
) STRICT;

-- Activations in force, and no others.
CREATE TABLE activations (
    id         INTEGER PRIMARY KEY,
    source     TEXT    NOT NULL, -- key, drill-key, operator:NAME
    mode       TEXT    NOT NULL,
    facilities TEXT    NOT NULL, -- JSON array of identifiers
    since_ms   INTEGER NOT NULL,
    until_ms   INTEGER,
    why        TEXT    NOT NULL
) STRICT;

-- One row: what the controller must not forget beside that.
CREATE TABLE memory (
    id              INTEGER PRIMARY KEY CHECK (id = 1),
    key_position    TEXT,
    key_since_ms    INTEGER,
    key_isolated    TEXT,
    last_activation INTEGER NOT NULL
) STRICT;

-- The record. Rows are added, never changed.
-- `run` is drawn afresh at each start of the controller: one that started without this file numbers its entries from
-- the beginning again, and they must not be taken for those already here.
CREATE TABLE entries (
    id     INTEGER PRIMARY KEY,
    run    TEXT    NOT NULL,
    seq    INTEGER NOT NULL,
    at_ms  INTEGER NOT NULL,
    kind   TEXT    NOT NULL,
    drill  INTEGER NOT NULL,
    fields TEXT    NOT NULL, -- JSON array of [name, value]
    UNIQUE (run, seq)
) STRICT;

-- Who counts: one row for each network of an AP and each start of its agent, so that a sample is 40 bytes, not 120.
CREATE TABLE sources (
    id        INTEGER PRIMARY KEY,
    ap        TEXT NOT NULL,
    boot      TEXT NOT NULL,
    interface TEXT NOT NULL,
    ssid      TEXT NOT NULL,
    UNIQUE (ap, boot, interface, ssid)
) STRICT;

-- Samples. The key begins with the time, so that new rows go to the end of the file: with the AP first, every
-- interval would touch one page for each AP.
CREATE TABLE counts (
    at_ms      INTEGER NOT NULL,
    source     INTEGER NOT NULL REFERENCES sources (id),
    seq        INTEGER NOT NULL,
    interval_s INTEGER NOT NULL,
    mode       INTEGER NOT NULL, -- 0 normal, 1 drill, 2 disaster
    stations   INTEGER NOT NULL,
    joins      INTEGER NOT NULL,
    leaves     INTEGER NOT NULL,
    PRIMARY KEY (at_ms, source, seq)
) STRICT, WITHOUT ROWID;
