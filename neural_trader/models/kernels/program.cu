/* A model on a GPU: one kernel that executes the ops of a program, for a tile of instruments in a block, and the same for one instrument
 * with a mailbox in memory that host and device share. What is computed is defined by csrc/model_dense.h and csrc/model_math.h; results
 * are the bits of the C library. Compiled by NVRTC or nvcc (-fmad=false, C++17), and by a host compiler with NT_HOST_SHIM.
 *
 * A program (neural_trader/models/program.py packs it) is an array of words: records (nt_program, then its nt_op) and an image of
 * numbers. Shared memory holds the records, those matrices that found room there, and the tile: vectors of a lane (one instrument each)
 * at [element][lane]. The state of instruments is in global memory at [element][instrument]. Matrices are at [group of inputs][unit]
 * [column]: a thread computes the 4 columns (3 for gru) of a unit for LANES instruments, so that each word of a weight and of an input
 * that it loads is used several times. A group of inputs is one word: a float, 2 bfloat16 or 4 int8. */
#if defined(NT_HOST_SHIM)
#include "host_shim.h"
#else
#if defined(__CUDACC_RTC__)
typedef int int32_t;
typedef unsigned long long uint64_t;
#endif
#define NT_SHARED(name) extern __shared__ __align__(16) unsigned char name[]

/* Words that host and device both touch, past caches. A slot is a number and the sequence of the request that it belongs to, written and
 * read as one, so that no order between slots matters. */
static __device__ __forceinline__ unsigned long long nt_poll(const unsigned long long *from) {
  unsigned long long value;
  asm volatile("ld.relaxed.sys.global.u64 %0, [%1];" : "=l"(value) : "l"(from) : "memory");
  return value;
}
static __device__ __forceinline__ void nt_post(unsigned long long *to, unsigned long long value) {
  asm volatile("st.relaxed.sys.global.u64 [%0], %1;" ::"l"(to), "l"(value) : "memory");
}
static __device__ __forceinline__ void nt_store_release(unsigned long long *to, unsigned long long value) {
  asm volatile("st.release.sys.global.u64 [%0], %1;" ::"l"(to), "l"(value) : "memory");
}
static __device__ __forceinline__ unsigned long long nt_now_ns(void) {
  unsigned long long value;
  asm volatile("mov.u64 %0, %%globaltimer;" : "=l"(value));
  return value;
}
#endif
#include "ops.cuh"

/* ---- a step -------------------------------------------------------------------------------------------------------------------- */

/* Feature k of a lane into the vectors that ops read. One that is infinite or not a number makes the lane invalid. */
static __device__ __forceinline__ void nt_feature(const nt_block &block, uint32_t k, uint32_t lane, float value) {
  const nt_op *op = &block.ops[0];
  float zero = value - value;
  if (!(zero == zero)) block.words(block.program->valid)[lane] = 0;
  if (op->in[0] != NT_ABSENT) block.vector(op->in[0] + k)[lane] = value;
  float scaled = (value - block.numbers(op->bias)[k]) * block.numbers(op->extra)[k];
  block.vector(op->out + k)[lane] = nt_larger(nt_smaller(scaled, op->clip), -op->clip);
}

/* All ops but the first. Ends with a barrier: every vector is whole. */
template <int PRECISION, int LANES, bool AHEAD>
static __device__ void nt_run(const nt_block &block) {
  __syncthreads();
  for (uint32_t i = 1; i < block.program->op_count; i++) {
    const nt_op *op = &block.ops[i];
    switch (op->kind) {
      case DENSE:
      case CAUSAL_CONV:
        nt_dense<PRECISION, LANES>(block, op);
        break;
      case LSTM:
        nt_recurrent<PRECISION, 4, LANES, AHEAD>(block, op);
        break;
      case GRU:
        nt_recurrent<PRECISION, 3, LANES, AHEAD>(block, op);
        break;
      case LAYER_NORM:
        nt_layer_norm(block, op);
        break;
      default:
        nt_join(block, op);
    }
    __syncthreads();
  }
}

/* By one thread a lane, when the step is done: whether the recurrent halves are up to date, and the slots of causal_conv. */
static __device__ void nt_finish(const nt_block &block, uint32_t lane, uint32_t ahead) {
  *block.state(0, lane) = nt_float(ahead);
  for (uint32_t i = 1; i < block.program->op_count; i++) {
    const nt_op *op = &block.ops[i];
    if (op->taps == 1 || op->kind != CAUSAL_CONV) continue;
    float *slot = block.state(op->state, lane);
    uint32_t next = nt_bits(*slot) + 1;
    *slot = nt_float(next == (op->taps - 1) * op->dilation ? 0 : next);
  }
}

