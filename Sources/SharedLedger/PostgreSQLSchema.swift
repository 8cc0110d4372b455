internal import Ledger

/// The tables of the shared ledger in the schema `purser`, as a list of steps from each version to the next.
enum PostgreSQLSchema {
    /// The version that this program works with.
    static var version: Int { steps.count }

    static let steps = [
        """
        CREATE TABLE purser.gateway (
          number integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
          id text NOT NULL UNIQUE,                 -- the name that its spool has given itself
          host text NOT NULL,
          delivered bigint NOT NULL DEFAULT 0,     -- the last record of its spool that is here
          head bytea NOT NULL DEFAULT '',          -- the end of its chain of records
          alive_until timestamptz NOT NULL         -- afterwards what it has leased and not used is in doubt
        );

        CREATE TABLE purser.usage_record (
          gateway integer NOT NULL REFERENCES purser.gateway,
          sequence bigint NOT NULL,                -- order within the gateway
          request_id text NOT NULL, call_id text NOT NULL, parent text,
          time bigint NOT NULL,                    -- microseconds since 1970, UTC
          org text, team text, key_id text, "user" text,
          metadata json,                           -- object of strings; not jsonb, which would reorder it
          requested_model text NOT NULL,
          route text, task text, complexity text, experiment text, arm text, role text, provider text, model text,
          input_tokens bigint NOT NULL, cached_input_tokens bigint NOT NULL, cache_write_tokens bigint NOT NULL,
          output_tokens bigint NOT NULL, reasoning_tokens bigint NOT NULL,
          cost_nanos bigint NOT NULL,              -- nano-USD
          price_version text NOT NULL,
          latency_us bigint NOT NULL, first_token_us bigint,
          status text NOT NULL, error_code text,
          stream boolean NOT NULL, estimated boolean NOT NULL,
          tool text, hold text, settles_hold boolean NOT NULL,
          hash bytea NOT NULL,                     -- place in the chain of its gateway
          PRIMARY KEY (gateway, sequence)
        );
        -- Records come about in the order of their time, so a range of blocks has a range of times.
        CREATE INDEX usage_record_time ON purser.usage_record USING brin (time) WITH (pages_per_range = 16);
        CREATE UNIQUE INDEX usage_record_correction ON purser.usage_record (call_id) WHERE status IN ('in_doubt', 'refund');

        CREATE VIEW purser.usage AS SELECT
          g.host, to_timestamp(time / 1000000.0) AS at, request_id, call_id, parent, org, team, key_id, "user", metadata, requested_model,
          route, task, complexity, experiment, arm, role, provider, model, input_tokens, cached_input_tokens, cache_write_tokens,
          output_tokens, reasoning_tokens, cost_nanos / 1000000000.0 AS cost_usd, price_version, latency_us / 1000.0 AS latency_ms,
          first_token_us / 1000.0 AS first_token_ms, status, error_code, stream, tool, estimated
        FROM purser.usage_record JOIN purser.gateway AS g ON g.number = gateway;

        CREATE TABLE purser.client_key (
          id text PRIMARY KEY,
          digest bytea NOT NULL UNIQUE CHECK (length(digest) = 32), -- SHA-256 of the key
          team text NOT NULL,
          name text,
          models text,                             -- one per line; NULL: whatever the team may
          created bigint NOT NULL, expires bigint, revoked bigint -- microseconds since 1970, UTC
        );
        CREATE TABLE purser.key_change (number bigint NOT NULL);
        INSERT INTO purser.key_change VALUES (1);
        CREATE FUNCTION purser.note_key_change() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
          UPDATE purser.key_change SET number = number + 1;
          RETURN NULL;
        END $$;
        CREATE TRIGGER key_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON purser.client_key
          FOR EACH STATEMENT EXECUTE FUNCTION purser.note_key_change();

        -- One limit in one window. No gateway may use anything of it that is not leased to it here.
        CREATE TABLE purser.limit_window (
          identity text NOT NULL,
          starts bigint NOT NULL, ends bigint NOT NULL, -- microseconds since 1970; the ends of the range: never
          ceiling bigint NOT NULL CHECK (ceiling >= 0),
          spent bigint NOT NULL DEFAULT 0 CHECK (spent >= 0),
          leased bigint NOT NULL DEFAULT 0 CHECK (leased >= 0), -- and not spent
          overrun bigint NOT NULL DEFAULT 0 CHECK (overrun >= 0), -- what providers billed, or `fail: open` let through, beyond the ceiling
          wanted_until timestamptz,                -- somebody was refused: give back what is not needed
          PRIMARY KEY (identity, starts),
          CONSTRAINT never_overspent CHECK (spent + leased <= ceiling + overrun)
        );
        CREATE INDEX limit_window_end ON purser.limit_window (ends);

        -- What one gateway may use of it.
        CREATE TABLE purser.lease (
          identity text NOT NULL,
          starts bigint NOT NULL,
          gateway integer NOT NULL REFERENCES purser.gateway,
          granted bigint NOT NULL DEFAULT 0,
          used bigint NOT NULL DEFAULT 0 CHECK (used >= 0),
          expires timestamptz NOT NULL,
          PRIMARY KEY (identity, starts, gateway),
          FOREIGN KEY (identity, starts) REFERENCES purser.limit_window ON DELETE CASCADE,
          CONSTRAINT used_is_granted CHECK (used <= granted)
        );
        """,
        LeaseFunction.sql,
        // Tokens of kinds that came later: one-hour cache writes, sound in, sound out.
        """
        ALTER TABLE purser.usage_record ADD COLUMN further_tokens text;
        DROP VIEW purser.usage;
        CREATE VIEW purser.usage AS SELECT
          g.host, to_timestamp(time / 1000000.0) AS at, request_id, call_id, parent, org, team, key_id, "user", metadata, requested_model,
          route, task, complexity, experiment, arm, role, provider, model, input_tokens, cached_input_tokens, cache_write_tokens,
          output_tokens, reasoning_tokens, cost_nanos / 1000000000.0 AS cost_usd, price_version, latency_us / 1000.0 AS latency_ms,
          first_token_us / 1000.0 AS first_token_ms, status, error_code, stream, tool, estimated,
          coalesce(split_part(further_tokens, ',', 1)::bigint, 0) AS cache_write_1h_tokens,
          coalesce(split_part(further_tokens, ',', 2)::bigint, 0) AS audio_input_tokens,
          coalesce(split_part(further_tokens, ',', 3)::bigint, 0) AS audio_output_tokens,
          CASE WHEN price_version ~ '^(flex|priority|fast):' THEN split_part(price_version, ':', 1) ELSE 'standard' END AS service_tier
        FROM purser.usage_record JOIN purser.gateway AS g ON g.number = gateway;
        """,
        """
        -- What a call that ended without a final usage may have cost and used besides; NULL: nothing.
        ALTER TABLE purser.usage_record ADD COLUMN in_doubt_nanos bigint, ADD COLUMN in_doubt_tokens bigint;
        CREATE INDEX usage_record_doubt ON purser.usage_record (call_id) WHERE in_doubt_nanos IS NOT NULL;
        CREATE OR REPLACE VIEW purser.usage AS SELECT
          g.host, to_timestamp(time / 1000000.0) AS at, request_id, call_id, parent, org, team, key_id, "user", metadata, requested_model,
          route, task, complexity, experiment, arm, role, provider, model, input_tokens, cached_input_tokens, cache_write_tokens,
          output_tokens, reasoning_tokens, cost_nanos / 1000000000.0 AS cost_usd, price_version, latency_us / 1000.0 AS latency_ms,
          first_token_us / 1000.0 AS first_token_ms, status, error_code, stream, tool, estimated,
          coalesce(split_part(further_tokens, ',', 1)::bigint, 0) AS cache_write_1h_tokens,
          coalesce(split_part(further_tokens, ',', 2)::bigint, 0) AS audio_input_tokens,
          coalesce(split_part(further_tokens, ',', 3)::bigint, 0) AS audio_output_tokens,
          CASE WHEN price_version ~ '^(flex|priority|fast):' THEN split_part(price_version, ':', 1) ELSE 'standard' END AS service_tier,
          coalesce(in_doubt_nanos, 0) / 1000000000.0 AS in_doubt_usd, coalesce(in_doubt_tokens, 0) AS in_doubt_tokens
        FROM purser.usage_record JOIN purser.gateway AS g ON g.number = gateway;
        """,
    ]

