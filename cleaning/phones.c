/* SPDX-License-Identifier: Apache-2.0
 * The rule "phones": telephone and fax numbers go, with a label such as "Tel.:" directly before them.
 *
 * Papers are full of numbers, so only three shapes count:
 *   - international (ITU-T E.123): "+", a country code and groups of 8 to 15 digits in all, "+44 (0)20 7946 0958"; not
 *     "+10 000 000", groups of three being thousands;
 *   - North American: "404-555-0132", "(404) 555-0132", "1-800-555-0132", with area code and exchange from 2 upwards;
 *   - any row of 6 to 15 digits behind a label with a colon or a full stop, "Tel.: 020 7946 0958".
 * A number that runs on into letters or further digits, or that a unit follows, is no telephone number.
 */
#include <string.h>

#include "cleaning/digits.h"
#include "cleaning/edit.h"
#include "cleaning/label.h"
#include "cleaning/rules.h"
#include "cleaning/units.h"

#define LEAST_LABELLED 6
#define LEAST_INTERNATIONAL 8
#define MOST_DIGITS 15

/* The longer of two that end alike first. */
static const Label labels[] = {
    LABEL("telephone number"), LABEL("phone number"), LABEL("fax number"), LABEL("telephone no"), LABEL("phone no"), LABEL("tel no"),
    LABEL("fax no"),           LABEL("phone/fax"),    LABEL("tel/fax"),    LABEL("telephone"),    LABEL("phone"),    LABEL("tel"),
    LABEL("telefax"),          LABEL("fax"),          LABEL("facsimile"),  LABEL("mobile"),       LABEL("hotline"),
};

/* A row of groups of digits with single separators, as "(0)20 7946 0958". */
typedef struct Row {
    gsize end; /* behind the last digit */
    unsigned digits;
    unsigned groups;
    gboolean thousands; /* every group but the first has three digits, and only blanks stand between */
} Row;

static gsize skip_separator(const char *text, gsize at, gsize length)
{
    gsize next = at;
    if (next < length && text[next] == ')')
        next++;
    if (next < length && scan_in(text[next], SCAN_IN(' ') | SCAN_IN('-') | SCAN_IN('.')))
        next++;
    if (next < length && text[next] == '(')
        next++;
    return next;
}

static Row read_row(const char *text, gsize at, gsize length)
{
    Row row = {.end = at, .thousands = TRUE};
    while (at < length && g_ascii_isdigit(text[at]) && row.digits <= MOST_DIGITS) {
        gsize end = digits_end(text, at, MIN(length, at + MOST_DIGITS + 1));
        if (row.groups && (end - at != 3 || text[at - 1] != ' ' || at - 1 != row.end))
            row.thousands = FALSE;
        row.digits += (unsigned)(end - at);
        row.groups++;
        row.end = end;
        at = skip_separator(text, end, length);
    }
    return row;
}

static gboolean runs_on(const char *text, gsize at, gsize length)
{
    if (at >= length)
        return FALSE;
    if (g_ascii_isalnum(text[at]) || (guint8)text[at] >= 0x80 || strchr("%/@_", text[at]) || unit_follows(text, at, length))
        return TRUE;
    return (text[at] == '-' || text[at] == '.' || text[at] == ',') && at + 1 < length && g_ascii_isalnum(text[at + 1]);
}

static gboolean is_attached(const char *text, gsize start)
{
    const guint64 joints = SCAN_IN('-') | SCAN_IN('.') | SCAN_IN('/') | SCAN_IN('+') | SCAN_IN('$') | SCAN_IN('#') | SCAN_IN('=') |
                           SCAN_IN('<') | SCAN_IN('>');
    return start > 0 && (g_ascii_isalnum(text[start - 1]) || (guint8)text[start - 1] >= 0x80 || text[start - 1] == '_' ||
                         scan_in(text[start - 1], joints));
}