/* The result of a lane in the place of its logits: the probabilities, or mean and deviation. */
static __device__ void nt_result(const nt_block &block, uint32_t lane) {
  const nt_program *program = block.program;
  float *of = block.vector(program->logits) + lane;
  const uint32_t width = program->output_width, step = block.lanes;
  if (program->output_kind != CLASSES) {
    of[step] = nt_exp(of[step]);
    return;
  }
  const float *bias = block.numbers(program->calibration);
  float most = 0.0f, sum = 0.0f;
  for (uint32_t i = 0; i < width; i++) {
    float z = fmaf(of[i * step], program->inverse_temperature, bias[i]);
    of[i * step] = z;
    if (i == 0 || z > most) most = z;
  }
  for (uint32_t i = 0; i < width; i++) {
    float e = nt_exp(of[i * step] - most);
    of[i * step] = e;
    sum += e;
  }
  for (uint32_t i = 0; i < width; i++) of[i * step] = of[i * step] / sum;
}

/* Records and resident matrices into shared memory. Barriers. */
static __device__ nt_block nt_prepare(unsigned char *memory, const uint32_t *records, const uint32_t *image, float *states,
                                      size_t instruments) {
  uint32_t *shared = (uint32_t *)memory;
  const nt_program *from = (const nt_program *)records;
  uint32_t words = (uint32_t)(sizeof(nt_program) + from->op_count * sizeof(nt_op)) / 4;
  for (uint32_t i = threadIdx.x; i < words; i += blockDim.x) shared[i] = records[i];
  __syncthreads();
  const nt_program *program = (const nt_program *)shared;
  const nt_op *ops = (const nt_op *)(program + 1);
  for (uint32_t i = 0; i < program->op_count; i++) {
    for (uint32_t which = 0; which < 2; which++) {
      const nt_matrix_record *matrix = which == 0 ? &ops[i].input : &ops[i].recurrent;
      if (matrix->words == 0 || matrix->resident == NT_ABSENT) continue;
      const uint4 *source = (const uint4 *)(image + matrix->at);
      uint4 *target = (uint4 *)(shared + matrix->resident);
      for (uint32_t w = threadIdx.x; w < matrix->words / 4; w += blockDim.x) target[w] = source[w];
    }
  }
  return {program,
          ops,
          shared,
          image,
          states,
          instruments,
          (float *)(shared + program->tile_at),
          program->tile_shift,
          1U << program->tile_shift};
}

/* ---- kernels ------------------------------------------------------------------------------------------------------------------- */

/* `count` instruments, `steps` steps of features each: inputs at [count][steps][features], the results of the last steps at
 * [count][outputs]. The state of instrument i is row rows[i], or row i where rows is NULL; no row twice. status[i] is 1, or 0 where a
 * feature is infinite or not a number: the instrument's result is not written then, and its state stays as it was before that step. */
template <int PRECISION, int LANES>
static __device__ void nt_steps(unsigned char *memory, const uint32_t *records, const uint32_t *image, float *states, uint64_t instruments,
                                const uint32_t *rows, const float *inputs, float *outputs, uint32_t *status, uint32_t count,
                                uint32_t steps) {
  nt_block block = nt_prepare(memory, records, image, states, instruments);
  uint32_t features = block.program->features, lanes = block.lanes;
  for (uint32_t begin = blockIdx.x << block.shift; begin < count; begin += gridDim.x << block.shift) {
    uint32_t present = count - begin < lanes ? count - begin : lanes;
    for (uint32_t step = 0; step < steps; step++) {
      if (step == 0) {
        for (uint32_t lane = threadIdx.x; lane < lanes; lane += blockDim.x) {
          block.words(block.program->valid)[lane] = lane < present;
          block.words(block.program->rows)[lane] = lane >= present ? 0 : rows == NULL ? begin + lane : rows[begin + lane];
        }
      }
      __syncthreads(); /* the matrices are there, and nobody is at the step before */
      for (uint32_t i = threadIdx.x; i < features << block.shift; i += blockDim.x) {
        uint32_t lane = i / features, k = i % features;
        nt_feature(block, k, lane, lane < present ? inputs[((size_t)(begin + lane) * steps + step) * features + k] : 0.0f);
      }
      nt_run<PRECISION, LANES, false>(block);
      for (uint32_t lane = threadIdx.x; lane < lanes; lane += blockDim.x)
        if (block.valid(lane)) nt_finish(block, lane, 0);
    }
    for (uint32_t lane = threadIdx.x; lane < present; lane += blockDim.x) {
      status[begin + lane] = block.valid(lane);
      if (!block.valid(lane)) continue;
      nt_result(block, lane);
      for (uint32_t i = 0; i < block.program->outputs; i++)
        outputs[(size_t)(begin + lane) * block.program->outputs + i] = block.vector(block.program->logits + i)[lane];
    }
  }
}

/* Memory that host and device share. The host writes `stop` and the requests, the device the rest. A slot is a number (low half) and the
 * sequence of its request (high half, never 0): requests are a row and the features, responses are a status (1: served; 0: a feature is
 * infinite or not a number, nothing was done) and the outputs. The host writes a request when it has the response to the one before. */
