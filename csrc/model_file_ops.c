/* The ops of a model file: each by itself, and how they fit together with the tensors, the state and the output. */
#include <stdio.h>
#include <string.h>

#include "model_file_loader.h"

nt_json_quoted nt_model_shown_name(const nt_model_tensor *tensor) {
  return nt_json_shown((nt_json_text){tensor->name, (uint32_t)strlen(tensor->name)});
}

/* ---- ops ------------------------------------------------------------------------------------------------------------------- */

static const char *const op_keys[] = {"op", "in", "out", "tensors", "activation", "dilation", "clip"};
static const char *const op_names[] = {"normalise", "dense", "lstm", "gru", "causal_conv", "layer_norm", "add", "multiply", "concat"};
static const char *const slot_names[] = {"mean", "inverse_scale", "weight", "bias", "weight_ih", "weight_hh", "bias_ih", "bias_hh"};

/* What each kind of op has: bits of op_keys beyond the first three, its first slot and how many, how many inputs. */
static const struct {
  uint32_t keys, slot, slots, most_ins;
} kinds_of_op[] = {{0, 0, 0, 0},
                   {1 << 3 | 1 << 6, 0, 2, 1},
                   {1 << 3 | 1 << 4, 2, 2, 1},
                   {1 << 3, 4, 4, 1},
                   {1 << 3, 4, 4, 1},
                   {1 << 3 | 1 << 4 | 1 << 5, 2, 2, 1},
                   {1 << 3, 2, 2, 1},
                   {0, 0, 0, 4},
                   {0, 0, 0, 4},
                   {0, 0, 0, 4}};

static const char *name_of(const nt_model_op *op) {
  return op_names[op->kind - 1];
}

static int read_ins(nt_model_loader *m, nt_model_op *op) {
  nt_json_scope s;
  int result;
  if (!nt_json_enter(&m->json, '[', &s)) return 0;
  while ((result = nt_json_element(&m->json, &s)) > 0) {
    if (op->in_count == NT_COUNT(op->in)) return nt_json_refuse(&m->json, 5, 4, "there are more than 4 registers");
    if (!nt_json_count(&m->json, 0, NT_MODEL_REGISTERS - 1, &op->in[op->in_count++])) return 0;
  }
  return result == 0;
}

/* Names of tensors by slot. */
static int read_slots(nt_model_loader *m, uint32_t tensors[NT_COUNT(slot_names)], uint32_t *seen) {
  nt_model_file *file = m->file;
  nt_json_scope s;
  int slot;
  if (!nt_json_enter(&m->json, '{', &s)) return 0;
  while ((slot = nt_json_member(&m->json, &s, slot_names, NT_COUNT(slot_names), 0)) >= 0) {
    nt_json_text name;
    uint32_t i = 0;
    if (!nt_json_string(&m->json, &name)) return 0;
    while (i < file->tensor_count && strcmp(file->tensors[i].name, name.at) != 0) i++;
    if (i == file->tensor_count)
      return nt_json_refuse(&m->json, NT_ABSENT, NT_ABSENT, "there is no tensor \"%s\"", nt_json_shown(name).text);
    if (m->used[i]++)
      return nt_json_refuse(&m->json, NT_ABSENT, NT_ABSENT, "tensor \"%s\" is used before; each belongs to one op",
                            nt_json_shown(name).text);
    tensors[slot] = i;
  }
  *seen = s.seen;
  return slot == -1;
}

/* Bits that differ between what is there and what has to be: the first names the fault. */
static int compare_keys(nt_model_loader *m, const nt_model_op *op, const char *const *names, const char *what, uint32_t seen,
                        uint32_t expected) {
  if (seen == expected) return 1;
  uint32_t first = (uint32_t)__builtin_ctz(seen ^ expected);
  return nt_json_refuse(&m->json, NT_ABSENT, NT_ABSENT,
                        (seen >> first & 1) != 0 ? "%s has no %s \"%s\"; remove it" : "%s needs the %s \"%s\"", name_of(op), what,
                        names[first]);
}

