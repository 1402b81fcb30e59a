/* What lies in the shared segments: the core (the kernel writes, everybody reads) and the channels (one per peer). */
#ifndef NT_CORE_H
#define NT_CORE_H

#include <stdatomic.h>

#include "feature_set.h"
#include "histogram.h"
#include "neural_trader.h"
#include "ring.h"
#include "segment.h"
#include "seqlock.h"
#include "ticks.h"
#include "wait.h"

#define NT_LATENCY_KINDS 2
#define NT_SIGNAL_RING 1024 /* slots of a client's, unless its other rings are smaller */
#define NT_KERNEL_LOCK 0    /* lock bytes of a segment file */
#define NT_PEER_LOCK 1
#define NT_ALIVE_CHECK_NS 50000000 /* between two looks at whether the kernel lives, by whoever waits for it */

enum nt_core_section {
  NT_CORE_LIVE = 1,
  NT_CORE_STATUS = 2,
  NT_CORE_INSTRUMENTS = 3,
  NT_CORE_ACCOUNTS = 4,
  NT_CORE_TERMS = 5,
  NT_CORE_QUOTES = 6,
  NT_CORE_FEATURES = 7,
  NT_CORE_POSITIONS = 8,
  NT_CORE_ACCOUNT_VIEWS = 9,
  NT_CORE_CHANNELS = 10,
  NT_CORE_COUNTERS = 11,
  NT_CORE_LATENCIES = 12,
  NT_CORE_TICKS = 13,
  NT_CORE_TICK_SLOTS = 14,
  NT_CORE_BOOKS = 15,
  NT_CORE_SIGNALS = 16,
  NT_CORE_MODELS = 17,
  NT_CHANNEL_DESK = 20,
  NT_CHANNEL_IN = 21,
  NT_CHANNEL_IN_SLOTS = 22,
  NT_CHANNEL_OUT = 23,
  NT_CHANNEL_OUT_SLOTS = 24,
  NT_CHANNEL_SIGNALS = 25,
  NT_CHANNEL_SIGNAL_SLOTS = 26
};

/* Words that change all the time, alone on their lines. */
typedef struct nt_live {
  _Alignas(128) _Atomic int64_t now;
  _Atomic uint32_t ended; /* the source has ended and what it caused is delivered */
  _Atomic uint32_t running;
  _Atomic uint32_t instruments;
  _Atomic uint32_t accounts;
  _Atomic uint32_t clock; /* NT_CLOCK_ */
  _Atomic uint32_t order_capacity;
  _Atomic uint32_t models;
  _Atomic uint32_t own_models; /* bits: nt_state.own_models */
  uint8_t pad[88];
} nt_live;
_Static_assert(sizeof(nt_live) == 128, "one block");

/* A published row: the seqlock word, then the view. Strides keep rows apart. */
#define NT_ROW(type, words)                    \
  typedef struct type##_row {                  \
    _Alignas(64) _Atomic uint64_t word[words]; \
  } type##_row;                                \
  _Static_assert(sizeof(type) + 8 <= sizeof(type##_row) && sizeof(type) % 8 == 0, "the view fits its row")

NT_ROW(nt_status, 24);
NT_ROW(nt_quote, 16);
NT_ROW(nt_position, 16);
NT_ROW(nt_account_view, 16);
NT_ROW(nt_channel, 16);
NT_ROW(nt_counters, 88);
NT_ROW(nt_book, 48);
NT_ROW(nt_tick, 16);
typedef struct nt_features_row {
  _Alignas(64) _Atomic uint64_t word[(sizeof(nt_features) / 8 + 8) / 8 * 8];
} nt_features_row;
_Static_assert(sizeof(nt_features) + 8 <= sizeof(nt_features_row), "the view fits its row");

#define NT_ROW_WORDS(type) ((uint32_t)(sizeof(type) / 8))

enum nt_desk_request { NT_REQUEST_ATTACH = 1, NT_REQUEST_DETACH = 2 };

/* Where a peer and the kernel talk about the channel itself. */
typedef struct nt_desk {
  /* written by the peer */
  _Alignas(128) _Atomic uint32_t request_number;
  uint32_t request; /* NT_REQUEST_ */
  uint32_t pid;
  uint32_t subscribe_reserved;
  char client[NT_NAME_BYTES];
  uint8_t pad0[80];
  _Alignas(128) _Atomic uint64_t done; /* ticks the peer has finished with */
  _Atomic uint32_t subscribed;         /* lockstep */
  uint8_t pad1[116];
  /* written by the kernel */
  _Alignas(128) _Atomic uint32_t answer_number;
  int32_t answer; /* NT_OK or NT_ERR_ */
  uint64_t last_client_order_id;
  _Atomic uint32_t held; /* reports are waiting for room in the ring */
  uint8_t pad2[108];
  /* both */
  _Alignas(128) nt_wait_word peer_wait;
  _Alignas(128) nt_wait_word kernel_wait;
} nt_desk;

/* Everything a reader needs of a core segment. */
typedef struct nt_view {
  nt_segment segment;
  nt_live *live;
  nt_status_row *status;
  nt_instrument *instruments;
  nt_account *accounts;
  nt_terms *terms;
  nt_quote_row *quotes;
  nt_features_row *features;
  nt_position_row *positions;
  nt_account_view_row *account_views;
  nt_channel_row *channels;
  nt_counters_row *counters;
  nt_histogram *latencies;
  nt_ticks_block *ticks;
  nt_tick *tick_slots;
  nt_book_row *books;
  nt_tick_row *signals; /* by model, then instrument */
  char (*models)[NT_NAME_BYTES];
  uint64_t tick_mask;
  uint32_t instrument_capacity;
  uint32_t account_capacity;
  uint32_t channel_count;
  uint32_t model_capacity;
} nt_view;

/* A channel as either side maps it. */
typedef struct nt_line {
  nt_segment segment;
  nt_desk *desk;
  nt_ring_block *in; /* towards the kernel */
  void *in_slots;
  nt_ring_block *out;
  void *out_slots;
  nt_ring_block *signals; /* towards the kernel; a client's */
  void *signal_slots;
  uint32_t in_bytes;
  uint32_t out_bytes;
  uint32_t in_capacity;
  uint32_t out_capacity;
  uint32_t signal_capacity;
} nt_line;

enum nt_line_kind { NT_LINE_CLIENT = 0, NT_LINE_FEED = NT_CHANNEL_MAX, NT_LINE_CONTROL = NT_CHANNEL_MAX + 1 };

/* core.c */
int32_t nt_core_create(nt_view *view, const nt_kernel_config *config, uint64_t incarnation, nt_error *error);
int32_t nt_core_open(nt_view *view, const char *kernel_name, nt_error *error); /* read-only; NT_ERR_KERNEL_DEAD when nobody holds it */
int32_t nt_core_bind(nt_view *view, nt_error *error);
int32_t nt_core_alive(const nt_view *view);
void nt_core_path(char path[64], const char *kernel_name);
void nt_line_path(char path[64], const char *kernel_name, uint32_t line);
int32_t nt_line_create(nt_line *line, const char *kernel_name, uint32_t number, uint32_t capacity, uint64_t incarnation, nt_error *error);
int32_t nt_line_open(nt_line *line, const char *kernel_name, uint32_t number, uint64_t incarnation, nt_error *error);

/* view.c: the view of a handle that can read, held until nt_view_leave. */
nt_view *nt_view_enter(uint32_t handle, int32_t *result);
void nt_view_leave(uint32_t handle);

#endif
