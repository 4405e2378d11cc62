-- Keys, service accounts, the request log and the ledger.

CREATE TABLE service_accounts (
    id          BLOB PRIMARY KEY,
    key         TEXT NOT NULL UNIQUE,
    name        TEXT NOT NULL,
    team_id     BLOB NOT NULL REFERENCES teams (id),
    status      TEXT NOT NULL CHECK (status IN ('active', 'disabled')),
    disabled_by TEXT CHECK (disabled_by IN ('config', 'admin')),
    managed_by  TEXT NOT NULL CHECK (managed_by IN ('config', 'admin')),
    created_at  TEXT NOT NULL,
    CHECK ((status = 'disabled') = (disabled_by IS NOT NULL))
) STRICT;
CREATE INDEX service_accounts_of_team ON service_accounts (team_id, id);

CREATE TABLE api_keys (
    id                 BLOB PRIMARY KEY,
    prefix             TEXT NOT NULL,
    name               TEXT NOT NULL,
    user_id            BLOB REFERENCES users (id) ON DELETE CASCADE,
    service_account_id BLOB REFERENCES service_accounts (id) ON DELETE CASCADE,
    models             TEXT,
    created_at         TEXT NOT NULL,
    expires_at         TEXT,
    last_used_at       TEXT,
    revoked_at         TEXT,
    CHECK ((user_id IS NULL) <> (service_account_id IS NULL))
) STRICT;
CREATE INDEX api_keys_of_user ON api_keys (user_id, id);
CREATE INDEX api_keys_of_service_account ON api_keys (service_account_id, id);

-- A rotated key has two for a while. Of a secret only its SHA-256 is kept.
CREATE TABLE api_key_secrets (
    token_hash  BLOB PRIMARY KEY,
    key_id      BLOB NOT NULL REFERENCES api_keys (id) ON DELETE CASCADE,
    created_at  TEXT NOT NULL,
    valid_until TEXT
) STRICT;
CREATE INDEX api_key_secrets_of_key ON api_key_secrets (key_id);

-- What the team's request log keeps of bodies; NULL: what the file says.
ALTER TABLE teams ADD COLUMN payloads TEXT CHECK (payloads IN ('off', 'redacted', 'full'));

-- The ledger: one row a call of an upstream, settled. Nothing here refers to another table: what was spent stays spent when
-- a person or a key is deleted. `day` is the UTC day of `started_at`.
CREATE TABLE attempts (
    id              BLOB PRIMARY KEY,
    request_id      BLOB NOT NULL,
    ordinal         INTEGER NOT NULL,
    key_id          BLOB NOT NULL,
    owner_kind      TEXT NOT NULL,
    owner_id        BLOB NOT NULL,
    team_id         BLOB,
    model           TEXT NOT NULL,
    provider        TEXT NOT NULL,
    upstream_model  TEXT NOT NULL,
    outcome         TEXT NOT NULL CHECK (outcome IN ('success', 'error', 'timeout', 'client_abort', 'cut', 'killed')),
    upstream_status INTEGER,
    error_code      TEXT,
    usage           TEXT NOT NULL CHECK (usage IN ('reported', 'estimated', 'none')),
    pricing         TEXT NOT NULL CHECK (pricing IN ('priced', 'override', 'unpriced')),
    input           INTEGER NOT NULL,
    output          INTEGER NOT NULL,
    cache_read      INTEGER NOT NULL,
    cache_write     INTEGER NOT NULL,
    cache_write_1h  INTEGER NOT NULL,
    reasoning       INTEGER NOT NULL,
    audio_input     INTEGER NOT NULL,
    audio_output    INTEGER NOT NULL,
    image_input     INTEGER NOT NULL,
    cost_nano_usd   INTEGER NOT NULL,
    started_at      TEXT NOT NULL,
    first_byte_ms   INTEGER,
    total_ms        INTEGER NOT NULL
) STRICT;
CREATE INDEX attempts_of_request ON attempts (request_id);

-- The request log. Kept for as long as request_logging.retention says.
CREATE TABLE requests (
    id                BLOB PRIMARY KEY,
    at                TEXT NOT NULL,
    surface           TEXT NOT NULL,
    key_id            BLOB NOT NULL,
    owner_kind        TEXT NOT NULL,
    owner_id          BLOB NOT NULL,
    team_id           BLOB,
    model             TEXT NOT NULL,
    provider          TEXT,
    upstream_model    TEXT,
    streamed          INTEGER NOT NULL,
    status            INTEGER NOT NULL,
    error_code        TEXT,
    attempts          INTEGER NOT NULL,
    input             INTEGER NOT NULL,
    output            INTEGER NOT NULL,
    cache_read        INTEGER NOT NULL,
    cache_write       INTEGER NOT NULL,
    reasoning         INTEGER NOT NULL,
    cost_nano_usd     INTEGER NOT NULL,
    first_byte_ms     INTEGER,
    total_ms          INTEGER NOT NULL,
    client_request_id TEXT,
    labels            TEXT NOT NULL
) STRICT;
-- Every row costs each of these: a key's requests are found among its owner's, and of failures there are few.
CREATE INDEX requests_by_time ON requests (at, id);
CREATE INDEX requests_of_owner ON requests (owner_id, at, id);
CREATE INDEX requests_of_team ON requests (team_id, at, id);
CREATE INDEX requests_of_model ON requests (model, at, id);
CREATE INDEX requests_failed ON requests (at, id) WHERE status >= 400 OR error_code IS NOT NULL;

-- What was said, where the policies allow keeping it.
CREATE TABLE request_payloads (
    request_id BLOB PRIMARY KEY,
    at         TEXT NOT NULL,
    kept       TEXT NOT NULL CHECK (kept IN ('redacted', 'full')),
    request    TEXT NOT NULL,
    response   TEXT NOT NULL,
    truncated  INTEGER NOT NULL
) STRICT;
CREATE INDEX request_payloads_by_time ON request_payloads (at);

-- Sums over the ledger, written in the same transaction as its rows. A team that there is none of is 16 zero bytes.
CREATE TABLE usage_daily (
    day           TEXT NOT NULL,
    model         TEXT NOT NULL,
    team_id       BLOB NOT NULL,
    owner_kind    TEXT NOT NULL,
    owner_id      BLOB NOT NULL,
    requests      INTEGER NOT NULL,
    attempts      INTEGER NOT NULL,
    input         INTEGER NOT NULL,
    output        INTEGER NOT NULL,
    cache_read    INTEGER NOT NULL,
    cache_write   INTEGER NOT NULL,
    reasoning     INTEGER NOT NULL,
    cost_nano_usd INTEGER NOT NULL,
    unpriced      INTEGER NOT NULL,
    estimated     INTEGER NOT NULL,
    PRIMARY KEY (day, model, team_id, owner_kind, owner_id)
) STRICT;
CREATE INDEX usage_daily_of_owner ON usage_daily (owner_id, day);
CREATE INDEX usage_daily_of_team ON usage_daily (team_id, day);
