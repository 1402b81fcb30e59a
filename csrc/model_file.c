/* Reading a model file: bytes, JSON, tensors, metadata, and at last how the ops fit together. */
#include "model_file.h"

#include <float.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "segment.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "tensors are little-endian in the file");

#define FORMAT 1
#define MOST ((int64_t)1 << 53) /* of a whole number: every JSON reader takes it exactly */
#define COUNT(list) ((uint32_t)(sizeof(list) / sizeof((list)[0])))
#define ALL(list) ((1u << COUNT(list)) - 1)

typedef struct span {
  const char *at;
  uint32_t length;
} span;

typedef struct reader {
  const char *begin, *at, *end; /* of the document being read; what it holds is UTF-8 */
  const char *document;
  char *text; /* where the next decoded string goes: there is room for every string of both documents */
  span *keys; /* of the objects that are open */
  uint32_t key_count;
  uint32_t depth;
  uint32_t path_length;
  char path[128];
  nt_error *error;
  nt_model_file *file;
  span metadata; /* our JSON, as the header carries it */
  int has_metadata;
  uint32_t bias_count;
  uint32_t calibrated;             /* bits of calibration's keys */
  uint32_t ends[NT_MODEL_TENSORS]; /* of the tensors' bytes */
  uint32_t begins[NT_MODEL_TENSORS];
  uint8_t used[NT_MODEL_TENSORS];
} reader;

/* A string of the file for an error text: short, printable. */
typedef struct quoted {
  char text[44];
} quoted;

static quoted shown(span text) {
  quoted out;
  uint32_t length = text.length < 40 ? text.length : 40;
  for (uint32_t i = 0; i < length; i++) out.text[i] = text.at[i] >= ' ' && text.at[i] <= '~' ? text.at[i] : '?';
  memcpy(out.text + length, text.length > length ? "..." : "", text.length > length ? 4 : 1);
  return out;
}

static quoted shown_name(const nt_model_tensor *tensor) {
  return shown((span){tensor->name, (uint32_t)strlen(tensor->name)});
}

__attribute__((format(printf, 4, 5))) static int refuse(reader *r, int64_t observed, int64_t limit, const char *format, ...) {
  char text[232];
  va_list arguments;
  va_start(arguments, format);
  (void)vsnprintf(text, sizeof(text), format, arguments);
  va_end(arguments);
  nt_error_set(r->error, NT_ERR_INVALID, 0, observed, limit, "%s%s: %s", r->document, r->path, text);
  return 0;
}

/* ---- JSON ------------------------------------------------------------------------------------------------------------------- */

static int malformed(reader *r, const char *expected) {
  return refuse(r, r->at - r->begin, NT_ABSENT, "byte %lld: expected %s", (long long)(r->at - r->begin), expected);
}

static void skip_space(reader *r) {
  while (r->at < r->end && (*r->at == ' ' || *r->at == '\t' || *r->at == '\n' || *r->at == '\r')) r->at++;
}

/* The next character that is not space, 0 at the end. */
static char peek(reader *r) {
  skip_space(r);
  return r->at < r->end ? *r->at : 0;
}

static int take(reader *r, char what) {
  if (peek(r) != what || what == 0) return 0;
  r->at++;
  return 1;
}

static int is_digit(const reader *r) {
  return r->at < r->end && *r->at >= '0' && *r->at <= '9';
}

static int hexadecimal(reader *r, uint32_t *out) {
  *out = 0;
  for (uint32_t i = 0; i < 4; i++, r->at++) {
    char c = r->at < r->end ? *r->at : 0;
    int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
    if (digit < 0) return malformed(r, "four hexadecimal digits after \\u");
    *out = *out << 4 | (uint32_t)digit;
  }
  return 1;
}

static void put(reader *r, uint32_t byte) {
  *r->text++ = (char)(uint8_t)byte;
}

/* What follows \u: one character, of two escapes where it needs a surrogate pair. */
static int unicode(reader *r) {
  uint32_t code, low;
  if (!hexadecimal(r, &code)) return 0;
  if (code == 0) return malformed(r, "no zero character in a string");
  if (code >= 0xdc00 && code < 0xe000) return malformed(r, "the first half of a surrogate pair before its second");
  if (code >= 0xd800 && code < 0xdc00) {
    if (r->end - r->at < 2 || r->at[0] != '\\' || r->at[1] != 'u') return malformed(r, "the second half of a surrogate pair");
    r->at += 2;
    if (!hexadecimal(r, &low)) return 0;
    if (low < 0xdc00 || low >= 0xe000) return malformed(r, "the second half of a surrogate pair");
    code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
  }
  if (code < 0x80) {
    put(r, code);
  } else if (code < 0x800) {
    put(r, 0xc0 | code >> 6);
    put(r, 0x80 | (code & 63));
  } else if (code < 0x10000) {
    put(r, 0xe0 | code >> 12);
    put(r, 0x80 | (code >> 6 & 63));
    put(r, 0x80 | (code & 63));
  } else {
    put(r, 0xf0 | code >> 18);
    put(r, 0x80 | (code >> 12 & 63));
    put(r, 0x80 | (code >> 6 & 63));
    put(r, 0x80 | (code & 63));
  }
  return 1;
}

