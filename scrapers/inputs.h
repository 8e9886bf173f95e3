/* SPDX-License-Identifier: Apache-2.0
 * scrapers/inputs.h - the list of files that a recipe's sources stand for, in the order in which they are read.
 */
#ifndef SCRAPERS_INPUTS_H
#define SCRAPERS_INPUTS_H

#include "scrapers/formats/format.h"
#include "store/fingerprint.h"

typedef struct Input {
    const RecipeSource *source; /* NULL: a table of citations */
    const Format *format;
    char *path;
    char *name;       /* as origins and the manifest call it: relative to the recipe's inputs, or to the store */
    gboolean crawled; /* a WARC file of our own crawl */
    guint64 size;
    gint64 changed;   /* time of last change, nanoseconds */
} Input;

/* An array of Input, owned; NULL when a pattern matches nothing or a format does not exist. A folder that a pattern catches
 * without a file beside it stands for the files below it, in the order of their paths. For a crawled source the
 * input is STORE/captures/TAG.warc.gz, which must be there by now. */
GPtrArray *inputs_list(const Recipe *recipe, const char *store_directory, GError **error);
/* The tables of citations that the recipe names under `metadata`, an array of Input. */
GPtrArray *inputs_citations(const Recipe *recipe, GError **error);
/* Only the checks: that all formats exist, all selectors can be used and all patterns match. For before a crawl. */
gboolean inputs_check(const Recipe *recipe, GError **error);
/* A file's name as UTF-8, for g_free: bytes that are none become "%E9", so that two files never share a name. */
char *inputs_name_in_utf8(const char *name);
char *inputs_capture_path(const char *store_directory, const char *tag);
/* What decides what becomes of a record, as a fingerprint. */
char *inputs_settings(const Recipe *recipe);
/* The same with a line that changes whenever other files would be read. */
char *inputs_fingerprint(const Recipe *recipe, const GPtrArray *inputs);
/* Compares what inputs_fingerprint gave, but for that line, with what inputs_settings gives. */
FingerprintMatch inputs_compare_settings(const char *before, const char *now);

#endif
