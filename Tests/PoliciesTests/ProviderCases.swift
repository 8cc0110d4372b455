/// Errors of providers: the whole text that is shown, with line, column and caret.
enum ProviderCases {
    static let all: [DiagnosticCase] = [
        DiagnosticCase(
            "a provider that is a text",
            #"""
            providers:
              openai: https://api.openai.com

            """#,
            gives: #"""
                main.yaml:2:11: error: expected a mapping that describes a provider for "openai", found text
                   2 |   openai: https://api.openai.com
                     |           ^

                """#),
        DiagnosticCase(
            "no kind",
            #"""
            providers:
              openai: {base_url: https://api.openai.com/v1}

            """#,
            gives: #"""
                main.yaml:2:3: error: provider "openai" has no kind
                   2 |   openai: {base_url: https://api.openai.com/v1}
                     |   ^

                """#),
        DiagnosticCase(
            "no base_url",
            #"""
            providers:
              openai: {kind: openai}

            """#,
            gives: #"""
                main.yaml:2:3: error: provider "openai" has no base_url
                   2 |   openai: {kind: openai}
                     |   ^

                """#),
        DiagnosticCase(
            "unknown kind",
            #"""
            providers:
              a: {kind: opena1, base_url: https://a.example}

            """#,
            gives: #"""
                main.yaml:2:13: error: unknown provider kind "opena1"; this version knows openai, anthropic, gemini, azure, bedrock (did you mean "openai"?)
                   2 |   a: {kind: opena1, base_url: https://a.example}
                     |             ^

                """#),
        DiagnosticCase(
            "kind of a wrong type",
            #"""
            providers:
              a: {kind: 4, base_url: https://a.example}

            """#,
            gives: #"""
                main.yaml:2:13: error: expected text for "kind", found a number; put it in quotes
                   2 |   a: {kind: 4, base_url: https://a.example}
                     |             ^

                """#),
        DiagnosticCase(
            "name too long",
            #"""
            providers:
              nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn: {kind: openai, base_url: https://a.example}

            """#,
            gives:
                "main.yaml:2:3: error: the provider name \"nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn\u{2026}\" is longer than 256 bytes\n   2 |   nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn\u{2026}\n     |   ^\n"
        ),
        DiagnosticCase(
            "name not printable",
            "providers:\n  caf\u{E9}: {kind: openai, base_url: https://a.example}\n",
            gives:
                "main.yaml:2:3: error: the provider name \"caf\u{E9}\" has characters other than printable ASCII\n   2 |   caf\u{E9}: {kind: openai, base_url: https://a.example}\n     |   ^\n"
        ),
        DiagnosticCase(
            "near unknown key",
            #"""
            providers:
              openai:
                kind: openai
                base_url: https://api.openai.com/v1
                base_ur: x

            """#,
            gives: #"""
                main.yaml:5:5: error: unknown key "base_ur" in a provider (did you mean "base_url"?)
                   5 |     base_ur: ***
                     |     ^

                """#),
        DiagnosticCase(
            "far unknown key",
            #"""
            providers:
              openai:
                kind: openai
                base_url: https://api.openai.com/v1
                zzz: x

            """#,
            gives: #"""
                main.yaml:5:5: error: unknown key "zzz" in a provider; valid keys are kind, base_url, api_key, api_version, region, access_key_id, secret_access_key, session_token, headers, ca_file, proxy, max_connections, http2, timeouts, retry, breaker, required
                   5 |     zzz: ***
                     |     ^

                """#),
        DiagnosticCase(
            "base_url scheme",
            #"""
            providers:
              a: {kind: openai, base_url: ftp://a.example}

            """#,
            gives: #"""
                main.yaml:2:31: error: the base_url must begin with https:// or http://
                   2 |   a: {kind: openai, base_url: ftp://a.example}
                     |                               ^

                """#),
        DiagnosticCase(
            "base_url credentials",
            #"""
            providers:
              a: {kind: openai, base_url: "https://u:secret@a.example"}

            """#,
            gives:
                "main.yaml:2:31: error: the base_url must not have credentials (\u{2026}@); use api_key or headers\n   2 |   a: {kind: openai, base_url: ***}\n     |                               ^\n"
        ),
        DiagnosticCase(
            "base_url query",
            #"""
            providers:
              a: {kind: openai, base_url: "https://a.example/v1?x=1"}

            """#,
            gives:
                "main.yaml:2:31: error: the base_url must not have a query (?\u{2026})\n   2 |   a: {kind: openai, base_url: ***}\n     |                               ^\n"
        ),
        DiagnosticCase(
            "base_url fragment",
            #"""
            providers:
              a: {kind: openai, base_url: "https://a.example/v1#x"}

            """#,
            gives:
                "main.yaml:2:31: error: the base_url must not have a fragment (#\u{2026})\n   2 |   a: {kind: openai, base_url: ***}\n     |                               ^\n"
        ),
        DiagnosticCase(
            "base_url without host",
            #"""
            providers:
              a: {kind: openai, base_url: "https:///v1"}

            """#,
            gives: #"""
                main.yaml:2:31: error: the base_url has no host
                   2 |   a: {kind: openai, base_url: "https:///v1"}
                     |                               ^

                """#),
        DiagnosticCase(
            "base_url port",
            #"""
            providers:
              a: {kind: openai, base_url: "https://a.example:70000"}

            """#,
            gives: #"""
                main.yaml:2:31: error: the base_url must have a port from 1 to 65535
                   2 |   a: {kind: openai, base_url: "https://a.example:70000"}
                     |                               ^

                """#),
        DiagnosticCase(
            "base_url space",
            #"""
            providers:
              a: {kind: openai, base_url: "https://a.example/ v1"}

            """#,
            gives: #"""
                main.yaml:2:31: error: the base_url has spaces or characters other than printable ASCII
                   2 |   a: {kind: openai, base_url: ***}
                     |                               ^

                """#),
        DiagnosticCase(
            "base_url dots",
            #"""
            providers:
              a: {kind: openai, base_url: "https://a.example/v1/../x"}

            """#,
            gives: #"""
                main.yaml:2:31: error: the base_url must not have "." or ".." in its path
                   2 |   a: {kind: openai, base_url: "https://a.example/v1/../x"}
                     |                               ^

                """#),
        DiagnosticCase(
            "empty api_key",
            #"""
            providers:
              openai:
                kind: openai
                base_url: https://api.openai.com/v1
                api_key: ""

            """#,
            gives: #"""
                main.yaml:5:14: error: the api_key is empty; leave it out when the provider needs none
                   5 |     api_key: ""
                     |              ^

                """#),
        DiagnosticCase(
            "api_key that is a number",
            #"""
            providers:
              openai:
                kind: openai
                base_url: https://api.openai.com/v1
                api_key: 12345678

            """#,
            gives: #"""
                main.yaml:5:14: error: expected text for "api_key", found a number; put it in quotes
                   5 |     api_key: ***
                     |              ^

                """#),
        DiagnosticCase(
            "api_key with a line break",
            #"""
            providers:
              openai:
                kind: openai
                base_url: https://api.openai.com/v1
                api_key: "abc\ndef"

            """#,
            gives: #"""
                main.yaml:5:14: error: the api_key must be at most 8192 bytes of visible ASCII, without spaces or line breaks
                   5 |     api_key: ***
                     |              ^

                """#),
        DiagnosticCase(
            "wrong reference",
            #"""
            providers:
              openai:
                kind: openai
                base_url: https://api.openai.com/v1
                api_key: ${MY-KEY}

            """#,
            gives: #"""
                main.yaml:5:14: error: "api_key" has a "${" that no variable name and "}" follow
                   5 |     api_key: ***
                     |              ^

                """#),
    ]
}
