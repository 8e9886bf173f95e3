/* SPDX-License-Identifier: Apache-2.0
 * Ranks of the CPU backend, over base/comm.h; see train/communicator.h.
 *
 * MPI adds up in an order of its own, which may follow the size of the message. Here each rank gets everyone's numbers for
 * its part, and adds them in the order of ranks: all sums of one number have the same bits, however they are asked for. */
#include <string.h>

#include "train/cpu/cpu.h"

typedef struct State {
    Comm *comm; /* borrowed; NULL: one rank */
    char *out, *in; /* scratch */
    gsize out_bytes, in_bytes;
} State;

static gsize size_of(NumberType type)
{
    return type == NUMBER_REAL ? sizeof(real) : sizeof(wide);
}

static gboolean is_idle(const Communicator *communicator, gsize count)
{
    return communicator->failure || count == 0;
}

static char *reserve(char **scratch, gsize *room, gsize bytes)
{
    if (*room < bytes) {
        g_free(*scratch);
        *scratch = g_malloc(bytes);
        *room = bytes;
    }
    return *scratch;
}

/* to[count] = the sum over ranks of from[rank * count + ...], in order. `wide` is `real` on the CPU. */
static void add_in_order(wide *to, const wide *from, unsigned ranks, gsize count)
{
    memcpy(to, from, count * sizeof *to);
    for (unsigned rank = 1; rank < ranks; rank++) {
        const wide *other = from + rank * count;
        SIMD
        for (gsize i = 0; i < count; i++)
            to[i] += other[i];
    }
}

static void scatter_sum(Communicator *communicator, void *mine, void *all, gsize count, NumberType type)
{
    State *state = communicator->state;
    if (is_idle(communicator, count))
        return;
    if (communicator->size == 1) {
        memmove(mine, all, count * size_of(type));
        return;
    }
    char *in = reserve(&state->in, &state->in_bytes, communicator->size * count * size_of(type));
    if (comm_all_to_all(state->comm, all, count * size_of(type), in, &communicator->failure))
        add_in_order(mine, (const wide *)(gconstpointer)in, communicator->size, count);
}

static void gather(Communicator *communicator, void *all, const void *mine, gsize count, NumberType type)
{
    State *state = communicator->state;
    gsize bytes = count * size_of(type);
    if (is_idle(communicator, count))
        return;
    if (communicator->size == 1) {
        memmove(all, mine, bytes);
        return;
    }
    char *out = reserve(&state->out, &state->out_bytes, bytes);
    memcpy(out, mine, bytes);
    comm_all_gather(state->comm, out, bytes, all, &communicator->failure);
}

static void sum(Communicator *communicator, void *values, gsize count, NumberType type)
{
    State *state = communicator->state;
    if (is_idle(communicator, count) || communicator->size == 1)
        return;
    gsize share = (count + communicator->size - 1) / communicator->size, bytes = share * size_of(type);
    g_autofree char *padded = g_malloc0(communicator->size * bytes);
    char *part = padded + communicator->rank * bytes;
    memcpy(padded, values, count * size_of(type));
    scatter_sum(communicator, part, padded, share, type);
    char *out = reserve(&state->out, &state->out_bytes, bytes);
    memcpy(out, part, bytes);
    if (!communicator->failure && comm_all_gather(state->comm, out, bytes, padded, &communicator->failure))
        memcpy(values, padded, count * size_of(type));
}

static void maximum(Communicator *communicator, wide *values, gsize count)
{
    State *state = communicator->state;
    CommType type = sizeof(wide) == sizeof(double) ? COMM_DOUBLE : COMM_FLOAT;
    if (!communicator->failure)
        comm_all_reduce(state->comm, values, count, type, COMM_MAX, &communicator->failure);
}

static void post(Communicator *communicator, const void *values, gsize count, NumberType type, unsigned to, unsigned tag)
{
    State *state = communicator->state;
    if (!is_idle(communicator, count))
        comm_post(state->comm, values, count * size_of(type), to, tag, &communicator->failure);
}

static void take(Communicator *communicator, void *values, gsize count, NumberType type, unsigned from, unsigned tag)
{
    State *state = communicator->state;
    if (!is_idle(communicator, count))
        comm_receive(state->comm, values, count * size_of(type), from, tag, &communicator->failure);
}

static void wait_for_all(Communicator *communicator)
{
    State *state = communicator->state;
    if (!communicator->failure)
        comm_flush(state->comm, &communicator->failure);
}

static gsize mark(Communicator *communicator)
{
    return 0;
}

static void wait_until(Communicator *communicator, gsize mark_number)
{
}

static void destroy(Communicator *communicator)
{
    State *state = communicator->state;
    g_clear_error(&communicator->failure);
    g_free(state->out);
    g_free(state->in);
    g_free(state);
    g_free(communicator);
}

/* All is done at once on the CPU: `deferred` changes nothing. */
Communicator *cpu_communicator_new(Backend *backend, Comm *comm, gboolean deferred, GError **error)
{
    State *state = g_new0(State, 1);
    Communicator *communicator = g_new0(Communicator, 1);
    state->comm = comm;
    *communicator = (Communicator){
        .rank = comm_rank(comm),
        .size = comm_size(comm),
        .state = state,
        .destroy = destroy,
        .sum = sum,
        .maximum = maximum,
        .gather = gather,
        .scatter_sum = scatter_sum,
        .send = post,
        .receive = take,
        .wait = wait_for_all,
        .mark = mark,
        .wait_until = wait_until,
    };
    return communicator;
}
