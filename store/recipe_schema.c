/* SPDX-License-Identifier: Apache-2.0
 * The libcyaml schemas of a recipe and of a source file: which keys there are and of which type; see store/recipe_schema.h. */
#include "store/recipe_schema.h"

#include <stddef.h>

#define OPTIONAL CYAML_FLAG_POINTER_NULL | CYAML_FLAG_OPTIONAL
#define UNSIGNED(owner, member) CYAML_FIELD_UINT_PTR(#member, OPTIONAL, owner, member)
#define BOOLEAN(owner, member) CYAML_FIELD_BOOL_PTR(#member, OPTIONAL, owner, member)
#define REAL(owner, member) CYAML_FIELD_FLOAT_PTR(#member, OPTIONAL, owner, member)
#define STRING(owner, member) CYAML_FIELD_STRING_PTR(#member, OPTIONAL, owner, member, 0, CYAML_UNLIMITED)
#define NEEDED_STRING(owner, member) CYAML_FIELD_STRING_PTR(#member, CYAML_FLAG_POINTER, owner, member, 1, CYAML_UNLIMITED)
#define MAPPING(owner, member, fields) CYAML_FIELD_MAPPING_PTR(#member, OPTIONAL, owner, member, fields)

static const cyaml_schema_value_t string_entry = {
    CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char, 0, CYAML_UNLIMITED),
};

/* A list of strings that lies in the struct itself: absent is the same as empty. */
#define STRINGS(owner, member)                                                                                         \
    {                                                                                                                  \
        .key = #member,                                                                                                \
        .value = {.type = CYAML_SEQUENCE,                                                                              \
                  .flags = CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL,                                                   \
                  .data_size = sizeof(char *),                                                                         \
                  .sequence = {.entry = &string_entry, .min = 0, .max = CYAML_UNLIMITED}},                             \
        .data_offset = offsetof(owner, member.items), .count_offset = offsetof(owner, member.count),                   \
        .count_size = sizeof(unsigned),                                                                                \
    }

#define NEEDED_REAL(owner, member) CYAML_FIELD_FLOAT(#member, CYAML_FLAG_DEFAULT, owner, member)
#define SEQUENCE(owner, member, entry)                                                                                 \
    CYAML_FIELD_SEQUENCE(#member, CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, owner, member, &(entry), 0, CYAML_UNLIMITED)

static const cyaml_schema_field_t list_fields[] = {
    STRING(RecipeList, match), NEEDED_STRING(RecipeList, kind), STRINGS(RecipeList, links),     STRING(RecipeList, link),
    STRINGS(RecipeList, next), STRING(RecipeList, next_link),   CYAML_FIELD_END,
};

static const cyaml_schema_value_t list_entry = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, RecipeList, list_fields),
};

