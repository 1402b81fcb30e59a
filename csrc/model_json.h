/* A strict reader of JSON: a cursor over one document, and functions that take the next value as what it has to be.
 *
 * UTF-8 without a zero character, no key twice in an object, no literal that JSON has not, numbers of bounded length that are finite.
 * Every function returns 0 after a refusal (the enumerating ones say which), with the error set to the place and what was expected there.
 */
#ifndef NT_MODEL_JSON_H
#define NT_MODEL_JSON_H

#include "neural_trader.h"

#define NT_JSON_DEPTH 16
#define NT_JSON_KEYS 512                /* of one object */
#define NT_JSON_NUMBER_BYTES 64         /* of a number's text */
#define NT_JSON_MOST ((int64_t)1 << 53) /* of a whole number: every JSON reader takes it exactly */

#define NT_COUNT(list) ((uint32_t)(sizeof(list) / sizeof((list)[0])))
#define NT_ALL(list) ((1u << NT_COUNT(list)) - 1) /* bits of all keys of a list */

typedef struct nt_json_text {
  const char *at;
  uint32_t length;
} nt_json_text;

/* A string for an error text: short, printable. */
typedef struct nt_json_quoted {
  char text[44];
} nt_json_quoted;

typedef struct nt_json {
  const char *begin, *at, *end; /* of the document being read; what it holds is UTF-8 */
  const char *document;         /* what error texts call it */
  char *room;                   /* where the next decoded string goes: the caller gives room for every string of the documents */
  nt_json_text *keys;           /* of the objects that are open: room for NT_JSON_DEPTH * NT_JSON_KEYS, or for all keys of the document */
  uint32_t key_count;
  uint32_t depth;
  uint32_t path_length;
  char path[128];
  nt_error *error;
} nt_json;

/* An object or array that is being read. */
typedef struct nt_json_scope {
  char close;
  uint32_t first_key;
  uint32_t count; /* of members seen */
  uint32_t path_length;
  uint32_t seen; /* bits of a fixed set of keys */
} nt_json_scope;

int nt_json_is_utf8(const uint8_t *at, const uint8_t *end);
nt_json_quoted nt_json_shown(nt_json_text text);

/* Start a document; room, keys and error stay. */
void nt_json_begin(nt_json *r, const char *document, nt_json_text text);
/* The path of error texts from base on. */
__attribute__((format(printf, 3, 4))) void nt_json_set_path(nt_json *r, uint32_t base, const char *format, ...);
/* Both always return 0. */
__attribute__((format(printf, 4, 5))) int nt_json_refuse(nt_json *r, int64_t observed, int64_t limit, const char *format, ...);
int nt_json_malformed(nt_json *r, const char *expected);

/* The next character that is not space, 0 at the end. */
char nt_json_peek(nt_json *r);
int nt_json_at_end(nt_json *r);
int nt_json_skip_value(nt_json *r); /* any value: well-formed, and no more is asked */

/* open: '{' or '['. Members are then taken one by one, and each one's value is read before the next.
 * nt_json_element and nt_json_next_key: 1 while a member follows, 0 at the end, -1 refused.
 * nt_json_member: index of the next key among at most 32 names, -1 at the end with all keys of the mask seen, -2 refused. */
int nt_json_enter(nt_json *r, char open, nt_json_scope *s);
int nt_json_element(nt_json *r, nt_json_scope *s);
int nt_json_next_key(nt_json *r, nt_json_scope *s, nt_json_text *key);
int nt_json_member(nt_json *r, nt_json_scope *s, const char *const *names, uint32_t count, uint32_t required);

int nt_json_string(nt_json *r, nt_json_text *out); /* decoded, zero-terminated */
int nt_json_integer(nt_json *r, int64_t least, int64_t most, int64_t *out);
int nt_json_count(nt_json *r, uint32_t least, uint32_t most, uint32_t *out);
int nt_json_number(nt_json *r, double *out);
int nt_json_not_negative(nt_json *r, double *out);
int nt_json_float(nt_json *r, int positive, float *out);
int nt_json_word(nt_json *r, const char *const *words, uint32_t count, uint32_t *out); /* 1 to count: the place of a string among words */
int nt_json_name(nt_json *r, char out[NT_NAME_BYTES]);
int nt_json_names(nt_json *r, char (*out)[NT_NAME_BYTES], uint32_t most, uint32_t *count); /* without repeats */
int nt_json_bits(nt_json *r, const char *const *words, uint32_t count, uint32_t *out);     /* of a list of words without repeats */

#endif
