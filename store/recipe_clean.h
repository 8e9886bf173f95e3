/* SPDX-License-Identifier: Apache-2.0
 * store/recipe_clean.h - the settings of cleaning: one table, of which the struct, the file's schema, the defaults, the
 * overrides and the canonical text are made. docs/recipe.md tells what each of them does.
 *
 * A source's settings come from four layers; a later one replaces what it names: the defaults, the recipe's `clean`, the
 * `clean` of the source file, the `clean` of the recipe's entry. Sources of the group replay are general text, source code
 * included: for them a setting of the kind PROSE is back at its last column after the recipe's `clean`, so that only the
 * source itself can turn it on.
 *
 * To add a setting: a line in the table of its type, and one in docs/recipe.md.
 */
#ifndef STORE_RECIPE_CLEAN_H
#define STORE_RECIPE_CLEAN_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/json.h"

typedef struct RecipeStrings {
    char **items;
    unsigned count;
} RecipeStrings;

/* What becomes of personal health information. */
#define PERSONAL_MASK "mask"
#define PERSONAL_DROP "drop"
#define PERSONAL_KEEP "keep"

/* Rules that are on or off: EVERY(name, default), PROSE(name, default, in replay). */
#define RECIPE_CLEAN_FLAGS(EVERY, PROSE)                                                                               \
    EVERY(mojibake, true)                                                                                              \
    EVERY(controls, true)                                                                                              \
    EVERY(spaces, true)                                                                                                \
    EVERY(soft_hyphens, true)                                                                                          \
    EVERY(ligatures, true)                                                                                             \
    EVERY(glyphs, true)                                                                                                \
    EVERY(nfc, true)                                                                                                   \
    PROSE(urls, true, false)                                                                                           \
    PROSE(emails, true, false)                                                                                         \
    PROSE(phones, true, false)                                                                                         \
    PROSE(references, true, false)                                                                                     \
    PROSE(lists, true, false)                                                                                          \
    PROSE(headings, true, false)                                                                                       \
    PROSE(empty_sections, true, false)                                                                                 \
    PROSE(lines_without_letters, true, false)                                                                          \
    PROSE(blank_lines, true, false)

/* Whole numbers. */
#define RECIPE_CLEAN_WHOLES(EVERY, PROSE)                                                                              \
    EVERY(min_characters, 200)                                                                                         \
    EVERY(min_words, 20)                                                                                               \
    EVERY(max_characters, 20000000)                                                                                    \
    PROSE(boilerplate_documents, 20, 20)                                                                               \
    PROSE(boilerplate_words, 3, 3)                                                                                     \
    PROSE(min_line_words, 0, 0)                                                                                        \
    PROSE(min_long_lines, 0, 0)

/* Shares, and other numbers with a fraction. */
#define RECIPE_CLEAN_REALS(EVERY, PROSE)                                                                               \
    PROSE(boilerplate_share, 0, 0)                                                                                     \
    EVERY(language_confidence, 0.5)                                                                                    \
    PROSE(min_word_length, 3, 0)                                                                                       \
    PROSE(max_word_length, 10, 1e9)                                                                                    \
    PROSE(max_symbols, 0.1, 1e9)                                                                                       \
    PROSE(min_words_with_letters, 0.5, 0)                                                                              \
    PROSE(max_bullet_lines, 1, 1)                                                                                      \
    PROSE(max_ellipsis_lines, 0.3, 1)                                                                                  \
    PROSE(max_duplicate_lines, 0.3, 1)                                                                                 \
    PROSE(max_duplicate_line_characters, 0.2, 1)                                                                       \
    PROSE(max_duplicate_paragraphs, 0.3, 1)                                                                            \
    PROSE(max_duplicate_paragraph_characters, 0.2, 1)                                                                  \
    PROSE(max_top_2gram, 0.2, 1)                                                                                       \
    PROSE(max_top_3gram, 0.18, 1)                                                                                      \
    PROSE(max_top_4gram, 0.16, 1)                                                                                      \
    PROSE(max_duplicate_5gram, 0.2, 1)                                                                                 \
    PROSE(max_duplicate_6gram, 0.19, 1)                                                                                \
    PROSE(max_duplicate_7gram, 0.18, 1)                                                                                \
    PROSE(max_duplicate_8gram, 0.17, 1)                                                                                \
    PROSE(max_duplicate_9gram, 0.16, 1)                                                                                \
    PROSE(max_duplicate_10gram, 0.15, 1)

/* One word of several. */
#define RECIPE_CLEAN_WORDS(EVERY, PROSE) PROSE(personal, PERSONAL_MASK, PERSONAL_KEEP)

/* Lists. One certain word alone makes a list empty, since YAML cannot: "any" for languages, "none" for the others.
 * languages is [en] by default, in replay too; the others are empty. */
#define RECIPE_CLEAN_LISTS(EVERY, PROSE)                                                                               \
    EVERY(languages, "any")                                                                                            \
    PROSE(start_at, "none")                                                                                            \
    PROSE(stop_at, "none")                                                                                             \
    PROSE(remove_lines, "none")

typedef struct RecipeClean {
#define FLAG(name, ...) bool name;
#define WHOLE(name, ...) uint64_t name;
#define REAL(name, ...) double name;
#define WORD(name, ...) const char *name;
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
} RecipeClean;

RecipeClean recipe_clean_default(void);
void recipe_clean_for_replay(RecipeClean *clean);
/* Numbers within their ranges? GALEN_ERROR_INPUT "PATH: WHERE: message". */
gboolean recipe_clean_check(const RecipeClean *clean, const char *path, const char *where, GError **error);

/* All settings as a JSON object, each under its key. */
json_t *recipe_clean_json(const RecipeClean *clean);
/* The other way. Keys that are missing are defaults. *clean borrows strings of `object`; recipe_clean_release frees the
 * lists' arrays. */
void recipe_clean_from_json(const json_t *object, RecipeClean *clean);
void recipe_clean_release(RecipeClean *clean);

#endif
