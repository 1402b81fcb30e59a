/* A client in C: attach to a running kernel by its name, send one order, print the answer.
 *
 *   neural-trader run examples/run.toml --realtime &
 *   dir=$(python -c "from neural_trader._native import library_path; print(library_path().parent)")
 *   gcc examples/attach.c -I "$dir/include" "$dir/libneural_trader.so" -Wl,-rpath,"$dir" -o attach
 *   ./attach es-paper ES 500
 */
#include <stdio.h>
#include <stdlib.h>

#include "neural_trader.h"

static int fail(const char *what, const nt_error *error) {
  fprintf(stderr, "%s: %s\n", what, error->text);
  return 1;
}

int main(int argc, char **argv) {
  uint32_t client;
  nt_error error;
  if (argc != 4) return fprintf(stderr, "usage: %s KERNEL SYMBOL QUANTITY\n", argv[0]), 2;
  if (nt_client_attach(argv[1], "attach-c", 5000000000, &client, &error) < 0) return fail("attach", &error);

  int32_t instrument = nt_find_instrument(client, argv[2]);
  if (instrument < 0) return fprintf(stderr, "no symbol %s\n", argv[2]), 1;
  nt_order order = {.price = NT_ABSENT,
                    .trigger_price = NT_ABSENT,
                    .quantity = atoll(argv[3]),
                    .instrument = (uint32_t)instrument,
                    .message = NT_MESSAGE_NEW,
                    .side = NT_SIDE_BUY,
                    .type = NT_ORDER_MARKET,
                    .time_in_force = NT_TIF_IOC};
  if (nt_client_submit(client, &order) < 0) return nt_last_error(client, &error), fail("submit", &error);

  static nt_tick ticks[1024];
  nt_report report;
  nt_poll poll = {.reports = 0};
  while (poll.reports == 0) {
    if (nt_client_poll(client, ticks, 1024, &report, 1, 1000000000, &poll) < 0) return nt_last_error(client, &error), fail("poll", &error);
  }
  printf("order %llu: exec_type %u, reason %u, check %u, observed %lld, limit %lld\n", (unsigned long long)report.client_order_id, report.exec_type,
         report.reason, report.check, (long long)report.observed, (long long)report.limit);
  return nt_close(client) < 0;
}
