/* SPDX-License-Identifier: Apache-2.0
 * A pool of threads for loops; see train/cpu/pool.h. */
#include "train/cpu/pool.h"

#include <stdatomic.h>

#define WORK_WORTH_WAKING 65536

struct CpuPool {
    GMutex mutex;
    GCond wake, left;
    GThread **threads;
    unsigned count; /* of threads beside the caller's */
    /* Under the mutex: */
    guint64 loop;   /* number of the loop under way */
    gboolean open;  /* threads may still enter it */
    gboolean stop;
    unsigned inside;
    /* Of the loop under way, unchanged while it is open or a thread is inside: */
    CpuTask task;
    gconstpointer user;
    gsize pieces;
    atomic_size_t next;
    GMutex lending;
    GPtrArray *kept; /* loans that were given back; under `lending` */
};

static void take_pieces(CpuPool *pool)
{
    for (gsize piece; (piece = atomic_fetch_add(&pool->next, 1)) < pool->pieces;)
        pool->task(piece, pool->user);
}

static gpointer serve(gpointer user)
{
    CpuPool *pool = user;
    guint64 seen = 0;
    g_mutex_lock(&pool->mutex);
    while (!pool->stop) {
        if (!pool->open || pool->loop == seen) {
            g_cond_wait(&pool->wake, &pool->mutex);
            continue;
        }
        seen = pool->loop;
        pool->inside++;
        g_mutex_unlock(&pool->mutex);
        take_pieces(pool);
        g_mutex_lock(&pool->mutex);
        if (--pool->inside == 0)
            g_cond_signal(&pool->left);
    }
    g_mutex_unlock(&pool->mutex);
    return NULL;
}

CpuPool *cpu_pool_new(unsigned threads)
{
    CpuPool *pool = g_new0(CpuPool, 1);
    g_mutex_init(&pool->mutex);
    g_cond_init(&pool->wake);
    g_cond_init(&pool->left);
    g_mutex_init(&pool->lending);
    pool->kept = g_ptr_array_new_with_free_func(g_aligned_free);
    pool->count = MAX(threads, 1) - 1;
    pool->threads = g_new(GThread *, MAX(pool->count, 1));
    for (unsigned i = 0; i < pool->count; i++)
        pool->threads[i] = g_thread_new("train", serve, pool);
    return pool;
}

void cpu_pool_free(CpuPool *pool)
{
    g_mutex_lock(&pool->mutex);
    pool->stop = TRUE;
    g_cond_broadcast(&pool->wake);
    g_mutex_unlock(&pool->mutex);
    for (unsigned i = 0; i < pool->count; i++)
        g_thread_join(pool->threads[i]);
    g_cond_clear(&pool->wake);
    g_cond_clear(&pool->left);
    g_mutex_clear(&pool->mutex);
    g_mutex_clear(&pool->lending);
    g_ptr_array_unref(pool->kept);
    g_free(pool->threads);
    g_free(pool);
}

static void open_loop(CpuPool *pool, gsize pieces, CpuTask task, gconstpointer user)
{
    g_mutex_lock(&pool->mutex);
    pool->task = task;
    pool->user = user;
    pool->pieces = pieces;
    atomic_store(&pool->next, 0);
    pool->loop++;
    pool->open = TRUE;
    g_cond_broadcast(&pool->wake);
    g_mutex_unlock(&pool->mutex);
}

static void close_loop(CpuPool *pool)
{
    g_mutex_lock(&pool->mutex);
    pool->open = FALSE;
    while (pool->inside)
        g_cond_wait(&pool->left, &pool->mutex);
    g_mutex_unlock(&pool->mutex);
}

void cpu_pool_run(CpuPool *pool, gsize work, gsize pieces, CpuTask task, gconstpointer user)
{
    if (pool->count == 0 || pieces < 2 || work < 2 * WORK_WORTH_WAKING) {
        for (gsize piece = 0; piece < pieces; piece++)
            task(piece, user);
        return;
    }
    open_loop(pool, pieces, task, user);
    take_pieces(pool);
    close_loop(pool);
}

unsigned cpu_pool_threads(const CpuPool *pool)
{
    return pool->count + 1;
}

/* What stands before memory that is lent. */
#define ALIGNMENT 64

typedef struct Loan {
    gsize bytes;
    char rest[ALIGNMENT - sizeof(gsize)];
} Loan;

/* The last that was given back: it is the likeliest to be in the cache. */
static Loan *take_kept(CpuPool *pool)
{
    g_mutex_lock(&pool->lending);
    Loan *loan = pool->kept->len ? g_ptr_array_steal_index(pool->kept, pool->kept->len - 1) : NULL;
    g_mutex_unlock(&pool->lending);
    return loan;
}

void *cpu_pool_borrow(CpuPool *pool, gsize bytes)
{
    Loan *loan = take_kept(pool);
    if (!loan || loan->bytes < bytes) {
        g_aligned_free(loan);
        loan = g_aligned_alloc(1, sizeof *loan + bytes, ALIGNMENT);
        loan->bytes = bytes;
    }
    return loan + 1;
}

void cpu_pool_give_back(CpuPool *pool, void *memory)
{
    g_mutex_lock(&pool->lending);
    g_ptr_array_add(pool->kept, (Loan *)memory - 1);
    g_mutex_unlock(&pool->lending);
}
