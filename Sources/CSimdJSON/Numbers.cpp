#include <cmath>
#include <cstdlib>
#include <cstring>

#include "Parser.hpp"

namespace csj {
namespace {

bool is_digit(uint8_t c) { return c >= '0' && c <= '9'; }

bool starts_number(uint8_t c) { return c == '-' || is_digit(c); }

/// Extent and kind of one number token.
struct Number {
    size_t end;
    bool valid, integer;
};

/// Reads RFC 8259's `number` at `start`; it must be followed by the end, white space or a structural byte.
Number read_number(const uint8_t *text, size_t length, size_t start) {
    size_t i = start;
    auto digits = [&] {
        size_t first = i;
        while (i < length && is_digit(text[i])) { i++; }
        return i > first;
    };
    Number number{start, false, true};
    if (i < length && text[i] == '-') { i++; }
    if (i < length && text[i] == '0') {
        i++;
    } else if (!digits()) {
        return number;
    }
    if (i < length && text[i] == '.') {
        i++;
        number.integer = false;
        if (!digits()) { return number; }
    }
    if (i < length && (text[i] == 'e' || text[i] == 'E')) {
        i++;
        number.integer = false;
        if (i < length && (text[i] == '+' || text[i] == '-')) { i++; }
        if (!digits()) { return number; }
    }
    number.end = i;
    number.valid = i == length || std::strchr(" \t\r\n,:[]{}", text[i]) != nullptr;
    return number;
}

/// Whether a valid integer token is outside of both Int64 and UInt64.
bool exceeds_64_bits(const uint8_t *digits, size_t count, bool negative) {
    const char *limit = negative ? "9223372036854775808" : "18446744073709551615";
    const size_t places = std::strlen(limit);
    return count > places || (count == places && std::memcmp(digits, limit, places) > 0);
}

}  // namespace

bool numbers_are_short(const uint8_t *text, size_t length, const uint32_t *tokens, size_t count) {
    if (length <= CSJ_MAX_NUMBER_DIGITS) { return true; }
    for (size_t t = 0; t < count; t++) {
        const size_t start = tokens[t], limit = t + 1 < count ? tokens[t + 1] : length;
        if (limit - start <= CSJ_MAX_NUMBER_DIGITS || !starts_number(text[start])) { continue; }
        size_t digits = 0;
        for (size_t i = start; i < limit; i++) { digits += is_digit(text[i]); }
        if (digits > CSJ_MAX_NUMBER_DIGITS) { return false; }
    }
    return true;
}

bool replace_huge_numbers(uint8_t *text, size_t length, const uint32_t *tokens, size_t count) {
    for (size_t t = 0; t < count; t++) {
        const size_t start = tokens[t];
        if (!starts_number(text[start])) { continue; }
        const Number number = read_number(text, length, start);
        if (!number.valid) { return false; }
        const bool negative = text[start] == '-';
        const size_t size = number.end - start - negative;
        // The token ends at a byte that strtod does not take, and the caller's buffer is padded.
        const bool huge = number.integer ? exceeds_64_bits(text + start + negative, size, negative)
                                         : std::isinf(std::strtod(reinterpret_cast<const char *>(text) + start, nullptr));
        if (!huge) { continue; }
        // "1e309" is the shortest number that is too large, so the replacement always fits.
        std::memset(text + start + negative, ' ', size);
        std::memcpy(text + start + negative, "9e307", 5);
    }
    return true;
}

}  // namespace csj
