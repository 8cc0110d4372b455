#include "Parser.hpp"

#include <cstring>

static_assert(CSJ_PADDING >= simdjson::SIMDJSON_PADDING, "a caller's padding must satisfy simdjson");

struct csj_parser {
    std::unique_ptr<simdjson::internal::dom_parser_implementation> stages;
    simdjson::dom::document document;
    csj::Buffer<uint8_t> copy;
    csj::TapeCheck tape_check;
    csj_document view{};
    size_t capacity = 0;
};

namespace {

constexpr size_t smallest_capacity = 16 * 1024;
// Offsets are 32 bits wide in simdjson; nothing near that is taken from outside.
constexpr size_t largest_capacity = size_t(1) << 30;

csj_status translate(simdjson::error_code error) {
    switch (error) {
    case simdjson::SUCCESS: return CSJ_OK;
    case simdjson::EMPTY: return CSJ_EMPTY;
    case simdjson::UTF8_ERROR: return CSJ_UTF8;
    case simdjson::DEPTH_ERROR: return CSJ_TOO_DEEP;
    case simdjson::CAPACITY: return CSJ_TOO_LARGE;
    case simdjson::MEMALLOC: return CSJ_NO_MEMORY;
    default: return CSJ_SYNTAX;
    }
}

/// Grows in powers of two, so that bodies of slowly rising size do not reallocate each time.
csj_status reserve(csj_parser *p, size_t length) {
    if (p->stages && length <= p->capacity) { return CSJ_OK; }
    if (length > largest_capacity) { return CSJ_TOO_LARGE; }
    size_t capacity = smallest_capacity;
    while (capacity < length) { capacity *= 2; }
    p->stages.reset();
    p->capacity = 0;
    // simdjson counts the document itself as a level.
    auto error = simdjson::get_active_implementation()->create_dom_parser_implementation(capacity, CSJ_MAX_DEPTH + 1, p->stages);
    if (!error) { error = p->document.allocate(capacity); }
    if (error) {
        p->stages.reset();
        return translate(error);
    }
    p->capacity = capacity;
    return CSJ_OK;
}

/// Copies the text in front of zeroed padding; nullptr when memory is short.
const uint8_t *padded_copy(csj_parser *p, const uint8_t *text, size_t length) {
    if (!p->copy.reserve(p->capacity + CSJ_PADDING)) { return nullptr; }
    std::memcpy(p->copy.memory.get(), text, length);
    std::memset(p->copy.memory.get() + length, 0, CSJ_PADDING);
    return p->copy.memory.get();
}


/// The rare second try: a number that simdjson refuses may merely be larger than it can represent.
csj_status parse_with_huge_numbers(csj_parser *p, const uint8_t *text, size_t length) {
    if (!padded_copy(p, text, length)) { return CSJ_NO_MEMORY; }
    uint8_t *copy = p->copy.memory.get();
    if (!csj::replace_huge_numbers(copy, length, p->stages->structural_indexes.get(), p->stages->n_structural_indexes)) { return CSJ_SYNTAX; }
    const auto error = p->stages->stage1(copy, length, simdjson::stage1_mode::regular);
    return translate(error ? error : p->stages->stage2(p->document));
}

csj_status parse(csj_parser *p, const uint8_t *text, size_t length, bool padded, size_t most_values) {
    if (length >= 3 && std::memcmp(text, "\xEF\xBB\xBF", 3) == 0) { return CSJ_BYTE_ORDER_MARK; }
    if (csj_status status = reserve(p, length); status != CSJ_OK) { return status; }
    const uint8_t *source = padded ? text : padded_copy(p, text, length);
    if (!source) { return CSJ_NO_MEMORY; }
    auto error = p->stages->stage1(source, length, simdjson::stage1_mode::regular);
    if (error) { return translate(error); }
    const uint32_t *tokens = p->stages->structural_indexes.get();
    if (!csj::values_are_few(text, tokens, p->stages->n_structural_indexes, most_values)) { return CSJ_TOO_MANY_VALUES; }
    if (!csj::numbers_are_short(text, length, tokens, p->stages->n_structural_indexes)) { return CSJ_NUMBER_TOO_LONG; }
    error = p->stages->stage2(p->document);
    csj_status status = translate(error);
    if (error == simdjson::NUMBER_ERROR) { status = parse_with_huge_numbers(p, text, length); }
    if (status != CSJ_OK) { return status; }
    p->view = {p->document.tape.get(), p->document.string_buf.get(), tokens, text, p->stages->n_structural_indexes, length};
    return p->tape_check.run(p->view.tape, p->view.strings);
}

bool is_space(uint8_t c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

/// The end of a scalar that begins behind `start` and is followed by white space and then the token at `next`.
size_t trimmed_end(const csj_document *d, size_t start, size_t next) {
    size_t end = next;
    while (end > start && is_space(d->text[end - 1])) { end--; }
    return end;
}

/// The token behind the value at `token`.
size_t token_after_value(const csj_document *d, size_t token) {
    size_t depth = 0;
    for (size_t t = token; t < d->token_count; t++) {
        const uint8_t c = d->text[d->tokens[t]];
        if (c == '{' || c == '[') { depth++; }
        if (c == '}' || c == ']') { depth--; }
        if (depth == 0) { return t + 1; }
    }
    return d->token_count;
}

/// Fills in the member whose name stands at (`tape`, `token`).
bool read_member(const csj_document *d, size_t tape, size_t token, csj_member *m) {
    // A validated member has a name, a colon, a value and something behind it.
    if (csj::kind(d->tape[tape]) != '"' || token + 3 >= d->token_count) { return false; }
    m->name_tape = tape;
    m->value_tape = tape + 1;
    m->name_token = token;
    m->value_token = token + 2;
    m->next_token = token_after_value(d, m->value_token);
    if (m->next_token >= d->token_count) { return false; }
    m->name_start = d->tokens[token];
    m->name_end = trimmed_end(d, m->name_start, d->tokens[token + 1]);
    m->value_start = d->tokens[m->value_token];
    m->value_end = trimmed_end(d, m->value_start, d->tokens[m->next_token]);
    return true;
}

/// Fills in the element that stands at (`tape`, `token`).
bool read_element(const csj_document *d, size_t tape, size_t token, csj_element *e) {
    if (csj::kind(d->tape[tape]) == ']' || token + 1 >= d->token_count) { return false; }
    e->value_tape = tape;
    e->value_token = token;
    e->next_token = token_after_value(d, token);
    if (e->next_token >= d->token_count) { return false; }
    e->value_start = d->tokens[token];
    e->value_end = trimmed_end(d, e->value_start, d->tokens[e->next_token]);
    return true;
}

}  // namespace

extern "C" {

csj_parser *csj_parser_create(void) { return new (std::nothrow) csj_parser; }

void csj_parser_destroy(csj_parser *parser) { delete parser; }

csj_status csj_parser_parse(csj_parser *parser, const uint8_t *text, size_t length, bool padded, size_t most_values) {
    if (!text || length == 0) { return CSJ_EMPTY; }
    return parse(parser, text, length, padded, most_values);
}

const csj_document *csj_parser_document(const csj_parser *parser) { return &parser->view; }

size_t csj_parser_duplicate(const csj_parser *parser) { return parser->tape_check.found; }

bool csj_holds_string(const csj_document *document, const uint8_t *text, size_t length) {
    const size_t end = document->tape[0] & 0x00FFFFFFFFFFFFFF;
    for (size_t i = 1; i < end;) {
        const uint8_t type = csj::kind(document->tape[i]);
        if (type == '"') {
            const uint8_t *string = document->strings + (document->tape[i] & 0x00FFFFFFFFFFFFFF);
            uint32_t count;
            std::memcpy(&count, string, sizeof count);
            if (count == length && std::memcmp(string + sizeof count, text, length) == 0) { return true; }
        }
        i += type == 'l' || type == 'u' || type == 'd' ? 2 : 1;
    }
    return false;
}

void csj_parser_shrink(csj_parser *parser, size_t capacity) {
    if (parser->capacity <= capacity) { return; }
    parser->stages.reset();
    parser->document = simdjson::dom::document();
    parser->copy = {};
    parser->tape_check.release();
    parser->view = {};
    parser->capacity = 0;
}

bool csj_first_member(const csj_document *document, size_t tape, size_t token, csj_member *member) {
    if (csj::kind(document->tape[tape]) != '{') { return false; }
    return read_member(document, tape + 1, token + 1, member);
}

bool csj_next_member(const csj_document *document, csj_member *member) {
    if (document->text[document->tokens[member->next_token]] != ',') { return false; }
    return read_member(document, csj::after(document->tape, member->value_tape), member->next_token + 1, member);
}

bool csj_first_element(const csj_document *document, size_t tape, size_t token, csj_element *element) {
    if (csj::kind(document->tape[tape]) != '[') { return false; }
    return read_element(document, tape + 1, token + 1, element);
}

bool csj_next_element(const csj_document *document, csj_element *element) {
    if (document->text[document->tokens[element->next_token]] != ',') { return false; }
    return read_element(document, csj::after(document->tape, element->value_tape), element->next_token + 1, element);
}

}  // extern "C"
