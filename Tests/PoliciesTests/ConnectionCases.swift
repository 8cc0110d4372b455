/// Errors of a provider's timeouts and connections: the whole text that is shown, with line, column and caret.
enum ConnectionCases {
    static let all: [DiagnosticCase] = [
        DiagnosticCase(
            "max_connections too large",
            #"""
            providers:
              openai:
                kind: openai
                base_url: https://api.openai.com/v1
                max_connections: 10001

            """#,
            gives: #"""
                main.yaml:5:22: error: "max_connections" must be a whole number from 1 to 10000
                   5 |     max_connections: 10001
                     |                      ^

                """#),
        DiagnosticCase(
            "max_connections zero",
            #"""
            providers:
              openai:
                kind: openai
                base_url: https://api.openai.com/v1
                max_connections: 0

            """#,
            gives: #"""
                main.yaml:5:22: error: "max_connections" must be a whole number from 1 to 10000
                   5 |     max_connections: 0
                     |                      ^

                """#),
        DiagnosticCase(
            "max_connections text",
            #"""
            providers:
              openai:
                kind: openai
                base_url: https://api.openai.com/v1
                max_connections: many

            """#,
            gives: #"""
                main.yaml:5:22: error: expected a whole number from 1 to 10000 for "max_connections", found text
                   5 |     max_connections: many
                     |                      ^

                """#),
        DiagnosticCase(
            "max_connections fraction",
            #"""
            providers:
              openai:
                kind: openai
                base_url: https://api.openai.com/v1
                max_connections: 1.5

            """#,
            gives: #"""
                main.yaml:5:22: error: "max_connections" must be a whole number from 1 to 10000
                   5 |     max_connections: 1.5
                     |                      ^

                """#),
        DiagnosticCase(
            "http2 text",
            #"""
            providers:
              openai:
                kind: openai
                base_url: https://api.openai.com/v1
                http2: "yes"

            """#,
            gives: #"""
                main.yaml:5:12: error: expected true or false for "http2", found text
                   5 |     http2: "yes"
                     |            ^

                """#),
        DiagnosticCase(
            "timeout without unit",
            #"""
            providers:
              openai:
                kind: openai
                base_url: https://api.openai.com/v1
                timeouts: {connect: 5}

            """#,
            gives: #"""
                main.yaml:5:25: error: "connect" must be a whole number with a unit, such as 250ms, 30s, 5m or 1h
                   5 |     timeouts: {connect: 5}
                     |                         ^

                """#),
        DiagnosticCase(
            "timeout zero",
            #"""
            providers:
              openai:
                kind: openai
                base_url: https://api.openai.com/v1
                timeouts: {idle: 0s}

            """#,
            gives: #"""
                main.yaml:5:22: error: "idle" must be more than 0 and at most 24h
                   5 |     timeouts: {idle: 0s}
                     |                      ^

                """#),
        DiagnosticCase(
            "timeout too long",
            #"""
            providers:
              openai:
                kind: openai
                base_url: https://api.openai.com/v1
                timeouts: {total: 25h}

            """#,
            gives: #"""
                main.yaml:5:23: error: "total" must be more than 0 and at most 24h
                   5 |     timeouts: {total: 25h}
                     |                       ^

                """#),
        DiagnosticCase(
            "timeout unknown unit",
            #"""
            providers:
              openai:
                kind: openai
                base_url: https://api.openai.com/v1
                timeouts: {total: 5d}

            """#,
            gives: #"""
                main.yaml:5:23: error: "total" must be a whole number with a unit, such as 250ms, 30s, 5m or 1h
                   5 |     timeouts: {total: 5d}
                     |                       ^

                """#),
        DiagnosticCase(
            "unknown timeout",
            #"""
            providers:
              openai:
                kind: openai
                base_url: https://api.openai.com/v1
                timeouts: {first-byte: 5s}

            """#,
            gives: #"""
                main.yaml:5:16: error: unknown key "first-byte" in timeouts (did you mean "first_byte"?)
                   5 |     timeouts: {first-byte: 5s}
                     |                ^

                """#),
        DiagnosticCase(
            "required of a wrong type",
            #"""
            providers:
              openai:
                kind: openai
                base_url: https://api.openai.com/v1
                required: 1

            """#,
            gives: #"""
                main.yaml:5:15: error: expected true or false for "required", found a number
                   5 |     required: 1
                     |               ^

                """#),
        DiagnosticCase(
            "required and missing",
            #"""
            providers:
              a:
                kind: openai
                base_url: https://a.example
                api_key: ${ABSENT}
                required: true

            """#,
            gives: #"""
                main.yaml:5:14: error: ABSENT is not set in the environment, and provider "a" is required
                   5 |     api_key: ${ABSENT}
                     |              ^

                """#),
    ]
}
