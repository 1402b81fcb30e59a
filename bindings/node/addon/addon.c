/* The Node-API addon: opens a library by its path, calls its functions, and waits for clients on threads of its own.
 *
 *   open(path)                    an object with every function of csrc/neural_trader.h, bound to that library
 *   address(buffer)               where an ArrayBuffer lies, as a number; the caller keeps the buffer
 *   waiter(library, client, wake) a thread, from the first arm on, that sleeps in nt_client_wait; wake(result) is called in the event loop
 *   arm(waiter, reportsOnly)      sleep now; until it wakes, the process stays alive
 *   rest(waiter)                  nobody waits any more: the process may end
 *   stop(waiter)                  ends the thread; before the client is closed
 *
 * A client that is open when its environment ends, as that of a terminated worker, is closed then. It runs in Node, Bun and Deno. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "symbols.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* of both lists */

/* ---- libraries -------------------------------------------------------------------------------------------------------------- */

/* A library stays open as long as the process: functions and threads of every environment may be inside it. */
typedef struct nt_library {
  struct nt_library *next;
  char *path; /* it stays this library, whatever becomes of the file */
  nt_symbols symbols;
} nt_library;

static nt_library *libraries;

/* Fills the table; the name of a function that the object does not have, else NULL. */
static const char *bind_symbols(void *object, nt_symbols *symbols) {
  for (size_t i = 0; i < sizeof(NT_ADDON_SYMBOLS) / sizeof(NT_ADDON_SYMBOLS[0]); i++) {
    void *found = dlsym(object, NT_ADDON_SYMBOLS[i].name);
    if (found == NULL) return NT_ADDON_SYMBOLS[i].name;
    memcpy((char *)symbols + NT_ADDON_SYMBOLS[i].offset, &found, sizeof(found));
  }
  return NULL;
}

static nt_library *load(const char *path, char *problem, size_t bytes) {
  for (nt_library *known = libraries; known != NULL; known = known->next) {
    if (strcmp(known->path, path) == 0) return known;
  }
  void *object = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (object == NULL) {
    const char *said = dlerror();
    (void)snprintf(problem, bytes, "%s", said != NULL ? said : "dlopen failed");
    return NULL;
  }
  nt_library *library = calloc(1, sizeof(nt_library));
  char *copy = strdup(path);
  const char *missing = library == NULL || copy == NULL ? "memory" : bind_symbols(object, &library->symbols);
  if (missing != NULL) {
    (void)snprintf(problem, bytes, "there is no %s", missing);
    free(library);
    free(copy);
    dlclose(object);
    return NULL;
  }
  library->path = copy;
  library->next = libraries;
  libraries = library;
  return library;
}

/* The library at a path that JavaScript gives. NULL: an exception says why. */
static nt_library *library_at(napi_env env, napi_value given) {
  char path[4096], problem[512] = {0};
  size_t length;
  if (napi_get_value_string_utf8(env, given, path, sizeof(path), &length) != napi_ok || length == sizeof(path) - 1) {
    napi_throw_type_error(env, NULL, "the path of a library has less than 4,095 bytes");
    return NULL;
  }
  pthread_mutex_lock(&lock);
  nt_library *library = load(path, problem, sizeof(problem));
  pthread_mutex_unlock(&lock);
  if (library == NULL) napi_throw_error(env, NULL, problem);
  return library;
}

static napi_value open_library(napi_env env, napi_callback_info info) {
  napi_value given[1], result;
  size_t count = 1;
  if (napi_get_cb_info(env, info, &count, given, NULL, NULL) != napi_ok || count != 1) {
    napi_throw_type_error(env, NULL, "open takes the path of a library");
    return NULL;
  }
  nt_library *library = library_at(env, given[0]);
  if (library == NULL) return NULL;
  if (napi_create_object(env, &result) != napi_ok) return NULL;
  for (size_t i = 0; i < sizeof(NT_ADDON_SYMBOLS) / sizeof(NT_ADDON_SYMBOLS[0]); i++) {
    const nt_addon_symbol *symbol = &NT_ADDON_SYMBOLS[i];
    napi_value function;
    if (napi_create_function(env, symbol->name, NAPI_AUTO_LENGTH, symbol->call, &library->symbols, &function) != napi_ok ||
        napi_set_named_property(env, result, symbol->name, function) != napi_ok)
      return NULL;
  }
  return result;
}