/* A string, decoded and zero-terminated: never longer than its text with quotes. */
static int read_string(reader *r, span *out) {
  static const char escapes[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
  if (!take(r, '"')) return malformed(r, "a string");
  out->at = r->text;
  for (;;) {
    if (r->at == r->end) return malformed(r, "the end of the string");
    char c = *r->at;
    if ((uint8_t)c < ' ') return malformed(r, "no control character in a string");
    r->at++;
    if (c == '"') break;
    if (c != '\\') {
      put(r, (uint8_t)c);
      continue;
    }
    const char *escape = r->at < r->end ? memchr(escapes, *r->at, sizeof(escapes) - 1) : NULL;
    if (escape != NULL) {
      r->at++;
      put(r, (uint8_t)meanings[escape - escapes]);
    } else if (r->at < r->end && *r->at == 'u') {
      r->at++;
      if (!unicode(r)) return 0;
    } else {
      return malformed(r, "one of \" \\ / b f n r t u after a backslash");
    }
  }
  out->length = (uint32_t)(r->text - out->at);
  put(r, 0);
  return 1;
}

/* Fixed to 32-bit words, lowest first; numbers of NT_MODEL_NUMBER_BYTES have up to 64 digits (7 words), times 10^310 or 2^(32 * 46). */
#define WORDS 64

/* words = words * factor + more */
static void multiply(uint32_t words[WORDS], uint32_t factor, uint32_t more) {
  uint64_t carry = more;
  for (uint32_t i = 0; i < WORDS; i++) {
    carry += (uint64_t)words[i] * factor;
    words[i] = (uint32_t)carry;
    carry >>= 32;
  }
}

/* words = floor(words / divisor); returns the remainder. */
static uint32_t divide(uint32_t words[WORDS], uint32_t divisor) {
  uint64_t rest = 0;
  uint32_t i = WORDS;
  while (i > 0 && words[i - 1] == 0) i--;
  while (i-- > 0) {
    rest = rest << 32 | words[i];
    words[i] = (uint32_t)(rest / divisor);
    rest %= divisor;
  }
  return (uint32_t)rest;
}

static uint32_t power_of_ten(int64_t exponent) {
  uint32_t power = 1;
  while (exponent-- > 0) power *= 10;
  return power;
}

/* The double nearest to words / 2^shift, ties to even; rest: something was cut off below words. */
static double rounded(const uint32_t words[WORDS], int shift, int rest) {
  int top = WORDS * 32 - 1;
  while ((words[top / 32] >> (top % 32) & 1) == 0) top--;
  int precision = top - shift < -1022 ? 53 + 1022 + top - shift : 53;
  if (precision < 0) return 0;
  uint64_t mantissa = 0;
  int lowest = top - precision + 1, half = 0;
  for (int i = top; i >= 0; i--) {
    uint64_t bit = words[i / 32] >> (i % 32) & 1;
    if (i >= lowest) mantissa = mantissa << 1 | bit;
    if (i == lowest - 1) half = (int)bit;
    if (i < lowest - 1) rest |= (int)bit;
  }
  if (lowest < 0) mantissa <<= -lowest;
  mantissa += (uint64_t)(half && (rest || (mantissa & 1)));
  return ldexp((double)mantissa, lowest - shift);
}

/* The double nearest to a number of the JSON grammar, ties to even: exact for every text of up to NT_MODEL_NUMBER_BYTES. No locale. */
static double to_double(span number) {
  uint32_t words[WORDS] = {0};
  int64_t scale = 0, exponent = 0;
  int significant = 0, fraction = 0, rest = 0, shift = 0;
  uint32_t i = number.at[0] == '-';
  for (; i < number.length && (number.at[i] | 32) != 'e'; i++) {
    if (number.at[i] == '.') {
      fraction = 1;
      continue;
    }
    multiply(words, 10, (uint32_t)(number.at[i] - '0'));
    significant += significant > 0 || number.at[i] != '0';
    scale -= fraction;
  }
  if (i < number.length) {
    int negative = number.at[++i] == '-';
    if (number.at[i] == '-' || number.at[i] == '+') i++;
    for (; i < number.length; i++) exponent = exponent > 99999 ? exponent : exponent * 10 + (number.at[i] - '0');
    scale += negative ? -exponent : exponent;
  }
  double sign = number.at[0] == '-' ? -1.0 : 1.0;
  if (significant == 0 || significant + scale < -330) return sign * 0.0;
  if (significant + scale > 310) return sign * (double)INFINITY;
  for (; scale > 0; scale -= scale < 9 ? scale : 9) multiply(words, power_of_ten(scale < 9 ? scale : 9), 0);
  if (scale < 0) {
    uint32_t moved = (uint32_t)(3 - scale * 11 / 100); /* 2^(32 moved) > 2^64 10^-scale: no bit of the result is lost */
    memmove(words + moved, words, 8 * sizeof(*words));
    memset(words, 0, (moved < 8 ? moved : 8) * sizeof(*words));
    shift = (int)moved * 32;
    for (; scale<0; scale += scale> - 9 ? -scale : 9) rest |= divide(words, power_of_ten(scale > -9 ? -scale : 9)) != 0;
  }
  return sign * rounded(words, shift, rest);
}

/* The text of a number; *value is what it rounds to, which has to be finite. */
static int read_number_text(reader *r, span *text, double *value) {
  (void)peek(r);
  text->at = r->at;
  if (r->at < r->end && *r->at == '-') r->at++;
  if (!is_digit(r)) return malformed(r, "a value");
  int leading = *r->at == '0';
  r->at++;
  while (!leading && is_digit(r)) r->at++;
  if (r->at < r->end && *r->at == '.') {
    r->at++;
    if (!is_digit(r)) return malformed(r, "a digit after the decimal point");
    while (is_digit(r)) r->at++;
  }
  if (r->at < r->end && (*r->at | 32) == 'e') {
    r->at++;
    if (r->at < r->end && (*r->at == '+' || *r->at == '-')) r->at++;
    if (!is_digit(r)) return malformed(r, "a digit in the exponent");
    while (is_digit(r)) r->at++;
  }
  int64_t length = r->at - text->at;
  if (length > NT_MODEL_NUMBER_BYTES) {
    return refuse(r, length, NT_MODEL_NUMBER_BYTES, "a number has %lld characters; write it with at most %d", (long long)length,
                  NT_MODEL_NUMBER_BYTES);
  }
  text->length = (uint32_t)length;
  *value = to_double(*text);
  if (!isfinite(*value)) return refuse(r, NT_ABSENT, NT_ABSENT, "%s is too large for a double", shown(*text).text);
  return 1;
}

/* An object or array that is being read. */
typedef struct scope {
  char close;
  uint32_t first_key;
  uint32_t count; /* of members seen */
  uint32_t path_length;
  uint32_t seen; /* bits of a fixed set of keys */
} scope;

static int enter(reader *r, char open, scope *s) {
  *s = (scope){.close = open == '{' ? '}' : ']', .first_key = r->key_count, .path_length = r->path_length};
  if (peek(r) != open) return refuse(r, NT_ABSENT, NT_ABSENT, "must be %s", open == '{' ? "an object" : "a list");
  if (r->depth == NT_MODEL_JSON_DEPTH) {
    return refuse(r, (int64_t)r->depth + 1, NT_MODEL_JSON_DEPTH, "is nested deeper than %d", NT_MODEL_JSON_DEPTH);
  }
  r->at++;
  r->depth++;
  return 1;
}

__attribute__((format(printf, 3, 4))) static void set_path(reader *r, uint32_t base, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  int length = vsnprintf(r->path + base, sizeof(r->path) - base, format, arguments);
  va_end(arguments);
  uint32_t whole = base + (uint32_t)length;
  r->path_length = whole < sizeof(r->path) ? whole : (uint32_t)sizeof(r->path) - 1;
}

/* 1: a member follows. 0: the scope is closed. -1: refused. */
static int more(reader *r, scope *s) {
  r->path_length = s->path_length;
  r->path[r->path_length] = 0;
  if (take(r, s->close)) {
    r->depth--;
    r->key_count = s->first_key;
    return 0;
  }
  if (s->count++ > 0 && !take(r, ',')) return malformed(r, s->close == '}' ? "a comma or }" : "a comma or ]") - 1;
  return 1;
}

static int element(reader *r, scope *s) {
  int result = more(r, s);
  if (result > 0) set_path(r, s->path_length, "[%u]", s->count - 1);
  return result;
}

static int next_key(reader *r, scope *s, span *key) {
  int result = more(r, s);
  if (result <= 0) return result;
  if (!read_string(r, key)) return -1;
  if (!take(r, ':')) return malformed(r, "a colon") - 1;
  for (uint32_t i = s->first_key; i < r->key_count; i++) {
    if (r->keys[i].length == key->length && memcmp(r->keys[i].at, key->at, key->length) == 0) {
      return refuse(r, NT_ABSENT, NT_ABSENT, "key \"%s\" is there twice", shown(*key).text) - 1;
    }
  }
  if (s->count > NT_MODEL_JSON_KEYS) {
    return refuse(r, s->count, NT_MODEL_JSON_KEYS, "has more than %d keys", NT_MODEL_JSON_KEYS) - 1;
  }
  r->keys[r->key_count++] = *key;
  set_path(r, s->path_length, ".%s", shown(*key).text);
  return 1;
}

static void list_words(char out[160], const char *const *words, uint32_t count) {
  size_t at = 0;
  out[0] = 0;
  for (uint32_t i = 0; i < count && at < 160; i++) {
    int length = snprintf(out + at, 160 - at, "%s%s", i == 0 ? "" : i + 1 < count ? ", " : " or ", words[i]);
    at += (size_t)length;
  }
}

static int find(const char *const *words, uint32_t count, span text) {
  for (uint32_t i = 0; i < count; i++) {
    if (strlen(words[i]) == text.length && memcmp(words[i], text.at, text.length) == 0) return (int)i;
  }
  return -1;
}

/* Index of the next key among at most 32, -1 when the object is closed and has all of those in the mask, -2 when refused. */
static int member(reader *r, scope *s, const char *const *names, uint32_t count, uint32_t required) {
  span key;
  int result = next_key(r, s, &key);
  if (result < 0) return -2;
  if (result > 0) {
    int index = find(names, count, key);
    if (index >= 0) {
      s->seen |= 1u << index;
      return index;
    }
    char known[160];
    list_words(known, names, count);
    (void)refuse(r, NT_ABSENT, NT_ABSENT, "unknown key; expected %s", count > 0 ? known : "none");
    return -2;
  }
  for (uint32_t i = 0; i < count; i++) {
    if ((required & ~s->seen) >> i & 1) {
      (void)refuse(r, NT_ABSENT, NT_ABSENT, "key \"%s\" is missing", names[i]);
      return -2;
    }
  }
  return -1;
}

/* Any value: well-formed, and no more is asked. */
static int skip_value(reader *r) {
  static const char *const literals[] = {"true", "false", "null"};
  span ignored;
  double value;
  scope s;
  int result;
  char next = peek(r);
  if (next == '"') return read_string(r, &ignored);
  if (next == '{' || next == '[') {
    if (!enter(r, next, &s)) return 0;
    while ((result = next == '{' ? next_key(r, &s, &ignored) : element(r, &s)) > 0) {
      if (!skip_value(r)) return 0;
    }
    return result == 0;
  }
  for (uint32_t i = 0; i < COUNT(literals); i++) {
    size_t length = strlen(literals[i]);
    if ((size_t)(r->end - r->at) >= length && memcmp(r->at, literals[i], length) == 0) {
      r->at += length;
      return 1;
    }
  }
  return read_number_text(r, &ignored, &value);
}

static int at_end(reader *r) {
  skip_space(r);
  return r->at == r->end ? 1 : malformed(r, "the end of the text");
}

/* ---- values with a meaning ------------------------------------------------------------------------------------------------- */

static int is_number(reader *r) {
  char next = peek(r);
  return next == '-' || (next >= '0' && next <= '9');
}

static int read_integer(reader *r, int64_t least, int64_t most, int64_t *out) {
  span text = {0};
  double value;
  if (is_number(r) && !read_number_text(r, &text, &value)) return 0;
  uint32_t i = text.length > 0 && text.at[0] == '-';
  int64_t result = 0;
  int fine = text.length > 0;
  for (; fine && i < text.length; i++) {
    int digit = text.at[i] - '0';
    if (digit < 0 || digit > 9) {
      fine = 0;
    } else if (__builtin_mul_overflow(result, 10, &result) || __builtin_sub_overflow(result, digit, &result)) {
      return refuse(r, NT_ABSENT, most, "must be %lld to %lld, is %s", (long long)least, (long long)most, shown(text).text);
    }
  }
  if (!fine) return refuse(r, NT_ABSENT, NT_ABSENT, "must be a whole number without point or exponent");
  if (text.at[0] != '-') result = result < -INT64_MAX ? INT64_MAX : -result; /* most is below that */
  if (result < least || result > most) {
    return refuse(r, result, most, "must be %lld to %lld, is %s", (long long)least, (long long)most, shown(text).text);
  }
  *out = result;
  return 1;
}

static int read_count(reader *r, uint32_t least, uint32_t most, uint32_t *out) {
  int64_t value;
  if (!read_integer(r, least, most, &value)) return 0;
  *out = (uint32_t)value;
  return 1;
}

static int read_number(reader *r, double *out) {
  span text;
  if (!is_number(r)) return refuse(r, NT_ABSENT, NT_ABSENT, "must be a number");
  return read_number_text(r, &text, out);
}

static int read_not_negative(reader *r, double *out) {
  if (!read_number(r, out)) return 0;
  return *out >= 0 ? 1 : refuse(r, NT_ABSENT, 0, "must not be negative");
}

static int read_float(reader *r, int positive, float *out) {
  double value;
  if (!read_number(r, &value)) return 0;
  if (value > (double)FLT_MAX || value < -(double)FLT_MAX) return refuse(r, NT_ABSENT, NT_ABSENT, "is too large for float32");
  *out = (float)value;
  return !positive || *out > 0 ? 1 : refuse(r, NT_ABSENT, NT_ABSENT, "must be greater than 0 in float32");
}

static int read_text(reader *r, span *out) {
  if (peek(r) != '"') return refuse(r, NT_ABSENT, NT_ABSENT, "must be a string");
  return read_string(r, out);
}

/* 1 to count: the place of a string among words. */
static int read_word(reader *r, const char *const *words, uint32_t count, uint32_t *out) {
  span text;
  if (!read_text(r, &text)) return 0;
  int index = find(words, count, text);
  if (index < 0) {
    char known[160];
    list_words(known, words, count);
    return refuse(r, NT_ABSENT, NT_ABSENT, "must be %s, is \"%s\"", known, shown(text).text);
  }
  *out = (uint32_t)index + 1;
  return 1;
}

static int read_name(reader *r, char out[NT_NAME_BYTES]) {
  span text;
  nt_error error;
  if (!read_text(r, &text)) return 0;
  if (nt_name_check(text.at, 0, &error) < 0) {
    return refuse(r, NT_ABSENT, NT_ABSENT, "\"%s\": must be 1 to %d characters of a-z A-Z 0-9 . _ - and not start with a dot",
                  shown(text).text, NT_NAME_BYTES - 1);
  }
  memset(out, 0, NT_NAME_BYTES);
  memcpy(out, text.at, text.length);
  return 1;
}

/* Names without repeats. */
static int read_names(reader *r, char (*out)[NT_NAME_BYTES], uint32_t most, uint32_t *count) {
  scope s;
  int result;
  if (!enter(r, '[', &s)) return 0;
  for (*count = 0; (result = element(r, &s)) > 0; (*count)++) {
    if (*count == most) return refuse(r, (int64_t)most + 1, most, "there are more than %u", most);
    if (!read_name(r, out[*count])) return 0;
    for (uint32_t i = 0; i < *count; i++) {
      if (strcmp(out[i], out[*count]) == 0) return refuse(r, i, NT_ABSENT, "\"%s\" is there twice", out[i]);
    }
  }
  return result == 0;
}

/* Bits of a list of words without repeats. */
static int read_bits(reader *r, const char *const *words, uint32_t count, uint32_t *out) {
  scope s;
  int result;
  uint32_t word;
  if (!enter(r, '[', &s)) return 0;
  for (*out = 0; (result = element(r, &s)) > 0; *out |= 1u << (word - 1)) {
    if (!read_word(r, words, count, &word)) return 0;
    if (*out >> (word - 1) & 1) return refuse(r, NT_ABSENT, NT_ABSENT, "\"%s\" is there twice", words[word - 1]);
  }
  return result == 0;
}

/* ---- the header of the file ------------------------------------------------------------------------------------------------ */

static int is_utf8(const uint8_t *at, const uint8_t *end) {
  while (at < end) {
    uint32_t lead = *at++;
    if (lead < 0x80) continue;
    uint32_t count = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : 1;
    uint32_t least = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80, most = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
    if (lead < 0xc2 || lead > 0xf4 || end - at < (int64_t)count) return 0;
    for (uint32_t i = 0; i < count; i++, at++) {
      if (*at < (i == 0 ? least : 0x80) || *at > (i == 0 ? most : 0xbf)) return 0;
    }
  }
  return 1;
}

static int read_metadata_map(reader *r) {
  scope s;
  span key, value;
  int result;
  if (!enter(r, '{', &s)) return 0;
  while ((result = next_key(r, &s, &key)) > 0) {
    if (!read_text(r, &value)) return 0;
    if (strcmp(key.at, "neural_trader") != 0) continue;
    r->metadata = value;
    r->has_metadata = 1;
  }
  return result == 0;
}

static int read_shape(reader *r, nt_model_tensor *tensor, uint64_t *count) {
  scope s;
  int result;
  if (!enter(r, '[', &s)) return 0;
  for (*count = 1; (result = element(r, &s)) > 0; *count *= tensor->shape[tensor->dims++]) {
    if (tensor->dims == COUNT(tensor->shape)) return refuse(r, 4, 3, "there are more than 3 dimensions");
    if (!read_count(r, 1, (uint32_t)(NT_MODEL_FILE_BYTES / 4 / *count), &tensor->shape[tensor->dims])) return 0;
  }
  if (result < 0) return 0;
  return tensor->dims > 0 ? 1 : refuse(r, 0, 1, "must have 1 to 3 dimensions, has none");
}

static int read_offsets(reader *r, uint32_t *begin, uint32_t *end) {
  scope s;
  uint32_t count = 0;
  int result;
  if (!enter(r, '[', &s)) return 0;
  for (; (result = element(r, &s)) > 0; count++) {
    if (count == 2) break;
    if (!read_count(r, 0, NT_MODEL_FILE_BYTES, count == 0 ? begin : end)) return 0;
  }
  if (result < 0) return 0;
  return count == 2 && result == 0 ? 1 : refuse(r, NT_ABSENT, 2, "must be two offsets");
}

static int read_tensor(reader *r, span name) {
  static const char *const keys[] = {"dtype", "shape", "data_offsets"};
  nt_model_file *file = r->file;
  uint32_t index = file->tensor_count;
  if (name.length == 0) return refuse(r, 0, 1, "a tensor has no name");
  if (index == NT_MODEL_TENSORS) return refuse(r, (int64_t)index + 1, NT_MODEL_TENSORS, "there are more than %d tensors", NT_MODEL_TENSORS);
  nt_model_tensor *tensor = &file->tensors[file->tensor_count++];
  tensor->name = name.at;
  uint64_t count = 0;
  scope s;
  int key, fine = 1;
  if (!enter(r, '{', &s)) return 0;
  while ((key = member(r, &s, keys, COUNT(keys), ALL(keys))) >= 0) {
    span type;
    if (key == 0) {
      fine = read_text(r, &type);
      if (fine && strcmp(type.at, "F32") != 0) fine = refuse(r, NT_ABSENT, NT_ABSENT, "must be \"F32\", is \"%s\"", shown(type).text);
    } else if (key == 1) {
      fine = read_shape(r, tensor, &count);
    } else {
      fine = read_offsets(r, &r->begins[index], &r->ends[index]);
    }
    if (!fine) return 0;
  }
  if (key < -1) return 0;
  int64_t bytes = (int64_t)r->ends[index] - r->begins[index];
  if (bytes == (int64_t)count * 4) return 1;
  return refuse(r, bytes, (int64_t)count * 4, "data_offsets span %lld bytes, its shape needs %lld", (long long)bytes, (long long)count * 4);
}

static int read_header(reader *r) {
  scope s;
  span key;
  int result;
  if (r->at == r->end || *r->at != '{') return malformed(r, "{");
  if (!enter(r, '{', &s)) return 0;
  while ((result = next_key(r, &s, &key)) > 0) {
    if (!(strcmp(key.at, "__metadata__") == 0 ? read_metadata_map(r) : read_tensor(r, key))) return 0;
  }
  if (result < 0 || !at_end(r)) return 0;
  if (r->has_metadata) return 1;
  return refuse(r, NT_ABSENT, NT_ABSENT,
                "__metadata__ has no key \"neural_trader\": this is no model file of ours, or it was saved without it");
}

/* Copy the tensors: they have to follow each other and to fill the file. */
static int place_tensors(reader *r, const uint8_t *data, uint64_t size, uint8_t *room) {
  nt_model_file *file = r->file;
  uint64_t offset = 0;
  for (uint32_t placed = 0; placed < file->tensor_count; placed++) {
    uint32_t i = 0;
    while (i < file->tensor_count && r->begins[i] != offset) i++;
    if (i == file->tensor_count || r->ends[i] > size) {
      return refuse(r, (int64_t)offset, (int64_t)size,
                    "the tensors overlap, leave holes or do not fit: none of them covers byte %llu of the %llu bytes of data",
                    (unsigned long long)offset, (unsigned long long)size);
    }
    nt_model_tensor *tensor = &file->tensors[i];
    uint64_t bytes = r->ends[i] - offset;
    memcpy(room, data + offset, bytes);
    tensor->data = (const float *)(const void *)room;
    for (uint64_t k = 0; k < bytes / 4; k++) {
      if (isfinite(tensor->data[k])) continue;
      set_path(r, 0, ".%s", shown_name(tensor).text);
      return refuse(r, (int64_t)k, NT_ABSENT, "value %llu is not finite", (unsigned long long)k);
    }
    room += (bytes + NT_MODEL_TENSOR_ALIGNMENT - 1) / NT_MODEL_TENSOR_ALIGNMENT * NT_MODEL_TENSOR_ALIGNMENT;
    offset = r->ends[i];
  }
  if (offset == size) return 1;
  return refuse(r, (int64_t)size, (int64_t)offset, "the tensors cover %llu of the %llu bytes of data", (unsigned long long)offset,
                (unsigned long long)size);
}

/* ---- metadata -------------------------------------------------------------------------------------------------------------- */

static int read_clock(reader *r) {
  static const char *const keys[] = {"on", "every"}, *const clocks[] = {"tick", "quote", "trade", "time_change"};
  scope s;
  int key;
  if (!enter(r, '{', &s)) return 0;
  while ((key = member(r, &s, keys, COUNT(keys), ALL(keys))) >= 0) {
    if (!(key == 0 ? read_word(r, clocks, COUNT(clocks), &r->file->clock_on) : read_count(r, 1, INT32_MAX, &r->file->clock_every)))
      return 0;
  }
  return key == -1;
}

static int resolve_features(reader *r, char (*names)[NT_NAME_BYTES]) {
  for (uint32_t i = 0; i < r->file->feature_count; i++) {
    char name[NT_NAME_BYTES];
    uint32_t *feature = &r->file->features[i];
    for (*feature = 0; nt_feature_name(*feature, name, sizeof(name)) == NT_OK && strcmp(name, names[i]) != 0;) ++*feature;
    if (*feature == NT_FEATURE_COUNT) return refuse(r, i, NT_ABSENT, "there is no feature \"%s\"", names[i]);
  }
  return r->file->feature_count > 0 ? 1 : refuse(r, 0, 1, "must hold at least one feature");
}

static int read_features(reader *r) {
  static const char *const keys[] = {"version", "names", "required"}, *const needs[] = {"quote", "size", "trade"};
  char names[NT_FEATURE_COUNT][NT_NAME_BYTES];
  uint32_t version;
  scope s;
  int key, fine;
  if (!enter(r, '{', &s)) return 0;
  while ((key = member(r, &s, keys, COUNT(keys), ALL(keys))) >= 0) {
    if (key == 0) {
      fine = read_count(r, 1, 1, &version);
    } else if (key == 1) {
      fine = read_names(r, names, NT_FEATURE_COUNT, &r->file->feature_count) && resolve_features(r, names);
    } else {
      fine = read_bits(r, needs, COUNT(needs), &r->file->required);
    }
    if (!fine) return 0;
  }
  return key == -1;
}

static int read_instruments(reader *r, char (*symbols)[NT_NAME_BYTES]) {
  static const char *const keys[] = {"scope", "symbols"}, *const scopes[] = {"any", "listed"};
  nt_model_file *file = r->file;
  scope s;
  int key;
  if (!enter(r, '{', &s)) return 0;
  while ((key = member(r, &s, keys, COUNT(keys), ALL(keys))) >= 0) {
    if (!(key == 0 ? read_word(r, scopes, COUNT(scopes), &file->scope) : read_names(r, symbols, NT_MODEL_SYMBOLS, &file->symbol_count)))
      return 0;
  }
  if (key < -1) return 0;
  file->symbols = (const char (*)[NT_NAME_BYTES])symbols;
  if ((file->scope == NT_MODEL_SCOPE_LISTED) == (file->symbol_count > 0)) return 1;
  return refuse(r, file->symbol_count, NT_ABSENT, "scope \"listed\" needs symbols, and \"any\" has none");
}

static int read_state(reader *r) {
  static const char *const keys[] = {"kind", "steps", "warm_up", "reset_on", "gap_ns"};
  static const char *const kinds[] = {"none", "stream"}, *const resets[] = {"session", "gap"};
  nt_model_file *file = r->file;
  scope s;
  int key, fine = 0;
  if (!enter(r, '{', &s)) return 0;
  while ((key = member(r, &s, keys, COUNT(keys), ALL(keys))) >= 0) {
    if (key == 0) fine = read_word(r, kinds, COUNT(kinds), &file->state_kind);
    if (key == 1) fine = read_count(r, 0, NT_MODEL_STEPS, &file->steps);
    if (key == 2) fine = read_count(r, 0, INT32_MAX, &file->warm_up);
    if (key == 3) fine = read_bits(r, resets, COUNT(resets), &file->reset_on);
    if (key == 4) fine = read_integer(r, 0, MOST, &file->gap_ns);
    if (!fine) return 0;
  }
  if (key < -1) return 0;
  if ((file->state_kind == NT_MODEL_STATE_STREAM) != (file->steps > 0)) {
    return refuse(r, file->steps, NT_ABSENT, "steps must be at least 1 for \"stream\" and 0 for \"none\"");
  }
  if (((file->reset_on & NT_MODEL_RESET_GAP) != 0) == (file->gap_ns > 0)) return 1;
  return refuse(r, file->gap_ns, NT_ABSENT, "gap_ns must be greater than 0 with \"gap\" in reset_on, and 0 without it");
}

/* ---- ops ------------------------------------------------------------------------------------------------------------------- */

static const char *const op_keys[] = {"op", "in", "out", "tensors", "activation", "dilation", "clip"};
static const char *const op_names[] = {"normalise", "dense", "lstm", "gru", "causal_conv", "layer_norm", "add", "multiply", "concat"};
static const char *const slot_names[] = {"mean", "inverse_scale", "weight", "bias", "weight_ih", "weight_hh", "bias_ih", "bias_hh"};

/* What each kind of op has: bits of op_keys beyond the first three, its first slot and how many, how many inputs. */
static const struct {
  uint32_t keys, slot, slots, most_ins;
} kinds_of_op[] = {{0, 0, 0, 0},
                   {1 << 3 | 1 << 6, 0, 2, 1},
                   {1 << 3 | 1 << 4, 2, 2, 1},
                   {1 << 3, 4, 4, 1},
                   {1 << 3, 4, 4, 1},
                   {1 << 3 | 1 << 4 | 1 << 5, 2, 2, 1},
                   {1 << 3, 2, 2, 1},
                   {0, 0, 0, 4},
                   {0, 0, 0, 4},
                   {0, 0, 0, 4}};

static const char *name_of(const nt_model_op *op) {
  return op_names[op->kind - 1];
}

static int read_ins(reader *r, nt_model_op *op) {
  scope s;
  int result;
  if (!enter(r, '[', &s)) return 0;
  while ((result = element(r, &s)) > 0) {
    if (op->in_count == COUNT(op->in)) return refuse(r, 5, 4, "there are more than 4 registers");
    if (!read_count(r, 0, NT_MODEL_REGISTERS - 1, &op->in[op->in_count++])) return 0;
  }
  return result == 0;
}

/* Names of tensors by slot. */
static int read_slots(reader *r, uint32_t tensors[COUNT(slot_names)], uint32_t *seen) {
  nt_model_file *file = r->file;
  scope s;
  int slot;
  if (!enter(r, '{', &s)) return 0;
  while ((slot = member(r, &s, slot_names, COUNT(slot_names), 0)) >= 0) {
    span name;
    uint32_t i = 0;
    if (!read_text(r, &name)) return 0;
    while (i < file->tensor_count && strcmp(file->tensors[i].name, name.at) != 0) i++;
    if (i == file->tensor_count) return refuse(r, NT_ABSENT, NT_ABSENT, "there is no tensor \"%s\"", shown(name).text);
    if (r->used[i]++) return refuse(r, NT_ABSENT, NT_ABSENT, "tensor \"%s\" is used before; each belongs to one op", shown(name).text);
    tensors[slot] = i;
  }
  *seen = s.seen;
  return slot == -1;
}

/* Bits that differ between what is there and what has to be: the first names the fault. */
static int compare_keys(reader *r, const nt_model_op *op, const char *const *names, const char *what, uint32_t seen, uint32_t expected) {
  if (seen == expected) return 1;
  uint32_t first = (uint32_t)__builtin_ctz(seen ^ expected);
  return refuse(r, NT_ABSENT, NT_ABSENT, (seen >> first & 1) != 0 ? "%s has no %s \"%s\"; remove it" : "%s needs the %s \"%s\"",
                name_of(op), what, names[first]);
}

static int read_op(reader *r, nt_model_op *op) {
  static const char *const activations[] = {"none", "relu", "tanh", "sigmoid", "gelu"};
  uint32_t tensors[COUNT(slot_names)] = {0}, slots = 0;
  scope s;
  int key, fine = 0;
  if (!enter(r, '{', &s)) return 0;
  op->activation = NT_ACTIVATION_NONE;
  while ((key = member(r, &s, op_keys, COUNT(op_keys), 7)) >= 0) {
    if (key == 0) fine = read_word(r, op_names, COUNT(op_names), &op->kind);
    if (key == 1) fine = read_ins(r, op);
    if (key == 2) fine = read_count(r, 1, NT_MODEL_REGISTERS - 1, &op->out);
    if (key == 3) fine = read_slots(r, tensors, &slots);
    if (key == 4) fine = read_word(r, activations, COUNT(activations), &op->activation);
    if (key == 5) fine = read_count(r, 1, NT_MODEL_STATE_BYTES / 4, &op->dilation);
    if (key == 6) fine = read_float(r, 1, &op->clip);
    if (!fine) return 0;
  }
  if (key < -1) return 0;
  uint32_t first = kinds_of_op[op->kind].slot, most = kinds_of_op[op->kind].most_ins;
  op->tensor_count = kinds_of_op[op->kind].slots;
  if (!compare_keys(r, op, op_keys, "key", s.seen, 7 | kinds_of_op[op->kind].keys)) return 0;
  if (!compare_keys(r, op, slot_names, "tensor", slots, ((1u << op->tensor_count) - 1) << first)) return 0;
  memcpy(op->tensors, tensors + first, op->tensor_count * sizeof(*tensors));
  if (op->in_count == 1 ? most == 1 : op->in_count > 1 && op->in_count <= most) return 1;
  return refuse(r, op->in_count, most, "%s takes %s, has %u", name_of(op), most == 1 ? "one input" : "2 to 4 inputs", op->in_count);
}

static int read_ops(reader *r) {
  nt_model_file *file = r->file;
  scope s;
  int result;
  if (!enter(r, '[', &s)) return 0;
  while ((result = element(r, &s)) > 0) {
    if (file->op_count == NT_MODEL_OPS) return refuse(r, NT_MODEL_OPS + 1, NT_MODEL_OPS, "there are more than %d ops", NT_MODEL_OPS);
    if (!read_op(r, &file->ops[file->op_count++])) return 0;
  }
  return result == 0;
}

/* ---- output, calibration, precision ---------------------------------------------------------------------------------------- */

static int read_target(reader *r) {
  static const char *const keys[] = {"kind", "horizon", "unit", "dead_band_ticks"};
  static const char *const kinds[] = {"mid_move", "next_move", "triple_barrier", "return"}, *const units[] = {"ticks", "ns"};
  nt_model_file *file = r->file;
  scope s;
  int key, fine = 0;
  if (!enter(r, '{', &s)) return 0;
  while ((key = member(r, &s, keys, COUNT(keys), ALL(keys))) >= 0) {
    if (key == 0) fine = read_word(r, kinds, COUNT(kinds), &file->target_kind);
    if (key == 1) fine = read_integer(r, 1, MOST, &file->target_horizon);
    if (key == 2) fine = read_word(r, units, COUNT(units), &file->target_unit);
    if (key == 3) fine = read_not_negative(r, &file->dead_band_ticks);
    if (!fine) return 0;
  }
  return key == -1;
}

static int read_output(reader *r) {
  static const char *const keys[] = {"kind", "register", "labels", "target"}, *const kinds[] = {"classes", "normal", "student_t"};
  nt_model_file *file = r->file;
  scope s;
  int key, fine = 0;
  if (!enter(r, '{', &s)) return 0;
  while ((key = member(r, &s, keys, COUNT(keys), ALL(keys))) >= 0) {
    if (key == 0) fine = read_word(r, kinds, COUNT(kinds), &file->output_kind);
    if (key == 1) fine = read_count(r, 1, NT_MODEL_REGISTERS - 1, &file->output_register);
    if (key == 2) fine = read_names(r, file->labels, NT_MODEL_CLASSES, &file->class_count);
    if (key == 3) fine = read_target(r);
    if (!fine) return 0;
  }
  if (key < -1) return 0;
  if (file->output_kind == NT_MODEL_OUTPUT_CLASSES ? file->class_count >= 2 : file->class_count == 0) return 1;
  return refuse(r, file->class_count, NT_ABSENT, "\"classes\" needs at least 2 labels, another kind has none");
}

static int read_biases(reader *r) {
  scope s;
  int result;
  if (!enter(r, '[', &s)) return 0;
  while ((result = element(r, &s)) > 0) {
    if (r->bias_count == NT_MODEL_CLASSES)
      return refuse(r, NT_MODEL_CLASSES + 1, NT_MODEL_CLASSES, "there are more than %d", NT_MODEL_CLASSES);
    if (!read_float(r, 0, &r->file->bias[r->bias_count++])) return 0;
  }
  return result == 0;
}

static int read_calibration(reader *r) {
  static const char *const keys[] = {"kind", "inverse_temperature", "bias", "ece", "log_loss", "rows"}, *const kinds[] = {"none", "vector"};
  nt_model_file *file = r->file;
  scope s;
  int key, fine = 0;
  if (!enter(r, '{', &s)) return 0;
  file->inverse_temperature = 1;
  while ((key = member(r, &s, keys, COUNT(keys), 1)) >= 0) {
    if (key == 0) fine = read_word(r, kinds, COUNT(kinds), &file->calibration_kind);
    if (key == 1) fine = read_float(r, 1, &file->inverse_temperature);
    if (key == 2) fine = read_biases(r);
    if (key == 3) fine = read_not_negative(r, &file->calibration_ece);
    if (key == 4) fine = read_not_negative(r, &file->calibration_log_loss);
    if (key == 5) fine = read_integer(r, 1, MOST, &file->calibration_rows);
    if (!fine) return 0;
  }
  if (key < -1) return 0;
  if (s.seen == (file->calibration_kind == NT_MODEL_CALIBRATION_VECTOR ? ALL(keys) : 1)) return 1;
  return refuse(r, NT_ABSENT, NT_ABSENT, "\"vector\" needs inverse_temperature, bias, ece, log_loss and rows; \"none\" has none of them");
}

static int read_deviation(reader *r, nt_model_deviation *deviation) {
  static const char *const keys[] = {"max_dp", "p99_dp", "log_loss_change", "rows"};
  scope s;
  int key, fine = 0;
  if (!enter(r, '{', &s)) return 0;
  while ((key = member(r, &s, keys, COUNT(keys), ALL(keys))) >= 0) {
    if (key == 0) fine = read_not_negative(r, &deviation->max_dp);
    if (key == 1) fine = read_not_negative(r, &deviation->p99_dp);
    if (key == 2) fine = read_number(r, &deviation->log_loss_change);
    if (key == 3) fine = read_integer(r, 1, MOST, &deviation->rows);
    if (!fine) return 0;
  }
  return key == -1;
}

static int read_precision(reader *r) {
  static const char *const keys[] = {"float32", "bfloat16", "int8"};
  scope s, empty;
  int key;
  if (!enter(r, '{', &s)) return 0;
  while ((key = member(r, &s, keys, COUNT(keys), 1)) >= 0) {
    int fine = key > 0 ? read_deviation(r, &r->file->deviations[key + 1]) : enter(r, '{', &empty) && member(r, &empty, keys, 0, 0) == -1;
    if (!fine) return 0;
  }
  return key == -1;
}

static int read_metadata(reader *r, char (*symbols)[NT_NAME_BYTES]) {
  static const char *const keys[] = {"format", "name", "version", "clock",       "features",  "instruments",
                                     "state",  "ops",  "output",  "calibration", "precision", "trained"};
  nt_model_file *file = r->file;
  uint32_t format;
  scope s;
  int key, fine = 0;
  if (!enter(r, '{', &s)) return 0;
  while ((key = member(r, &s, keys, COUNT(keys), ALL(keys))) >= 0) {
    if (key == 0) fine = read_count(r, FORMAT, FORMAT, &format);
    if (key == 1) fine = read_name(r, file->name);
    if (key == 2) fine = read_name(r, file->version);
    if (key == 3) fine = read_clock(r);
    if (key == 4) fine = read_features(r);
    if (key == 5) fine = read_instruments(r, symbols);
    if (key == 6) fine = read_state(r);
    if (key == 7) fine = read_ops(r);
    if (key == 8) fine = read_output(r);
    if (key == 9) fine = read_calibration(r);
    if (key == 10) fine = read_precision(r);
    if (key == 11) fine = peek(r) == '{' ? skip_value(r) : refuse(r, NT_ABSENT, NT_ABSENT, "must be an object");
    if (!fine) return 0;
  }
  return key == -1 && at_end(r);
}

/* ---- what fits together ---------------------------------------------------------------------------------------------------- */

static void list_shape(char out[40], const uint32_t shape[3]) {
  if (shape[2] > 0) {
    (void)snprintf(out, 40, "[%u, %u, %u]", shape[0], shape[1], shape[2]);
  } else if (shape[1] > 0) {
    (void)snprintf(out, 40, "[%u, %u]", shape[0], shape[1]);
  } else {
    (void)snprintf(out, 40, "[%u]", shape[0]);
  }
}

static int has_shape(reader *r, const nt_model_op *op, uint32_t slot, uint32_t a, uint32_t b, uint32_t c) {
  const nt_model_tensor *tensor = &r->file->tensors[op->tensors[slot]];
  uint32_t expected[3] = {a, b, c};
  if (memcmp(tensor->shape, expected, sizeof(expected)) == 0) return 1;
  char is[40], needed[40];
  list_shape(is, tensor->shape);
  list_shape(needed, expected);
  return refuse(r, NT_ABSENT, NT_ABSENT, "%s: tensor \"%s\" as %s must have shape %s, has %s", name_of(op), shown_name(tensor).text,
                slot_names[kinds_of_op[op->kind].slot + slot], needed, is);
}

static int recurrent_fits(reader *r, const nt_model_op *op, uint32_t width, uint32_t *out) {
  const uint32_t *shape = r->file->tensors[op->tensors[0]].shape;
  uint32_t gates = op->kind == NT_OP_LSTM ? 4 : 3, hidden = shape[0] / gates;
  if (hidden == 0 || shape[0] % gates != 0) {
    return refuse(r, shape[0], gates, "%s: weight_ih must have a multiple of %u rows, has %u", name_of(op), gates, shape[0]);
  }
  *out = hidden;
  return has_shape(r, op, 0, shape[0], width, 0) && has_shape(r, op, 1, shape[0], hidden, 0) && has_shape(r, op, 2, shape[0], 0, 0) &&
         has_shape(r, op, 3, shape[0], 0, 0);
}

/* Width of what an op writes, and bytes of state, from the width of its first input. */
static int op_fits(reader *r, const nt_model_op *op, uint32_t width, uint32_t *out, uint64_t *state) {
  const nt_model_file *file = r->file;
  const uint32_t *shape = file->tensors[op->tensors[0]].shape;
  int fine = 1;
  *out = width;
  switch (op->kind) {
    case NT_OP_NORMALISE:
    case NT_OP_LAYER_NORM:
      fine = has_shape(r, op, 0, width, 0, 0) && has_shape(r, op, 1, width, 0, 0);
      break;
    case NT_OP_DENSE:
      *out = shape[0];
      fine = has_shape(r, op, 0, shape[0], width, 0) && has_shape(r, op, 1, shape[0], 0, 0);
      break;
    case NT_OP_CAUSAL_CONV:
      *out = shape[0];
      fine = has_shape(r, op, 0, shape[0], width, shape[2] > 0 ? shape[2] : 1) && has_shape(r, op, 1, shape[0], 0, 0);
      *state += fine ? ((uint64_t)shape[2] - 1) * op->dilation * width * sizeof(float) : 0;
      break;
    case NT_OP_LSTM:
    case NT_OP_GRU:
      fine = recurrent_fits(r, op, width, out);
      *state += (uint64_t)*out * (op->kind == NT_OP_LSTM ? 2 : 1) * sizeof(float);
      break;
    default:
      for (uint32_t i = 1; i < op->in_count; i++) {
        uint32_t other = file->widths[op->in[i]];
        if (op->kind == NT_OP_CONCAT) {
          *out += other;
        } else if (other != width) {
          return refuse(r, other, width, "%s: register %u is %u wide, register %u is %u; they must be equal", name_of(op), op->in[0], width,
                        op->in[i], other);
        }
      }
  }
  return fine;
}

static int check_op(reader *r, uint32_t index, uint64_t *state) {
  nt_model_file *file = r->file;
  const nt_model_op *op = &file->ops[index];
  uint32_t width;
  set_path(r, 0, ".ops[%u]", index);
  if ((index == 0) != (op->kind == NT_OP_NORMALISE))
    return refuse(r, index, 0, "op 0 must be normalise, and no other may be; this is %s", name_of(op));
  for (uint32_t i = 0; i < op->in_count; i++) {
    if (file->widths[op->in[i]] == 0)
      return refuse(r, op->in[i], NT_ABSENT, "%s: register %u is read before it is written", name_of(op), op->in[i]);
  }
  if (file->widths[op->out] != 0) return refuse(r, op->out, NT_ABSENT, "%s: register %u is written twice", name_of(op), op->out);
  if (!op_fits(r, op, file->widths[op->in[0]], &width, state)) return 0;
  if (width > NT_MODEL_WIDTH)
    return refuse(r, width, NT_MODEL_WIDTH, "%s: output is %u wide; at most %d", name_of(op), width, NT_MODEL_WIDTH);
  if (*state > NT_MODEL_STATE_BYTES) {
    return refuse(r, (int64_t)*state, NT_MODEL_STATE_BYTES, "%s: an instrument would need %llu bytes of state; at most %d", name_of(op),
                  (unsigned long long)*state, NT_MODEL_STATE_BYTES);
  }
  file->widths[op->out] = width;
  if (op->out >= file->register_count) file->register_count = op->out + 1;
  return 1;
}

static int check_model(reader *r) {
  nt_model_file *file = r->file;
  uint64_t state = 0;
  uint32_t stateful = 0;
  file->widths[0] = file->feature_count;
  file->register_count = 1;
  for (uint32_t i = 0; i < file->op_count; i++) {
    stateful |= file->ops[i].kind == NT_OP_LSTM || file->ops[i].kind == NT_OP_GRU || file->ops[i].kind == NT_OP_CAUSAL_CONV;
    if (!check_op(r, i, &state)) return 0;
  }
  file->state_bytes = (uint32_t)state;
  set_path(r, 0, ".ops");
  if (file->op_count == 0) return refuse(r, 0, 1, "there are none; op 0 must be normalise");
  set_path(r, 0, ".state.kind");
  if ((file->state_kind == NT_MODEL_STATE_STREAM) != stateful) {
    return refuse(r, file->state_kind, NT_ABSENT, "must be \"stream\" with lstm, gru or causal_conv among the ops, and \"none\" without");
  }
  set_path(r, 0, ".output.register");
  static const uint32_t widths[] = {0, 0, 2, 3};
  uint32_t expected = file->output_kind == NT_MODEL_OUTPUT_CLASSES ? file->class_count : widths[file->output_kind];
  uint32_t width = file->widths[file->output_register];
  if (width == 0) return refuse(r, file->output_register, NT_ABSENT, "register %u is not written", file->output_register);
  if (width != expected) {
    return refuse(r, width, expected, "register %u must be %u wide for this kind and these labels, is %u", file->output_register, expected,
                  width);
  }
  set_path(r, 0, ".calibration.bias");
  if (file->calibration_kind == NT_MODEL_CALIBRATION_VECTOR && (r->bias_count != file->class_count || file->class_count == 0)) {
    return refuse(r, r->bias_count, file->class_count, "must hold one number a label of \"classes\": %u, has %u", file->class_count,
                  r->bias_count);
  }
  for (uint32_t i = 0; i < file->tensor_count; i++) {
    if (r->used[i]) continue;
    set_path(r, 0, ".ops");
    return refuse(r, i, NT_ABSENT, "tensor \"%s\" belongs to no op; remove it from the file", shown_name(&file->tensors[i]).text);
  }
  return 1;
}

/* ---- the whole ------------------------------------------------------------------------------------------------------------- */

static int refuse_file(nt_error *error, int64_t observed, int64_t limit, const char *text) {
  nt_error_set(error, NT_ERR_INVALID, 0, observed, limit, "model file: %s", text);
  return NT_ERR_INVALID;
}

static void begin(reader *r, const char *document, span text) {
  r->document = document;
  r->begin = r->at = text.at;
  r->end = text.at + text.length;
  r->depth = r->key_count = r->path_length = 0;
  r->path[0] = 0;
}

int32_t nt_model_file_read(const void *bytes, uint64_t size, nt_model_file **out, nt_error *error) {
  nt_error_set(error, NT_OK, 0, NT_ABSENT, NT_ABSENT, "no failure");
  if (out == NULL) return refuse_file(error, NT_ABSENT, NT_ABSENT, "a place for the result is needed");
  *out = NULL;
  if (bytes == NULL || size < 8) return refuse_file(error, (int64_t)size, 8, "is cut off before the 8 bytes of the header's length");
  if (size > NT_MODEL_FILE_BYTES) return refuse_file(error, (int64_t)size, NT_MODEL_FILE_BYTES, "is larger than 256 MB");
  uint64_t length;
  memcpy(&length, bytes, sizeof(length));
  int64_t observed = length > INT64_MAX ? INT64_MAX : (int64_t)length;
  if (length > NT_MODEL_HEADER_BYTES) return refuse_file(error, observed, NT_MODEL_HEADER_BYTES, "its header claims more than 1 MB");
  if (length > size - 8) return refuse_file(error, observed, (int64_t)size - 8, "is cut off in its header");
  const char *header = (const char *)bytes + 8;
  if (!is_utf8((const uint8_t *)header, (const uint8_t *)header + length))
    return refuse_file(error, NT_ABSENT, NT_ABSENT, "its header is not UTF-8");

  /* One block: the result, tensors, symbols, keys, strings. */
  uint64_t data = size - 8 - length, alignment = NT_MODEL_TENSOR_ALIGNMENT;
  uint64_t tensors = (sizeof(nt_model_file) + alignment - 1) / alignment * alignment;
  uint64_t symbols = tensors + (data + alignment - 1) / alignment * alignment + alignment * NT_MODEL_TENSORS;
  uint64_t most = length / 4 + 1; /* of keys, and of strings in lists, that the header has room for */
  uint64_t keys = symbols + (most < NT_MODEL_SYMBOLS ? most : NT_MODEL_SYMBOLS) * NT_NAME_BYTES;
  uint64_t open = (uint64_t)NT_MODEL_JSON_DEPTH * NT_MODEL_JSON_KEYS;
  uint64_t strings = keys + (most < open ? most : open) * sizeof(span);
  uint64_t whole = (strings + 2 * length + alignment) / alignment * alignment;
  char *arena = aligned_alloc(alignment, whole);
  if (arena == NULL) {
    nt_error_set(error, NT_ERR_SYSTEM, 12, (int64_t)whole, NT_ABSENT, "no memory for a model of %llu bytes", (unsigned long long)size);
    return NT_ERR_SYSTEM;
  }
  reader r = {.error = error, .file = (nt_model_file *)(void *)arena, .text = arena + strings, .keys = (span *)(void *)(arena + keys)};
  memset(r.file, 0, sizeof(*r.file));
  begin(&r, "header", (span){header, (uint32_t)length});
  int fine = read_header(&r) && place_tensors(&r, (const uint8_t *)header + length, data, (uint8_t *)arena + tensors);
  if (fine) {
    begin(&r, "neural_trader", r.metadata);
    fine = read_metadata(&r, (char (*)[NT_NAME_BYTES])(void *)(arena + symbols)) && check_model(&r);
  }
  if (!fine) {
    free(arena);
    return NT_ERR_INVALID;
  }
  *out = r.file;
  return NT_OK;
}

void nt_model_file_free(nt_model_file *file) {
  free(file);
}
