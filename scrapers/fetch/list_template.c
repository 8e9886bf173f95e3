/* SPDX-License-Identifier: Apache-2.0
 * URLs made of a value; see scrapers/fetch/list_template.h. */
#include "scrapers/fetch/list_template.h"

#include <string.h>

#include "scrapers/fetch/url.h"

#define NUMBER_DIGITS 9
#define MARK "7777777777" /* longer than any number that is counted */

/* The placeholder and what stands behind it; NULL if there is none. *step: 0 for "{}". */
static const char *find_placeholder(const char *template, const char **behind, guint64 *step)
{
    const char *open = strchr(template, '{');
    const char *close = open ? strchr(open, '}') : NULL;
    if (!close)
        return NULL;
    *behind = close + 1;
    *step = 0;
    if (close == open + 1)
        return open;
    g_autofree char *number = g_strndup(open + 1, (gsize)(close - open) - 1);
    return *number == '+' && g_ascii_string_to_unsigned(number + 1, 10, 1, 1000000, step, NULL) ? open : NULL;
}

gboolean list_template_is_good(const char *template, gboolean counts)
{
    const char *behind;
    guint64 step;
    return find_placeholder(template, &behind, &step) && !strpbrk(behind, "{}") && (counts || step == 0);
}

static void append_value(GString *out, const char *value, gboolean title)
{
    const char *kept = title ? "-._~/:,;@!*()$" : "-._~";
    for (const char *c = value; *c; c++) {
        if (g_ascii_isalnum(*c) || strchr(kept, *c))
            g_string_append_c(out, *c);
        else if (title && *c == ' ')
            g_string_append_c(out, '_');
        else
            g_string_append_printf(out, "%%%02X", (guchar)*c);
    }
}

char *list_template_fill(const char *template, const char *value, gboolean title)
{
    const char *behind;
    guint64 step;
    const char *place = find_placeholder(template, &behind, &step);
    if (!place)
        return g_strdup(template);
    GString *out = g_string_new_len(template, place - template);
    append_value(out, value, title);
    g_string_append(out, behind);
    return g_string_free(out, FALSE);
}

/* The number that stands in `url` where MARK stands in `marked`; FALSE when the two differ elsewhere. */
static gboolean number_in(const char *url, const char *marked, guint64 *number)
{
    const char *mark = strstr(marked, MARK);
    const char *tail = mark ? mark + strlen(MARK) : NULL;
    gsize head = mark ? (gsize)(mark - marked) : 0;
    if (!mark || strncmp(url, marked, head) != 0 || !g_str_has_suffix(url + head, tail))
        return FALSE;
    gsize digits = strlen(url + head) - strlen(tail);
    g_autofree char *text = g_strndup(url + head, digits);
    return digits <= NUMBER_DIGITS && g_ascii_string_to_unsigned(text, 10, 0, G_MAXUINT32, number, NULL);
}

char *list_template_count(const char *template, const char *url)
{
    const char *behind;
    guint64 step, number;
    if (!find_placeholder(template, &behind, &step))
        return NULL;
    g_autofree char *sample = list_template_fill(template, MARK, FALSE);
    g_autofree char *marked = url_resolve(url, sample);
    if (!marked)
        return NULL;
    if (!number_in(url, marked, &number))
        number = step ? 0 : 1;
    g_autofree char *next = g_strdup_printf("%" G_GUINT64_FORMAT, number + MAX(step, 1));
    g_autofree char *filled = list_template_fill(template, next, FALSE);
    return url_resolve(url, filled);
}
