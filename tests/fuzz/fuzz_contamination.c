/* SPDX-License-Identifier: Apache-2.0
 * Questions of benchmarks out of any bytes, and the search for them in any bytes. */
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "dedup/benchmark.h"
#include "dedup/cut_range.h"
#include "dedup/ngram_scan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

const char *const fuzz_seeds[] = {
    "{\"question\": \"one two three four five\"}\n\n{\"question\": \"six\", \"id\": 7}\none two three[12] four five six",
    "{\"QUESTION\": \"a b c\", \"CONTEXTS\": [\"d e f\", \"g\"], \"options\": {\"A\": \"h\"}}\na b c [bib_ref]d e f[/bib_ref] h",
    "\xef\xbb\xbf{\"text\": \"a b a b a b\"}\na b a b a b a b \xc2\xb2 [fig]a b[/fig] a b",
    "{#{\n\n...\n",
    "[1]\n{\"text\": 5}\n{\"text\": [\"a\", {}]}\n",
    NULL,
};

static gboolean add_text(gpointer user, const char *text, gsize length, GError **error)
{
    return ngram_index_add(user, text, length);
}

/* The reader sees the input as a file. */
static void read_benchmark(NgramIndex *index, const uint8_t *data, size_t size, gboolean with_fields)
{
    char path[64];
    g_snprintf(path, sizeof path, "/tmp/galen-fuzz-contamination-%ld.jsonl", (long)getpid());
    if (!g_file_set_contents(path, (const char *)data, (gssize)size, NULL))
        return;
    char *paths[] = {path}, *fields[] = {(char *)"text", (char *)"options.A"};
    RecipeBenchmark benchmark = {.name = (char *)"fuzz", .paths = {paths, 1}, .fields = {fields, with_fields ? 2 : 0}};
    Recipe recipe = {.base_directory = (char *)"/tmp", .contamination = {.benchmarks = &benchmark, .benchmarks_count = 1}};
    benchmark_set_free(benchmark_set_read(&recipe, add_text, index, NULL));
    unlink(path);
}

/* Every line is a text to look for, and all of the input the text to look in. */
static void add_lines(NgramIndex *index, const uint8_t *data, size_t size)
{
    const char *line = (const char *)data, *end = line + size;
    while (line < end) {
        const char *stop = memchr(line, '\n', (size_t)(end - line));
        stop = stop ? stop : end;
        ngram_index_add(index, line, (gsize)(stop - line));
        line = stop + 1;
    }
}

static void check_scan(NgramScanner *scanner, const char *text, gsize length)
{
    guint64 from = 0;
    gsize count = ngram_scan(scanner, text, length);
    g_assert_cmpint(count > 0, ==, scanner->ranges->len > 0);
    for (guint i = 0; i < scanner->ranges->len; i++) {
        const NgramRange *range = &g_array_index(scanner->ranges, NgramRange, i);
        g_assert_true(range->start >= from && range->start < range->end && range->end <= length);
        Cut cut = cut_range(text, length, (gsize)range->start, (gsize)range->end);
        g_assert_true(cuts_fit(&cut, 1, length));
        g_assert_true(cut.start <= range->start && cut.start + cut.length >= range->end);
        from = range->end;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const unsigned ngram = 1 + (unsigned)size % 9, long_ngram = (unsigned)size % 5 * 3;
    const NgramRules rules = {.ngram = ngram, .overlap = 0.5, .long_ngram = long_ngram, .min_words = 1, .common = 2};
    g_autoptr(NgramIndex) index = ngram_index_new(&rules);
    read_benchmark(index, data, size, size % 2);
    add_lines(index, data, size);
    ngram_index_finish(index);
    g_autoptr(NgramScanner) scanner = ngram_scanner_new(index);
    g_autofree char *exact = g_memdup2(data, size); /* exactly as large as the input: reading past its end must be seen */
    check_scan(scanner, exact ? exact : "", size);
    return 0;
}
