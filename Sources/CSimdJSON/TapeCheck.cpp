#include <sys/random.h>

#include <cstring>

#include "Parser.hpp"

namespace csj {
namespace {

/// Up to this many members every pair is compared; beyond, a hash table is cheaper.
constexpr size_t small_object = 16;

uint32_t length_of(const uint8_t *key) {
    uint32_t length;
    std::memcpy(&length, key, sizeof length);
    return length;
}

bool equal(const uint8_t *a, const uint8_t *b) {
    const uint32_t length = length_of(a);
    return length == length_of(b) && std::memcmp(a + sizeof length, b + sizeof length, length) == 0;
}

const uint8_t *key_at(const uint64_t *tape, const uint8_t *strings, size_t index) {
    return strings + (tape[index] & 0x00FFFFFFFFFFFFFF);
}

uint64_t mix(uint64_t a, uint64_t b) {
    const unsigned __int128 product = (unsigned __int128)a * b;
    return uint64_t(product) ^ uint64_t(product >> 64);
}

/// Number of members; the counter saturates at 2²⁴ - 1.
size_t member_count(const uint64_t *tape, size_t object) { return (tape[object] >> 32) & 0xFFFFFF; }

}  // namespace

TapeCheck::TapeCheck() {
    // A secret per parser keeps clients from preparing names that collide. Without entropy the check is still correct.
    if (getrandom(secret, sizeof secret, 0) != ssize_t(sizeof secret)) { secret[0] = secret[1] = 0x9E3779B97F4A7C15; }
    secret[1] |= 1;
}

uint64_t TapeCheck::hash(const uint8_t *key) const {
    size_t left = length_of(key);
    uint64_t h = secret[0] ^ left;
    const uint8_t *p = key + sizeof(uint32_t);
    for (; left >= 8; p += 8, left -= 8) {
        uint64_t word;
        std::memcpy(&word, p, 8);
        h = mix(h ^ word, secret[1]) + word;
    }
    uint64_t rest = 0;
    std::memcpy(&rest, p, left);
    return mix(h ^ rest, secret[1]);
}

csj_status TapeCheck::run(const uint64_t *tape, const uint8_t *strings) {
    const size_t end = tape[0] & 0x00FFFFFFFFFFFFFF;
    size_t depth = 0;
    for (size_t i = 1; i < end;) {
        const uint8_t type = kind(tape[i]);
        // simdjson does not count an empty array or object as a level.
        if ((type == '{' || type == '[') && ++depth > CSJ_MAX_DEPTH) { return CSJ_TOO_DEEP; }
        if (type == '}' || type == ']') { depth--; }
        if (type == '{') {
            const size_t members = member_count(tape, i);
            csj_status status = CSJ_OK;
            if (members > small_object) {
                status = large(tape, strings, i, members);
            } else if (members > 1) {
                status = small(tape, strings, i);
            }
            if (status != CSJ_OK) { return status; }
        }
        i += type == 'l' || type == 'u' || type == 'd' ? 2 : 1;
    }
    return CSJ_OK;
}

csj_status TapeCheck::small(const uint64_t *tape, const uint8_t *strings, size_t object) {
    const uint8_t *seen[small_object];
    size_t count = 0;
    for (size_t i = object + 1; kind(tape[i]) == '"' && count < small_object; i = after(tape, i + 1)) {
        const uint8_t *key = key_at(tape, strings, i);
        for (size_t k = 0; k < count; k++) {
            if (equal(seen[k], key)) {
                found = i;
                return CSJ_DUPLICATE_MEMBER;
            }
        }
        seen[count++] = key;
    }
    return CSJ_OK;
}

csj_status TapeCheck::large(const uint64_t *tape, const uint8_t *strings, size_t object, size_t members) {
    // Where the counter is saturated, the object's extent bounds the number of its members.
    if (members == 0xFFFFFF) { members = (after(tape, object) - object) / 2; }
    size_t slots = 4 * small_object;
    while (slots < 2 * members) { slots *= 2; }
    if (!table.reserve(slots)) { return CSJ_NO_MEMORY; }
    std::memset(table.memory.get(), 0, slots * sizeof(uint32_t));
    for (size_t i = object + 1; kind(tape[i]) == '"'; i = after(tape, i + 1)) {
        const uint8_t *key = key_at(tape, strings, i);
        size_t slot = hash(key) & (slots - 1);
        for (; table.memory[slot] != 0; slot = (slot + 1) & (slots - 1)) {
            if (equal(key_at(tape, strings, table.memory[slot]), key)) {
                found = i;
                return CSJ_DUPLICATE_MEMBER;
            }
        }
        table.memory[slot] = uint32_t(i);
    }
    return CSJ_OK;
}

bool values_are_few(const uint8_t *text, const uint32_t *tokens, size_t count, size_t most) {
    // A value has at least one token of its own, and at most five: its name, two marks behind the name and the value, two brackets.
    if (count <= most) { return true; }
    if ((count - 1) / 5 > most) { return false; }
    size_t values = 0;
    for (size_t i = 0; i < count; i++) {
        switch (text[tokens[i]]) {
        case ':': values--; break;  // What stands before it is a name.
        case ',': case '}': case ']': break;
        default: values++;
        }
    }
    return values <= most;
}

}  // namespace csj
