/* SPDX-License-Identifier: Apache-2.0
 * The permutations of MinHash and the choice of instruction set; see dedup/minhash.h. */
#include "dedup/minhash.h"

#include <string.h>

#include "base/hash.h"
#include "dedup/minhash_backend.h"

struct MinHash {
    unsigned permutations;
    gsize width; /* permutations, rounded up to whole vectors; the surplus is computed and thrown away */
    unsigned backend;
    guint32 *numbers; /* aligned: multiply[width], then add[width] */
};

#define ALIGNMENT 64

static gboolean always(void)
{
    return TRUE;
}

#if defined(__x86_64__)
static gboolean has_avx2(void)
{
    return __builtin_cpu_supports("avx2") != 0;
}

static gboolean has_avx512(void)
{
    return __builtin_cpu_supports("avx512f") != 0;
}
#endif

static const struct {
    MinHashLoop loop;
    gboolean (*supported)(void);
} backends[] = {
#if defined(__x86_64__)
    {minhash_loop_avx512, has_avx512},
    {minhash_loop_avx2, has_avx2},
#endif
    {minhash_loop_scalar, always},
};

const char *const minhash_backend_names[] = {
#if defined(__x86_64__)
    "avx512",
    "avx2",
#endif
    "scalar",
    NULL,
};

MinHash *minhash_new(unsigned permutations, guint64 seed)
{
    g_return_val_if_fail(permutations >= 1 && permutations <= MINHASH_MAX_PERMUTATIONS, NULL);
    MinHash *minhash = g_new0(MinHash, 1);
    minhash->permutations = permutations;
    minhash->width = (permutations + MINHASH_LANES - 1) / MINHASH_LANES * MINHASH_LANES;
    minhash->numbers = g_aligned_alloc0(2 * minhash->width, sizeof(guint32), ALIGNMENT);
    for (unsigned i = 0; i < permutations; i++) {
        minhash->numbers[i] = (guint32)(random_at(seed, "minhash multiply", i) >> 32) | 1;
        minhash->numbers[minhash->width + i] = (guint32)(random_at(seed, "minhash add", i) >> 32);
    }
    while (!backends[minhash->backend].supported())
        minhash->backend++;
    return minhash;
}

void minhash_free(MinHash *minhash)
{
    if (!minhash)
        return;
    g_aligned_free(minhash->numbers);
    g_free(minhash);
}

void minhash_sign(const MinHash *minhash, const guint64 *hashes, gsize count, guint32 *signature)
{
    guint32 lowest[MINHASH_MAX_PERMUTATIONS] __attribute__((aligned(ALIGNMENT)));
    memset(lowest, 0xff, minhash->width * sizeof lowest[0]);
    backends[minhash->backend].loop(minhash->numbers, minhash->numbers + minhash->width, minhash->width, hashes, count,
                                    lowest);
    memcpy(signature, lowest, minhash->permutations * sizeof lowest[0]);
}

double minhash_estimate(const guint32 *a, const guint32 *b, unsigned permutations)
{
    unsigned equal = 0;
    for (unsigned i = 0; i < permutations; i++)
        equal += a[i] == b[i];
    return (double)equal / permutations;
}

gboolean minhash_use(MinHash *minhash, const char *backend)
{
    for (unsigned i = 0; minhash_backend_names[i]; i++) {
        if (strcmp(minhash_backend_names[i], backend) == 0 && backends[i].supported()) {
            minhash->backend = i;
            return TRUE;
        }
    }
    return FALSE;
}

const char *minhash_backend(const MinHash *minhash)
{
    return minhash_backend_names[minhash->backend];
}
