/* SPDX-License-Identifier: Apache-2.0
 * The choice of instruction set, and the loops in the compiler's own vectors; see dedup/fold.h. */
#include "dedup/fold.h"

#include <string.h>

#define VECTOR 16

typedef guint8 Bytes __attribute__((vector_size(VECTOR)));

static gboolean always(void)
{
    return TRUE;
}

#if defined(__x86_64__)
static gboolean has_avx2(void)
{
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") && __builtin_cpu_supports("popcnt");
}

static gboolean has_avx512(void)
{
    return __builtin_cpu_supports("avx512bw") && has_avx2();
}
#endif

static const struct {
    FoldBackend backend;
    gboolean (*supported)(void);
} backends[] = {
#if defined(__x86_64__)
    {{"avx512", fold_ascii_avx512, fold_borders_avx512}, has_avx512},
    {{"avx2", fold_ascii_avx2, fold_borders_avx2}, has_avx2},
#endif
    {{"portable", fold_ascii_portable, fold_borders_portable}, always},
};

const char *const fold_backend_names[] = {
#if defined(__x86_64__)
    "avx512",
    "avx2",
#endif
    "portable",
    NULL,
};

const FoldBackend *fold_backend(void)
{
    gsize best = 0;
    while (!backends[best].supported())
        best++;
    return &backends[best].backend;
}

const FoldBackend *fold_backend_named(const char *name)
{
    for (gsize i = 0; i < G_N_ELEMENTS(backends); i++) {
        if (strcmp(backends[i].backend.name, name) == 0)
            return backends[i].supported() ? &backends[i].backend : NULL;
    }
    return NULL;
}

static inline void fold_vector(const guint8 *text, guint8 *folded)
{
    Bytes bytes;
    memcpy(&bytes, text, VECTOR);
    Bytes lower = bytes | 0x20;
    Bytes letters = (Bytes)(lower - 'a' < 26), digits = (Bytes)(bytes - '0' < 10);
    Bytes result = (lower & letters) | (bytes & digits);
    memcpy(folded, &result, VECTOR);
}

/* How many of the first `length` bytes come before one above 127. */
static inline gsize ascii_run(const guint8 *text, gsize length)
{
    gsize run = 0;
    while (run < length && text[run] < 0x80)
        run++;
    return run;
}

static inline gboolean all_ascii(const guint8 *text)
{
    guint64 halves[2];
    memcpy(halves, text, VECTOR);
    return ((halves[0] | halves[1]) & 0x8080808080808080u) == 0;
}

gsize fold_ascii_portable(const guint8 *text, gsize length, guint8 *folded)
{
    gsize position = 0;
    while (length - position >= VECTOR && all_ascii(text + position)) {
        fold_vector(text + position, folded + position);
        position += VECTOR;
    }
    guint8 rest[VECTOR] = {0};
    gsize left = ascii_run(text + position, MIN(length - position, VECTOR));
    if (left)
        memcpy(rest, text + position, left);
    fold_vector(rest, folded + position);
    return position + left;
}

/* Bit i: byte i of the block is not zero. */
static inline guint64 word_mask(const guint8 *block)
{
    guint64 mask = 0;
    for (unsigned part = 0; part < FOLD_BLOCK / VECTOR; part++) {
        Bytes bytes;
        guint64 halves[2];
        memcpy(&bytes, block + part * VECTOR, VECTOR);
        bytes = (Bytes)(bytes != 0) & 1;
        memcpy(halves, &bytes, VECTOR);
        for (unsigned half = 0; half < 2; half++) {
            /* The product gathers the lowest bit of each byte in the uppermost byte. */
            guint64 gathered = (GUINT64_FROM_LE(halves[half]) * 0x0102040810204080u) >> 56;
            mask |= gathered << (part * VECTOR + half * 8);
        }
    }
    return mask;
}

gsize fold_borders_portable(const guint8 *folded, gsize blocks, guint64 inside, guint32 *places)
{
    guint32 *out = places;
    for (gsize block = 0; block < blocks; block++) {
        guint64 mask = word_mask(folded + block * FOLD_BLOCK);
        for (guint64 borders = mask ^ (mask << 1 | inside); borders; borders &= borders - 1)
            *out++ = (guint32)(block * FOLD_BLOCK) + (guint32)__builtin_ctzll(borders);
        inside = mask >> 63;
    }
    return (gsize)(out - places);
}
