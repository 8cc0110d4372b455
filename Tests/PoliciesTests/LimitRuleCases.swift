/// Errors of limits: the whole text that is shown, with line, column and caret.
enum LimitRuleCases {
    static let all: [DiagnosticCase] = [
        DiagnosticCase(
            "nothing is counted",
            #"""
            organizations:
              acme:
                limits:
                  - {per: day}

            """#,
            gives: #"""
                main.yaml:4:9: error: the limit does not say what it counts; give it one of usd, tokens, requests, concurrent
                   4 |       - {per: day}
                     |         ^

                """#),
        DiagnosticCase(
            "two things are counted",
            #"""
            organizations:
              acme:
                limits:
                  - {usd: 5, tokens: 100, per: day}

            """#,
            gives: #"""
                main.yaml:4:26: error: a limit counts one thing, and this one has "usd" and "tokens"; write two limits
                   4 |       - {usd: 5, tokens: 100, per: day}
                     |                          ^

                """#),
        DiagnosticCase(
            "not a limit",
            #"""
            organizations:
              acme:
                limits:
                  - 5 USD per day

            """#,
            gives: #"""
                main.yaml:4:9: error: expected a mapping that describes a limit for "limits", found text
                   4 |       - 5 USD per day
                     |         ^

                """#),
        DiagnosticCase(
            "limits that are no list",
            #"""
            organizations:
              acme:
                limits: {usd: 5, per: day}

            """#,
            gives: #"""
                main.yaml:3:13: error: expected a list of limits such as {usd: 50, per: day} for "limits", found a mapping
                   3 |     limits: {usd: 5, per: day}
                     |             ^

                """#),
        DiagnosticCase(
            "misspelt kind",
            #"""
            organizations:
              acme:
                limits:
                  - {request: 600, per: minute}

            """#,
            gives: #"""
                main.yaml:4:10: error: unknown key "request" in a limit (did you mean "requests"?)
                   4 |       - {request: ***, per: minute}
                     |          ^

                """#),
        DiagnosticCase(
            "unknown key",
            #"""
            organizations:
              acme:
                limits:
                  - {usd: 5, per: day, hard: true}

            """#,
            gives: #"""
                main.yaml:4:28: error: unknown key "hard" in a limit; valid keys are usd, tokens, requests, concurrent, per, models, soft, webhook, wait
                   4 |       - {usd: 5, per: day, hard: ***}
                     |                            ^

                """#),
        DiagnosticCase(
            "negative amount",
            #"""
            organizations:
              acme:
                limits:
                  - {usd: -5, per: day}

            """#,
            gives: #"""
                main.yaml:4:15: error: "usd" must not be negative
                   4 |       - {usd: -5, per: day}
                     |               ^

                """#),
        DiagnosticCase(
            "negative count",
            #"""
            organizations:
              acme:
                limits:
                  - {requests: -1, per: day}

            """#,
            gives: #"""
                main.yaml:4:20: error: "requests" must be a whole number from 0 to 1000000000000000
                   4 |       - {requests: -1, per: day}
                     |                    ^

                """#),
        DiagnosticCase(
            "amount with a unit",
            #"""
            organizations:
              acme:
                limits:
                  - {usd: "$5", per: day}

            """#,
            gives: #"""
                main.yaml:4:15: error: "usd" must be a decimal such as 0.15, without exponent or unit
                   4 |       - {usd: "$5", per: day}
                     |               ^

                """#),
        DiagnosticCase(
            "amount with an exponent",
            #"""
            organizations:
              acme:
                limits:
                  - {usd: 1e9, per: day}

            """#,
            gives: #"""
                main.yaml:4:15: error: "usd" must be a decimal such as 0.15, without exponent or unit
                   4 |       - {usd: 1e9, per: day}
                     |               ^

                """#),
        DiagnosticCase(
            "more than nine places",
            #"""
            organizations:
              acme:
                limits:
                  - {usd: 0.0000000001, per: day}

            """#,
            gives: #"""
                main.yaml:4:15: error: "usd" has more than 9 decimal places
                   4 |       - {usd: 0.0000000001, per: day}
                     |               ^

                """#),
        DiagnosticCase(
            "absurd amount",
            #"""
            organizations:
              acme:
                limits:
                  - {usd: 1000000000.000000001, per: total}

            """#,
            gives: #"""
                main.yaml:4:15: error: "usd" is more than 1000000000; leave the limit out when nothing is to be limited
                   4 |       - {usd: 1000000000.000000001, per: total}
                     |               ^

                """#),
        DiagnosticCase(
            "amount that overflows",
            #"""
            organizations:
              acme:
                limits:
                  - {usd: 99999999999999999999999999, per: total}

            """#,
            gives: #"""
                main.yaml:4:15: error: "usd" is more than 1000000000; leave the limit out when nothing is to be limited
                   4 |       - {usd: 99999999999999999999999999, per: total}
                     |               ^

                """#),
        DiagnosticCase(
            "count that overflows",
            #"""
            organizations:
              acme:
                limits:
                  - {tokens: 99999999999999999999999999, per: total}

            """#,
            gives: #"""
                main.yaml:4:18: error: "tokens" must be a whole number from 0 to 1000000000000000
                   4 |       - {tokens: 99999999999999999999999999, per: total}
                     |                  ^

                """#),
        DiagnosticCase(
            "count with a fraction",
            #"""
            organizations:
              acme:
                limits:
                  - {requests: 1.5, per: day}

            """#,
            gives: #"""
                main.yaml:4:20: error: "requests" must be a whole number from 0 to 1000000000000000
                   4 |       - {requests: 1.5, per: day}
                     |                    ^

                """#),
        DiagnosticCase(
            "count in words",
            #"""
            organizations:
              acme:
                limits:
                  - {requests: many, per: day}

            """#,
            gives: #"""
                main.yaml:4:20: error: expected a whole number from 0 to 1000000000000000 for "requests", found text
                   4 |       - {requests: many, per: day}
                     |                    ^

                """#),
        DiagnosticCase(
            "absurd concurrency",
            #"""
            organizations:
              acme:
                limits:
                  - {concurrent: 1000001}

            """#,
            gives: #"""
                main.yaml:4:22: error: "concurrent" must be a whole number from 0 to 1000000
                   4 |       - {concurrent: 1000001}
                     |                      ^

                """#),
        DiagnosticCase(
            "missing per",
            #"""
            organizations:
              acme:
                limits:
                  - {usd: 5}

            """#,
            gives: #"""
                main.yaml:4:9: error: the limit has no "per"; say over which time it counts: minute, hour, day, week, month, total
                   4 |       - {usd: 5}
                     |         ^

                """#),
        DiagnosticCase(
            "per of concurrent",
            #"""
            organizations:
              acme:
                limits:
                  - {concurrent: 5, per: minute}

            """#,
            gives: #"""
                main.yaml:4:30: error: "concurrent" counts the requests under way now; leave "per" out
                   4 |       - {concurrent: 5, per: minute}
                     |                              ^

                """#),
        DiagnosticCase(
            "misspelt period",
            #"""
            organizations:
              acme:
                limits:
                  - {usd: 5, per: mounth}

            """#,
            gives: #"""
                main.yaml:4:23: error: unknown period "mounth" (did you mean "month"?)
                   4 |       - {usd: 5, per: mounth}
                     |                       ^

                """#),
        DiagnosticCase(
            "unknown period",
            #"""
            organizations:
              acme:
                limits:
                  - {usd: 5, per: quarter}

            """#,
            gives: #"""
                main.yaml:4:23: error: unknown period "quarter"; it must be one of minute, hour, day, week, month, total
                   4 |       - {usd: 5, per: quarter}
                     |                       ^

                """#),
        DiagnosticCase(
            "period that is no text",
            #"""
            organizations:
              acme:
                limits:
                  - {usd: 5, per: [day]}

            """#,
            gives: #"""
                main.yaml:4:23: error: expected one of minute, hour, day, week, month, total for "per", found a list
                   4 |       - {usd: 5, per: [day]}
                     |                       ^

                """#),
        DiagnosticCase(
            "wait for a soft limit",
            #"""
            organizations:
              acme:
                limits:
                  - {usd: 5, per: day, soft: true, wait: 2s}

            """#,
            gives: #"""
                main.yaml:4:46: error: a soft limit refuses nothing, so nothing waits for it; leave "wait" or "soft" out
                   4 |       - {usd: 5, per: day, soft: true, wait: 2s}
                     |                                              ^

                """#),
        DiagnosticCase(
            "wait for too long",
            #"""
            organizations:
              acme:
                limits:
                  - {requests: 5, per: minute, wait: 11m}

            """#,
            gives: #"""
                main.yaml:4:42: error: "wait" must be more than 0 and at most 10m
                   4 |       - {requests: 5, per: minute, wait: 11m}
                     |                                          ^

                """#),
        DiagnosticCase(
            "wait for no time",
            #"""
            organizations:
              acme:
                limits:
                  - {requests: 5, per: minute, wait: 0s}

            """#,
            gives: #"""
                main.yaml:4:42: error: "wait" must be more than 0 and at most 10m
                   4 |       - {requests: 5, per: minute, wait: 0s}
                     |                                          ^

                """#),
        DiagnosticCase(
            "wait without a unit",
            #"""
            organizations:
              acme:
                limits:
                  - {requests: 5, per: minute, wait: 2}

            """#,
            gives: #"""
                main.yaml:4:42: error: "wait" must be a whole number with a unit, such as 250ms, 30s, 5m or 1h
                   4 |       - {requests: 5, per: minute, wait: 2}
                     |                                          ^

                """#),
        DiagnosticCase(
            "soft concurrent",
            #"""
            organizations:
              acme:
                limits:
                  - {concurrent: 5, soft: true}

            """#,
            gives: #"""
                main.yaml:4:31: error: a soft limit tells once in every window, and "concurrent" has none; leave "soft" out
                   4 |       - {concurrent: 5, soft: true}
                     |                               ^

                """#),
        DiagnosticCase(
            "soft in words",
            #"""
            organizations:
              acme:
                limits:
                  - {usd: 5, per: day, soft: yes}

            """#,
            gives: #"""
                main.yaml:4:34: error: expected true or false for "soft", found text
                   4 |       - {usd: 5, per: day, soft: yes}
                     |                                  ^

                """#),
        DiagnosticCase(
            "webhook of a hard limit",
            #"""
            organizations:
              acme:
                limits:
                  - {usd: 5, per: day, webhook: "https://hooks.example/T0/secret"}

            """#,
            gives: #"""
                main.yaml:4:37: error: a webhook goes with a soft limit; add "soft: true", or leave it out
                   4 |       - {usd: 5, per: day, webhook: ***}
                     |                                     ^

                """#),
        DiagnosticCase(
            "webhook of what is not soft",
            #"""
            organizations:
              acme:
                limits:
                  - {usd: 5, per: day, soft: false, webhook: "https://hooks.example/T0/secret"}

            """#,
            gives: #"""
                main.yaml:4:50: error: a webhook goes with a soft limit; add "soft: true", or leave it out
                   4 |       - {usd: 5, per: day, soft: false, webhook: ***}
                     |                                                  ^

                """#),
        DiagnosticCase(
            "webhook without encryption",
            #"""
            organizations:
              acme:
                limits:
                  - {usd: 5, per: day, soft: true, webhook: "http://hooks.example/T0/secret"}

            """#,
            gives: #"""
                main.yaml:4:49: error: the webhook must begin with https://; http:// is for this machine only (127.0.0.1, [::1], localhost)
                   4 |       - {usd: 5, per: day, soft: true, webhook: ***}
                     |                                                 ^

                """#),
        DiagnosticCase(
            "webhook on something like this machine",
            #"""
            organizations:
              acme:
                limits:
                  - {usd: 5, per: day, soft: true, webhook: "http://127.0.0.1.example/T0/secret"}

            """#,
            gives: #"""
                main.yaml:4:49: error: the webhook must begin with https://; http:// is for this machine only (127.0.0.1, [::1], localhost)
                   4 |       - {usd: 5, per: day, soft: true, webhook: ***}
                     |                                                 ^

                """#),
        DiagnosticCase(
            "webhook with credentials",
            #"""
            organizations:
              acme:
                limits:
                  - {usd: 5, per: day, soft: true, webhook: "https://bot:hunter2@hooks.example"}

            """#,
            gives: #"""
                main.yaml:4:49: error: the webhook must not have credentials (…@)
                   4 |       - {usd: 5, per: day, soft: true, webhook: ***}
                     |                                                 ^

                """#),
        DiagnosticCase(
            "webhook that is no address",
            #"""
            organizations:
              acme:
                limits:
                  - {usd: 5, per: day, soft: true, webhook: "T0/secret"}

            """#,
            gives: #"""
                main.yaml:4:49: error: the webhook must begin with https:// or http://
                   4 |       - {usd: 5, per: day, soft: true, webhook: ***}
                     |                                                 ^

                """#),
        DiagnosticCase(
            "webhook with a broken variable",
            #"""
            organizations:
              acme:
                limits:
                  - {usd: 5, per: day, soft: true, webhook: "https://hooks.example/${T-0}"}

            """#,
            gives: #"""
                main.yaml:4:49: error: "webhook" has a "${" that no variable name and "}" follow
                   4 |       - {usd: 5, per: day, soft: true, webhook: ***}
                     |                                                 ^

                """#),
        DiagnosticCase(
            "webhook under another name",
            #"""
            organizations:
              acme:
                limits:
                  - {usd: 5, per: day, soft: true, web_hook: "https://hooks.example/T0/secret"}

            """#,
            gives: #"""
                main.yaml:4:40: error: unknown key "web_hook" in a limit (did you mean "webhook"?)
                   4 |       - {usd: 5, per: day, soft: true, web_hook: ***}
                     |                                        ^

                """#),
        DiagnosticCase(
            "webhook whose variable is missing",
            #"""
            organizations:
              acme:
                limits:
                  - {usd: 5, per: day, soft: true, webhook: "${ALERTS_URL}"}

            """#,
            gives: #"""
                policies: notice: no providers are defined, so no model can be served
                main.yaml:4:49: notice: the limit has no webhook: ALERTS_URL is not set in the environment
                   4 |       - {usd: 5, per: day, soft: true, webhook: "${ALERTS_URL}"}
                     |                                                 ^

                """#),
        DiagnosticCase(
            "two limits that differ in the amount only",
            #"""
            organizations:
              acme:
                limits:
                  - {usd: 5, per: day}
                  - {usd: 5, per: month}
                  - {usd: 6, per: day}

            """#,
            gives: #"""
                main.yaml:6:9: error: this limit and the one at main.yaml:4:9 differ in nothing but the amount; keep one of them
                   6 |       - {usd: 6, per: day}
                     |         ^

                """#),
        DiagnosticCase(
            "the same models in another order",
            #"""
            providers: {p: {kind: openai, base_url: "http://h"}}
            models:
              own/big: {provider: p, price: free, aliases: [large]}
              own/odd: {provider: p, unpriced: allow}
              either: [own/big, own/odd]
            organizations:
              acme:
                limits:
                  - {usd: 5, per: day, models: [own/big, own/o*]}
                  - {usd: 6, per: day, models: [own/o*, large]}

            """#,
            gives: #"""
                main.yaml:10:9: error: this limit and the one at main.yaml:9:9 differ in nothing but the amount; keep one of them
                  10 |       - {usd: 6, per: day, models: [own/o*, large]}
                     |         ^

                """#),
        DiagnosticCase(
            "all models and every model",
            #"""
            organizations:
              acme:
                limits:
                  - {concurrent: 5}
                  - {concurrent: 6, models: ["*"]}

            """#,
            gives: #"""
                main.yaml:5:9: error: this limit and the one at main.yaml:4:9 differ in nothing but the amount; keep one of them
                   5 |       - {concurrent: 6, models: ["*"]}
                     |         ^

                """#),
        DiagnosticCase(
            "unknown model",
            #"""
            providers: {p: {kind: openai, base_url: "http://h"}}
            models:
              own/big: {provider: p, price: free, aliases: [large]}
              own/odd: {provider: p, unpriced: allow}
              either: [own/big, own/odd]
            organizations:
              acme:
                limits:
                  - {usd: 5, per: day, models: [own/bug]}

            """#,
            gives: #"""
                main.yaml:9:37: error: unknown model "own/bug" (did you mean "own/big"?)
                   9 |       - {usd: 5, per: day, models: [own/bug]}
                     |                                     ^

                """#),
        DiagnosticCase(
            "unknown prefix",
            #"""
            providers: {p: {kind: openai, base_url: "http://h"}}
            models:
              own/big: {provider: p, price: free, aliases: [large]}
              own/odd: {provider: p, unpriced: allow}
              either: [own/big, own/odd]
            organizations:
              acme:
                limits:
                  - {usd: 5, per: day, models: ["onw/*"]}

            """#,
            gives: #"""
                main.yaml:9:37: error: no model and no pattern fits "onw/*" (did you mean "own/*"?)
                   9 |       - {usd: 5, per: day, models: ["onw/*"]}
                     |                                     ^

                """#),
        DiagnosticCase(
            "star inside",
            #"""
            providers: {p: {kind: openai, base_url: "http://h"}}
            models:
              own/big: {provider: p, price: free, aliases: [large]}
              own/odd: {provider: p, unpriced: allow}
              either: [own/big, own/odd]
            organizations:
              acme:
                limits:
                  - {usd: 5, per: day, models: ["o*/big"]}

            """#,
            gives: #"""
                main.yaml:9:37: error: "o*/big" has a * that is not at its end
                   9 |       - {usd: 5, per: day, models: ["o*/big"]}
                     |                                     ^

                """#),
        DiagnosticCase(
            "no models",
            #"""
            providers: {p: {kind: openai, base_url: "http://h"}}
            models:
              own/big: {provider: p, price: free, aliases: [large]}
              own/odd: {provider: p, unpriced: allow}
              either: [own/big, own/odd]
            organizations:
              acme:
                limits:
                  - {usd: 5, per: day, models: []}

            """#,
            gives: #"""
                main.yaml:9:36: error: "models" has no models, so the limit would count nothing; leave it out to count all
                   9 |       - {usd: 5, per: day, models: []}
                     |                                    ^

                """#),
        DiagnosticCase(
            "virtual model",
            #"""
            providers: {p: {kind: openai, base_url: "http://h"}}
            models:
              own/big: {provider: p, price: free, aliases: [large]}
              own/odd: {provider: p, unpriced: allow}
              either: [own/big, own/odd]
            organizations:
              acme:
                limits:
                  - {requests: 5, per: day, models: [either]}

            """#,
            gives: #"""
                main.yaml:9:42: error: "either" is a virtual model, and limits count the models that it calls; name those, or leave "models" out to count all
                   9 |       - {requests: 5, per: day, models: [either]}
                     |                                          ^

                """#),
        DiagnosticCase(
            "virtual model that cannot be priced",
            #"""
            providers: {p: {kind: openai, base_url: "http://h"}}
            models:
              own/big: {provider: p, price: free, aliases: [large]}
              own/odd: {provider: p, unpriced: allow}
              either: [own/big, own/odd]
            organizations:
              acme:
                limits: [{usd: 5, per: day, soft: true}, {usd: 500, per: month}]
                teams: {research: {models: [either]}}

            """#,
            gives: #"""
                main.yaml:8:46: error: the virtual model "either" (main.yaml:5:3) may call "own/odd", which has no price, so acme cannot be held to this limit of usd 500 per month; give "own/odd" a price (or "price: free"), or keep it out of "either"
                   8 |     limits: [{usd: 5, per: day, soft: true}, {usd: 500, per: month}]
                     |                                              ^

                """#),
        DiagnosticCase(
            "virtual model that cannot be priced for each key",
            #"""
            providers: {p: {kind: openai, base_url: "http://h"}}
            models:
              own/big: {provider: p, price: free, aliases: [large]}
              own/odd: {provider: p, unpriced: allow}
              either: [own/big, own/odd]
            organizations:
              acme:
                teams:
                  apart: {models: [own/big], each_user: [{usd: 1, per: day}]}
                  research: {each_key: [{usd: 0.5, per: hour, models: [own/odd]}]}

            """#,
            gives: #"""
                main.yaml:10:29: notice: calls of "own/odd" have no price, so they do not count in this limit of usd 0.5 per hour
                  10 |       research: {each_key: [{usd: 0.5, per: hour, models: [own/odd]}]}
                     |                             ^
                main.yaml:10:29: error: the virtual model "either" (main.yaml:5:3) may call "own/odd", which has no price, so acme/research cannot be held to this limit of usd 0.5 per hour; give "own/odd" a price (or "price: free"), or keep it out of "either"
                  10 |       research: {each_key: [{usd: 0.5, per: hour, models: [own/odd]}]}
                     |                             ^

                """#),
        DiagnosticCase(
            "virtual model that cannot be priced for a key",
            #"""
            providers: {p: {kind: openai, base_url: "http://h"}}
            models:
              own/big: {provider: p, price: free, aliases: [large]}
              own/odd: {provider: p, unpriced: allow}
              either: [own/big, own/odd]
            organizations:
              acme:
                teams:
                  research:
                    keys:
                      - {name: ci, sha256: 0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a, limits: [{usd: 3, per: total}]}

            """#,
            gives: #"""
                main.yaml:11:107: notice: calls of "own/odd" have no price, so they do not count in this limit of usd 3 per total
                  11 |           - {name: ci, sha256: 0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a, limits: [{usd: 3, per: total}]}
                     |                                                                                                           ^
                main.yaml:11:107: error: the virtual model "either" (main.yaml:5:3) may call "own/odd", which has no price, so key acme/research#ci cannot be held to this limit of usd 3 per total; give "own/odd" a price (or "price: free"), or keep it out of "either"
                  11 |           - {name: ci, sha256: 0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a, limits: [{usd: 3, per: total}]}
                     |                                                                                                           ^

                """#),
        DiagnosticCase(
            "unknown time zone of an organization",
            #"""
            organizations:
              acme:
                timezone: Europe/Berlim

            """#,
            gives: #"""
                main.yaml:3:15: error: unknown time zone "Europe/Berlim"; write a name of the time zone database such as Europe/Berlin (which has to be installed: tzdata), UTC, or a distance such as +02:00
                   3 |     timezone: Europe/Berlim
                     |               ^

                """#),
        DiagnosticCase(
            "time zone that leads elsewhere",
            #"""
            organizations:
              acme:
                teams:
                  research: {timezone: ../../etc/passwd}

            """#,
            gives: #"""
                main.yaml:4:28: error: unknown time zone "../../etc/passwd"; write a name of the time zone database such as Europe/Berlin (which has to be installed: tzdata), UTC, or a distance such as +02:00
                   4 |       research: {timezone: ../../etc/passwd}
                     |                            ^

                """#),
        DiagnosticCase(
            "time zone that is a list",
            #"""
            organizations:
              acme: {timezone: [UTC]}

            """#,
            gives: #"""
                main.yaml:2:20: error: expected a time zone such as Europe/Berlin, UTC or +02:00 for "timezone", found a list
                   2 |   acme: {timezone: [UTC]}
                     |                    ^

                """#),
        DiagnosticCase(
            "weight of nothing",
            #"""
            organizations:
              acme: {teams: {research: {weight: 0}}}

            """#,
            gives: #"""
                main.yaml:2:37: error: "weight" must be a whole number from 1 to 1000
                   2 |   acme: {teams: {research: {weight: 0}}}
                     |                                     ^

                """#),
        DiagnosticCase(
            "weight that is too large",
            #"""
            organizations:
              acme: {weight: 1001}

            """#,
            gives: #"""
                main.yaml:2:18: error: "weight" must be a whole number from 1 to 1000
                   2 |   acme: {weight: 1001}
                     |                  ^

                """#),
        DiagnosticCase(
            "weight with a fraction",
            #"""
            organizations:
              acme: {weight: 0.5}

            """#,
            gives: #"""
                main.yaml:2:18: error: "weight" must be a whole number from 1 to 1000
                   2 |   acme: {weight: 0.5}
                     |                  ^

                """#),
        DiagnosticCase(
            "limit of a key",
            #"""
            organizations:
              acme:
                teams:
                  research:
                    keys:
                      - {name: ci, sha256: 0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a, limits: [{usd: 3}]}

            """#,
            gives: #"""
                main.yaml:6:107: error: the limit has no "per"; say over which time it counts: minute, hour, day, week, month, total
                   6 |           - {name: ci, sha256: 0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a, limits: [{usd: 3}]}
                     |                                                                                                           ^

                """#),
        DiagnosticCase(
            "limit of a sub-team",
            #"""
            organizations:
              acme: {teams: {research: {teams: {vision: {each_user: [{usd: 3, per: year}]}}}}}

            """#,
            gives: #"""
                main.yaml:2:72: error: unknown period "year"; it must be one of minute, hour, day, week, month, total
                   2 |   acme: {teams: {research: {teams: {vision: {each_user: [{usd: 3, per: year}]}}}}}
                     |                                                                        ^

                """#),
        DiagnosticCase(
            "keys with one id",
            #"""
            organizations:
              acme:
                teams:
                  a: {keys: [{name: "b#c", sha256: 0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a}]}
                  "a#b": {keys: [{name: c, sha256: 0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b}]}

            """#,
            gives: #"""
                main.yaml:5:29: error: records would call this key "acme/a#b#c", like the one at main.yaml:4:25; give it another name
                   5 |       "a#b": {keys: [{name: c, sha256: 0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b}]}
                     |                             ^

                """#),
        DiagnosticCase(
            "unknown way to fail",
            #"""
            ledger: {fail: opne}

            """#,
            gives: #"""
                policies: notice: no providers are defined, so no model can be served
                main.yaml:1:16: error: unknown value of fail "opne" (did you mean "open"?)
                   1 | ledger: {fail: opne}
                     |                ^

                """#),
        DiagnosticCase(
            "unknown key of the ledger",
            #"""
            ledger: {fails: open}

            """#,
            gives: #"""
                policies: notice: no providers are defined, so no model can be served
                main.yaml:1:10: error: unknown key "fails" in the ledger's rules (did you mean "fail"?)
                   1 | ledger: {fails: open}
                     |          ^

                """#),
        DiagnosticCase(
            "ledger in a word",
            #"""
            ledger: open

            """#,
            gives: #"""
                policies: notice: no providers are defined, so no model can be served
                main.yaml:1:9: error: expected a mapping that describes the ledger's rules for "ledger", found text
                   1 | ledger: open
                     |         ^

                """#),
    ]
}
