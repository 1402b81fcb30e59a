/* Reading a model file: the header, the tensors and the description; the ops are in model_file_ops.c. */
#include "model_file.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "model_file_loader.h"
#include "segment.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "tensors are little-endian in the file");

#define FORMAT 1

/* ---- the header of the file ------------------------------------------------------------------------------------------------ */

static int read_metadata_map(nt_model_loader *m) {
  nt_json_scope s;
  nt_json_text key, value;
  int result;
  if (!nt_json_enter(&m->json, '{', &s)) return 0;
  while ((result = nt_json_next_key(&m->json, &s, &key)) > 0) {
    if (!nt_json_string(&m->json, &value)) return 0;
    if (strcmp(key.at, "neural_trader") != 0) continue;
    m->metadata = value;
    m->has_metadata = 1;
  }
  return result == 0;
}

static int read_shape(nt_model_loader *m, nt_model_tensor *tensor, uint64_t *count) {
  nt_json_scope s;
  int result;
  if (!nt_json_enter(&m->json, '[', &s)) return 0;
  for (*count = 1; (result = nt_json_element(&m->json, &s)) > 0; *count *= tensor->shape[tensor->dims++]) {
    if (tensor->dims == NT_COUNT(tensor->shape)) return nt_json_refuse(&m->json, 4, 3, "there are more than 3 dimensions");
    if (!nt_json_count(&m->json, 1, (uint32_t)(NT_MODEL_FILE_BYTES / 4 / *count), &tensor->shape[tensor->dims])) return 0;
  }
  if (result < 0) return 0;
  return tensor->dims > 0 ? 1 : nt_json_refuse(&m->json, 0, 1, "must have 1 to 3 dimensions, has none");
}

static int read_offsets(nt_model_loader *m, uint32_t *begin, uint32_t *end) {
  nt_json_scope s;
  uint32_t count = 0;
  int result;
  if (!nt_json_enter(&m->json, '[', &s)) return 0;
  for (; (result = nt_json_element(&m->json, &s)) > 0; count++) {
    if (count == 2) break;
    if (!nt_json_count(&m->json, 0, NT_MODEL_FILE_BYTES, count == 0 ? begin : end)) return 0;
  }
  if (result < 0) return 0;
  return count == 2 && result == 0 ? 1 : nt_json_refuse(&m->json, NT_ABSENT, 2, "must be two offsets");
}

static int read_tensor(nt_model_loader *m, nt_json_text name) {
  static const char *const keys[] = {"dtype", "shape", "data_offsets"};
  nt_model_file *file = m->file;
  uint32_t index = file->tensor_count;
  if (name.length == 0) return nt_json_refuse(&m->json, 0, 1, "a tensor has no name");
  if (index == NT_MODEL_TENSORS)
    return nt_json_refuse(&m->json, (int64_t)index + 1, NT_MODEL_TENSORS, "there are more than %d tensors", NT_MODEL_TENSORS);
  nt_model_tensor *tensor = &file->tensors[file->tensor_count++];
  tensor->name = name.at;
  uint64_t count = 0;
  nt_json_scope s;
  int key, fine = 1;
  if (!nt_json_enter(&m->json, '{', &s)) return 0;
  while ((key = nt_json_member(&m->json, &s, keys, NT_COUNT(keys), NT_ALL(keys))) >= 0) {
    nt_json_text type;
    if (key == 0) {
      fine = nt_json_string(&m->json, &type);
      if (fine && strcmp(type.at, "F32") != 0)
        fine = nt_json_refuse(&m->json, NT_ABSENT, NT_ABSENT, "must be \"F32\", is \"%s\"", nt_json_shown(type).text);
    } else if (key == 1) {
      fine = read_shape(m, tensor, &count);
    } else {
      fine = read_offsets(m, &m->begins[index], &m->ends[index]);
    }
    if (!fine) return 0;
  }
  if (key < -1) return 0;
  int64_t bytes = (int64_t)m->ends[index] - m->begins[index];
  if (bytes == (int64_t)count * 4) return 1;
  return nt_json_refuse(&m->json, bytes, (int64_t)count * 4, "data_offsets span %lld bytes, its shape needs %lld", (long long)bytes,
                        (long long)count * 4);
}

