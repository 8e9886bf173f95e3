/* SPDX-License-Identifier: Apache-2.0
 * The rule "personal": what stands in fields of personal health information becomes "[masked]"; see cleaning/personal.h. */
#include "cleaning/personal.h"

#include <string.h>

#include "cleaning/digits.h"
#include "cleaning/edit.h"
#include "cleaning/label.h"
#include "cleaning/rules.h"

#define VALUE_LIMIT 40
#define PREFIX_LIMIT 4 /* letters before the digits of a record number */

/* The longer of two that end alike first. */
static const Label numbers[] = {
    LABEL("medical record number"), LABEL("medical record no"), LABEL("medical record"), LABEL("mrn"),
    LABEL("hospital number"), LABEL("hospital no"), LABEL("patient id"), LABEL("patient identifier"), LABEL("patient number"),
    LABEL("patient no"), LABEL("chart number"), LABEL("ssn"), LABEL("social security number"), LABEL("social security no"),
    LABEL("nhs number"), LABEL("nhs no"), LABEL("insurance number"), LABEL("insurance id"), LABEL("medicare number"),
    LABEL("medicaid number"), LABEL("health card number"), LABEL("policy number"), LABEL("passport number"),
};
static const Label dates[] = {LABEL("date of birth"), LABEL("birth date"), LABEL("birthdate"), LABEL("dob"), LABEL("d.o.b")};
static const Label names[] = {LABEL("patient name"), LABEL("patient's name"), LABEL("name of patient"), LABEL("name of the patient")};

/* Behind a record number from `at` on: letters, digits and hyphens, four digits at least; 0: it is none. */
static gsize number_end(const char *text, gsize at, gsize length)
{
    gsize end = at, limit = MIN(length, at + VALUE_LIMIT), digits = 0;
    for (; end < limit && (g_ascii_isalnum(text[end]) || text[end] == '-'); end++)
        digits += g_ascii_isdigit(text[end]) != 0;
    while (end > at && text[end - 1] == '-')
        end--;
    gboolean decimal = end + 1 < length && (text[end] == '.' || text[end] == ',') && g_ascii_isdigit(text[end + 1]);
    return digits >= 4 && end < limit + (limit == length) && !decimal && !(end < length && text[end] == '%') ? end : 0;
}

static gboolean is_month(const char *text, gsize length)
{
    static const char *const months[] = {"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"};
    for (gsize i = 0; length >= 3 && i < G_N_ELEMENTS(months); i++)
        if (g_ascii_strncasecmp(text, months[i], 3) == 0)
            return TRUE;
    return FALSE;
}

/* Behind a date from `at` on, "12/03/1965", "12 March 1965", "March 12, 1965": at least two parts, one of them of four
 * digits or three of two; 0: it is none. */
static gsize date_end(const char *text, gsize at, gsize length)
{
    gsize end = 0, years = 0, parts = 0;
    for (gsize part = at; part < length && parts < 3;) {
        gsize stop = part;
        if (g_ascii_isdigit(text[part])) {
            stop = digits_end(text, part, length);
            years += stop - part == 4;
            if (stop - part == 3 || stop - part > 4)
                return 0;
        } else {
            while (stop < length && g_ascii_isalpha(text[stop]))
                stop++;
            if (!is_month(text + part, stop - part))
                break;
        }
        parts++;
        end = stop;
        part = stop;
        while (part < length && part - stop < 2 && text[part] && strchr("/-., ", text[part]))
            part++;
        if (part == stop)
            break;
    }
    return parts >= 2 && (years || parts == 3) ? end : 0;
}

/* Behind two or three words with capitals from `at` on; 0: there are none. */
static gsize name_end(const char *text, gsize at, gsize length)
{
    gsize end = 0, words = 0;
    for (gsize word = at; word < length && words < 3 && g_ascii_isupper(text[word]);) {
        gsize stop = word + 1;
        while (stop < length && (g_ascii_isalpha(text[stop]) || (guint8)text[stop] >= 0x80 || text[stop] == '\'' || text[stop] == '-' || text[stop] == '.'))
            stop++;
        words++;
        end = stop;
        word = stop;
        while (word < length && word - stop < 2 && (text[word] == ' ' || text[word] == ','))
            word++;
    }
    return words >= 2 ? end : 0;
}

