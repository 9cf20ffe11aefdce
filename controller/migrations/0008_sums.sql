-- What came together on each network, since that start of the agent, up to before a run's first number and up to its last:
-- JSON array of [source, joins before, leaves before, joins after, leaves after]. A sample that covers numbers some of
-- which are here brings what came in the holes, and no more. Of a run that has no row here nothing is known: an older
-- agent or controller, or a deputy. Beside the runs and not in them, so that counting those stays cheap.
CREATE TABLE sums (
    ap    TEXT    NOT NULL,
    boot  TEXT    NOT NULL,
    first INTEGER NOT NULL,
    sums  TEXT    NOT NULL,
    PRIMARY KEY (ap, boot, first)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER arrived_gone AFTER DELETE ON arrived BEGIN
    DELETE FROM sums WHERE ap = old.ap AND boot = old.boot AND first = old.first;
END;
