/* SPDX-License-Identifier: Apache-2.0
 * cleaning/rules.h - the one table of rules: what is done to a text, in which order.
 *
 * A rule reads `text` (NUL-terminated behind `length`) and writes the edited text to `out`, which it empties first; it
 * returns the number of edits. With no edit it returns 0 and `out` means nothing: the text stays. Rules are pure
 * functions of the context and the text, take linear time and keep no state. "encoding" accepts any bytes; those behind
 * it get valid UTF-8 and give valid UTF-8.
 *
 * The table has three parts. Rules for characters run first, over title and body alike. Rules for the body cut what a
 * source has around its texts; they run once, before the title is put above the body. All the others, and those for
 * characters again, run over the whole until none finds anything.
 */
#ifndef CLEANING_RULES_H
#define CLEANING_RULES_H

#include "base/buffer.h"
#include "cleaning/clean.h"

typedef guint64 (*RuleEdit)(const CleanContext *context, const char *text, gsize length, Buffer *out);

typedef enum { RULE_CHARACTERS, RULE_BODY, RULE_TEXT } RulePart;

typedef struct CleanRule {
    const char *slug;    /* stable for years: it names counts */
    const char *summary; /* one line for people */
    RulePart part;
    guint needs;         /* classes of cleaning/characters.h without which it has no work; 0: it always looks */
    gsize flag;          /* offset of the bool in RecipeClean that turns it on; RULE_NO_FLAG: `is_on` decides */
    gboolean (*is_on)(const CleanContext *context); /* NULL: always on */
    RuleEdit edit;
} CleanRule;

#define RULE_NO_FLAG G_MAXSIZE

extern const CleanRule clean_rules[CLEAN_RULE_COUNT];

gboolean rule_is_on(const CleanRule *rule, const CleanContext *context);

guint64 rule_encoding(const CleanContext *context, const char *text, gsize length, Buffer *out);
guint64 rule_mojibake(const CleanContext *context, const char *text, gsize length, Buffer *out);
guint64 rule_controls(const CleanContext *context, const char *text, gsize length, Buffer *out);
guint64 rule_spaces(const CleanContext *context, const char *text, gsize length, Buffer *out);
guint64 rule_soft_hyphens(const CleanContext *context, const char *text, gsize length, Buffer *out);
guint64 rule_ligatures(const CleanContext *context, const char *text, gsize length, Buffer *out);
guint64 rule_glyphs(const CleanContext *context, const char *text, gsize length, Buffer *out);
guint64 rule_nfc(const CleanContext *context, const char *text, gsize length, Buffer *out);
guint64 rule_sections(const CleanContext *context, const char *text, gsize length, Buffer *out);
guint64 rule_remove_lines(const CleanContext *context, const char *text, gsize length, Buffer *out);
guint64 rule_boilerplate(const CleanContext *context, const char *text, gsize length, Buffer *out);
guint64 rule_short_lines(const CleanContext *context, const char *text, gsize length, Buffer *out);
guint64 rule_urls(const CleanContext *context, const char *text, gsize length, Buffer *out);
guint64 rule_emails(const CleanContext *context, const char *text, gsize length, Buffer *out);
guint64 rule_phones(const CleanContext *context, const char *text, gsize length, Buffer *out);
guint64 rule_personal(const CleanContext *context, const char *text, gsize length, Buffer *out);
guint64 rule_references(const CleanContext *context, const char *text, gsize length, Buffer *out);
guint64 rule_lists(const CleanContext *context, const char *text, gsize length, Buffer *out);
guint64 rule_headings(const CleanContext *context, const char *text, gsize length, Buffer *out);
guint64 rule_empty_sections(const CleanContext *context, const char *text, gsize length, Buffer *out);
guint64 rule_lines(const CleanContext *context, const char *text, gsize length, Buffer *out);
guint64 rule_blank_lines(const CleanContext *context, const char *text, gsize length, Buffer *out);

#endif
