/* SPDX-License-Identifier: Apache-2.0
 * bench/bench_minhash.c - how fast one core signs documents: shingles alone, and with MinHash, on each instruction set.
 *
 *   bench_minhash FILE...
 *
 * The files' text is cut at spaces into documents of about 5,000 bytes. Shingles of 5 words, 112 permutations, as the
 * default recipe has them. Each row is the median of 7 passes over at least 64 MB, in the process's own time. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/file.h"
#include "dedup/minhash.h"
#include "dedup/shingle.h"

enum { DOCUMENT_BYTES = 5000, PASSES = 7, WORDS = 5, PERMUTATIONS = 112 };
#define PASS_BYTES ((gsize)64 << 20)
#define FILE_LIMIT ((gsize)1 << 30)

typedef struct Piece {
    const char *text;
    gsize length;
} Piece;

typedef struct Bench {
    GString *text;
    GArray *pieces;
    Shingler *shingler;
    gboolean signs; /* FALSE: shingles only */
    guint64 sum;      /* of all results, so that no work can be left out */
} Bench;

static GArray *cut(const GString *text)
{
    GArray *pieces = g_array_new(FALSE, FALSE, sizeof(Piece));
    for (gsize start = 0; start < text->len;) {
        gsize end = MIN(start + DOCUMENT_BYTES, text->len);
        while (end < text->len && text->str[end] != ' ')
            end++;
        Piece piece = {text->str + start, end - start};
        g_array_append_val(pieces, piece);
        start = end;
    }
    return pieces;
}

static double seconds_used(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static double pass(Bench *bench, gsize rounds)
{
    guint32 signature[PERMUTATIONS];
    double start = seconds_used();
    for (gsize round = 0; round < rounds; round++) {
        for (guint i = 0; i < bench->pieces->len; i++) {
            const Piece *piece = &g_array_index(bench->pieces, Piece, i);
            gsize count;
            const guint64 *hashes = shingler_run(bench->shingler, piece->text, piece->length, &count);
            bench->sum += count ? hashes[count - 1] : 0;
            if (!bench->signs)
                continue;
            minhash_sign(hashes, count, signature, PERMUTATIONS);
            bench->sum += signature[PERMUTATIONS - 1];
        }
    }
    return seconds_used() - start;
}

static int compare_doubles(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;
    return (left > right) - (left < right);
}

static void row(Bench *bench, const char *name)
{
    double seconds[PASSES];
    gsize rounds = PASS_BYTES / bench->text->len + 1;
    pass(bench, 1);
    for (int i = 0; i < PASSES; i++)
        seconds[i] = pass(bench, rounds);
    qsort(seconds, PASSES, sizeof seconds[0], compare_doubles);
    double median = seconds[PASSES / 2];
    printf("%-22s %12.0f %10.1f %8.1f %%\n", name, (double)bench->pieces->len * (double)rounds / median,
           (double)bench->text->len * (double)rounds / median / 1e6, 100 * (seconds[PASSES - 1] - seconds[0]) / median);
}

int main(int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    Bench bench = {.text = g_string_new(NULL), .shingler = shingler_new(SHINGLE_WORDS, WORDS)};
    for (int i = 1; i < argc; i++) {
        g_autofree char *data = NULL;
        gsize length;
        if (!file_read(argv[i], FILE_LIMIT, &data, &length, &error)) {
            fprintf(stderr, "bench_minhash: %s\n", error->message);
            return 3;
        }
        g_string_append_len(bench.text, data, (gssize)length);
    }
    if (bench.text->len == 0) {
        fprintf(stderr, "usage: bench_minhash FILE...   (files with text in them)\n");
        return 2;
    }
    bench.pieces = cut(bench.text);
    printf("%u documents of %.0f bytes, shingles of %d words, %d permutations\n", bench.pieces->len,
           (double)bench.text->len / bench.pieces->len, WORDS, PERMUTATIONS);
    printf("%-22s %12s %10s %10s\n", "", "documents/s", "MB/s", "spread");
    for (unsigned i = 0; fold_backend_names[i]; i++) {
        const FoldBackend *backend = fold_backend_named(fold_backend_names[i]);
        if (!backend)
            continue;
        shingler_use(bench.shingler, backend);
        for (bench.signs = FALSE; bench.signs <= TRUE; bench.signs++) {
            g_autofree char *name = g_strdup_printf("%s, %s", backend->name, bench.signs ? "signatures" : "shingles");
            row(&bench, name);
        }
    }
    printf("checksum %016" G_GINT64_MODIFIER "x\n", bench.sum);
    shingler_free(bench.shingler);
    g_array_unref(bench.pieces);
    g_string_free(bench.text, TRUE);
    return 0;
}
