#include "model_json.h"

#include <float.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "segment.h"

nt_json_quoted nt_json_shown(nt_json_text text) {
  nt_json_quoted out;
  uint32_t length = text.length < 40 ? text.length : 40;
  for (uint32_t i = 0; i < length; i++) out.text[i] = text.at[i] >= ' ' && text.at[i] <= '~' ? text.at[i] : '?';
  memcpy(out.text + length, text.length > length ? "..." : "", text.length > length ? 4 : 1);
  return out;
}

int nt_json_refuse(nt_json *r, int64_t observed, int64_t limit, const char *format, ...) {
  char text[232];
  va_list arguments;
  va_start(arguments, format);
  (void)vsnprintf(text, sizeof(text), format, arguments);
  va_end(arguments);
  nt_error_set(r->error, NT_ERR_INVALID, 0, observed, limit, "%s%s: %s", r->document, r->path, text);
  return 0;
}

int nt_json_is_utf8(const uint8_t *at, const uint8_t *end) {
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

/* ---- JSON ------------------------------------------------------------------------------------------------------------------- */

int nt_json_malformed(nt_json *r, const char *expected) {
  return nt_json_refuse(r, r->at - r->begin, NT_ABSENT, "byte %lld: expected %s", (long long)(r->at - r->begin), expected);
}

static void skip_space(nt_json *r) {
  while (r->at < r->end && (*r->at == ' ' || *r->at == '\t' || *r->at == '\n' || *r->at == '\r')) r->at++;
}

/* The next character that is not space, 0 at the end. */
char nt_json_peek(nt_json *r) {
  skip_space(r);
  return r->at < r->end ? *r->at : 0;
}

static int take(nt_json *r, char what) {
  if (nt_json_peek(r) != what || what == 0) return 0;
  r->at++;
  return 1;
}

static int is_digit(const nt_json *r) {
  return r->at < r->end && *r->at >= '0' && *r->at <= '9';
}

static int hexadecimal(nt_json *r, uint32_t *out) {
  *out = 0;
  for (uint32_t i = 0; i < 4; i++, r->at++) {
    char c = r->at < r->end ? *r->at : 0;
    int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
    if (digit < 0) return nt_json_malformed(r, "four hexadecimal digits after \\u");
    *out = *out << 4 | (uint32_t)digit;
  }
  return 1;
}

static void put(nt_json *r, uint32_t byte) {
  *r->room++ = (char)(uint8_t)byte;
}

/* What follows \u: one character, of two escapes where it needs a surrogate pair. */
static int unicode(nt_json *r) {
  uint32_t code, low;
  if (!hexadecimal(r, &code)) return 0;
  if (code == 0) return nt_json_malformed(r, "no zero character in a string");
  if (code >= 0xdc00 && code < 0xe000) return nt_json_malformed(r, "the first half of a surrogate pair before its second");
  if (code >= 0xd800 && code < 0xdc00) {
    if (r->end - r->at < 2 || r->at[0] != '\\' || r->at[1] != 'u') return nt_json_malformed(r, "the second half of a surrogate pair");
    r->at += 2;
    if (!hexadecimal(r, &low)) return 0;
    if (low < 0xdc00 || low >= 0xe000) return nt_json_malformed(r, "the second half of a surrogate pair");
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
static int read_string(nt_json *r, nt_json_text *out) {
  static const char escapes[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
  if (!take(r, '"')) return nt_json_malformed(r, "a string");
  out->at = r->room;
  for (;;) {
    if (r->at == r->end) return nt_json_malformed(r, "the end of the string");
    char c = *r->at;
    if ((uint8_t)c < ' ') return nt_json_malformed(r, "no control character in a string");
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
      return nt_json_malformed(r, "one of \" \\ / b f n r t u after a backslash");
    }
  }
  out->length = (uint32_t)(r->room - out->at);
  put(r, 0);
  return 1;
}

/* Fixed to 32-bit words, lowest first; numbers of NT_JSON_NUMBER_BYTES have up to 64 digits (7 words), times 10^310 or 2^(32 * 46). */
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

/* The double nearest to a number of the JSON grammar, ties to even: exact for every text of up to NT_JSON_NUMBER_BYTES. No locale. */
static double to_double(nt_json_text number) {
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
static int read_number_text(nt_json *r, nt_json_text *text, double *value) {
  (void)nt_json_peek(r);
  text->at = r->at;
  if (r->at < r->end && *r->at == '-') r->at++;
  if (!is_digit(r)) return nt_json_malformed(r, "a value");
  int leading = *r->at == '0';
  r->at++;
  while (!leading && is_digit(r)) r->at++;
  if (r->at < r->end && *r->at == '.') {
    r->at++;
    if (!is_digit(r)) return nt_json_malformed(r, "a digit after the decimal point");
    while (is_digit(r)) r->at++;
  }
  if (r->at < r->end && (*r->at | 32) == 'e') {
    r->at++;
    if (r->at < r->end && (*r->at == '+' || *r->at == '-')) r->at++;
    if (!is_digit(r)) return nt_json_malformed(r, "a digit in the exponent");
    while (is_digit(r)) r->at++;
  }
  int64_t length = r->at - text->at;
  if (length > NT_JSON_NUMBER_BYTES) {
    return nt_json_refuse(r, length, NT_JSON_NUMBER_BYTES, "a number has %lld characters; write it with at most %d", (long long)length,
                          NT_JSON_NUMBER_BYTES);
  }
  text->length = (uint32_t)length;
  *value = to_double(*text);
  if (!isfinite(*value)) return nt_json_refuse(r, NT_ABSENT, NT_ABSENT, "%s is too large for a double", nt_json_shown(*text).text);
  return 1;
}

int nt_json_enter(nt_json *r, char open, nt_json_scope *s) {
  *s = (nt_json_scope){.close = open == '{' ? '}' : ']', .first_key = r->key_count, .path_length = r->path_length};
  if (nt_json_peek(r) != open) return nt_json_refuse(r, NT_ABSENT, NT_ABSENT, "must be %s", open == '{' ? "an object" : "a list");
  if (r->depth == NT_JSON_DEPTH) {
    return nt_json_refuse(r, (int64_t)r->depth + 1, NT_JSON_DEPTH, "is nested deeper than %d", NT_JSON_DEPTH);
  }
  r->at++;
  r->depth++;
  return 1;
}

void nt_json_set_path(nt_json *r, uint32_t base, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  int length = vsnprintf(r->path + base, sizeof(r->path) - base, format, arguments);
  va_end(arguments);
  uint32_t whole = base + (uint32_t)length;
  r->path_length = whole < sizeof(r->path) ? whole : (uint32_t)sizeof(r->path) - 1;
}

/* 1: a member follows. 0: the scope is closed. -1: refused. */
static int more(nt_json *r, nt_json_scope *s) {
  r->path_length = s->path_length;
  r->path[r->path_length] = 0;
  if (take(r, s->close)) {
    r->depth--;
    r->key_count = s->first_key;
    return 0;
  }
  if (s->count++ > 0 && !take(r, ',')) return nt_json_malformed(r, s->close == '}' ? "a comma or }" : "a comma or ]") - 1;
  return 1;
}

int nt_json_element(nt_json *r, nt_json_scope *s) {
  int result = more(r, s);
  if (result > 0) nt_json_set_path(r, s->path_length, "[%u]", s->count - 1);
  return result;
}

int nt_json_next_key(nt_json *r, nt_json_scope *s, nt_json_text *key) {
  int result = more(r, s);
  if (result <= 0) return result;
  if (!read_string(r, key)) return -1;
  if (!take(r, ':')) return nt_json_malformed(r, "a colon") - 1;
  for (uint32_t i = s->first_key; i < r->key_count; i++) {
    if (r->keys[i].length == key->length && memcmp(r->keys[i].at, key->at, key->length) == 0) {
      return nt_json_refuse(r, NT_ABSENT, NT_ABSENT, "key \"%s\" is there twice", nt_json_shown(*key).text) - 1;
    }
  }
  if (s->count > NT_JSON_KEYS) {
    return nt_json_refuse(r, s->count, NT_JSON_KEYS, "has more than %d keys", NT_JSON_KEYS) - 1;
  }
  r->keys[r->key_count++] = *key;
  nt_json_set_path(r, s->path_length, ".%s", nt_json_shown(*key).text);
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

static int find(const char *const *words, uint32_t count, nt_json_text text) {
  for (uint32_t i = 0; i < count; i++) {
    if (strlen(words[i]) == text.length && memcmp(words[i], text.at, text.length) == 0) return (int)i;
  }
  return -1;
}

/* Index of the next key among at most 32, -1 when the object is closed and has all of those in the mask, -2 when refused. */
int nt_json_member(nt_json *r, nt_json_scope *s, const char *const *names, uint32_t count, uint32_t required) {
  nt_json_text key;
  int result = nt_json_next_key(r, s, &key);
  if (result < 0) return -2;
  if (result > 0) {
    int index = find(names, count, key);
    if (index >= 0) {
      s->seen |= 1u << index;
      return index;
    }
    char known[160];
    list_words(known, names, count);
    (void)nt_json_refuse(r, NT_ABSENT, NT_ABSENT, "unknown key; expected %s", count > 0 ? known : "none");
    return -2;
  }
  for (uint32_t i = 0; i < count; i++) {
    if ((required & ~s->seen) >> i & 1) {
      (void)nt_json_refuse(r, NT_ABSENT, NT_ABSENT, "key \"%s\" is missing", names[i]);
      return -2;
    }
  }
  return -1;
}

/* Any value: well-formed, and no more is asked. */
int nt_json_skip_value(nt_json *r) {
  static const char *const literals[] = {"true", "false", "null"};
  nt_json_text ignored;
  double value;
  nt_json_scope s;
  int result;
  char next = nt_json_peek(r);
  if (next == '"') return read_string(r, &ignored);
  if (next == '{' || next == '[') {
    if (!nt_json_enter(r, next, &s)) return 0;
    while ((result = next == '{' ? nt_json_next_key(r, &s, &ignored) : nt_json_element(r, &s)) > 0) {
      if (!nt_json_skip_value(r)) return 0;
    }
    return result == 0;
  }
  for (uint32_t i = 0; i < NT_COUNT(literals); i++) {
    size_t length = strlen(literals[i]);
    if ((size_t)(r->end - r->at) >= length && memcmp(r->at, literals[i], length) == 0) {
      r->at += length;
      return 1;
    }
  }
  return read_number_text(r, &ignored, &value);
}

int nt_json_at_end(nt_json *r) {
  skip_space(r);
  return r->at == r->end ? 1 : nt_json_malformed(r, "the end of the text");
}

/* ---- values with a meaning ------------------------------------------------------------------------------------------------- */

static int is_number(nt_json *r) {
  char next = nt_json_peek(r);
  return next == '-' || (next >= '0' && next <= '9');
}

int nt_json_integer(nt_json *r, int64_t least, int64_t most, int64_t *out) {
  nt_json_text text = {0};
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
      return nt_json_refuse(r, NT_ABSENT, most, "must be %lld to %lld, is %s", (long long)least, (long long)most, nt_json_shown(text).text);
    }
  }
  if (!fine) return nt_json_refuse(r, NT_ABSENT, NT_ABSENT, "must be a whole number without point or exponent");
  if (text.at[0] != '-') result = result < -INT64_MAX ? INT64_MAX : -result; /* most is below that */
  if (result < least || result > most) {
    return nt_json_refuse(r, result, most, "must be %lld to %lld, is %s", (long long)least, (long long)most, nt_json_shown(text).text);
  }
  *out = result;
  return 1;
}

int nt_json_count(nt_json *r, uint32_t least, uint32_t most, uint32_t *out) {
  int64_t value;
  if (!nt_json_integer(r, least, most, &value)) return 0;
  *out = (uint32_t)value;
  return 1;
}

int nt_json_number(nt_json *r, double *out) {
  nt_json_text text;
  if (!is_number(r)) return nt_json_refuse(r, NT_ABSENT, NT_ABSENT, "must be a number");
  return read_number_text(r, &text, out);
}

int nt_json_not_negative(nt_json *r, double *out) {
  if (!nt_json_number(r, out)) return 0;
  return *out >= 0 ? 1 : nt_json_refuse(r, NT_ABSENT, 0, "must not be negative");
}

int nt_json_float(nt_json *r, int positive, float *out) {
  double value;
  if (!nt_json_number(r, &value)) return 0;
  if (value > (double)FLT_MAX || value < -(double)FLT_MAX) return nt_json_refuse(r, NT_ABSENT, NT_ABSENT, "is too large for float32");
  *out = (float)value;
  return !positive || *out > 0 ? 1 : nt_json_refuse(r, NT_ABSENT, NT_ABSENT, "must be greater than 0 in float32");
}

int nt_json_string(nt_json *r, nt_json_text *out) {
  if (nt_json_peek(r) != '"') return nt_json_refuse(r, NT_ABSENT, NT_ABSENT, "must be a string");
  return read_string(r, out);
}

/* 1 to count: the place of a string among words. */
int nt_json_word(nt_json *r, const char *const *words, uint32_t count, uint32_t *out) {
  nt_json_text text;
  if (!nt_json_string(r, &text)) return 0;
  int index = find(words, count, text);
  if (index < 0) {
    char known[160];
    list_words(known, words, count);
    return nt_json_refuse(r, NT_ABSENT, NT_ABSENT, "must be %s, is \"%s\"", known, nt_json_shown(text).text);
  }
  *out = (uint32_t)index + 1;
  return 1;
}

int nt_json_name(nt_json *r, char out[NT_NAME_BYTES]) {
  nt_json_text text;
  nt_error error;
  if (!nt_json_string(r, &text)) return 0;
  if (nt_name_check(text.at, 0, &error) < 0) {
    return nt_json_refuse(r, NT_ABSENT, NT_ABSENT, "\"%s\": must be 1 to %d characters of a-z A-Z 0-9 . _ - and not start with a dot",
                          nt_json_shown(text).text, NT_NAME_BYTES - 1);
  }
  memset(out, 0, NT_NAME_BYTES);
  memcpy(out, text.at, text.length);
  return 1;
}

/* Names without repeats. */
int nt_json_names(nt_json *r, char (*out)[NT_NAME_BYTES], uint32_t most, uint32_t *count) {
  nt_json_scope s;
  int result;
  if (!nt_json_enter(r, '[', &s)) return 0;
  for (*count = 0; (result = nt_json_element(r, &s)) > 0; (*count)++) {
    if (*count == most) return nt_json_refuse(r, (int64_t)most + 1, most, "there are more than %u", most);
    if (!nt_json_name(r, out[*count])) return 0;
    for (uint32_t i = 0; i < *count; i++) {
      if (strcmp(out[i], out[*count]) == 0) return nt_json_refuse(r, i, NT_ABSENT, "\"%s\" is there twice", out[i]);
    }
  }
  return result == 0;
}

/* Bits of a list of words without repeats. */
int nt_json_bits(nt_json *r, const char *const *words, uint32_t count, uint32_t *out) {
  nt_json_scope s;
  int result;
  uint32_t word;
  if (!nt_json_enter(r, '[', &s)) return 0;
  for (*out = 0; (result = nt_json_element(r, &s)) > 0; *out |= 1u << (word - 1)) {
    if (!nt_json_word(r, words, count, &word)) return 0;
    if (*out >> (word - 1) & 1) return nt_json_refuse(r, NT_ABSENT, NT_ABSENT, "\"%s\" is there twice", words[word - 1]);
  }
  return result == 0;
}

void nt_json_begin(nt_json *r, const char *document, nt_json_text text) {
  r->document = document;
  r->begin = r->at = text.at;
  r->end = text.at + text.length;
  r->depth = r->key_count = r->path_length = 0;
  r->path[0] = 0;
}
