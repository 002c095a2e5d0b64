-- Switches: who switched a provider off or on, when and why. The last row of a provider says how it stands; none: it is on.

CREATE TABLE switches (
    number   INTEGER NOT NULL PRIMARY KEY,
    provider TEXT    NOT NULL,
    is_off   INTEGER NOT NULL CHECK (is_off IN (0, 1)),
    at       TEXT    NOT NULL,
    "by"     TEXT    NOT NULL,
    why      TEXT    NOT NULL
) STRICT;

CREATE INDEX switches_by_provider ON switches (provider, number);
