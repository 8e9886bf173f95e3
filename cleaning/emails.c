/* SPDX-License-Identifier: Apache-2.0
 * The rule "emails": e-mail addresses go, with "mailto:" or a label such as "E-mail:" directly before them.
 *
 * An address is what RFC 5322 calls dot-atom "@" dot-atom, ASCII only, under a top-level domain of two letters or one of
 * the old generic ones: "pbmc@meta.data" of program code, "@WHO" and "5 mg @ 8 h" are none.
 */
#include <string.h>

#include "cleaning/edit.h"
#include "cleaning/label.h"
#include "cleaning/rules.h"

#define PART_LIMIT 64 /* bytes of a local part, and of a label of the domain (RFC 5321, RFC 1035) */

static const char *const domains[] = {"com", "org", "net", "edu", "gov", "mil", "int", "info", "biz", "name", "pro", "health", "academy"};
/* The longer of two that end alike first. */
static const Label labels[] = {
    LABEL("e-mail address"), LABEL("e-mail addresses"), LABEL("email address"), LABEL("email addresses"),
    LABEL("e-mails"),        LABEL("e-mail"),           LABEL("emails"),        LABEL("email"),
};

static gboolean is_local(char byte)
{
    return g_ascii_isalnum(byte) || (byte && strchr("._%+-", byte));
}

static gsize local_start(const char *text, gsize floor, gsize at)
{
    gsize start = at;
    while (start > floor && at - start < PART_LIMIT && is_local(text[start - 1]))
        start--;
    while (start < at && !g_ascii_isalnum(text[start]))
        start++;
    return start;
}

static gboolean is_top_level(const char *text, gsize length)
{
    for (gsize i = 0; i < length; i++)
        if (!g_ascii_isalpha(text[i]))
            return FALSE;
    if (length == 2)
        return TRUE;
    for (gsize i = 0; i < G_N_ELEMENTS(domains); i++)
        if (strlen(domains[i]) == length && g_ascii_strncasecmp(text, domains[i], length) == 0)
            return TRUE;
    return FALSE;
}

/* Where the domain that starts at `at` ends; `at` itself: there is none. */
static gsize domain_end(const char *text, gsize at, gsize length)
{
    gsize end = at;
    for (gsize label = at; label < length;) {
        gsize stop = label;
        while (stop < length && stop - label < PART_LIMIT && (g_ascii_isalnum(text[stop]) || text[stop] == '-'))
            stop++;
        if (stop == label)
            break;
        if (label > at && is_top_level(text + label, stop - label))
            end = stop;
        if (stop == length || text[stop] != '.')
            break;
        label = stop + 1;
    }
    /* "a@b.org-x": what runs on is no domain that we know. */
    return end < length && (g_ascii_isalnum(text[end]) || text[end] == '-') ? at : end;
}

static gsize skip_back(const char *text, gsize floor, gsize at, const char *bytes)
{
    while (at > floor && text[at - 1] && strchr(bytes, text[at - 1]))
        at--;
    return at;
}

/* Where "E-mail:" or "mailto:" before the address at `start` begins; `start` where there is none. */
static gsize label_start(const char *text, gsize floor, gsize start)
{
    if (start - floor >= 7 && g_ascii_strncasecmp(text + start - 7, "mailto:", 7) == 0)
        return start - 7;
    gsize colon = skip_back(text, floor, start, " ");
    gsize end = skip_back(text, floor, colon, " :");
    if (colon == floor || end == colon || text[colon - 1] != ':')
        return start;
    int label = label_before(labels, G_N_ELEMENTS(labels), text, floor, end);
    return label < 0 ? start : end - labels[label].length;
}

/* The end of the address whose local part starts at `at`; `at` itself: there is none. */
static gsize address_end(const char *text, gsize at, gsize length)
{
    gsize local = at;
    while (local < length && local - at < PART_LIMIT && is_local(text[local]))
        local++;
    if (local == at || local == length || text[local] != '@')
        return at;
    gsize end = domain_end(text, local + 1, length);
    return end > local + 1 ? end : at;
}

/* Addresses in a row, "a@x.org; b@y.org and c@z.org", go as one, so that no row of separators stays. */
static gsize row_end(const char *text, gsize end, gsize length)
{
    for (;;) {
        gsize next = end;
        while (next < length && strchr(" ,;/", text[next]) && text[next])
            next++;
        if (length - next > 4 && next > end && strncmp(text + next, "and ", 4) == 0)
            next += 4;
        gsize behind = next > end ? address_end(text, next, length) : next;
        if (behind == next)
            return end;
        end = behind;
    }
}

guint64 rule_emails(const CleanContext *context, const char *text, gsize length, Buffer *out)
{
    Editor editor;
    editor_init(&editor, text, length, out);
    for (gsize at = 0; at < length;) {
        const char *sign = memchr(text + at, '@', length - at);
        if (!sign)
            break;
        at = (gsize)(sign - text) + 1;
        gsize start = local_start(text, editor.copied, at - 1), end = domain_end(text, at, length);
        if (start < at - 1 && end > at)
            at = editor_cut(&editor, label_start(text, editor.copied, start), row_end(text, end, length));
    }
    return editor_finish(&editor);
}