static int read_header(nt_model_loader *m) {
  nt_json_scope s;
  nt_json_text key;
  int result;
  if (m->json.at == m->json.end || *m->json.at != '{') return nt_json_malformed(&m->json, "{");
  if (!nt_json_enter(&m->json, '{', &s)) return 0;
  while ((result = nt_json_next_key(&m->json, &s, &key)) > 0) {
    if (!(strcmp(key.at, "__metadata__") == 0 ? read_metadata_map(m) : read_tensor(m, key))) return 0;
  }
  if (result < 0 || !nt_json_at_end(&m->json)) return 0;
  if (m->has_metadata) return 1;
  return nt_json_refuse(&m->json, NT_ABSENT, NT_ABSENT,
                        "__metadata__ has no key \"neural_trader\": this is no model file of ours, or it was saved without it");
}

/* Copy the tensors: they have to follow each other and to fill the file. */
static int place_tensors(nt_model_loader *m, const uint8_t *data, uint64_t size, uint8_t *room) {
  nt_model_file *file = m->file;
  uint64_t offset = 0;
  for (uint32_t placed = 0; placed < file->tensor_count; placed++) {
    uint32_t i = 0;
    while (i < file->tensor_count && m->begins[i] != offset) i++;
    if (i == file->tensor_count || m->ends[i] > size) {
      return nt_json_refuse(&m->json, (int64_t)offset, (int64_t)size,
                            "the tensors overlap, leave holes or do not fit: none of them covers byte %llu of the %llu bytes of data",
                            (unsigned long long)offset, (unsigned long long)size);
    }
    nt_model_tensor *tensor = &file->tensors[i];
    uint64_t bytes = m->ends[i] - offset;
    memcpy(room, data + offset, bytes);
    tensor->data = (const float *)(const void *)room;
    for (uint64_t k = 0; k < bytes / 4; k++) {
      if (isfinite(tensor->data[k])) continue;
      nt_json_set_path(&m->json, 0, ".%s", nt_model_shown_name(tensor).text);
      return nt_json_refuse(&m->json, (int64_t)k, NT_ABSENT, "value %llu is not finite", (unsigned long long)k);
    }
    room += (bytes + NT_MODEL_TENSOR_ALIGNMENT - 1) / NT_MODEL_TENSOR_ALIGNMENT * NT_MODEL_TENSOR_ALIGNMENT;
    offset = m->ends[i];
  }
  if (offset == size) return 1;
  return nt_json_refuse(&m->json, (int64_t)size, (int64_t)offset, "the tensors cover %llu of the %llu bytes of data",
                        (unsigned long long)offset, (unsigned long long)size);
}

/* ---- metadata -------------------------------------------------------------------------------------------------------------- */

static int read_clock(nt_model_loader *m) {
  static const char *const keys[] = {"on", "every"}, *const clocks[] = {"tick", "quote", "trade", "time_change"};
  nt_json_scope s;
  int key;
  if (!nt_json_enter(&m->json, '{', &s)) return 0;
  while ((key = nt_json_member(&m->json, &s, keys, NT_COUNT(keys), NT_ALL(keys))) >= 0) {
    if (!(key == 0 ? nt_json_word(&m->json, clocks, NT_COUNT(clocks), &m->file->clock_on)
                   : nt_json_count(&m->json, 1, INT32_MAX, &m->file->clock_every)))
      return 0;
  }
  return key == -1;
}

