/// Errors of headers and proxies: the whole text that is shown, with line, column and caret.
enum HeaderCases {
    static let all: [DiagnosticCase] = [
        DiagnosticCase(
            "header name",
            #"""
            providers:
              openai:
                kind: openai
                base_url: https://api.openai.com/v1
                headers: {"x y": a}

            """#,
            gives: #"""
                main.yaml:5:15: error: header "x y" is not a valid header name
                   5 |     headers: {"x y": ***}
                     |               ^

                """#),
        DiagnosticCase(
            "hop-by-hop header",
            #"""
            providers:
              openai:
                kind: openai
                base_url: https://api.openai.com/v1
                headers: {Transfer-Encoding: chunked}

            """#,
            gives: #"""
                main.yaml:5:15: error: header "Transfer-Encoding" cannot be set: it belongs to the connection
                   5 |     headers: {Transfer-Encoding: ***}
                     |               ^

                """#),
        DiagnosticCase(
            "content-length header",
            #"""
            providers:
              openai:
                kind: openai
                base_url: https://api.openai.com/v1
                headers: {content-length: "3"}

            """#,
            gives: #"""
                main.yaml:5:15: error: header "content-length" cannot be set: it belongs to the connection
                   5 |     headers: {content-length: ***}
                     |               ^

                """#),
        DiagnosticCase(
            "host header",
            #"""
            providers:
              openai:
                kind: openai
                base_url: https://api.openai.com/v1
                headers: {Host: a.example}

            """#,
            gives: #"""
                main.yaml:5:15: error: header "Host" cannot be set: it belongs to the connection
                   5 |     headers: {Host: ***}
                     |               ^

                """#),
        DiagnosticCase(
            "header value with a line break",
            #"""
            providers:
              openai:
                kind: openai
                base_url: https://api.openai.com/v1
                headers: {x-a: "a\r\nb: c"}

            """#,
            gives: #"""
                main.yaml:5:20: error: the value of header "x-a" has a line break or another control character
                   5 |     headers: {x-a: ***}
                     |                    ^

                """#),
        DiagnosticCase(
            "header twice",
            #"""
            providers:
              openai:
                kind: openai
                base_url: https://api.openai.com/v1
                headers: {x-a: one, X-A: two}

            """#,
            gives: #"""
                main.yaml:5:25: error: header "X-A" is given twice, first at main.yaml:5:15
                   5 |     headers: {x-a: ***, X-A: ***}
                     |                         ^

                """#),
        DiagnosticCase(
            "authorization and api_key",
            #"""
            providers:
              a:
                kind: openai
                base_url: https://a.example
                api_key: sk-1234567890
                headers: {Authorization: Bearer abcdef}

            """#,
            gives: #"""
                main.yaml:6:15: error: a provider has either an api_key or an "Authorization" header, not both
                   6 |     headers: {Authorization: ***}
                     |               ^

                """#),
        DiagnosticCase(
            "headers of a wrong type",
            #"""
            providers:
              openai:
                kind: openai
                base_url: https://api.openai.com/v1
                headers: [a]

            """#,
            gives: #"""
                main.yaml:5:14: error: expected a mapping from header names to texts for "headers", found a list
                   5 |     headers: [***]
                     |              ^

                """#),
        DiagnosticCase(
            "proxy scheme",
            #"""
            providers:
              openai:
                kind: openai
                base_url: https://api.openai.com/v1
                proxy: ftp://proxy:21

            """#,
            gives: #"""
                main.yaml:5:12: error: the proxy must begin with http://, https://, socks5:// or socks5h://
                   5 |     proxy: ftp://proxy:21
                     |            ^

                """#),
        DiagnosticCase(
            "proxy with a path",
            #"""
            providers:
              openai:
                kind: openai
                base_url: https://api.openai.com/v1
                proxy: http://user:pass@proxy:3128/path

            """#,
            gives: #"""
                main.yaml:5:12: error: the proxy must not have a path
                   5 |     proxy: ***
                     |            ^

                """#),
        DiagnosticCase(
            "empty ca_file",
            #"""
            providers:
              openai:
                kind: openai
                base_url: https://api.openai.com/v1
                ca_file: ""

            """#,
            gives: #"""
                main.yaml:5:14: error: "ca_file" must be the path of a file, at most 4096 bytes without control characters
                   5 |     ca_file: ""
                     |              ^

                """#),
    ]
}
