/// Errors of policy tests, time zones and classifiers: the whole text that is shown, with line, column and caret.
enum TestCases {
    static let all: [DiagnosticCase] = [
        DiagnosticCase(
            "every key of a test",
            #"""
            providers:
              p: {kind: openai, base_url: http://h}
            models:
              big: {provider: p, price: {input: 30, output: 60}}
              mini: {provider: p, price: {input: 0.15, output: 0.60}}
            tests:
              - {name: n, given: {model: mini, prompt: p, system: s, metadata: {a: b}, headers: {X-A: 1}, user: u, team: acme/x, key: ci, session: s, max_cost: 0.05, max_tokens: 10, tools: true, images: false, structured_output: true, stream: true, time: "2026-01-05T09:00:00", budget_left: 3, input_tokens: 7}, expect: {model: mini}}

            """#,
            gives: #"""

                """#),
        DiagnosticCase(
            "no request",
            #"""
            providers:
              p: {kind: openai, base_url: http://h}
            models:
              big: {provider: p, price: {input: 30, output: 60}}
              mini: {provider: p, price: {input: 0.15, output: 0.60}}
            tests:
              - {name: n, expect: {model: mini}}

            """#,
            gives: #"""
                main.yaml:7:5: error: the test has no "given"
                   7 |   - {name: n, expect: {model: mini}}
                     |     ^

                """#),
        DiagnosticCase(
            "nothing expected",
            #"""
            providers:
              p: {kind: openai, base_url: http://h}
            models:
              big: {provider: p, price: {input: 30, output: 60}}
              mini: {provider: p, price: {input: 0.15, output: 0.60}}
            tests:
              - {name: n, given: {model: mini, prompt: p}}
              - {name: m, given: {model: mini, prompt: p}, expect: {}}

            """#,
            gives: #"""
                main.yaml:7:5: error: the test has no "expect"
                   7 |   - {name: n, given: {model: mini, prompt: p}}
                     |     ^
                main.yaml:8:56: error: the test expects nothing
                   8 |   - {name: m, given: {model: mini, prompt: p}, expect: {}}
                     |                                                        ^

                """#),
        DiagnosticCase(
            "no model",
            #"""
            providers:
              p: {kind: openai, base_url: http://h}
            models:
              big: {provider: p, price: {input: 30, output: 60}}
              mini: {provider: p, price: {input: 0.15, output: 0.60}}
            tests:
              - {name: n, given: {prompt: p}, expect: {model: mini}}

            """#,
            gives: #"""
                main.yaml:7:22: error: the test gives no "model"
                   7 |   - {name: n, given: {prompt: p}, expect: {model: mini}}
                     |                      ^

                """#),
        DiagnosticCase(
            "an empty list of models",
            #"""
            providers:
              p: {kind: openai, base_url: http://h}
            models:
              big: {provider: p, price: {input: 30, output: 60}}
              mini: {provider: p, price: {input: 0.15, output: 0.60}}
            tests:
              - {name: n, given: {model: [], prompt: p}, expect: {model: mini}}

            """#,
            gives: #"""
                main.yaml:7:30: error: "model" has no models
                   7 |   - {name: n, given: {model: [], prompt: p}, expect: {model: mini}}
                     |                              ^

                """#),
        DiagnosticCase(
            "unknown key",
            #"""
            providers:
              p: {kind: openai, base_url: http://h}
            models:
              big: {provider: p, price: {input: 30, output: 60}}
              mini: {provider: p, price: {input: 0.15, output: 0.60}}
            tests:
              - {name: n, given: {model: mini, promt: p}, expect: {model: mini}}

            """#,
            gives: #"""
                main.yaml:7:36: error: unknown key "promt" in what is given (did you mean "prompt"?)
                   7 |   - {name: n, given: {model: mini, promt: p}, expect: {model: mini}}
                     |                                    ^

                """#),
        DiagnosticCase(
            "unknown expectation",
            #"""
            providers:
              p: {kind: openai, base_url: http://h}
            models:
              big: {provider: p, price: {input: 30, output: 60}}
              mini: {provider: p, price: {input: 0.15, output: 0.60}}
            tests:
              - {name: n, given: {model: mini, prompt: p}, expect: {mdoel: mini}}

            """#,
            gives: #"""
                main.yaml:7:57: error: unknown key "mdoel" in what is expected (did you mean "model"?)
                   7 |   - {name: n, given: {model: mini, prompt: p}, expect: {mdoel: mini}}
                     |                                                         ^

                """#),
        DiagnosticCase(
            "unknown model",
            #"""
            providers:
              p: {kind: openai, base_url: http://h}
            models:
              big: {provider: p, price: {input: 30, output: 60}}
              mini: {provider: p, price: {input: 0.15, output: 0.60}}
            tests:
              - {name: n, given: {model: mini, prompt: p}, expect: {model: mni}}

            """#,
            gives: #"""
                main.yaml:7:64: error: unknown model "mni" (did you mean "mini"?)
                   7 |   - {name: n, given: {model: mini, prompt: p}, expect: {model: mni}}
                     |                                                                ^

                """#),
        DiagnosticCase(
            "unknown task",
            #"""
            providers:
              p: {kind: openai, base_url: http://h}
            models:
              big: {provider: p, price: {input: 30, output: 60}}
              mini: {provider: p, price: {input: 0.15, output: 0.60}}
            tests:
              - {name: n, given: {model: mini, prompt: p}, expect: {task: codes}}

            """#,
            gives: #"""
                main.yaml:7:63: error: unknown task "codes" (did you mean "code"?)
                   7 |   - {name: n, given: {model: mini, prompt: p}, expect: {task: codes}}
                     |                                                               ^

                """#),
        DiagnosticCase(
            "unknown code",
            #"""
            providers:
              p: {kind: openai, base_url: http://h}
            models:
              big: {provider: p, price: {input: 30, output: 60}}
              mini: {provider: p, price: {input: 0.15, output: 0.60}}
            tests:
              - {name: n, given: {model: mini, prompt: p}, expect: {refused: max_cost_exceded}}

            """#,
            gives: #"""
                main.yaml:7:66: error: unknown code "max_cost_exceded" (did you mean "max_cost_exceeded"?)
                   7 |   - {name: n, given: {model: mini, prompt: p}, expect: {refused: max_cost_exceded}}
                     |                                                                  ^

                """#),
        DiagnosticCase(
            "far unknown code",
            #"""
            providers:
              p: {kind: openai, base_url: http://h}
            models:
              big: {provider: p, price: {input: 30, output: 60}}
              mini: {provider: p, price: {input: 0.15, output: 0.60}}
            tests:
              - {name: n, given: {model: mini, prompt: p}, expect: {refused: 402}}
              - {name: m, given: {model: mini, prompt: p}, expect: {refused: teapot}}

            """#,
            gives: #"""
                main.yaml:7:66: error: expected text for "refused", found a number; put it in quotes
                   7 |   - {name: n, given: {model: mini, prompt: p}, expect: {refused: 402}}
                     |                                                                  ^
                main.yaml:8:66: error: unknown code "teapot"; it must be one of invalid_request_error, model_not_allowed, model_not_found, max_cost_exceeded, no_healthy_upstream
                   8 |   - {name: m, given: {model: mini, prompt: p}, expect: {refused: teapot}}
                     |                                                                  ^

                """#),
        DiagnosticCase(
            "a prompt and messages",
            #"""
            providers:
              p: {kind: openai, base_url: http://h}
            models:
              big: {provider: p, price: {input: 30, output: 60}}
              mini: {provider: p, price: {input: 0.15, output: 0.60}}
            tests:
              - {name: n, given: {model: mini, prompt: p, messages: []}, expect: {model: mini}}

            """#,
            gives: #"""
                main.yaml:7:44: error: a test gives either a "prompt" or "messages", not both
                   7 |   - {name: n, given: {model: mini, prompt: p, messages: []}, expect: {model: mini}}
                     |                                            ^

                """#),
        DiagnosticCase(
            "unknown role",
            #"""
            providers:
              p: {kind: openai, base_url: http://h}
            models:
              big: {provider: p, price: {input: 30, output: 60}}
              mini: {provider: p, price: {input: 0.15, output: 0.60}}
            tests:
              - {name: n, given: {model: mini, messages: [{role: usr, content: x}]}, expect: {model: mini}}

            """#,
            gives: #"""
                main.yaml:7:54: error: unknown role "usr" (did you mean "user"?)
                   7 |   - {name: n, given: {model: mini, messages: [{role: usr, content: x}]}, expect: {model: mini}}
                     |                                                      ^

                """#),
        DiagnosticCase(
            "no role",
            #"""
            providers:
              p: {kind: openai, base_url: http://h}
            models:
              big: {provider: p, price: {input: 30, output: 60}}
              mini: {provider: p, price: {input: 0.15, output: 0.60}}
            tests:
              - {name: n, given: {model: mini, messages: [{content: x}]}, expect: {model: mini}}

            """#,
            gives: #"""
                main.yaml:7:47: error: the message has no "role"
                   7 |   - {name: n, given: {model: mini, messages: [{content: x}]}, expect: {model: mini}}
                     |                                               ^

                """#),
        DiagnosticCase(
            "a wrong amount",
            #"""
            providers:
              p: {kind: openai, base_url: http://h}
            models:
              big: {provider: p, price: {input: 30, output: 60}}
              mini: {provider: p, price: {input: 0.15, output: 0.60}}
            tests:
              - {name: n, given: {model: mini, prompt: p, max_cost: cheap}, expect: {model: mini}}

            """#,
            gives: #"""
                main.yaml:7:57: error: "max_cost" must be an amount in USD such as 0.05
                   7 |   - {name: n, given: {model: mini, prompt: p, max_cost: cheap}, expect: {model: mini}}
                     |                                                         ^

                """#),
        DiagnosticCase(
            "a wrong time",
            #"""
            providers:
              p: {kind: openai, base_url: http://h}
            models:
              big: {provider: p, price: {input: 30, output: 60}}
              mini: {provider: p, price: {input: 0.15, output: 0.60}}
            tests:
              - {name: n, given: {model: mini, prompt: p, time: noon}, expect: {model: mini}}

            """#,
            gives: #"""
                main.yaml:7:53: error: "time" must be a time such as 2026-01-05T09:00:00 or 2026-01-05T09:00:00+01:00
                   7 |   - {name: n, given: {model: mini, prompt: p, time: noon}, expect: {model: mini}}
                     |                                                     ^

                """#),
        DiagnosticCase(
            "a name twice",
            #"""
            providers:
              p: {kind: openai, base_url: http://h}
            models:
              big: {provider: p, price: {input: 30, output: 60}}
              mini: {provider: p, price: {input: 0.15, output: 0.60}}
            tests:
              - {name: n, given: {model: mini, prompt: p}, expect: {model: mini}}
              - {name: n, given: {model: mini, prompt: q}, expect: {model: mini}}

            """#,
            gives: #"""
                main.yaml:8:12: error: two tests are called "n", the first at main.yaml:7:12
                   8 |   - {name: n, given: {model: mini, prompt: q}, expect: {model: mini}}
                     |            ^

                """#),
        DiagnosticCase(
            "tests that are no list",
            #"""
            providers:
              p: {kind: openai, base_url: http://h}
            models:
              big: {provider: p, price: {input: 30, output: 60}}
              mini: {provider: p, price: {input: 0.15, output: 0.60}}
            tests: {a: b}

            """#,
            gives: #"""
                main.yaml:6:8: error: expected a list of tests for "tests", found a mapping
                   6 | tests: {a: b}
                     |        ^

                """#),
        DiagnosticCase(
            "unknown time zone",
            #"""
            providers:
              p: {kind: openai, base_url: http://h}
            models:
              big: {provider: p, price: {input: 30, output: 60}}
              mini: {provider: p, price: {input: 0.15, output: 0.60}}
            timezone: Europe/Berlim

            """#,
            gives: #"""
                main.yaml:6:11: error: unknown time zone "Europe/Berlim"; write a name of the time zone database such as Europe/Berlin (which has to be installed: tzdata), UTC, or a distance such as +02:00
                   6 | timezone: Europe/Berlim
                     |           ^

                """#),
        DiagnosticCase(
            "a time zone that leads out of the database",
            #"""
            providers:
              p: {kind: openai, base_url: http://h}
            models:
              big: {provider: p, price: {input: 30, output: 60}}
              mini: {provider: p, price: {input: 0.15, output: 0.60}}
            timezone: ../../etc/passwd

            """#,
            gives: #"""
                main.yaml:6:11: error: unknown time zone "../../etc/passwd"; write a name of the time zone database such as Europe/Berlin (which has to be installed: tzdata), UTC, or a distance such as +02:00
                   6 | timezone: ../../etc/passwd
                     |           ^

                """#),
        DiagnosticCase(
            "a distance that no clock has",
            #"""
            providers:
              p: {kind: openai, base_url: http://h}
            models:
              big: {provider: p, price: {input: 30, output: 60}}
              mini: {provider: p, price: {input: 0.15, output: 0.60}}
            timezone: "+99:00"

            """#,
            gives: #"""
                main.yaml:6:11: error: unknown time zone "+99:00"; write a name of the time zone database such as Europe/Berlin (which has to be installed: tzdata), UTC, or a distance such as +02:00
                   6 | timezone: "+99:00"
                     |           ^

                """#),
        DiagnosticCase(
            "a distance",
            #"""
            providers:
              p: {kind: openai, base_url: http://h}
            models:
              big: {provider: p, price: {input: 30, output: 60}}
              mini: {provider: p, price: {input: 0.15, output: 0.60}}
            timezone: "+05:30"

            """#,
            gives: #"""

                """#),
        DiagnosticCase(
            "a classifier that is not there",
            #"""
            providers:
              p: {kind: openai, base_url: http://h}
            models:
              big: {provider: p, price: {input: 30, output: 60}}
              mini: {provider: p, price: {input: 0.15, output: 0.60}}
            classifier: nothing.bin

            """#,
            gives: #"""
                main.yaml:6:13: error: the classifier "nothing.bin" cannot be read; its path is relative to the policies
                   6 | classifier: nothing.bin
                     |             ^

                """#),
        DiagnosticCase(
            "a classifier that is no path",
            #"""
            providers:
              p: {kind: openai, base_url: http://h}
            models:
              big: {provider: p, price: {input: 30, output: 60}}
              mini: {provider: p, price: {input: 0.15, output: 0.60}}
            classifier: [a]

            """#,
            gives: #"""
                main.yaml:6:13: error: expected text for "classifier", found a list
                   6 | classifier: [a]
                     |             ^

                """#),
    ]
}
