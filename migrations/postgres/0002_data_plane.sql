-- Keys, service accounts, the request log and the ledger.

CREATE TABLE service_accounts (
    id          UUID PRIMARY KEY,
    key         TEXT COLLATE "C" NOT NULL UNIQUE,
    name        TEXT NOT NULL,
    team_id     UUID NOT NULL REFERENCES teams (id),
    status      TEXT NOT NULL CHECK (status IN ('active', 'disabled')),
    disabled_by TEXT CHECK (disabled_by IN ('config', 'admin')),
    managed_by  TEXT NOT NULL CHECK (managed_by IN ('config', 'admin')),
    created_at  TIMESTAMPTZ NOT NULL,
    CHECK ((status = 'disabled') = (disabled_by IS NOT NULL))
);
CREATE INDEX service_accounts_of_team ON service_accounts (team_id, id);

CREATE TABLE api_keys (
    id                 UUID PRIMARY KEY,
    prefix             TEXT NOT NULL,
    name               TEXT NOT NULL,
    user_id            UUID REFERENCES users (id) ON DELETE CASCADE,
    service_account_id UUID REFERENCES service_accounts (id) ON DELETE CASCADE,
    models             TEXT,
    created_at         TIMESTAMPTZ NOT NULL,
    expires_at         TIMESTAMPTZ,
    last_used_at       TIMESTAMPTZ,
    revoked_at         TIMESTAMPTZ,
    CHECK ((user_id IS NULL) <> (service_account_id IS NULL))
);
CREATE INDEX api_keys_of_user ON api_keys (user_id, id);
CREATE INDEX api_keys_of_service_account ON api_keys (service_account_id, id);

-- A rotated key has two for a while. Of a secret only its SHA-256 is kept.
CREATE TABLE api_key_secrets (
    token_hash  BYTEA PRIMARY KEY,
    key_id      UUID NOT NULL REFERENCES api_keys (id) ON DELETE CASCADE,
    created_at  TIMESTAMPTZ NOT NULL,
    valid_until TIMESTAMPTZ
);
CREATE INDEX api_key_secrets_of_key ON api_key_secrets (key_id);

-- What the team's request log keeps of bodies; NULL: what the file says.
ALTER TABLE teams ADD COLUMN payloads TEXT CHECK (payloads IN ('off', 'redacted', 'full'));

-- The ledger: one row a call of an upstream, settled. Nothing here refers to another table: what was spent stays spent when
-- a person or a key is deleted. `day` is the UTC day of `started_at`.
CREATE TABLE attempts (
    id              UUID PRIMARY KEY,
    request_id      UUID NOT NULL,
    ordinal         INTEGER NOT NULL,
    key_id          UUID NOT NULL,
    owner_kind      TEXT NOT NULL,
    owner_id        UUID NOT NULL,
    team_id         UUID,
    model           TEXT NOT NULL,
    provider        TEXT NOT NULL,
    upstream_model  TEXT NOT NULL,
    outcome         TEXT NOT NULL CHECK (outcome IN ('success', 'error', 'timeout', 'client_abort', 'cut', 'killed')),
    upstream_status INTEGER,
    error_code      TEXT,
    usage           TEXT NOT NULL CHECK (usage IN ('reported', 'estimated', 'none')),
    pricing         TEXT NOT NULL CHECK (pricing IN ('priced', 'override', 'unpriced')),
    input           BIGINT NOT NULL,
    output          BIGINT NOT NULL,
    cache_read      BIGINT NOT NULL,
    cache_write     BIGINT NOT NULL,
    cache_write_1h  BIGINT NOT NULL,
    reasoning       BIGINT NOT NULL,
    audio_input     BIGINT NOT NULL,
    audio_output    BIGINT NOT NULL,
    image_input     BIGINT NOT NULL,
    cost_nano_usd   BIGINT NOT NULL,
    started_at      TIMESTAMPTZ NOT NULL,
    first_byte_ms   INTEGER,
    total_ms        INTEGER NOT NULL
);
CREATE INDEX attempts_of_request ON attempts (request_id);

-- The request log. Kept for as long as request_logging.retention says.
CREATE TABLE requests (
    id                UUID PRIMARY KEY,
    at                TIMESTAMPTZ NOT NULL,
    surface           TEXT NOT NULL,
    key_id            UUID NOT NULL,
    owner_kind        TEXT NOT NULL,
    owner_id          UUID NOT NULL,
    team_id           UUID,
    model             TEXT COLLATE "C" NOT NULL,
    provider          TEXT,
    upstream_model    TEXT,
    streamed          BOOLEAN NOT NULL,
    status            INTEGER NOT NULL,
    error_code        TEXT,
    attempts          INTEGER NOT NULL,
    input             BIGINT NOT NULL,
    output            BIGINT NOT NULL,
    cache_read        BIGINT NOT NULL,
    cache_write       BIGINT NOT NULL,
    reasoning         BIGINT NOT NULL,
    cost_nano_usd     BIGINT NOT NULL,
    first_byte_ms     INTEGER,
    total_ms          INTEGER NOT NULL,
    client_request_id TEXT,
    labels            TEXT NOT NULL
);
-- Every row costs each of these: a key's requests are found among its owner's, and of failures there are few.
CREATE INDEX requests_by_time ON requests (at, id);
CREATE INDEX requests_of_owner ON requests (owner_id, at, id);
CREATE INDEX requests_of_team ON requests (team_id, at, id);
CREATE INDEX requests_of_model ON requests (model, at, id);
CREATE INDEX requests_failed ON requests (at, id) WHERE status >= 400 OR error_code IS NOT NULL;

-- What was said, where the policies allow keeping it.
CREATE TABLE request_payloads (
    request_id UUID PRIMARY KEY,
    at         TIMESTAMPTZ NOT NULL,
    kept       TEXT NOT NULL CHECK (kept IN ('redacted', 'full')),
    request    TEXT NOT NULL,
    response   TEXT NOT NULL,
    truncated  BOOLEAN NOT NULL
);
CREATE INDEX request_payloads_by_time ON request_payloads (at);

-- Sums over the ledger, written in the same transaction as its rows. A team that there is none of is 16 zero bytes.
CREATE TABLE usage_daily (
    day           TEXT NOT NULL,
    model         TEXT COLLATE "C" NOT NULL,
    team_id       UUID NOT NULL,
    owner_kind    TEXT NOT NULL,
    owner_id      UUID NOT NULL,
    requests      BIGINT NOT NULL,
    attempts      BIGINT NOT NULL,
    input         BIGINT NOT NULL,
    output        BIGINT NOT NULL,
    cache_read    BIGINT NOT NULL,
    cache_write   BIGINT NOT NULL,
    reasoning     BIGINT NOT NULL,
    cost_nano_usd BIGINT NOT NULL,
    unpriced      BIGINT NOT NULL,
    estimated     BIGINT NOT NULL,
    PRIMARY KEY (day, model, team_id, owner_kind, owner_id)
);
CREATE INDEX usage_daily_of_owner ON usage_daily (owner_id, day);
CREATE INDEX usage_daily_of_team ON usage_daily (team_id, day);
