/* A client's private side of its channel. */
#ifndef NT_CLIENT_H
#define NT_CLIENT_H

#include "core.h"
#include "kernel.h"

/* What nt_client_wait may look at beside a call in progress: as it was after the last one. */
typedef struct nt_client_shown {
  _Atomic uint64_t position;
  _Atomic uint64_t reports;
  _Atomic uint32_t subscribed;
  _Atomic uint32_t end_told;
  _Atomic uint32_t interrupted; /* a wait in progress, else the next one, comes back */
} nt_client_shown;

typedef struct nt_client {
  nt_view view;
  nt_line line;
  nt_kernel *local; /* the kernel of this process whose memory this client uses, else NULL */
  nt_producer orders;
  nt_producer signals;
  nt_consumer reports;
  uint64_t position; /* ticks read */
  nt_client_shown shown;
  uint64_t last_id;
  int64_t alive_checked_ns; /* when the kernel was last asked for, whatever call did it */
  uint32_t channel;
  uint32_t subscribed;
  uint32_t capacity; /* of the order table */
  uint32_t open;
  uint32_t end_told;    /* a poll has said that the source has ended */
  nt_open_order *table; /* slot = id & (capacity - 1); id 0: free */
  uint8_t *pending;     /* requests about the order that are not answered */
} nt_client;

/* What this client has submitted and the kernel has not taken yet, signed. */
int64_t nt_client_in_flight(const nt_client *client, uint32_t account, uint32_t instrument, uint64_t taken);

#endif
