/// Errors of a document as a whole: the whole text that is shown, with line, column and caret.
enum DocumentCases {
    static let all: [DiagnosticCase] = [
        DiagnosticCase(
            "a list at the top",
            #"""
            - a

            """#,
            gives: #"""
                main.yaml:1:1: error: expected a mapping that describes a policy file for "main.yaml", found a list
                   1 | - a
                     | ^

                """#),
        DiagnosticCase(
            "unknown section",
            #"""
            provider:
              a: b

            """#,
            gives: #"""
                main.yaml:1:1: error: unknown key "provider" in a policy file (did you mean "providers"?)
                   1 | provider:
                     | ^

                """#),
        DiagnosticCase(
            "syntax error in a flow mapping",
            #"""
            providers:
              openai: {kind: openai, base_url: [x}

            """#,
            gives: #"""
                main.yaml:2:38: error: not valid YAML: did not find expected ',' or ']' while parsing a flow sequence
                   2 |   openai: {kind: openai, base_url: [x}
                     |                                      ^

                """#),
        DiagnosticCase(
            "syntax error at the end",
            #"""
            providers:
              openai: "abc

            """#,
            gives: #"""
                main.yaml:2:15: error: not valid YAML: found unexpected end of stream while scanning a quoted scalar
                   2 |   openai: "abc
                     |               ^

                """#),
        DiagnosticCase(
            "bare star",
            #"""
            providers:
              openai: {kind: openai, base_url: https://api.openai.com/v1, api_key: k}
            models:
              m: {provider: openai, price: free}
            organizations: {a: {teams: {t: {models: [*]}}}}

            """#,
            gives: #"""
                main.yaml:5:43: error: not valid YAML: did not find expected alphabetic or numeric character while scanning an alias; put a pattern that begins with * in quotes
                   5 | organizations: {a: {teams: {t: {models: [*]}}}}
                     |                                           ^

                """#),
        DiagnosticCase(
            "tab as indentation",
            "providers:\n\topenai: 1\n",
            gives: #"""
                main.yaml:2:1: error: not valid YAML: found character that cannot start any token (a tab? YAML is indented with spaces) while scanning for the next token
                   2 |  openai: 1
                     | ^

                """#),
        DiagnosticCase(
            "control character",
            "providers: a\u{1}b\n",
            gives: #"""
                main.yaml:1:13: error: not valid YAML: control characters are not allowed
                   1 | providers: a?b
                     |             ^

                """#),
        DiagnosticCase(
            "anchor",
            #"""
            providers: &p
              a: 1

            """#,
            gives: #"""
                main.yaml:1:12: error: YAML anchors (&name) are not supported; write the value out where it is needed
                   1 | providers: &p
                     |            ^

                """#),
        DiagnosticCase(
            "alias",
            #"""
            providers:
              a: *p

            """#,
            gives: #"""
                main.yaml:2:6: error: YAML aliases (*name) are not supported; write the value out, or put a "*" in quotes
                   2 |   a: *p
                     |      ^

                """#),
        DiagnosticCase(
            "tag",
            #"""
            providers: !!map
              a: 1

            """#,
            gives: #"""
                main.yaml:1:12: error: YAML tags (!name) are not supported
                   1 | providers: !!map
                     |            ^

                """#),
        DiagnosticCase(
            "second document",
            #"""
            providers: {}
            ---
            models: {}

            """#,
            gives: #"""
                main.yaml:2:1: error: a second document in one file; put it into a file of its own
                   2 | ---
                     | ^

                """#),
        DiagnosticCase(
            "mapping as a key",
            #"""
            providers:
              ? {a: b}
              : c

            """#,
            gives: #"""
                main.yaml:2:5: error: expected a name as key, found a mapping
                   2 |   ? {a: b}
                     |     ^

                """#),
        DiagnosticCase(
            "section of a wrong type",
            #"""
            providers: openai

            """#,
            gives: #"""
                main.yaml:1:12: error: expected a mapping from names to providers for "providers", found text
                   1 | providers: openai
                     |            ^

                """#),
        DiagnosticCase(
            "key twice in one mapping",
            #"""
            models: {}
            models: {}

            """#,
            gives: #"""
                main.yaml:2:1: error: "models" is defined twice, first at main.yaml:1:1
                   2 | models: {}
                     | ^

                """#),
        DiagnosticCase(
            "private-use character",
            "a: \u{E000}\n",
            gives: "main.yaml:1:4: error: the characters U+E000 and U+E001 are not allowed\n   1 | a: \u{E000}\n     |    ^\n"),
    ]
}
