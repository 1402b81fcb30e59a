/* What the parts of model_file.h's reader share: model_file.c (header, tensors, description) and model_file_ops.c (ops, and how all fits).
 */
#ifndef NT_MODEL_FILE_LOADER_H
#define NT_MODEL_FILE_LOADER_H

#include "model_file.h"
#include "model_json.h"

typedef struct nt_model_loader {
  nt_json json;
  nt_model_file *file;
  nt_json_text metadata; /* our JSON, as the header carries it */
  int has_metadata;
  uint32_t bias_count;
  uint32_t begins[NT_MODEL_TENSORS]; /* of the tensors' bytes */
  uint32_t ends[NT_MODEL_TENSORS];
  uint8_t used[NT_MODEL_TENSORS];
} nt_model_loader;

nt_json_quoted nt_model_shown_name(const nt_model_tensor *tensor);

/* The list "ops", each op by itself. */
int nt_model_read_ops(nt_model_loader *m);
/* Widths, shapes, state, output and calibration of a model whose parts are all read. */
int nt_model_check(nt_model_loader *m);

#endif
