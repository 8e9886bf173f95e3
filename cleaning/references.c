/* SPDX-License-Identifier: Apache-2.0
 * The rule "references": numeric citation marks go, "[1]", "[2,3]", "[4-7]", footnote marks "[^1]", and links that lead
 * within a document or a site, "[Table 2](#t2)", keep their text alone.
 *
 * What looks alike and stays: whatever is not numbers from 1 to 999 ("[CI]", "[18F]", "[0, 1]", "[2.2.1]"); numbers that
 * are part of a name ("[2,3]-fused", "cucurbit[7]uril") or an index ("F_[1,2]", and "t[1]" in papers whose citations are
 * [bib_ref] marks); isotopes ("[^14C]glucose"); two numbers that read as an interval ("median 45 [32-58]", "CI [12, 45]",
 * "[8-15] days"); and Galen's own marks with all that they hold. A mark left in costs little, a dose or a confidence
 * interval taken out costs the document its sense.
 */
#include "cleaning/rules.h"

#include <string.h>

#include "cleaning/edit.h"
#include "cleaning/special.h"
#include "cleaning/units.h"

#define MARK_LIMIT 256      /* bytes inside one citation mark */
#define LINK_TEXT_LIMIT 400 /* bytes of link text */

typedef struct Citation {
    gsize end; /* behind the closing bracket; 0: no citation */
    unsigned numbers;
} Citation;

static gsize skip_blanks(const char *text, gsize at, gsize length)
{
    while (at < length && text[at] == ' ')
        at++;
    return at;
}

/* The end of a hyphen, minus or dash at `at`, else `at`. */
static gsize skip_dash(const char *text, gsize at, gsize length)
{
    if (at < length && text[at] == '-')
        return at + 1;
    if (length - at < 3)
        return at;
    guint8 third = (guint8)text[at + 2];
    gboolean dash = memcmp(text + at, "\342\200", 2) == 0 && third >= 0x90 && third <= 0x95; /* U+2010 to U+2015 */
    gboolean minus = memcmp(text + at, "\342\210\222", 3) == 0;                               /* U+2212 */
    return dash || minus ? at + 3 : at;
}

static gsize skip_separator(const char *text, gsize at, gsize length)
{
    at = skip_blanks(text, at, length);
    if (at < length && (text[at] == ',' || text[at] == ';'))
        return skip_blanks(text, at + 1, length);
    return skip_blanks(text, skip_dash(text, at, length), length);
}

/* The end of a number from 1 to 999 without leading zeros, else `at`. */
static gsize skip_number(const char *text, gsize at, gsize length)
{
    gsize end = at;
    while (end < length && end - at < 4 && g_ascii_isdigit(text[end]))
        end++;
    return end - at <= 3 && end > at && text[at] != '0' ? end : at;
}

static Citation read_citation(const char *text, gsize at, gsize length)
{
    Citation citation = {0};
    gsize limit = MIN(length, at + MARK_LIMIT);
    for (at++; at < limit;) {
        gsize number = skip_blanks(text, at, limit);
        gsize end = skip_number(text, number, limit);
        if (end == number)
            return (Citation){0};
        citation.numbers++;
        at = skip_blanks(text, end, limit);
        if (at < limit && text[at] == ']') {
            citation.end = at + 1;
            return citation;
        }
        if (skip_separator(text, end, limit) == end)
            return (Citation){0};
        at = skip_separator(text, end, limit);
    }
    return (Citation){0};
}

static gboolean is_one_of(const char *word, gsize length, const char *const *list)
{
    for (; *list; list++)
        if (strlen(*list) == length && g_ascii_strncasecmp(word, *list, length) == 0)
            return TRUE;
    return FALSE;
}

static gboolean is_year(const char *word, gsize length)
{
    return length == 4 && (memcmp(word, "19", 2) == 0 || memcmp(word, "20", 2) == 0);
}

/* "median [", "45 [", "x = [": what stands before makes an interval of two numbers. */
static gboolean announces_interval(const char *text, gsize at)
{
    static const char *const words[] = {"ci", "cri", "cl", "iqr", "range", "ranges", "interval", "quartiles", "median",
                                        "mean", "sd", "between", "pi", "hdi", "=", NULL};
    gsize end = at, start;
    while (end > 0 && at - end < 4 && strchr(" :,(", text[end - 1]))
        end--;
    for (start = end; start > 0 && end - start < 24 && text[start - 1] != ' ' && text[start - 1] != '\n'; start--)
        ;
    gsize size = end - start, digits = 0;
    if (is_one_of(text + start, size, words))
        return TRUE;
    for (gsize i = start; i < end; i++) {
        if (!g_ascii_isdigit(text[i]) && !strchr(".,%+-/", text[i]))
            return FALSE;
        digits += g_ascii_isdigit(text[i]) != 0;
    }
    return digits > 0 && end < at && !is_year(text + start, size) && g_ascii_isdigit(text[end - 1]);
}

/* A mark that runs on as a word is part of a name: "[2,3]-fused", "[4]helicene". Scripts without blanks may follow. */
static gboolean runs_on(const char *text, gsize at, gsize length)
{
    if (at < length && text[at] == '-')
        at++;
    return at < length && (g_ascii_isalnum(text[at]) || ((guint8)text[at] >= 0xc3 && (guint8)text[at] <= 0xdf));
}

/* Where citations were replaced by what they cite, a number glued to a letter or digit is an index: "t[1]", "40[1]". */
static gboolean is_index(const char *text, gsize at)
{
    return at > 0 && g_ascii_isalnum(text[at - 1]);
}