static int resolve_features(nt_model_loader *m, char (*names)[NT_NAME_BYTES]) {
  for (uint32_t i = 0; i < m->file->feature_count; i++) {
    char name[NT_NAME_BYTES];
    uint32_t *feature = &m->file->features[i];
    for (*feature = 0; nt_feature_name(*feature, name, sizeof(name)) == NT_OK && strcmp(name, names[i]) != 0;) ++*feature;
    if (*feature == NT_FEATURE_COUNT) return nt_json_refuse(&m->json, i, NT_ABSENT, "there is no feature \"%s\"", names[i]);
  }
  return m->file->feature_count > 0 ? 1 : nt_json_refuse(&m->json, 0, 1, "must hold at least one feature");
}

static int read_features(nt_model_loader *m) {
  static const char *const keys[] = {"version", "names", "required"}, *const needs[] = {"quote", "size", "trade"};
  char names[NT_FEATURE_COUNT][NT_NAME_BYTES];
  uint32_t version;
  nt_json_scope s;
  int key, fine;
  if (!nt_json_enter(&m->json, '{', &s)) return 0;
  while ((key = nt_json_member(&m->json, &s, keys, NT_COUNT(keys), NT_ALL(keys))) >= 0) {
    if (key == 0) {
      fine = nt_json_count(&m->json, 1, 1, &version);
    } else if (key == 1) {
      fine = nt_json_names(&m->json, names, NT_FEATURE_COUNT, &m->file->feature_count) && resolve_features(m, names);
    } else {
      fine = nt_json_bits(&m->json, needs, NT_COUNT(needs), &m->file->required);
    }
    if (!fine) return 0;
  }
  return key == -1;
}

static int read_instruments(nt_model_loader *m, char (*symbols)[NT_NAME_BYTES]) {
  static const char *const keys[] = {"scope", "symbols"}, *const scopes[] = {"any", "listed"};
  nt_model_file *file = m->file;
  nt_json_scope s;
  int key;
  if (!nt_json_enter(&m->json, '{', &s)) return 0;
  while ((key = nt_json_member(&m->json, &s, keys, NT_COUNT(keys), NT_ALL(keys))) >= 0) {
    if (!(key == 0 ? nt_json_word(&m->json, scopes, NT_COUNT(scopes), &file->scope)
                   : nt_json_names(&m->json, symbols, NT_MODEL_SYMBOLS, &file->symbol_count)))
      return 0;
  }
  if (key < -1) return 0;
  file->symbols = (const char (*)[NT_NAME_BYTES])symbols;
  if ((file->scope == NT_MODEL_SCOPE_LISTED) == (file->symbol_count > 0)) return 1;
  return nt_json_refuse(&m->json, file->symbol_count, NT_ABSENT, "scope \"listed\" needs symbols, and \"any\" has none");
}

static int read_state(nt_model_loader *m) {
  static const char *const keys[] = {"kind", "steps", "warm_up", "reset_on", "gap_ns"};
  static const char *const kinds[] = {"none", "stream"}, *const resets[] = {"session", "gap"};
  nt_model_file *file = m->file;
  nt_json_scope s;
  int key, fine = 0;
  if (!nt_json_enter(&m->json, '{', &s)) return 0;
  while ((key = nt_json_member(&m->json, &s, keys, NT_COUNT(keys), NT_ALL(keys))) >= 0) {
    if (key == 0) fine = nt_json_word(&m->json, kinds, NT_COUNT(kinds), &file->state_kind);
    if (key == 1) fine = nt_json_count(&m->json, 0, NT_MODEL_STEPS, &file->steps);
    if (key == 2) fine = nt_json_count(&m->json, 0, INT32_MAX, &file->warm_up);
    if (key == 3) fine = nt_json_bits(&m->json, resets, NT_COUNT(resets), &file->reset_on);
    if (key == 4) fine = nt_json_integer(&m->json, 0, NT_JSON_MOST, &file->gap_ns);
    if (!fine) return 0;
  }
  if (key < -1) return 0;
  if ((file->state_kind == NT_MODEL_STATE_STREAM) != (file->steps > 0)) {
    return nt_json_refuse(&m->json, file->steps, NT_ABSENT, "steps must be at least 1 for \"stream\" and 0 for \"none\"");
  }
  if (((file->reset_on & NT_MODEL_RESET_GAP) != 0) == (file->gap_ns > 0)) return 1;
  return nt_json_refuse(&m->json, file->gap_ns, NT_ABSENT, "gap_ns must be greater than 0 with \"gap\" in reset_on, and 0 without it");
}

