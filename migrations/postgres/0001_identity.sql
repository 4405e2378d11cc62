-- People, teams, providers' links, sessions and the audit log.
-- Text that is compared or ordered is COLLATE "C": byte order, as in SQLite.

CREATE TABLE users (
    id                      UUID        PRIMARY KEY,
    email                   TEXT        NOT NULL,
    email_key               TEXT        COLLATE "C" NOT NULL UNIQUE,
    name                    TEXT        NOT NULL,
    status                  TEXT        NOT NULL CHECK (status IN ('invited', 'active', 'disabled')),
    disabled_by             TEXT        CHECK (disabled_by IN ('config', 'admin')),
    sign_in                 TEXT        COLLATE "C" NOT NULL,
    global_role             TEXT        NOT NULL CHECK (global_role IN ('user', 'auditor', 'platform_admin')),
    role_source             TEXT        NOT NULL CHECK (role_source IN ('jit', 'mapping', 'config', 'manual')),
    request_logging_enabled BOOLEAN     NOT NULL,
    managed_by              TEXT        NOT NULL CHECK (managed_by IN ('config', 'admin', 'provider')),
    password_hash           TEXT,
    must_change_password    BOOLEAN     NOT NULL,
    created_at              TIMESTAMPTZ NOT NULL,
    last_sign_in_at         TIMESTAMPTZ,
    CHECK ((status = 'disabled') = (disabled_by IS NOT NULL))
);
CREATE INDEX users_by_status ON users (status, id);
CREATE INDEX users_admins ON users (id) WHERE global_role = 'platform_admin';
CREATE INDEX users_of_config ON users (id) WHERE managed_by = 'config';

-- What a person is found by: the beginning of the address, of its host and of each word of the name.
CREATE TABLE user_terms (
    term    TEXT COLLATE "C" NOT NULL,
    user_id UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    PRIMARY KEY (term, user_id)
);
CREATE INDEX user_terms_of_user ON user_terms (user_id, term);

CREATE TABLE identities (
    id              UUID        PRIMARY KEY,
    user_id         UUID        NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    provider_key    TEXT        COLLATE "C" NOT NULL,
    issuer          TEXT        COLLATE "C" NOT NULL,
    subject         TEXT        COLLATE "C" NOT NULL,
    email           TEXT,
    linked_at       TIMESTAMPTZ NOT NULL,
    last_sign_in_at TIMESTAMPTZ,
    UNIQUE (provider_key, issuer, subject)
);
CREATE INDEX identities_of_user ON identities (user_id);

CREATE TABLE teams (
    id          UUID        PRIMARY KEY,
    key         TEXT        COLLATE "C" NOT NULL UNIQUE,
    name        TEXT        NOT NULL,
    managed_by  TEXT        NOT NULL CHECK (managed_by IN ('config', 'admin')),
    archived_at TIMESTAMPTZ,
    created_at  TIMESTAMPTZ NOT NULL
);

CREATE TABLE memberships (
    user_id    UUID        NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    team_id    UUID        NOT NULL REFERENCES teams (id) ON DELETE CASCADE,
    role       TEXT        NOT NULL CHECK (role IN ('member', 'admin', 'owner')),
    source     TEXT        NOT NULL CHECK (source IN ('jit', 'mapping', 'config', 'manual')),
    created_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (user_id, team_id)
);
CREATE INDEX memberships_of_team ON memberships (team_id, user_id);

-- Sign-ins that have begun. Nothing here is enough to finish one: the browser holds the other half.
CREATE TABLE login_flows (
    state_hash      BYTEA       PRIMARY KEY,
    kind            TEXT        NOT NULL CHECK (kind IN ('oidc', 'oauth')),
    provider_key    TEXT        COLLATE "C" NOT NULL,
    settings_digest BYTEA       NOT NULL,
    browser_hash    BYTEA       NOT NULL,
    salt            BYTEA       NOT NULL,
    redirect_uri    TEXT        NOT NULL,
    return_to       TEXT        NOT NULL,
    created_at      TIMESTAMPTZ NOT NULL,
    expires_at      TIMESTAMPTZ NOT NULL,
    consumed_at     TIMESTAMPTZ
);
CREATE INDEX login_flows_by_expiry ON login_flows (expires_at);

