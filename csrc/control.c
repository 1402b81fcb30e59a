/* The other peers: feeds, controls and monitors. */
#include <stdlib.h>
#include <string.h>

#include "handle.h"
#include "kernel.h"

typedef struct nt_peer {
  nt_view view;
  nt_line line;
  nt_kernel *local;
  nt_producer out; /* ticks or commands to the kernel */
  nt_consumer in;  /* answers */
  uint64_t requests;
  int64_t alive_checked_ns;
} nt_peer;

static void destroy(void *object) {
  nt_peer *peer = object;
  if (peer->local != NULL) {
    atomic_store_explicit(&peer->local->local_handles[NT_CHANNEL_MAX], 0, memory_order_release);
    nt_segment_unlock(&peer->local->feed.segment, NT_PEER_LOCK);
    atomic_store_explicit(&peer->local->feed_local, NT_FEED_REMOTE, memory_order_release);
    atomic_fetch_sub_explicit(&peer->local->local_objects, 1, memory_order_release); /* the kernel may go from here on */
  } else {
    nt_segment_close(&peer->line.segment, 0);
    nt_segment_close(&peer->view.segment, 0);
  }
  free(peer);
}

/* A feed gets no answers. */
static int32_t open_line(nt_peer *peer, uint32_t number, nt_error *error) {
  int32_t result = nt_producer_open(&peer->out, peer->line.in, peer->line.in_slots, peer->line.in_bytes, peer->line.in_capacity);
  if (result == NT_OK && number == NT_LINE_CONTROL)
    result = nt_consumer_open(&peer->in, peer->line.out, peer->line.out_slots, peer->line.out_bytes, peer->line.out_capacity);
  if (result != NT_OK) nt_error_set(error, result, 0, NT_ABSENT, NT_ABSENT, "%s: its rings are damaged", peer->line.segment.path);
  return result;
}

static int32_t give_handle(nt_peer *peer, uint32_t kind, uint32_t *handle, nt_error *error) {
  *handle = nt_handle_open(kind, peer, destroy);
  if (*handle != 0) return NT_OK;
  nt_error_set(error, NT_ERR_FULL, 0, NT_HANDLE_SLOTS, NT_HANDLE_SLOTS - 1, "too many open handles");
  return NT_ERR_FULL;
}

static int32_t take_line(nt_peer *peer, const char *kernel_name, uint32_t number, nt_error *error) {
  int32_t result = nt_line_open(&peer->line, kernel_name, number, peer->view.segment.header->incarnation, error);
  if (result != NT_OK) return result;
  result = nt_segment_lock(&peer->line.segment, NT_PEER_LOCK);
  if (result == NT_ERR_NAME_IN_USE)
    nt_error_set(error, result, 0, NT_ABSENT, NT_ABSENT, "%s of kernel %s is held by another process",
                 number == NT_LINE_FEED ? "the feed" : "the control channel", kernel_name);
  if (result == NT_OK) result = open_line(peer, number, error);
  if (result != NT_OK) nt_segment_close(&peer->line.segment, 0);
  return result;
}

/* number NT_NONE: only the core. */
static int32_t attach(const char *kernel_name, uint32_t number, uint32_t kind, int64_t timeout_ns, uint32_t *handle, nt_error *error) {
  nt_error_set(error, NT_OK, 0, NT_ABSENT, NT_ABSENT, "no failure");
  if (kernel_name == NULL || handle == NULL) {
    nt_error_set(error, NT_ERR_INVALID, 0, NT_ABSENT, NT_ABSENT, "kernel name and handle are needed");
    return NT_ERR_INVALID;
  }
  *handle = 0;
  nt_peer *peer = calloc(1, sizeof(nt_peer));
  if (peer == NULL) return NT_ERR_SYSTEM;
  int64_t deadline = nt_clock_ns() + (timeout_ns > 0 ? timeout_ns : 0);
  int32_t result;
  while ((result = nt_core_open(&peer->view, kernel_name, error)) == NT_ERR_NOT_FOUND || result == NT_ERR_KERNEL_DEAD) {
    if (nt_clock_ns() >= deadline) break;
    nt_sleep_ns(2000000);
  }
  if (result == NT_OK && number != NT_NONE) {
    /* Another holder may leave, and the kernel makes a damaged line whole once nobody holds it. */
    while (((result = take_line(peer, kernel_name, number, error)) == NT_ERR_NAME_IN_USE || result == NT_ERR_CORRUPT) &&
           nt_clock_ns() < deadline)
      nt_sleep_ns(1000000);
  }
  if (result == NT_OK) result = give_handle(peer, kind, handle, error);
  if (result != NT_OK) destroy(peer);
  return result;
}