static const cyaml_schema_field_t crawl_fields[] = {
    STRINGS(FileCrawl, start),          STRINGS(FileCrawl, follow),         STRINGS(FileCrawl, skip),
    STRINGS(FileCrawl, pages),          UNSIGNED(FileCrawl, max_pages),     UNSIGNED(FileCrawl, max_depth),
    UNSIGNED(FileCrawl, max_bytes),     REAL(FileCrawl, delay),             REAL(FileCrawl, timeout),
    BOOLEAN(FileCrawl, allow_private),  BOOLEAN(FileCrawl, ignore_robots),  STRING(FileCrawl, contact),
    STRING(FileCrawl, fetch),
    CYAML_FIELD_SEQUENCE("lists", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, FileCrawl, lists, &list_entry, 0, CYAML_UNLIMITED),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t chapters_fields[] = {
    STRINGS(FileChapters, links),    STRINGS(FileChapters, pages), STRINGS(FileChapters, skip),
    BOOLEAN(FileChapters, headings), CYAML_FIELD_END,
};

static const cyaml_schema_field_t extract_fields[] = {
    STRINGS(FileExtract, content), STRINGS(FileExtract, remove), STRINGS(FileExtract, start_at),
    STRINGS(FileExtract, stop_at), STRING(FileExtract, date),     STRING(FileExtract, title),
    BOOLEAN(FileExtract, tables),  MAPPING(FileExtract, chapters, chapters_fields),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t clean_fields[] = {
#define FLAG(name, ...) BOOLEAN(FileClean, name),
#define WHOLE(name, ...) UNSIGNED(FileClean, name),
#define REALS(name, ...) REAL(FileClean, name),
#define WORD(name, ...) STRING(FileClean, name),
#define LIST(name, ...) STRINGS(FileClean, name),
    RECIPE_CLEAN_FLAGS(FLAG, FLAG)
    RECIPE_CLEAN_WHOLES(WHOLE, WHOLE)
    RECIPE_CLEAN_REALS(REALS, REALS)
    RECIPE_CLEAN_WORDS(WORD, WORD)
    RECIPE_CLEAN_LISTS(LIST, LIST)
#undef FLAG
#undef WHOLE
#undef REALS
#undef WORD
#undef LIST
    CYAML_FIELD_END,
};

const YamlShorthand recipe_shorthands[] = {{"sample", "share"}, {0}};

static const cyaml_schema_field_t sample_fields[] = {
    REAL(FileSample, share),
    UNSIGNED(FileSample, seed),
    CYAML_FIELD_END,
};

/* What an entry of a recipe and a source file have in common. */
#define SOURCE_FIELDS                                                                                                  \
    STRING(FileSource, name), STRING(FileSource, format), STRING(FileSource, group), STRINGS(FileSource, paths),       \
        MAPPING(FileSource, crawl, crawl_fields), MAPPING(FileSource, extract, extract_fields),                        \
        MAPPING(FileSource, clean, clean_fields),                                                                      \
        STRING(FileSource, licence), BOOLEAN(FileSource, redistributable), MAPPING(FileSource, sample, sample_fields), UNSIGNED(FileSource, repeat),               \
        REAL(FileSource, valid), REAL(FileSource, test),                              \
        REAL(FileSource, weight), UNSIGNED(FileSource, max_tokens), REAL(FileSource, max_share), STRING(FileSource, text_field), STRING(FileSource, id_field), STRING(FileSource, compat),               \
        STRINGS(FileSource, abstracts), STRING(FileSource, abstract_labels), BOOLEAN(FileSource, upsample)

/* Of an entry of a recipe a source file may give everything; so recipe_source.c checks what is needed. */
static const cyaml_schema_field_t source_fields[] = {
    STRING(FileSource, use),
    STRING(FileSource, tag),
    SOURCE_FIELDS,
    CYAML_FIELD_END,
};

static const cyaml_schema_value_t source_entry = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, FileSource, source_fields),
};

static const cyaml_schema_field_t exclusion_fields[] = {
    STRING(RecipeExclusion, publication_type),
    STRING(RecipeExclusion, mesh),
    STRING(RecipeExclusion, unless),
    CYAML_FIELD_END,
};

static const cyaml_schema_value_t exclusion_entry = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, RecipeExclusion, exclusion_fields),
};

static const cyaml_schema_field_t metadata_fields[] = {
    STRINGS(FileMetadata, citations),
    SEQUENCE(FileMetadata, exclude, exclusion_entry),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t type_score_fields[] = {
    NEEDED_STRING(RecipeTypeScore, type),
    NEEDED_REAL(RecipeTypeScore, score),
    CYAML_FIELD_END,
};

static const cyaml_schema_value_t type_score_entry = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, RecipeTypeScore, type_score_fields),
};

static const cyaml_schema_field_t age_score_fields[] = {
    NEEDED_REAL(RecipeAgeScore, below),
    NEEDED_REAL(RecipeAgeScore, score),
    CYAML_FIELD_END,
};

static const cyaml_schema_value_t age_score_entry = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, RecipeAgeScore, age_score_fields),
};

