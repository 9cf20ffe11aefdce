-- Which samples have arrived, whatever time they bear: so that one that comes again, with its time corrected since, is
-- known. One row for each run of numbers without a hole; most starts of an agent have one.
CREATE TABLE arrived (
    ap    TEXT    NOT NULL,
    boot  TEXT    NOT NULL,
    first INTEGER NOT NULL,
    last  INTEGER NOT NULL,
    PRIMARY KEY (ap, boot, first)
) STRICT, WITHOUT ROWID;

ALTER TABLE counts ADD COLUMN samples INTEGER NOT NULL DEFAULT 1; -- summarised in this one; stations: the most of them
ALTER TABLE counts ADD COLUMN unsure  INTEGER NOT NULL DEFAULT 0; -- 1: the AP's clock was never set; at_ms is the latest

-- Summarised samples reach over more than one point of a chart.
CREATE INDEX counts_summarised ON counts (at_ms) WHERE samples > 1;
