/* SPDX-License-Identifier: Apache-2.0
 * The cookies of one crawl; see scrapers/fetch/cookies.h. */
#include "scrapers/fetch/cookies.h"

#include <curl/curl.h>
#include <string.h>

#include "scrapers/fetch/url.h"

#define SENT_MAX 8192 /* bytes of cookies in one request */

typedef struct Cookie {
    char *name, *value, *domain, *path;
    gboolean host_only, secure;
    gint64 expires; /* seconds since 1970; G_MAXINT64: with the crawl */
} Cookie;

struct Cookies {
    GHashTable *hosts; /* name of the host that set them -> GPtrArray of Cookie */
    GPtrArray *order;  /* of those arrays as they came, so that what is sent does not depend on hashing */
};

static void cookie_free(gpointer data)
{
    Cookie *cookie = data;
    g_free(cookie->name);
    g_free(cookie->value);
    g_free(cookie->domain);
    g_free(cookie->path);
    g_free(cookie);
}

Cookies *cookies_new(void)
{
    Cookies *cookies = g_new0(Cookies, 1);
    cookies->hosts = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    cookies->order = g_ptr_array_new_with_free_func((GDestroyNotify)g_ptr_array_unref);
    return cookies;
}

void cookies_free(Cookies *cookies)
{
    g_hash_table_unref(cookies->hosts);
    g_ptr_array_unref(cookies->order);
    g_free(cookies);
}

static gboolean is_below(const char *host, const char *domain)
{
    gsize host_length = strlen(host), length = strlen(domain);
    return host_length > length && host[host_length - length - 1] == '.' && g_str_has_suffix(host, domain);
}

/* FALSE: the cookie is for a place that this host does not speak for. */
static gboolean take_domain(Cookie *cookie, const char *host, const char *value)
{
    g_autofree char *domain = g_ascii_strdown(value + (*value == '.'), -1);
    if (!*domain || g_str_equal(domain, host))
        return TRUE;
    if (g_hostname_is_ip_address(host) || !is_below(host, domain) || !strchr(domain, '.'))
        return FALSE;
    g_free(cookie->domain);
    cookie->domain = g_steal_pointer(&domain);
    cookie->host_only = FALSE;
    return TRUE;
}

static void take_age(Cookie *cookie, const char *value, gint64 now)
{
    gint64 age;
    if (g_ascii_string_to_signed(value, 10, G_MININT32, G_MAXINT32, &age, NULL))
        cookie->expires = age > 0 ? now + age : 0;
}

static gboolean take_attribute(Cookie *cookie, const char *key, const char *value, const char *host, gint64 now)
{
    if (!g_ascii_strcasecmp(key, "domain"))
        return take_domain(cookie, host, value);
    if (!g_ascii_strcasecmp(key, "secure")) {
        cookie->secure = TRUE;
    } else if (!g_ascii_strcasecmp(key, "max-age")) {
        take_age(cookie, value, now);
    } else if (!g_ascii_strcasecmp(key, "expires") && cookie->expires == G_MAXINT64) {
        time_t date = curl_getdate(value, NULL);
        cookie->expires = date == (time_t)-1 ? G_MAXINT64 : (gint64)date;
    } else if (!g_ascii_strcasecmp(key, "path") && *value == '/') {
        g_free(cookie->path);
        cookie->path = g_strdup(value);
    }
    return TRUE;
}

/* The folder of the URL's path: RFC 6265, section 5.1.4. */
static char *default_path(const char *url)
{
    const char *target = url_target(url);
    gsize length = strcspn(target, "?");
    const char *slash = memrchr(target, '/', length);
    return slash && slash > target ? g_strndup(target, (gsize)(slash - target)) : g_strdup("/");
}

static char *strip_copy(const char *text, gsize length)
{
    return g_strstrip(g_strndup(text, length));
}

/* What may not stand in a header cannot be sent back. */
static gboolean has_control(const char *text)
{
    while (*text && (!g_ascii_iscntrl(*text) || *text == '\t'))
        text++;
    return *text != '\0';
}

