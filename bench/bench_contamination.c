/* SPDX-License-Identifier: Apache-2.0
 * bench/bench_contamination.c - how fast one core looks for the questions of benchmarks.
 *
 *   bench_contamination QUESTIONS FILE...
 *
 * The text of QUESTIONS is cut into questions of 12 to 90 words, as many as there are 300,000 words, so that they have the
 * phrases that such text has; the text of the FILEs, at spaces, into documents of about 5,000 bytes. Then a question is planted in one of 100 documents,
 * and all must be found. Rows: words alone (folded and hashed), the scan, the scan with planted questions. User CPU time,
 * median of 7 passes over at least 64 MB; what was found in one pass. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/file.h"
#include "base/hash.h"
#include "dedup/ngram_scan.h"
#include "dedup/word.h"

enum { DOCUMENT_BYTES = 5000, PASSES = 7, WORDS = 300000, PLANTED = 100 };
#define PASS_BYTES ((gsize)64 << 20)
#define FILE_LIMIT ((gsize)1 << 30)

typedef struct Bench {
    GPtrArray *documents; /* of GString */
    gsize bytes;
    GPtrArray *questions;
    NgramIndex *index;
    NgramScanner *scanner;
    FoldedText *folded;
    WordHasher *hasher;
    guint64 found;
} Bench;

static void free_string(gpointer string)
{
    g_string_free(string, TRUE);
}

static void cut(Bench *bench, const GString *text)
{
    bench->documents = g_ptr_array_new_with_free_func(free_string);
    for (gsize start = 0; start < text->len;) {
        gsize end = MIN(start + DOCUMENT_BYTES, text->len);
        while (end < text->len && text->str[end] != ' ')
            end++;
        g_ptr_array_add(bench->documents, g_string_new_len(text->str + start, (gssize)(end - start)));
        start = end;
    }
    bench->bytes = text->len;
}

static void make_questions(Bench *bench, const GString *text)
{
    static const NgramRules rules = {.ngram = 8, .overlap = 0.8, .long_ngram = 13, .min_words = 8, .common = 10};
    g_auto(WordList) list = {0};
    bench->questions = g_ptr_array_new_with_free_func(g_free);
    bench->index = ngram_index_new(&rules);
    word_list_run(&list, text->str, text->len);
    for (gsize first = 0, count, words = MIN(list.count, WORDS); first < words; first += count) {
        count = MIN(12 + random_at(1, "length", first) % 79, words - first);
        gsize start = list.words[first].start, end = list.words[first + count - 1].end;
        g_ptr_array_add(bench->questions, g_strndup(text->str + start, end - start));
        if (!ngram_index_add(bench->index, text->str + start, end - start))
            break;
    }
    ngram_index_finish(bench->index);
    bench->scanner = ngram_scanner_new(bench->index);
}

static void words_alone(Bench *bench, const GString *document)
{
    gsize count;
    folded_text_set(bench->folded, document->str, document->len);
    word_hasher_run(bench->hasher, bench->folded, &count);
}

static void scan(Bench *bench, const GString *document)
{
    bench->found += ngram_scan(bench->scanner, document->str, document->len);
}

static double user_seconds(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)usage.ru_utime.tv_sec + 1e-6 * (double)usage.ru_utime.tv_usec;
}

static double pass(Bench *bench, void (*work)(Bench *, const GString *), gsize rounds)
{
    double start = user_seconds();
    for (gsize round = 0; round < rounds; round++)
        for (guint i = 0; i < bench->documents->len; i++)
            work(bench, bench->documents->pdata[i]);
    return user_seconds() - start;
}

static int compare_doubles(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;
    return (left > right) - (left < right);
}

static void row(Bench *bench, const char *name, void (*work)(Bench *, const GString *))
{
    double seconds[PASSES];
    gsize rounds = PASS_BYTES / bench->bytes + 1;
    bench->found = 0;
    pass(bench, work, 1);
    guint64 found = bench->found;
    for (int i = 0; i < PASSES; i++)
        seconds[i] = pass(bench, work, rounds);
    qsort(seconds, PASSES, sizeof seconds[0], compare_doubles);
    printf("%-24s %10.1f %8.1f %% %10" G_GUINT64_FORMAT "\n", name, (double)bench->bytes * (double)rounds / seconds[PASSES / 2] / 1e6,
           100 * (seconds[PASSES - 1] - seconds[0]) / seconds[PASSES / 2], found);
}

static void plant(Bench *bench)
{
    for (guint i = 0; i < bench->documents->len; i += PLANTED) {
        const char *question = bench->questions->pdata[i % bench->questions->len];
        g_string_insert((GString *)bench->documents->pdata[i], 0, question);
        bench->bytes += strlen(question);
    }
}

static gboolean append_file(GString *text, const char *path, GError **error)
{
    g_autofree char *data = NULL;
    gsize length;
    if (!file_read(path, FILE_LIMIT, &data, &length, error))
        return FALSE;
    g_string_append_len(text, data, (gssize)length);
    return TRUE;
}

int main(int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GString) questions = g_string_new(NULL), text = g_string_new(NULL);
    Bench bench = {.folded = folded_text_new(), .hasher = word_hasher_new()};
    for (int i = 1; i < argc; i++) {
        if (!append_file(i == 1 ? questions : text, argv[i], &error)) {
            fprintf(stderr, "bench_contamination: %s\n", error->message);
            return 3;
        }
    }
    if (text->len == 0) {
        fprintf(stderr, "usage: bench_contamination QUESTIONS FILE...   (files with text in them)\n");
        return 2;
    }
    cut(&bench, text);
    make_questions(&bench, questions);
    printf("%u documents of %.0f bytes, %u questions with %u n-grams\n%-24s %10s %10s %10s\n", bench.documents->len,
           (double)bench.bytes / bench.documents->len, bench.questions->len, bench.index->tables[8] ? bench.index->tables[8]->count : 0, "",
           "MB/s", "spread", "found");
    row(&bench, "words alone", words_alone);
    row(&bench, "scan, nothing planted", scan);
    plant(&bench);
    row(&bench, "scan, planted", scan);
    printf("planted: %u\n", (bench.documents->len + PLANTED - 1) / PLANTED);
    ngram_scanner_free(bench.scanner);
    ngram_index_free(bench.index);
    g_ptr_array_unref(bench.questions);
    g_ptr_array_unref(bench.documents);
    folded_text_free(bench.folded);
    word_hasher_free(bench.hasher);
    return 0;
}
