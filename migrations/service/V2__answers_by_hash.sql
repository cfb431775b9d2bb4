-- Answers are found by a keyed hash of (credential, method, path, Idempotency-Key): 16 bytes in place of a hundred, and nobody who
-- reads the file learns the keys. Rows of the old form cannot be hashed here and go: they would have ended within 24 hours, and an
-- event sent again is answered from its event_id.
DROP TABLE idempotency_answers;

CREATE TABLE idempotency_answers (
    answer_id         INTEGER PRIMARY KEY,
    answer_key        BLOB    NOT NULL UNIQUE CHECK (length(answer_key) = 16),
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
    CHECK ((body IS NULL) = (entry_indexes IS NOT NULL AND recipe IS NOT NULL))
) STRICT;

-- When a member of an entry is erased, answers that held it go as well.
CREATE INDEX idempotency_answers_by_entry ON idempotency_answers (first_entry_index, last_entry_index)
    WHERE first_entry_index IS NOT NULL;
