/* SPDX-License-Identifier: Apache-2.0
 * train/cuda/memory.cu and nccl.cu on streams that are queues (tests/gpu/emulator/queues.h): what is ordered with what, and
 * what is free to go on beside the computation. Three ranks live in this process. */
#include "tests/gpu/emulator/queues.h"

#include "train/cuda/communicator.cuh"

#define RANKS 3u
#define BUCKETS 4u
#define SHARE 5u /* numbers of a bucket for each rank */
#define BUCKET (RANKS * SHARE)
#define STEPS 3u

/* ---- The launcher's ranks, for communicators to find each other -------------------------------------------- */

struct Comm {
    unsigned rank;
    GArray *told; /* of the root's broadcasts, shared */
    guint heard;
};

unsigned comm_rank(const Comm *comm)
{
    return comm->rank;
}

unsigned comm_size(const Comm *)
{
    return RANKS;
}

const char *comm_host(const Comm *)
{
    return "here";
}

/* The root is asked first. */
gboolean comm_broadcast(Comm *comm, void *data, gsize bytes, unsigned root, GError **)
{
    char message[128] = {0};
    g_assert_cmpuint(bytes, <=, sizeof message);
    if (comm->rank == root) {
        memcpy(message, data, bytes);
        g_array_append_val(comm->told, message);
    }
    memcpy(data, comm->told->data + comm->heard++ * sizeof message, bytes);
    return TRUE;
}

/* ---- A rank that trains ------------------------------------------------------------------------------------ */

typedef struct Rank {
    Comm comm;
    Backend *backend;
    Communicator *data;
    wide *gradients, *weights, *seen; /* [BUCKETS * BUCKET]: `seen` is what the next forward finds */
    gsize marks[BUCKETS];
} Rank;

static void open_rank(Rank *rank, unsigned number, GArray *told)
{
    g_autoptr(GError) error = NULL;
    rank->comm = {number, told, 0};
    rank->backend = backend_cuda_new(CUDA_ANY_DEVICE, &error);
    g_assert_no_error(error);
    Backend *b = rank->backend;
    rank->data = b->communicator_new(b, &rank->comm, TRUE, &error);
    g_assert_no_error(error);
    gsize bytes = BUCKETS * BUCKET * sizeof(wide);
    rank->gradients = static_cast<wide *>(b->allocate(b, bytes));
    rank->weights = static_cast<wide *>(b->allocate(b, bytes));
    rank->seen = static_cast<wide *>(b->allocate(b, bytes));
}

static void close_rank(Rank *rank)
{
    Backend *b = rank->backend;
    rank->data->wait(rank->data); /* what is gathered still goes into the arrays */
    for (void *array : {rank->gradients, rank->weights, rank->seen})
        b->release(b, array);
    rank->data->destroy(rank->data);
    b->destroy(b);
}

static float gradient(unsigned rank, unsigned step, gsize i)
{
    return (float)(rank + 1) * (float)(i + 1) + 1000 * (float)step;
}

static float sum_of_gradients(unsigned step, gsize i)
{
    float sum = gradient(0, step, i);
    for (unsigned rank = 1; rank < RANKS; rank++)
        sum += gradient(rank, step, i);
    return sum;
}

/* The forward, which wants a bucket's weights when it comes to it, and the backward, which sums each bucket that it has
 * found. Then garbage, as the next step's first gradients would be. */
static void compute(Rank *rank, unsigned step, bool waits)
{
    Backend *b = rank->backend;
    for (unsigned bucket = 0; bucket < BUCKETS; bucket++) {
        gsize at = bucket * BUCKET;
        if (step > 0 && waits)
            rank->data->wait_until(rank->data, rank->marks[bucket]);
        b->copy(b, rank->seen + at, rank->weights + at, BUCKET * sizeof(wide));
    }
    for (unsigned bucket = BUCKETS; bucket-- > 0;) {
        wide found[BUCKET];
        for (gsize i = 0; i < BUCKET; i++)
            found[i] = gradient(rank->comm.rank, step, bucket * BUCKET + i);
        wide *at = rank->gradients + bucket * BUCKET;
        b->upload(b, at, found, sizeof found);
        rank->data->scatter_sum(rank->data, at + rank->comm.rank * SHARE, at, SHARE, NUMBER_WIDE);
    }
}

/* Each share becomes weights, which everyone gathers. */
static void update(Rank *rank)
{
    Backend *b = rank->backend;
    rank->data->wait(rank->data);
    for (unsigned bucket = 0; bucket < BUCKETS; bucket++) {
        gsize at = bucket * BUCKET, own = at + rank->comm.rank * SHARE;
        b->copy(b, rank->weights + own, rank->gradients + own, SHARE * sizeof(wide));
        rank->data->gather(rank->data, rank->weights + at, rank->weights + own, SHARE, NUMBER_WIDE);
        rank->marks[bucket] = rank->data->mark(rank->data);
    }
    b->clear(b, rank->gradients, BUCKETS * BUCKET * sizeof(wide));
}

