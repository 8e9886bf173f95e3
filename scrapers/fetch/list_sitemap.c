/* SPDX-License-Identifier: Apache-2.0
 * Lists of kind sitemap (sitemaps.org 0.9): urlset, sitemapindex, lines of text; plain or gzip. See list_kinds.h.
 *
 * Sitemaps in the wild are often no well-formed XML, so only their tags are scanned. What they say of lastmod is not
 * believed: whether a page has changed is asked of the server, conditionally (crawl.h). */
#include <string.h>
#include <zlib.h>

#include "scrapers/fetch/list_kinds.h"
#include "scrapers/fetch/tag_scanner.h"
#include "scrapers/fetch/url.h"

#define UNPACKED_MAX ((gsize)64 << 20) /* the protocol allows 50 MB */
#define SNIFFED 4096
#define CDATA "<![CDATA["

static gboolean is_gzip(const HttpExchange *answer)
{
    return answer->body.length > 2 && !memcmp(answer->body.data, "\x1f\x8b", 2);
}

/* FALSE: damaged, or more than `out` may hold. */
static gboolean unpack(const HttpExchange *answer, Buffer *out)
{
    z_stream inflater = {.next_in = (Bytef *)answer->body.data, .avail_in = (uInt)answer->body.length};
    guint8 chunk[32768];
    int status = inflateInit2(&inflater, MAX_WBITS + 16);
    while (status == Z_OK && !out->overflowed) {
        inflater.next_out = chunk;
        inflater.avail_out = sizeof chunk;
        status = inflate(&inflater, Z_NO_FLUSH);
        buffer_append(out, chunk, sizeof chunk - inflater.avail_out);
    }
    inflateEnd(&inflater);
    return status == Z_STREAM_END && !out->overflowed;
}

/* The address in a <loc> whose text begins at `text`. g_free. */
static char *loc_text(const char *text, gsize length)
{
    gsize blank = 0;
    while (blank < length && g_ascii_isspace(text[blank]))
        blank++;
    text += blank;
    length -= blank;
    gboolean raw = length > strlen(CDATA) && !memcmp(text, CDATA, strlen(CDATA));
    if (raw) {
        text += strlen(CDATA);
        length -= strlen(CDATA);
    }
    length = MIN(length, 4 * URL_MAX);
    const char *end = raw ? memmem(text, length, "]]>", 3) : memchr(text, '<', length);
    TagSlice slice = {.data = text, .length = end ? (gsize)(end - text) : 0};
    return g_strstrip(raw ? g_strndup(slice.data, slice.length) : tag_value(&slice));
}

static void read_tags(const CompiledList *list, const char *url, const char *text, gsize length, ListedUrls *found)
{
    TagScanner scanner = {.data = text, .length = length};
    Tag tag;
    gboolean index = FALSE;
    while (found->links->len < LISTED_MAX && found->next->len < LISTED_MAX && tag_scanner_next(&scanner, &tag)) {
        if (tag_is(&tag, "sitemapindex"))
            index = TRUE;
        if (!tag_is(&tag, "loc"))
            continue;
        g_autofree char *address = loc_text(text + scanner.position, length - scanner.position);
        g_autofree char *target = url_resolve(url, address);
        if (target && *address && (index || list_takes(list, target)))
            listed_urls_add(index ? found->next : found->links, url, target);
    }
}

static void read_lines(const CompiledList *list, const char *url, const char *text, gsize length, ListedUrls *found)
{
    const char *end = text + length;
    while (text < end && found->links->len < LISTED_MAX) {
        const char *newline = memchr(text, '\n', (gsize)(end - text));
        const char *stop = newline ? newline : end;
        g_autofree char *line = g_strstrip(g_strndup(text, MIN((gsize)(stop - text), 4 * URL_MAX)));
        g_autofree char *target = url_normalise(line);
        if (target && list_takes(list, target))
            listed_urls_add(found->links, url, target);
        text = stop + 1;
    }
}

static gboolean looks_like_xml(const char *text, gsize length)
{
    return memmem(text, MIN(length, SNIFFED), "<urlset", 7) || memmem(text, MIN(length, SNIFFED), "<sitemapindex", 13);
}

gboolean list_sitemap_read(const CompiledList *list, const HttpExchange *answer, ListedUrls *found, char **failure)
{
    g_auto(Buffer) unpacked = {0};
    buffer_init(&unpacked, UNPACKED_MAX);
    const Buffer *body = &answer->body;
    if (is_gzip(answer)) {
        if (!unpack(answer, &unpacked)) {
            *failure = g_strdup_printf("the sitemap is damaged gzip, or unpacks to more than %" G_GSIZE_FORMAT " bytes",
                                       UNPACKED_MAX);
            return FALSE;
        }
        body = &unpacked;
    }
    const char *text = body->data ? body->data : "";
    if (looks_like_xml(text, body->length)) {
        read_tags(list, answer->url, text, body->length, found);
    } else if (memchr(text, '<', MIN(body->length, SNIFFED))) {
        *failure = g_strdup("the answer is no sitemap: it has neither <urlset> nor <sitemapindex>");
        return FALSE;
    } else {
        read_lines(list, answer->url, text, body->length, found);
    }
    return TRUE;
}

/* Without `match` a gzip file counts only when its name says what it is; unpacking every archive would cost too much. */
gboolean list_sitemap_is(const HttpExchange *answer)
{
    if (is_gzip(answer))
        return strstr(url_target(answer->url), "sitemap") != NULL;
    return answer->body.length && looks_like_xml(answer->body.data, answer->body.length);
}
