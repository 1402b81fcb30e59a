/* What an operator asks of a running kernel: a halt that keeps orders, and the orders that work. */
#include <stdio.h>
#include <unistd.h>

#include "kernel_fixture.h"

typedef struct desk {
  char name[NT_NAME_BYTES];
  uint32_t kernel, client, control;
} desk;

static desk open_desk(const char *what) {
  desk d;
  nt_error error;
  snprintf(d.name, sizeof(d.name), "tc-%s-%d", what, (int)getpid());
  nt_kernel_config config = fixture_config(d.name, NT_CLOCK_MONOTONIC);
  config.order_capacity = 1024;
  d.kernel = fixture_kernel(&config);
  CHECK_EQUAL(nt_kernel_start(d.kernel), NT_OK);
  CHECK_EQUAL(nt_kernel_client(d.kernel, "trader", &d.client, &error), NT_OK);
  CHECK_EQUAL(nt_control_attach(d.name, 1000000000, &d.control, &error), NT_OK);
  return d;
}

static void close_desk(const desk *d) {
  CHECK_EQUAL(nt_close(d->control), NT_OK);
  CHECK_EQUAL(nt_close(d->client), NT_OK);
  CHECK_EQUAL(nt_close(d->kernel), NT_OK);
}

static uint64_t works(const desk *d, uint8_t side, int64_t quantity, int64_t price) {
  nt_order order = fixture_order(side, quantity, price);
  CHECK_EQUAL(nt_client_submit(d->client, &order), NT_OK);
  CHECK_EQUAL(fixture_report(d->client).exec_type, NT_EXEC_NEW);
  return order.client_order_id;
}

static uint32_t list(const desk *d, nt_working_order *out, uint32_t most) {
  uint32_t count = 0;
  int32_t cursor = 0;
  do {
    nt_working_order order;
    cursor = nt_control_next_order(d->control, (uint32_t)cursor, &order, 1000000000);
    CHECK(cursor >= 0);
    if (order.side == 0) continue;
    CHECK(count < most);
    out[count++] = order;
  } while (cursor != 0);
  return count;
}

static void a_halt_can_keep_orders(void) {
  desk d = open_desk("keep");
  uint64_t id = works(&d, NT_SIDE_BUY, 2, 90000);
  nt_command halt = {.kind = NT_COMMAND_SET_STATE_KEEP_ORDERS, .state = NT_STATE_HALTED, .account = 65535, .reason = "keep"};
  CHECK_EQUAL(nt_control_send(d.control, &halt, 1000000000), NT_OK);
  nt_account_view view;
  CHECK(nt_read_account(d.control, 0, &view) == NT_OK && view.state == NT_STATE_HALTED && view.open_orders == 1);
  nt_order another = fixture_order(NT_SIDE_BUY, 2, 90000);
  CHECK_EQUAL(nt_client_submit(d.client, &another), NT_OK);
  nt_report report = fixture_report(d.client); /* not the cancel of the first */
  CHECK(report.exec_type == NT_EXEC_DENIED && report.reason == NT_REASON_TRADING_HALTED);
  nt_order cancel = {.message = NT_MESSAGE_CANCEL,
                     .flags = NT_ORDER_EXTENDED,
                     .original_client_order_id = id,
                     .price = NT_ABSENT,
                     .trigger_price = NT_ABSENT,
                     .quantity = NT_ABSENT};
  CHECK_EQUAL(nt_client_submit(d.client, &cancel), NT_OK);
  CHECK_EQUAL(fixture_report(d.client).exec_type, NT_EXEC_CANCELED);
  halt.kind = NT_COMMAND_SET_STATE_KEEP_ORDERS;
  halt.state = 9;
  CHECK_EQUAL(nt_control_send(d.control, &halt, 1000000000), NT_ERR_INVALID);
  close_desk(&d);
}