/* The end of the citation at `at` and of those joined to it, "[1]-[3], [5]"; 0: none. */
static gsize citations_end(const char *text, gsize at, gsize length)
{
    Citation citation = read_citation(text, at, length);
    if (!citation.end || runs_on(text, citation.end, length))
        return 0;
    if (at > 0 && (text[at - 1] == '_' || text[at - 1] == '^'))
        return 0;
    if (citation.numbers == 2 && (announces_interval(text, at) || unit_follows(text, citation.end, length)))
        return 0;
    gsize end = citation.end;
    for (;;) {
        gsize next = skip_separator(text, end, length);
        if (next >= length || text[next] != '[')
            return end;
        citation = read_citation(text, next, length);
        if (!citation.end || runs_on(text, citation.end, length))
            return end;
        end = citation.end;
    }
}

/* "14C", "2H_2": what a label of isotopes holds, "[^14C]glucose". */
static gboolean is_isotope(const char *text, gsize from, gsize to)
{
    gsize digits = from;
    while (digits < to && g_ascii_isdigit(text[digits]))
        digits++;
    gsize letter = digits + (digits < to && text[digits] == 'm'); /* "99mTc" */
    return digits > from && letter < to && g_ascii_isupper(text[letter]);
}

/* "[^1]", and "[^1]:" at the start of a footnote. */
static gsize footnote_end(const char *text, gsize at, gsize length)
{
    gsize end = at + 2, limit = MIN(length, at + 34);
    if (end >= length || text[at + 1] != '^')
        return 0;
    while (end < limit && (g_ascii_isalnum(text[end]) || text[end] == '-' || text[end] == '_'))
        end++;
    if (end == at + 2 || end >= limit || text[end] != ']' || is_isotope(text, at + 2, end))
        return 0;
    end++;
    gboolean starts_line = at == 0 || text[at - 1] == '\n';
    return starts_line && end < length && text[end] == ':' ? end + 1 : end;
}

/* "#t2", "/wiki/Aspirin", "../a.html": a target that is surely one. "(pyrene)" behind "benzo[a]" is none. */
static gsize local_target_end(const char *text, gsize at, gsize length)
{
    static const char *const starts[] = {"#", "/", "./", "../"};
    gsize end = at, limit = MIN(length, at + 1024), i = 0;
    while (i < G_N_ELEMENTS(starts) && strncmp(text + at, starts[i], strlen(starts[i])) != 0)
        i++;
    if (i == G_N_ELEMENTS(starts))
        return 0;
    end += strlen(starts[i]);
    if (end >= limit || !(g_ascii_isalpha(text[end]) || text[end] == '_'))
        return 0;
    while (end < limit && text[end] != ')' && text[end] != '(' && text[end] != '\n' && text[end] != ' ')
        end++;
    return end < limit && text[end] == ')' ? end + 1 : 0;
}

/* Where the text of a link that opens at `at` ends, at its closing bracket; 0: none within the limit. */
static gsize link_text_end(const char *text, gsize at, gsize length)
{
    gsize depth = 0, limit = MIN(length, at + LINK_TEXT_LIMIT);
    for (gsize end = at + 1; end < limit && text[end] != '\n'; end++) {
        if (text[end] == ']' && depth-- == 0)
            return end;
        depth += text[end] == '[';
    }
    return 0;
}

static gboolean is_number_text(const char *text, gsize from, gsize to)
{
    while (from < to && (g_ascii_isdigit(text[from]) || strchr(" ,;-", text[from])))
        from++;
    return from == to;
}

/* Returns the position to go on from, or 0 when no local link opens at `at`. */
static gsize unwrap_local_link(Editor *editor, gsize at)
{
    const char *text = editor->text;
    gsize close = link_text_end(text, at, editor->length);
    if (!close || close + 2 >= editor->length || text[close + 1] != '(')
        return 0;
    gsize end = local_target_end(text, close + 2, editor->length);
    if (!end)
        return 0;
    if (is_number_text(text, at + 1, close))
        return editor_cut(editor, at, end);
    editor_replace(editor, at, end, text + at + 1, close - at - 1);
    return end;
}

/* Were the citations of this text replaced by what they cite? Asked once, when it matters. */
typedef enum { RESOLVED_UNKNOWN, RESOLVED_NO, RESOLVED_YES } Resolved;

static gboolean is_resolved(const Editor *editor, Resolved *resolved)
{
    if (*resolved == RESOLVED_UNKNOWN)
        *resolved = memmem(editor->text, editor->length, "[bib_ref]", 9) ? RESOLVED_YES : RESOLVED_NO;
    return *resolved == RESOLVED_YES;
}

static gsize edit_bracket(Editor *editor, SpecialScan *marks, Resolved *resolved, gsize at)
{
    gsize end = special_end(marks, editor->text, at, editor->length);
    if (end > at)
        return end;
    end = unwrap_local_link(editor, at);
    if (end)
        return end;
    end = footnote_end(editor->text, at, editor->length);
    if (!end && !(is_index(editor->text, at) && is_resolved(editor, resolved)))
        end = citations_end(editor->text, at, editor->length);
    return end ? editor_cut(editor, at, end) : at + 1;
}

guint64 rule_references(const CleanContext *context, const char *text, gsize length, Buffer *out)
{
    Editor editor;
    SpecialScan marks = {0};
    Resolved resolved = RESOLVED_UNKNOWN;
    editor_init(&editor, text, length, out);
    for (gsize at = 0; at < length;) {
        const char *bracket = memchr(text + at, '[', length - at);
        if (!bracket)
            break;
        at = edit_bracket(&editor, &marks, &resolved, (gsize)(bracket - text));
    }
    return editor_finish(&editor);
}
