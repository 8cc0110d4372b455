internal import CCurl

extension UpstreamFailure {
    /// Converts libcurl's result codes. `code` is not `CURLE_OK`.
    init(_ code: CURLcode) {
        let text = String(cString: curl_easy_strerror(code))
        self =
            switch code {
            case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY, CURLE_COULDNT_CONNECT, CURLE_INTERFACE_FAILED, CURLE_PROXY,
                CURLE_URL_MALFORMAT:
                .unreachable(text)
            case CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CACERT_BADFILE, CURLE_SSL_CERTPROBLEM, CURLE_SSL_CIPHER,
                CURLE_SSL_ISSUER_ERROR, CURLE_SSL_INVALIDCERTSTATUS:
                .untrusted(text)
            case CURLE_OPERATION_TIMEDOUT: .connectTimeout
            case CURLE_WEIRD_SERVER_REPLY, CURLE_UNSUPPORTED_PROTOCOL, CURLE_BAD_CONTENT_ENCODING, CURLE_HTTP2, CURLE_HTTP2_STREAM,
                CURLE_HTTP3:
                .malformed(text)
            case CURLE_FILESIZE_EXCEEDED: .tooLarge("bodyBytes")
            case CURLE_ABORTED_BY_CALLBACK: .cut("the connection was closed after the request had been sent")
            default: .cut(text)
            }
    }
}
