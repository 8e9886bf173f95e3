/* SPDX-License-Identifier: Apache-2.0
 * store/recipe_schema.h - the recipe as it stands in the file: every setting optional, so that absent and zero differ.
 *
 * Only recipe.c, recipe_source.c, recipe_search.c and source_file.c use this. A pointer is NULL where the file says nothing; these then put
 * the default. FileSource holds an entry of a recipe, which has no facts, and a source file, which has no `use`.
 */
#ifndef STORE_RECIPE_SCHEMA_H
#define STORE_RECIPE_SCHEMA_H

#include <cyaml/cyaml.h>

#include "base/yaml.h"
#include "store/recipe.h"
#include "store/source_file.h"

typedef struct FileCrawl {
    RecipeStrings start, follow, skip, pages;
    uint64_t *max_pages, *max_depth, *max_bytes;
    double *delay, *timeout;
    bool *allow_private, *ignore_robots;
    char *contact, *fetch;
    RecipeList *lists;
    unsigned lists_count;
} FileCrawl;

typedef struct FileChapters {
    RecipeStrings links, pages, skip;
    bool *headings;
} FileChapters;

typedef struct FileExtract {
    RecipeStrings content, remove, start_at, stop_at;
    char *title, *date;
    bool *tables;
    FileChapters *chapters;
} FileExtract;

typedef struct FileClean {
#define FLAG(name, ...) bool *name;
#define WHOLE(name, ...) uint64_t *name;
#define REAL(name, ...) double *name;
#define WORD(name, ...) char *name;
#define LIST(name, ...) RecipeStrings name;
    RECIPE_CLEAN_FLAGS(FLAG, FLAG)
    RECIPE_CLEAN_WHOLES(WHOLE, WHOLE)
    RECIPE_CLEAN_REALS(REAL, REAL)
    RECIPE_CLEAN_WORDS(WORD, WORD)
    RECIPE_CLEAN_LISTS(LIST, LIST)
#undef FLAG
#undef WHOLE
#undef REAL
#undef WORD
#undef LIST
} FileClean;

/* Puts what the file says in place of what *clean says; the lists are borrowed. `file` may be NULL. */
void recipe_clean_apply(RecipeClean *clean, const FileClean *file);

/* `sample: 0.1` stands for `sample: {share: 0.1}`. */
typedef struct FileSample {
    double *share;
    uint64_t *seed;
} FileSample;

extern const YamlShorthand recipe_shorthands[];

typedef struct FileSource {
    char *use;
    char *tag, *name, *format, *group;
    RecipeStrings paths;
    FileCrawl *crawl;
    FileExtract *extract;
    FileClean *clean;
    char *licence;
    bool *redistributable;
    FileSample *sample;
    unsigned *repeat;
    double *valid, *test, *weight, *max_share;
    uint64_t *max_tokens;
    char *text_field, *id_field, *compat;
    RecipeStrings abstracts;
    char *abstract_labels;
    bool *upsample;
    char *publisher, *homepage, *audience, *country, *notes; /* from here on: facts of a source file */
    SourceExpected *expected;
    SourceTest *tests;
    unsigned tests_count;
} FileSource;

typedef struct FileMetadata {
    RecipeStrings citations;
    RecipeExclusion *exclude;
    unsigned exclude_count;
} FileMetadata;

typedef struct FileJournals {
    char *list;
    double *score;
} FileJournals;

typedef struct FileCitations {
    double *top, *middle, *bottom, *lower, *upper;
} FileCitations;

typedef struct FileUpsample {
    char *reference_date;
    RecipeTypeScore *publication_types;
    unsigned publication_types_count;
    FileJournals *journals;
    RecipeAgeScore *ages;
    unsigned ages_count;
    FileCitations *citations;
} FileUpsample;

typedef struct FileDedup {
    char *preset, *unit;
    bool *ids, *urls, *exact, *titles, *near, *verify;
    uint64_t *shingle, *permutations, *bands, *rows, *min_title;
    double *threshold;
} FileDedup;

typedef struct FileContainment {
    char *action;
    double *threshold;
    uint64_t *min_words;
} FileContainment;

typedef struct FilePassages {
    char *action;
    uint64_t *min_words, *occurrences;
} FilePassages;

typedef struct FileContamination {
    char *action;
    uint64_t *ngram, *long_ngram, *min_words, *common;
    double *overlap;
    RecipeBenchmark *benchmarks;
    unsigned benchmarks_count;
} FileContamination;

/* What a source has that does not say it itself. */
typedef struct FileSplits {
    double *valid, *test;
} FileSplits;

typedef struct FileMix {
    double *replay_share, *temperature;
    uint64_t *tokens, *max_passes;
} FileMix;

typedef struct FileTokenizer {
    char *model;
    RecipeStrings special;
} FileTokenizer;

typedef struct FilePack {
    char *mode;
    uint64_t *window, *shard_tokens;
    bool *bos, *eos;
} FilePack;

typedef struct RecipeFile {
    char *name;
    uint64_t *seed;
    bool *redistributable;
    FileSource *sources;
    unsigned sources_count;
    FileMetadata *metadata;
    FileClean *clean;
    FileDedup *dedup;
    FileContainment *containment;
    FilePassages *passages;
    FileContamination *contamination;
    FileUpsample *upsample;
    FileSplits *splits;
    FileMix *mix;
    FileTokenizer *tokenizer;
    FilePack *pack;
} RecipeFile;

extern const cyaml_schema_value_t recipe_file_schema;
extern const cyaml_schema_value_t source_file_schema; /* of a FileSource */

#endif