int32_t nt_feed_attach(const char *kernel_name, int64_t timeout_ns, uint32_t *feed, nt_error *error) {
  return attach(kernel_name, NT_LINE_FEED, NT_HANDLE_FEED, timeout_ns, feed, error);
}

int32_t nt_control_attach(const char *kernel_name, int64_t timeout_ns, uint32_t *control, nt_error *error) {
  return attach(kernel_name, NT_LINE_CONTROL, NT_HANDLE_CONTROL, timeout_ns, control, error);
}

int32_t nt_monitor_attach(const char *kernel_name, uint32_t *monitor, nt_error *error) {
  return attach(kernel_name, NT_NONE, NT_HANDLE_MONITOR, 0, monitor, error);
}

/* The kernel's process holds the feed's lock once, for its local feed or for a repair: the word says for which. */
static int hold_feed(nt_kernel *kernel) {
  uint32_t holder = NT_FEED_REMOTE;
  while (
      !atomic_compare_exchange_strong_explicit(&kernel->feed_local, &holder, NT_FEED_LOCAL, memory_order_acq_rel, memory_order_acquire)) {
    if (holder == NT_FEED_LOCAL) return 0;
    holder = NT_FEED_REMOTE;
    nt_thread_yield();
  }
  if (nt_segment_lock(&kernel->feed.segment, NT_PEER_LOCK) == NT_OK) return 1;
  atomic_store_explicit(&kernel->feed_local, NT_FEED_REMOTE, memory_order_release);
  return 0;
}

int32_t nt_kernel_feed(uint32_t kernel_handle, uint32_t *handle, nt_error *error) {
  int32_t result;
  nt_error_set(error, NT_OK, 0, NT_ABSENT, NT_ABSENT, "no failure");
  if (handle == NULL) return NT_ERR_INVALID;
  *handle = 0;
  nt_kernel *kernel = nt_handle_enter(kernel_handle, NT_HANDLE_KERNEL, &result);
  if (kernel == NULL) {
    nt_error_set(error, result, 0, kernel_handle, NT_ABSENT, "no open kernel has this handle, or another call is inside it");
    return result;
  }
  nt_peer *peer = calloc(1, sizeof(nt_peer));
  if (peer == NULL) {
    result = NT_ERR_SYSTEM;
  } else if (!hold_feed(kernel)) {
    nt_error_set(error, result = NT_ERR_NAME_IN_USE, 0, NT_ABSENT, NT_ABSENT, "the feed of this kernel is held already");
    free(peer);
  } else {
    nt_kernel_open_doors(kernel);
    peer->local = kernel;
    peer->view = kernel->view;
    peer->line = kernel->feed;
    atomic_fetch_add_explicit(&kernel->local_objects, 1, memory_order_relaxed);
    result = open_line(peer, NT_LINE_FEED, error);
    if (result == NT_OK) result = give_handle(peer, NT_HANDLE_FEED, handle, error);
    if (result == NT_OK) {
      atomic_store_explicit(&kernel->local_handles[NT_CHANNEL_MAX], *handle, memory_order_release);
    } else {
      destroy(peer);
    }
  }
  nt_handle_leave(kernel_handle);
  return result;
}

/* Wait until the kernel has given room or an answer, or is found dead. */
static int32_t pass_time(nt_peer *peer, uint32_t handle, nt_waiter *waiter) {
  if (nt_handle_closing(handle)) return NT_ERR_CLOSED;
  int32_t passed = nt_waiter_step(waiter, &peer->line.desk->peer_wait);
  int64_t now = nt_time_coarse_ns();
  if (passed == NT_OK && now - peer->alive_checked_ns < NT_ALIVE_CHECK_NS) return NT_OK;
  peer->alive_checked_ns = now;
  return nt_core_alive(&peer->view) == NT_OK ? passed : NT_ERR_KERNEL_DEAD;
}