    /// Brings the tables to this version; the first gateway that connects does it, the others wait.
    /// - Throws: `newerVersion`, `foreign`, `serverRefuses` when the role may not, `serverAway` …
    static func migrate(_ connection: PostgreSQLConnection) throws(LedgerFailure) {
        if try foundVersion(connection) == version { return }
        try connection.transaction { () throws(LedgerFailure) in
            // The key of the lock: an arbitrary number, the same in all versions.
            try connection.run("SELECT pg_advisory_xact_lock(5784712093271)")
            let found = try foundVersion(connection)
            if found == 0 { try begin(connection) }
            for (index, step) in steps.enumerated().dropFirst(found) {
                try connection.runScript(step)
                try connection.run("UPDATE purser.meta SET value = $1 WHERE name = 'version'", [String(index + 1)])
            }
        }
    }

    private static func begin(_ connection: PostgreSQLConnection) throws(LedgerFailure) {
        try connection.runScript(
            """
            CREATE SCHEMA IF NOT EXISTS purser;
            CREATE TABLE purser.meta (name text PRIMARY KEY, value text NOT NULL);
            INSERT INTO purser.meta VALUES ('application', 'purser'), ('version', '0')
            """)
    }

    /// The version of the tables that are there; zero when there are none.
    /// - Throws: `newerVersion`, `foreign`.
    static func foundVersion(_ connection: PostgreSQLConnection) throws(LedgerFailure) -> Int {
        let server = connection.target.description
        let tables = try connection.run(
            "SELECT count(*), count(*) FILTER (WHERE relname = 'meta') FROM pg_class WHERE relnamespace = to_regnamespace('purser') AND relkind = 'r'"
        )
        guard tables.number(0, 1) == 1 else {
            if tables.number(0, 0) == 0 { return 0 }
            throw .foreign(path: "the schema purser of " + server)
        }
        let row = try connection.run("SELECT value FROM purser.meta WHERE name = 'version'")
        guard let found = row.text(0, 0).flatMap({ Int($0) }), found >= 0 else { throw .foreign(path: "the schema purser of " + server) }
        if found > version { throw .newerVersion(path: server, found: found, supported: version) }
        return found
    }
}
