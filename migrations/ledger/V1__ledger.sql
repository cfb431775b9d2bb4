-- The ledger file. Every key begins with the ledger's number: one file may come to hold several, each an independent chain.
-- No column is free: each is hashed, signed, or derived again by `onus verify --deep`, which names an edit of any of them.

-- The head. Every batch compares it with what the sequencer knew and moves it, in the batch's own transaction.
CREATE TABLE ledgers (
    ledger         INTEGER NOT NULL PRIMARY KEY,
    origin         TEXT    NOT NULL UNIQUE,
    tree_size      INTEGER NOT NULL,
    head_leaf_hash BLOB    NOT NULL
) STRICT;

-- Entry headers, byte for byte as they are hashed (FORMAT.md section 1).
CREATE TABLE entries (
    ledger     INTEGER NOT NULL,
    leaf_index INTEGER NOT NULL,
    bytes      BLOB    NOT NULL,
    PRIMARY KEY (ledger, leaf_index)
) STRICT, WITHOUT ROWID;

-- A guard against our own mistakes, not security: whoever can write the file can drop the triggers. `verify` is the security.
CREATE TRIGGER entries_are_never_changed BEFORE UPDATE ON entries BEGIN
    SELECT RAISE(ABORT, 'an entry is never changed');
END;
CREATE TRIGGER entries_are_never_deleted BEFORE DELETE ON entries BEGIN
    SELECT RAISE(ABORT, 'an entry is never deleted');
END;

-- Payloads: `members` is the canonical JSON of {name: value}; `seed` the 32 bytes its salts come from. After an erasure the
-- seed is null and `sealed` holds the salts of what stays and the digests of what went.
CREATE TABLE payloads (
    ledger     INTEGER NOT NULL,
    leaf_index INTEGER NOT NULL,
    seed       BLOB,
    members    TEXT    NOT NULL,
    sealed     TEXT,
    PRIMARY KEY (ledger, leaf_index)
) STRICT, WITHOUT ROWID;

-- Full hash tiles of C2SP tlog-tiles: 256 hashes of 32 bytes. What is past the last full tile is hashed again from `entries`.
CREATE TABLE tiles (
    ledger     INTEGER NOT NULL,
    level      INTEGER NOT NULL,
    tile_index INTEGER NOT NULL,
    hashes     BLOB    NOT NULL,
    PRIMARY KEY (ledger, level, tile_index)
) STRICT, WITHOUT ROWID;

-- Signed checkpoints, verbatim.
CREATE TABLE checkpoints (
    ledger    INTEGER NOT NULL,
    tree_size INTEGER NOT NULL,
    note      TEXT    NOT NULL,
    PRIMARY KEY (ledger, tree_size)
) STRICT, WITHOUT ROWID;

-- Derived from here on: `onus reindex` makes them again from entries and payloads.

-- HMAC of (source, event_id), first 16 bytes; the key lies outside this file. Unique for ever: the deduplication key.
CREATE TABLE event_keys (
    ledger     INTEGER NOT NULL,
    event_key  BLOB    NOT NULL,
    leaf_index INTEGER NOT NULL,
    PRIMARY KEY (ledger, event_key)
) STRICT, WITHOUT ROWID;

-- A number for every delegation id, in the order of first mention: granted, or only named by an action or a child.
CREATE TABLE delegation_names (
    ledger        INTEGER NOT NULL,
    delegation_no INTEGER NOT NULL,
    delegation_id TEXT    NOT NULL,
    PRIMARY KEY (ledger, delegation_no)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX delegation_names_by_id ON delegation_names (ledger, delegation_id);

-- Where each delegation was granted, and under which.
CREATE TABLE delegations (
    ledger        INTEGER NOT NULL,
    delegation_no INTEGER NOT NULL,
    leaf_index    INTEGER NOT NULL,
    parent_no     INTEGER,
    PRIMARY KEY (ledger, delegation_no)
) STRICT, WITHOUT ROWID;
CREATE INDEX delegations_by_parent ON delegations (ledger, parent_no, delegation_no) WHERE parent_no IS NOT NULL;

-- Where each delegation was revoked.
CREATE TABLE revocations (
    ledger        INTEGER NOT NULL,
    delegation_no INTEGER NOT NULL,
    leaf_index    INTEGER NOT NULL,
    PRIMARY KEY (ledger, delegation_no, leaf_index)
) STRICT, WITHOUT ROWID;

-- Reports of actions. `action_key` is the first 8 bytes of SHA-256(action_id): small, and what collides is told apart by the payload.
CREATE TABLE actions (
    ledger        INTEGER NOT NULL,
    leaf_index    INTEGER NOT NULL,
    action_key    INTEGER NOT NULL,
    delegation_no INTEGER,
    occurred_at   INTEGER NOT NULL,
    PRIMARY KEY (ledger, leaf_index)
) STRICT, WITHOUT ROWID;
CREATE INDEX actions_by_key ON actions (ledger, action_key, leaf_index);
CREATE INDEX actions_by_delegation ON actions (ledger, delegation_no, occurred_at, leaf_index, action_key) WHERE delegation_no IS NOT NULL;

-- What an `assessment.changed` made of an earlier entry's findings: the codes as of now, and the cause.
CREATE TABLE present_findings (
    ledger     INTEGER NOT NULL,
    leaf_index INTEGER NOT NULL,
    codes      TEXT    NOT NULL,
    changed_by INTEGER NOT NULL,
    PRIMARY KEY (ledger, leaf_index)
) STRICT, WITHOUT ROWID;
CREATE INDEX present_findings_by_cause ON present_findings (ledger, changed_by, leaf_index);

-- The ledger's own administration by type: credentials, catalogues, settings, issuers.
CREATE TABLE administration (
    ledger     INTEGER NOT NULL,
    entry_type TEXT    NOT NULL,
    leaf_index INTEGER NOT NULL,
    PRIMARY KEY (ledger, entry_type, leaf_index)
) STRICT, WITHOUT ROWID;

-- The bytes of every `content`, once each, in the order of first mention; erasable on their own.
CREATE TABLE documents (
    ledger      INTEGER NOT NULL,
    document_no INTEGER NOT NULL,
    sha256      BLOB    NOT NULL,
    bytes       BLOB    NOT NULL,
    PRIMARY KEY (ledger, document_no)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX documents_by_hash ON documents (ledger, sha256);
