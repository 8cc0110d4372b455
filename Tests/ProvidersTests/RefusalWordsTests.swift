import Chat
import Testing

@testable import Providers

@Suite struct RefusalWordsTests {
    @Test(arguments: [
        "Request too large for gpt-4o in organization org-abc123 on tokens per min (TPM): Limit 30000, Requested 41234. The input or output tokens must be reduced in order to run successfully.",
        "Rate limit reached for gpt-4 in organization org-abc on tokens per min (TPM): Limit 10,000, Used 0, Requested 12,000.",
        "Request body too large for gpt-4o model. Max size: 8000 tokens.",
        "Extra usage is required for long context requests.",
        "This model's maximum context length is 8192 tokens.",
        "Limit: 6000, requested: 7000, please reduce your message size and try again.",
    ])
    func aLimitThatOneRequestExceeds_isTheRequestsAffair(message: String) {
        #expect(RefusalWords.blameSize(message, namesDelay: false))
        #expect(RefusalWords.blameSize(message, namesDelay: true))
    }

    @Test(arguments: [
        "Rate limit reached for gpt-4 in organization org-abc on tokens per min (TPM): Limit 10000, Used 9500, Requested 800. Please try again in 1.8s.",
        "Rate limit reached for requests", "Too many tokens, please wait before trying again.", "Too many requests",
        "Requests to the ChatCompletions_Create Operation under Azure OpenAI API version 2024-06-01 have exceeded token rate limit of your current OpenAI S0 pricing tier. Please retry after 6 seconds.",
        "You exceeded your current quota, please check your plan and billing details.", "",
    ])
    func aLimitOfTheAccount_isNot(message: String) {
        #expect(!RefusalWords.blameSize(message, namesDelay: false))
        #expect(!RefusalWords.blameSize(message, namesDelay: true))
    }

    @Test func advice_countsOnlyWhereNoDelayIsNamed() {
        let message =
            "This request would exceed your organization's rate limit of 40,000 input tokens per minute. Please reduce the prompt length."
        #expect(RefusalWords.blameSize(message, namesDelay: false))
        #expect(!RefusalWords.blameSize(message, namesDelay: true))
    }

    private func failure(_ status: Int, _ body: String, retryAfter: Duration? = nil) -> GatewayError {
        OpenAIFailure.read(status: status, body: Array(body.utf8), retryAfter: retryAfter, reader: JSONReader())
    }

    @Test func anOversizedRequest_getsTheProvidersWords_withoutTheAccountsName() {
        let error = failure(
            429,
            #"{"error":{"message":"Request too large for gpt-4o in organization org-a1B2c3 on TPM: Limit 3, Requested 4.","code":"rate_limit_exceeded"}}"#
        )
        #expect(error.source == .client && error.isOfOneRequest && error.retry == .nextTarget && error.code.status == 429)
        #expect(error.publicMessage == "Request too large for gpt-4o in organization org-*** on TPM: Limit 3, Requested 4.")
    }

    @Test func aRateLimitWithoutATime_coolsForTheLeastTime() {
        #expect(failure(429, #"{"error":{"message":"slow down"}}"#).retry == .after(.seconds(1)))
        #expect(failure(429, "no JSON at all").retry == .after(.seconds(1)))
        #expect(failure(429, "{}", retryAfter: .milliseconds(300)).retry == .after(.milliseconds(300)))
    }

    @Test(arguments: [
        #"{"error":{"code":403,"message":"Your input was flagged","metadata":{"reasons":["violence"],"flagged_input":"..."}}}"#,
        #"{"error":{"code":"content_policy_violation","message":"no"}}"#,
    ])
    func moderatedInput_isTheClients(body: String) {
        #expect(failure(403, body).source == .client)
    }

    @Test func anotherForbidden_isTheGatewaysKey() {
        #expect(failure(403, #"{"error":{"message":"Country not supported"}}"#).source == .upstream)
    }

    @Test(arguments: [
        (#"{"code":"context_length_exceeded","message":"m"}"#, 400), (#"{"code":"400","message":"m"}"#, 400), (#"{"code":400}"#, 400),
        (#"{"code":413}"#, 413),
        (#"{"type":"invalid_request_error","code":null}"#, 400), (#"{"type":"BadRequestError","code":null}"#, 400),
        (#"{"code":"invalid_prompt"}"#, 400),
        (#"{"code":"string_above_max_length"}"#, 400), (#"{"status":"INVALID_ARGUMENT","message":"m"}"#, 400),
        (#"{"code":"content_filter"}"#, 400),
        (#"{"status_code":422,"message":"m"}"#, 422), (#"{"code":403,"metadata":{"reasons":["x"]}}"#, 403),
    ])
    func inAStreamToo_theClientsMistakesAreTheClients(error: String, status: Int) throws {
        let embedded = try embedded(error)
        #expect(embedded.source == .client && embedded.passThrough?.status == status)
    }

    @Test(arguments: [
        #"{"code":"server_error"}"#, #"{"code":500}"#, #"{"code":"503"}"#, #"{"type":"overloaded_error"}"#, #"{"code":"invalid_api_key"}"#,
        #"{"code":401}"#, #"{"code":"403","message":"forbidden"}"#, #"{"message":"it broke"}"#, #"{"code":"insufficient_quota"}"#,
        #"{"type":"invalid_request_error","code":"invalid_api_key"}"#,
    ])
    func inAStreamToo_theProvidersFaultsAreTheProviders(error: String) throws {
        #expect(try embedded(error).source == .upstream)
    }

    private func embedded(_ error: String) throws -> GatewayError {
        let text = Array("{\"error\":\(error)}".utf8)
        return try JSONReader().read(text) { (root) throws(GatewayError) in
            guard let error = root["error"] else { return OpenAIFailure.unusable("no error") }
            return text.withUnsafeBytes { OpenAIFailure.embedded(error, in: $0) }
        }
    }
}
