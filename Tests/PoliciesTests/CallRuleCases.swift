/// Errors of provider kinds, retries and breakers: the whole text that is shown, with line, column and caret.
enum CallRuleCases {
    static let all: [DiagnosticCase] = [
        DiagnosticCase(
            "every key of retries and breakers",
            #"""
            providers:
              a: {kind: openai, base_url: http://h, retry: {attempts: 3, on: [connect, timeout, 408, 429, 5xx], backoff: 100ms}, breaker: {consecutive_failures: 3, failure_rate: 0.2, min_requests: 10, window: 30s, cooldown: 1m}}

            """#,
            gives: #"""

                """#),
        DiagnosticCase(
            "a breaker that is off",
            #"""
            providers:
              a: {kind: openai, base_url: http://h, breaker: off}

            """#,
            gives: #"""

                """#),
        DiagnosticCase(
            "attempts of zero",
            #"""
            providers:
              a: {kind: openai, base_url: http://h, retry: {attempts: 0}}

            """#,
            gives: #"""
                main.yaml:2:59: error: "attempts" must be a whole number from 1 to 10
                   2 |   a: {kind: openai, base_url: http://h, retry: {attempts: 0}}
                     |                                                           ^

                """#),
        DiagnosticCase(
            "unknown cause",
            #"""
            providers:
              a: {kind: openai, base_url: http://h, retry: {on: [conect]}}

            """#,
            gives: #"""
                main.yaml:2:54: error: unknown cause "conect" for a retry (did you mean "connect"?)
                   2 |   a: {kind: openai, base_url: http://h, retry: {on: [conect]}}
                     |                                                      ^

                """#),
        DiagnosticCase(
            "far unknown cause",
            #"""
            providers:
              a: {kind: openai, base_url: http://h, retry: {on: [404]}}

            """#,
            gives: #"""
                main.yaml:2:54: error: unknown cause "404" for a retry (did you mean "408"?)
                   2 |   a: {kind: openai, base_url: http://h, retry: {on: [404]}}
                     |                                                      ^

                """#),
        DiagnosticCase(
            "causes that are no list",
            #"""
            providers:
              a: {kind: openai, base_url: http://h, retry: {on: 429}}

            """#,
            gives: #"""
                main.yaml:2:53: error: expected a list of causes such as connect and 5xx for "on", found a number
                   2 |   a: {kind: openai, base_url: http://h, retry: {on: 429}}
                     |                                                     ^

                """#),
        DiagnosticCase(
            "a pause without a unit",
            #"""
            providers:
              a: {kind: openai, base_url: http://h, retry: {backoff: 250}}

            """#,
            gives: #"""
                main.yaml:2:58: error: "backoff" must be a whole number with a unit, such as 250ms, 30s, 5m or 1h
                   2 |   a: {kind: openai, base_url: http://h, retry: {backoff: 250}}
                     |                                                          ^

                """#),
        DiagnosticCase(
            "unknown key of a retry",
            #"""
            providers:
              a: {kind: openai, base_url: http://h, retry: {attempt: 2}}

            """#,
            gives: #"""
                main.yaml:2:49: error: unknown key "attempt" in retry rules (did you mean "attempts"?)
                   2 |   a: {kind: openai, base_url: http://h, retry: {attempt: 2}}
                     |                                                 ^

                """#),
        DiagnosticCase(
            "a rate above one",
            #"""
            providers:
              a: {kind: openai, base_url: http://h, breaker: {failure_rate: 50}}

            """#,
            gives: #"""
                main.yaml:2:65: error: "failure_rate" must be a number above 0 and at most 1, such as 0.5
                   2 |   a: {kind: openai, base_url: http://h, breaker: {failure_rate: 50}}
                     |                                                                 ^

                """#),
        DiagnosticCase(
            "a breaker that is on",
            #"""
            providers:
              a: {kind: openai, base_url: http://h, breaker: on}

            """#,
            gives: #"""
                main.yaml:2:50: error: expected a mapping that describes a breaker for "breaker", found text
                   2 |   a: {kind: openai, base_url: http://h, breaker: on}
                     |                                                  ^

                """#),
        DiagnosticCase(
            "unknown key of a breaker",
            #"""
            providers:
              a: {kind: openai, base_url: http://h, breaker: {cooldwon: 3s}}

            """#,
            gives: #"""
                main.yaml:2:51: error: unknown key "cooldwon" in a breaker (did you mean "cooldown"?)
                   2 |   a: {kind: openai, base_url: http://h, breaker: {cooldwon: 3s}}
                     |                                                   ^

                """#),
        DiagnosticCase(
            "all kinds",
            #"""
            providers:
              a: {kind: anthropic, api_key: k}
              g: {kind: gemini, api_key: k}
              z: {kind: azure, base_url: https://n.openai.azure.com, api_key: k, api_version: 2025-04-01-preview}
              b: {kind: bedrock, region: us-east-1, access_key_id: i, secret_access_key: s, session_token: t}

            """#,
            gives: #"""

                """#),
        DiagnosticCase(
            "azure without an address",
            #"""
            providers:
              a: {kind: azure, api_key: k}

            """#,
            gives: #"""
                main.yaml:2:3: error: provider "a" has no base_url
                   2 |   a: {kind: azure, api_key: ***}
                     |   ^

                """#),
        DiagnosticCase(
            "a wrong version",
            #"""
            providers:
              a: {kind: azure, base_url: http://h, api_version: 1 2}

            """#,
            gives: #"""
                main.yaml:2:53: error: "api_version" must be a version such as 2024-10-21 or 2025-04-01-preview
                   2 |   a: {kind: azure, base_url: http://h, api_version: 1 2}
                     |                                                     ^

                """#),
        DiagnosticCase(
            "a version for another kind",
            #"""
            providers:
              a: {kind: openai, base_url: http://h, api_version: 2024-10-21}

            """#,
            gives: #"""
                main.yaml:2:54: error: "api_version" belongs to providers of kind azure, and this one is openai
                   2 |   a: {kind: openai, base_url: http://h, api_version: 2024-10-21}
                     |                                                      ^

                """#),
        DiagnosticCase(
            "a region for another kind",
            #"""
            providers:
              a: {kind: anthropic, region: us-east-1}

            """#,
            gives: #"""
                main.yaml:2:32: error: "region" belongs to providers of kind bedrock, and this one is anthropic
                   2 |   a: {kind: anthropic, region: us-east-1}
                     |                                ^

                """#),
        DiagnosticCase(
            "two kinds of credentials for bedrock",
            #"""
            providers:
              a: {kind: bedrock, region: us-east-1, api_key: k, access_key_id: i, secret_access_key: s}

            """#,
            gives: #"""
                main.yaml:2:50: error: a bedrock provider has either an api_key or access_key_id and secret_access_key, not both
                   2 |   a: {kind: bedrock, region: us-east-1, api_key: ***, access_key_id: ***, secret_access_key: ***}
                     |                                                  ^

                """#),
        DiagnosticCase(
            "no region",
            #"""
            providers:
              a: {kind: bedrock, access_key_id: i, secret_access_key: s}

            """#,
            gives: #"""
                main.yaml:2:3: error: provider "a" has no region, and AWS_REGION is not set in the environment
                   2 |   a: {kind: bedrock, access_key_id: ***, secret_access_key: ***}
                     |   ^

                """#),
        DiagnosticCase(
            "a wrong region",
            #"""
            providers:
              a: {kind: bedrock, region: US/East, access_key_id: i, secret_access_key: s}

            """#,
            gives: #"""
                main.yaml:2:30: error: the region must be one such as us-east-1
                   2 |   a: {kind: bedrock, region: US/East, access_key_id: ***, secret_access_key: ***}
                     |                              ^

                """#),
        DiagnosticCase(
            "bedrock without credentials",
            #"""
            providers:
              a: {kind: bedrock, region: us-east-1}

            """#,
            gives: #"""
                main.yaml:2:3: notice: provider "a" is off: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set in the environment
                   2 |   a: {kind: bedrock, region: us-east-1}
                     |   ^

                """#),
        DiagnosticCase(
            "bedrock with half of the credentials",
            #"""
            providers:
              a: {kind: bedrock, region: us-east-1, access_key_id: i}

            """#,
            gives: #"""
                main.yaml:2:3: notice: provider "a" is off: AWS_SECRET_ACCESS_KEY is not set in the environment
                   2 |   a: {kind: bedrock, region: us-east-1, access_key_id: ***}
                     |   ^

                """#),
        DiagnosticCase(
            "a secret with a space",
            #"""
            providers:
              a: {kind: bedrock, region: us-east-1, access_key_id: i, secret_access_key: "very secret"}

            """#,
            gives: #"""
                main.yaml:2:78: error: "secret_access_key" must be visible ASCII, without spaces or line breaks
                   2 |   a: {kind: bedrock, region: us-east-1, access_key_id: ***, secret_access_key: ***}
                     |                                                                                ^

                """#),
    ]
}
