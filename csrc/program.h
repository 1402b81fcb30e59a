/* Models that run: the ops of a model file as a program on packed matrices, with a private row of state for each instrument. Internal.
 *
 * Results are the same bits on every instruction set, whether steps are taken one by one or by nt_program_predict, and whether or not
 * nt_program_advance was called between them. A model belongs to one thread at a time. Nothing but create and destroy allocates or asks the
 * operating system for anything. */
#ifndef NT_PROGRAM_H
#define NT_PROGRAM_H

#include "model_dense.h"
#include "model_file.h"

#define NT_PROGRAM_ROWS 1048576U

typedef struct nt_program nt_program;

/* The file is not needed afterwards. rows: instruments, 1 to NT_PROGRAM_ROWS. precision: NT_PRECISION_; isa: NT_ISA_. NULL, and an
 * error, where the instruction set is not available, memory is not to be had (NT_ERR_SYSTEM), or weights are so large that sums of finite
 * inputs could overflow: what a model returns is always finite. error may be NULL. */
nt_program *nt_program_create(const nt_model_file *file, uint32_t precision, uint32_t isa, uint32_t rows, nt_error *error);
void nt_program_destroy(nt_program *model); /* NULL is allowed */

uint32_t nt_program_inputs(const nt_program *model);
/* Floats of a result: probabilities of the classes, or the mean and the deviation. */
uint32_t nt_program_outputs(const nt_program *model);
uint32_t nt_program_isa_of(const nt_program *model); /* what NT_ISA_AUTO became */
size_t nt_program_row_bytes(const nt_program *model);

/* `count` sequences of `steps` rows of features, each from a state of zeros; the result of each one's last step. NT_ERR_INVALID where a
 * feature is infinite or not a number, steps is 0, or more than 1 for a model without state; outputs are then not to be used. */
int32_t nt_program_predict(nt_program *model, const float *inputs, uint32_t count, uint32_t steps, float *outputs);

/* The next step of one instrument. NT_ERR_INVALID, and nothing done, for a row that does not exist or a feature that is infinite or not a
 * number. */
int32_t nt_program_step(nt_program *model, uint32_t row, const float *features, float *outputs);
/* Does what the next step of the row can do without its features, if that is not done yet. Rows that do not exist are ignored. */
void nt_program_advance(nt_program *model, uint32_t row);
/* Back to a state of zeros. */
void nt_program_reset(nt_program *model, uint32_t row);

#endif
