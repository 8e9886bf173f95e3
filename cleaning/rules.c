/* SPDX-License-Identifier: Apache-2.0
 * The table of rules; see cleaning/rules.h. */
#include "cleaning/rules.h"

#include <stddef.h>

/* Mojibake comes before "unicode", which would remove the control characters and non-breaking spaces that a repair
 * needs. URLs come before references, so that "[1](https://...)" is a plain "[1]" when its turn comes. */
#define SETTING(name) offsetof(RecipeClean, name)
const CleanRule clean_rules[CLEAN_RULE_COUNT] = {
    {"mojibake", "UTF-8 that was once read as windows-1252 is read as UTF-8 again", RULE_ALWAYS, rule_mojibake},
    {"unicode", "valid UTF-8 in NFC, plain spaces and newlines, nothing invisible", RULE_ALWAYS, rule_unicode},
    {"urls", "URLs go; links keep their text", SETTING(urls), rule_urls},
    {"references", "numeric citation marks go; local links keep their text", SETTING(references), rule_references},
    {"lists", "bullets of all kinds become \"- \"", SETTING(lists), rule_lists},
    {"headings", "levels from \"#\" to \"###\" without gaps; empty sections go", SETTING(headings), rule_headings},
    {"lines", "lines without a letter or a digit go", SETTING(lines_without_letters), rule_lines},
    {"blank-lines", "one blank line at most, no blanks at line ends", SETTING(blank_lines), rule_blank_lines},
};

const CleanDrop clean_drops[CLEAN_DROP_COUNT] = {
    {"documents in a language that the recipe does not list", drop_language},
    {"documents that are too short or too long", drop_length},
};

gboolean rule_is_on(const CleanRule *rule, const RecipeClean *settings)
{
    return rule->setting == RULE_ALWAYS || *(const bool *)((const char *)settings + rule->setting);
}
