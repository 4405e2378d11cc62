-- People, teams, providers' links, sessions and the audit log.
-- Text is compared and ordered by its bytes; times are RFC 3339 texts in UTC, whose order is the order of time.

CREATE TABLE users (
    id                      BLOB        PRIMARY KEY,
    email                   TEXT        NOT NULL,
    email_key               TEXT        NOT NULL UNIQUE,
    name                    TEXT        NOT NULL,
    status                  TEXT        NOT NULL CHECK (status IN ('invited', 'active', 'disabled')),
    disabled_by             TEXT        CHECK (disabled_by IN ('config', 'admin')),
    sign_in                 TEXT        NOT NULL,
    global_role             TEXT        NOT NULL CHECK (global_role IN ('user', 'auditor', 'platform_admin')),
    role_source             TEXT        NOT NULL CHECK (role_source IN ('jit', 'mapping', 'config', 'manual')),
    request_logging_enabled INTEGER     NOT NULL,
    managed_by              TEXT        NOT NULL CHECK (managed_by IN ('config', 'admin', 'provider')),
    password_hash           TEXT,
    must_change_password    INTEGER     NOT NULL,
    created_at              TEXT        NOT NULL,
    last_sign_in_at         TEXT,
    CHECK ((status = 'disabled') = (disabled_by IS NOT NULL))
) STRICT;
CREATE INDEX users_by_status ON users (status, id);
CREATE INDEX users_admins ON users (id) WHERE global_role = 'platform_admin';
CREATE INDEX users_of_config ON users (id) WHERE managed_by = 'config';

-- What a person is found by: the beginning of the address, of its host and of each word of the name.
CREATE TABLE user_terms (
    term    TEXT NOT NULL,
    user_id BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    PRIMARY KEY (term, user_id)
) STRICT;
CREATE INDEX user_terms_of_user ON user_terms (user_id, term);

CREATE TABLE identities (
    id              BLOB        PRIMARY KEY,
    user_id         BLOB        NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    provider_key    TEXT        NOT NULL,
    issuer          TEXT        NOT NULL,
    subject         TEXT        NOT NULL,
    email           TEXT,
    linked_at       TEXT        NOT NULL,
    last_sign_in_at TEXT,
    UNIQUE (provider_key, issuer, subject)
) STRICT;
CREATE INDEX identities_of_user ON identities (user_id);

CREATE TABLE teams (
    id          BLOB        PRIMARY KEY,
    key         TEXT        NOT NULL UNIQUE,
    name        TEXT        NOT NULL,
    managed_by  TEXT        NOT NULL CHECK (managed_by IN ('config', 'admin')),
    archived_at TEXT,
    created_at  TEXT        NOT NULL
) STRICT;

CREATE TABLE memberships (
    user_id    BLOB        NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    team_id    BLOB        NOT NULL REFERENCES teams (id) ON DELETE CASCADE,
    role       TEXT        NOT NULL CHECK (role IN ('member', 'admin', 'owner')),
    source     TEXT        NOT NULL CHECK (source IN ('jit', 'mapping', 'config', 'manual')),
    created_at TEXT        NOT NULL,
    PRIMARY KEY (user_id, team_id)
) STRICT;
CREATE INDEX memberships_of_team ON memberships (team_id, user_id);

-- Sign-ins that have begun. Nothing here is enough to finish one: the browser holds the other half.
CREATE TABLE login_flows (
    state_hash      BLOB        PRIMARY KEY,
    kind            TEXT        NOT NULL CHECK (kind IN ('oidc', 'oauth')),
    provider_key    TEXT        NOT NULL,
    settings_digest BLOB        NOT NULL,
    browser_hash    BLOB        NOT NULL,
    salt            BLOB        NOT NULL,
    redirect_uri    TEXT        NOT NULL,
    return_to       TEXT        NOT NULL,
    created_at      TEXT        NOT NULL,
    expires_at      TEXT        NOT NULL,
    consumed_at     TEXT       
) STRICT;
CREATE INDEX login_flows_by_expiry ON login_flows (expires_at);

