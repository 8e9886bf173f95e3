/* SPDX-License-Identifier: Apache-2.0
 * bench/bench_train.c - the trainer on the CPU by itself: steps on tokens from a file, from weights in a folder.
 *
 *   bench_train MODEL IDS SEQUENCES MICRO_BATCH THREADS [RECOMPUTE]
 *
 * MODEL is a folder with config.json and model.safetensors, IDS a file of little-endian u32 numbers: for each step SEQUENCES
 * times context + 1. RECOMPUTE: 0 none, 1 selective, 2 full. Prints JSON: the loss of each step, seconds of each step (forward, backward,
 * clipping and AdamW) by the clock and by the processors, and the largest resident memory. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "base/file.h"
#include "base/json.h"
#include "train/checkpoint_model.h"
#include "train/engine.h"

#define IDS_LIMIT ((gsize)1 << 30)

static void fail(GError *error)
{
    fprintf(stderr, "bench_train: %s\n", error->message);
    exit(1);
}

static Engine *open_engine(char **argv, Backend *backend, Recompute recompute)
{
    GError *error = NULL;
    g_autoptr(Model) model = checkpoint_load_model(argv[1], backend, &error);
    if (!model)
        fail(error);
    EngineSettings settings = {
        .shape = model->shape,
        .optimizer = {.beta1 = 0.9, .beta2 = 0.95, .epsilon = 1e-5, .decay = 0.1, .clip = 1},
        .parallel = {.tensor = 1, .pipeline = 1, .data = 1, .interleave = 1, .recompute = recompute},
        .sequences = (gsize)atoi(argv[3]),
        .micro_batch = (gsize)atoi(argv[4]),
    };
    Engine *engine = engine_new(&settings, backend, NULL, &error);
    if (!engine)
        fail(error);
    g_autofree wide *weights = g_memdup2(model->parameters, model->table->elements * sizeof(wide));
    optimizer_set_weights(engine_optimizer(engine), weights);
    return engine;
}

typedef struct Seconds {
    double clock, processors;
} Seconds;

static double seconds_now(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static double run_step(Engine *engine, const Batch *batch, guint64 step, double *losses, Seconds *seconds)
{
    GError *error = NULL;
    double norm, sum = 0;
    gsize targets = batch->sequences * batch->context;
    Seconds begun = {seconds_now(CLOCK_MONOTONIC), seconds_now(CLOCK_PROCESS_CPUTIME_ID)};
    if (!engine_compute(engine, batch, TRUE, losses, &error) || !engine_gradient_norm(engine, &norm, &error) ||
        !engine_update(engine, step, 3e-4, norm, &error))
        fail(error);
    *seconds = (Seconds){seconds_now(CLOCK_MONOTONIC) - begun.clock, seconds_now(CLOCK_PROCESS_CPUTIME_ID) - begun.processors};
    for (gsize i = 0; i < targets; i++)
        sum += losses[i];
    return sum / (double)targets;
}

int main(int argc, char **argv)
{
    GError *error = NULL;
    char *text;
    gsize length;
    if (argc < 6) {
        fprintf(stderr, "usage: bench_train MODEL IDS SEQUENCES MICRO_BATCH THREADS [RECOMPUTE]\n");
        return 2;
    }
    Backend *backend = backend_cpu_new((unsigned)atoi(argv[5]));
    g_autoptr(Engine) engine = open_engine(argv, backend, argc > 6 ? (Recompute)atoi(argv[6]) : RECOMPUTE_NONE);
    if (!file_read(argv[2], IDS_LIMIT, &text, &length, &error))
        fail(error);
    gsize context = engine_model(engine)->shape.context, sequences = (gsize)atoi(argv[3]), ids = sequences * (context + 1);
    g_autofree guint64 *windows = g_new0(guint64, sequences);
    g_autofree double *losses = g_new(double, sequences * context);
    g_autoptr(json_t) result = json_pack("{s:[], s:[], s:[]}", "losses", "seconds", "processor_seconds");
    for (gsize step = 0; (step + 1) * ids * sizeof(guint32) <= length; step++) {
        Batch batch = {.context = context, .sequences = sequences, .ids = (guint32 *)(gpointer)text + step * ids, .windows = windows};
        Seconds seconds;
        double loss = run_step(engine, &batch, step, losses, &seconds);
        json_array_append_new(json_object_get(result, "losses"), json_real(loss));
        json_array_append_new(json_object_get(result, "seconds"), json_real(seconds.clock));
        json_array_append_new(json_object_get(result, "processor_seconds"), json_real(seconds.processors));
    }
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    json_object_set_new(result, "max_rss_mb", json_real((double)usage.ru_maxrss / 1024));
    g_autofree char *line = json_dumps(result, JSON_COMPACT);
    puts(line);
    g_free(text);
    return 0;
}