static Cookie *parse(const char *line, const char *host, const HttpExchange *answer)
{
    g_auto(GStrv) parts = g_strsplit(line, ";", 32);
    const char *equals = parts[0] ? strchr(parts[0], '=') : NULL;
    if (!equals || strlen(line) > COOKIE_MAX || has_control(line))
        return NULL;
    Cookie *cookie = g_new0(Cookie, 1);
    cookie->name = strip_copy(parts[0], (gsize)(equals - parts[0]));
    cookie->value = strip_copy(equals + 1, strlen(equals + 1));
    cookie->domain = g_strdup(host);
    cookie->path = default_path(answer->url);
    cookie->host_only = TRUE;
    cookie->expires = G_MAXINT64;
    gboolean good = *cookie->name != '\0';
    for (char **part = parts + 1; good && *part; part++) {
        gsize name = strcspn(*part, "=");
        g_autofree char *key = strip_copy(*part, name);
        g_autofree char *value = strip_copy(*part + name + ((*part)[name] != '\0'), strlen(*part));
        good = take_attribute(cookie, key, value, host, answer->date);
    }
    if (good)
        return cookie;
    cookie_free(cookie);
    return NULL;
}

static void store(Cookies *cookies, const char *host, Cookie *cookie)
{
    GPtrArray *list = g_hash_table_lookup(cookies->hosts, host);
    if (!list) {
        list = g_ptr_array_new_with_free_func(cookie_free);
        g_hash_table_insert(cookies->hosts, g_strdup(host), list);
        g_ptr_array_add(cookies->order, list);
    }
    for (guint i = 0; i < list->len; i++) {
        const Cookie *old = list->pdata[i];
        if (!strcmp(old->name, cookie->name) && !strcmp(old->domain, cookie->domain) &&
            !strcmp(old->path, cookie->path)) {
            g_ptr_array_remove_index(list, i);
            break;
        }
    }
    g_ptr_array_add(list, cookie);
    if (list->len > COOKIES_PER_HOST)
        g_ptr_array_remove_index(list, 0);
}

void cookies_take(Cookies *cookies, const HttpExchange *answer)
{
    if (answer->outcome != EXCHANGE_RESPONSE)
        return;
    g_autoptr(GPtrArray) lines = http_exchange_headers(answer, "Set-Cookie");
    g_autofree char *host = lines->len ? url_host(answer->url) : NULL;
    for (guint i = 0; i < lines->len; i++) {
        Cookie *cookie = parse(lines->pdata[i], host, answer);
        if (cookie)
            store(cookies, host, cookie);
    }
}

static gboolean path_matches(const char *path, const char *target)
{
    gsize length = strlen(path);
    if (strncmp(target, path, length) != 0)
        return FALSE;
    return path[length - 1] == '/' || target[length] == '/' || target[length] == '?' || !target[length];
}

static gboolean is_for(const Cookie *cookie, const char *host, const char *url, gint64 now)
{
    gboolean same = g_str_equal(host, cookie->domain);
    return (same || (!cookie->host_only && is_below(host, cookie->domain))) && cookie->expires > now &&
           (!cookie->secure || g_str_has_prefix(url, "https:")) && path_matches(cookie->path, url_target(url));
}

char *cookies_for(const Cookies *cookies, const char *url, gint64 now)
{
    g_autofree char *host = url_host(url);
    g_autoptr(GString) line = g_string_new(NULL);
    for (guint i = 0; i < cookies->order->len; i++) {
        const GPtrArray *list = cookies->order->pdata[i];
        for (guint j = 0; j < list->len; j++) {
            const Cookie *cookie = list->pdata[j];
            gboolean fits = line->len + strlen(cookie->name) + strlen(cookie->value) + 3 < SENT_MAX;
            if (fits && is_for(cookie, host, url, now))
                g_string_append_printf(line, "%s%s=%s", line->len ? "; " : "", cookie->name, cookie->value);
        }
    }
    return line->len ? g_string_free(g_steal_pointer(&line), FALSE) : NULL;
}