/* ---- output, calibration, precision ---------------------------------------------------------------------------------------- */

static int read_target(nt_model_loader *m) {
  static const char *const keys[] = {"kind", "horizon", "unit", "dead_band_ticks"};
  static const char *const kinds[] = {"mid_move", "next_move", "triple_barrier", "return"}, *const units[] = {"ticks", "ns"};
  nt_model_file *file = m->file;
  nt_json_scope s;
  int key, fine = 0;
  if (!nt_json_enter(&m->json, '{', &s)) return 0;
  while ((key = nt_json_member(&m->json, &s, keys, NT_COUNT(keys), NT_ALL(keys))) >= 0) {
    if (key == 0) fine = nt_json_word(&m->json, kinds, NT_COUNT(kinds), &file->target_kind);
    if (key == 1) fine = nt_json_integer(&m->json, 1, NT_JSON_MOST, &file->target_horizon);
    if (key == 2) fine = nt_json_word(&m->json, units, NT_COUNT(units), &file->target_unit);
    if (key == 3) fine = nt_json_not_negative(&m->json, &file->dead_band_ticks);
    if (!fine) return 0;
  }
  return key == -1;
}

static int read_output(nt_model_loader *m) {
  static const char *const keys[] = {"kind", "register", "labels", "target"}, *const kinds[] = {"classes", "normal", "student_t"};
  nt_model_file *file = m->file;
  nt_json_scope s;
  int key, fine = 0;
  if (!nt_json_enter(&m->json, '{', &s)) return 0;
  while ((key = nt_json_member(&m->json, &s, keys, NT_COUNT(keys), NT_ALL(keys))) >= 0) {
    if (key == 0) fine = nt_json_word(&m->json, kinds, NT_COUNT(kinds), &file->output_kind);
    if (key == 1) fine = nt_json_count(&m->json, 1, NT_MODEL_REGISTERS - 1, &file->output_register);
    if (key == 2) fine = nt_json_names(&m->json, file->labels, NT_MODEL_CLASSES, &file->class_count);
    if (key == 3) fine = read_target(m);
    if (!fine) return 0;
  }
  if (key < -1) return 0;
  if (file->output_kind == NT_MODEL_OUTPUT_CLASSES ? file->class_count >= 2 : file->class_count == 0) return 1;
  return nt_json_refuse(&m->json, file->class_count, NT_ABSENT, "\"classes\" needs at least 2 labels, another kind has none");
}

static int read_biases(nt_model_loader *m) {
  nt_json_scope s;
  int result;
  if (!nt_json_enter(&m->json, '[', &s)) return 0;
  while ((result = nt_json_element(&m->json, &s)) > 0) {
    if (m->bias_count == NT_MODEL_CLASSES)
      return nt_json_refuse(&m->json, NT_MODEL_CLASSES + 1, NT_MODEL_CLASSES, "there are more than %d", NT_MODEL_CLASSES);
    if (!nt_json_float(&m->json, 0, &m->file->bias[m->bias_count++])) return 0;
  }
  return result == 0;
}