static void an_operator_sees_the_orders_that_work(void) {
  desk d = open_desk("orders");
  nt_working_order orders[8];
  CHECK_EQUAL(list(&d, orders, 8), 0);
  uint64_t buy = works(&d, NT_SIDE_BUY, 2, 90000), sell = works(&d, NT_SIDE_SELL, 3, 110000);
  nt_order stop = fixture_order(NT_SIDE_BUY, 4, NT_ABSENT);
  stop.type = NT_ORDER_STOP;
  stop.trigger_price = 120000;
  stop.time_in_force = NT_TIF_GTC;
  CHECK_EQUAL(nt_client_submit(d.client, &stop), NT_OK);
  CHECK_EQUAL(fixture_report(d.client).exec_type, NT_EXEC_NEW);
  CHECK_EQUAL(list(&d, orders, 8), 3);
  CHECK(orders[0].client_order_id == buy && orders[0].side == NT_SIDE_BUY && orders[0].price == 90000 && orders[0].leaves_quantity == 2);
  CHECK(orders[0].type == NT_ORDER_LIMIT && orders[0].trigger_price == NT_ABSENT && orders[0].status == NT_STATUS_NEW);
  CHECK(orders[1].client_order_id == sell && orders[1].side == NT_SIDE_SELL && orders[1].leaves_quantity == 3);
  CHECK(orders[2].type == NT_ORDER_STOP && orders[2].trigger_price == 120000 && orders[2].price == NT_ABSENT);
  CHECK(orders[2].time_in_force == NT_TIF_GTC && orders[2].instrument == 0 && orders[2].account == 0);
  CHECK_EQUAL(orders[2].channel, orders[0].channel);
  nt_order all = {.message = NT_MESSAGE_MASS_CANCEL,
                  .flags = NT_ORDER_EXTENDED,
                  .instrument = NT_NONE,
                  .price = NT_ABSENT,
                  .trigger_price = NT_ABSENT,
                  .quantity = NT_ABSENT};
  CHECK_EQUAL(nt_client_submit(d.client, &all), NT_OK);
  for (int i = 0; i < 3; i++) CHECK_EQUAL(fixture_report(d.client).exec_type, NT_EXEC_CANCELED);
  CHECK_EQUAL(list(&d, orders, 8), 0);
  nt_working_order order;
  CHECK_EQUAL(nt_control_next_order(d.control, INT32_MAX, &order, 1000000000), 0);
  CHECK_EQUAL(order.side, 0);
  CHECK_EQUAL(nt_control_next_order(d.control, NT_NONE, &order, 1000000000), NT_ERR_INVALID);
  CHECK_EQUAL(nt_control_next_order(d.control, 0, NULL, 1000000000), NT_ERR_INVALID);
  CHECK_EQUAL(nt_control_next_order(d.client, 0, &order, 1000000000), NT_ERR_BAD_HANDLE);
  nt_command next = {.kind = NT_COMMAND_NEXT_ORDER};
  CHECK_EQUAL(nt_control_send(d.control, &next, 1000000000), NT_ERR_INVALID);
  close_desk(&d);
}

/* More slots than one call searches. */
static void a_long_table_takes_more_calls(void) {
  desk d = open_desk("long");
  nt_order order = fixture_order(NT_SIDE_BUY, 1, 90000);
  order.client_order_id = 1000; /* its slot follows from its id */
  CHECK_EQUAL(nt_client_submit(d.client, &order), NT_OK);
  CHECK_EQUAL(fixture_report(d.client).exec_type, NT_EXEC_NEW);
  nt_working_order found;
  int32_t cursor = 0, empty = 0;
  do {
    cursor = nt_control_next_order(d.control, (uint32_t)cursor, &found, 1000000000);
    CHECK(cursor >= 0);
    empty += found.side == 0;
  } while (found.side == 0);
  CHECK_EQUAL(empty, 3);
  CHECK_EQUAL(found.client_order_id, 1000);
  close_desk(&d);
}

int main(void) {
  RUN(a_halt_can_keep_orders);
  RUN(an_operator_sees_the_orders_that_work);
  RUN(a_long_table_takes_more_calls);
  return 0;
}