static const cyaml_schema_field_t journals_fields[] = {
    NEEDED_STRING(FileJournals, list),
    REAL(FileJournals, score),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t citations_fields[] = {
    REAL(FileCitations, top),   REAL(FileCitations, middle), REAL(FileCitations, bottom),
    REAL(FileCitations, lower), REAL(FileCitations, upper),  CYAML_FIELD_END,
};

static const cyaml_schema_field_t upsample_fields[] = {
    STRING(FileUpsample, reference_date),
    SEQUENCE(FileUpsample, publication_types, type_score_entry),
    MAPPING(FileUpsample, journals, journals_fields),
    SEQUENCE(FileUpsample, ages, age_score_entry),
    MAPPING(FileUpsample, citations, citations_fields),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t dedup_fields[] = {
    STRING(FileDedup, preset),    BOOLEAN(FileDedup, ids),          BOOLEAN(FileDedup, urls),
    BOOLEAN(FileDedup, exact),    BOOLEAN(FileDedup, titles),       BOOLEAN(FileDedup, near),
    BOOLEAN(FileDedup, verify),   STRING(FileDedup, unit),          UNSIGNED(FileDedup, shingle),
    UNSIGNED(FileDedup, bands),   UNSIGNED(FileDedup, permutations), UNSIGNED(FileDedup, rows),
    UNSIGNED(FileDedup, min_title), REAL(FileDedup, threshold),     CYAML_FIELD_END,
};

static const cyaml_schema_field_t containment_fields[] = {
    STRING(FileContainment, action),
    REAL(FileContainment, threshold),
    UNSIGNED(FileContainment, min_words),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t passages_fields[] = {
    STRING(FilePassages, action),
    UNSIGNED(FilePassages, min_words),
    UNSIGNED(FilePassages, occurrences),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t benchmark_fields[] = {
    NEEDED_STRING(RecipeBenchmark, name),
    STRINGS(RecipeBenchmark, paths),
    STRINGS(RecipeBenchmark, fields),
    STRING(RecipeBenchmark, id_field),
    CYAML_FIELD_END,
};

static const cyaml_schema_value_t benchmark_entry = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, RecipeBenchmark, benchmark_fields),
};

static const cyaml_schema_field_t contamination_fields[] = {
    STRING(FileContamination, action),
    UNSIGNED(FileContamination, ngram),
    REAL(FileContamination, overlap),
    UNSIGNED(FileContamination, long_ngram),
    UNSIGNED(FileContamination, min_words),
    UNSIGNED(FileContamination, common),
    CYAML_FIELD_SEQUENCE("benchmarks", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, FileContamination, benchmarks, &benchmark_entry, 0,
                         CYAML_UNLIMITED),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t splits_fields[] = {
    REAL(FileSplits, valid),
    REAL(FileSplits, test),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t mix_fields[] = {
    REAL(FileMix, replay_share),
    UNSIGNED(FileMix, tokens),
    REAL(FileMix, temperature),
    UNSIGNED(FileMix, max_passes),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t tokenizer_fields[] = {
    STRING(FileTokenizer, model),
    STRINGS(FileTokenizer, special),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t pack_fields[] = {
    STRING(FilePack, mode),
    UNSIGNED(FilePack, window),
    UNSIGNED(FilePack, shard_tokens),
    BOOLEAN(FilePack, bos),
    BOOLEAN(FilePack, eos),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t recipe_fields[] = {
    NEEDED_STRING(RecipeFile, name),
    UNSIGNED(RecipeFile, seed),
    BOOLEAN(RecipeFile, redistributable),
    CYAML_FIELD_SEQUENCE("sources", CYAML_FLAG_POINTER, RecipeFile, sources, &source_entry, 1, CYAML_UNLIMITED),
    MAPPING(RecipeFile, metadata, metadata_fields),
    MAPPING(RecipeFile, clean, clean_fields),
    MAPPING(RecipeFile, dedup, dedup_fields),
    MAPPING(RecipeFile, containment, containment_fields),
    MAPPING(RecipeFile, passages, passages_fields),
    MAPPING(RecipeFile, contamination, contamination_fields),
    MAPPING(RecipeFile, upsample, upsample_fields),
    MAPPING(RecipeFile, splits, splits_fields),
    MAPPING(RecipeFile, mix, mix_fields),
    MAPPING(RecipeFile, tokenizer, tokenizer_fields),
    MAPPING(RecipeFile, pack, pack_fields),
    CYAML_FIELD_END,
};

const cyaml_schema_value_t recipe_file_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, RecipeFile, recipe_fields),
};

static const cyaml_schema_field_t expected_fields[] = {
    CYAML_FIELD_UINT("documents", CYAML_FLAG_OPTIONAL, SourceExpected, documents),
    CYAML_FIELD_UINT("ktokens", CYAML_FLAG_OPTIONAL, SourceExpected, ktokens),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t test_fields[] = {
    NEEDED_STRING(SourceTest, page),
    STRING(SourceTest, title),
    STRINGS(SourceTest, contains),
    STRINGS(SourceTest, lacks),
    STRINGS(SourceTest, chapters),
    CYAML_FIELD_END,
};

static const cyaml_schema_value_t test_entry = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, SourceTest, test_fields),
};

static const cyaml_schema_field_t source_file_fields[] = {
    NEEDED_STRING(FileSource, tag),
    SOURCE_FIELDS,
    STRING(FileSource, publisher),
    STRING(FileSource, homepage),
    STRING(FileSource, audience),
    STRING(FileSource, country),
    STRING(FileSource, notes),
    MAPPING(FileSource, expected, expected_fields),
    CYAML_FIELD_SEQUENCE("tests", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, FileSource, tests, &test_entry, 0, CYAML_UNLIMITED),
    CYAML_FIELD_END,
};

const cyaml_schema_value_t source_file_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, FileSource, source_file_fields),
};
