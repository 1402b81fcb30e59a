/* The kernel process: private state, the lines to its peers, and the loop. */
#ifndef NT_KERNEL_H
#define NT_KERNEL_H

#include "core.h"
#include "inference.h"
#include "platform.h"
#include "state.h"

/* Staging ring of journal frames: one writer (the loop), one reader (nt_kernel_drain). */
typedef struct nt_journal {
  uint8_t *bytes;
  uint64_t capacity; /* power of two */
  uint32_t wait_for_reader;
  uint32_t reserved;
  _Alignas(128) _Atomic uint64_t written;
  _Alignas(128) _Atomic uint64_t read;
} nt_journal;

int32_t nt_journal_open(nt_journal *journal, uint32_t capacity, uint32_t wait_for_reader);
void nt_journal_close(nt_journal *journal);
/* 1 when a frame of the largest possible size fits, or when nobody waits for frames. */
int nt_journal_has_room(const nt_journal *journal);
/* Append one frame; header's bytes, crc and reports are filled in. Returns the frame's size. */
uint32_t nt_journal_append(nt_journal *journal, const nt_frame *header, const void *input, const nt_report *reports, uint32_t report_count);
int32_t nt_journal_drain(nt_journal *journal, void *out, uint32_t bytes);
uint32_t nt_crc32c(const void *bytes, uint64_t count);

/* The kernel's end of a client channel. */
typedef struct nt_port {
  nt_line line;
  nt_consumer orders;
  nt_consumer signals;
  nt_producer reports;
  char client[NT_NAME_BYTES]; /* last name bound; empty: never */
  uint32_t claimed;
  uint32_t pid;
  uint32_t answered; /* desk requests answered */
  uint32_t dirty;
  uint32_t subscribed;
  uint32_t cut_off; /* its working orders were cancelled because it does not drain */
  uint64_t orders_taken;
  uint64_t report_number; /* of the last report made */
  nt_report *backlog;     /* reports that found the ring full, oldest first */
  uint64_t backlog_head;
  uint64_t backlog_count;
  uint64_t backlog_capacity;
} nt_port;

/* Last id of a client name that has lost its channel to another name. */
typedef struct nt_known_name {
  char client[NT_NAME_BYTES];
  uint64_t last_id;
  uint64_t left; /* number of the departure; 0: free */
} nt_known_name;
#define NT_KNOWN_NAMES 256

typedef struct nt_kernel {
  nt_kernel_config config;
  nt_view view;
  nt_state *state;
  nt_journal journal;
  nt_port ports[NT_CHANNEL_MAX];
  nt_line feed;
  nt_line control;
  nt_consumer feed_ticks;
  nt_consumer commands;
  nt_producer answers;
  nt_known_name known[NT_KNOWN_NAMES];
  uint64_t departures;
  uint64_t published; /* ticks and signals */
  uint64_t shown;     /* of these, to readers */
  uint64_t slowest;   /* no subscriber has finished with less, when last looked */
  uint64_t frame_sequence;
  nt_counters counters_shown;
  int64_t slice_published_ns; /* wall clock, 0 when an order has been timed since */
  int64_t probed_ns;
  uint64_t passes;
  _Atomic uint32_t started;   /* tables are closed, segments visible */
  uint32_t participants_came; /* as many subscribers as the tape waits for have been there */
  uint32_t slice_ticks;       /* of the slice in hand, not shown yet */
  uint32_t slice_complete;
  uint32_t slice_cut; /* it goes on: it was too long for the ring */
  int64_t slice_ts;   /* real time: of the last tick */
  uint32_t ending;    /* the slice in hand ends the source */
  char state_reason[40];
  _Atomic uint64_t deaths;        /* bit per client channel, set by housekeeping */
  _Atomic uint64_t remote_claims; /* channels that another process's lock guards */
  _Atomic uint64_t local_claims;  /* channels claimed through nt_kernel_client */
  _Atomic uint32_t feed_local;    /* NT_FEED_ */
  _Atomic uint32_t feed_absences; /* probes that found nobody holding the feed, since its last tick */
  _Atomic uint32_t damaged_lines; /* bit 0 the feed's, bit 1 the control's: nobody holds it and its rings may be broken */
  _Atomic uint32_t local_handles[NT_CHANNEL_MAX + 1]; /* clients, then the feed, of this process */
  _Atomic uint32_t local_objects;                     /* what uses this kernel's memory and has not been destroyed */
  _Atomic uint32_t draining;                          /* a caller is inside nt_kernel_drain */
  _Atomic uint32_t stop;
  _Atomic uint32_t looping; /* a library thread runs the loop */
  _Atomic uint32_t housekeeping_stop;
  nt_wait_word loop_wait; /* woken by nt_kernel_set_state and stop */
  nt_thread loop_thread;
  nt_thread housekeeping_thread;
  nt_command own_command; /* from nt_kernel_set_state, taken by the loop while own_pending */
  _Atomic uint32_t own_pending;
  nt_effects effects;
  nt_inference inference;
} nt_kernel;

enum nt_feed_holder { NT_FEED_REMOTE = 0, NT_FEED_LOCAL = 1, NT_FEED_REPAIR = 2 };

/* kernel.c */
int32_t nt_kernel_open_doors(nt_kernel *kernel); /* close the tables and publish the segments; once */
void nt_kernel_reap(nt_kernel *kernel);          /* join the threads of a loop that a command has ended; from inside the handle */

/* sequencer.c: the loop. */
uint32_t nt_loop_pass(nt_kernel *kernel);                                         /* inputs taken */
uint32_t nt_loop_replay(nt_kernel *kernel, const nt_tick *ticks, uint32_t count); /* ticks taken */
void nt_loop_forever(nt_kernel *kernel);
uint32_t nt_loop_orders(nt_kernel *kernel, uint32_t channel, uint32_t limit); /* orders taken */
/* One input: decide, stage, deliver. 0 when there was no room to finish: call again with the same. */
int nt_loop_take(nt_kernel *kernel, uint16_t kind, uint16_t channel, int64_t ts, void *record, uint32_t record_bytes);
int nt_loop_signal(nt_kernel *kernel, uint16_t channel, nt_tick *signal); /* likewise; then everybody may see it */
/* What a client's models found, as a slice of its own. Returns how many; the ring may hold more. */
uint32_t nt_loop_signals(nt_kernel *kernel, uint32_t channel, uint32_t limit);
int64_t nt_loop_now(const nt_kernel *kernel);

/* delivery.c: reports out and rows published. */
void nt_deliver(nt_kernel *kernel, const nt_effects *effects);
uint32_t nt_deliver_backlog(nt_kernel *kernel);
void nt_publish_rows(nt_kernel *kernel);
void nt_publish_ticks(nt_kernel *kernel, int64_t now);
void nt_publish_slow(nt_kernel *kernel); /* counters, channels, status: when idle or once in a while */
void nt_deliver_close(nt_kernel *kernel);

/* attach.c: peers come and go, commands arrive. */
uint32_t nt_loop_service(nt_kernel *kernel); /* inputs taken */
void nt_probe_peers(nt_kernel *kernel);      /* from the housekeeping thread, or between passes where there is none */

#endif
