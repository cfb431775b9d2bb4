-- service.db: bookkeeping that can be lost without losing evidence. Nothing here is hashed or signed, and nothing in the ledger
-- refers to it.

-- One answer to one request that carried an Idempotency-Key, kept for 24 hours. A request that still runs has no row: what runs
-- lives in the process that runs it. For answers of ingest `body` is NULL; `entry_indexes` (big-endian, 8 bytes each) and
-- `recipe` say how to make the same bytes again from the ledger.
CREATE TABLE idempotency_answers (
    answer_id         INTEGER PRIMARY KEY,
    credential_id     TEXT    NOT NULL,
    method            TEXT    NOT NULL,
    path              TEXT    NOT NULL,
    idempotency_key   TEXT    NOT NULL,
    fingerprint       BLOB    NOT NULL CHECK (length(fingerprint) = 32),
    status            INTEGER NOT NULL CHECK (status BETWEEN 200 AND 599),
    headers           TEXT    NOT NULL,
    body              BLOB    CHECK (body IS NULL OR length(body) <= 65536),
    entry_indexes     BLOB    CHECK (entry_indexes IS NULL OR length(entry_indexes) % 8 = 0),
    recipe            BLOB    CHECK (recipe IS NULL OR length(recipe) <= 65536),
    first_entry_index INTEGER,
    last_entry_index  INTEGER,
    created_at        INTEGER NOT NULL,
    expires_at        INTEGER NOT NULL,
    CHECK ((body IS NULL) = (entry_indexes IS NOT NULL AND recipe IS NOT NULL)),
    UNIQUE (credential_id, method, path, idempotency_key)
) STRICT;

CREATE INDEX idempotency_answers_by_end ON idempotency_answers (expires_at);

-- When a member of an entry is erased, answers that held it go as well.
CREATE INDEX idempotency_answers_by_entry ON idempotency_answers (first_entry_index, last_entry_index)
    WHERE first_entry_index IS NOT NULL;

-- A signed-in person's browser. Only a keyed hash of the cookie is kept.
CREATE TABLE sessions (
    cookie_hash  BLOB    NOT NULL PRIMARY KEY CHECK (length(cookie_hash) = 32),
    principal_id TEXT    NOT NULL,
    display_name TEXT    NOT NULL,
    roles        TEXT    NOT NULL,
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX sessions_by_end ON sessions (expires_at);

-- A link that signs one person in once. Only a keyed hash of its token is kept.
CREATE TABLE one_time_links (
    token_hash        BLOB    NOT NULL PRIMARY KEY CHECK (length(token_hash) = 32),
    principal_id      TEXT    NOT NULL,
    display_name      TEXT    NOT NULL,
    roles             TEXT    NOT NULL,
    created_at        INTEGER NOT NULL,
    expires_at        INTEGER NOT NULL,
    used_at           INTEGER
) STRICT, WITHOUT ROWID;

CREATE INDEX one_time_links_by_end ON one_time_links (expires_at);
