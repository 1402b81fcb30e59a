/* Small model files in memory: 2 features, an lstm of 3 or none, 3 classes; weights of a seed. */
#ifndef NT_TEST_MODEL_BYTES_H
#define NT_TEST_MODEL_BYTES_H

#include "check.h"
#include "neural_trader.h"

typedef struct model_shape {
  const char *clock;
  uint32_t every;
  uint32_t warm_up;
  uint32_t stream;      /* with the lstm */
  const char *reset_on; /* "", or as in the file: "\"session\", \"gap\"" */
  int64_t gap_ns;
  const char *symbols;  /* NULL: any; else as in the file */
  uint32_t normal;      /* mean and deviation in place of classes */
  uint32_t student;     /* three outputs: of a student_t */
  const char *features; /* NULL: MODEL_FEATURES */
  const char *int8;     /* what was measured of it: ",'int8':{...}", or NULL */
  uint64_t seed;
} model_shape;

typedef struct model_bytes {
  uint8_t *at;
  uint64_t size;
} model_bytes;

#define MODEL_FEATURES "\"return_4\", \"trade_flow_16\""

static inline model_bytes model_bytes_of(const model_shape *shape) {
  static const struct {
    const char *name, *dimensions;
    uint32_t count, stream, normal;
  } tensors[] = {{"m", "[2]", 2, 2, 2},    {"s", "[2]", 2, 2, 2},    {"ih", "[12,2]", 24, 1, 2}, {"hh", "[12,3]", 36, 1, 2},
                 {"bi", "[12]", 12, 1, 2}, {"bh", "[12]", 12, 1, 2}, {"w", "[3,3]", 9, 1, 0},    {"w", "[3,2]", 6, 0, 0},
                 {"w", "[2,3]", 6, 1, 1},  {"w", "[2,2]", 4, 0, 1},  {"b", "[3]", 3, 2, 0},      {"b", "[2]", 2, 2, 1}};
  char json[4096], header[8192];
  float values[128];
  uint64_t seed = shape->seed * 2654435761u + 1;
  size_t at = (size_t)snprintf(
      json, sizeof(json),
      "{'format':1,'name':'small','version':'1','clock':{'on':'%s','every':%u},'features':{'version':1,'names':[%s],'required':['trade']},"
      "'instruments':{'scope':'%s','symbols':[%s]},'state':{'kind':'%s','steps':%u,'warm_up':%u,'reset_on':[%s],'gap_ns':%lld},'ops':["
      "{'op':'normalise','in':[0],'out':1,'tensors':{'mean':'m','inverse_scale':'s'},'clip':4.0},",
      shape->clock, shape->every, shape->features == NULL ? MODEL_FEATURES : shape->features, shape->symbols == NULL ? "any" : "listed",
      shape->symbols == NULL ? "" : shape->symbols, shape->stream ? "stream" : "none", shape->stream ? 8 : 0, shape->warm_up,
      shape->reset_on, (long long)shape->gap_ns);
  if (shape->stream)
    at += (size_t)snprintf(json + at, sizeof(json) - at,
                           "{'op':'lstm','in':[1],'out':2,'tensors':{'weight_ih':'ih','weight_hh':'hh','bias_ih':'bi','bias_hh':'bh'}},");
  at += (size_t)snprintf(json + at, sizeof(json) - at,
                         "{'op':'dense','in':[%u],'out':3,'tensors':{'weight':'w','bias':'b'},'activation':'none'}],'output':{'kind':'%s',"
                         "'register':3,'labels':[%s],'target':{'kind':'mid_move','horizon':5,'unit':'ticks','dead_band_ticks':0.5}},"
                         "'calibration':{'kind':'none'},'precision':{'float32':{}%s},'trained':{}}",
                         shape->stream ? 2 : 1,
                         shape->normal    ? "normal"
                         : shape->student ? "student_t"
                                          : "classes",
                         shape->normal || shape->student ? "" : "'down','flat','up'", shape->int8 == NULL ? "" : shape->int8);
  at = (size_t)snprintf(header, sizeof(header), "{\"__metadata__\":{\"neural_trader\":\"");
  for (const char *c = json; *c != 0; c++) {
    if (*c == '\'' || *c == '"') header[at++] = '\\';
    header[at++] = *c == '\'' ? '"' : *c;
  }
  at += (size_t)snprintf(header + at, sizeof(header) - at, "\"}");
  uint32_t offset = 0;
  for (uint32_t i = 0; i < sizeof(tensors) / sizeof(tensors[0]); i++) {
    if ((tensors[i].stream != 2 && tensors[i].stream != shape->stream) || (tensors[i].normal != 2 && tensors[i].normal != shape->normal))
      continue;
    at += (size_t)snprintf(header + at, sizeof(header) - at, ",\"%s\":{\"dtype\":\"F32\",\"shape\":%s,\"data_offsets\":[%u,%u]}",
                           tensors[i].name, tensors[i].dimensions, offset * 4, (offset + tensors[i].count) * 4);
    for (uint32_t n = 0; n < tensors[i].count; n++) values[offset + n] = (float)((double)(check_random(&seed) >> 11) * 0x1p-52 - 1.0);
    offset += tensors[i].count;
  }
  at += (size_t)snprintf(header + at, sizeof(header) - at, "}");
  while (at % 8 != 0) header[at++] = ' ';
  model_bytes out = {malloc(8 + at + offset * 4), 8 + at + offset * 4};
  CHECK(out.at != NULL);
  uint64_t length = at;
  memcpy(out.at, &length, 8);
  memcpy(out.at + 8, header, at);
  memcpy(out.at + 8 + at, values, offset * 4);
  return out;
}

#endif
