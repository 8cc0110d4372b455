/// Errors of prices: the whole text that is shown, with line, column and caret.
enum PriceCases {
    static let all: [DiagnosticCase] = [
        DiagnosticCase(
            "negative price",
            #"""
            providers:
              openai: {kind: openai, base_url: https://api.openai.com/v1, api_key: k}
            models:
              m:
                provider: openai
                price: {input: -1, output: 2}

            """#,
            gives: #"""
                main.yaml:6:20: error: the price "input" must not be negative
                   6 |     price: {input: -1, output: 2}
                     |                    ^

                """#),
        DiagnosticCase(
            "ten places",
            #"""
            providers:
              openai: {kind: openai, base_url: https://api.openai.com/v1, api_key: k}
            models:
              m:
                provider: openai
                price: {input: 0.0000000001, output: 2}

            """#,
            gives: #"""
                main.yaml:6:20: error: the price "input" has more than 9 decimal places
                   6 |     price: {input: 0.0000000001, output: 2}
                     |                    ^

                """#),
        DiagnosticCase(
            "price above the limit",
            #"""
            providers:
              openai: {kind: openai, base_url: https://api.openai.com/v1, api_key: k}
            models:
              m:
                provider: openai
                price: {input: 1, output: 100000.000000001}

            """#,
            gives: #"""
                main.yaml:6:31: error: the price "output" is more than 100000 USD per million tokens
                   6 |     price: {input: 1, output: 100000.000000001}
                     |                               ^

                """#),
        DiagnosticCase(
            "price too large for the number",
            #"""
            providers:
              openai: {kind: openai, base_url: https://api.openai.com/v1, api_key: k}
            models:
              m:
                provider: openai
                price: {input: 99999999999999999999, output: 1}

            """#,
            gives: #"""
                main.yaml:6:20: error: the price "input" is more than 100000 USD per million tokens
                   6 |     price: {input: 99999999999999999999, output: 1}
                     |                    ^

                """#),
        DiagnosticCase(
            "price with an exponent",
            #"""
            providers:
              openai: {kind: openai, base_url: https://api.openai.com/v1, api_key: k}
            models:
              m:
                provider: openai
                price: {input: 1e-3, output: 2}

            """#,
            gives: #"""
                main.yaml:6:20: error: the price "input" must be a decimal such as 0.15, without exponent or unit
                   6 |     price: {input: 1e-3, output: 2}
                     |                    ^

                """#),
        DiagnosticCase(
            "price with a currency",
            #"""
            providers:
              openai: {kind: openai, base_url: https://api.openai.com/v1, api_key: k}
            models:
              m:
                provider: openai
                price: {input: $1, output: 2}

            """#,
            gives: #"""
                main.yaml:6:20: error: the price "input" must be a decimal such as 0.15, without exponent or unit
                   6 |     price: {input: $1, output: 2}
                     |                    ^

                """#),
        DiagnosticCase(
            "price that is a list",
            #"""
            providers:
              openai: {kind: openai, base_url: https://api.openai.com/v1, api_key: k}
            models:
              m:
                provider: openai
                price: {input: [1], output: 2}

            """#,
            gives: #"""
                main.yaml:6:20: error: expected a price in USD per million tokens for "input", found a list
                   6 |     price: {input: [1], output: 2}
                     |                    ^

                """#),
        DiagnosticCase(
            "price without output",
            #"""
            providers:
              openai: {kind: openai, base_url: https://api.openai.com/v1, api_key: k}
            models:
              m:
                provider: openai
                price: {input: 1}

            """#,
            gives: #"""
                main.yaml:6:12: error: the price has no "output"; write 0 when it costs nothing
                   6 |     price: {input: 1}
                     |            ^

                """#),
        DiagnosticCase(
            "unknown price",
            #"""
            providers:
              openai: {kind: openai, base_url: https://api.openai.com/v1, api_key: k}
            models:
              m:
                provider: openai
                price: {input: 1, output: 2, cached: 1}

            """#,
            gives: #"""
                main.yaml:6:34: error: unknown key "cached" in a price (did you mean "cached_input"?)
                   6 |     price: {input: 1, output: 2, cached: 1}
                     |                                  ^

                """#),
        DiagnosticCase(
            "price that is a number",
            #"""
            providers:
              openai: {kind: openai, base_url: https://api.openai.com/v1, api_key: k}
            models:
              m:
                provider: openai
                price: 5

            """#,
            gives: #"""
                main.yaml:6:12: error: "price" must be "free" or a mapping such as {input: 0.15, output: 0.60}
                   6 |     price: 5
                     |            ^

                """#),
        DiagnosticCase(
            "price and unpriced",
            #"""
            providers:
              openai: {kind: openai, base_url: https://api.openai.com/v1, api_key: k}
            models:
              m:
                provider: openai
                price: free
                unpriced: allow

            """#,
            gives: #"""
                main.yaml:7:15: error: a model has either a price or "unpriced: allow", not both
                   7 |     unpriced: allow
                     |               ^

                """#),
        DiagnosticCase(
            "unpriced: deny",
            #"""
            providers:
              openai: {kind: openai, base_url: https://api.openai.com/v1, api_key: k}
            models:
              m: {provider: openai, unpriced: deny}

            """#,
            gives: #"""
                main.yaml:4:35: error: "unpriced" can only be "allow"
                   4 |   m: {provider: openai, unpriced: deny}
                     |                                   ^

                """#),
        DiagnosticCase(
            "no price",
            #"""
            providers:
              openai: {kind: openai, base_url: https://api.openai.com/v1, api_key: k}
            models:
              m: {provider: openai}

            """#,
            gives: #"""
                main.yaml:4:3: notice: model "m" is not served, because it has no price; give it one, or "price: free", or "unpriced: allow"
                   4 |   m: {provider: openai}
                     |   ^

                """#),
    ]
}
