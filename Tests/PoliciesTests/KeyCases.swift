/// Errors of keys: the whole text that is shown, with line, column and caret.
enum KeyCases {
    static let all: [DiagnosticCase] = [
        DiagnosticCase(
            "key without name",
            #"""
            providers:
              openai: {kind: openai, base_url: https://api.openai.com/v1, api_key: k}
            models:
              openai/gpt-4o: {provider: openai, price: free, aliases: [four]}
              openai/ft-*: {provider: openai, price: free}
            organizations:
              acme:
                teams:
                  research:
                    keys: [{sha256: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa}]

            """#,
            gives: #"""
                main.yaml:10:16: error: the key has no name
                  10 |         keys: [{sha256: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa}]
                     |                ^

                """#),
        DiagnosticCase(
            "key without hash",
            #"""
            providers:
              openai: {kind: openai, base_url: https://api.openai.com/v1, api_key: k}
            models:
              openai/gpt-4o: {provider: openai, price: free, aliases: [four]}
              openai/ft-*: {provider: openai, price: free}
            organizations:
              acme:
                teams:
                  research:
                    keys: [{name: ci}]

            """#,
            gives: #"""
                main.yaml:10:16: error: the key has no sha256
                  10 |         keys: [{name: ci}]
                     |                ^

                """#),
        DiagnosticCase(
            "hash too short",
            #"""
            providers:
              openai: {kind: openai, base_url: https://api.openai.com/v1, api_key: k}
            models:
              openai/gpt-4o: {provider: openai, price: free, aliases: [four]}
              openai/ft-*: {provider: openai, price: free}
            organizations:
              acme:
                teams:
                  research:
                    keys: [{name: ci, sha256: abcd}]

            """#,
            gives: #"""
                main.yaml:10:35: error: "sha256" must be 64 hexadecimal digits: the SHA-256 of the key, not the key
                  10 |         keys: [{name: ci, sha256: ***}]
                     |                                   ^

                """#),
        DiagnosticCase(
            "key that is a text",
            #"""
            providers:
              openai: {kind: openai, base_url: https://api.openai.com/v1, api_key: k}
            models:
              openai/gpt-4o: {provider: openai, price: free, aliases: [four]}
              openai/ft-*: {provider: openai, price: free}
            organizations:
              acme:
                teams:
                  research:
                    keys: [purser-1234567890]

            """#,
            gives: #"""
                main.yaml:10:16: error: expected a mapping that describes a key for "keys", found text
                  10 |         keys: [***]
                     |                ^

                """#),
        DiagnosticCase(
            "unknown key of a key",
            #"""
            providers:
              openai: {kind: openai, base_url: https://api.openai.com/v1, api_key: k}
            models:
              openai/gpt-4o: {provider: openai, price: free, aliases: [four]}
              openai/ft-*: {provider: openai, price: free}
            organizations:
              acme:
                teams:
                  research:
                    keys: [{name: ci, sha256: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa, secrt: x}]

            """#,
            gives: #"""
                main.yaml:10:101: error: unknown key "secrt" in a key; valid keys are name, sha256, models, expires, limits, metadata
                  10 |         keys: [{name: ci, sha256: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa, secrt: ***}]
                     |                                                                                                     ^

                """#),
        DiagnosticCase(
            "hash twice",
            #"""
            providers:
              openai: {kind: openai, base_url: https://api.openai.com/v1, api_key: k}
            models:
              openai/gpt-4o: {provider: openai, price: free, aliases: [four]}
              openai/ft-*: {provider: openai, price: free}
            organizations:
              acme:
                teams:
                  research:
                    keys:
                      - {name: a, sha256: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa}
                      - {name: b, sha256: AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA}

            """#,
            gives: #"""
                main.yaml:12:31: error: two keys have this sha256, the first at main.yaml:11:31
                  12 |           - {name: b, sha256: AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA}
                     |                               ^

                """#),
        DiagnosticCase(
            "key name twice",
            #"""
            providers:
              openai: {kind: openai, base_url: https://api.openai.com/v1, api_key: k}
            models:
              openai/gpt-4o: {provider: openai, price: free, aliases: [four]}
              openai/ft-*: {provider: openai, price: free}
            organizations:
              acme:
                teams:
                  research:
                    keys:
                      - {name: a, sha256: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa}
                      - {name: a, sha256: bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb}

            """#,
            gives: #"""
                main.yaml:12:20: error: key "a" of this team is defined twice, first at main.yaml:11:20
                  12 |           - {name: a, sha256: bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb}
                     |                    ^

                """#),
        DiagnosticCase(
            "wrong date",
            #"""
            providers:
              openai: {kind: openai, base_url: https://api.openai.com/v1, api_key: k}
            models:
              openai/gpt-4o: {provider: openai, price: free, aliases: [four]}
              openai/ft-*: {provider: openai, price: free}
            organizations:
              acme:
                teams:
                  research:
                    keys: [{name: ci, sha256: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa, expires: 2027-02-30}]

            """#,
            gives: #"""
                main.yaml:10:110: error: "expires" must be a date such as 2027-01-01 or 2027-01-01T12:00:00Z
                  10 |         keys: [{name: ci, sha256: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa, expires: 2027-02-30}]
                     |                                                                                                              ^

                """#),
        DiagnosticCase(
            "expired",
            #"""
            providers:
              openai: {kind: openai, base_url: https://api.openai.com/v1, api_key: k}
            models:
              openai/gpt-4o: {provider: openai, price: free, aliases: [four]}
              openai/ft-*: {provider: openai, price: free}
            organizations:
              acme:
                teams:
                  research:
                    keys: [{name: ci, sha256: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa, expires: 2020-01-01}]

            """#,
            gives: #"""
                main.yaml:10:110: notice: the key has expired: it is not taken since 2020-01-01
                  10 |         keys: [{name: ci, sha256: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa, expires: 2020-01-01}]
                     |                                                                                                              ^

                """#),
        DiagnosticCase(
            "metadata of a wrong type",
            #"""
            providers:
              openai: {kind: openai, base_url: https://api.openai.com/v1, api_key: k}
            models:
              openai/gpt-4o: {provider: openai, price: free, aliases: [four]}
              openai/ft-*: {provider: openai, price: free}
            organizations:
              acme:
                teams:
                  research:
                    keys: [{name: ci, sha256: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa, metadata: {a: 5}}]

            """#,
            gives: #"""
                main.yaml:10:115: error: expected text for "a", found a number; put it in quotes
                  10 |         keys: [{name: ci, sha256: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa, metadata: {a: 5}}]
                     |                                                                                                                   ^

                """#),
        DiagnosticCase(
            "unknown model of a key",
            #"""
            providers:
              openai: {kind: openai, base_url: https://api.openai.com/v1, api_key: k}
            models:
              openai/gpt-4o: {provider: openai, price: free, aliases: [four]}
              openai/ft-*: {provider: openai, price: free}
            organizations:
              acme:
                teams:
                  research:
                    keys: [{name: ci, sha256: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa, models: [fuor]}]

            """#,
            gives: #"""
                main.yaml:10:110: error: unknown model "fuor" (did you mean "four"?)
                  10 |         keys: [{name: ci, sha256: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa, models: [fuor]}]
                     |                                                                                                              ^

                """#),
    ]
}
