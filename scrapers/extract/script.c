/* SPDX-License-Identifier: Apache-2.0
 * What a superscript or subscript means; see script.h. */
#include "scrapers/extract/script.h"

#include <string.h>

#define SCRIPT_BYTES 64
#define WORD_LETTERS 4 /* words this long have no exponents */

static gboolean has_link(xmlNode *element)
{
    for (const xmlNode *node = element->parent; node && !tag_is_block(tag_of(node)); node = node->parent)
        if (tag_of(node) == GUMBO_TAG_A)
            return TRUE;
    for (xmlNode *node = element; node; node = page_next(node, element, TRUE))
        if (tag_of(node) == GUMBO_TAG_A && page_attribute(node, "href"))
            return TRUE;
    return FALSE;
}

/* "1", "1,2", "3-5", "1, 4 6" */
static gboolean is_number_list(const char *text)
{
    gboolean digit = FALSE;
    for (; *text; text = g_utf8_next_char(text)) {
        gunichar c = g_utf8_get_char(text);
        if (g_unichar_isdigit(c))
            digit = TRUE;
        else if (c != ',' && c != ';' && c != ' ' && c != '-' && c != 0x2010 && c != 0x2011 && c != 0x2013)
            return FALSE;
    }
    return digit;
}

static gboolean is_ending(const char *text)
{
    static const char *const endings[] = {"st", "nd", "rd", "th", "er", "re", "e",  "ère", "ème", "eme", "nde", "o",
                                          "a",  "os", "as", "me", "le", "tm", "sm", "®",   "™",   "©",   "º",   "ª"};
    g_autofree char *lower = g_utf8_strdown(text, -1);
    for (gsize i = 0; i < G_N_ELEMENTS(endings); i++)
        if (strcmp(lower, endings[i]) == 0)
            return TRUE;
    return FALSE;
}

static gboolean is_note_sign(const char *text)
{
    for (; *text; text = g_utf8_next_char(text)) {
        gunichar c = g_utf8_get_char(text);
        if (c != '*' && c != 0x2020 && c != 0x2021 && c != 0xa7 && c != 0xb6 && c != '#' && c != ' ' && c != ',' &&
            c != 0x2016 && c != 0x2191)
            return FALSE;
    }
    return TRUE;
}

/* Letters directly before the end of the text. */
static guint letters_before(const char *before, gsize length)
{
    guint letters = 0;
    const char *at = before + length;
    while (at > before) {
        at = g_utf8_prev_char(at);
        if (!g_unichar_isalpha(g_utf8_get_char(at)))
            break;
        letters++;
    }
    return letters;
}

/* Whether a number can be the power of the word before the end: a variable or a unit of measure. */
static gboolean takes_a_power(const char *before, gsize length, guint letters)
{
    static const char *const units[] = {"cm", "mm", "km", "dm", "nm", "µm", "μm", "um", "kg", "sec",
                                        "min", "in", "ft", "yd", "mL", "ml", "dL", "dl", "log", "hr"};
    if (letters == 1)
        return TRUE;
    for (gsize i = 0; i < G_N_ELEMENTS(units); i++) {
        gsize bytes = strlen(units[i]);
        if (g_utf8_strlen(units[i], -1) == letters && bytes <= length &&
            memcmp(before + length - bytes, units[i], bytes) == 0)
            return TRUE;
    }
    return FALSE;
}

/* "<sup>2</sup> = 0.77" */
static gboolean is_compared(const xmlNode *element)
{
    const char *text = element->next && element->next->type == XML_TEXT_NODE ? (const char *)element->next->content : "";
    while (g_ascii_isspace(*text))
        text++;
    return *text && strchr("=<>", *text);
}

/* Without the blanks at the end where these stand between a unit of measure or a variable and its power:
 * "0.3 kWh/m <sup>2</sup>", "R <sup>2</sup> = 0.8". */
static gsize length_to_base(const xmlNode *element, const char *before, gsize length)
{
    gsize end = length;
    while (end && before[end - 1] == ' ')
        end--;
    guint letters = letters_before(before, end);
    const char *word = before + end;
    for (guint i = 0; i < letters; i++)
        word = g_utf8_prev_char(word);
    while (word > before && word[-1] == ' ')
        word--;
    gboolean measures = letters && word > before && (word[-1] == '/' || g_ascii_isdigit(word[-1]));
    return (measures || (letters && is_compared(element))) && takes_a_power(before, end, letters) ? end : length;
}

/* "1." and "N." before "o" or "er": the point of an abbreviation, not of a sentence, as Spanish writes ordinals. */
static gboolean is_abbreviated(const char *before, gsize length)
{
    if (length < 2 || before[length - 1] != '.')
        return FALSE;
    char last = before[length - 2];
    return g_ascii_isdigit(last) || (g_ascii_tolower(last) == 'n' && letters_before(before, length - 1) == 1);
}

static ScriptKind kind_of_superscript(xmlNode *element, const char *text, const char *before, gsize length)
{
    gunichar last = length ? g_utf8_get_char(g_utf8_prev_char(before + length)) : ' ';
    guint letters = letters_before(before, length);
    gboolean after_digit = g_unichar_isdigit(last);
    if (!*text || text[0] == '[' || is_note_sign(text) || (text[0] == '(' && is_number_list(text + 1)))
        return SCRIPT_MARK;
    if (is_ending(text) && (after_digit || letters || is_abbreviated(before, length)) && strcmp(text, "a") != 0 && strcmp(text, "e") != 0)
        return SCRIPT_PLAIN;
    if (is_ending(text) && after_digit)
        return SCRIPT_PLAIN;
    if (has_link(element) && g_utf8_strlen(text, -1) <= 24)
        return SCRIPT_MARK;
    gboolean sentence_ends = strchr(".,;:!?\"", (int)MIN(last, 0x7f)) || last == 0x201d || last == 0x2019 || last == 0xbb;
    gboolean power = g_ascii_isdigit(text[0]) && letters ? takes_a_power(before, length, letters) : TRUE;
    if (is_number_list(text) && (sentence_ends || !power || g_unichar_isspace(last) || strpbrk(text, ",;")))
        return SCRIPT_MARK;
    gboolean single = g_ascii_islower(text[0]) && !text[1];
    if (single && (letters >= WORD_LETTERS || sentence_ends))
        return SCRIPT_MARK;
    return after_digit || letters || last == ')' || last == ']' ? SCRIPT_RAISED : SCRIPT_PLAIN;
}

ScriptKind script_kind(xmlNode *element, const char *before, gsize before_length)
{
    g_autofree char *text = page_text(element, SCRIPT_BYTES);
    while (before_length && before[before_length - 1] == ' ' && tag_of(element) == GUMBO_TAG_SUB)
        before_length--;
    if (tag_of(element) == GUMBO_TAG_SUP)
        return kind_of_superscript(element, text, before, length_to_base(element, before, before_length));
    gunichar last = before_length ? g_utf8_get_char(g_utf8_prev_char(before + before_length)) : ' ';
    return g_unichar_isdigit(last) && g_unichar_isdigit(g_utf8_get_char(text)) ? SCRIPT_LOWERED : SCRIPT_PLAIN;
}
