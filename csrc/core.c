/* Layout of the core and channel segments: creating them and finding one's way in them. */
#include "core.h"

#include <stdio.h>
#include <string.h>

void nt_core_path(char path[64], const char *kernel_name) {
  path[0] = 0;
  if (kernel_name[0] != 0) snprintf(path, 64, "/nt.%s.core", kernel_name);
}

void nt_line_path(char path[64], const char *kernel_name, uint32_t line) {
  path[0] = 0;
  if (kernel_name[0] == 0) return;
  if (line == NT_LINE_FEED) {
    snprintf(path, 64, "/nt.%s.feed", kernel_name);
  } else if (line == NT_LINE_CONTROL) {
    snprintf(path, 64, "/nt.%s.control", kernel_name);
  } else {
    snprintf(path, 64, "/nt.%s.%u", kernel_name, line);
  }
}

/* Sections are looked up by kind and stride, so a table of the wrong shape is an error and not a wild pointer. */
int32_t nt_core_bind(nt_view *view, nt_error *error) {
  uint32_t counts[NT_CORE_MODELS + 1] = {0}, slots = 0;
  const nt_segment *s = &view->segment;
  view->live = nt_segment_section(s, NT_CORE_LIVE, sizeof(nt_live), &counts[NT_CORE_LIVE]);
  view->status = nt_segment_section(s, NT_CORE_STATUS, sizeof(nt_status_row), &counts[NT_CORE_STATUS]);
  view->instruments = nt_segment_section(s, NT_CORE_INSTRUMENTS, sizeof(nt_instrument), &counts[NT_CORE_INSTRUMENTS]);
  view->accounts = nt_segment_section(s, NT_CORE_ACCOUNTS, sizeof(nt_account), &counts[NT_CORE_ACCOUNTS]);
  view->terms = nt_segment_section(s, NT_CORE_TERMS, sizeof(nt_terms), &counts[NT_CORE_TERMS]);
  view->quotes = nt_segment_section(s, NT_CORE_QUOTES, sizeof(nt_quote_row), &counts[NT_CORE_QUOTES]);
  view->features = nt_segment_section(s, NT_CORE_FEATURES, sizeof(nt_features_row), &counts[NT_CORE_FEATURES]);
  view->positions = nt_segment_section(s, NT_CORE_POSITIONS, sizeof(nt_position_row), &counts[NT_CORE_POSITIONS]);
  view->account_views = nt_segment_section(s, NT_CORE_ACCOUNT_VIEWS, sizeof(nt_account_view_row), &counts[NT_CORE_ACCOUNT_VIEWS]);
  view->channels = nt_segment_section(s, NT_CORE_CHANNELS, sizeof(nt_channel_row), &counts[NT_CORE_CHANNELS]);
  view->counters = nt_segment_section(s, NT_CORE_COUNTERS, sizeof(nt_counters_row), &counts[NT_CORE_COUNTERS]);
  view->latencies = nt_segment_section(s, NT_CORE_LATENCIES, sizeof(nt_histogram), &counts[NT_CORE_LATENCIES]);
  view->ticks = nt_segment_section(s, NT_CORE_TICKS, sizeof(nt_ticks_block), &counts[NT_CORE_TICKS]);
  view->tick_slots = nt_segment_section(s, NT_CORE_TICK_SLOTS, sizeof(nt_tick), &slots);
  view->books = nt_segment_section(s, NT_CORE_BOOKS, sizeof(nt_book_row), &counts[NT_CORE_BOOKS]);
  view->signals = nt_segment_section(s, NT_CORE_SIGNALS, sizeof(nt_tick_row), &counts[NT_CORE_SIGNALS]);
  view->models = nt_segment_section(s, NT_CORE_MODELS, NT_NAME_BYTES, &counts[NT_CORE_MODELS]);
  uint64_t instruments = counts[NT_CORE_INSTRUMENTS], accounts = counts[NT_CORE_ACCOUNTS], pairs = instruments * accounts;
  int whole = view->live && view->status && view->instruments && view->accounts && view->terms && view->quotes && view->features &&
              view->positions && view->account_views && view->channels && view->counters && view->latencies && view->ticks &&
              view->tick_slots && view->books && view->signals && view->models;
  if (!whole || instruments == 0 || accounts == 0 || pairs > UINT32_MAX || counts[NT_CORE_TERMS] != pairs ||
      counts[NT_CORE_POSITIONS] != pairs || counts[NT_CORE_QUOTES] != instruments || counts[NT_CORE_FEATURES] != instruments ||
      counts[NT_CORE_BOOKS] != instruments || counts[NT_CORE_SIGNALS] != counts[NT_CORE_MODELS] * instruments ||
      counts[NT_CORE_MODELS] == 0 || counts[NT_CORE_MODELS] > NT_MODEL_MAX || counts[NT_CORE_ACCOUNT_VIEWS] != accounts ||
      counts[NT_CORE_LATENCIES] != NT_LATENCY_KINDS || slots == 0 || (slots & (slots - 1)) != 0 || counts[NT_CORE_CHANNELS] == 0 ||
      counts[NT_CORE_CHANNELS] > NT_CHANNEL_MAX) {
    nt_error_set(error, NT_ERR_CORRUPT, 0, NT_ABSENT, NT_ABSENT, "%s: the tables of the core segment contradict each other", s->path);
    return NT_ERR_CORRUPT;
  }
  view->tick_mask = slots - 1;
  view->instrument_capacity = (uint32_t)instruments;
  view->account_capacity = (uint32_t)accounts;
  view->channel_count = counts[NT_CORE_CHANNELS];
  view->model_capacity = counts[NT_CORE_MODELS];
  return NT_OK;
}