/* The end of "+44 ..." whose first digit is at `at`, behind the "+"; 0: it is none. */
static gsize international_end(const char *text, gsize at, gsize length)
{
    if (at < 1 || text[at - 1] != '+' || is_attached(text, at - 1))
        return 0;
    Row row = read_row(text, at, length);
    gboolean good = row.digits >= LEAST_INTERNATIONAL && row.digits <= MOST_DIGITS && !row.thousands && !runs_on(text, row.end, length);
    return good ? row.end : 0;
}

static gboolean has_digits(const char *text, gsize at, gsize length, gsize count)
{
    return digits_end(text, at, MIN(length, at + count + 1)) == at + count;
}

/* The end of "404-555-0132" from its area code on; 0: it is none. */
static gsize american_end(const char *text, gsize at, gsize length, gboolean bracket)
{
    if (length - at < 12 || !has_digits(text, at, length, 3) || text[at] < '2')
        return 0;
    gsize exchange = at + 4 + (bracket && text[at + 4] == ' ');
    char separator = bracket ? '-' : text[at + 3];
    if (bracket ? text[at + 3] != ')' : separator != '-' && separator != '.')
        return 0;
    if (!has_digits(text, exchange, length, 3) || text[exchange] < '2' || exchange + 8 > length || text[exchange + 3] != separator ||
        !has_digits(text, exchange + 4, length, 4))
        return 0;
    return runs_on(text, exchange + 8, length) ? 0 : exchange + 8;
}

/* An American number whose first digit is at `at`: *start is where what belongs to it begins. */
static gsize national_end(const char *text, gsize at, gsize length, gsize *start)
{
    gboolean bracket = at > 0 && text[at - 1] == '(' && at + 3 < length && text[at + 3] == ')';
    *start = at - bracket;
    if (is_attached(text, *start))
        return 0;
    if (text[at] != '1' || length - at < 14)
        return american_end(text, at, length, bracket);
    gboolean inner = text[at + 2] == '(';
    return strchr("- .", text[at + 1]) && text[at + 1] ? american_end(text, at + 2 + inner, length, inner) : 0;
}

/* Where the label that ends before `start` begins, with "Tel.:" or "Fax:" in front; `start` where there is none. */
static gsize label_start(const char *text, gsize floor, gsize start)
{
    gsize end = start;
    while (end > floor && scan_in(text[end - 1], SCAN_IN(' ') | SCAN_IN('(') | SCAN_IN('+')))
        end--;
    gsize colon = end;
    while (end > floor && scan_in(text[end - 1], SCAN_IN(' ') | SCAN_IN(':') | SCAN_IN('.')))
        end--;
    if (end == colon)
        return start;
    int label = label_before(labels, G_N_ELEMENTS(labels), text, floor, end);
    return label < 0 ? start : end - labels[label].length;
}

static gsize labelled_end(const char *text, gsize at, gsize length)
{
    Row row = read_row(text, at, length);
    return row.digits >= LEAST_LABELLED && row.digits <= MOST_DIGITS && !runs_on(text, row.end, length) ? row.end : 0;
}

/* Cuts the number that starts at `at`, if it is a telephone number; returns the position to go on from. */
static gsize edit_number(Editor *editor, gsize at)
{
    const char *text = editor->text;
    gsize length = editor->length, start = at, end = international_end(text, at, length);
    if (end)
        start = at - 1;
    else
        end = national_end(text, at, length, &start);
    gsize label = label_start(text, editor->copied, start);
    if (!end && label < start)
        end = labelled_end(text, at, length);
    if (!end)
        return digits_end(text, at, length);
    if (start > editor->copied && text[start - 1] == '(' && end < length && text[end] == ')')
        return editor_cut(editor, MIN(label, start - 1), end + 1);
    return editor_cut(editor, label, end);
}

guint64 rule_phones(const CleanContext *context, const char *text, gsize length, Buffer *out)
{
    Editor editor;
    editor_init(&editor, text, length, out);
    for (gsize at = 0; (at = digits_find(text, at, length)) < length;)
        at = edit_number(&editor, at);
    return editor_finish(&editor);
}
