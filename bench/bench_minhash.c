/* SPDX-License-Identifier: Apache-2.0
 * bench/bench_minhash.c - how fast one core signs documents: shingles, signatures, and MinHash alone.
 *
 *   bench_minhash [--lines] FILE...
 *
 * The files' text is cut at spaces into documents of about 5,000 bytes, or each line is a document. Shingles of 5 words, 112 permutations, as the
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
    gsize first, count; /* its shingles in Bench.hashes */
} Piece;

typedef struct Bench {
    GString *text;
    GArray *pieces;
    Shingler *shingler;
    GArray *hashes;  /* of all documents, for MinHash alone */
    guint64 sum;     /* of all results, so that no work can be left out */
} Bench;

typedef enum { SHINGLES, SIGNATURES, MINHASH } Work;

static GArray *cut(const GString *text, gboolean lines)
{
    GArray *pieces = g_array_new(FALSE, FALSE, sizeof(Piece));
    for (gsize start = 0; start < text->len;) {
        gsize end = lines ? start : MIN(start + DOCUMENT_BYTES, text->len);
        while (end < text->len && text->str[end] != (lines ? '\n' : ' '))
            end++;
        Piece piece = {.text = text->str + start, .length = end - start};
        g_array_append_val(pieces, piece);
        start = lines ? end + 1 : end;
    }
    return pieces;
}

static void shingle_all(Bench *bench)
{
    bench->hashes = g_array_new(FALSE, FALSE, sizeof(guint64));
    for (guint i = 0; i < bench->pieces->len; i++) {
        Piece *piece = &g_array_index(bench->pieces, Piece, i);
        const guint64 *hashes = shingler_run(bench->shingler, piece->text, piece->length, &piece->count);
        piece->first = bench->hashes->len;
        g_array_append_vals(bench->hashes, hashes, (guint)piece->count);
    }
}

static double seconds_used(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static void do_piece(Bench *bench, Work work, const Piece *piece)
{
    guint32 signature[PERMUTATIONS];
    const guint64 *hashes = &g_array_index(bench->hashes, guint64, piece->first);
    gsize count = piece->count;
    if (work != MINHASH)
        hashes = shingler_run(bench->shingler, piece->text, piece->length, &count);
    if (work == SHINGLES) {
        bench->sum += count ? hashes[count - 1] : 0;
        return;
    }
    minhash_sign(hashes, count, signature, PERMUTATIONS);
    bench->sum += signature[PERMUTATIONS - 1];
}

static double pass(Bench *bench, Work work, gsize rounds)
{
    double start = seconds_used();
    for (gsize round = 0; round < rounds; round++) {
        for (guint i = 0; i < bench->pieces->len; i++)
            do_piece(bench, work, &g_array_index(bench->pieces, Piece, i));
    }
    return seconds_used() - start;
}

static int compare_doubles(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;
    return (left > right) - (left < right);
}

static void row(Bench *bench, const char *name, Work work)
{
    double seconds[PASSES];
    gsize rounds = PASS_BYTES / bench->text->len + 1;
    pass(bench, work, 1);
    for (int i = 0; i < PASSES; i++)
        seconds[i] = pass(bench, work, rounds);
    qsort(seconds, PASSES, sizeof seconds[0], compare_doubles);
    double median = seconds[PASSES / 2];
    printf("%-22s %12.0f %10.1f %8.1f %%\n", name, (double)bench->pieces->len * (double)rounds / median,
           (double)bench->text->len * (double)rounds / median / 1e6, 100 * (seconds[PASSES - 1] - seconds[0]) / median);
}

static gboolean read_files(int count, char **paths, GString *text, GError **error)
{
    for (int i = 0; i < count; i++) {
        g_autofree char *data = NULL;
        gsize length;
        if (!file_read(paths[i], FILE_LIMIT, &data, &length, error))
            return FALSE;
        g_string_append_len(text, data, (gssize)length);
    }
    return TRUE;
}

static void print_rows(Bench *bench)
{
    for (unsigned i = 0; fold_backend_names[i]; i++) {
        const FoldBackend *backend = fold_backend_named(fold_backend_names[i]);
        if (!backend)
            continue;
        shingler_use(bench->shingler, backend);
        g_autofree char *shingles = g_strdup_printf("%s, shingles", backend->name);
        g_autofree char *signatures = g_strdup_printf("%s, signatures", backend->name);
        row(bench, shingles, SHINGLES);
        row(bench, signatures, SIGNATURES);
    }
    row(bench, "minhash alone", MINHASH);
}

int main(int argc, char **argv)
{
    GError *error = NULL;
    gboolean lines = argc > 1 && g_str_equal(argv[1], "--lines");
    Bench bench = {.text = g_string_new(NULL), .shingler = shingler_new(SHINGLE_WORDS, WORDS)};
    if (!read_files(argc - 1 - lines, argv + 1 + lines, bench.text, &error)) {
        fprintf(stderr, "bench_minhash: %s\n", error->message);
        return 3;
    }
    if (bench.text->len == 0) {
        fprintf(stderr, "usage: bench_minhash [--lines] FILE...   (files with text in them)\n");
        return 2;
    }
    bench.pieces = cut(bench.text, lines);
    shingle_all(&bench);
    printf("%u documents of %.0f bytes, shingles of %d words, %d permutations\n", bench.pieces->len,
           (double)bench.text->len / bench.pieces->len, WORDS, PERMUTATIONS);
    printf("%-22s %12s %10s %10s\n", "", "documents/s", "MB/s", "spread");
    print_rows(&bench);
    printf("checksum %016" G_GINT64_MODIFIER "x\n", bench.sum);
    shingler_free(bench.shingler);
    g_array_unref(bench.pieces);
    g_array_unref(bench.hashes);
    g_string_free(bench.text, TRUE);
    return 0;
}
