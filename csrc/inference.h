/* Models in the loop: when each one's clock ticks its features are read, it takes a step, and what it finds is a numbered input.
 *
 * A signal that finds no room for its frame waits here, and the next tick waits for it. Internal. */
#ifndef NT_INFERENCE_H
#define NT_INFERENCE_H

#include "program.h"

/* A model on an instrument. */
typedef struct nt_seat {
  uint64_t events; /* of its clock since the last step */
  int64_t ts;      /* of the last step; NT_ABSENT since a reset */
  uint32_t steps;  /* since a reset */
  uint16_t taken;  /* the model is for this instrument */
  uint16_t ready;  /* its last signal holds */
} nt_seat;

typedef struct nt_resident {
  nt_program *program;
  nt_seat *seats; /* by instrument */
  int64_t gap_ns;
  uint32_t feature_count, outputs, output_kind;
  uint32_t clock, every, warm_up, reset_on;
  uint8_t signal_flags;
  uint8_t reserved[7];
  uint32_t features[NT_FEATURE_COUNT];
} nt_resident;

/* What the models have seen of an instrument. */
typedef struct nt_watch {
  int64_t ticks, trades; /* of its features */
  uint32_t resets;
  uint8_t listed;  /* had a tick in this slice */
  uint8_t moved;   /* and its features changed */
  uint8_t stepped; /* a model took a step since nt_inference_advance */
  uint8_t reserved;
} nt_watch;

typedef struct nt_inference {
  uint32_t active; /* there is somebody to read features for */
  uint32_t count;
  nt_resident residents[NT_MODEL_MAX];
  nt_watch *watches;
  uint32_t *slice; /* instruments that had a tick in this slice */
  uint32_t *stepped;
  uint32_t slice_count, stepped_count;
  nt_tick *waiting; /* signals */
  uint32_t waiting_first, waiting_count;
  nt_sample *samples; /* of nt_kernel_sample, else NULL */
  uint64_t *sample_events;
  uint32_t sample_count, sample_clock, sample_every;
} nt_inference;

struct nt_kernel;

/* The id of the new model, or NT_ERR_. */
int32_t nt_inference_add(struct nt_kernel *kernel, const nt_model_file *file, uint32_t precision, uint32_t isa, nt_error *error);
int32_t nt_inference_watch(struct nt_kernel *kernel); /* make ready for samples: NT_OK or NT_ERR_SYSTEM */
void nt_inference_destroy(nt_inference *inference);

/* After a tick was taken. */
void nt_inference_tick(struct nt_kernel *kernel, const nt_tick *tick);
/* After the last tick of a slice. */
void nt_inference_slice(struct nt_kernel *kernel);
/* Signals to the loop. 0: no room, try again before anything else is taken. */
int nt_inference_flush(struct nt_kernel *kernel);
/* Off the critical path, after a slice was shown: what next steps can do without their features. */
void nt_inference_advance(struct nt_kernel *kernel);

#endif
