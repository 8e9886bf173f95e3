/* SPDX-License-Identifier: Apache-2.0
 * bench_parse FORMAT ROUNDS FILE...: user CPU seconds that one thread takes to parse files of a format, in this process.
 * bench_parse --stream FORMAT FILE...: from files to documents, each dropped before the next is read; to be timed from outside.
 *
 * Without --stream the files are read into memory and cut into records first; what is timed is Format.parse, from bytes to a
 * document. Prints one JSON line: the median of ROUNDS, bytes, records and documents. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "scrapers/formats/format.h"

static double user_seconds(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)usage.ru_utime.tv_sec + (double)usage.ru_utime.tv_usec / 1e6;
}

typedef void (*TakeRecord)(gpointer user, Record *record);

/* Every record of the file to `take`, which owns it from then on. */
static gboolean read_records(const Format *format, const char *path, TakeRecord take, gpointer user)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(RecordReader) reader = record_reader_open(format, path, &error);
    Record record;
    int got = -1;
    while (reader && (got = record_reader_next(reader, &record, &error)) > 0)
        take(user, &record);
    if (got < 0)
        fprintf(stderr, "bench_parse: %s: %s\n", path, error->message);
    return got == 0;
}

static void keep_record(gpointer user, Record *record)
{
    g_array_append_val((GArray *)user, *record);
}

static gboolean parse_record(const Format *format, const ParseOptions *options, const Record *record)
{
    g_auto(Document) document = {0};
    ParseFailure failure = {0};
    return !record->rule && format->parse(record, options, &document, &failure);
}

static guint parse_all(const Format *format, const GArray *records, const ParseOptions *options)
{
    guint documents = 0;
    for (guint i = 0; i < records->len; i++)
        documents += parse_record(format, options, &g_array_index(records, Record, i));
    return documents;
}

typedef struct Passing {
    const Format *format;
    const ParseOptions *options;
    guint64 bytes;
    guint records, documents;
} Passing;

static void pass_record(gpointer user, Record *record)
{
    Passing *passing = user;
    passing->bytes += record->length;
    passing->records++;
    passing->documents += parse_record(passing->format, passing->options, record);
    record_clear(record);
}

static int pass_files(const Format *format, const ParseOptions *options, char **paths)
{
    Passing passing = {.format = format, .options = options};
    for (; *paths; paths++)
        if (!read_records(format, *paths, pass_record, &passing))
            return 3;
    printf("{\"bytes\": %" G_GUINT64_FORMAT ", \"records\": %u, \"documents\": %u}\n", passing.bytes, passing.records, passing.documents);
    return 0;
}

static int compare_seconds(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
    gboolean stream = argc > 3 && strcmp(argv[1], "--stream") == 0;
    const char *name = argc > 3 ? argv[stream ? 2 : 1] : NULL;
    const Format *format = name ? format_find(name) : NULL;
    int rounds = format && !stream ? atoi(argv[2]) : 1;
    if (!format || rounds < 1 || rounds > 1000) {
        fputs("usage: bench_parse FORMAT ROUNDS FILE...\n       bench_parse --stream FORMAT FILE...\n", stderr);
        return 2;
    }
    RecipeSource source = {.tag = (char *)"bench", .format = (char *)name};
    g_autoptr(ParseOptions) options = parse_options_new(&source);
    if (stream)
        return pass_files(format, options, argv + 3);
    g_autoptr(GArray) records = g_array_new(FALSE, FALSE, sizeof(Record));
    g_array_set_clear_func(records, (GDestroyNotify)record_clear);
    for (int i = 3; i < argc; i++)
        if (!read_records(format, argv[i], keep_record, records))
            return 3;
    guint64 bytes = 0;
    for (guint i = 0; i < records->len; i++)
        bytes += g_array_index(records, Record, i).length;
    double *seconds = g_new(double, rounds);
    guint documents = 0;
    for (int round = 0; round < rounds; round++) {
        double start = user_seconds();
        documents = parse_all(format, records, options);
        seconds[round] = user_seconds() - start;
    }
    qsort(seconds, (size_t)rounds, sizeof *seconds, compare_seconds);
    double median = seconds[rounds / 2];
    printf("{\"seconds\": %.6f, \"bytes\": %" G_GUINT64_FORMAT ", \"records\": %u, \"documents\": %u}\n", median, bytes, records->len, documents);
    g_free(seconds);
    return 0;
}
