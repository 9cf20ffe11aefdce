-- Distinct devices: the sketch of each AP in each activation. They name nobody: their key never left the APs.

-- Every activation there was, also those that ended: a sketch of any other is not kept.
CREATE TABLE periods (
    activation INTEGER NOT NULL,
    since_ms   INTEGER NOT NULL,
    mode       TEXT    NOT NULL,
    source     TEXT    NOT NULL,
    PRIMARY KEY (activation, since_ms)
) STRICT, WITHOUT ROWID;
INSERT INTO periods SELECT id, since_ms, mode, source FROM activations;

CREATE TABLE sketches (
    activation INTEGER NOT NULL,
    since_ms   INTEGER NOT NULL,
    ap         TEXT    NOT NULL,
    facility   TEXT    NOT NULL, -- where the AP stood
    registers  TEXT    NOT NULL, -- as on the wire: one character of base64url per register
    PRIMARY KEY (activation, since_ms, ap),
    FOREIGN KEY (activation, since_ms) REFERENCES periods (activation, since_ms)
) STRICT;
