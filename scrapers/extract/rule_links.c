/* SPDX-License-Identifier: Apache-2.0
 * Links by XPath over the parsed page; see rule_links.h. */
#include "scrapers/extract/rule_links.h"

#include "scrapers/fetch/url.h"

#define XPATH_OPERATIONS 20000000ul

G_DEFINE_AUTOPTR_CLEANUP_FUNC(xmlXPathContext, xmlXPathFreeContext)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(xmlXPathObject, xmlXPathFreeObject)

static void ignore_error(void *user, xmlErrorPtr error)
{
}

static const char *own_link(const xmlNode *element)
{
    const char *reference = page_attribute(element, "href");
    return reference ? reference : page_attribute(element, "src");
}

/* An element's own link, or else those of the elements in it. */
static gboolean visit_element(xmlNode *element, RuleLinkVisit visit, gpointer user)
{
    const char *reference = own_link(element);
    if (reference)
        return visit(element, reference, user);
    for (xmlNode *node = page_next(element, element, TRUE); node; node = page_next(node, element, TRUE)) {
        reference = node->type == XML_ELEMENT_NODE ? page_attribute(node, "href") : NULL;
        if (reference && !visit(node, reference, user))
            return FALSE;
    }
    return TRUE;
}

static gboolean visit_node(xmlNode *node, RuleLinkVisit visit, gpointer user)
{
    if (node->type == XML_ATTRIBUTE_NODE && node->children)
        return visit(node->parent, (const char *)node->children->content, user);
    if (node->type == XML_TEXT_NODE)
        return visit(node->parent, (const char *)node->content, user);
    return node->type != XML_ELEMENT_NODE || visit_element(node, visit, user);
}

gboolean rule_links_each(Page *page, xmlXPathCompExpr *expression, RuleLinkVisit visit, gpointer user)
{
    g_autoptr(xmlXPathContext) context = xmlXPathNewContext(page->doc);
    context->error = ignore_error;
    context->opLimit = XPATH_OPERATIONS;
    g_autoptr(xmlXPathObject) found = xmlXPathCompiledEval(expression, context);
    if (!found)
        return FALSE;
    if (found->type == XPATH_STRING)
        visit(NULL, (const char *)found->stringval, user);
    const xmlNodeSet *nodes = found->type == XPATH_NODESET ? found->nodesetval : NULL;
    for (int i = 0; nodes && i < nodes->nodeNr; i++)
        if (!visit_node(nodes->nodeTab[i], visit, user))
            break;
    return TRUE;
}

char *page_base(Page *page, const char *url)
{
    for (xmlNode *node = page->head; node; node = page_next(node, page->head, TRUE)) {
        const char *reference = tag_of(node) == GUMBO_TAG_BASE ? page_attribute(node, "href") : NULL;
        char *base = reference ? url_resolve(url, reference) : NULL;
        if (base)
            return base;
    }
    return g_strdup(url);
}