static int read_op(nt_model_loader *m, nt_model_op *op) {
  static const char *const activations[] = {"none", "relu", "tanh", "sigmoid", "gelu"};
  uint32_t tensors[NT_COUNT(slot_names)] = {0}, slots = 0;
  nt_json_scope s;
  int key, fine = 0;
  if (!nt_json_enter(&m->json, '{', &s)) return 0;
  op->activation = NT_ACTIVATION_NONE;
  while ((key = nt_json_member(&m->json, &s, op_keys, NT_COUNT(op_keys), 7)) >= 0) {
    if (key == 0) fine = nt_json_word(&m->json, op_names, NT_COUNT(op_names), &op->kind);
    if (key == 1) fine = read_ins(m, op);
    if (key == 2) fine = nt_json_count(&m->json, 1, NT_MODEL_REGISTERS - 1, &op->out);
    if (key == 3) fine = read_slots(m, tensors, &slots);
    if (key == 4) fine = nt_json_word(&m->json, activations, NT_COUNT(activations), &op->activation);
    if (key == 5) fine = nt_json_count(&m->json, 1, NT_MODEL_STATE_BYTES / 4, &op->dilation);
    if (key == 6) fine = nt_json_float(&m->json, 1, &op->clip);
    if (!fine) return 0;
  }
  if (key < -1) return 0;
  uint32_t first = kinds_of_op[op->kind].slot, most = kinds_of_op[op->kind].most_ins;
  op->tensor_count = kinds_of_op[op->kind].slots;
  if (!compare_keys(m, op, op_keys, "key", s.seen, 7 | kinds_of_op[op->kind].keys)) return 0;
  if (!compare_keys(m, op, slot_names, "tensor", slots, ((1u << op->tensor_count) - 1) << first)) return 0;
  memcpy(op->tensors, tensors + first, op->tensor_count * sizeof(*tensors));
  if (op->in_count == 1 ? most == 1 : op->in_count > 1 && op->in_count <= most) return 1;
  return nt_json_refuse(&m->json, op->in_count, most, "%s takes %s, has %u", name_of(op), most == 1 ? "one input" : "2 to 4 inputs",
                        op->in_count);
}

int nt_model_read_ops(nt_model_loader *m) {
  nt_model_file *file = m->file;
  nt_json_scope s;
  int result;
  if (!nt_json_enter(&m->json, '[', &s)) return 0;
  while ((result = nt_json_element(&m->json, &s)) > 0) {
    if (file->op_count == NT_MODEL_OPS)
      return nt_json_refuse(&m->json, NT_MODEL_OPS + 1, NT_MODEL_OPS, "there are more than %d ops", NT_MODEL_OPS);
    if (!read_op(m, &file->ops[file->op_count++])) return 0;
  }
  return result == 0;
}

/* ---- what fits together ---------------------------------------------------------------------------------------------------- */

static void list_shape(char out[40], const uint32_t shape[3]) {
  if (shape[2] > 0) {
    (void)snprintf(out, 40, "[%u, %u, %u]", shape[0], shape[1], shape[2]);
  } else if (shape[1] > 0) {
    (void)snprintf(out, 40, "[%u, %u]", shape[0], shape[1]);
  } else {
    (void)snprintf(out, 40, "[%u]", shape[0]);
  }
}

static int has_shape(nt_model_loader *m, const nt_model_op *op, uint32_t slot, uint32_t a, uint32_t b, uint32_t c) {
  const nt_model_tensor *tensor = &m->file->tensors[op->tensors[slot]];
  uint32_t expected[3] = {a, b, c};
  if (memcmp(tensor->shape, expected, sizeof(expected)) == 0) return 1;
  char is[40], needed[40];
  list_shape(is, tensor->shape);
  list_shape(needed, expected);
  return nt_json_refuse(&m->json, NT_ABSENT, NT_ABSENT, "%s: tensor \"%s\" as %s must have shape %s, has %s", name_of(op),
                        nt_model_shown_name(tensor).text, slot_names[kinds_of_op[op->kind].slot + slot], needed, is);
}

static int recurrent_fits(nt_model_loader *m, const nt_model_op *op, uint32_t width, uint32_t *out) {
  const uint32_t *shape = m->file->tensors[op->tensors[0]].shape;
  uint32_t gates = op->kind == NT_OP_LSTM ? 4 : 3, hidden = shape[0] / gates;
  if (hidden == 0 || shape[0] % gates != 0) {
    return nt_json_refuse(&m->json, shape[0], gates, "%s: weight_ih must have a multiple of %u rows, has %u", name_of(op), gates, shape[0]);
  }
  *out = hidden;
  return has_shape(m, op, 0, shape[0], width, 0) && has_shape(m, op, 1, shape[0], hidden, 0) && has_shape(m, op, 2, shape[0], 0, 0) &&
         has_shape(m, op, 3, shape[0], 0, 0);
}

/* Width of what an op writes, and bytes of state, from the width of its first input. */
static int op_fits(nt_model_loader *m, const nt_model_op *op, uint32_t width, uint32_t *out, uint64_t *state) {
  const nt_model_file *file = m->file;
  const uint32_t *shape = file->tensors[op->tensors[0]].shape;
  int fine = 1;
  *out = width;
  switch (op->kind) {
    case NT_OP_NORMALISE:
    case NT_OP_LAYER_NORM:
      fine = has_shape(m, op, 0, width, 0, 0) && has_shape(m, op, 1, width, 0, 0);
      break;
    case NT_OP_DENSE:
      *out = shape[0];
      fine = has_shape(m, op, 0, shape[0], width, 0) && has_shape(m, op, 1, shape[0], 0, 0);
      break;
    case NT_OP_CAUSAL_CONV:
      *out = shape[0];
      fine = has_shape(m, op, 0, shape[0], width, shape[2] > 0 ? shape[2] : 1) && has_shape(m, op, 1, shape[0], 0, 0);
      *state += fine ? ((uint64_t)shape[2] - 1) * op->dilation * width * sizeof(float) : 0;
      break;
    case NT_OP_LSTM:
    case NT_OP_GRU:
      fine = recurrent_fits(m, op, width, out);
      *state += (uint64_t)*out * (op->kind == NT_OP_LSTM ? 2 : 1) * sizeof(float);
      break;
    default:
      for (uint32_t i = 1; i < op->in_count; i++) {
        uint32_t other = file->widths[op->in[i]];
        if (op->kind == NT_OP_CONCAT) {
          *out += other;
        } else if (other != width) {
          return nt_json_refuse(&m->json, other, width, "%s: register %u is %u wide, register %u is %u; they must be equal", name_of(op),
                                op->in[0], width, op->in[i], other);
        }
      }
  }
  return fine;
}

