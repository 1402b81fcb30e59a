/* Handles: what the world outside holds instead of pointers. A handle is generation << 10 | slot, never 0. One word per slot carries
 * its whole state, so entering, leaving and closing are single atomic steps. */
#ifndef NT_HANDLE_H
#define NT_HANDLE_H

#include <stdint.h>

#include "neural_trader.h"

#define NT_HANDLE_SLOTS 1024

enum nt_handle_kind {
  NT_HANDLE_KERNEL = 1,
  NT_HANDLE_CLIENT = 2,
  NT_HANDLE_FEED = 4,
  NT_HANDLE_CONTROL = 8,
  NT_HANDLE_MONITOR = 16,
  NT_HANDLE_RING = 32,
  NT_HANDLE_MODEL = 64
};

/* Give an object a handle; 0 when the table is full. destroy runs once, in nt_close, after every caller has left; never in a forked
 * child, where the object's memory is gone. */
uint32_t nt_handle_open(uint32_t kind, void *object, void (*destroy)(void *object));
/* Begin a call: the object, or NULL and *result NT_ERR_BAD_HANDLE, NT_ERR_BUSY, NT_ERR_FORKED or NT_ERR_CLOSED. kinds is a mask. */
void *nt_handle_enter(uint32_t handle, uint32_t kinds, int32_t *result);
void nt_handle_leave(uint32_t handle);
/* As enter, but beside a call in progress: for reads that are safe there. Close waits for these callers too. */
void *nt_handle_peek(uint32_t handle, uint32_t kinds, int32_t *result);
void nt_handle_unpeek(uint32_t handle);
/* 1 when somebody waits in nt_close for this handle's callers to leave. Polled by whatever waits inside a call. */
int nt_handle_closing(uint32_t handle);
/* The handle's last failure. Only between enter and leave. */
nt_error *nt_handle_error(uint32_t handle);

#endif
