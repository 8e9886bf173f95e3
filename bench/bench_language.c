/* SPDX-License-Identifier: Apache-2.0
 * bench_language FILE [ROUNDS]: which language each text is in, and how fast that is found. For bench/language.
 *
 * FILE holds texts with a NUL between them. A line for each: what language_measure says, what CLD2 says alone, and the shares
 * of function words for and against English. Then, on standard error, megabytes a second of processor time of both; the words of
 * language_measure are split anew each time, which the stage does for other measures anyway. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cleaning/language.h"

static Cld2Guess guess_ours(Measure *measure, const char *text, gsize length)
{
    measure_begin(measure, text, length, FALSE);
    return language_measure(measure);
}

static Cld2Guess guess_cld2(Measure *measure, const char *text, gsize length)
{
    return language_detect(text, length);
}

static double processor_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static void print_guesses(const char *data, gsize length)
{
    g_auto(Measure) measure = {0};
    for (gsize at = 0; at < length; at += strlen(data + at) + 1) {
        gsize size = strlen(data + at);
        Cld2Guess ours = guess_ours(&measure, data + at, size), cld2 = guess_cld2(&measure, data + at, size);
        EnglishShares shares = english_shares(&measure.english, measure_words(&measure), measure.text);
        printf("%s %s %.4f %.4f\n", ours.language[0] ? ours.language : "-", cld2.language[0] ? cld2.language : "-",
               shares.with, shares.against);
    }
}

static void print_speed(const char *name, Cld2Guess (*guess)(Measure *, const char *, gsize), const char *data, gsize length, int rounds)
{
    g_auto(Measure) measure = {0};
    double best = 1e9;
    for (int round = 0; round < rounds; round++) {
        double start = processor_seconds();
        for (gsize at = 0; at < length; at += strlen(data + at) + 1)
            guess(&measure, data + at, strlen(data + at));
        best = MIN(best, processor_seconds() - start);
    }
    fprintf(stderr, "%s %.1f\n", name, (double)length / 1e6 / best);
}

int main(int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *data = NULL;
    gsize length;
    int rounds = argc > 2 ? MAX(atoi(argv[2]), 1) : 3;
    if (argc < 2 || !g_file_get_contents(argv[1], &data, &length, &error)) {
        fprintf(stderr, argc < 2 ? "usage: bench_language FILE [ROUNDS]\n" : "bench_language: %s\n", error ? error->message : "");
        return argc < 2 ? 2 : 3;
    }
    print_guesses(data, length);
    print_speed("galen", guess_ours, data, length, rounds);
    print_speed("cld2", guess_cld2, data, length, rounds);
    return 0;
}
