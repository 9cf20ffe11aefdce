-- What came together, since that start of the agent, up to before a run's first number and up to its last: JSON array of
-- [source, joins, leaves]. A sample that covers numbers some of which are here brings what came in the holes, and no more.
ALTER TABLE arrived ADD COLUMN sums_before TEXT NOT NULL DEFAULT '[]';
ALTER TABLE arrived ADD COLUMN sums_after  TEXT NOT NULL DEFAULT '[]';
