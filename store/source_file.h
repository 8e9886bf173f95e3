/* SPDX-License-Identifier: Apache-2.0
 * store/source_file.h - a source file: one YAML file that holds everything about one source.
 *
 * It has the keys of a source of a recipe (store/recipe.h), and besides facts for people (publisher, homepage, audience,
 * country, notes), what is expected of the source, and tests: pages and what of them must come out. A recipe takes a
 * source file in with `use: TAG` or `use: path/to/file.yaml`; what the recipe's entry says itself overrides the file.
 *
 * TAG.yaml is looked for in these folders, in this order: those of the environment variable GALEN_SOURCES (separated by
 * colons), the installed $(pkgdatadir)/sources, and beside the running program ../share/galen/sources (it was installed and then
 * moved), ../scrapers/sources and scrapers/sources (a build that is not installed). A name with a slash, or that ends in .yaml, is a path; a relative one starts at
 * `folder`. Errors are GALEN_ERROR_INPUT and name file, line and place; a TAG that is not found lists the folders.
 */
#ifndef STORE_SOURCE_FILE_H
#define STORE_SOURCE_FILE_H

#include "store/recipe.h"

typedef struct SourceExpected {
    uint64_t documents; /* 0: unknown */
    uint64_t ktokens;   /* thousands of tokens; 0: unknown */
} SourceExpected;

/* A page, and what must become of it by the source's rules. */
typedef struct SourceTest {
    char *page;             /* its URL */
    char *title;            /* NULL: any */
    RecipeStrings contains; /* strings that the text must hold */
    RecipeStrings lacks;    /* strings that it must not */
    RecipeStrings chapters; /* URLs of the chapters that it must name, in order; empty: not looked at */
} SourceTest;

typedef struct SourceFile {
    RecipeSource source; /* as a recipe without any setting of its own would have it */
    const char *publisher, *homepage, *notes; /* or NULL */
    const char *audience;                     /* "doctor", "patient", "both", or NULL */
    const char *country;                      /* ISO 3166 code, "international", or NULL */
    SourceExpected expected;
    const SourceTest *tests;
    unsigned tests_count;
    char *path;
    char *text;      /* the file, as it is */
    gpointer loaded; /* source_file_free's own */
} SourceFile;

SourceFile *source_file_load(const char *path, GError **error);
void source_file_free(SourceFile *file);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SourceFile, source_file_free)

/* The path of what `use` names. `folder` NULL: the working directory. g_free. */
char *source_file_find(const char *name, const char *folder, GError **error);
/* The folders that are searched, in order; they need not exist. */
GPtrArray *source_file_folders(void);
/* The tags of all source files in these folders, sorted. */
GPtrArray *source_file_tags(void);

#endif
