/* SPDX-License-Identifier: Apache-2.0
 * See tests/unit/late_communicator.h. */
#include "tests/unit/late_communicator.h"

#include "train/cpu/cpu.h"

typedef enum { LATE_SUM, LATE_GATHER, LATE_SCATTER_SUM } LateKind;

typedef struct LateCall {
    LateKind kind;
    void *to;
    gconstpointer from;
    gsize count;
    NumberType type;
} LateCall;

typedef struct Late {
    Communicator *inner;
    GArray *calls; /* of LateCall: since the last wait */
    gsize done;
} Late;

static void add_call(Communicator *communicator, LateCall call)
{
    Late *late = communicator->state;
    g_array_append_val(late->calls, call);
}

static void sum(Communicator *communicator, void *values, gsize count, NumberType type)
{
    add_call(communicator, (LateCall){LATE_SUM, values, NULL, count, type});
}

static void gather(Communicator *communicator, void *all, const void *mine, gsize count, NumberType type)
{
    add_call(communicator, (LateCall){LATE_GATHER, all, mine, count, type});
}

static void scatter_sum(Communicator *communicator, void *mine, void *all, gsize count, NumberType type)
{
    add_call(communicator, (LateCall){LATE_SCATTER_SUM, all, mine, count, type});
}

static void run_call(Communicator *inner, const LateCall *call)
{
    if (call->kind == LATE_SUM)
        inner->sum(inner, call->to, call->count, call->type);
    else if (call->kind == LATE_GATHER)
        inner->gather(inner, call->to, call->from, call->count, call->type);
    else
        inner->scatter_sum(inner, (void *)call->from, call->to, call->count, call->type);
}

static gsize mark(Communicator *communicator)
{
    Late *late = communicator->state;
    return late->calls->len;
}

static void wait_until(Communicator *communicator, gsize mark_number)
{
    Late *late = communicator->state;
    for (; late->done < mark_number; late->done++)
        run_call(late->inner, &g_array_index(late->calls, LateCall, late->done));
    if (late->inner->failure && !communicator->failure)
        communicator->failure = g_error_copy(late->inner->failure);
}

static void wait_for_all(Communicator *communicator)
{
    Late *late = communicator->state;
    wait_until(communicator, late->calls->len);
    g_array_set_size(late->calls, 0);
    late->done = 0;
}

static void destroy(Communicator *communicator)
{
    Late *late = communicator->state;
    late->inner->destroy(late->inner);
    g_array_free(late->calls, TRUE);
    g_clear_error(&communicator->failure);
    g_free(late);
    g_free(communicator);
}

static Communicator *late_communicator_new(Backend *backend, Comm *comm, gboolean deferred, GError **error)
{
    Communicator *inner = cpu_communicator_new(backend, comm, FALSE, error);
    if (!inner || !deferred)
        return inner;
    Late *late = g_new0(Late, 1);
    Communicator *communicator = g_new0(Communicator, 1);
    late->inner = inner;
    late->calls = g_array_new(FALSE, FALSE, sizeof(LateCall));
    *communicator = (Communicator){
        .rank = inner->rank,
        .size = inner->size,
        .state = late,
        .destroy = destroy,
        .sum = sum,
        .gather = gather,
        .scatter_sum = scatter_sum,
        .wait = wait_for_all,
        .mark = mark,
        .wait_until = wait_until,
    };
    return communicator;
}

Backend *late_backend_new(const Backend *cpu)
{
    Backend *late = g_memdup2(cpu, sizeof *cpu);
    late->communicator_new = late_communicator_new;
    return late;
}

void late_backend_free(Backend *late)
{
    g_free(late);
}
