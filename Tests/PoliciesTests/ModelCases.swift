/// Errors of models: the whole text that is shown, with line, column and caret.
enum ModelCases {
    static let all: [DiagnosticCase] = [
        DiagnosticCase(
            "unknown provider",
            #"""
            providers:
              openai: {kind: openai, base_url: https://api.openai.com/v1, api_key: k}
            models:
              m: {provider: opnai, price: free}

            """#,
            gives: #"""
                main.yaml:4:17: error: unknown provider "opnai" (did you mean "openai"?)
                   4 |   m: {provider: opnai, price: free}
                     |                 ^

                """#),
        DiagnosticCase(
            "no provider",
            #"""
            providers:
              openai: {kind: openai, base_url: https://api.openai.com/v1, api_key: k}
            models:
              m: {price: free}

            """#,
            gives: #"""
                main.yaml:4:3: error: model "m" has no provider
                   4 |   m: {price: free}
                     |   ^

                """#),
        DiagnosticCase(
            "unknown key",
            #"""
            providers:
              openai: {kind: openai, base_url: https://api.openai.com/v1, api_key: k}
            models:
              openai/gpt-4o:
                provider: openai
                price: {input: 1, output: 2}
                contxt_window: 1

            """#,
            gives: #"""
                main.yaml:7:5: error: unknown key "contxt_window" in a model (did you mean "context_window"?)
                   7 |     contxt_window: 1
                     |     ^

                """#),
        DiagnosticCase(
            "context_window negative",
            #"""
            providers:
              openai: {kind: openai, base_url: https://api.openai.com/v1, api_key: k}
            models:
              openai/gpt-4o:
                provider: openai
                price: {input: 1, output: 2}
                context_window: -5

            """#,
            gives: #"""
                main.yaml:7:21: error: "context_window" must be a whole number from 1 to 1000000000
                   7 |     context_window: -5
                     |                     ^

                """#),
        DiagnosticCase(
            "max_output_tokens quoted",
            #"""
            providers:
              openai: {kind: openai, base_url: https://api.openai.com/v1, api_key: k}
            models:
              openai/gpt-4o:
                provider: openai
                price: {input: 1, output: 2}
                max_output_tokens: "5"

            """#,
            gives: #"""
                main.yaml:7:24: error: expected a whole number from 1 to 1000000000 for "max_output_tokens", found text
                   7 |     max_output_tokens: "5"
                     |                        ^

                """#),
        DiagnosticCase(
            "aliases not a list",
            #"""
            providers:
              openai: {kind: openai, base_url: https://api.openai.com/v1, api_key: k}
            models:
              openai/gpt-4o:
                provider: openai
                price: {input: 1, output: 2}
                aliases: four

            """#,
            gives: #"""
                main.yaml:7:14: error: expected a list of names for "aliases", found text
                   7 |     aliases: four
                     |              ^

                """#),
        DiagnosticCase(
            "alias with a star",
            #"""
            providers:
              openai: {kind: openai, base_url: https://api.openai.com/v1, api_key: k}
            models:
              openai/gpt-4o:
                provider: openai
                price: {input: 1, output: 2}
                aliases: ["four*"]

            """#,
            gives: #"""
                main.yaml:7:15: error: the alias "four*" has a *; only the name of a model can be a pattern
                   7 |     aliases: ["four*"]
                     |               ^

                """#),
        DiagnosticCase(
            "alias that is a number",
            #"""
            providers:
              openai: {kind: openai, base_url: https://api.openai.com/v1, api_key: k}
            models:
              openai/gpt-4o:
                provider: openai
                price: {input: 1, output: 2}
                aliases: [4]

            """#,
            gives: #"""
                main.yaml:7:15: error: expected text for "aliases", found a number; put it in quotes
                   7 |     aliases: [4]
                     |               ^

                """#),
        DiagnosticCase(
            "alias twice in one model",
            #"""
            providers:
              openai: {kind: openai, base_url: https://api.openai.com/v1, api_key: k}
            models:
              openai/gpt-4o:
                provider: openai
                price: {input: 1, output: 2}
                aliases: [a, a]

            """#,
            gives: #"""
                main.yaml:7:18: error: alias "a" is given twice, first at main.yaml:7:15
                   7 |     aliases: [a, a]
                     |                  ^

                """#),
        DiagnosticCase(
            "alias that is a name",
            #"""
            providers:
              openai: {kind: openai, base_url: https://api.openai.com/v1, api_key: k}
            models:
              a: {provider: openai, price: free, aliases: [b]}
              b: {provider: openai, price: free}

            """#,
            gives: #"""
                main.yaml:4:48: error: alias "b" is the name of a model already at main.yaml:5:3
                   4 |   a: {provider: openai, price: free, aliases: [b]}
                     |                                                ^

                """#),
        DiagnosticCase(
            "alias of two models",
            #"""
            providers:
              openai: {kind: openai, base_url: https://api.openai.com/v1, api_key: k}
            models:
              a: {provider: openai, price: free, aliases: [x]}
              b: {provider: openai, price: free, aliases: [x]}

            """#,
            gives: #"""
                main.yaml:5:48: error: alias "x" is given twice, first at main.yaml:4:48
                   5 |   b: {provider: openai, price: free, aliases: [x]}
                     |                                                ^

                """#),
        DiagnosticCase(
            "aliases of a pattern",
            #"""
            providers:
              openai: {kind: openai, base_url: https://api.openai.com/v1, api_key: k}
            models:
              a/*: {provider: openai, price: free, aliases: [x]}

            """#,
            gives: #"""
                main.yaml:4:49: error: a pattern cannot have aliases
                   4 |   a/*: {provider: openai, price: free, aliases: [x]}
                     |                                                 ^

                """#),
        DiagnosticCase(
            "star inside a name",
            #"""
            providers:
              openai: {kind: openai, base_url: https://api.openai.com/v1, api_key: k}
            models:
              a*b: {provider: openai, price: free}

            """#,
            gives: #"""
                main.yaml:4:3: error: the model name "a*b" has a * that is not at its end
                   4 |   a*b: {provider: openai, price: free}
                     |   ^

                """#),
        DiagnosticCase(
            "empty name",
            #"""
            providers:
              openai: {kind: openai, base_url: https://api.openai.com/v1, api_key: k}
            models:
              "": {provider: openai, price: free}

            """#,
            gives: #"""
                main.yaml:4:3: error: the model name "" is empty
                   4 |   "": {provider: openai, price: free}
                     |   ^

                """#),
        DiagnosticCase(
            "name that ends with a slash",
            #"""
            providers:
              openai: {kind: openai, base_url: https://api.openai.com/v1, api_key: k}
            models:
              a/: {provider: openai, price: free}

            """#,
            gives: #"""
                main.yaml:4:3: error: model "a/" ends with "/", so it needs an upstream_model
                   4 |   a/: {provider: openai, price: free}
                     |   ^

                """#),
        DiagnosticCase(
            "star in the upstream model",
            #"""
            providers:
              openai: {kind: openai, base_url: https://api.openai.com/v1, api_key: k}
            models:
              openai/gpt-4o:
                provider: openai
                price: {input: 1, output: 2}
                upstream_model: "a*"

            """#,
            gives: #"""
                main.yaml:7:21: error: a * in upstream_model stands for what a pattern matched, but "openai/gpt-4o" is no pattern
                   7 |     upstream_model: "a*"
                     |                     ^

                """#),
    ]
}
