/* SPDX-License-Identifier: Apache-2.0
 * bench/bench_minhash.c - how fast documents are signed: shingles, signatures, and MinHash alone.
 *
 *   bench_minhash [--lines] [--threads=N] [--print] FILE...
 *
 * The files' text is cut at spaces into documents of about 5,000 bytes, or each line is a document. Shingles of 5 words, 112 permutations, as the
 * default recipe has them. Each row is the median of 7 passes over at least 64 MB: in the process's own time on one thread, by the clock on
 * several, which share the documents. With --print the signatures are printed, a line of numbers for each document, and nothing is timed. */
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
    GArray *hashes; /* of all documents, for MinHash alone */
    guint threads;
    guint64 sum; /* of all results, so that no work can be left out */
} Bench;

typedef enum { SHINGLES, SIGNATURES, MINHASH } Work;

/* One thread's part of a pass: every `threads`th document from `first` on. */
typedef struct Part {
    const Bench *bench;
    Shingler *shingler;
    Work work;
    guint first;
    gsize rounds;
    guint64 sum;
} Part;

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
    g_autoptr(Shingler) shingler = shingler_new(SHINGLE_WORDS, WORDS);
    bench->hashes = g_array_new(FALSE, FALSE, sizeof(guint64));
    for (guint i = 0; i < bench->pieces->len; i++) {
        Piece *piece = &g_array_index(bench->pieces, Piece, i);
        const guint64 *hashes = shingler_run(shingler, piece->text, piece->length, &piece->count);
        piece->first = bench->hashes->len;
        g_array_append_vals(bench->hashes, hashes, (guint)piece->count);
    }
}

static double seconds_used(const Bench *bench)
{
    struct timespec now;
    clock_gettime(bench->threads > 1 ? CLOCK_MONOTONIC : CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static guint64 do_piece(const Part *part, const Piece *piece)
{
    guint32 signature[PERMUTATIONS];
    const guint64 *hashes = &g_array_index(part->bench->hashes, guint64, piece->first);
    gsize count = piece->count;
    if (part->work != MINHASH)
        hashes = shingler_run(part->shingler, piece->text, piece->length, &count);
    if (part->work == SHINGLES)
        return count ? hashes[count - 1] : 0;
    minhash_sign(hashes, count, signature, PERMUTATIONS);
    return signature[PERMUTATIONS - 1];
}

static gpointer do_part(gpointer data)
{
    Part *part = data;
    const GArray *pieces = part->bench->pieces;
    for (gsize round = 0; round < part->rounds; round++) {
        for (guint i = part->first; i < pieces->len; i += part->bench->threads)
            part->sum += do_piece(part, &g_array_index(pieces, Piece, i));
    }
    return NULL;
}

static double pass(Bench *bench, const FoldBackend *backend, Work work, gsize rounds)
{
    g_autofree Part *parts = g_new0(Part, bench->threads);
    g_autofree GThread **threads = g_new0(GThread *, bench->threads);
    for (guint i = 0; i < bench->threads; i++) {
        parts[i] = (Part){.bench = bench, .shingler = shingler_new(SHINGLE_WORDS, WORDS), .work = work, .first = i, .rounds = rounds};
        shingler_use(parts[i].shingler, backend);
    }
    double start = seconds_used(bench);
    for (guint i = 1; i < bench->threads; i++)
        threads[i] = g_thread_new("sign", do_part, &parts[i]);
    do_part(&parts[0]);
    for (guint i = 1; i < bench->threads; i++)
        g_thread_join(threads[i]);
    double seconds = seconds_used(bench) - start;
    for (guint i = 0; i < bench->threads; i++) {
        bench->sum += parts[i].sum;
        shingler_free(parts[i].shingler);
    }
    return seconds;
}

static int compare_doubles(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;
    return (left > right) - (left < right);
}

static void row(Bench *bench, const FoldBackend *backend, const char *name, Work work)
{
    double seconds[PASSES];
    gsize rounds = PASS_BYTES / bench->text->len + 1;
    pass(bench, backend, work, 1);
    for (int i = 0; i < PASSES; i++)
        seconds[i] = pass(bench, backend, work, rounds);
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
        g_autofree char *shingles = g_strdup_printf("%s, shingles", backend->name);
        g_autofree char *signatures = g_strdup_printf("%s, signatures", backend->name);
        row(bench, backend, shingles, SHINGLES);
        row(bench, backend, signatures, SIGNATURES);
    }
    row(bench, fold_backend(), "minhash alone", MINHASH);
}

static void print_signatures(const Bench *bench)
{
    for (guint i = 0; i < bench->pieces->len; i++) {
        const Piece *piece = &g_array_index(bench->pieces, Piece, i);
        guint32 signature[PERMUTATIONS];
        minhash_sign(&g_array_index(bench->hashes, guint64, piece->first), piece->count, signature, PERMUTATIONS);
        for (unsigned k = 0; k < PERMUTATIONS; k++)
            printf("%u%c", signature[k], k + 1 < PERMUTATIONS ? ' ' : '\n');
    }
}

static void print_table(Bench *bench)
{
    printf("%u documents of %.0f bytes, shingles of %d words, %d permutations, %u threads\n", bench->pieces->len,
           (double)bench->text->len / bench->pieces->len, WORDS, PERMUTATIONS, bench->threads);
    printf("%-22s %12s %10s %10s\n", "", "documents/s", "MB/s", "spread");
    print_rows(bench);
    printf("checksum %016" G_GINT64_MODIFIER "x\n", bench->sum);
}

int main(int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    gboolean lines = FALSE, print = FALSE;
    gint threads = 1;
    g_auto(GStrv) files = NULL;
    const GOptionEntry options[] = {{"lines", 0, 0, G_OPTION_ARG_NONE, &lines, "each line is a document", NULL},
                                    {"threads", 0, 0, G_OPTION_ARG_INT, &threads, "so many threads", "N"},
                                    {"print", 0, 0, G_OPTION_ARG_NONE, &print, "print the signatures", NULL},
                                    {G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &files, NULL, NULL},
                                    {0}};
    g_autoptr(GOptionContext) context = g_option_context_new("FILE...");
    g_option_context_add_main_entries(context, options, NULL);
    if (!g_option_context_parse(context, &argc, &argv, &error)) {
        fprintf(stderr, "bench_minhash: %s\n", error->message);
        return 2;
    }
    Bench bench = {.text = g_string_new(NULL), .threads = (guint)CLAMP(threads, 1, 1024)};
    if (!read_files(files ? (int)g_strv_length(files) : 0, files, bench.text, &error)) {
        fprintf(stderr, "bench_minhash: %s\n", error->message);
        return 3;
    }
    if (bench.text->len == 0) {
        fprintf(stderr, "usage: bench_minhash [--lines] [--threads=N] [--print] FILE...   (files with text in them)\n");
        return 2;
    }
    bench.pieces = cut(bench.text, lines);
    shingle_all(&bench);
    if (print)
        print_signatures(&bench);
    else
        print_table(&bench);
    g_array_unref(bench.pieces);
    g_array_unref(bench.hashes);
    g_string_free(bench.text, TRUE);
    return 0;
}
