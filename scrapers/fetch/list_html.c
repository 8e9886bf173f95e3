/* SPDX-License-Identifier: Apache-2.0
 * Lists of kind html: links by XPath over the parsed page; see list_kinds.h. */
#include "scrapers/extract/charset.h"
#include "scrapers/extract/guard.h"
#include "scrapers/extract/rule_links.h"
#include "scrapers/extract/selector.h"
#include "scrapers/fetch/list_kinds.h"

static void free_expression(gpointer expression)
{
    xmlXPathFreeCompExpr(expression);
}

GPtrArray *list_html_compile(const RecipeStrings *expressions, GError **error)
{
    g_autoptr(GPtrArray) compiled = g_ptr_array_new_with_free_func(free_expression);
    for (unsigned i = 0; i < expressions->count; i++) {
        g_autofree char *xpath = selector_to_xpath(expressions->items[i], error);
        if (!xpath)
            return NULL;
        g_ptr_array_add(compiled, xmlXPathCompile(BAD_CAST xpath));
    }
    return g_steal_pointer(&compiled);
}

typedef struct LinkSink {
    const char *base;
    GPtrArray *urls;
    guint limit;
} LinkSink;

static gboolean add_link(xmlNode *node, const char *reference, gpointer user)
{
    LinkSink *sink = user;
    listed_urls_add(sink->urls, sink->base, reference);
    return sink->urls->len < sink->limit;
}

/* `each`: how many links an expression may give; 0: all. */
static gboolean evaluate_all(Page *page, const GPtrArray *expressions, const char *base, GPtrArray *urls, guint each,
                             const RecipeStrings *texts, char **failure)
{
    for (guint i = 0; i < expressions->len; i++) {
        LinkSink sink = {base, urls, each ? MIN(urls->len + each, LISTED_MAX) : LISTED_MAX};
        if (!rule_links_each(page, expressions->pdata[i], add_link, &sink)) {
            *failure = g_strdup_printf("the expression \"%s\" does not work on this page, or takes too many steps",
                                       texts->items[i]);
            return FALSE;
        }
    }
    return TRUE;
}

gboolean list_html_read(const CompiledList *list, const HttpExchange *answer, ListedUrls *found, char **failure)
{
    ParseFailure fault = {0};
    gsize length = 0;
    g_autofree char *type = http_exchange_header(answer, "Content-Type");
    const char *bytes = answer->body.data ? answer->body.data : "";
    g_autofree char *html = charset_decode(bytes, answer->body.length, type, GUARD_BYTES, &length);
    if (!html) {
        *failure = g_strdup_printf("the page passes %" G_GSIZE_FORMAT " bytes", GUARD_BYTES);
        return FALSE;
    }
    g_autoptr(Page) page = guard_check(html, length, &fault) ? page_parse(html, length, &fault) : NULL;
    if (!page) {
        *failure = g_strdup(fault.detail);
        return FALSE;
    }
    g_autofree char *base = page_base(page, answer->url);
    return evaluate_all(page, list->links, base, found->links, 0, &list->recipe->links, failure) &&
           evaluate_all(page, list->next, base, found->next, 1, &list->recipe->next, failure);
}