static napi_value address_of(napi_env env, napi_callback_info info) {
  napi_value given[1], result;
  size_t count = 1, bytes;
  void *data;
  if (napi_get_cb_info(env, info, &count, given, NULL, NULL) != napi_ok || count != 1 ||
      napi_get_arraybuffer_info(env, given[0], &data, &bytes) != napi_ok || data == NULL) {
    napi_throw_type_error(env, NULL, "address takes an ArrayBuffer that is not empty");
    return NULL;
  }
  return napi_create_double(env, (double)(uintptr_t)data, &result) == napi_ok ? result : NULL;
}

/* ---- waiting ---------------------------------------------------------------------------------------------------------------- */

typedef struct nt_waiter {
  struct nt_waiter *next;
  napi_env env;
  napi_threadsafe_function wake;
  pthread_t thread;
  pthread_mutex_t mutex;
  pthread_cond_t changed;
  int32_t (*wait)(uint32_t client, uint32_t reports_only, int64_t timeout_ns);
  int32_t (*interrupt)(uint32_t client);
  int32_t (*close)(uint32_t client);
  uint32_t client;
  uint32_t armed; /* under the mutex, as the next two */
  uint32_t reports_only;
  uint32_t stopping;
  uint32_t referenced; /* of the event loop's thread, as the next two: the process stays alive */
  uint32_t started;    /* there is a thread */
  uint32_t stopped;
} nt_waiter;

static nt_waiter *waiters;

static void *sleep_and_wake(void *argument) {
  nt_waiter *waiter = argument;
  for (;;) {
    pthread_mutex_lock(&waiter->mutex);
    while (!waiter->armed && !waiter->stopping) pthread_cond_wait(&waiter->changed, &waiter->mutex);
    uint32_t stopping = waiter->stopping, reports_only = waiter->reports_only;
    pthread_mutex_unlock(&waiter->mutex);
    if (stopping) return NULL;
    int32_t result = waiter->wait(waiter->client, reports_only, -1);
    pthread_mutex_lock(&waiter->mutex);
    waiter->armed = 0;
    stopping = waiter->stopping;
    pthread_mutex_unlock(&waiter->mutex);
    if (stopping) return NULL;
    (void)napi_call_threadsafe_function(waiter->wake, (void *)(intptr_t)result, napi_tsfn_blocking);
  }
}

static void rest_now(nt_waiter *waiter) {
  if (waiter->referenced) (void)napi_unref_threadsafe_function(waiter->env, waiter->wake);
  waiter->referenced = 0;
}

/* In the event loop, after the thread has woken up. */
static void call_wake(napi_env env, napi_value wake, void *context, void *data) {
  nt_waiter *waiter = context;
  napi_value result, receiver;
  if (env == NULL || wake == NULL || waiter->stopped) return; /* the environment ends */
  rest_now(waiter);
  if (napi_create_int32(env, (int32_t)(intptr_t)data, &result) != napi_ok || napi_get_undefined(env, &receiver) != napi_ok) return;
  (void)napi_call_function(env, receiver, wake, 1, &result, NULL);
}

static void stop_now(nt_waiter *waiter) {
  if (waiter->stopped) return;
  waiter->stopped = 1;
  pthread_mutex_lock(&waiter->mutex);
  waiter->stopping = 1;
  pthread_cond_signal(&waiter->changed);
  pthread_mutex_unlock(&waiter->mutex);
  if (waiter->started) {
    (void)waiter->interrupt(waiter->client);
    pthread_join(waiter->thread, NULL);
  }
  (void)napi_release_threadsafe_function(waiter->wake, napi_tsfn_abort);
}

/* The environment (of the process or of a worker) ends: no thread may call into it any more, and nobody is left who could close. */
static void stop_all(void *env) {
  pthread_mutex_lock(&lock);
  for (nt_waiter *waiter = waiters; waiter != NULL; waiter = waiter->next) {
    if (waiter->env != env || waiter->stopped) continue;
    stop_now(waiter);
    (void)waiter->close(waiter->client);
  }
  pthread_mutex_unlock(&lock);
}

static void forget(napi_env env, void *data, void *hint) {
  (void)env, (void)hint;
  nt_waiter *waiter = data;
  pthread_mutex_lock(&lock);
  for (nt_waiter **place = &waiters; *place != NULL; place = &(*place)->next) {
    if (*place != waiter) continue;
    *place = waiter->next;
    break;
  }
  pthread_mutex_unlock(&lock);
  stop_now(waiter);
  pthread_mutex_destroy(&waiter->mutex);
  pthread_cond_destroy(&waiter->changed);
  free(waiter);
}

