/// The tables, indexes and views of the ledger.
extension LedgerSchema {
    /// The SQL of each migration step: element n brings a file from version n to version n + 1.
    static let steps = [
        """
        CREATE TABLE name (
          id INTEGER PRIMARY KEY,
          text TEXT NOT NULL UNIQUE
        ) STRICT;

        CREATE TABLE usage_record (
          id INTEGER PRIMARY KEY,          -- order of import
          request_id TEXT NOT NULL,
          call_id TEXT NOT NULL,           -- no index: it would cost a third of a commit
          parent TEXT,
          time INTEGER NOT NULL,           -- microseconds since 1970, UTC
          org INTEGER, team INTEGER, key_id INTEGER,
          user TEXT,
          metadata TEXT,                   -- JSON object of strings
          requested_model INTEGER NOT NULL,
          route INTEGER, task INTEGER, complexity INTEGER, experiment INTEGER, arm INTEGER, role INTEGER, provider INTEGER, model INTEGER,
          input_tokens INTEGER NOT NULL, cached_input_tokens INTEGER NOT NULL, cache_write_tokens INTEGER NOT NULL,
          output_tokens INTEGER NOT NULL, reasoning_tokens INTEGER NOT NULL,
          cost_nanos INTEGER NOT NULL,     -- nano-USD
          price_version INTEGER NOT NULL,
          latency_us INTEGER NOT NULL, first_token_us INTEGER,
          status INTEGER NOT NULL CHECK (status BETWEEN 0 AND 4),
          error_code INTEGER,
          flags INTEGER NOT NULL,          -- 1 stream, 2 estimated
          tool INTEGER
        ) STRICT;

        -- Every record before `first_id` has a time before or at `latest`: where a search for a time may begin, without an index on it.
        CREATE TABLE time_mark (
          first_id INTEGER PRIMARY KEY,
          latest INTEGER NOT NULL
        ) STRICT;

        CREATE VIEW usage AS SELECT
          request_id, call_id, parent,
          strftime('%Y-%m-%dT%H:%M:%S', time / 1000000, 'unixepoch') || printf('.%03dZ', time / 1000 % 1000) AS time,
          (SELECT text FROM name WHERE id = org) AS org,
          (SELECT text FROM name WHERE id = team) AS team,
          (SELECT text FROM name WHERE id = u.key_id) AS key_id,
          user, metadata,
          (SELECT text FROM name WHERE id = requested_model) AS requested_model,
          (SELECT text FROM name WHERE id = route) AS route,
          (SELECT text FROM name WHERE id = task) AS task,
          (SELECT text FROM name WHERE id = complexity) AS complexity,
          (SELECT text FROM name WHERE id = experiment) AS experiment,
          (SELECT text FROM name WHERE id = arm) AS arm,
          (SELECT text FROM name WHERE id = role) AS role,
          (SELECT text FROM name WHERE id = provider) AS provider,
          (SELECT text FROM name WHERE id = model) AS model,
          input_tokens, cached_input_tokens, cache_write_tokens, output_tokens, reasoning_tokens,
          iif(cost_nanos < 0, '-', '') || printf('%d.%09d', abs(cost_nanos / 1000000000), abs(cost_nanos % 1000000000)) AS cost_usd,
          (SELECT text FROM name WHERE id = price_version) AS price_version,
          latency_us / 1000.0 AS latency_ms, first_token_us / 1000.0 AS first_token_ms,
          CASE status WHEN 0 THEN 'ok' WHEN 1 THEN 'error' WHEN 2 THEN 'timeout' WHEN 3 THEN 'canceled' ELSE 'cut' END AS status,
          (SELECT text FROM name WHERE id = error_code) AS error_code,
          flags & 1 AS stream,
          (SELECT text FROM name WHERE id = tool) AS tool,
          flags >> 1 & 1 AS estimated
        FROM usage_record AS u;
        """,
        """
        CREATE TABLE meta (
          name TEXT PRIMARY KEY,
          value TEXT NOT NULL
        ) STRICT, WITHOUT ROWID;
        INSERT INTO meta VALUES ('ledger_id', lower(hex(randomblob(16))));

        -- A record of the journal is in usage_record exactly when its number is not above this.
        CREATE TABLE journal_position (
          journal TEXT PRIMARY KEY,
          sequence INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        """,
        """
        -- Status 5 is in_doubt, 6 refund. Changing what a CHECK says does not change any row: https://sqlite.org/lang_altertable.html#otheralter
        ALTER TABLE usage_record ADD COLUMN hold TEXT;   -- empty also when a flag says that it is call_id
        ALTER TABLE usage_record ADD COLUMN hash BLOB;   -- place in the chain
        PRAGMA writable_schema = ON;
        UPDATE sqlite_schema SET sql = replace(sql, 'status BETWEEN 0 AND 4', 'status BETWEEN 0 AND 6')
          WHERE type = 'table' AND name = 'usage_record';
        PRAGMA writable_schema = RESET;

        -- Few records are corrections, and only those are looked up by name.
        CREATE UNIQUE INDEX correction_call ON usage_record (call_id) WHERE status >= 5;
        CREATE INDEX correction_request ON usage_record (request_id) WHERE status >= 5;

        -- Frames up to `resolved` say nothing about holds any more: those open then were charged as in_doubt.
        ALTER TABLE journal_position ADD COLUMN resolved INTEGER NOT NULL DEFAULT 0;

        -- Open holds of which the journal may have forgotten the beginning; the others are in the journals only.
        CREATE TABLE hold (
          id TEXT PRIMARY KEY,
          journal TEXT NOT NULL,
          sequence INTEGER NOT NULL,       -- the last frame of the journal that is reckoned in
          charged_nanos INTEGER NOT NULL, charged_tokens INTEGER NOT NULL,
          frame BLOB NOT NULL              -- as in the journal
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE payer (
          id INTEGER PRIMARY KEY,
          org INTEGER NOT NULL, team INTEGER NOT NULL, key_id INTEGER NOT NULL, -- ids in name, 0: none
          user TEXT
        ) STRICT;
        CREATE UNIQUE INDEX payer_identity ON payer (org, team, key_id, user);

        CREATE TABLE spending (
          span INTEGER NOT NULL,           -- 0: a quarter of an hour, 1: a day (UTC), 2: all time
          start INTEGER NOT NULL,          -- number of the quarter or day since 1970
          payer INTEGER NOT NULL,
          model INTEGER NOT NULL,          -- id in name
          in_doubt INTEGER NOT NULL,
          cost_nanos INTEGER NOT NULL, tokens INTEGER NOT NULL, requests INTEGER NOT NULL,
          PRIMARY KEY (span, start, payer, model, in_doubt)
        ) STRICT, WITHOUT ROWID;

        -- The records up to `chain_until` were written before there was a chain; they get their places afterwards, piece by piece.
        INSERT INTO meta VALUES ('chain_id', '0'), ('chain_head', '');
        INSERT INTO meta SELECT 'chain_until', max(id) FROM usage_record HAVING max(id) IS NOT NULL;

        DROP VIEW usage;
        CREATE VIEW usage AS SELECT
          request_id, call_id, parent,
          strftime('%Y-%m-%dT%H:%M:%S', time / 1000000, 'unixepoch') || printf('.%03dZ', time / 1000 % 1000) AS time,
          (SELECT text FROM name WHERE id = org) AS org,
          (SELECT text FROM name WHERE id = team) AS team,
          (SELECT text FROM name WHERE id = u.key_id) AS key_id,
          user, metadata,
          (SELECT text FROM name WHERE id = requested_model) AS requested_model,
          (SELECT text FROM name WHERE id = route) AS route,
          (SELECT text FROM name WHERE id = task) AS task,
          (SELECT text FROM name WHERE id = complexity) AS complexity,
          (SELECT text FROM name WHERE id = experiment) AS experiment,
          (SELECT text FROM name WHERE id = arm) AS arm,
          (SELECT text FROM name WHERE id = role) AS role,
          (SELECT text FROM name WHERE id = provider) AS provider,
          (SELECT text FROM name WHERE id = model) AS model,
          input_tokens, cached_input_tokens, cache_write_tokens, output_tokens, reasoning_tokens,
          iif(cost_nanos < 0, '-', '') || printf('%d.%09d', abs(cost_nanos / 1000000000), abs(cost_nanos % 1000000000)) AS cost_usd,
          (SELECT text FROM name WHERE id = price_version) AS price_version,
          latency_us / 1000.0 AS latency_ms, first_token_us / 1000.0 AS first_token_ms,
          CASE status WHEN 0 THEN 'ok' WHEN 1 THEN 'error' WHEN 2 THEN 'timeout' WHEN 3 THEN 'canceled'
            WHEN 5 THEN 'in_doubt' WHEN 6 THEN 'refund' ELSE 'cut' END AS status,
          (SELECT text FROM name WHERE id = error_code) AS error_code,
          flags & 1 AS stream,
          (SELECT text FROM name WHERE id = tool) AS tool,
          flags >> 1 & 1 AS estimated
        FROM usage_record AS u;
        """,
        // Tokens of kinds that came later: one-hour cache writes, sound in, sound out.
        """
        ALTER TABLE usage_record ADD COLUMN further_tokens TEXT;

        DROP VIEW usage;
        CREATE VIEW usage AS SELECT
          request_id, call_id, parent,
          strftime('%Y-%m-%dT%H:%M:%S', time / 1000000, 'unixepoch') || printf('.%03dZ', time / 1000 % 1000) AS time,
          (SELECT text FROM name WHERE id = org) AS org,
          (SELECT text FROM name WHERE id = team) AS team,
          (SELECT text FROM name WHERE id = u.key_id) AS key_id,
          user, metadata,
          (SELECT text FROM name WHERE id = requested_model) AS requested_model,
          (SELECT text FROM name WHERE id = route) AS route,
          (SELECT text FROM name WHERE id = task) AS task,
          (SELECT text FROM name WHERE id = complexity) AS complexity,
          (SELECT text FROM name WHERE id = experiment) AS experiment,
          (SELECT text FROM name WHERE id = arm) AS arm,
          (SELECT text FROM name WHERE id = role) AS role,
          (SELECT text FROM name WHERE id = provider) AS provider,
          (SELECT text FROM name WHERE id = model) AS model,
          input_tokens, cached_input_tokens, cache_write_tokens, output_tokens, reasoning_tokens,
          iif(cost_nanos < 0, '-', '') || printf('%d.%09d', abs(cost_nanos / 1000000000), abs(cost_nanos % 1000000000)) AS cost_usd,
          (SELECT text FROM name WHERE id = price_version) AS price_version,
          latency_us / 1000.0 AS latency_ms, first_token_us / 1000.0 AS first_token_ms,
          CASE status WHEN 0 THEN 'ok' WHEN 1 THEN 'error' WHEN 2 THEN 'timeout' WHEN 3 THEN 'canceled'
            WHEN 5 THEN 'in_doubt' WHEN 6 THEN 'refund' ELSE 'cut' END AS status,
          (SELECT text FROM name WHERE id = error_code) AS error_code,
          flags & 1 AS stream,
          (SELECT text FROM name WHERE id = tool) AS tool,
          flags >> 1 & 1 AS estimated,
          coalesce(CAST(further_tokens AS INTEGER), 0) AS cache_write_1h_tokens,
          coalesce(CAST(substr(further_tokens, instr(further_tokens, ',') + 1) AS INTEGER), 0) AS audio_input_tokens,
          coalesce(CAST(substr(further_tokens, instr(further_tokens, ',') + 1 + instr(substr(further_tokens, instr(further_tokens, ',') + 1), ',')) AS INTEGER), 0)
            AS audio_output_tokens,
          coalesce((SELECT substr(text, 1, instr(text, ':') - 1) FROM name WHERE id = price_version
            AND (text LIKE 'flex:%' OR text LIKE 'priority:%' OR text LIKE 'fast:%')), 'standard') AS service_tier
        FROM usage_record AS u;
        """,
        """
        -- What a call that ended without a final usage may have cost and used besides; empty: nothing.
        ALTER TABLE usage_record ADD COLUMN in_doubt_nanos INTEGER;
        ALTER TABLE usage_record ADD COLUMN in_doubt_tokens INTEGER;
        -- Few records: corrections, and those with something in doubt.
        CREATE INDEX doubt_call ON usage_record (call_id) WHERE status >= 5 OR in_doubt_nanos IS NOT NULL;
        CREATE INDEX doubt_request ON usage_record (request_id) WHERE status >= 5 OR in_doubt_nanos IS NOT NULL;
        DROP INDEX correction_request;

        DROP VIEW usage;
        CREATE VIEW usage AS SELECT
          request_id, call_id, parent,
          strftime('%Y-%m-%dT%H:%M:%S', time / 1000000, 'unixepoch') || printf('.%03dZ', time / 1000 % 1000) AS time,
          (SELECT text FROM name WHERE id = org) AS org,
          (SELECT text FROM name WHERE id = team) AS team,
          (SELECT text FROM name WHERE id = u.key_id) AS key_id,
          user, metadata,
          (SELECT text FROM name WHERE id = requested_model) AS requested_model,
          (SELECT text FROM name WHERE id = route) AS route,
          (SELECT text FROM name WHERE id = task) AS task,
          (SELECT text FROM name WHERE id = complexity) AS complexity,
          (SELECT text FROM name WHERE id = experiment) AS experiment,
          (SELECT text FROM name WHERE id = arm) AS arm,
          (SELECT text FROM name WHERE id = role) AS role,
          (SELECT text FROM name WHERE id = provider) AS provider,
          (SELECT text FROM name WHERE id = model) AS model,
          input_tokens, cached_input_tokens, cache_write_tokens, output_tokens, reasoning_tokens,
          iif(cost_nanos < 0, '-', '') || printf('%d.%09d', abs(cost_nanos / 1000000000), abs(cost_nanos % 1000000000)) AS cost_usd,
          (SELECT text FROM name WHERE id = price_version) AS price_version,
          latency_us / 1000.0 AS latency_ms, first_token_us / 1000.0 AS first_token_ms,
          CASE status WHEN 0 THEN 'ok' WHEN 1 THEN 'error' WHEN 2 THEN 'timeout' WHEN 3 THEN 'canceled'
            WHEN 5 THEN 'in_doubt' WHEN 6 THEN 'refund' ELSE 'cut' END AS status,
          (SELECT text FROM name WHERE id = error_code) AS error_code,
          flags & 1 AS stream,
          (SELECT text FROM name WHERE id = tool) AS tool,
          flags >> 1 & 1 AS estimated,
          coalesce(CAST(further_tokens AS INTEGER), 0) AS cache_write_1h_tokens,
          coalesce(CAST(substr(further_tokens, instr(further_tokens, ',') + 1) AS INTEGER), 0) AS audio_input_tokens,
          coalesce(CAST(substr(further_tokens, instr(further_tokens, ',') + 1 + instr(substr(further_tokens, instr(further_tokens, ',') + 1), ',')) AS INTEGER), 0)
            AS audio_output_tokens,
          coalesce((SELECT substr(text, 1, instr(text, ':') - 1) FROM name WHERE id = price_version
            AND (text LIKE 'flex:%' OR text LIKE 'priority:%' OR text LIKE 'fast:%')), 'standard') AS service_tier,
          printf('%d.%09d', ifnull(in_doubt_nanos, 0) / 1000000000, ifnull(in_doubt_nanos, 0) % 1000000000) AS in_doubt_usd,
          ifnull(in_doubt_tokens, 0) AS in_doubt_tokens
        FROM usage_record AS u;
        """,
    ]
}

/// The columns that hold the id of a word in `name`, in the order of the table. They have few different values, each in many records, and an
/// id takes 1 to 4 bytes.
enum NameColumn: Int, CaseIterable {
    case organization, team, keyID, requestedModel, route, task, complexity, experiment, arm, role, provider, model, priceVersion,
        errorCode, tool
}
