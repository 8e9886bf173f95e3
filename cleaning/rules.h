/* SPDX-License-Identifier: Apache-2.0
 * cleaning/rules.h - the one table of rules: what is done to a text, in which order, and what drops a document.
 *
 * A rule reads `text` (NUL-terminated behind `length`) and writes the edited text to `out`, which it empties first; it
 * returns the number of edits. With no edit it returns 0 and `out` means nothing: the text stays. Rules are pure
 * functions, take linear time and keep no state. The first rule accepts any bytes; those behind "unicode" get valid
 * UTF-8 and give valid UTF-8. A drop looks at the cleaned text and answers FALSE, with the verdict filled in, when the
 * document must go.
 */
#ifndef CLEANING_RULES_H
#define CLEANING_RULES_H

#include "base/buffer.h"
#include "cleaning/clean.h"

typedef guint64 (*RuleEdit)(const char *text, gsize length, Buffer *out);

typedef struct CleanRule {
    const char *slug;    /* stable for years: it names counts */
    const char *summary; /* one line for people */
    gsize setting;       /* offset of the bool in RecipeClean that turns it on; RULE_ALWAYS: no such setting */
    RuleEdit edit;
} CleanRule;

#define RULE_ALWAYS G_MAXSIZE

typedef struct CleanDrop {
    const char *summary;
    gboolean (*keep)(const RecipeClean *settings, const char *text, gsize length, CleanReport *report);
} CleanDrop;

#define CLEAN_DROP_COUNT 2
extern const CleanRule clean_rules[CLEAN_RULE_COUNT];
extern const CleanDrop clean_drops[CLEAN_DROP_COUNT];

gboolean rule_is_on(const CleanRule *rule, const RecipeClean *settings);

guint64 rule_mojibake(const char *text, gsize length, Buffer *out);
guint64 rule_unicode(const char *text, gsize length, Buffer *out);
guint64 rule_urls(const char *text, gsize length, Buffer *out);
guint64 rule_references(const char *text, gsize length, Buffer *out);
guint64 rule_lists(const char *text, gsize length, Buffer *out);
guint64 rule_headings(const char *text, gsize length, Buffer *out);
guint64 rule_lines(const char *text, gsize length, Buffer *out);
guint64 rule_blank_lines(const char *text, gsize length, Buffer *out);

gboolean drop_language(const RecipeClean *settings, const char *text, gsize length, CleanReport *report);
gboolean drop_length(const RecipeClean *settings, const char *text, gsize length, CleanReport *report);

/* Fills in a verdict of the stage "clean" and answers FALSE. */
gboolean drop_document(CleanReport *report, const char *rule, double value, double threshold);

/* Code points in valid UTF-8. */
guint64 text_characters(const char *text, gsize length);

#endif