/* How many numbers the forward of the last step saw that are not those of the step before. */
static gsize train(bool eager, uint32_t seed, bool waits, size_t *host_waits)
{
    Rank ranks[RANKS];
    gsize wrong = 0;
    GArray *told = g_array_new(FALSE, FALSE, 128);
    emulator_queues_begin(true, seed);
    for (unsigned r = 0; r < RANKS; r++)
        open_rank(&ranks[r], r, told);
    emulator_queues_run();
    emulator_queues_begin(eager, seed);
    for (unsigned step = 0; step < STEPS; step++) {
        for (Rank &rank : ranks)
            compute(&rank, step, waits);
        for (Rank &rank : ranks)
            update(&rank);
    }
    *host_waits = emulator_host_waits();
    for (Rank &rank : ranks) {
        wide seen[BUCKETS * BUCKET];
        rank.backend->download(rank.backend, seen, rank.seen, sizeof seen);
        for (gsize i = 0; i < BUCKETS * BUCKET; i++)
            wrong += seen[i] != sum_of_gradients(STEPS - 2, i);
        g_assert_no_error(rank.data->failure);
        g_assert_true(rank.backend->check(rank.backend, NULL));
    }
    for (Rank &rank : ranks)
        close_rank(&rank);
    g_array_free(told, TRUE);
    return wrong;
}

/* ---- Tests ------------------------------------------------------------------------------------------------- */

static void test_every_order_gives_the_same_weights(void)
{
    size_t host_waits;
    for (uint32_t seed = 0; seed < 50; seed++)
        for (bool eager : {false, true})
            g_assert_cmpuint(train(eager, seed, true, &host_waits), ==, 0);
}

/* The test before would not notice much if queues did their work at once. */
static void test_who_does_not_wait_sees_old_weights(void)
{
    size_t host_waits;
    gsize wrong = 0;
    for (uint32_t seed = 0; seed < 10; seed++)
        wrong += train(false, seed, false, &host_waits);
    g_assert_cmpuint(wrong, >, 0);
}

/* Steps * buckets uploads fit into the ring: nothing else may hold the host up. */
static void test_the_host_runs_ahead(void)
{
    size_t host_waits;
    G_STATIC_ASSERT(STEPS * BUCKETS <= CUDA_SLOTS);
    g_assert_cmpuint(train(false, 1, true, &host_waits), ==, 0);
    g_assert_cmpuint(host_waits, ==, 0);
}

/* While the computation stands still, uploads cross the bus; the host waits for the first slot alone when all are full. */
static void test_uploads_cross_beside_the_computation(void)
{
    emulator_queues_begin(true, 1);
    Backend *b = backend_cuda_new(CUDA_ANY_DEVICE, NULL);
    CudaState *state = cuda_state(b);
    guint32 *to = static_cast<guint32 *>(b->allocate(b, sizeof *to));
    emulator_queues_begin(false, 1);
    emulator_queue_hold(state->stream, true);
    for (guint32 i = 0; i < CUDA_SLOTS; i++)
        b->upload(b, to, &i, sizeof i);
    g_assert_cmpuint(emulator_host_waits(), ==, 0);
    emulator_queues_run();
    g_assert_cmpuint(emulator_queue_length(state->uploads), ==, 0);
    g_assert_cmpuint(emulator_queue_length(state->stream), >, 0);
    for (guint32 i = 0; i < CUDA_SLOTS; i++) {
        guint32 crossed;
        memcpy(&crossed, state->ring[i].device, sizeof crossed);
        g_assert_cmpuint(crossed, ==, i);
    }
    emulator_queue_hold(state->stream, false);
    guint32 last = 0;
    b->download(b, &last, to, sizeof last);
    g_assert_cmpuint(last, ==, CUDA_SLOTS - 1);
    b->release(b, to);
    b->destroy(b);
}

/* Twice around the ring, and a piece that is not whole. */
static void test_large_uploads_arrive_in_every_order(void)
{
    const gsize count = (2 * CUDA_SLOTS * CUDA_SLOT + 12) / sizeof(guint32);
    g_autofree guint32 *numbers = g_new(guint32, count), *back = g_new(guint32, count);
    for (gsize i = 0; i < count; i++)
        numbers[i] = (guint32)(i * 2654435761u);
    for (uint32_t seed = 0; seed < 4; seed++) {
        emulator_queues_begin(seed == 0, seed);
        Backend *b = backend_cuda_new(CUDA_ANY_DEVICE, NULL);
        void *to = b->allocate(b, count * sizeof *numbers);
        b->upload(b, to, numbers, count * sizeof *numbers);
        b->download(b, back, to, count * sizeof *numbers);
        g_assert_cmpmem(back, count * sizeof *numbers, numbers, count * sizeof *numbers);
        b->release(b, to);
        b->destroy(b);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/cuda streams/sums and gathered weights are right in every order that streams allow",
                    test_every_order_gives_the_same_weights);
    g_test_add_func("/cuda streams/who does not wait for a mark sees old weights", test_who_does_not_wait_sees_old_weights);
    g_test_add_func("/cuda streams/the host queues whole steps without waiting", test_the_host_runs_ahead);
    g_test_add_func("/cuda streams/uploads cross the bus while the computation stands still", test_uploads_cross_beside_the_computation);
    g_test_add_func("/cuda streams/large uploads arrive whole in every order", test_large_uploads_arrive_in_every_order);
    return g_test_run();
}
