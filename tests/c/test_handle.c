/* Handles: stale, wrong, busy, closing and forked ones are answered, never followed. */
#include "../../csrc/handle.h"
#include "../../csrc/platform.h"
#include "../../csrc/segment.h"
#include "check.h"

typedef struct nt_thing {
  _Atomic uint32_t destroyed;
  _Atomic uint32_t inside;
  uint64_t calls; /* guarded by the handle */
} nt_thing;

static void destroy(void *object) {
  nt_thing *thing = object;
  CHECK_EQUAL(atomic_load(&thing->inside), 0);
  atomic_fetch_add(&thing->destroyed, 1);
}

static int32_t enter_code(uint32_t handle, uint32_t kinds) {
  int32_t result;
  if (nt_handle_enter(handle, kinds, &result) != NULL) nt_handle_leave(handle);
  return result;
}

static void test_life(void) {
  nt_thing thing = {0, 0, 0};
  nt_error error;
  int32_t result;
  uint32_t handle = nt_handle_open(NT_HANDLE_RING, &thing, destroy);
  CHECK(handle != 0);
  CHECK(nt_handle_enter(handle, NT_HANDLE_RING | NT_HANDLE_KERNEL, &result) == &thing && result == NT_OK);
  CHECK_EQUAL(enter_code(handle, NT_HANDLE_RING), NT_ERR_BUSY);
  CHECK(nt_handle_peek(handle, NT_HANDLE_RING, &result) == &thing); /* beside the call */
  CHECK(nt_handle_peek(handle, NT_HANDLE_RING, &result) == &thing);
  nt_error_set(nt_handle_error(handle), NT_ERR_FULL, 1, 2, 3, "full of %s", "it");
  CHECK_EQUAL(nt_last_error(handle, &error), NT_ERR_BUSY);
  nt_handle_leave(handle);
  CHECK_EQUAL(enter_code(handle, NT_HANDLE_RING), NT_OK); /* peeks do not keep a call out */
  nt_handle_unpeek(handle);
  nt_handle_unpeek(handle);
  CHECK_EQUAL(enter_code(handle, NT_HANDLE_KERNEL | NT_HANDLE_CLIENT), NT_ERR_BAD_HANDLE);
  CHECK(nt_handle_peek(handle, NT_HANDLE_KERNEL, &result) == NULL && result == NT_ERR_BAD_HANDLE);
  CHECK_EQUAL(nt_last_error(handle, &error), NT_OK);
  CHECK(error.code == NT_ERR_FULL && error.limit == 3 && strcmp(error.text, "full of it") == 0);
  CHECK_EQUAL(nt_last_error(handle, NULL), NT_ERR_INVALID);
  CHECK_EQUAL(nt_handle_closing(handle), 0);
  CHECK_EQUAL(nt_close(handle), NT_OK);
  CHECK_EQUAL(thing.destroyed, 1);
  CHECK_EQUAL(nt_close(handle), NT_ERR_BAD_HANDLE);
  CHECK_EQUAL(nt_last_error(handle, &error), NT_ERR_BAD_HANDLE);
  CHECK_EQUAL(enter_code(handle, NT_HANDLE_RING), NT_ERR_BAD_HANDLE);
  CHECK_EQUAL(thing.destroyed, 1);
  CHECK_EQUAL(nt_close(0), NT_ERR_BAD_HANDLE);
}

/* Every number that was never given out is refused, and every old handle after its slot was used again. */
static void test_foreign(void) {
  nt_thing thing = {0, 0, 0};
  uint64_t seed = 3;
  for (int i = 0; i < 200000; i++) CHECK_EQUAL(enter_code((uint32_t)check_random(&seed), 0xff), NT_ERR_BAD_HANDLE);
  static uint32_t old[5000];
  for (int i = 0; i < 5000; i++) {
    old[i] = nt_handle_open(NT_HANDLE_FEED, &thing, NULL);
    CHECK(old[i] != 0 && enter_code(old[i], NT_HANDLE_FEED) == NT_OK);
    CHECK_EQUAL(nt_close(old[i]), NT_OK);
  }
  uint32_t live = nt_handle_open(NT_HANDLE_FEED, &thing, NULL);
  for (int i = 0; i < 5000; i++) CHECK(old[i] != live && enter_code(old[i], NT_HANDLE_FEED) == NT_ERR_BAD_HANDLE);
  CHECK_EQUAL(nt_close(live), NT_OK);
}

