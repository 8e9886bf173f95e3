/* SPDX-License-Identifier: Apache-2.0
 * One spelling for each URL; see scrapers/fetch/url.h. libcurl's CURLU parses and resolves. */
#include "scrapers/fetch/url.h"

#include <curl/curl.h>
#include <string.h>

G_DEFINE_AUTOPTR_CLEANUP_FUNC(CURLU, curl_url_cleanup)

/* Escapes triple the length at most; longer input cannot come out within URL_MAX. */
#define URL_INPUT_MAX (4 * URL_MAX)

static gboolean is_unreserved(guchar byte)
{
    return g_ascii_isalnum(byte) || byte == '-' || byte == '.' || byte == '_' || byte == '~';
}

static gboolean must_be_escaped(guchar byte)
{
    return byte <= 0x20 || byte >= 0x7f || strchr("\"<>`{}|^\\", byte);
}

/* Whether a hexadecimal digit at the end would make an escape of a percent sign that stands for itself. */
static gboolean ends_in_stray_percent(const GString *out)
{
    const char *end = out->str + out->len;
    return (out->len >= 1 && end[-1] == '%') || (out->len >= 2 && end[-2] == '%' && g_ascii_isxdigit(end[-1]));
}

void url_append_escaped(GString *out, const char *text, gsize length, const char *also)
{
    for (gsize i = 0; i < length; i++) {
        guchar byte = (guchar)text[i];
        if (byte == '%' && i + 2 < length && g_ascii_isxdigit(text[i + 1]) && g_ascii_isxdigit(text[i + 2])) {
            guchar decoded = (guchar)(g_ascii_xdigit_value(text[i + 1]) << 4 | g_ascii_xdigit_value(text[i + 2]));
            if (is_unreserved(decoded) && !(g_ascii_isxdigit(decoded) && ends_in_stray_percent(out)))
                g_string_append_c(out, (char)decoded);
            else
                g_string_append_printf(out, "%%%02X", decoded);
            i += 2;
        } else if (must_be_escaped(byte) || strchr(also, byte)) {
            g_string_append_printf(out, "%%%02X", byte);
        } else {
            g_string_append_c(out, (char)byte);
        }
    }
}

/* Length of "scheme:" at the start, 0 if there is none. */
static gsize scheme_length(const char *text)
{
    if (!g_ascii_isalpha(text[0]))
        return 0;
    gsize i = 1;
    while (g_ascii_isalnum(text[i]) || text[i] == '+' || text[i] == '-' || text[i] == '.')
        i++;
    return text[i] == ':' ? i + 1 : 0;
}

static gboolean scheme_is_web(const char *text, gsize length)
{
    return (length == 5 && !g_ascii_strncasecmp(text, "http:", 5)) ||
           (length == 6 && !g_ascii_strncasecmp(text, "https:", 6));
}

/* As browsers do: blanks around a URL and line breaks inside it mean nothing, a backslash before the query is a
 * slash, and the fragment is never sent. */
static char *tidy(const char *text)
{
    GString *out = g_string_new(NULL);
    gboolean in_query = FALSE;
    while (*text && (guchar)*text <= 0x20)
        text++;
    for (; *text && *text != '#'; text++) {
        if (*text == '\t' || *text == '\n' || *text == '\r')
            continue;
        in_query |= *text == '?';
        g_string_append_c(out, *text == '\\' && !in_query ? '/' : *text);
    }
    while (out->len && (guchar)out->str[out->len - 1] <= 0x20)
        g_string_truncate(out, out->len - 1);
    return g_string_free(out, FALSE);
}

/* Escapes all but the authority, whose letters may be of any script. */
static char *escape_around_authority(const char *text)
{
    gsize start = scheme_length(text);
    GString *out = g_string_new_len(text, (gssize)start);
    if (text[start] == '/' && text[start + 1] == '/') {
        gsize end = start + 2 + strcspn(text + start + 2, "/?");
        g_string_append_len(out, text + start, (gssize)(end - start));
        start = end;
    }
    url_append_escaped(out, text + start, strlen(text + start), "");
    return g_string_free(out, FALSE);
}

static char *part(CURLU *handle, CURLUPart which, unsigned flags)
{
    char *text = NULL;
    if (curl_url_get(handle, which, &text, flags) != CURLUE_OK)
        return NULL;
    char *copy = g_strdup(text);
    curl_free(text);
    return copy;
}