struct nt_mailbox {
  unsigned long long stop;    /* not 0: leave */
  unsigned long long idle_ns; /* leave after as long without a request */
  unsigned long long left;    /* 1: stopped, 2: idle */
  unsigned long long served;  /* sequence of the last response, written on leaving */
  unsigned long long unused[4];
  unsigned long long slots[8]; /* 1 + features, padded to 8; then 1 + outputs */
};

enum { STOPPED = 1, IDLE = 2 };

/* One block, tiles of one instrument, whose recurrent halves are computed after the response. `sequence` is the last one served. */
template <int PRECISION>
static __device__ void nt_serve(unsigned char *memory, const uint32_t *records, const uint32_t *image, float *states, uint64_t instruments,
                                nt_mailbox *mailbox, uint32_t sequence) {
  nt_block block = nt_prepare(memory, records, image, states, instruments);
  const uint32_t features = block.program->features, outputs = block.program->outputs;
  const unsigned long long *request = mailbox->slots;
  unsigned long long *response = mailbox->slots + (1 + features + 7) / 8 * 8;
  uint32_t *row = block.words(block.program->rows), *valid = block.words(block.program->valid);
  unsigned long long idle_ns = mailbox->idle_ns, since = nt_now_ns();
  uint32_t leave = 0, next = sequence + 1 == 0 ? 1 : sequence + 1;
  for (;;) {
    if (threadIdx.x == 0) *valid = 1;
    __syncthreads(); /* the matrices are there, and nobody is at the request before */
    uint32_t ready = 1;
    for (uint32_t i = threadIdx.x; i <= features; i += blockDim.x) {
      unsigned long long slot = nt_poll(request + i);
      if ((uint32_t)(slot >> 32) != next) {
        ready = 0;
      } else if (i == 0) {
        *row = (uint32_t)slot;
      } else {
        nt_feature(block, i - 1, 0, nt_float((uint32_t)slot));
      }
    }
    /* One thread sees to leaving, while the others' slots are on their way. */
    if (threadIdx.x == blockDim.x - 1) leave = nt_poll(&mailbox->stop) != 0 ? STOPPED : nt_now_ns() - since > idle_ns ? IDLE : 0;
    if (!__syncthreads_and(ready)) {
      if (!__syncthreads_or(leave)) continue;
      if (leave != 0) {
        nt_post(&mailbox->served, sequence);
        nt_store_release(&mailbox->left, leave);
      }
      return;
    }
    /* The first element of a row's state says that its recurrent halves are up to date. */
    uint32_t ahead = nt_bits(*block.state(0, 0));
    for (uint32_t turn = 0; turn < 2; turn++) {
      if (turn == 1 || ahead == 0) {
        for (uint32_t i = 1; i < block.program->op_count; i++) {
          const nt_op *op = &block.ops[i];
          if (op->kind != LSTM && op->kind != GRU) continue;
          if (op->kind == LSTM) {
            nt_advance_one<PRECISION, 4>(block, op);
          } else {
            nt_advance_one<PRECISION, 3>(block, op);
          }
          __syncthreads();
        }
      }
      if (turn == 1) break;
      nt_run<PRECISION, 1, true>(block);
      if (threadIdx.x == 0) {
        if (*valid) {
          nt_result(block, 0);
          for (uint32_t i = 0; i < outputs; i++)
            nt_post(response + 1 + i, (unsigned long long)next << 32 | nt_bits(block.vector(block.program->logits + i)[0]));
        }
        nt_post(response, (unsigned long long)next << 32 | *valid);
        if (*valid) nt_finish(block, 0, 1);
      }
    }
    sequence = next;
    next = next + 1 == 0 ? 1 : next + 1;
    since = nt_now_ns();
  }
}

#define NT_KERNELS(name, PRECISION)                                                                                                    \
  extern "C" __global__ void __launch_bounds__(512, 1)                                                                                 \
      nt_step_##name(const uint32_t *records, const uint32_t *image, float *states, uint64_t instruments, const uint32_t *rows,        \
                     const float *inputs, float *outputs, uint32_t *status, uint32_t count, uint32_t steps) {                          \
    NT_SHARED(memory);                                                                                                                 \
    nt_steps<PRECISION, 8>(memory, records, image, states, instruments, rows, inputs, outputs, status, count, steps);                  \
  }                                                                                                                                    \
  extern "C" __global__ void __launch_bounds__(512, 1) nt_serve_##name(const uint32_t *records, const uint32_t *image, float *states,  \
                                                                       uint64_t instruments, nt_mailbox *mailbox, uint32_t sequence) { \
    NT_SHARED(memory);                                                                                                                 \
    nt_serve<PRECISION>(memory, records, image, states, instruments, mailbox, sequence);                                               \
  }

/* All precisions, or that of NT_PRECISION: compiling takes seconds each. */
#if !defined(NT_PRECISION) || NT_PRECISION == 1
NT_KERNELS(float32, FLOAT32)
#endif
#if !defined(NT_PRECISION) || NT_PRECISION == 2
NT_KERNELS(bfloat16, BFLOAT16)
#endif
#if !defined(NT_PRECISION) || NT_PRECISION == 3
NT_KERNELS(int8, INT8)
#endif