static void test_full(void) {
  static uint32_t handles[NT_HANDLE_SLOTS];
  nt_thing thing = {0, 0, 0};
  for (uint32_t i = 0; i < NT_HANDLE_SLOTS; i++) CHECK((handles[i] = nt_handle_open(NT_HANDLE_CLIENT, &thing, destroy)) != 0);
  CHECK_EQUAL(nt_handle_open(NT_HANDLE_CLIENT, &thing, destroy), 0);
  CHECK_EQUAL(nt_close(handles[512]), NT_OK);
  CHECK((handles[512] = nt_handle_open(NT_HANDLE_CLIENT, &thing, destroy)) != 0);
  for (uint32_t i = 0; i < NT_HANDLE_SLOTS; i++) CHECK_EQUAL(nt_close(handles[i]), NT_OK);
  CHECK_EQUAL(thing.destroyed, NT_HANDLE_SLOTS + 1);
}

/* A call that waits until it is told that somebody closes. */
typedef struct nt_waiting_call {
  nt_thing thing;
  uint32_t handle;
  int peek;
} nt_waiting_call;

static void *waiting_call(void *argument) {
  nt_waiting_call *call = argument;
  int32_t result;
  nt_thing *thing =
      call->peek ? nt_handle_peek(call->handle, NT_HANDLE_CLIENT, &result) : nt_handle_enter(call->handle, NT_HANDLE_CLIENT, &result);
  CHECK(thing == &call->thing);
  atomic_store(&thing->inside, 1);
  while (!nt_handle_closing(call->handle)) nt_thread_yield();
  CHECK_EQUAL(enter_code(call->handle, NT_HANDLE_CLIENT), NT_ERR_CLOSED);
  CHECK_EQUAL(nt_close(call->handle), NT_ERR_CLOSED); /* somebody is at it */
  nt_sleep_ns(1000000);
  CHECK_EQUAL(atomic_load(&thing->destroyed), 0);
  atomic_store(&thing->inside, 0);
  if (call->peek) {
    nt_handle_unpeek(call->handle);
  } else {
    nt_handle_leave(call->handle);
  }
  return NULL;
}

static void test_close_waits(int peek) {
  nt_waiting_call call = {{0, 0, 0}, 0, peek};
  nt_thread thread;
  call.handle = nt_handle_open(NT_HANDLE_CLIENT, &call.thing, destroy);
  CHECK_EQUAL(nt_thread_start(&thread, waiting_call, &call), 0);
  while (atomic_load(&call.thing.inside) == 0) nt_thread_yield();
  CHECK_EQUAL(nt_close(call.handle), NT_OK);
  CHECK_EQUAL(call.thing.destroyed, 1);
  nt_thread_join(&thread);
}

/* Threads that fight for one handle while it is closed: never two inside, never one inside a destroyed object. */
typedef struct nt_contest {
  nt_thing thing;
  uint32_t handle;
  _Atomic uint32_t ready;
  _Atomic uint64_t entered;
} nt_contest;

static void *contestant(void *argument) {
  nt_contest *contest = argument;
  int32_t result;
  uint64_t entered = 0;
  atomic_fetch_add(&contest->ready, 1);
  for (;;) {
    nt_thing *thing = nt_handle_enter(contest->handle, NT_HANDLE_MONITOR, &result);
    if (thing != NULL) {
      CHECK_EQUAL(atomic_fetch_add(&thing->inside, 1), 0);
      CHECK_EQUAL(atomic_load(&thing->destroyed), 0);
      thing->calls++;
      entered++;
      atomic_fetch_sub(&thing->inside, 1);
      nt_handle_leave(contest->handle);
    } else if (result != NT_ERR_BUSY) {
      break;
    }
  }
  CHECK(result == NT_ERR_CLOSED || result == NT_ERR_BAD_HANDLE);
  atomic_fetch_add(&contest->entered, entered);
  return NULL;
}

