/* A subscribed client in C that polls and sends orders from a list, each at its time: what a tape costs the kernel with a client in
 * lockstep and these orders, but no rule.
 *
 * The functions come as pointers, so that it runs in the very library that the other side of the comparison uses. Returns ticks taken, or a
 * negative NT_ERR_ code; NT_ERR_STATE where the tape does not go on. */
#include <stddef.h>

#include "neural_trader.h"

typedef struct functions {
  int32_t (*replay)(uint32_t kernel, const nt_tick *ticks, uint32_t count);
  int32_t (*drain)(uint32_t kernel, void *frames, uint32_t bytes);
  int32_t (*poll)(uint32_t client, nt_tick *ticks, uint32_t tick_count, nt_report *reports, uint32_t report_count, int64_t timeout_ns,
                  nt_poll *poll);
  int32_t (*submit)(uint32_t client, nt_order *order);
} functions;

typedef struct work {
  const nt_tick *ticks;
  uint64_t tick_count;
  nt_order *orders; /* in order of ts, the time of the slice that each follows */
  uint64_t order_count;
  void *frames;
  uint64_t frames_bytes;
} work;

NT_API int32_t listed_replay(const functions *call, uint32_t kernel, uint32_t client, const work *given);

int32_t listed_replay(const functions *call, uint32_t kernel, uint32_t client, const work *given) {
  static nt_tick slice[4096];
  static nt_report reports[256];
  nt_poll poll = {0};
  uint64_t taken = 0, sent = 0;
  while (taken < given->tick_count || !poll.ended) {
    int32_t used = call->replay(kernel, given->ticks + taken, (uint32_t)(given->tick_count - taken));
    if (used < 0) return used;
    taken += (uint32_t)used;
    int32_t came = call->poll(client, slice, 4096, reports, 256, 0, &poll);
    if (came < 0) return came;
    while (poll.ticks > 0 && sent < given->order_count && given->orders[sent].ts == slice[poll.ticks - 1].ts_event) {
      int32_t result = call->submit(client, &given->orders[sent++]);
      if (result < 0) return result;
    }
    if (used > 0 || came > 0 || poll.ended) continue;
    int32_t drained = call->drain(kernel, given->frames, (uint32_t)given->frames_bytes);
    if (drained <= 0) return drained < 0 ? drained : NT_ERR_STATE;
  }
  return sent == given->order_count ? (int32_t)taken : NT_ERR_STATE;
}
