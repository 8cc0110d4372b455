/// Errors of organizations: the whole text that is shown, with line, column and caret.
enum OrganizationCases {
    static let all: [DiagnosticCase] = [
        DiagnosticCase(
            "unknown model",
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
                    models: [openai/gpt-4p]

            """#,
            gives: #"""
                main.yaml:10:18: error: unknown model "openai/gpt-4p" (did you mean "openai/gpt-4o"?)
                  10 |         models: [openai/gpt-4p]
                     |                  ^

                """#),
        DiagnosticCase(
            "unknown alias",
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
                    models: [four, fuor]

            """#,
            gives: #"""
                main.yaml:10:24: error: unknown model "fuor" (did you mean "four"?)
                  10 |         models: [four, fuor]
                     |                        ^

                """#),
        DiagnosticCase(
            "unknown pattern",
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
                    models: ["opnai/*"]

            """#,
            gives: #"""
                main.yaml:10:18: error: no model and no pattern fits "opnai/*" (did you mean "openai/*"?)
                  10 |         models: ["opnai/*"]
                     |                  ^

                """#),
        DiagnosticCase(
            "star inside",
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
                    models: ["o*i/x"]

            """#,
            gives: #"""
                main.yaml:10:18: error: "o*i/x" has a * that is not at its end
                  10 |         models: ["o*i/x"]
                     |                  ^

                """#),
        DiagnosticCase(
            "models not a list",
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
                    models: four

            """#,
            gives: #"""
                main.yaml:10:17: error: expected a list of model names for "models", found text
                  10 |         models: four
                     |                 ^

                """#),
        DiagnosticCase(
            "team name with a slash",
            #"""
            organizations: {acme: {teams: {a/b: {}}}}

            """#,
            gives: #"""
                main.yaml:1:32: error: the team name "a/b" has a "/", which separates a team from its organization
                   1 | organizations: {acme: {teams: {a/b: {}}}}
                     |                                ^

                """#),
        DiagnosticCase(
            "organization name with a slash",
            #"""
            organizations: {a/b: {teams: {c: {}}}}

            """#,
            gives: #"""
                main.yaml:1:17: error: the organization name "a/b" has a "/", which separates a team from its organization
                   1 | organizations: {a/b: {teams: {c: {}}}}
                     |                 ^

                """#),
        DiagnosticCase(
            "unknown key of a team",
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
                    model: [four]

            """#,
            gives: #"""
                main.yaml:10:9: error: unknown key "model" in a team (did you mean "models"?)
                  10 |         model: [four]
                     |         ^

                """#),
    ]
}