CREATE TABLE sessions (
    id              UUID        PRIMARY KEY,
    token_hash      BYTEA       NOT NULL UNIQUE,
    user_id         UUID        NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    provider_key    TEXT        COLLATE "C" NOT NULL,
    data            TEXT        NOT NULL,
    created_at      TIMESTAMPTZ NOT NULL,
    last_seen_at    TIMESTAMPTZ NOT NULL,
    idle_expires_at TIMESTAMPTZ NOT NULL,
    expires_at      TIMESTAMPTZ NOT NULL,
    revoked_at      TIMESTAMPTZ,
    address         TEXT        NOT NULL,
    user_agent      TEXT        NOT NULL
);
CREATE INDEX sessions_of_user ON sessions (user_id, id);
CREATE INDEX sessions_by_expiry ON sessions (expires_at);

CREATE TABLE one_time_links (
    id         UUID        PRIMARY KEY,
    token_hash BYTEA       NOT NULL UNIQUE,
    purpose    TEXT        NOT NULL CHECK (purpose IN ('invite', 'reset', 'setup', 'break_glass')),
    user_id    UUID        REFERENCES users (id) ON DELETE CASCADE,
    issued_by  UUID        REFERENCES users (id) ON DELETE SET NULL,
    created_at TIMESTAMPTZ NOT NULL,
    expires_at TIMESTAMPTZ NOT NULL,
    used_at    TIMESTAMPTZ,
    CHECK ((purpose = 'setup') = (user_id IS NULL))
);
CREATE INDEX one_time_links_of_user ON one_time_links (user_id);
CREATE INDEX one_time_links_of_issuer ON one_time_links (issued_by);
CREATE INDEX one_time_links_by_expiry ON one_time_links (expires_at);

-- Failed passwords, per account and address. The key is a hash: the row names nobody.
CREATE TABLE password_failures (
    key_hash     BYTEA       PRIMARY KEY,
    failures     BIGINT      NOT NULL,
    next_allowed TIMESTAMPTZ NOT NULL,
    expires_at   TIMESTAMPTZ NOT NULL
);
CREATE INDEX password_failures_by_expiry ON password_failures (expires_at);

CREATE TABLE audit_log (
    seq            BIGINT      PRIMARY KEY,
    at             TIMESTAMPTZ NOT NULL,
    actor_kind     TEXT        NOT NULL,
    actor_id       TEXT        COLLATE "C" NOT NULL,
    actor_label    TEXT        COLLATE "C" NOT NULL,
    action         TEXT        COLLATE "C" NOT NULL,
    target_kind    TEXT        NOT NULL,
    target_id      TEXT        COLLATE "C" NOT NULL,
    target_label   TEXT        COLLATE "C" NOT NULL,
    before         TEXT,
    after          TEXT,
    provider_key   TEXT        COLLATE "C",
    address        TEXT        NOT NULL,
    user_agent     TEXT        NOT NULL,
    correlation_id TEXT        COLLATE "C" NOT NULL,
    previous_hash  TEXT        NOT NULL,
    hash           TEXT        NOT NULL
);
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
    id   BIGINT PRIMARY KEY CHECK (id = 1),
    seq  BIGINT NOT NULL,
    hash TEXT   NOT NULL
);
INSERT INTO audit_head (id, seq, hash) VALUES (1, 0, '0000000000000000000000000000000000000000000000000000000000000000');

-- One row a setting of the installation itself.
CREATE TABLE installation (
    key   TEXT COLLATE "C" PRIMARY KEY,
    value TEXT NOT NULL
);

CREATE FUNCTION audit_log_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit log is append-only';
END
$$;
CREATE TRIGGER audit_log_no_change BEFORE UPDATE OR DELETE ON audit_log
    FOR EACH ROW EXECUTE FUNCTION audit_log_is_append_only();
CREATE TRIGGER audit_log_no_truncate BEFORE TRUNCATE ON audit_log
    FOR EACH STATEMENT EXECUTE FUNCTION audit_log_is_append_only();
