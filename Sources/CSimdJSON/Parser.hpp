// What the translation units of this target share.
#pragma once

#define SIMDJSON_EXCEPTIONS 0
#include <simdjson.h>

#include <cstdint>
#include <memory>

#include "CSimdJSON.h"

namespace csj {

/// simdjson writes the value's kind into the top byte of a tape word.
inline uint8_t kind(uint64_t word) { return uint8_t(word >> 56); }

/// The tape index behind the element at `index`.
inline size_t after(const uint64_t *tape, size_t index) {
    switch (kind(tape[index])) {
    case '{': case '[': return uint32_t(tape[index]);
    case 'l': case 'u': case 'd': return index + 2;
    default: return index + 1;
    }
}

/// Memory that is grown without exceptions and whose content need not survive growing.
template <typename T>
struct Buffer {
    std::unique_ptr<T[]> memory;
    size_t capacity = 0;

    bool reserve(size_t count) {
        if (count <= capacity) { return true; }
        memory.reset(new (std::nothrow) T[count]);
        capacity = memory ? count : 0;
        return bool(memory);
    }
};

/// Checks what simdjson leaves open: members that occur twice in one object, and the exact depth. Takes time linear in the document.
class TapeCheck {
  public:
    TapeCheck();
    /// CSJ_OK, CSJ_DUPLICATE_MEMBER (see `found`), CSJ_TOO_DEEP or CSJ_NO_MEMORY.
    csj_status run(const uint64_t *tape, const uint8_t *strings);
    /// Tape index of a duplicate's second occurrence.
    size_t found = 0;
    void release() { table = {}; }

  private:
    csj_status small(const uint64_t *tape, const uint8_t *strings, size_t object);
    csj_status large(const uint64_t *tape, const uint8_t *strings, size_t object, size_t members);
    uint64_t hash(const uint8_t *key) const;

    Buffer<uint32_t> table;
    uint64_t secret[2];
};

/// Whether every number of the text has at most CSJ_MAX_NUMBER_DIGITS digits. `tokens` end with a sentinel at `length`.
bool numbers_are_short(const uint8_t *text, size_t length, const uint32_t *tokens, size_t count);

/// Whether a text, if it is valid, has at most `most` values. Looks at no more than five tokens for each that it may have.
bool values_are_few(const uint8_t *text, const uint32_t *tokens, size_t count, size_t most);

/// Replaces numbers that are valid JSON but too large for a double or 64 bits by ±9e307, so that the rest can be parsed.
/// False when a number is not valid JSON at all. Works in place and keeps every offset.
bool replace_huge_numbers(uint8_t *text, size_t length, const uint32_t *tokens, size_t count);

}  // namespace csj