int32_t nt_feed_push(uint32_t handle, const nt_tick *ticks, uint32_t count, int64_t timeout_ns) {
  int32_t result;
  nt_peer *peer = nt_handle_enter(handle, NT_HANDLE_FEED, &result);
  if (peer == NULL) return result;
  if ((ticks == NULL && count > 0) || count > INT32_MAX) {
    nt_error_set(nt_handle_error(handle), result = NT_ERR_INVALID, 0, count, INT32_MAX, "ticks are needed, not NULL");
    nt_handle_leave(handle);
    return result;
  }
  nt_waiter waiter;
  nt_waiter_start(&waiter, timeout_ns, 2);
  uint32_t pushed = 0;
  result = NT_OK;
  while (pushed < count) {
    uint32_t now = nt_producer_push(&peer->out, ticks + pushed, count - pushed);
    pushed += now;
    if (now > 0) {
      nt_wake(&peer->line.desk->kernel_wait);
    } else if ((result = pass_time(peer, handle, &waiter)) != NT_OK) {
      break;
    }
  }
  if (result == NT_ERR_KERNEL_DEAD)
    nt_error_set(nt_handle_error(handle), result, 0, NT_ABSENT, NT_ABSENT, "the kernel is gone; attach again when it is back");
  if (result == NT_ERR_TIMEOUT) result = NT_OK; /* the count says how far it came */
  nt_handle_leave(handle);
  return result == NT_OK ? (int32_t)pushed : result;
}

/* Push a command and wait for its answer, which overwrites it; the answer's result. */
static int32_t ask(nt_peer *peer, uint32_t handle, nt_command *command, int64_t timeout_ns) {
  nt_waiter waiter;
  nt_waiter_start(&waiter, timeout_ns, 2);
  command->request = (nt_random_u64() & ~(uint64_t)0xFFFF) | (++peer->requests & 0xFFFF); /* a former holder's answers are told apart */
  int32_t result = nt_ring_push64(&peer->out, command) ? NT_OK : NT_ERR_FULL;
  nt_wake(&peer->line.desk->kernel_wait);
  while (result == NT_OK) {
    const nt_command *front = nt_ring_front64(&peer->in);
    if (front == NULL) {
      result = pass_time(peer, handle, &waiter);
      continue;
    }
    nt_command answer = *front;
    nt_ring_advance(&peer->in);
    if (answer.request != command->request) continue;
    *command = answer;
    result = answer.result;
    break;
  }
  if (result == NT_ERR_KERNEL_DEAD) nt_error_set(nt_handle_error(handle), result, 0, NT_ABSENT, NT_ABSENT, "the kernel is gone");
  if (result == NT_ERR_TIMEOUT)
    nt_error_set(nt_handle_error(handle), result, 0, NT_ABSENT, timeout_ns,
                 "the kernel did not answer; it may still carry the command out");
  return result;
}

int32_t nt_control_send(uint32_t handle, nt_command *command, int64_t timeout_ns) {
  int32_t result;
  nt_peer *peer = nt_handle_enter(handle, NT_HANDLE_CONTROL, &result);
  if (peer == NULL) return result;
  if (command == NULL || command->kind == NT_COMMAND_NEXT_ORDER) {
    nt_error_set(nt_handle_error(handle), result = NT_ERR_INVALID, 0, NT_ABSENT, NT_ABSENT,
                 "a command that sets a state or stops is needed");
  } else {
    result = ask(peer, handle, command, timeout_ns);
    if (result == NT_ERR_NOT_FOUND) nt_error_set(nt_handle_error(handle), result, 0, command->account, NT_ABSENT, "no such account");
    if (result == NT_ERR_INVALID)
      nt_error_set(nt_handle_error(handle), result, 0, command->kind, NT_ABSENT, "the kernel does not know this command or state");
  }
  nt_handle_leave(handle);
  return result;
}

int32_t nt_control_next_order(uint32_t handle, uint32_t cursor, nt_working_order *out, int64_t timeout_ns) {
  int32_t result;
  nt_peer *peer = nt_handle_enter(handle, NT_HANDLE_CONTROL, &result);
  if (peer == NULL) return result;
  if (out == NULL || cursor > INT32_MAX) {
    nt_error_set(nt_handle_error(handle), result = NT_ERR_INVALID, 0, cursor, INT32_MAX,
                 "a cursor that was given, and room for an order, are needed");
  } else {
    nt_command command = {.kind = NT_COMMAND_NEXT_ORDER, .result = (int32_t)cursor};
    result = ask(peer, handle, &command, timeout_ns);
    if (result >= 0) memcpy(out, &command, sizeof(*out));
  }
  nt_handle_leave(handle);
  return result;
}

nt_view *nt_peer_view(void *object) {
  return &((nt_peer *)object)->view;
}