static int read_calibration(nt_model_loader *m) {
  static const char *const keys[] = {"kind", "inverse_temperature", "bias", "ece", "log_loss", "rows"}, *const kinds[] = {"none", "vector"};
  nt_model_file *file = m->file;
  nt_json_scope s;
  int key, fine = 0;
  if (!nt_json_enter(&m->json, '{', &s)) return 0;
  file->inverse_temperature = 1;
  while ((key = nt_json_member(&m->json, &s, keys, NT_COUNT(keys), 1)) >= 0) {
    if (key == 0) fine = nt_json_word(&m->json, kinds, NT_COUNT(kinds), &file->calibration_kind);
    if (key == 1) fine = nt_json_float(&m->json, 1, &file->inverse_temperature);
    if (key == 2) fine = read_biases(m);
    if (key == 3) fine = nt_json_not_negative(&m->json, &file->calibration_ece);
    if (key == 4) fine = nt_json_not_negative(&m->json, &file->calibration_log_loss);
    if (key == 5) fine = nt_json_integer(&m->json, 1, NT_JSON_MOST, &file->calibration_rows);
    if (!fine) return 0;
  }
  if (key < -1) return 0;
  if (s.seen == (file->calibration_kind == NT_MODEL_CALIBRATION_VECTOR ? NT_ALL(keys) : 1)) return 1;
  return nt_json_refuse(&m->json, NT_ABSENT, NT_ABSENT,
                        "\"vector\" needs inverse_temperature, bias, ece, log_loss and rows; \"none\" has none of them");
}

static int read_deviation(nt_model_loader *m, nt_model_deviation *deviation) {
  static const char *const keys[] = {"max_dp", "p99_dp", "log_loss_change", "rows"};
  nt_json_scope s;
  int key, fine = 0;
  if (!nt_json_enter(&m->json, '{', &s)) return 0;
  while ((key = nt_json_member(&m->json, &s, keys, NT_COUNT(keys), NT_ALL(keys))) >= 0) {
    if (key == 0) fine = nt_json_not_negative(&m->json, &deviation->max_dp);
    if (key == 1) fine = nt_json_not_negative(&m->json, &deviation->p99_dp);
    if (key == 2) fine = nt_json_number(&m->json, &deviation->log_loss_change);
    if (key == 3) fine = nt_json_integer(&m->json, 1, NT_JSON_MOST, &deviation->rows);
    if (!fine) return 0;
  }
  return key == -1;
}

static int read_precision(nt_model_loader *m) {
  static const char *const keys[] = {"float32", "bfloat16", "int8"};
  nt_json_scope s, empty;
  int key;
  if (!nt_json_enter(&m->json, '{', &s)) return 0;
  while ((key = nt_json_member(&m->json, &s, keys, NT_COUNT(keys), 1)) >= 0) {
    int fine = key > 0 ? read_deviation(m, &m->file->deviations[key + 1])
                       : nt_json_enter(&m->json, '{', &empty) && nt_json_member(&m->json, &empty, keys, 0, 0) == -1;
    if (!fine) return 0;
  }
  return key == -1;
}

static int read_metadata(nt_model_loader *m, char (*symbols)[NT_NAME_BYTES]) {
  static const char *const keys[] = {"format", "name", "version", "clock",       "features",  "instruments",
                                     "state",  "ops",  "output",  "calibration", "precision", "trained"};
  nt_model_file *file = m->file;
  uint32_t format;
  nt_json_scope s;
  int key, fine = 0;
  if (!nt_json_enter(&m->json, '{', &s)) return 0;
  while ((key = nt_json_member(&m->json, &s, keys, NT_COUNT(keys), NT_ALL(keys))) >= 0) {
    if (key == 0) fine = nt_json_count(&m->json, FORMAT, FORMAT, &format);
    if (key == 1) fine = nt_json_name(&m->json, file->name);
    if (key == 2) fine = nt_json_name(&m->json, file->version);
    if (key == 3) fine = read_clock(m);
    if (key == 4) fine = read_features(m);
    if (key == 5) fine = read_instruments(m, symbols);
    if (key == 6) fine = read_state(m);
    if (key == 7) fine = nt_model_read_ops(m);
    if (key == 8) fine = read_output(m);
    if (key == 9) fine = read_calibration(m);
    if (key == 10) fine = read_precision(m);
    if (key == 11)
      fine = nt_json_peek(&m->json) == '{' ? nt_json_skip_value(&m->json)
                                           : nt_json_refuse(&m->json, NT_ABSENT, NT_ABSENT, "must be an object");
    if (!fine) return 0;
  }
  return key == -1 && nt_json_at_end(&m->json);
}