#define MARKS (SCAN_IN(':') | SCAN_IN('#') | SCAN_IN('='))

#define LETTER(c) (1u << ((c) - 'a'))

/* The last two letters of the fields' names, which few words end in: a quick no for most numbers. */
static inline gboolean may_end_field(char before, char last)
{
    static const guint32 befores[26] = {['b' - 'a'] = LETTER('o'),
                                        ['d' - 'a'] = LETTER('r') | LETTER('i'),
                                        ['e' - 'a'] = LETTER('t') | LETTER('m'),
                                        ['h' - 'a'] = LETTER('t'),
                                        ['n' - 'a'] = LETTER('r') | LETTER('s'),
                                        ['o' - 'a'] = LETTER('n'),
                                        ['r' - 'a'] = LETTER('e'),
                                        ['t' - 'a'] = LETTER('n')};
    guint letter = (guint)((guint8)last | 0x20) - 'a', letter_before = (guint)((guint8)before | 0x20) - 'a';
    if (letter >= 26)
        return FALSE;
    return letter_before < 26 ? (befores[letter] >> letter_before & 1) != 0 : before == '.' && letter == 'b' - 'a'; /* "d.o.b" */
}

/* The value at `at`, if a field's name stands before it; *end is 0 where none does. */
static gsize value_end(const char *text, gsize at, gsize length)
{
    gsize name = at;
    gboolean marked = FALSE;
    while (name > 0 && scan_in(text[name - 1], MARKS | SCAN_IN(' ') | SCAN_IN('.') | SCAN_IN('('))) {
        marked |= scan_in(text[name - 1], MARKS);
        name--;
    }
    if (name == at || name < 2 || !may_end_field(text[name - 2], text[name - 1]))
        return 0;
    if (label_before(numbers, G_N_ELEMENTS(numbers), text, 0, name) >= 0)
        return number_end(text, at, length);
    if (label_before(dates, G_N_ELEMENTS(dates), text, 0, name) >= 0)
        return date_end(text, at, length);
    return marked && label_before(names, G_N_ELEMENTS(names), text, 0, name) >= 0 ? name_end(text, at, length) : 0;
}

/* The next place from `at` on at which a value may start: a number, or whatever stands behind a colon. */
static gsize next_value(const char *text, gsize at, gsize length)
{
    for (; at + SCAN_BLOCK <= length; at += SCAN_BLOCK) {
        ScanBlock block = scan_load(text + at);
        guint mask = scan_mask((block >= '0') & (block <= ':')); /* the colon follows '9' */
        if (mask)
            return at + (gsize)__builtin_ctz(mask);
    }
    while (at < length && !(text[at] >= '0' && text[at] <= ':'))
        at++;
    return at;
}

gboolean personal_next(const char *text, gsize at, gsize length, PersonalValue *value)
{
    while ((at = next_value(text, at, length)) < length) {
        gsize start = at, next = at + 1;
        if (text[at] == ':') {
            for (start = at + 1; start < length && text[start] == ' ';)
                start++;
            next = start;
        } else {
            next = digits_end(text, at, length);
            while (start > 0 && at - start < PREFIX_LIMIT && g_ascii_isalpha(text[start - 1])) /* "A12345" */
                start--;
        }
        gsize end = start < length && g_ascii_isalnum(text[start]) ? value_end(text, start, length) : 0;
        if (end) {
            *value = (PersonalValue){start, end};
            return TRUE;
        }
        at = MAX(next, at + 1);
    }
    return FALSE;
}

guint64 rule_personal(const CleanContext *context, const char *text, gsize length, Buffer *out)
{
    Editor editor;
    PersonalValue value;
    editor_init(&editor, text, length, out);
    for (gsize at = 0; personal_next(text, at, length, &value); at = value.end)
        editor_replace(&editor, value.start, value.end, PERSONAL_MASKED, strlen(PERSONAL_MASKED));
    return editor_finish(&editor);
}
