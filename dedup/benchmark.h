/* SPDX-License-Identifier: Apache-2.0
 * dedup/benchmark.h - the questions of benchmarks, out of files of JSON lines.
 *
 * Any shape of record will do, as long as it is a JSON object a line: MedQA {question, options, answer}, MedMCQA
 * {question, opa, opb, ...}, PubMedQA {QUESTION, CONTEXTS, ...}, MMLU {question, choices, answer}, or just {text}.
 * RecipeBenchmark.fields says which members are texts to look for; without it, the first of "question", "QUESTION" and
 * "text" that the record has. Dots lead into objects ("context.contexts") unless a member has the whole name. A member
 * may be a string, an array or an object of strings; each string is a text of its own, of that question. Question
 * numbers run from 1 through all files of a benchmark, which are read in the recipe's order and patterns' matches sorted.
 *
 * Files may be compressed. A line that is no such object, lacks a field or has something else in it, is an error that
 * names file and line: with questions missing, nobody could say that a corpus is free of them. Blank lines are passed
 * over. A line has at most BENCHMARK_LINE_LIMIT bytes.
 *
 * Sequence: set = benchmark_set_read(recipe, visit, user, e); benchmark_set_free(set). `visit` is called for each text, in
 * order; the n-th call is for set->texts[n]. The texts themselves are not kept.
 */
#ifndef DEDUP_BENCHMARK_H
#define DEDUP_BENCHMARK_H

#include "base/hash.h"
#include "store/recipe.h"

#define BENCHMARK_LINE_LIMIT ((gsize)16 << 20)

typedef struct BenchmarkFile {
    char *name; /* as the recipe's author would write it */
    Sha256 digest;
    guint64 bytes; /* on disk */
    guint64 records;
} BenchmarkFile;

typedef struct Benchmark {
    const char *name; /* the recipe's */
    GPtrArray *files; /* of BenchmarkFile */
    guint32 questions;
} Benchmark;

typedef struct BenchmarkText {
    guint32 benchmark; /* in the recipe's list */
    guint32 question;  /* from 1 */
    const char *id;    /* NULL: the record has none */
    const char *field; /* "question", "CONTEXTS[2]", "options.A" */
} BenchmarkText;

typedef struct BenchmarkSet {
    Benchmark *benchmarks;
    unsigned count;
    GArray *texts; /* of BenchmarkText */
    GStringChunk *strings;
} BenchmarkSet;

typedef gboolean (*BenchmarkVisit)(gpointer user, const char *text, gsize length, GError **error);
BenchmarkSet *benchmark_set_read(const Recipe *recipe, BenchmarkVisit visit, gpointer user, GError **error);
void benchmark_set_free(BenchmarkSet *set);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BenchmarkSet, benchmark_set_free)

#endif