int32_t nt_core_create(nt_view *view, const nt_kernel_config *config, uint64_t incarnation, nt_error *error) {
  uint32_t pairs = config->instruments * config->accounts, models = config->models > 0 ? config->models : 1;
  const nt_section sections[] = {
      {.kind = NT_CORE_LIVE, .count = 1, .stride = sizeof(nt_live)},
      {.kind = NT_CORE_STATUS, .count = 1, .stride = sizeof(nt_status_row)},
      {.kind = NT_CORE_INSTRUMENTS, .count = config->instruments, .stride = sizeof(nt_instrument)},
      {.kind = NT_CORE_ACCOUNTS, .count = config->accounts, .stride = sizeof(nt_account)},
      {.kind = NT_CORE_TERMS, .count = pairs, .stride = sizeof(nt_terms)},
      {.kind = NT_CORE_QUOTES, .count = config->instruments, .stride = sizeof(nt_quote_row)},
      {.kind = NT_CORE_FEATURES, .count = config->instruments, .stride = sizeof(nt_features_row)},
      {.kind = NT_CORE_POSITIONS, .count = pairs, .stride = sizeof(nt_position_row)},
      {.kind = NT_CORE_ACCOUNT_VIEWS, .count = config->accounts, .stride = sizeof(nt_account_view_row)},
      {.kind = NT_CORE_CHANNELS, .count = config->channels, .stride = sizeof(nt_channel_row)},
      {.kind = NT_CORE_COUNTERS, .count = 1, .stride = sizeof(nt_counters_row)},
      {.kind = NT_CORE_LATENCIES, .count = NT_LATENCY_KINDS, .stride = sizeof(nt_histogram)},
      {.kind = NT_CORE_TICKS, .count = 1, .stride = sizeof(nt_ticks_block)},
      {.kind = NT_CORE_TICK_SLOTS, .count = config->tick_capacity, .stride = sizeof(nt_tick)},
      {.kind = NT_CORE_BOOKS, .count = config->instruments, .stride = sizeof(nt_book_row)},
      {.kind = NT_CORE_SIGNALS, .count = models * config->instruments, .stride = sizeof(nt_tick_row)},
      {.kind = NT_CORE_MODELS, .count = models, .stride = NT_NAME_BYTES},
  };
  char path[64];
  nt_core_path(path, config->name);
  int32_t result =
      nt_segment_create(&view->segment, path, NT_SEGMENT_CORE, sections, sizeof(sections) / sizeof(sections[0]), incarnation, error);
  if (result != NT_OK) return result;
  result = nt_core_bind(view, error);
  if (result != NT_OK) nt_segment_close(&view->segment, 1);
  return result;
}

int32_t nt_core_alive(const nt_view *view) {
  if (view->segment.writable) return NT_OK; /* the kernel's own mapping: it lives as long as whoever asks */
  return nt_segment_locked(&view->segment, NT_KERNEL_LOCK) == 1 ? NT_OK : NT_ERR_KERNEL_DEAD;
}

int32_t nt_core_open(nt_view *view, const char *kernel_name, nt_error *error) {
  char path[64];
  int32_t result = nt_name_check(kernel_name, 0, error);
  if (result != NT_OK) return result;
  nt_core_path(path, kernel_name);
  result = nt_segment_open(&view->segment, path, NT_SEGMENT_CORE, 0, error);
  if (result == NT_ERR_NOT_FOUND) {
    nt_error_set(error, result, 0, NT_ABSENT, NT_ABSENT, "no kernel named %s runs here; start one with: neural-trader run CONFIG",
                 kernel_name);
  }
  if (result != NT_OK) return result;
  result = nt_core_bind(view, error);
  if (result == NT_OK && nt_core_alive(view) != NT_OK) {
    nt_error_set(error, NT_ERR_KERNEL_DEAD, 0, NT_ABSENT, NT_ABSENT, "kernel %s is gone; its next start cleans up", kernel_name);
    result = NT_ERR_KERNEL_DEAD;
  }
  if (result != NT_OK) nt_segment_close(&view->segment, 0);
  return result;
}

