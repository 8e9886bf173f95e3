/* SPDX-License-Identifier: Apache-2.0
 * cleaning/clean.h - the cleaning stage: every document through the table of rules, then language and length.
 *
 * clean_run is a stage (store/stage.h): reads TABLE_DOCUMENTS, writes TABLE_CLEANED and, for documents that a rule
 * drops, a verdict. *fingerprint is set whether the stage ran or was skipped; the caller frees it. Counts per source:
 * "edits:SLUG" edits, "edited:SLUG" documents, "dropped:SLUG" documents, "language:CODE" documents, "characters_in" and
 * "characters_out" code points of extracted and of saved text. Sources of the replay group are general text, source
 * code included, in which "# " and "[1]" mean other things: they get the rules that have no setting, and the drops.
 *
 * clean_text is the same for one text, without a store. The rules run in the order of cleaning/rules.c, again and again
 * until none of them finds anything to change: cleaning a clean text therefore changes nothing. Text that has not come
 * to rest after CLEAN_ROUNDS passes is built to defeat the rules and is dropped as "unstable".
 * The cleaned text is "Title, blank line, body"; without a title, or when the body already opens with it, the body.
 */
#ifndef CLEANING_CLEAN_H
#define CLEANING_CLEAN_H

#include "store/recipe.h"
#include "store/stage.h"

#define CLEAN_RULE_COUNT 8
#define CLEAN_ROUNDS 16

/* Not to be copied: the verdict points into the struct. */
typedef struct CleanReport {
    guint64 edits[CLEAN_RULE_COUNT]; /* in the order of clean_rules */
    char language[8];                /* ISO 639-1 (639-2 where that has no code); empty: unknown */
    double confidence;               /* share of the text in that language */
    gboolean dropped;
    Verdict verdict;                 /* when dropped; strings are static or lie in `detail` */
    char detail[64];
} CleanReport;

/* FALSE: dropped, and report->verdict says why. `out` (initialised, its limit at least DOCUMENT_TEXT_LIMIT) is emptied
 * and gets the cleaned text either way. `title` may be NULL. Any bytes are allowed in `title` and `text`. */
gboolean clean_text(const RecipeClean *settings, const char *title, const char *text, gsize length, Buffer *out,
                    CleanReport *report);

gboolean clean_run(StageContext *context, const Recipe *recipe, const char *predecessor, char **fingerprint,
                   GError **error);

#endif
