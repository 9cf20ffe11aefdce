-- The latest time that an AP's clock and the controller's agreed on: retention goes by it, so that one clock that is
-- ahead deletes nothing.
CREATE TABLE vouched (
    id    INTEGER PRIMARY KEY CHECK (id = 1),
    at_ms INTEGER NOT NULL
) STRICT;
