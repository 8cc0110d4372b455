// simdjson's DOM parser behind a C ABI: no exception and no C++ type crosses this header.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#pragma clang assume_nonnull begin

/// Deepest nesting of arrays and objects that is accepted.
#define CSJ_MAX_DEPTH 128
/// Most digits that one number may have.
#define CSJ_MAX_NUMBER_DIGITS 4300
/// Bytes behind the text that must be readable (not meaningful) for a parse without a copy.
#define CSJ_PADDING 64

typedef enum {
    CSJ_OK = 0,
    CSJ_EMPTY,
    CSJ_SYNTAX,
    CSJ_UTF8,
    CSJ_BYTE_ORDER_MARK,
    CSJ_TOO_DEEP,
    CSJ_DUPLICATE_MEMBER,
    CSJ_NUMBER_TOO_LONG,
    CSJ_TOO_MANY_VALUES,
    CSJ_TOO_LARGE,
    CSJ_NO_MEMORY
} csj_status;

/// A parsed document; borrowed from its parser and valid until the next parse, shrink or destroy.
typedef struct {
    const uint64_t *tape;    // simdjson's tape: type in the top byte, payload below
    const uint8_t *strings;  // unescaped strings, each behind its 32-bit length
    const uint32_t *tokens;  // offsets in `text` of every bracket, colon, comma and first byte of a scalar
    const uint8_t *text;     // what the caller passed in
    size_t token_count;
    size_t length;
} csj_document;

/// One member of an object: where it stands in the text, and where its value stands on the tape.
typedef struct {
    size_t name_start, name_end;    // with the quotes
    size_t value_start, value_end;  // without surrounding white space
    size_t name_tape, value_tape;   // indexes on the tape
    size_t name_token, value_token; // indexes in `tokens`
    size_t next_token;              // of the comma or brace behind the value
} csj_member;

/// One element of an array, likewise.
typedef struct {
    size_t value_start, value_end; // without surrounding white space
    size_t value_tape, value_token;
    size_t next_token; // of the comma or bracket behind the value
} csj_element;

typedef struct csj_parser csj_parser;

/// A parser to be destroyed by the caller; NULL when memory is short.
csj_parser *_Nullable csj_parser_create(void);
void csj_parser_destroy(csj_parser *_Nullable parser);

/// Validates and parses `length` bytes. With `padded`, CSJ_PADDING bytes behind the text are readable and it is parsed where it lies;
/// otherwise it is copied first. The text must stay in place while the document is used. A text of more than `most_values` values (objects,
/// arrays and scalars, wherever they stand) is refused before they are looked at.
csj_status csj_parser_parse(csj_parser *parser, const uint8_t *_Nullable text, size_t length, bool padded, size_t most_values);

/// The document of the last parse that returned CSJ_OK; after CSJ_DUPLICATE_MEMBER, with which it may be used to read the name.
const csj_document *csj_parser_document(const csj_parser *parser);

/// After CSJ_DUPLICATE_MEMBER: the tape index of the name that came twice.
size_t csj_parser_duplicate(const csj_parser *parser);

/// Gives back memory when the parser has grown beyond `capacity` bytes of text.
void csj_parser_shrink(csj_parser *parser, size_t capacity);

/// Whether any string of the document, name or value, is `text`.
bool csj_holds_string(const csj_document *document, const uint8_t *text, size_t length);

/// Steps into the object at (`tape`, `token`); false when it has no member. The root stands at tape 1, token 0.
bool csj_first_member(const csj_document *document, size_t tape, size_t token, csj_member *member);

/// Steps to the next member of the same object; false behind the last one.
bool csj_next_member(const csj_document *document, csj_member *member);

/// Steps into the array at (`tape`, `token`); false when it has no element.
bool csj_first_element(const csj_document *document, size_t tape, size_t token, csj_element *element);

/// Steps to the next element of the same array; false behind the last one.
bool csj_next_element(const csj_document *document, csj_element *element);

#pragma clang assume_nonnull end

#ifdef __cplusplus
}
#endif
