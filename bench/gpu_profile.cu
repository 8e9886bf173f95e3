/* SPDX-License-Identifier: Apache-2.0
 * Operations between events; see bench/gpu_profile.h. */
#include <algorithm>
#include <vector>

#include "train/cuda/device.cuh"

G_BEGIN_DECLS
#include "bench/gpu_profile.h"
G_END_DECLS

#define OPERATIONS(X)                                                                                        \
    X(upload)                                                                                                \
    X(download)                                                                                              \
    X(copy)                                                                                                  \
    X(clear)                                                                                                 \
    X(narrow)                                                                                                \
    X(embedding_forward)                                                                                     \
    X(embedding_backward)                                                                                    \
    X(rmsnorm_forward)                                                                                       \
    X(rmsnorm_backward)                                                                                      \
    X(add_rmsnorm_forward)                                                                                   \
    X(rope)                                                                                                  \
    X(attention_forward)                                                                                     \
    X(attention_backward)                                                                                    \
    X(swiglu_forward)                                                                                        \
    X(swiglu_backward)                                                                                       \
    X(linear_forward)                                                                                        \
    X(linear_backward_input)                                                                                 \
    X(linear_backward_weight)                                                                                \
    X(cross_entropy_forward)                                                                                 \
    X(cross_entropy_rescale)                                                                                 \
    X(cross_entropy_losses)                                                                                  \
    X(cross_entropy_backward)                                                                                \
    X(add)                                                                                                   \
    X(accumulate)                                                                                            \
    X(square_sums)                                                                                           \
    X(adamw)

#define NUMBER(name) OPERATION_##name,
#define NAME(name) #name,
enum { OPERATIONS(NUMBER) OPERATION_COUNT };
static const char *const names[] = {OPERATIONS(NAME)};

struct Span {
    int operation;
    gsize rows, inputs, outputs;
    double flops;
    cudaEvent_t begin, end;
};

/* The table comes first: an operation is given this as its backend. */
struct Profile {
    Backend table;
    Backend *inner;
    bool on;
    std::vector<Span> spans;
};

static Profile *profile_of(Backend *backend)
{
    return reinterpret_cast<Profile *>(backend);
}

/* ---- What a call is worth ------------------------------------------------------------------------------------ */

template <typename... Any> static void measure(Span *, Any...)
{
}

template <typename Out>
static void measure(Span *span, Out *, const real *, const real *, gsize rows, gsize inputs, gsize outputs)
{
    span->rows = rows;
    span->inputs = inputs;
    span->outputs = outputs;
    span->flops = 2.0 * (double)rows * (double)inputs * (double)outputs;
}

/* Half of the square of each segment: two products of it forward, five backward. */
template <typename... Any> static void measure(Span *span, const AttentionShape *shape, Any...)
{
    double squares = 0;
    for (gsize s = 0; s < shape->segments; s++) {
        double rows = shape->starts[s + 1] - shape->starts[s];
        squares += rows * rows / 2;
    }
    double products = span->operation == OPERATION_attention_forward ? 2 : 5;
    span->flops = products * 2 * squares * (double)(shape->heads * shape->head_size);
}

/* ---- Recording ----------------------------------------------------------------------------------------------- */

static cudaEvent_t mark(CudaState *state)
{
    cudaEvent_t event = NULL;
    if (cuda_good(state, cudaEventCreateWithFlags(&event, cudaEventDefault), "cudaEventCreate"))
        cuda_good(state, cudaEventRecord(event, state->stream), "cudaEventRecord");
    return event;
}

template <typename Function, Function Backend::*Member, int Operation> struct Timed;
template <typename... Argument, void (*Backend::*Member)(Backend *, Argument...), int Operation>
struct Timed<void (*)(Backend *, Argument...), Member, Operation> {
    static void call(Backend *backend, Argument... arguments)
    {
        Profile *profile = profile_of(backend);
        CudaState *state = cuda_state(profile->inner);
        Span span = {};
        span.operation = Operation;
        if (profile->on) {
            measure(&span, arguments...);
            span.begin = mark(state);
        }
        (profile->inner->*Member)(profile->inner, arguments...);
        if (profile->on) {
            span.end = mark(state);
            profile->spans.push_back(span);
        }
    }
};

static void forget(Profile *profile)
{
    for (Span &span : profile->spans) {
        cudaEventDestroy(span.begin);
        cudaEventDestroy(span.end);
    }
    profile->spans.clear();
}

static void destroy(Backend *backend)
{
    forget(profile_of(backend));
    delete profile_of(backend);
}

Backend *profile_new(Backend *backend)
{
    Profile *profile = new Profile{*backend, backend, false, {}};
    profile->table.destroy = destroy;
#define WRAP(name) profile->table.name = Timed<decltype(Backend::name), &Backend::name, OPERATION_##name>::call;
    OPERATIONS(WRAP)
    return &profile->table;
}

void profile_record(Backend *backend, gboolean on)
{
    Profile *profile = profile_of(backend);
    if (on)
        forget(profile);
    profile->on = on;
}

static bool same(const ProfileLine &line, const Span &span)
{
    return line.operation == names[span.operation] && line.rows == span.rows && line.inputs == span.inputs &&
           line.outputs == span.outputs;
}

GArray *profile_lines(Backend *backend)
{
    Profile *profile = profile_of(backend);
    std::vector<ProfileLine> lines;
    cuda_good(cuda_state(profile->inner), cudaStreamSynchronize(cuda_state(profile->inner)->stream), "profile");
    for (const Span &span : profile->spans) {
        float milliseconds = 0;
        cuda_good(cuda_state(profile->inner), cudaEventElapsedTime(&milliseconds, span.begin, span.end), "profile");
        auto line = std::find_if(lines.begin(), lines.end(), [&](const ProfileLine &l) { return same(l, span); });
        if (line == lines.end())
            line = lines.insert(lines.end(), {names[span.operation], span.rows, span.inputs, span.outputs, 0, 0, 0});
        line->calls++;
        line->seconds += milliseconds / 1000.0;
        line->flops += span.flops;
    }
    std::sort(lines.begin(), lines.end(), [](const ProfileLine &a, const ProfileLine &b) { return a.seconds > b.seconds; });
    GArray *array = g_array_new(FALSE, FALSE, sizeof(ProfileLine));
    g_array_append_vals(array, lines.data(), (guint)lines.size());
    return array;
}

/* ---- Other readings ------------------------------------------------------------------------------------------ */

double gpu_seconds(Backend *backend, void (*run)(Backend *backend, gpointer user), gpointer user, guint times)
{
    CudaState *state = cuda_state(backend);
    float milliseconds = 0;
    run(backend, user);
    cudaEvent_t begin = mark(state);
    for (guint i = 0; i < times; i++)
        run(backend, user);
    cudaEvent_t end = mark(state);
    cuda_good(state, cudaStreamSynchronize(state->stream), "wait for a measurement");
    cuda_good(state, cudaEventElapsedTime(&milliseconds, begin, end), "cudaEventElapsedTime");
    cudaEventDestroy(begin);
    cudaEventDestroy(end);
    return milliseconds / 1000.0 / MAX(times, 1);
}

gboolean gpu_memory(Backend *backend, gsize *free_bytes, gsize *total_bytes)
{
    return cuda_good(cuda_state(backend), cudaMemGetInfo(free_bytes, total_bytes), "cudaMemGetInfo");
}
