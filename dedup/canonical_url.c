/* SPDX-License-Identifier: Apache-2.0
 * The canonical form of a web address; see dedup/canonical_url.h. */
#include "dedup/canonical_url.h"

#include <curl/curl.h>
#include <string.h>

/* No real address is longer. */
#define LONGEST 8192

static char *part_of(CURLU *handle, CURLUPart part)
{
    char *text = NULL;
    if (curl_url_get(handle, part, &text, part == CURLUPART_PORT ? CURLU_NO_DEFAULT_PORT : 0) != CURLUE_OK)
        return NULL;
    char *copy = g_strdup(text);
    curl_free(text);
    return copy;
}

static gboolean needs_no_escape(int byte)
{
    return byte > 0 && (g_ascii_isalnum(byte) || strchr("-._~", byte));
}

/* Escapes in upper case, and none that are not needed. */
static void append_unescaped(GString *out, const char *text)
{
    for (; *text; text++) {
        int high = text[0] == '%' ? g_ascii_xdigit_value(text[1]) : -1;
        int low = high >= 0 ? g_ascii_xdigit_value(text[2]) : -1;
        if (low < 0) {
            g_string_append_c(out, *text);
            continue;
        }
        if (needs_no_escape(high << 4 | low))
            g_string_append_c(out, (char)(high << 4 | low));
        else
            g_string_append_printf(out, "%%%02X", (unsigned)(high << 4 | low));
        text += 2;
    }
}

static void drop_end(GString *out, const char *end)
{
    if (g_str_has_suffix(out->str, end))
        g_string_truncate(out, out->len - strlen(end));
}

static void append_path(GString *out, const char *path)
{
    append_unescaped(out, path ? path : "");
    drop_end(out, "/index.html");
    drop_end(out, "/index.htm");
    drop_end(out, "/index.php");
    drop_end(out, "/");
}

static gboolean counts_visitors(const char *parameter)
{
    static const char *const names[] = {"gclid", "fbclid", "msclkid", "dclid", "yclid", "igshid", "mc_cid", "mc_eid", "_ga", "_gl"};
    gsize length = strcspn(parameter, "=");
    if (g_str_has_prefix(parameter, "utm_"))
        return TRUE;
    for (unsigned i = 0; i < G_N_ELEMENTS(names); i++) {
        if (strlen(names[i]) == length && strncmp(names[i], parameter, length) == 0)
            return TRUE;
    }
    return FALSE;
}

static int compare_parameters(gconstpointer a, gconstpointer b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void append_query(GString *out, const char *query)
{
    g_auto(GStrv) parameters = g_strsplit(query ? query : "", "&", -1);
    guint count = g_strv_length(parameters);
    char mark = '?';
    qsort(parameters, count, sizeof parameters[0], compare_parameters);
    for (guint i = 0; i < count; i++) {
        if (!*parameters[i] || counts_visitors(parameters[i]))
            continue;
        g_string_append_c(out, mark);
        append_unescaped(out, parameters[i]);
        mark = '&';
    }
}

static char *assemble(CURLU *handle)
{
    g_autofree char *scheme = part_of(handle, CURLUPART_SCHEME), *host = part_of(handle, CURLUPART_HOST);
    g_autofree char *port = part_of(handle, CURLUPART_PORT), *path = part_of(handle, CURLUPART_PATH);
    g_autofree char *query = part_of(handle, CURLUPART_QUERY), *fragment = part_of(handle, CURLUPART_FRAGMENT);
    if (!host || !*host || !scheme || (strcmp(scheme, "http") != 0 && strcmp(scheme, "https") != 0))
        return NULL;
    g_autofree char *lower = g_ascii_strdown(host, -1);
    GString *out = g_string_new(g_str_has_prefix(lower, "www.") ? lower + 4 : lower);
    drop_end(out, ".");
    if (port)
        g_string_append_printf(out, ":%s", port);
    append_path(out, path);
    append_query(out, query);
    if (fragment && (*fragment == '!' || *fragment == '/'))
        g_string_append_printf(out, "#%s", fragment);
    return g_string_free(out, FALSE);
}

char *canonical_url(const char *url)
{
    if (strlen(url) > LONGEST)
        return NULL;
    CURLU *handle = curl_url();
    char *result = NULL;
    if (handle && curl_url_set(handle, CURLUPART_URL, url, 0) == CURLUE_OK)
        result = assemble(handle);
    curl_url_cleanup(handle);
    return result;
}
