/// Errors of rules: the whole text that is shown, with line, column and caret.
enum RouteCases {
    static let all: [DiagnosticCase] = [
        DiagnosticCase(
            "a rule without conditions before others",
            #"""
            providers:
              p: {kind: openai, base_url: http://h}
            models:
              big: {provider: p, price: {input: 30, output: 60}}
              mini: {provider: p, price: {input: 0.15, output: 0.60}}
              v:
                route:
                  - {use: mini}
                  - {when: {task: code}, use: big}

            """#,
            gives: #"""
                main.yaml:9:9: error: the rule is never reached: the one at main.yaml:8:9 has no conditions
                   9 |       - {when: {task: code}, use: big}
                     |         ^
                main.yaml:9:9: notice: a request that no rule fits is refused, because the last rule has conditions too; add a rule without "when"
                   9 |       - {when: {task: code}, use: big}
                     |         ^

                """#),
        DiagnosticCase(
            "a rule that an earlier one covers",
            #"""
            providers:
              p: {kind: openai, base_url: http://h}
            models:
              big: {provider: p, price: {input: 30, output: 60}}
              mini: {provider: p, price: {input: 0.15, output: 0.60}}
              v:
                route:
                  - {when: {task: [code, math]}, use: big}
                  - {when: {task: code, complexity: high}, use: mini}
                  - {use: mini}

            """#,
            gives: #"""
                main.yaml:9:9: error: the rule is never reached: the one at main.yaml:8:9 holds whenever this one does
                   9 |       - {when: {task: code, complexity: high}, use: mini}
                     |         ^

                """#),
        DiagnosticCase(
            "a number that an earlier rule covers",
            #"""
            providers:
              p: {kind: openai, base_url: http://h}
            models:
              big: {provider: p, price: {input: 30, output: 60}}
              mini: {provider: p, price: {input: 0.15, output: 0.60}}
              v:
                route:
                  - {when: {input_tokens: ">1000"}, use: big}
                  - {when: {input_tokens: "2000..3000"}, use: mini}
                  - {use: mini}

            """#,
            gives: #"""
                main.yaml:9:9: error: the rule is never reached: the one at main.yaml:8:9 holds whenever this one does
                   9 |       - {when: {input_tokens: "2000..3000"}, use: mini}
                     |         ^

                """#),
        DiagnosticCase(
            "rules that overlap are fine",
            #"""
            providers:
              p: {kind: openai, base_url: http://h}
            models:
              big: {provider: p, price: {input: 30, output: 60}}
              mini: {provider: p, price: {input: 0.15, output: 0.60}}
              v:
                route:
                  - {when: {input_tokens: ">1000"}, use: big}
                  - {when: {input_tokens: ">500"}, use: mini}
                  - {when: {task: code}, use: big}
                  - {use: mini}

            """#,
            gives: #"""

                """#),
        DiagnosticCase(
            "no rule for all others",
            #"""
            providers:
              p: {kind: openai, base_url: http://h}
            models:
              big: {provider: p, price: {input: 30, output: 60}}
              mini: {provider: p, price: {input: 0.15, output: 0.60}}
              v:
                route:
                  - {when: {task: code}, use: big}

            """#,
            gives: #"""
                main.yaml:8:9: notice: a request that no rule fits is refused, because the last rule has conditions too; add a rule without "when"
                   8 |       - {when: {task: code}, use: big}
                     |         ^

                """#),
        DiagnosticCase(
            "no rules",
            #"""
            providers:
              p: {kind: openai, base_url: http://h}
            models:
              big: {provider: p, price: {input: 30, output: 60}}
              mini: {provider: p, price: {input: 0.15, output: 0.60}}
              v: {route: []}

            """#,
            gives: #"""
                main.yaml:6:14: error: the route has no rules
                   6 |   v: {route: []}
                     |              ^

                """#),
        DiagnosticCase(
            "rules that are no list",
            #"""
            providers:
              p: {kind: openai, base_url: http://h}
            models:
              big: {provider: p, price: {input: 30, output: 60}}
              mini: {provider: p, price: {input: 0.15, output: 0.60}}
              v: {route: {task: code}}

            """#,
            gives: #"""
                main.yaml:6:14: error: expected a list of rules for "route", found a mapping
                   6 |   v: {route: {task: code}}
                     |              ^

                """#),
        DiagnosticCase(
            "a rule that is no mapping",
            #"""
            providers:
              p: {kind: openai, base_url: http://h}
            models:
              big: {provider: p, price: {input: 30, output: 60}}
              mini: {provider: p, price: {input: 0.15, output: 0.60}}
              v:
                route:
                  - mini

            """#,
            gives: #"""
                main.yaml:8:9: error: expected a mapping that describes a rule for "route", found text
                   8 |       - mini
                     |         ^

                """#),
        DiagnosticCase(
            "no target",
            #"""
            providers:
              p: {kind: openai, base_url: http://h}
            models:
              big: {provider: p, price: {input: 30, output: 60}}
              mini: {provider: p, price: {input: 0.15, output: 0.60}}
              v:
                route:
                  - {when: {task: code}}
                  - {use: mini}

            """#,
            gives: #"""
                main.yaml:8:9: error: the rule has no "use", "among" or "fallback"
                   8 |       - {when: {task: code}}
                     |         ^

                """#),
        DiagnosticCase(
            "two kinds of target",
            #"""
            providers:
              p: {kind: openai, base_url: http://h}
            models:
              big: {provider: p, price: {input: 30, output: 60}}
              mini: {provider: p, price: {input: 0.15, output: 0.60}}
              v:
                route:
                  - {use: mini, among: [big], prefer: cheapest}

            """#,
            gives: #"""
                main.yaml:8:15: error: a rule has either "use" or "among", not both
                   8 |       - {use: mini, among: [big], prefer: cheapest}
                     |               ^

                """#),
        DiagnosticCase(
            "among without prefer",
            #"""
            providers:
              p: {kind: openai, base_url: http://h}
            models:
              big: {provider: p, price: {input: 30, output: 60}}
              mini: {provider: p, price: {input: 0.15, output: 0.60}}
              v:
                route:
                  - {among: [big, mini]}

            """#,
            gives: #"""
                main.yaml:8:17: error: "among" needs "prefer: cheapest", "fastest" or "best"
                   8 |       - {among: [big, mini]}
                     |                 ^

                """#),
        DiagnosticCase(
            "prefer without among",
            #"""
            providers:
              p: {kind: openai, base_url: http://h}
            models:
              big: {provider: p, price: {input: 30, output: 60}}
              mini: {provider: p, price: {input: 0.15, output: 0.60}}
              v:
                route:
                  - {use: big, prefer: cheapest}

            """#,
            gives: #"""
                main.yaml:8:28: error: "prefer" goes with "among" only
                   8 |       - {use: big, prefer: cheapest}
                     |                            ^

                """#),
        DiagnosticCase(
            "unknown preference",
            #"""
            providers:
              p: {kind: openai, base_url: http://h}
            models:
              big: {provider: p, price: {input: 30, output: 60}}
              mini: {provider: p, price: {input: 0.15, output: 0.60}}
              v:
                route:
                  - {among: [big, mini], prefer: cheap}

            """#,
            gives: #"""
                main.yaml:8:38: error: unknown preference "cheap" (did you mean "cheapest"?)
                   8 |       - {among: [big, mini], prefer: cheap}
                     |                                      ^

                """#),
        DiagnosticCase(
            "best without quality",
            #"""
            providers:
              p: {kind: openai, base_url: http://h}
            models:
              big: {provider: p, price: {input: 30, output: 60}}
              mini: {provider: p, price: {input: 0.15, output: 0.60}}
              v:
                route:
                  - {among: [big, mini], prefer: best}

            """#,
            gives: #"""
                main.yaml:8:38: error: "prefer: best" compares "quality", which the model "big" does not have
                   8 |       - {among: [big, mini], prefer: best}
                     |                                      ^

                """#),
        DiagnosticCase(
            "unknown model",
            #"""
            providers:
              p: {kind: openai, base_url: http://h}
            models:
              big: {provider: p, price: {input: 30, output: 60}}
              mini: {provider: p, price: {input: 0.15, output: 0.60}}
              v:
                route:
                  - {use: minni}

            """#,
            gives: #"""
                main.yaml:8:15: error: unknown model "minni" (did you mean "mini"?)
                   8 |       - {use: minni}
                     |               ^

                """#),
        DiagnosticCase(
            "unknown model in a fallback",
            #"""
            providers:
              p: {kind: openai, base_url: http://h}
            models:
              big: {provider: p, price: {input: 30, output: 60}}
              mini: {provider: p, price: {input: 0.15, output: 0.60}}
              v:
                route:
                  - {use: mini, fallback: [bigg]}

            """#,
            gives: #"""
                main.yaml:8:32: error: unknown model "bigg" (did you mean "big"?)
                   8 |       - {use: mini, fallback: [bigg]}
                     |                                ^

                """#),
        DiagnosticCase(
            "a model twice",
            #"""
            providers:
              p: {kind: openai, base_url: http://h}
            models:
              big: {provider: p, price: {input: 30, output: 60}}
              mini: {provider: p, price: {input: 0.15, output: 0.60}}
              v:
                route:
                  - {use: mini, fallback: [mini]}

            """#,
            gives: #"""
                main.yaml:8:31: error: the model "mini" is in this list already
                   8 |       - {use: mini, fallback: [mini]}
                     |                               ^

                """#),
        DiagnosticCase(
            "a name twice",
            #"""
            providers:
              p: {kind: openai, base_url: http://h}
            models:
              big: {provider: p, price: {input: 30, output: 60}}
              mini: {provider: p, price: {input: 0.15, output: 0.60}}
              v:
                route:
                  - {name: a, when: {tools: true}, use: mini}
                  - {name: a, use: big}

            """#,
            gives: #"""
                main.yaml:9:9: error: two rules are called "a", the first at main.yaml:8:9
                   9 |       - {name: a, use: big}
                     |         ^

                """#),
        DiagnosticCase(
            "a number as name",
            #"""
            providers:
              p: {kind: openai, base_url: http://h}
            models:
              big: {provider: p, price: {input: 30, output: 60}}
              mini: {provider: p, price: {input: 0.15, output: 0.60}}
              v:
                route:
                  - {name: "2", use: mini}

            """#,
            gives: #"""
                main.yaml:8:16: error: the rule name "2" is a number; rules without a name have theirs as name
                   8 |       - {name: "2", use: mini}
                     |                ^

                """#),
        DiagnosticCase(
            "unknown key",
            #"""
            providers:
              p: {kind: openai, base_url: http://h}
            models:
              big: {provider: p, price: {input: 30, output: 60}}
              mini: {provider: p, price: {input: 0.15, output: 0.60}}
              v:
                route:
                  - {whne: {task: code}, use: mini}

            """#,
            gives: #"""
                main.yaml:8:10: error: unknown key "whne" in a rule (did you mean "when"?)
                   8 |       - {whne: {task: code}, use: mini}
                     |          ^

                """#),
        DiagnosticCase(
            "servers for tools",
            #"""
            providers:
              p: {kind: openai, base_url: http://h}
            models:
              big: {provider: p, price: {input: 30, output: 60}}
              mini: {provider: p, price: {input: 0.15, output: 0.60}}
              v:
                route:
                  - {use: mini, mcp_servers: [search]}

            """#,
            gives: #"""
                main.yaml:8:35: error: there is no MCP server "search"
                   8 |       - {use: mini, mcp_servers: [search]}
                     |                                   ^

                """#),
        DiagnosticCase(
            "unknown condition",
            #"""
            providers:
              p: {kind: openai, base_url: http://h}
            models:
              big: {provider: p, price: {input: 30, output: 60}}
              mini: {provider: p, price: {input: 0.15, output: 0.60}}
              v:
                route:
                  - {when: {taks: code}, use: mini}
                  - {use: big}

            """#,
            gives: #"""
                main.yaml:8:17: error: unknown condition "taks" (did you mean "task"?)
                   8 |       - {when: {taks: code}, use: mini}
                     |                 ^

                """#),
        DiagnosticCase(
            "far unknown condition",
            #"""
            providers:
              p: {kind: openai, base_url: http://h}
            models:
              big: {provider: p, price: {input: 30, output: 60}}
              mini: {provider: p, price: {input: 0.15, output: 0.60}}
              v:
                route:
                  - {when: {moon: full}, use: mini}
                  - {use: big}

            """#,
            gives: #"""
                main.yaml:8:17: error: unknown condition "moon"; valid conditions are task, complexity, complexity_score, input_tokens, max_cost, tools, images, structured_output, stream, language, header.NAME, metadata.NAME, user, team, key, budget_left, time_of_day, weekday
                   8 |       - {when: {moon: full}, use: mini}
                     |                 ^

                """#),
        DiagnosticCase(
            "unknown task",
            #"""
            providers:
              p: {kind: openai, base_url: http://h}
            models:
              big: {provider: p, price: {input: 30, output: 60}}
              mini: {provider: p, price: {input: 0.15, output: 0.60}}
              v:
                route:
                  - {when: {task: coding}, use: mini}
                  - {use: big}

            """#,
            gives: #"""
                main.yaml:8:23: error: unknown task "coding"; it must be one of code, math, creative, analysis, simple, search, extract, translate, summarize
                   8 |       - {when: {task: coding}, use: mini}
                     |                       ^

                """#),
        DiagnosticCase(
            "far unknown task",
            #"""
            providers:
              p: {kind: openai, base_url: http://h}
            models:
              big: {provider: p, price: {input: 30, output: 60}}
              mini: {provider: p, price: {input: 0.15, output: 0.60}}
              v:
                route:
                  - {when: {task: poetry}, use: mini}
                  - {use: big}

            """#,
            gives: #"""
                main.yaml:8:23: error: unknown task "poetry"; it must be one of code, math, creative, analysis, simple, search, extract, translate, summarize
                   8 |       - {when: {task: poetry}, use: mini}
                     |                       ^

                """#),
        DiagnosticCase(
            "unknown complexity",
            #"""
            providers:
              p: {kind: openai, base_url: http://h}
            models:
              big: {provider: p, price: {input: 30, output: 60}}
              mini: {provider: p, price: {input: 0.15, output: 0.60}}
              v:
                route:
                  - {when: {complexity: hihg}, use: mini}
                  - {use: big}

            """#,
            gives: #"""
                main.yaml:8:29: error: unknown complexity "hihg" (did you mean "high"?)
                   8 |       - {when: {complexity: hihg}, use: mini}
                     |                             ^

                """#),
        DiagnosticCase(
            "an item twice",
            #"""
            providers:
              p: {kind: openai, base_url: http://h}
            models:
              big: {provider: p, price: {input: 30, output: 60}}
              mini: {provider: p, price: {input: 0.15, output: 0.60}}
              v:
                route:
                  - {when: {task: [code, code]}, use: mini}
                  - {use: big}

            """#,
            gives: #"""
                main.yaml:8:30: error: "code" is in this list already
                   8 |       - {when: {task: [code, code]}, use: mini}
                     |                              ^

                """#),
        DiagnosticCase(
            "an empty list",
            #"""
            providers:
              p: {kind: openai, base_url: http://h}
            models:
              big: {provider: p, price: {input: 30, output: 60}}
              mini: {provider: p, price: {input: 0.15, output: 0.60}}
              v:
                route:
                  - {when: {task: []}, use: mini}
                  - {use: big}

            """#,
            gives: #"""
                main.yaml:8:23: error: "task" can never hold: its list is empty
                   8 |       - {when: {task: []}, use: mini}
                     |                       ^

                """#),
        DiagnosticCase(
            "a condition without a value",
            #"""
            providers:
              p: {kind: openai, base_url: http://h}
            models:
              big: {provider: p, price: {input: 30, output: 60}}
              mini: {provider: p, price: {input: 0.15, output: 0.60}}
              v:
                route:
                  - {when: {task: }, use: mini}
                  - {use: big}

            """#,
            gives: #"""
                main.yaml:8:23: error: the condition "task" has no value
                   8 |       - {when: {task: }, use: mini}
                     |                       ^

                """#),
        DiagnosticCase(
            "numbers that contradict each other",
            #"""
            providers:
              p: {kind: openai, base_url: http://h}
            models:
              big: {provider: p, price: {input: 30, output: 60}}
              mini: {provider: p, price: {input: 0.15, output: 0.60}}
              v:
                route:
                  - {when: {complexity_score: ">0.5 <0.2"}, use: mini}
                  - {use: big}

            """#,
            gives: #"""
                main.yaml:8:35: error: "complexity_score" can never hold: no number is >0.5 <0.2 and from 0 to 1
                   8 |       - {when: {complexity_score: ">0.5 <0.2"}, use: mini}
                     |                                   ^

                """#),
        DiagnosticCase(
            "a score above one",
            #"""
            providers:
              p: {kind: openai, base_url: http://h}
            models:
              big: {provider: p, price: {input: 30, output: 60}}
              mini: {provider: p, price: {input: 0.15, output: 0.60}}
              v:
                route:
                  - {when: {complexity_score: ">1"}, use: mini}
                  - {use: big}

            """#,
            gives: #"""
                main.yaml:8:35: error: "complexity_score" can never hold: no number is >1 and from 0 to 1
                   8 |       - {when: {complexity_score: ">1"}, use: mini}
                     |                                   ^

                """#),
        DiagnosticCase(
            "a negative ceiling",
            #"""
            providers:
              p: {kind: openai, base_url: http://h}
            models:
              big: {provider: p, price: {input: 30, output: 60}}
              mini: {provider: p, price: {input: 0.15, output: 0.60}}
              v:
                route:
                  - {when: {max_cost: "<0"}, use: mini}
                  - {use: big}

            """#,
            gives: #"""
                main.yaml:8:27: error: "max_cost" can never hold: no number is <0 and not negative
                   8 |       - {when: {max_cost: "<0"}, use: mini}
                     |                           ^

                """#),
        DiagnosticCase(
            "an empty range",
            #"""
            providers:
              p: {kind: openai, base_url: http://h}
            models:
              big: {provider: p, price: {input: 30, output: 60}}
              mini: {provider: p, price: {input: 0.15, output: 0.60}}
              v:
                route:
                  - {when: {input_tokens: "500..100"}, use: mini}
                  - {use: big}

            """#,
            gives: #"""
                main.yaml:8:31: error: "input_tokens" can never hold: no number is 500..100 and not negative
                   8 |       - {when: {input_tokens: "500..100"}, use: mini}
                     |                               ^

                """#),
        DiagnosticCase(
            "no number",
            #"""
            providers:
              p: {kind: openai, base_url: http://h}
            models:
              big: {provider: p, price: {input: 30, output: 60}}
              mini: {provider: p, price: {input: 0.15, output: 0.60}}
              v:
                route:
                  - {when: {max_cost: ">= five"}, use: mini}
                  - {use: big}

            """#,
            gives: #"""
                main.yaml:8:27: error: "max_cost" must be a number, a comparison such as ">=0.05", or a range such as "0.2..0.5"
                   8 |       - {when: {max_cost: ">= five"}, use: mini}
                     |                           ^

                """#),
        DiagnosticCase(
            "a flag that is no boolean",
            #"""
            providers:
              p: {kind: openai, base_url: http://h}
            models:
              big: {provider: p, price: {input: 30, output: 60}}
              mini: {provider: p, price: {input: 0.15, output: 0.60}}
              v:
                route:
                  - {when: {tools: some}, use: mini}
                  - {use: big}

            """#,
            gives: #"""
                main.yaml:8:24: error: expected true or false for "tools", found text
                   8 |       - {when: {tools: some}, use: mini}
                     |                        ^

                """#),
        DiagnosticCase(
            "a language by its name",
            #"""
            providers:
              p: {kind: openai, base_url: http://h}
            models:
              big: {provider: p, price: {input: 30, output: 60}}
              mini: {provider: p, price: {input: 0.15, output: 0.60}}
              v:
                route:
                  - {when: {language: german}, use: mini}
                  - {use: big}

            """#,
            gives: #"""
                main.yaml:8:27: error: "german" is no language code of two letters, such as en, de or zh
                   8 |       - {when: {language: german}, use: mini}
                     |                           ^

                """#),
        DiagnosticCase(
            "a header with a space",
            #"""
            providers:
              p: {kind: openai, base_url: http://h}
            models:
              big: {provider: p, price: {input: 30, output: 60}}
              mini: {provider: p, price: {input: 0.15, output: 0.60}}
              v:
                route:
                  - {when: {"header.x y": a}, use: mini}
                  - {use: big}

            """#,
            gives: #"""
                main.yaml:8:17: error: header "x y" is not a valid header name
                   8 |       - {when: {"header.x y": a}, use: mini}
                     |                 ^

                """#),
        DiagnosticCase(
            "a header with a credential",
            #"""
            providers:
              p: {kind: openai, base_url: http://h}
            models:
              big: {provider: p, price: {input: 30, output: 60}}
              mini: {provider: p, price: {input: 0.15, output: 0.60}}
              v:
                route:
                  - {when: {header.Authorization: "Bearer x"}, use: mini}
                  - {use: big}

            """#,
            gives: #"""
                main.yaml:8:17: error: "header.Authorization" carries a credential, which conditions do not see; use "key" or "team"
                   8 |       - {when: {header.Authorization: ***}, use: mini}
                     |                 ^

                """#),
        DiagnosticCase(
            "a star in the middle",
            #"""
            providers:
              p: {kind: openai, base_url: http://h}
            models:
              big: {provider: p, price: {input: 30, output: 60}}
              mini: {provider: p, price: {input: 0.15, output: 0.60}}
              v:
                route:
                  - {when: {user: "a*b"}, use: mini}
                  - {use: big}

            """#,
            gives: #"""
                main.yaml:8:23: error: "a*b" has a * that is not at its end
                   8 |       - {when: {user: "a*b"}, use: mini}
                     |                       ^

                """#),
        DiagnosticCase(
            "no time",
            #"""
            providers:
              p: {kind: openai, base_url: http://h}
            models:
              big: {provider: p, price: {input: 30, output: 60}}
              mini: {provider: p, price: {input: 0.15, output: 0.60}}
              v:
                route:
                  - {when: {time_of_day: noon}, use: mini}
                  - {use: big}

            """#,
            gives: #"""
                main.yaml:8:30: error: "time_of_day" must be a span such as "9:00-17:00" or a comparison such as ">=18:00"
                   8 |       - {when: {time_of_day: noon}, use: mini}
                     |                              ^

                """#),
        DiagnosticCase(
            "a time that does not exist",
            #"""
            providers:
              p: {kind: openai, base_url: http://h}
            models:
              big: {provider: p, price: {input: 30, output: 60}}
              mini: {provider: p, price: {input: 0.15, output: 0.60}}
              v:
                route:
                  - {when: {time_of_day: "9:00-25:00"}, use: mini}
                  - {use: big}

            """#,
            gives: #"""
                main.yaml:8:30: error: "time_of_day" must be a span such as "9:00-17:00" or a comparison such as ">=18:00"
                   8 |       - {when: {time_of_day: "9:00-25:00"}, use: mini}
                     |                              ^

                """#),
        DiagnosticCase(
            "a span without a minute",
            #"""
            providers:
              p: {kind: openai, base_url: http://h}
            models:
              big: {provider: p, price: {input: 30, output: 60}}
              mini: {provider: p, price: {input: 0.15, output: 0.60}}
              v:
                route:
                  - {when: {time_of_day: "9:00-9:00"}, use: mini}
                  - {use: big}

            """#,
            gives: #"""
                main.yaml:8:30: error: "time_of_day" can never hold: 9:00-9:00 has no minute
                   8 |       - {when: {time_of_day: "9:00-9:00"}, use: mini}
                     |                              ^

                """#),
        DiagnosticCase(
            "no weekday",
            #"""
            providers:
              p: {kind: openai, base_url: http://h}
            models:
              big: {provider: p, price: {input: 30, output: 60}}
              mini: {provider: p, price: {input: 0.15, output: 0.60}}
              v:
                route:
                  - {when: {weekday: someday}, use: mini}
                  - {use: big}

            """#,
            gives: #"""
                main.yaml:8:26: error: "someday" is no day of the week; write mon, tue, wed, thu, fri, sat, sun, or a span such as mon-fri
                   8 |       - {when: {weekday: someday}, use: mini}
                     |                          ^

                """#),
        DiagnosticCase(
            "unknown team",
            #"""
            providers:
              p: {kind: openai, base_url: http://h}
            models:
              big: {provider: p, price: {input: 30, output: 60}}
              mini: {provider: p, price: {input: 0.15, output: 0.60}}
              v:
                route:
                  - {when: {team: acme/reserch}, use: mini}
                  - {use: big}
            organizations: {acme: {teams: {research: {}}}}

            """#,
            gives: #"""
                main.yaml:8:23: error: unknown team "acme/reserch" (did you mean "acme/research"?)
                   8 |       - {when: {team: acme/reserch}, use: mini}
                     |                       ^

                """#),
    ]
}
