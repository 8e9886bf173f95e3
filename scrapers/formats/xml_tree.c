/* SPDX-License-Identifier: Apache-2.0
 * libxml2 with everything off that a hostile file could use; see xml_tree.h. */
#include "scrapers/formats/xml_tree.h"

#include <libxml/SAX2.h>
#include <libxml/parser.h>
#include <libxml/parserInternals.h>
#include <string.h>

#include "scrapers/formats/xml_entities.h"

#define OPTIONS (XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING | XML_PARSE_COMPACT | XML_PARSE_NOCDATA)

/* What the SAX handlers need beside libxml2's own context; reached through its _private field. */
typedef struct TreeBuilder {
    XmlPrune prune;
    unsigned pruned_depth; /* > 0: inside a pruned element */
} TreeBuilder;

static TreeBuilder *builder_of(void *user)
{
    return ((xmlParserCtxt *)user)->_private;
}

static void start_element(void *user, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri, int namespaces,
                          const xmlChar **namespace_list, int attributes, int defaulted, const xmlChar **attribute_list)
{
    TreeBuilder *builder = builder_of(user);
    if (builder->pruned_depth || builder->prune((const char *)name))
        builder->pruned_depth++;
    else
        xmlSAX2StartElementNs(user, name, prefix, uri, namespaces, namespace_list, attributes, defaulted,
                              attribute_list);
}

static void end_element(void *user, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri)
{
    TreeBuilder *builder = builder_of(user);
    if (builder->pruned_depth)
        builder->pruned_depth--;
    else
        xmlSAX2EndElementNs(user, name, prefix, uri);
}

static void characters(void *user, const xmlChar *text, int length)
{
    if (!builder_of(user)->pruned_depth)
        xmlSAX2Characters(user, text, length);
}

static void ignore_comment(void *user, const xmlChar *text)
{
    (void)user;
    (void)text;
}

static void ignore_instruction(void *user, const xmlChar *target, const xmlChar *data)
{
    (void)user;
    (void)target;
    (void)data;
}

static xmlParserInput *load_nothing(const char *url, const char *id, xmlParserCtxt *context)
{
    (void)url;
    (void)id;
    (void)context;
    return NULL;
}

static gpointer library_set_up(gpointer unused)
{
    (void)unused;
    xmlInitParser();
    xmlSetExternalEntityLoader(load_nothing);
    return NULL;
}

static xmlParserInput *resolve_nothing(void *user, const xmlChar *public_id, const xmlChar *system_id)
{
    (void)user;
    (void)public_id;
    (void)system_id;
    return NULL;
}

/* A context can serve many documents, and keeps its dictionary of names; so each thread has one for its life. */
static void context_free(gpointer context)
{
    xmlFreeParserCtxt(context);
}
static GPrivate thread_context = G_PRIVATE_INIT(context_free);

static xmlParserCtxt *context_of_thread(void)
{
    static GOnce once = G_ONCE_INIT;
    g_once(&once, library_set_up, NULL);
    xmlParserCtxt *context = g_private_get(&thread_context);
    if (!context) {
        context = xmlNewParserCtxt();
        if (!context)
            g_error("out of memory"); /* as GLib's own allocators do */
        g_private_set(&thread_context, context);
    }
    return context;
}

/* The value of the encoding pseudo-attribute of the XML declaration, or NULL. g_free. */
static char *declared_encoding(const char *bytes, gsize length)
{
    if (length < 6 || memcmp(bytes, "<?xml", 5) != 0)
        return NULL;
    const char *end = memmem(bytes, MIN(length, 512), "?>", 2);
    const char *at = end ? memmem(bytes, (gsize)(end - bytes), "encoding", 8) : NULL;
    if (!at)
        return NULL;
    at += 8;
    while (at < end && (g_ascii_isspace(*at) || *at == '='))
        at++;
    const char *close = at < end ? memchr(at + 1, *at, (gsize)(end - at - 1)) : NULL;
    return close ? g_strndup(at + 1, (gsize)(close - at - 1)) : NULL;
}

static gboolean encoding_is_fine(const char *bytes, gsize length, ParseFailure *failure)
{
    static const char *const fine[] = {"UTF-8", "UTF8", "US-ASCII", "ASCII", "ISO-8859-1"};
    if (length >= 2 && (memcmp(bytes, "\xfe\xff", 2) == 0 || memcmp(bytes, "\xff\xfe", 2) == 0 || !bytes[0] || !bytes[1])) {
        parse_failure_set(failure, RULE_MALFORMED_XML, "the file is UTF-16 or binary; convert it to UTF-8");
        return FALSE;
    }
    g_autofree char *encoding = declared_encoding(bytes, length);
    if (!encoding)
        return TRUE;
    for (gsize i = 0; i < G_N_ELEMENTS(fine); i++)
        if (g_ascii_strcasecmp(encoding, fine[i]) == 0)
            return TRUE;
    parse_failure_set(failure, RULE_MALFORMED_XML, "the encoding '%.40s' is not supported; convert the file to UTF-8",
                      encoding);
    return FALSE;
}

