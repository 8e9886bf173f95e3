/* SPDX-License-Identifier: Apache-2.0
 * cleaning/clean.h - the cleaning stage: every document through the table of rules, then through the drops.
 *
 * clean_run is a stage (store/stage.h): reads TABLE_DOCUMENTS, writes TABLE_CLEANED and, for documents that a drop finds
 * against, a verdict. *fingerprint is set whether the stage ran or was skipped; the caller frees it. Counts per source:
 * "edits:SLUG" edits, "edited:SLUG" documents, "dropped:SLUG" documents, "language:CODE" documents, "characters_in" and
 * "characters_out" code points of extracted and of saved text. The settings of each source are its own
 * (store/recipe_clean.h). Where some source has a boilerplate_share, the stages of cleaning/boilerplate.h run before it.
 *
 * cleaner_clean is the same for one text, without a store. The rules run in the order of cleaning/rules.c, those for
 * characters and for the whole text again and again until none of them finds anything to change: cleaning a clean text
 * therefore changes nothing. Text that has not come to rest after CLEAN_ROUNDS passes is built to defeat the rules and is
 * dropped as "unstable". The cleaned text is "Title, blank line, body"; without a title, or when the body already opens
 * with it, the body.
 *
 * Sequence: c = cleaner_new(); cleaner_clean(c, ...), then cleaner_text(c) until the next call; cleaner_free(c). A Cleaner
 * holds memory and no results: what comes out depends on the arguments alone. One thread at a time.
 */
#ifndef CLEANING_CLEAN_H
#define CLEANING_CLEAN_H

#include "store/recipe.h"
#include "store/stage.h"

#define CLEAN_RULE_COUNT 22
#define CLEAN_DROP_COUNT 25
#define CLEAN_ROUNDS 16

/* What a text is cleaned by. */
typedef struct CleanContext {
    const RecipeClean *settings;
    const struct Boilerplate *boilerplate; /* of the source (cleaning/boilerplate.h); NULL: none */
} CleanContext;

/* Not to be copied: the verdict points into the struct. */
typedef struct CleanReport {
    guint64 edits[CLEAN_RULE_COUNT]; /* in the order of clean_rules */
    char language[8];                /* ISO 639-1 (639-2 where that has no code); empty: unknown */
    double confidence;               /* share of the text in that language */
    gboolean dropped;
    Verdict verdict;                 /* when dropped; strings are static or lie in `detail` */
    char detail[64];
} CleanReport;

/* What a drop found. */
typedef struct CleanJudgement {
    const char *rule, *unit; /* unit may be NULL */
    double value, threshold;
    gboolean compared; /* the value with the threshold, as the next says; else the drop goes by more than these */
    gboolean at_least; /* what the value must be to pass: at least the threshold, or at most */
    gboolean off;      /* no value fails: the setting switches the drop off */
    gboolean passed;
} CleanJudgement;

/* Called after each application of a rule that has changed the text. Texts are borrowed. */
typedef void (*CleanWatch)(gpointer user, unsigned rule, const char *before, gsize before_length, const char *after, gsize after_length,
                           guint64 edits);

typedef struct Cleaner Cleaner;
Cleaner *cleaner_new(void);
void cleaner_free(Cleaner *cleaner);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Cleaner, cleaner_free)
void cleaner_watch(Cleaner *cleaner, CleanWatch watch, gpointer user);

/* FALSE: dropped, and report->verdict says why. `title` may be NULL. Any bytes are allowed in `title` and `text`. */
gboolean cleaner_clean(Cleaner *cleaner, const CleanContext *context, const char *title, const char *text, gsize length,
                       CleanReport *report);
/* The text of the last cleaner_clean, kept or dropped, NUL-terminated. */
const char *cleaner_text(const Cleaner *cleaner, gsize *length);
/* What every drop finds about that text, the ones behind the verdict too: all of clean_drops, values exact. */
void cleaner_judge(Cleaner *cleaner, const CleanContext *context, const CleanReport *report, CleanJudgement judgements[CLEAN_DROP_COUNT]);

/* The settings that the store was cleaned by, or is being: an object of recipe_clean_json by tag. NULL: error. */
json_t *clean_settings_get(StoreTxn *txn, GError **error);

gboolean clean_run(StageContext *context, const Recipe *recipe, const char *predecessor, char **fingerprint,
                   GError **error);

#endif
