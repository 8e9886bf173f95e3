/* SPDX-License-Identifier: Apache-2.0
 * cleaning/boilerplate.h - lines that recur across a source: what they are, and the stages that find them.
 *
 * A line is boilerplate when it stands in at least boilerplate_share of a source's documents, and in
 * boilerplate_documents of them. Lines are compared by their letters and digits, ASCII ones without regard to case. Headings,
 * lines of fewer than boilerplate_words words or more than a thousand bytes, and lines with a number that a unit follows
 * never are: "Methods" and "5 mg daily" recur because they are what a source is about. Of a document with more lines than
 * that, the first and the last BOILERPLATE_LINES are looked at.
 *
 * boilerplate_run goes over the documents of the sources that have a share twice. The stage "lines" keeps the frequent
 * lines of each source in fixed memory (cleaning/frequent.h) with room for all that may reach the share; the stage
 * "boilerplate" counts these exactly. Both resume after a kill, and what they find depends on documents and settings alone.
 * Without a source that has a share they do nothing, and *fingerprint is the predecessor's.
 */
#ifndef CLEANING_BOILERPLATE_H
#define CLEANING_BOILERPLATE_H

#include "store/recipe.h"
#include "store/stage.h"

#define BOILERPLATE_LINES 500

/* The boilerplate of one source: hashes in ascending order. */
typedef struct Boilerplate {
    GArray *hashes; /* of guint64 */
} Boilerplate;

gboolean boilerplate_has(const Boilerplate *boilerplate, guint64 hash);

/* The hash of a line; 0: such a line is never boilerplate. */
guint64 boilerplate_hash(const char *line, gsize length, guint64 least_words);

/* Called for each line of a text that may be boilerplate, from the first to the last. */
typedef void (*BoilerplateVisit)(gpointer user, guint64 hash, gsize start, gsize end);
void boilerplate_visit(const char *text, gsize length, guint64 least_words, BoilerplateVisit visit, gpointer user);

gboolean boilerplate_run(StageContext *context, const Recipe *recipe, const char *predecessor, char **fingerprint, GError **error);

/* What boilerplate_run found: tag -> Boilerplate. NULL: error. g_hash_table_unref. */
GHashTable *boilerplate_load(StoreTxn *txn, GError **error);
/* The same for people: {tag: [{"text", "documents"}]}, the most frequent first. */
json_t *boilerplate_report(StoreTxn *txn, GError **error);

#endif
