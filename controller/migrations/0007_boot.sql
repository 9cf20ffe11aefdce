-- Which start of the controller gave an activation its number: one that forgot gives a number again, and both may be held.
CREATE TABLE held (
    id         INTEGER NOT NULL,
    boot       TEXT    NOT NULL, -- empty where the town has one controller
    source     TEXT    NOT NULL, -- key, drill-key, facility-key:AP, operator:NAME; key:CONTROLLER where there are several
    mode       TEXT    NOT NULL,
    facilities TEXT    NOT NULL, -- JSON array of identifiers
    since_ms   INTEGER NOT NULL,
    until_ms   INTEGER,
    why        TEXT    NOT NULL,
    PRIMARY KEY (id, boot)
) STRICT;
INSERT INTO held SELECT id, '', source, mode, facilities, since_ms, until_ms, why FROM activations;
DROP TABLE activations;
ALTER TABLE held RENAME TO activations;