static napi_value create_waiter(napi_env env, napi_callback_info info) {
  napi_value given[3], name, result, function;
  size_t count = 3;
  uint32_t client;
  if (napi_get_cb_info(env, info, &count, given, NULL, NULL) != napi_ok || count != 3) {
    napi_throw_type_error(env, NULL, "waiter takes the path of a library, a client and a function");
    return NULL;
  }
  if (!nt_argument_u32(env, given[1], &client)) return NULL;
  function = given[2];
  nt_library *library = library_at(env, given[0]);
  if (library == NULL) return NULL;
  nt_waiter *waiter = calloc(1, sizeof(nt_waiter));
  if (waiter == NULL) {
    napi_throw_error(env, NULL, "no memory");
    return NULL;
  }
  waiter->env = env;
  waiter->client = client;
  waiter->wait = library->symbols.nt_client_wait;
  waiter->interrupt = library->symbols.nt_client_interrupt;
  waiter->close = library->symbols.nt_close;
  pthread_mutex_init(&waiter->mutex, NULL);
  pthread_cond_init(&waiter->changed, NULL);
  if (napi_create_string_utf8(env, "neural-trader", NAPI_AUTO_LENGTH, &name) != napi_ok ||
      napi_create_threadsafe_function(env, function, NULL, name, 0, 1, NULL, NULL, waiter, call_wake, &waiter->wake) != napi_ok) {
    free(waiter);
    napi_throw_type_error(env, NULL, "waiter takes the path of a library, a client and a function");
    return NULL;
  }
  (void)napi_unref_threadsafe_function(env, waiter->wake);
  pthread_mutex_lock(&lock);
  waiter->next = waiters;
  waiters = waiter;
  pthread_mutex_unlock(&lock);
  return napi_create_external(env, waiter, forget, NULL, &result) == napi_ok ? result : NULL;
}

static nt_waiter *waiter_of(napi_env env, napi_callback_info info, napi_value *given, size_t count) {
  size_t found = count;
  void *waiter = NULL;
  if (napi_get_cb_info(env, info, &found, given, NULL, NULL) != napi_ok || found != count ||
      napi_get_value_external(env, given[0], &waiter) != napi_ok)
    napi_throw_type_error(env, NULL, "a waiter is needed");
  return waiter;
}

static napi_value arm(napi_env env, napi_callback_info info) {
  napi_value given[2];
  bool reports_only;
  nt_waiter *waiter = waiter_of(env, info, given, 2);
  if (waiter == NULL || waiter->stopped || napi_get_value_bool(env, given[1], &reports_only) != napi_ok) return NULL;
  if (!waiter->started && pthread_create(&waiter->thread, NULL, sleep_and_wake, waiter) != 0) {
    napi_throw_error(env, NULL, "the system gives no thread");
    return NULL;
  }
  waiter->started = 1;
  pthread_mutex_lock(&waiter->mutex);
  uint32_t widened = waiter->armed && waiter->reports_only && !reports_only;
  if (!waiter->armed || widened) waiter->reports_only = reports_only;
  waiter->armed = 1;
  pthread_cond_signal(&waiter->changed);
  pthread_mutex_unlock(&waiter->mutex);
  if (widened) (void)waiter->interrupt(waiter->client);
  if (!waiter->referenced) (void)napi_ref_threadsafe_function(env, waiter->wake);
  waiter->referenced = 1;
  return NULL;
}

static napi_value rest(napi_env env, napi_callback_info info) {
  napi_value given[1];
  nt_waiter *waiter = waiter_of(env, info, given, 1);
  if (waiter != NULL && !waiter->stopped) rest_now(waiter);
  return NULL;
}

static napi_value stop(napi_env env, napi_callback_info info) {
  napi_value given[1];
  nt_waiter *waiter = waiter_of(env, info, given, 1);
  if (waiter != NULL) stop_now(waiter);
  return NULL;
}

NAPI_MODULE_INIT() {
  Dl_info self; /* never unmapped: the lists are of the process, and workers come and go */
  if (dladdr(&lock, &self) != 0) (void)dlopen(self.dli_fname, RTLD_NOW | RTLD_NODELETE);
  const struct {
    const char *name;
    napi_callback call;
  } functions[] = {{"open", open_library}, {"address", address_of}, {"waiter", create_waiter},
                   {"arm", arm},           {"rest", rest},          {"stop", stop}};
  for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++) {
    napi_value function;
    if (napi_create_function(env, functions[i].name, NAPI_AUTO_LENGTH, functions[i].call, NULL, &function) != napi_ok ||
        napi_set_named_property(env, exports, functions[i].name, function) != napi_ok)
      return NULL;
  }
  return napi_add_env_cleanup_hook(env, stop_all, env) == napi_ok ? exports : NULL;
}