/* ---- the whole ------------------------------------------------------------------------------------------------------------- */

static int refuse_file(nt_error *error, int64_t observed, int64_t limit, const char *text) {
  nt_error_set(error, NT_ERR_INVALID, 0, observed, limit, "model file: %s", text);
  return NT_ERR_INVALID;
}

int32_t nt_model_file_read(const void *bytes, uint64_t size, nt_model_file **out, nt_error *error) {
  nt_error_set(error, NT_OK, 0, NT_ABSENT, NT_ABSENT, "no failure");
  if (out == NULL) return refuse_file(error, NT_ABSENT, NT_ABSENT, "a place for the result is needed");
  *out = NULL;
  if (bytes == NULL || size < 8) return refuse_file(error, (int64_t)size, 8, "is cut off before the 8 bytes of the header's length");
  if (size > NT_MODEL_FILE_BYTES) return refuse_file(error, (int64_t)size, NT_MODEL_FILE_BYTES, "is larger than 256 MB");
  uint64_t length;
  memcpy(&length, bytes, sizeof(length));
  int64_t observed = length > INT64_MAX ? INT64_MAX : (int64_t)length;
  if (length > NT_MODEL_HEADER_BYTES) return refuse_file(error, observed, NT_MODEL_HEADER_BYTES, "its header claims more than 1 MB");
  if (length > size - 8) return refuse_file(error, observed, (int64_t)size - 8, "is cut off in its header");
  const char *header = (const char *)bytes + 8;
  if (!nt_json_is_utf8((const uint8_t *)header, (const uint8_t *)header + length))
    return refuse_file(error, NT_ABSENT, NT_ABSENT, "its header is not UTF-8");

  /* One block: the result, tensors, symbols, keys, strings. */
  uint64_t data = size - 8 - length, alignment = NT_MODEL_TENSOR_ALIGNMENT;
  uint64_t tensors = (sizeof(nt_model_file) + alignment - 1) / alignment * alignment;
  uint64_t symbols = tensors + (data + alignment - 1) / alignment * alignment + alignment * NT_MODEL_TENSORS;
  uint64_t most = length / 4 + 1; /* of keys, and of strings in lists, that the header has room for */
  uint64_t keys = symbols + (most < NT_MODEL_SYMBOLS ? most : NT_MODEL_SYMBOLS) * NT_NAME_BYTES;
  uint64_t open = (uint64_t)NT_JSON_DEPTH * NT_JSON_KEYS;
  uint64_t strings = keys + (most < open ? most : open) * sizeof(nt_json_text);
  uint64_t whole = (strings + 2 * length + alignment) / alignment * alignment;
  char *arena = aligned_alloc(alignment, whole);
  if (arena == NULL) {
    nt_error_set(error, NT_ERR_SYSTEM, ENOMEM, (int64_t)whole, NT_ABSENT, "no memory for a model of %llu bytes", (unsigned long long)size);
    return NT_ERR_SYSTEM;
  }
  nt_model_loader m = {.json = {.error = error, .room = arena + strings, .keys = (nt_json_text *)(void *)(arena + keys)},
                       .file = (nt_model_file *)(void *)arena};
  memset(m.file, 0, sizeof(*m.file));
  nt_json_begin(&m.json, "header", (nt_json_text){header, (uint32_t)length});
  int fine = read_header(&m) && place_tensors(&m, (const uint8_t *)header + length, data, (uint8_t *)arena + tensors);
  if (fine) {
    nt_json_begin(&m.json, "neural_trader", m.metadata);
    fine = read_metadata(&m, (char (*)[NT_NAME_BYTES])(void *)(arena + symbols)) && nt_model_check(&m);
  }
  if (!fine) {
    free(arena);
    return NT_ERR_INVALID;
  }
  *out = m.file;
  return NT_OK;
}

void nt_model_file_free(nt_model_file *file) {
  free(file);
}
