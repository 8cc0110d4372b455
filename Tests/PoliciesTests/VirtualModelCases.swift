/// Errors of virtual models: the whole text that is shown, with line, column and caret.
enum VirtualModelCases {
    static let all: [DiagnosticCase] = [
        DiagnosticCase(
            "two strategies",
            #"""
            providers:
              p: {kind: openai, base_url: http://h}
            models:
              big: {provider: p, price: {input: 30, output: 60}}
              mini: {provider: p, price: {input: 0.15, output: 0.60}}
              v: {fallback: [big], route: [{use: mini}]}

            """#,
            gives: #"""
                main.yaml:6:17: error: a virtual model has one strategy: either "route" or "fallback"
                   6 |   v: {fallback: [big], route: [{use: mini}]}
                     |                 ^

                """#),
        DiagnosticCase(
            "no strategy",
            #"""
            providers:
              p: {kind: openai, base_url: http://h}
            models:
              big: {provider: p, price: {input: 30, output: 60}}
              mini: {provider: p, price: {input: 0.15, output: 0.60}}
              v: {prefer: cheapest}

            """#,
            gives: #"""
                main.yaml:6:3: error: the virtual model "v" needs one of "route", "fallback", "split", "balance", "among"
                   6 |   v: {prefer: cheapest}
                     |   ^

                """#),
        DiagnosticCase(
            "a provider and a strategy",
            #"""
            providers:
              p: {kind: openai, base_url: http://h}
            models:
              big: {provider: p, price: {input: 30, output: 60}}
              mini: {provider: p, price: {input: 0.15, output: 0.60}}
              v: {provider: p, fallback: [big]}

            """#,
            gives: #"""
                main.yaml:6:7: error: a model is either called at a provider or decides among others; "provider" does not go with "fallback"
                   6 |   v: {provider: p, fallback: [big]}
                     |       ^

                """#),
        DiagnosticCase(
            "a price for a strategy",
            #"""
            providers:
              p: {kind: openai, base_url: http://h}
            models:
              big: {provider: p, price: {input: 30, output: 60}}
              mini: {provider: p, price: {input: 0.15, output: 0.60}}
              v: {fallback: [big], price: free}

            """#,
            gives: #"""
                main.yaml:6:24: error: a model is either called at a provider or decides among others; "price" does not go with "fallback"
                   6 |   v: {fallback: [big], price: free}
                     |                        ^

                """#),
        DiagnosticCase(
            "a pattern",
            #"""
            providers:
              p: {kind: openai, base_url: http://h}
            models:
              big: {provider: p, price: {input: 30, output: 60}}
              mini: {provider: p, price: {input: 0.15, output: 0.60}}
              "v/*": {fallback: [big]}

            """#,
            gives: #"""
                main.yaml:6:3: error: a pattern cannot be a virtual model
                   6 |   "v/*": {fallback: [big]}
                     |   ^

                """#),
        DiagnosticCase(
            "not of this version",
            #"""
            providers:
              p: {kind: openai, base_url: http://h}
            models:
              big: {provider: p, price: {input: 30, output: 60}}
              mini: {provider: p, price: {input: 0.15, output: 0.60}}
              v: {consensus: {members: [big]}}
              w: {workflow: []}

            """#,
            gives: #"""
                main.yaml:6:7: error: "consensus" is not supported by this version
                   6 |   v: {consensus: {members: [big]}}
                     |       ^
                main.yaml:7:7: error: "workflow" is not supported by this version
                   7 |   w: {workflow: []}
                     |       ^

                """#),
        DiagnosticCase(
            "empty short form",
            #"""
            providers:
              p: {kind: openai, base_url: http://h}
            models:
              big: {provider: p, price: {input: 30, output: 60}}
              mini: {provider: p, price: {input: 0.15, output: 0.60}}
              v: []

            """#,
            gives: #"""
                main.yaml:6:6: error: "v" has no models
                   6 |   v: []
                     |      ^

                """#),
        DiagnosticCase(
            "short form with an unknown model",
            #"""
            providers:
              p: {kind: openai, base_url: http://h}
            models:
              big: {provider: p, price: {input: 30, output: 60}}
              mini: {provider: p, price: {input: 0.15, output: 0.60}}
              v: [big, mino]

            """#,
            gives: #"""
                main.yaml:6:12: error: unknown model "mino" (did you mean "mini"?)
                   6 |   v: [big, mino]
                     |            ^

                """#),
        DiagnosticCase(
            "a model twice",
            #"""
            providers:
              p: {kind: openai, base_url: http://h}
            models:
              big: {provider: p, price: {input: 30, output: 60}}
              mini: {provider: p, price: {input: 0.15, output: 0.60}}
              v: [big, mini, big]

            """#,
            gives: #"""
                main.yaml:6:18: error: the model "big" is in this list already
                   6 |   v: [big, mini, big]
                     |                  ^

                """#),
        DiagnosticCase(
            "by alias twice",
            #"""
            providers:
              p: {kind: openai, base_url: http://h}
            models:
              big: {provider: p, price: {input: 30, output: 60}}
              mini: {provider: p, price: {input: 0.15, output: 0.60}}
              other: {provider: p, price: free, aliases: [o]}
              v: [other, o]

            """#,
            gives: #"""
                main.yaml:7:14: error: the model "other" is in this list already
                   7 |   v: [other, o]
                     |              ^

                """#),
        DiagnosticCase(
            "a model that falls back to itself",
            #"""
            providers:
              p: {kind: openai, base_url: http://h}
            models:
              big: {provider: p, price: {input: 30, output: 60}}
              mini: {provider: p, price: {input: 0.15, output: 0.60}}
              v: [big, v]

            """#,
            gives: #"""
                main.yaml:6:12: error: a cycle of virtual models: v → v
                   6 |   v: [big, v]
                     |            ^

                """#),
        DiagnosticCase(
            "a cycle of three",
            #"""
            providers:
              p: {kind: openai, base_url: http://h}
            models:
              big: {provider: p, price: {input: 30, output: 60}}
              mini: {provider: p, price: {input: 0.15, output: 0.60}}
              a: [big, b]
              b: {route: [{use: c}]}
              c: {among: [a, mini], prefer: cheapest}

            """#,
            gives: #"""
                main.yaml:8:15: error: a cycle of virtual models: a → b → c → a
                   8 |   c: {among: [a, mini], prefer: cheapest}
                     |               ^

                """#),
        DiagnosticCase(
            "deep",
            #"""
            providers:
              p: {kind: openai, base_url: http://h}
            models:
              big: {provider: p, price: {input: 30, output: 60}}
              mini: {provider: p, price: {input: 0.15, output: 0.60}}
              v0: [v1]
              v1: [v2]
              v2: [v3]
              v3: [v4]
              v4: [v5]
              v5: [v6]
              v6: [v7]
              v7: [v8]
              v8: [v9]
              v9: [mini]

            """#,
            gives: #"""
                main.yaml:13:8: error: virtual models more than 8 deep inside each other
                  13 |   v7: [v8]
                     |        ^

                """#),
        DiagnosticCase(
            "deep from the other end",
            #"""
            providers:
              p: {kind: openai, base_url: http://h}
            models:
              big: {provider: p, price: {input: 30, output: 60}}
              mini: {provider: p, price: {input: 0.15, output: 0.60}}
              v9: [mini]
              v8: [v9]
              v7: [v8]
              v6: [v7]
              v5: [v6]
              v4: [v5]
              v3: [v4]
              v2: [v3]
              v1: [v2]
              v0: [v1]

            """#,
            gives: #"""
                main.yaml:14:3: error: virtual models more than 8 deep inside each other
                  14 |   v1: [v2]
                     |   ^

                """#),
        DiagnosticCase(
            "many calls",
            #"""
            providers:
              p: {kind: openai, base_url: http://h}
            models:
              big: {provider: p, price: {input: 30, output: 60}}
              mini: {provider: p, price: {input: 0.15, output: 0.60}}
              m0: {provider: p, price: free}
              m1: {provider: p, price: free}
              m2: {provider: p, price: free}
              m3: {provider: p, price: free}
              m4: {provider: p, price: free}
              m5: {provider: p, price: free}
              m6: {provider: p, price: free}
              m7: {provider: p, price: free}
              m8: {provider: p, price: free}
              m9: {provider: p, price: free}
              m10: {provider: p, price: free}
              m11: {provider: p, price: free}
              m12: {provider: p, price: free}
              m13: {provider: p, price: free}
              m14: {provider: p, price: free}
              m15: {provider: p, price: free}
              m16: {provider: p, price: free}
              m17: {provider: p, price: free}
              m18: {provider: p, price: free}
              m19: {provider: p, price: free}
              m20: {provider: p, price: free}
              m21: {provider: p, price: free}
              m22: {provider: p, price: free}
              m23: {provider: p, price: free}
              m24: {provider: p, price: free}
              m25: {provider: p, price: free}
              m26: {provider: p, price: free}
              m27: {provider: p, price: free}
              m28: {provider: p, price: free}
              m29: {provider: p, price: free}
              m30: {provider: p, price: free}
              m31: {provider: p, price: free}
              m32: {provider: p, price: free}
              v: [m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23, m24, m25, m26, m27, m28, m29, m30, m31, m32]
              w: [v, u]
              u: {fallback: [v]}

            """#,
            gives: #"""
                main.yaml:40:3: error: "w" may call more than 64 models for one request
                  40 |   w: [v, u]
                     |   ^

                """#),
        DiagnosticCase(
            "no use",
            #"""
            providers:
              p: {kind: openai, base_url: http://h}
            models:
              big: {provider: p, price: {input: 30, output: 60}}
              mini: {provider: p, price: {input: 0.15, output: 0.60}}
              v: {fallback: [{timeout: 3s}]}

            """#,
            gives: #"""
                main.yaml:6:18: error: the target has no "use"
                   6 |   v: {fallback: [{timeout: 3s}]}
                     |                  ^

                """#),
        DiagnosticCase(
            "a timeout without a unit",
            #"""
            providers:
              p: {kind: openai, base_url: http://h}
            models:
              big: {provider: p, price: {input: 30, output: 60}}
              mini: {provider: p, price: {input: 0.15, output: 0.60}}
              v: {fallback: [{use: big, timeout: 30}]}

            """#,
            gives: #"""
                main.yaml:6:38: error: "timeout" must be a whole number with a unit, such as 250ms, 30s, 5m or 1h
                   6 |   v: {fallback: [{use: big, timeout: 30}]}
                     |                                      ^

                """#),
        DiagnosticCase(
            "unknown key of a target",
            #"""
            providers:
              p: {kind: openai, base_url: http://h}
            models:
              big: {provider: p, price: {input: 30, output: 60}}
              mini: {provider: p, price: {input: 0.15, output: 0.60}}
              v: {fallback: [{use: big, timeuot: 30s}]}

            """#,
            gives: #"""
                main.yaml:6:29: error: unknown key "timeuot" in a target (did you mean "timeout"?)
                   6 |   v: {fallback: [{use: big, timeuot: 30s}]}
                     |                             ^

                """#),
        DiagnosticCase(
            "settings that have a place of their own",
            #"""
            providers:
              p: {kind: openai, base_url: http://h}
            models:
              big: {provider: p, price: {input: 30, output: 60}}
              mini: {provider: p, price: {input: 0.15, output: 0.60}}
              v: {fallback: [{use: big, settings: {model: x, max_tokens: 3}}]}

            """#,
            gives: #"""
                main.yaml:6:40: error: "model" cannot be among the settings
                   6 |   v: {fallback: [{use: big, settings: {model: x, max_tokens: 3}}]}
                     |                                        ^
                main.yaml:6:50: error: "max_tokens" cannot be among the settings; use max_output_tokens beside it
                   6 |   v: {fallback: [{use: big, settings: {model: x, max_tokens: 3}}]}
                     |                                                  ^

                """#),
        DiagnosticCase(
            "settings that are no JSON",
            #"""
            providers:
              p: {kind: openai, base_url: http://h}
            models:
              big: {provider: p, price: {input: 30, output: 60}}
              mini: {provider: p, price: {input: 0.15, output: 0.60}}
              v: {fallback: [{use: big, settings: {temperature: .5}}]}

            """#,
            gives: #"""
                main.yaml:6:53: error: the number .5 must be written as in JSON, such as 0.5 or -1
                   6 |   v: {fallback: [{use: big, settings: {temperature: .5}}]}
                     |                                                     ^

                """#),
        DiagnosticCase(
            "a hedge of one",
            #"""
            providers:
              p: {kind: openai, base_url: http://h}
            models:
              big: {provider: p, price: {input: 30, output: 60}}
              mini: {provider: p, price: {input: 0.15, output: 0.60}}
              v: {fallback: [big], hedge: {after: 2s}}

            """#,
            gives: #"""
                main.yaml:6:31: error: "hedge" needs two targets or more
                   6 |   v: {fallback: [big], hedge: {after: 2s}}
                     |                               ^

                """#),
        DiagnosticCase(
            "a hedge of a route",
            #"""
            providers:
              p: {kind: openai, base_url: http://h}
            models:
              big: {provider: p, price: {input: 30, output: 60}}
              mini: {provider: p, price: {input: 0.15, output: 0.60}}
              v: {route: [{use: big}], hedge: {after: 2s}}

            """#,
            gives: #"""
                main.yaml:6:35: error: "hedge" goes with "fallback" or "balance" only
                   6 |   v: {route: [{use: big}], hedge: {after: 2s}}
                     |                                   ^

                """#),
        DiagnosticCase(
            "a hedge without a time",
            #"""
            providers:
              p: {kind: openai, base_url: http://h}
            models:
              big: {provider: p, price: {input: 30, output: 60}}
              mini: {provider: p, price: {input: 0.15, output: 0.60}}
              v: {fallback: [big, mini], hedge: {}}

            """#,
            gives: #"""
                main.yaml:6:37: error: the hedge has no "after"; write {after: 2s}
                   6 |   v: {fallback: [big, mini], hedge: {}}
                     |                                     ^

                """#),
        DiagnosticCase(
            "unknown over_ceiling",
            #"""
            providers:
              p: {kind: openai, base_url: http://h}
            models:
              big: {provider: p, price: {input: 30, output: 60}}
              mini: {provider: p, price: {input: 0.15, output: 0.60}}
              v: {fallback: [big], over_ceiling: clip}

            """#,
            gives: #"""
                main.yaml:6:38: error: unknown value of over_ceiling "clip"; it must be one of refuse, clamp
                   6 |   v: {fallback: [big], over_ceiling: clip}
                     |                                      ^

                """#),
        DiagnosticCase(
            "prefer without among",
            #"""
            providers:
              p: {kind: openai, base_url: http://h}
            models:
              big: {provider: p, price: {input: 30, output: 60}}
              mini: {provider: p, price: {input: 0.15, output: 0.60}}
              v: {fallback: [big, mini], prefer: cheapest}

            """#,
            gives: #"""
                main.yaml:6:38: error: "prefer" goes with "among" only
                   6 |   v: {fallback: [big, mini], prefer: cheapest}
                     |                                      ^

                """#),
        DiagnosticCase(
            "a weight of zero",
            #"""
            providers:
              p: {kind: openai, base_url: http://h}
            models:
              big: {provider: p, price: {input: 30, output: 60}}
              mini: {provider: p, price: {input: 0.15, output: 0.60}}
              v: {balance: {targets: [{use: big, weight: 0}, mini]}}

            """#,
            gives: #"""
                main.yaml:6:46: error: a weight of 0 would never be chosen; give it more than 0, or leave the target out
                   6 |   v: {balance: {targets: [{use: big, weight: 0}, mini]}}
                     |                                              ^

                """#),
        DiagnosticCase(
            "a negative weight",
            #"""
            providers:
              p: {kind: openai, base_url: http://h}
            models:
              big: {provider: p, price: {input: 30, output: 60}}
              mini: {provider: p, price: {input: 0.15, output: 0.60}}
              v: {balance: {targets: [{use: big, weight: -1}, mini]}}

            """#,
            gives: #"""
                main.yaml:6:46: error: a weight of -1 would never be chosen; give it more than 0, or leave the target out
                   6 |   v: {balance: {targets: [{use: big, weight: -1}, mini]}}
                     |                                              ^

                """#),
        DiagnosticCase(
            "a weight that is no number",
            #"""
            providers:
              p: {kind: openai, base_url: http://h}
            models:
              big: {provider: p, price: {input: 30, output: 60}}
              mini: {provider: p, price: {input: 0.15, output: 0.60}}
              v: {balance: {targets: [{use: big, weight: much}, mini]}}

            """#,
            gives: #"""
                main.yaml:6:46: error: "weight" must be a number above 0, such as 90 or 0.5
                   6 |   v: {balance: {targets: [{use: big, weight: much}, mini]}}
                     |                                              ^

                """#),
        DiagnosticCase(
            "a huge weight",
            #"""
            providers:
              p: {kind: openai, base_url: http://h}
            models:
              big: {provider: p, price: {input: 30, output: 60}}
              mini: {provider: p, price: {input: 0.15, output: 0.60}}
              v: {balance: {targets: [{use: big, weight: 1e9}, mini]}}

            """#,
            gives: #"""
                main.yaml:6:46: error: "weight" must be a number above 0, such as 90 or 0.5
                   6 |   v: {balance: {targets: [{use: big, weight: 1e9}, mini]}}
                     |                                              ^

                """#),
        DiagnosticCase(
            "no targets",
            #"""
            providers:
              p: {kind: openai, base_url: http://h}
            models:
              big: {provider: p, price: {input: 30, output: 60}}
              mini: {provider: p, price: {input: 0.15, output: 0.60}}
              v: {balance: {strategy: weighted}}

            """#,
            gives: #"""
                main.yaml:6:16: error: the balance has no "targets"
                   6 |   v: {balance: {strategy: weighted}}
                     |                ^

                """#),
        DiagnosticCase(
            "unknown strategy",
            #"""
            providers:
              p: {kind: openai, base_url: http://h}
            models:
              big: {provider: p, price: {input: 30, output: 60}}
              mini: {provider: p, price: {input: 0.15, output: 0.60}}
              v: {balance: {targets: [big, mini], strategy: least_bussy}}

            """#,
            gives: #"""
                main.yaml:6:49: error: unknown strategy "least_bussy" (did you mean "least_busy"?)
                   6 |   v: {balance: {targets: [big, mini], strategy: least_bussy}}
                     |                                                 ^

                """#),
        DiagnosticCase(
            "unknown affinity",
            #"""
            providers:
              p: {kind: openai, base_url: http://h}
            models:
              big: {provider: p, price: {input: 30, output: 60}}
              mini: {provider: p, price: {input: 0.15, output: 0.60}}
              v: {balance: {targets: [big, mini], affinity: sesion}}

            """#,
            gives: #"""
                main.yaml:6:49: error: "affinity" must be user, key, session, none or metadata.NAME, not "sesion" (did you mean "session"?)
                   6 |   v: {balance: {targets: [big, mini], affinity: sesion}}
                     |                                                 ^

                """#),
        DiagnosticCase(
            "a balanced model twice",
            #"""
            providers:
              p: {kind: openai, base_url: http://h}
            models:
              big: {provider: p, price: {input: 30, output: 60}}
              mini: {provider: p, price: {input: 0.15, output: 0.60}}
              v: {balance: {targets: [big, {use: big, weight: 2}]}}

            """#,
            gives: #"""
                main.yaml:6:32: error: the model "big" is in this list already
                   6 |   v: {balance: {targets: [big, {use: big, weight: 2}]}}
                     |                                ^

                """#),
        DiagnosticCase(
            "a priority of zero",
            #"""
            providers:
              p: {kind: openai, base_url: http://h}
            models:
              big: {provider: p, price: {input: 30, output: 60}}
              mini: {provider: p, price: {input: 0.15, output: 0.60}}
              v: {balance: {targets: [{use: big, priority: 0}, mini]}}

            """#,
            gives: #"""
                main.yaml:6:48: error: "priority" must be a whole number from 1 to 1000
                   6 |   v: {balance: {targets: [{use: big, priority: 0}, mini]}}
                     |                                                ^

                """#),
        DiagnosticCase(
            "a split without arms",
            #"""
            providers:
              p: {kind: openai, base_url: http://h}
            models:
              big: {provider: p, price: {input: 30, output: 60}}
              mini: {provider: p, price: {input: 0.15, output: 0.60}}
              v: {split: {experiment: e}}

            """#,
            gives: #"""
                main.yaml:6:14: error: the split has no "arms"
                   6 |   v: {split: {experiment: e}}
                     |              ^

                """#),
        DiagnosticCase(
            "a split without a name",
            #"""
            providers:
              p: {kind: openai, base_url: http://h}
            models:
              big: {provider: p, price: {input: 30, output: 60}}
              mini: {provider: p, price: {input: 0.15, output: 0.60}}
              v: {split: {arms: {a: {use: big}, b: {use: mini}}}}

            """#,
            gives: #"""
                main.yaml:6:14: error: the split has no "experiment"
                   6 |   v: {split: {arms: {a: {use: big}, b: {use: mini}}}}
                     |              ^

                """#),
        DiagnosticCase(
            "one arm",
            #"""
            providers:
              p: {kind: openai, base_url: http://h}
            models:
              big: {provider: p, price: {input: 30, output: 60}}
              mini: {provider: p, price: {input: 0.15, output: 0.60}}
              v: {split: {experiment: e, arms: {a: {use: big}}}}

            """#,
            gives: #"""
                main.yaml:6:36: error: a split needs two arms or more
                   6 |   v: {split: {experiment: e, arms: {a: {use: big}}}}
                     |                                    ^

                """#),
        DiagnosticCase(
            "an arm of weight zero",
            #"""
            providers:
              p: {kind: openai, base_url: http://h}
            models:
              big: {provider: p, price: {input: 30, output: 60}}
              mini: {provider: p, price: {input: 0.15, output: 0.60}}
              v: {split: {experiment: e, arms: {a: {use: big, weight: 0}, b: {use: mini, weight: 100}}}}

            """#,
            gives: #"""
                main.yaml:6:59: error: a weight of 0 would never be chosen; give it more than 0, or leave the target out
                   6 |   v: {split: {experiment: e, arms: {a: {use: big, weight: 0}, b: {use: mini, weight: 100}}}}
                     |                                                           ^

                """#),
        DiagnosticCase(
            "an arm without a model",
            #"""
            providers:
              p: {kind: openai, base_url: http://h}
            models:
              big: {provider: p, price: {input: 30, output: 60}}
              mini: {provider: p, price: {input: 0.15, output: 0.60}}
              v: {split: {experiment: e, arms: {a: {weight: 1}, b: {use: mini}}}}

            """#,
            gives: #"""
                main.yaml:6:40: error: the target has no "use"
                   6 |   v: {split: {experiment: e, arms: {a: {weight: 1}, b: {use: mini}}}}
                     |                                        ^

                """#),
        DiagnosticCase(
            "an unknown unit",
            #"""
            providers:
              p: {kind: openai, base_url: http://h}
            models:
              big: {provider: p, price: {input: 30, output: 60}}
              mini: {provider: p, price: {input: 0.15, output: 0.60}}
              v: {split: {experiment: e, sticky: request, arms: {a: {use: big}, b: {use: mini}}}}

            """#,
            gives: #"""
                main.yaml:6:38: error: "sticky" must be user, key, session or metadata.NAME, not "request"
                   6 |   v: {split: {experiment: e, sticky: request, arms: {a: {use: big}, b: {use: mini}}}}
                     |                                      ^

                """#),
        DiagnosticCase(
            "a quality above 100",
            #"""
            providers:
              p: {kind: openai, base_url: http://h}
            models:
              big: {provider: p, price: {input: 30, output: 60}}
              mini: {provider: p, price: {input: 0.15, output: 0.60}}
              m: {provider: p, price: free, quality: 101}

            """#,
            gives: #"""
                main.yaml:6:42: error: "quality" must be a whole number from 0 to 100
                   6 |   m: {provider: p, price: free, quality: 101}
                     |                                          ^

                """#),
        DiagnosticCase(
            "an unknown capability",
            #"""
            providers:
              p: {kind: openai, base_url: http://h}
            models:
              big: {provider: p, price: {input: 30, output: 60}}
              mini: {provider: p, price: {input: 0.15, output: 0.60}}
              m: {provider: p, price: free, capabilities: {tool: false}}

            """#,
            gives: #"""
                main.yaml:6:48: error: unknown key "tool" in capabilities (did you mean "tools"?)
                   6 |   m: {provider: p, price: free, capabilities: {tool: false}}
                     |                                                ^

                """#),
        DiagnosticCase(
            "a missing model in two places",
            #"""
            providers:
              p: {kind: openai, base_url: http://h}
            models:
              big: {provider: p, price: {input: 30, output: 60}}
              mini: {provider: p, price: {input: 0.15, output: 0.60}}
              v: [nothing-like-it]
              w: {route: [{use: nothing-like-it}]}

            """#,
            gives: #"""
                main.yaml:6:7: error: unknown model "nothing-like-it"
                   6 |   v: [nothing-like-it]
                     |       ^
                main.yaml:7:21: error: unknown model "nothing-like-it"
                   7 |   w: {route: [{use: nothing-like-it}]}
                     |                     ^

                """#),
        DiagnosticCase(
            "an alias that is a name already",
            #"""
            providers:
              p: {kind: openai, base_url: http://h}
            models:
              big: {provider: p, price: {input: 30, output: 60}}
              mini: {provider: p, price: {input: 0.15, output: 0.60}}
              v: {fallback: [big], aliases: [mini]}

            """#,
            gives: #"""
                main.yaml:6:34: error: alias "mini" is the name of a model already at main.yaml:5:3
                   6 |   v: {fallback: [big], aliases: [mini]}
                     |                                  ^

                """#),
    ]
}
