-- The latest time that a sample of each run of numbers bears: what is older than counts are kept is forgotten with them.
ALTER TABLE arrived ADD COLUMN at_ms INTEGER NOT NULL DEFAULT 0;
