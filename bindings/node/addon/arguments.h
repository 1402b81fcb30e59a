/* Reading the arguments of a call. Each says what is wrong as a JavaScript exception and returns 0 then. */
#ifndef NT_ADDON_ARGUMENTS_H
#define NT_ADDON_ARGUMENTS_H

#include <node_api.h>
#include <stddef.h>
#include <stdint.h>

#include "neural_trader.h"

#define NT_EXACT 9007199254740992.0 /* 2^53 */

typedef struct nt_addon_symbol {
  const char *name;
  size_t offset;
  napi_callback call;
} nt_addon_symbol;

/* The data of the function called, and exactly count arguments. NULL: there were others. */
static inline const void *nt_arguments(napi_env env, napi_callback_info info, napi_value *given, size_t count) {
  size_t found = count;
  void *data = NULL;
  if (napi_get_cb_info(env, info, &found, given, NULL, &data) == napi_ok && found == count) return data;
  napi_throw_type_error(env, NULL, "the wrong number of arguments");
  return NULL;
}

static inline int nt_argument_between(napi_env env, napi_value given, double low, double high, double *value) {
  if (napi_get_value_double(env, given, value) != napi_ok) {
    napi_throw_type_error(env, NULL, "an argument has to be a number");
    return 0;
  }
  if (*value >= low && *value <= high && *value == (double)(int64_t)*value) return 1;
  napi_throw_range_error(env, NULL, "an argument is no whole number, or out of its range");
  return 0;
}

static inline int nt_argument_u32(napi_env env, napi_value given, uint32_t *value) {
  double number;
  if (!nt_argument_between(env, given, 0, UINT32_MAX, &number)) return 0;
  *value = (uint32_t)number;
  return 1;
}

static inline int nt_argument_i64(napi_env env, napi_value given, int64_t *value) {
  double number;
  if (!nt_argument_between(env, given, -NT_EXACT, NT_EXACT, &number)) return 0;
  *value = (int64_t)number;
  return 1;
}

static inline int nt_argument_u64(napi_env env, napi_value given, uint64_t *value) {
  double number;
  if (!nt_argument_between(env, given, 0, NT_EXACT, &number)) return 0;
  *value = (uint64_t)number;
  return 1;
}

/* An address as a number, or null. Type-checked as little as any pointer is. */
static inline int nt_argument_pointer_of(napi_env env, napi_value given, void **value) {
  double number;
  napi_valuetype type;
  if (napi_typeof(env, given, &type) == napi_ok && type == napi_null) {
    *value = NULL;
    return 1;
  }
  if (!nt_argument_between(env, given, 1, NT_EXACT, &number)) return 0;
  *value = (void *)(uintptr_t)number;
  return 1;
}

#define nt_argument_pointer(env, given, value) nt_argument_pointer_of(env, given, (void **)(value))

#endif