static void line_shape(nt_line *line, uint32_t number) {
  line->in_bytes = number < NT_LINE_FEED ? sizeof(nt_order) : number == NT_LINE_FEED ? sizeof(nt_tick) : sizeof(nt_command);
  line->out_bytes = number < NT_LINE_FEED ? sizeof(nt_report) : sizeof(nt_command);
}

static int32_t line_bind(nt_line *line, nt_error *error) {
  uint32_t desks = 0, ins = 0, outs = 0;
  int is_client = line->in_bytes == sizeof(nt_order);
  line->desk = nt_segment_section(&line->segment, NT_CHANNEL_DESK, sizeof(nt_desk), &desks);
  line->in = nt_segment_section(&line->segment, NT_CHANNEL_IN, sizeof(nt_ring_block), &ins);
  line->out = nt_segment_section(&line->segment, NT_CHANNEL_OUT, sizeof(nt_ring_block), &outs);
  line->in_slots = nt_segment_section(&line->segment, NT_CHANNEL_IN_SLOTS, line->in_bytes, &line->in_capacity);
  line->out_slots = nt_segment_section(&line->segment, NT_CHANNEL_OUT_SLOTS, line->out_bytes, &line->out_capacity);
  if (is_client) {
    line->signals = nt_segment_section(&line->segment, NT_CHANNEL_SIGNALS, sizeof(nt_ring_block), &outs);
    line->signal_slots = nt_segment_section(&line->segment, NT_CHANNEL_SIGNAL_SLOTS, sizeof(nt_tick), &line->signal_capacity);
  }
  int whole = line->desk && line->in && line->out && line->in_slots && line->out_slots;
  if (whole && (!is_client || (line->signals && line->signal_slots))) return NT_OK;
  nt_error_set(error, NT_ERR_CORRUPT, 0, NT_ABSENT, NT_ABSENT, "%s: the tables of the channel contradict each other", line->segment.path);
  return NT_ERR_CORRUPT;
}

int32_t nt_line_create(nt_line *line, const char *kernel_name, uint32_t number, uint32_t capacity, uint64_t incarnation, nt_error *error) {
  line_shape(line, number);
  uint32_t out = number < NT_LINE_FEED ? capacity : 64;
  uint32_t in = number == NT_LINE_CONTROL ? 64 : capacity;
  uint32_t signals = in < NT_SIGNAL_RING ? in : NT_SIGNAL_RING;
  const nt_section sections[] = {
      {.kind = NT_CHANNEL_DESK, .count = 1, .stride = sizeof(nt_desk)},
      {.kind = NT_CHANNEL_IN, .count = 1, .stride = sizeof(nt_ring_block)},
      {.kind = NT_CHANNEL_IN_SLOTS, .count = in, .stride = line->in_bytes},
      {.kind = NT_CHANNEL_OUT, .count = 1, .stride = sizeof(nt_ring_block)},
      {.kind = NT_CHANNEL_OUT_SLOTS, .count = out, .stride = line->out_bytes},
      {.kind = NT_CHANNEL_SIGNALS, .count = 1, .stride = sizeof(nt_ring_block)}, /* from here on of clients only */
      {.kind = NT_CHANNEL_SIGNAL_SLOTS, .count = signals, .stride = sizeof(nt_tick)},
  };
  uint32_t section_count = sizeof(sections) / sizeof(sections[0]) - (number < NT_LINE_FEED ? 0 : 2);
  char path[64];
  nt_line_path(path, kernel_name, number);
  int32_t result = nt_segment_create(&line->segment, path, NT_SEGMENT_CHANNEL, sections, section_count, incarnation, error);
  if (result != NT_OK) return result;
  result = line_bind(line, error);
  if (result != NT_OK) {
    nt_segment_close(&line->segment, 1);
    return result;
  }
  nt_ring_block_init(line->in, line->in_bytes, in, 0);
  nt_ring_block_init(line->out, line->out_bytes, out, 0);
  if (line->signals != NULL) nt_ring_block_init(line->signals, sizeof(nt_tick), signals, 0);
  nt_segment_publish(&line->segment);
  return NT_OK;
}

int32_t nt_line_open(nt_line *line, const char *kernel_name, uint32_t number, uint64_t incarnation, nt_error *error) {
  char path[64];
  line_shape(line, number);
  nt_line_path(path, kernel_name, number);
  int32_t result = nt_segment_open(&line->segment, path, NT_SEGMENT_CHANNEL, 1, error);
  if (result != NT_OK) return result;
  result = line->segment.header->incarnation == incarnation ? line_bind(line, error) : NT_ERR_CORRUPT;
  if (result != NT_OK) {
    nt_error_set(error, result, 0, NT_ABSENT, NT_ABSENT, "%s belongs to another run of the kernel", path);
    nt_segment_close(&line->segment, 0);
  }
  return result;
}