static int check_op(nt_model_loader *m, uint32_t index, uint64_t *state) {
  nt_model_file *file = m->file;
  const nt_model_op *op = &file->ops[index];
  uint32_t width;
  nt_json_set_path(&m->json, 0, ".ops[%u]", index);
  if ((index == 0) != (op->kind == NT_OP_NORMALISE))
    return nt_json_refuse(&m->json, index, 0, "op 0 must be normalise, and no other may be; this is %s", name_of(op));
  for (uint32_t i = 0; i < op->in_count; i++) {
    if (file->widths[op->in[i]] == 0)
      return nt_json_refuse(&m->json, op->in[i], NT_ABSENT, "%s: register %u is read before it is written", name_of(op), op->in[i]);
  }
  if (file->widths[op->out] != 0)
    return nt_json_refuse(&m->json, op->out, NT_ABSENT, "%s: register %u is written twice", name_of(op), op->out);
  if (!op_fits(m, op, file->widths[op->in[0]], &width, state)) return 0;
  if (width > NT_MODEL_WIDTH)
    return nt_json_refuse(&m->json, width, NT_MODEL_WIDTH, "%s: output is %u wide; at most %d", name_of(op), width, NT_MODEL_WIDTH);
  if (*state > NT_MODEL_STATE_BYTES) {
    return nt_json_refuse(&m->json, (int64_t)*state, NT_MODEL_STATE_BYTES, "%s: an instrument would need %llu bytes of state; at most %d",
                          name_of(op), (unsigned long long)*state, NT_MODEL_STATE_BYTES);
  }
  file->widths[op->out] = width;
  if (op->out >= file->register_count) file->register_count = op->out + 1;
  return 1;
}

int nt_model_check(nt_model_loader *m) {
  nt_model_file *file = m->file;
  uint64_t state = 0;
  uint32_t stateful = 0;
  file->widths[0] = file->feature_count;
  file->register_count = 1;
  for (uint32_t i = 0; i < file->op_count; i++) {
    stateful |= file->ops[i].kind == NT_OP_LSTM || file->ops[i].kind == NT_OP_GRU || file->ops[i].kind == NT_OP_CAUSAL_CONV;
    if (!check_op(m, i, &state)) return 0;
  }
  file->state_bytes = (uint32_t)state;
  nt_json_set_path(&m->json, 0, ".ops");
  if (file->op_count == 0) return nt_json_refuse(&m->json, 0, 1, "there are none; op 0 must be normalise");
  nt_json_set_path(&m->json, 0, ".state.kind");
  if ((file->state_kind == NT_MODEL_STATE_STREAM) != stateful) {
    return nt_json_refuse(&m->json, file->state_kind, NT_ABSENT,
                          "must be \"stream\" with lstm, gru or causal_conv among the ops, and \"none\" without");
  }
  nt_json_set_path(&m->json, 0, ".output.register");
  static const uint32_t widths[] = {0, 0, 2, 3};
  uint32_t expected = file->output_kind == NT_MODEL_OUTPUT_CLASSES ? file->class_count : widths[file->output_kind];
  uint32_t width = file->widths[file->output_register];
  if (width == 0) return nt_json_refuse(&m->json, file->output_register, NT_ABSENT, "register %u is not written", file->output_register);
  if (width != expected) {
    return nt_json_refuse(&m->json, width, expected, "register %u must be %u wide for this kind and these labels, is %u",
                          file->output_register, expected, width);
  }
  nt_json_set_path(&m->json, 0, ".calibration.bias");
  if (file->calibration_kind == NT_MODEL_CALIBRATION_VECTOR && (m->bias_count != file->class_count || file->class_count == 0)) {
    return nt_json_refuse(&m->json, m->bias_count, file->class_count, "must hold one number a label of \"classes\": %u, has %u",
                          file->class_count, m->bias_count);
  }
  for (uint32_t i = 0; i < file->tensor_count; i++) {
    if (m->used[i]) continue;
    nt_json_set_path(&m->json, 0, ".ops");
    return nt_json_refuse(&m->json, i, NT_ABSENT, "tensor \"%s\" belongs to no op; remove it from the file",
                          nt_model_shown_name(&file->tensors[i]).text);
  }
  return 1;
}