/* libxml2 reports bad bytes under several codes, as what it made of them; so look at the bytes. */
static gboolean is_invalid_utf8(const char *bytes, gsize length)
{
    g_autofree char *encoding = declared_encoding(bytes, length);
    gboolean latin = encoding && g_ascii_strcasecmp(encoding, "ISO-8859-1") == 0;
    return !latin && !g_utf8_validate(bytes, (gssize)length, NULL);
}

static void set_failure(const xmlParserCtxt *context, const char *bytes, gsize length, ParseFailure *failure)
{
    const xmlError *cause = &context->lastError;
    if (is_invalid_utf8(bytes, length))
        parse_failure_set(failure, RULE_INVALID_UTF8, "line %d: bytes that are not UTF-8", cause->line);
    else
        parse_failure_set(failure, RULE_MALFORMED_XML, "line %d: %s", cause->line,
                          cause->message ? g_strstrip(cause->message) : "not well-formed");
}

static void set_handlers(xmlSAXHandler *sax, gboolean prune)
{
    sax->resolveEntity = resolve_nothing;
    sax->comment = ignore_comment;
    sax->processingInstruction = ignore_instruction;
    sax->startElementNs = prune ? start_element : xmlSAX2StartElementNs;
    sax->endElementNs = prune ? end_element : xmlSAX2EndElementNs;
    sax->characters = prune ? characters : xmlSAX2Characters;
    sax->ignorableWhitespace = sax->characters;
}

static xmlDoc *parse_expanded(const char *bytes, gsize length, XmlPrune prune, ParseFailure *failure)
{
    xmlParserCtxt *context = context_of_thread();
    TreeBuilder builder = {.prune = prune};
    context->_private = &builder;
    set_handlers(context->sax, prune != NULL);
    xmlDoc *tree = xmlCtxtReadMemory(context, bytes, (int)length, NULL, NULL, OPTIONS);
    context->_private = NULL;
    if (!tree || !xmlDocGetRootElement(tree)) {
        set_failure(context, bytes, length, failure);
        g_clear_pointer(&tree, xmlFreeDoc);
    }
    return tree;
}

xmlDoc *xml_tree_parse(const char *bytes, gsize length, XmlPrune prune, ParseFailure *failure)
{
    if (length > RECORD_LIMIT) {
        parse_failure_set(failure, RULE_TOO_LARGE, "%" G_GSIZE_FORMAT " bytes of XML", length);
        return NULL;
    }
    if (!encoding_is_fine(bytes, length, failure))
        return NULL;
    g_auto(Buffer) expanded;
    g_autofree char *unknown = NULL;
    buffer_init(&expanded, 2 * RECORD_LIMIT);
    switch (xml_entities_expand(bytes, length, &expanded, &unknown)) {
    case XML_UNCHANGED:
        return parse_expanded(bytes, length, prune, failure);
    case XML_UNKNOWN_ENTITY:
        parse_failure_set(failure, RULE_MALFORMED_XML, "unknown entity '&%s;'", unknown);
        return NULL;
    case XML_EXPANDED:
        break;
    }
    if (expanded.overflowed) {
        parse_failure_set(failure, RULE_TOO_LARGE, "its entities expand to too much text");
        return NULL;
    }
    return parse_expanded(expanded.data, expanded.length, prune, failure);
}

gboolean xml_is(const xmlNode *node, const char *name)
{
    return node && node->type == XML_ELEMENT_NODE && strcmp((const char *)node->name, name) == 0;
}

const xmlNode *xml_next(const xmlNode *node, const char *name)
{
    for (node = node->next; node; node = node->next)
        if (xml_is(node, name))
            return node;
    return NULL;
}

const xmlNode *xml_child(const xmlNode *parent, const char *name)
{
    if (!parent || !parent->children)
        return NULL;
    return xml_is(parent->children, name) ? parent->children : xml_next(parent->children, name);
}

const xmlNode *xml_path(const xmlNode *parent, const char *path)
{
    while (parent && *path) {
        char name[64];
        gsize length = strcspn(path, "/");
        g_strlcpy(name, path, MIN(length + 1, sizeof name));
        parent = xml_child(parent, name);
        path += length + (path[length] == '/');
    }
    return parent;
}

const char *xml_attribute_or(const xmlNode *node, const char *name, const char *absent)
{
    for (const xmlAttr *attribute = node->properties; attribute; attribute = attribute->next)
        if (strcmp((const char *)attribute->name, name) == 0) {
            const xmlNode *value = attribute->children;
            return value && value->type == XML_TEXT_NODE ? (const char *)value->content : "";
        }
    return absent;
}

const char *xml_attribute(const xmlNode *node, const char *name)
{
    const char *value = xml_attribute_or(node, name, NULL);
    return value && *value ? value : NULL;
}
