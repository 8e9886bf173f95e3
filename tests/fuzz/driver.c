/* SPDX-License-Identifier: Apache-2.0
 * Runs a fuzz target over seeded mutations of its seeds, as a TAP test.
 *
 * usage: fuzz_NAME [FILE...]     mutates the target's own seeds, and the files as further seeds
 * GALEN_FUZZ_MUTATIONS sets the number of mutations of each seed (default: 200 in all, spread over the seeds).
 * The input at hand lies in ./PROGRAM.input while it runs, so that a crash leaves it behind. One input may take at most
 * ten seconds. A target links with libFuzzer just as well: clang -fsanitize=fuzzer. */
#include <glib.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/hash.h"

#define DEFAULT_MUTATIONS 200
#define SECONDS_PER_INPUT 10
#define INPUT_LIMIT ((gsize)4 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
extern const char *const fuzz_seeds[];

typedef struct Mutator {
    guint64 seed, draws;
} Mutator;

static guint64 draw(Mutator *mutator, guint64 below)
{
    return below ? random_at(mutator->seed, "mutation", mutator->draws++) % below : 0;
}

/* Bytes that parsers trip over. */
static const char *const tokens[] = {
    "<",   ">",       "&",    "&#x0;", "&#xD800;", "&lt;",  "]]>",  "<![CDATA[", "<!--",    "-->",      "<!DOCTYPE a [<!ENTITY b \"c\">]>", "&b;",
    "\"",  "'",       "\\",   "\\u0000", "\\ud800", "{",    "}",    "[",         "]",       ",",        ":",                               "null",
    "-1",  "1e999",   "99999999999999999999", "\xff", "\xc3", "\xe2\x80", "\xf4\x90\x80\x80", "\xef\xbb\xbf", "\r\n", "\n\n\n",  "\t",  "</",
    "/>",  "xml:id=", "WARC/1.1\r\n", "Content-Length: 99999999999\r\n", "\r\n\r\n",
};

static void replace_range(Buffer *input, gsize at, gsize length, const char *bytes, gsize count)
{
    g_autofree char *tail = g_memdup2(input->data + at + length, input->length - at - length);
    gsize tail_length = input->length - at - length;
    buffer_truncate(input, at);
    buffer_append(input, bytes, count);
    if (tail_length)
        buffer_append(input, tail, tail_length);
}

static void mutate_once(Mutator *mutator, Buffer *input)
{
    gsize at = draw(mutator, input->length + 1);
    gsize span = draw(mutator, MIN(input->length - at, 64) + 1);
    char byte = (char)draw(mutator, 256);
    const char *token = tokens[draw(mutator, G_N_ELEMENTS(tokens))];
    switch (draw(mutator, 8)) {
    case 0: /* flip a bit */
        if (at < input->length)
            input->data[at] ^= (char)(1 << draw(mutator, 8));
        break;
    case 1:
        replace_range(input, at, MIN(1, input->length - at), &byte, 1);
        break;
    case 2: /* delete */
        replace_range(input, at, span, "", 0);
        break;
    case 3: /* insert a token */
        replace_range(input, at, 0, token, strlen(token));
        break;
    case 4: /* overwrite with a token */
        replace_range(input, at, MIN(strlen(token), input->length - at), token, strlen(token));
        break;
    case 5: { /* copy a piece from elsewhere, perhaps many times */
        gsize from = draw(mutator, input->length + 1), length = draw(mutator, MIN(input->length - from, 256) + 1);
        g_autofree char *piece = g_memdup2(input->data + from, length);
        for (guint64 times = draw(mutator, 10) == 0 ? 2000 : 1; times > 0 && length; times--)
            replace_range(input, at, 0, piece, length);
        break;
    }
    case 6: /* cut off the rest */
        if (draw(mutator, 4) == 0)
            buffer_truncate(input, at);
        break;
    default: /* a run of one byte */
        for (guint64 times = draw(mutator, 100); times > 0; times--)
            replace_range(input, at, 0, &byte, 1);
    }
}

static void run_input(const char *path, const Buffer *input)
{
    FILE *file = fopen(path, "wb");
    if (file) {
        fwrite(input->data, 1, input->length, file);
        fclose(file);
    }
    alarm(SECONDS_PER_INPUT);
    g_autofree uint8_t *copy = g_malloc(MAX(input->length, 1)); /* exact size, so that ASan sees every overrun; never NULL */
    if (input->length)
        memcpy(copy, input->data, input->length);
    LLVMFuzzerTestOneInput(copy, input->length);
    alarm(0);
}

static void run_seed(const char *path, const char *seed, gsize length, guint64 number, guint64 mutations)
{
    g_auto(Buffer) input;
    buffer_init(&input, INPUT_LIMIT);
    buffer_append(&input, seed, length);
    buffer_reserve(&input, 0);
    run_input(path, &input);
    for (guint64 i = 0; i < mutations; i++) {
        Mutator mutator = {number * 1000003 + i, 0};
        buffer_reset(&input);
        buffer_append(&input, seed, length);
        for (guint64 edits = 1 + draw(&mutator, 6); edits > 0; edits--)
            mutate_once(&mutator, &input);
        run_input(path, &input);
    }
}

static void out_of_time(int signal_number)
{
    static const char message[] = "not ok 1 - an input took longer than ten seconds; it lies in PROGRAM.input\n";
    if (write(STDOUT_FILENO, message, sizeof message - 1) > 0)
        _exit(1);
    _exit(1);
}

int main(int argc, char **argv)
{
    guint64 seeds = 0;
    while (fuzz_seeds[seeds])
        seeds++;
    const char *setting = g_getenv("GALEN_FUZZ_MUTATIONS");
    guint64 each = setting ? g_ascii_strtoull(setting, NULL, 10) : DEFAULT_MUTATIONS / MAX(seeds, 1) + 1;
    g_autofree char *name = g_path_get_basename(argv[0]);
    g_autofree char *path = g_strconcat(name, ".input", NULL);
    signal(SIGALRM, out_of_time);
    puts("1..1");
    fflush(stdout);
    for (guint64 i = 0; i < seeds; i++)
        run_seed(path, fuzz_seeds[i], strlen(fuzz_seeds[i]), i, each);
    for (int i = 1; i < argc; i++) {
        g_autofree char *text = NULL;
        gsize length;
        if (g_file_get_contents(argv[i], &text, &length, NULL))
            run_seed(path, text, MIN(length, INPUT_LIMIT / 2), seeds + (guint64)i, each);
    }
    unlink(path);
    printf("ok 1 - %s survives %" G_GUINT64_FORMAT " mutations of each of %" G_GUINT64_FORMAT " seeds\n", name, each, seeds + (guint64)argc - 1);
    return 0;
}