CREATE TABLE sessions (
    id              BLOB        PRIMARY KEY,
    token_hash      BLOB        NOT NULL UNIQUE,
    user_id         BLOB        NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    provider_key    TEXT        NOT NULL,
    data            TEXT        NOT NULL,
    created_at      TEXT        NOT NULL,
    last_seen_at    TEXT        NOT NULL,
    idle_expires_at TEXT        NOT NULL,
    expires_at      TEXT        NOT NULL,
    revoked_at      TEXT,
    address         TEXT        NOT NULL,
    user_agent      TEXT        NOT NULL
) STRICT;
CREATE INDEX sessions_of_user ON sessions (user_id, id);
CREATE INDEX sessions_by_expiry ON sessions (expires_at);

CREATE TABLE one_time_links (
    id         BLOB        PRIMARY KEY,
    token_hash BLOB        NOT NULL UNIQUE,
    purpose    TEXT        NOT NULL CHECK (purpose IN ('invite', 'reset', 'setup', 'break_glass')),
    user_id    BLOB        REFERENCES users (id) ON DELETE CASCADE,
    issued_by  BLOB        REFERENCES users (id) ON DELETE SET NULL,
    created_at TEXT        NOT NULL,
    expires_at TEXT        NOT NULL,
    used_at    TEXT,
    CHECK ((purpose = 'setup') = (user_id IS NULL))
) STRICT;
CREATE INDEX one_time_links_of_user ON one_time_links (user_id);
CREATE INDEX one_time_links_of_issuer ON one_time_links (issued_by);
CREATE INDEX one_time_links_by_expiry ON one_time_links (expires_at);

-- Failed passwords, per account and address. The key is a hash: the row names nobody.
CREATE TABLE password_failures (
    key_hash     BLOB        PRIMARY KEY,
    failures     INTEGER      NOT NULL,
    next_allowed TEXT        NOT NULL,
    expires_at   TEXT        NOT NULL
) STRICT;
CREATE INDEX password_failures_by_expiry ON password_failures (expires_at);

CREATE TABLE audit_log (
    seq            INTEGER      PRIMARY KEY,
    at             TEXT        NOT NULL,
    actor_kind     TEXT        NOT NULL,
    actor_id       TEXT        NOT NULL,
    actor_label    TEXT        NOT NULL,
    action         TEXT        NOT NULL,
    target_kind    TEXT        NOT NULL,
    target_id      TEXT        NOT NULL,
    target_label   TEXT        NOT NULL,
    before         TEXT,
    after          TEXT,
    provider_key   TEXT,
    address        TEXT        NOT NULL,
    user_agent     TEXT        NOT NULL,
    correlation_id TEXT        NOT NULL,
    previous_hash  TEXT        NOT NULL,
    hash           TEXT        NOT NULL
) STRICT;
CREATE INDEX audit_log_by_time ON audit_log (at, seq);
CREATE INDEX audit_log_by_actor ON audit_log (actor_id, seq);
CREATE INDEX audit_log_by_actor_label ON audit_log (actor_label, seq);
CREATE INDEX audit_log_by_target ON audit_log (target_id, seq);
CREATE INDEX audit_log_by_target_label ON audit_log (target_label, seq);
CREATE INDEX audit_log_by_action ON audit_log (action, seq);
CREATE INDEX audit_log_by_provider ON audit_log (provider_key, seq);
CREATE INDEX audit_log_by_outcome ON audit_log (provider_key, action, seq);

-- Where the chain ends. Writers take its row first, so entries are numbered without gaps; a cut tail shows.
CREATE TABLE audit_head (
    id   INTEGER PRIMARY KEY CHECK (id = 1),
    seq  INTEGER NOT NULL,
    hash TEXT   NOT NULL
) STRICT;
INSERT INTO audit_head (id, seq, hash) VALUES (1, 0, '0000000000000000000000000000000000000000000000000000000000000000');

-- One row a setting of the installation itself.
CREATE TABLE installation (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT;

CREATE TRIGGER audit_log_no_update BEFORE UPDATE ON audit_log
BEGIN
    SELECT RAISE(ABORT, 'the audit log is append-only');
END;
CREATE TRIGGER audit_log_no_delete BEFORE DELETE ON audit_log
BEGIN
    SELECT RAISE(ABORT, 'the audit log is append-only');
END;
