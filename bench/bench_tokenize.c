/* SPDX-License-Identifier: Apache-2.0
 * bench_tokenize MODEL FILE [ROUNDS]: the lines of a file to token ids, on one thread; the best round in MB/s. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "store/tokenizer.h"

static double cpu_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Encodes every line; returns the number of ids. */
static guint64 encode_lines(const Tokenizer *tokenizer, const char *text, gsize length, GArray *ids, GError **error)
{
    guint64 count = 0;
    for (const char *end = text + length, *next; text < end; text = next + 1) {
        next = memchr(text, '\n', (gsize)(end - text));
        next = next ? next : end;
        g_array_set_size(ids, 0);
        if (!tokenizer_encode(tokenizer, text, (gsize)(next - text), ids, error))
            return 0;
        count += ids->len;
    }
    return count;
}

int main(int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *text = NULL;
    gsize length;
    if (argc < 3) {
        fprintf(stderr, "usage: bench_tokenize MODEL FILE [ROUNDS]\n");
        return 2;
    }
    g_autoptr(Tokenizer) tokenizer = tokenizer_load(argv[1], NULL, 0, &error);
    g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(guint32));
    int rounds = argc > 3 ? atoi(argv[3]) : 5;
    double best = 0;
    guint64 count = 0;
    if (!tokenizer || !g_file_get_contents(argv[2], &text, &length, &error)) {
        fprintf(stderr, "bench_tokenize: %s\n", error->message);
        return 3;
    }
    for (int round = 0; round < rounds; round++) {
        double begun = cpu_seconds();
        count = encode_lines(tokenizer, text, length, ids, &error);
        double speed = (double)length / 1e6 / (cpu_seconds() - begun);
        best = MAX(best, speed);
    }
    printf("{\"bytes\": %" G_GSIZE_FORMAT ", \"ids\": %" G_GUINT64_FORMAT ", \"mb_per_second\": %.1f}\n", length, count, best);
    return 0;
}