/* *changed: the host is not the one that libcurl has parsed, but for upper case. */
static char *ascii_host(CURLU *handle, gboolean *changed)
{
    g_autofree char *host = part(handle, CURLUPART_HOST, 0);
    if (!host || !g_utf8_validate(host, -1, NULL))
        return NULL;
    char *ascii = g_hostname_is_non_ascii(host) ? g_hostname_to_ascii(host) : g_ascii_strdown(host, -1);
    if (!ascii)
        return NULL;
    gsize length = strlen(ascii);
    if (length > 1 && ascii[length - 1] == '.')
        ascii[--length] = '\0';
    for (const char *c = ascii; *c; c++)
        if (!g_ascii_isalnum(*c) && !strchr("-._[]:", *c))
            length = 0;
    if (length == 0 || length > 255 || ascii[0] == '.' || ascii[length - 1] == '.' || strstr(ascii, ".."))
        g_clear_pointer(&ascii, g_free);
    *changed = ascii && g_ascii_strcasecmp(host, ascii) != 0;
    return ascii;
}

static char *compose(CURLU *handle, gboolean *changed)
{
    g_autofree char *user = part(handle, CURLUPART_USER, 0);
    g_autofree char *scheme = part(handle, CURLUPART_SCHEME, 0);
    g_autofree char *host = ascii_host(handle, changed);
    g_autofree char *port = part(handle, CURLUPART_PORT, CURLU_NO_DEFAULT_PORT);
    g_autofree char *path = part(handle, CURLUPART_PATH, 0);
    g_autofree char *query = part(handle, CURLUPART_QUERY, 0);
    if (user || !scheme || !host)
        return NULL;
    GString *url = g_string_new(NULL);
    g_string_append_printf(url, "%s://%s%s%s", scheme, host, port ? ":" : "", port ? port : "");
    g_string_append(url, path && *path ? path : "/");
    if (query && *query)
        g_string_append_printf(url, "?%s", query);
    return g_string_free(url, url->len > URL_MAX);
}

char *url_resolve(const char *base, const char *reference)
{
    if (strlen(reference) > URL_INPUT_MAX)
        return NULL;
    g_autofree char *tidied = tidy(reference);
    gsize scheme = scheme_length(tidied);
    if (scheme && !scheme_is_web(tidied, scheme))
        return NULL;
    if (!base && !scheme)
        return NULL;
    if (!*tidied)
        return g_strdup(base);
    g_autofree char *escaped = escape_around_authority(tidied);
    g_autoptr(CURLU) handle = curl_url();
    if (base && curl_url_set(handle, CURLUPART_URL, base, 0) != CURLUE_OK)
        return NULL;
    if (curl_url_set(handle, CURLUPART_URL, escaped, 0) != CURLUE_OK)
        return NULL;
    gboolean changed = FALSE;
    g_autofree char *url = compose(handle, &changed);
    /* A host that was "4." or in fullwidth digits is a number only now, and numbers are IPv4 addresses. */
    return url && changed ? url_resolve(NULL, url) : g_steal_pointer(&url);
}

char *url_resolve_route(const char *base, const char *reference)
{
    char *url = url_resolve(base, reference);
    const char *fragment = strchr(reference, '#');
    if (!url || !fragment || (fragment[1] != '/' && fragment[1] != '!'))
        return url;
    GString *route = g_string_new(url);
    g_string_append_c(route, '#');
    url_append_escaped(route, fragment + 1, strlen(fragment + 1), "#");
    g_free(url);
    return g_string_free(route, route->len > URL_MAX);
}

char *url_normalise(const char *text)
{
    return url_resolve(NULL, text);
}

static const char *authority(const char *url)
{
    const char *colon = strstr(url, "://");
    return colon ? colon + 3 : url;
}

const char *url_target(const char *url)
{
    const char *start = authority(url);
    return start + strcspn(start, "/");
}

char *url_origin(const char *url)
{
    return g_strndup(url, (gsize)(url_target(url) - url));
}

char *url_host(const char *url)
{
    const char *start = authority(url);
    const char *end = *start == '[' ? start + strcspn(start, "]") : start;
    return g_strndup(start, (gsize)(end - start) + strcspn(end, ":/"));
}

char *url_site(const char *url)
{
    const char *start = authority(url);
    if (g_str_has_prefix(start, "www."))
        start += 4;
    return g_strndup(start, strcspn(start, "/"));
}
