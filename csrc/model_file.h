/* Model files: a safetensors file whose metadata has one key of ours, read into one block of memory or refused with a text that says why.
 *
 * What a read nt_model_file promises, so that nobody has to check again: every tensor has the shape that its op asks for, is finite, and
 * belongs to one op; every register is written before it is read, and once; widths agree; state_bytes is within its bound. Nothing is
 * computed from the numbers here, except their rounding from text.
 */
#ifndef NT_MODEL_FILE_H
#define NT_MODEL_FILE_H

#include "neural_trader.h"

#define NT_MODEL_FILE_BYTES (256u << 20)
#define NT_MODEL_HEADER_BYTES (1u << 20)
#define NT_MODEL_OPS 64
#define NT_MODEL_REGISTERS 64
#define NT_MODEL_WIDTH 4096
#define NT_MODEL_TENSORS 256
#define NT_MODEL_CLASSES 64
#define NT_MODEL_SYMBOLS 1024
#define NT_MODEL_STATE_BYTES 65536
#define NT_MODEL_STEPS 65536
#define NT_MODEL_TENSOR_ALIGNMENT 64

enum nt_model_op_kind {
  NT_OP_NORMALISE = 1,
  NT_OP_DENSE = 2,
  NT_OP_LSTM = 3,
  NT_OP_GRU = 4,
  NT_OP_CAUSAL_CONV = 5,
  NT_OP_LAYER_NORM = 6,
  NT_OP_ADD = 7,
  NT_OP_MULTIPLY = 8,
  NT_OP_CONCAT = 9
};

enum nt_model_activation {
  NT_ACTIVATION_NONE = 1,
  NT_ACTIVATION_RELU = 2,
  NT_ACTIVATION_TANH = 3,
  NT_ACTIVATION_SIGMOID = 4,
  NT_ACTIVATION_GELU = 5
};

enum nt_model_need { NT_MODEL_NEEDS_QUOTE = 1, NT_MODEL_NEEDS_SIZE = 2, NT_MODEL_NEEDS_TRADE = 4 }; /* bits */
enum nt_model_scope { NT_MODEL_SCOPE_ANY = 1, NT_MODEL_SCOPE_LISTED = 2 };
enum nt_model_state { NT_MODEL_STATE_NONE = 1, NT_MODEL_STATE_STREAM = 2 };
enum nt_model_reset { NT_MODEL_RESET_SESSION = 1, NT_MODEL_RESET_GAP = 2 }; /* bits */
enum nt_model_target {
  NT_MODEL_TARGET_MID_MOVE = 1,
  NT_MODEL_TARGET_NEXT_MOVE = 2,
  NT_MODEL_TARGET_TRIPLE_BARRIER = 3,
  NT_MODEL_TARGET_RETURN = 4
};
enum nt_model_unit { NT_MODEL_UNIT_TICKS = 1, NT_MODEL_UNIT_NS = 2 };
enum nt_model_calibration { NT_MODEL_CALIBRATION_NONE = 1, NT_MODEL_CALIBRATION_VECTOR = 2 };

/* Row-major as in the file. */
typedef struct nt_model_tensor {
  const char *name;  /* zero-terminated, in the arena */
  const float *data; /* in the arena, aligned to NT_MODEL_TENSOR_ALIGNMENT */
  uint32_t shape[3]; /* 0 beyond dims */
  uint32_t dims;     /* 1 to 3 */
} nt_model_tensor;

/* tensors: indices into nt_model_file.tensors in this order, 0 beyond:
 *   normalise           mean, inverse_scale
 *   dense, causal_conv, layer_norm   weight, bias
 *   lstm, gru           weight_ih, weight_hh, bias_ih, bias_hh */
typedef struct nt_model_op {
  uint32_t kind;       /* nt_model_op_kind */
  uint32_t activation; /* nt_model_activation: of dense and causal_conv, else NT_ACTIVATION_NONE */
  uint32_t in[4];
  uint32_t in_count; /* 1, or 2 to 4 for add, multiply and concat */
  uint32_t out;
  uint32_t dilation; /* of causal_conv, else 0 */
  float clip;        /* of normalise, else 0 */
  uint32_t tensors[4];
  uint32_t tensor_count;
} nt_model_op;

/* How far a precision's probabilities were from float32's, measured on the calibration part. */
typedef struct nt_model_deviation {
  double max_dp;
  double p99_dp;
  double log_loss_change;
  int64_t rows; /* 0: not measured */
} nt_model_deviation;

typedef struct nt_model_file {
  char name[NT_NAME_BYTES];
  char version[NT_NAME_BYTES];
  uint32_t clock_on;    /* nt_model_clock */
  uint32_t clock_every; /* >= 1 */
  uint32_t feature_count;
  uint32_t features[NT_FEATURE_COUNT]; /* indices of nt_feature_name; input i is features[i] */
  uint32_t required;                   /* bits of nt_model_need */
  uint32_t scope;                      /* nt_model_scope */
  uint32_t symbol_count;               /* 0 unless listed */
  const char (*symbols)[NT_NAME_BYTES];
  uint32_t state_kind;  /* nt_model_state */
  uint32_t steps;       /* of a training window; 0 without state */
  uint32_t warm_up;     /* steps after a reset before the output counts */
  uint32_t reset_on;    /* bits of nt_model_reset */
  int64_t gap_ns;       /* > 0 with NT_MODEL_RESET_GAP, else 0 */
  uint32_t state_bytes; /* h and c, h, or past inputs of all stateful ops, without padding */
  uint32_t op_count;
  nt_model_op ops[NT_MODEL_OPS];
  uint32_t register_count;             /* highest register + 1 */
  uint32_t widths[NT_MODEL_REGISTERS]; /* 0: not written */
  uint32_t output_kind;                /* nt_model_output */
  uint32_t output_register;
  uint32_t class_count; /* 0 unless classes */
  char labels[NT_MODEL_CLASSES][NT_NAME_BYTES];
  uint32_t target_kind; /* nt_model_target */
  uint32_t target_unit; /* nt_model_unit */
  int64_t target_horizon;
  double dead_band_ticks;
  uint32_t calibration_kind;    /* nt_model_calibration */
  float inverse_temperature;    /* 1 without calibration */
  float bias[NT_MODEL_CLASSES]; /* 0 without calibration */
  double calibration_ece;
  double calibration_log_loss;
  int64_t calibration_rows;         /* 0 without calibration */
  nt_model_deviation deviations[4]; /* by nt_precision; float32's own is empty */
  uint32_t tensor_count;
  nt_model_tensor tensors[NT_MODEL_TENSORS]; /* in the order of the file's header */
} nt_model_file;

/* Read a model from the bytes of a file, which are not needed afterwards. NT_OK; NT_ERR_INVALID with a text that names the key, tensor or
 * op and what was expected there; NT_ERR_SYSTEM without memory. *out is NULL unless NT_OK. error may be NULL. */
int32_t nt_model_file_read(const void *bytes, uint64_t size, nt_model_file **out, nt_error *error);

/* NULL is allowed. */
void nt_model_file_free(nt_model_file *file);

#endif
