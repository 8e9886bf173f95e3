/* SPDX-License-Identifier: Apache-2.0
 * The table of rules; see cleaning/rules.h. */
#include "cleaning/rules.h"

#include <stddef.h>
#include <string.h>

#include "cleaning/boilerplate.h"
#include "cleaning/characters.h"

static gboolean has_sections(const CleanContext *context)
{
    return context->settings->start_at.count || context->settings->stop_at.count;
}

static gboolean has_removers(const CleanContext *context)
{
    return context->settings->remove_lines.count > 0;
}

static gboolean has_boilerplate(const CleanContext *context)
{
    return context->boilerplate && context->boilerplate->hashes->len > 0;
}

static gboolean has_least_words(const CleanContext *context)
{
    return context->settings->min_line_words > 0;
}

static gboolean masks(const CleanContext *context)
{
    return strcmp(context->settings->personal, PERSONAL_KEEP) != 0;
}

/* Mojibake comes before "controls" and "spaces", which would remove the control characters and non-breaking spaces that a
 * repair needs, and "nfc" last of the characters, behind all that write some. URLs come before e-mail addresses, which
 * stand in some of them, and before references, so that "[1](https://...)" is a plain "[1]" when its turn comes; "personal"
 * sees telephone numbers with their label before "phones" takes the number. Headings come before "empty-sections",
 * which goes by their levels. */
#define CHARACTERS(slug, name, class, summary)                                                                         \
    {slug, summary, RULE_CHARACTERS, class, offsetof(RecipeClean, name), NULL, rule_##name}
#define TEXT(slug, setting, name, summary) {slug, summary, RULE_TEXT, 0, offsetof(RecipeClean, setting), NULL, rule_##name}
const CleanRule clean_rules[CLEAN_RULE_COUNT] = {
    {"encoding", "bytes that are no UTF-8 become U+FFFD", RULE_CHARACTERS, CHARACTER_INVALID, RULE_NO_FLAG, NULL, rule_encoding},
    CHARACTERS("mojibake", mojibake, CHARACTER_MISREAD, "UTF-8 that was once read as windows-1252 is read as UTF-8 again"),
    CHARACTERS("controls", controls, CHARACTER_CONTROL, "what no reader can see goes; every line ends with a newline"),
    CHARACTERS("spaces", spaces, CHARACTER_SPACE, "blanks of all kinds become plain ones"),
    CHARACTERS("soft-hyphens", soft_hyphens, CHARACTER_SOFT_HYPHEN, "soft hyphens go, and words broken by them are whole again"),
    CHARACTERS("ligatures", ligatures, CHARACTER_LIGATURE, "the ligatures of typesetting become letters"),
    CHARACTERS("glyphs", glyphs, CHARACTER_GLYPH, "private characters become what their font shows, or go"),
    CHARACTERS("nfc", nfc, CHARACTER_MARK, "Unicode Normalization Form C"),
    {"sections", "the source's start_at and stop_at", RULE_BODY, 0, RULE_NO_FLAG, has_sections, rule_sections},
    {"remove-lines", "lines that the source's remove_lines names go", RULE_BODY, 0, RULE_NO_FLAG, has_removers, rule_remove_lines},
    {"boilerplate", "lines that recur across the source go", RULE_BODY, 0, RULE_NO_FLAG, has_boilerplate, rule_boilerplate},
    {"short-lines", "lines of fewer words than min_line_words go", RULE_BODY, 0, RULE_NO_FLAG, has_least_words, rule_short_lines},
    TEXT("urls", urls, urls, "URLs go; links keep their text"),
    TEXT("emails", emails, emails, "e-mail addresses go"),
    {"personal", "record numbers, birth dates and names of patients are masked", RULE_TEXT, 0, RULE_NO_FLAG, masks, rule_personal},
    TEXT("phones", phones, phones, "telephone and fax numbers go"),
    TEXT("references", references, references, "numeric citation marks go; local links keep their text"),
    TEXT("lists", lists, lists, "bullets of all kinds become \"- \""),
    TEXT("headings", headings, headings, "levels from \"#\" to \"###\" without gaps"),
    TEXT("empty-sections", empty_sections, empty_sections, "headings with nothing below them go"),
    TEXT("lines", lines_without_letters, lines, "lines without a letter or a digit go"),
    TEXT("blank-lines", blank_lines, blank_lines, "one blank line at most, no blanks at line ends"),
};

gboolean rule_is_on(const CleanRule *rule, const CleanContext *context)
{
    if (rule->flag != RULE_NO_FLAG)
        return *(const bool *)((const char *)context->settings + rule->flag);
    return !rule->is_on || rule->is_on(context);
}