static void test_contest(void) {
  for (int round = 0; round < 30; round++) {
    nt_contest contest = {{0, 0, 0}, 0, 0, 0};
    nt_thread threads[3];
    contest.handle = nt_handle_open(NT_HANDLE_MONITOR, &contest.thing, destroy);
    for (int i = 0; i < 3; i++) CHECK_EQUAL(nt_thread_start(&threads[i], contestant, &contest), 0);
    while (atomic_load(&contest.ready) < 3) nt_thread_yield();
    nt_sleep_ns(200000);
    CHECK_EQUAL(nt_close(contest.handle), NT_OK);
    for (int i = 0; i < 3; i++) nt_thread_join(&threads[i]);
    CHECK_EQUAL(contest.thing.calls, contest.entered);
  }
}

/* Handles opened and closed by several threads at once are all different. */
static void *opener(void *argument) {
  nt_thing thing = {0, 0, 0};
  int32_t result;
  (void)argument;
  for (int i = 0; i < 5000; i++) {
    uint32_t handle = nt_handle_open(NT_HANDLE_CONTROL, &thing, destroy);
    CHECK(nt_handle_enter(handle, NT_HANDLE_CONTROL, &result) == &thing);
    nt_handle_leave(handle);
    CHECK_EQUAL(nt_close(handle), NT_OK);
    CHECK_EQUAL(thing.destroyed, i + 1);
  }
  return NULL;
}

static void test_openers(void) {
  nt_thread threads[3];
  for (int i = 0; i < 3; i++) CHECK_EQUAL(nt_thread_start(&threads[i], opener, NULL), 0);
  for (int i = 0; i < 3; i++) nt_thread_join(&threads[i]);
}

static void test_fork(void) {
  nt_thing thing = {0, 0, 0};
  nt_error error;
  int32_t result;
  uint32_t handle = nt_handle_open(NT_HANDLE_KERNEL, &thing, destroy);
  CHECK(nt_handle_enter(handle, NT_HANDLE_KERNEL, &result) == &thing); /* a call is in progress during the fork */
  pid_t child = check_fork();
  if (child == 0) {
    CHECK_EQUAL(enter_code(handle, NT_HANDLE_KERNEL), NT_ERR_FORKED);
    CHECK(nt_handle_peek(handle, NT_HANDLE_KERNEL, &result) == NULL && result == NT_ERR_FORKED);
    CHECK_EQUAL(nt_last_error(handle, &error), NT_ERR_FORKED);
    CHECK_EQUAL(nt_close(handle), NT_OK); /* does not wait for the parent's call, does not destroy */
    CHECK_EQUAL(thing.destroyed, 0);
    CHECK_EQUAL(nt_close(handle), NT_ERR_BAD_HANDLE);
    uint32_t own = nt_handle_open(NT_HANDLE_KERNEL, &thing, destroy);
    CHECK_EQUAL(enter_code(own, NT_HANDLE_KERNEL), NT_OK);
    pid_t grandchild = check_fork();
    if (grandchild == 0) _exit(enter_code(own, NT_HANDLE_KERNEL) == NT_ERR_FORKED ? 0 : 1);
    check_joined(grandchild);
    CHECK_EQUAL(nt_close(own), NT_OK);
    CHECK_EQUAL(thing.destroyed, 1);
    _exit(0);
  }
  check_joined(child);
  nt_handle_leave(handle);
  CHECK_EQUAL(enter_code(handle, NT_HANDLE_KERNEL), NT_OK);
  CHECK_EQUAL(nt_close(handle), NT_OK);
}

int main(void) {
  test_life();
  test_foreign();
  test_full();
  test_close_waits(0);
  test_close_waits(1);
  test_contest();
  test_openers();
  test_fork();
  return 0;
}
