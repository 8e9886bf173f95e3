/* SPDX-License-Identifier: Apache-2.0
 * Lists of kind html: links by XPath over the parsed page; see list_kinds.h. */
#include <libxml/xpath.h>
#include <string.h>

#include "scrapers/extract/charset.h"
#include "scrapers/extract/guard.h"
#include "scrapers/extract/selector.h"
#include "scrapers/extract/tree.h"
#include "scrapers/fetch/list_kinds.h"
#include "scrapers/fetch/url.h"

/* Steps of evaluation, so that an expression that is quadratic in a hostile page ends. */
#define XPATH_OPERATIONS 20000000ul

G_DEFINE_AUTOPTR_CLEANUP_FUNC(xmlXPathContext, xmlXPathFreeContext)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(xmlXPathObject, xmlXPathFreeObject)

static void ignore_error(void *user, xmlErrorPtr error)
{
}

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

static const char *own_link(const xmlNode *element)
{
    const char *reference = page_attribute(element, "href");
    return reference ? reference : page_attribute(element, "src");
}

/* An element's own link, or else those of the elements in it. */
static void add_element(xmlNode *element, const char *base, GPtrArray *urls)
{
    const char *reference = own_link(element);
    if (reference) {
        listed_urls_add(urls, base, reference);
        return;
    }
    for (xmlNode *node = page_next(element, element, TRUE); node && urls->len < LISTED_MAX;
         node = page_next(node, element, TRUE)) {
        reference = node->type == XML_ELEMENT_NODE ? page_attribute(node, "href") : NULL;
        if (reference)
            listed_urls_add(urls, base, reference);
    }
}

static void add_node(xmlNode *node, const char *base, GPtrArray *urls)
{
    if (node->type == XML_ATTRIBUTE_NODE && node->children)
        listed_urls_add(urls, base, (const char *)node->children->content);
    else if (node->type == XML_TEXT_NODE)
        listed_urls_add(urls, base, (const char *)node->content);
    else if (node->type == XML_ELEMENT_NODE)
        add_element(node, base, urls);
}

/* FALSE: the expression did not end within its bounds. */
static gboolean evaluate(Page *page, xmlXPathCompExpr *expression, const char *base, GPtrArray *urls, guint limit)
{
    g_autoptr(xmlXPathContext) context = xmlXPathNewContext(page->doc);
    context->error = ignore_error;
    context->opLimit = XPATH_OPERATIONS;
    g_autoptr(xmlXPathObject) found = xmlXPathCompiledEval(expression, context);
    if (!found)
        return FALSE;
    if (found->type == XPATH_STRING)
        listed_urls_add(urls, base, (const char *)found->stringval);
    const xmlNodeSet *nodes = found->type == XPATH_NODESET ? found->nodesetval : NULL;
    for (int i = 0; nodes && i < nodes->nodeNr && urls->len < limit; i++)
        add_node(nodes->nodeTab[i], base, urls);
    return TRUE;
}

static gboolean evaluate_all(Page *page, const GPtrArray *expressions, const char *base, GPtrArray *urls, guint each,
                             const RecipeStrings *texts, char **failure)
{
    for (guint i = 0; i < expressions->len; i++) {
        guint limit = each ? MIN(urls->len + each, LISTED_MAX) : LISTED_MAX;
        if (!evaluate(page, expressions->pdata[i], base, urls, limit)) {
            *failure = g_strdup_printf("the expression \"%s\" does not work on this page, or takes too many steps",
                                       texts->items[i]);
            return FALSE;
        }
    }
    return TRUE;
}

static char *base_of(Page *page, const char *url)
{
    for (xmlNode *node = page->head; node; node = page_next(node, page->head, TRUE)) {
        const char *reference = tag_of(node) == GUMBO_TAG_BASE ? page_attribute(node, "href") : NULL;
        char *base = reference ? url_resolve(url, reference) : NULL;
        if (base)
            return base;
    }
    return g_strdup(url);
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
    g_autofree char *base = base_of(page, answer->url);
    return evaluate_all(page, list->links, base, found->links, 0, &list->recipe->links, failure) &&
           evaluate_all(page, list->next, base, found->next, 1, &list->recipe->next, failure);
}
