/* SPDX-License-Identifier: Apache-2.0
 * Gumbo's tree copied to libxml2's; see tree.h. */
#include "scrapers/extract/tree.h"

#include <libxml/dict.h>
#include <setjmp.h>
#include <string.h>

#define ARENA_BLOCK ((gsize)256 << 10)
#define ARENA_LIMIT ((gsize)112 << 20)
#define FACTS_BLOCK 1024u
#define ATTRIBUTE_LIMIT 8192u /* longer values are data, not facts */

/* Gumbo can not report that memory ran out, so it is left by longjmp when it passes its share; nothing is lost then,
 * since all that it owns lies in the arena. The arena also spares it a million calls of free. */
typedef struct Arena {
    GPtrArray *blocks;
    char *next;
    gsize left, used;
    jmp_buf full;
} Arena;

static void *arena_allocate(void *user, size_t size)
{
    Arena *arena = user;
    size = (size + 15) & ~(size_t)15;
    if (size > arena->left) {
        gsize block = MAX(size, ARENA_BLOCK);
        if (block > ARENA_LIMIT - arena->used)
            longjmp(arena->full, 1);
        arena->next = g_malloc(block);
        arena->left = block;
        arena->used += block;
        g_ptr_array_add(arena->blocks, arena->next);
    }
    void *memory = arena->next;
    arena->next += size;
    arena->left -= size;
    return memory;
}

static void arena_release(void *user, void *memory)
{
}

static const GumboOutput *parse_in_arena(Arena *arena, const char *html, gsize length)
{
    GumboOptions options = kGumboDefaultOptions;
    options.allocator = arena_allocate;
    options.deallocator = arena_release;
    options.userdata = arena;
    options.max_errors = 0;
    if (setjmp(arena->full))
        return NULL;
    return gumbo_parse_with_options(&options, html, length);
}

static NodeFacts *new_facts(Page *page, GumboTag tag)
{
    if (!page->facts_left) {
        g_ptr_array_add(page->facts, g_new0(NodeFacts, FACTS_BLOCK));
        page->facts_left = FACTS_BLOCK;
    }
    NodeFacts *block = page->facts->pdata[page->facts->len - 1];
    NodeFacts *facts = &block[FACTS_BLOCK - page->facts_left--];
    facts->tag = tag;
    return facts;
}

/* xmlAddChild merges and searches; here the child is always new and last. */
static void append(xmlNode *parent, xmlNode *child)
{
    child->parent = parent;
    child->prev = parent->last;
    if (parent->last)
        parent->last->next = child;
    else
        parent->children = child;
    parent->last = child;
}

/* A name that XPath can ask for: lower case letters, digits, '-', '_' and '.'; all else becomes '_'. */
static const xmlChar *intern_name(Page *page, const char *name, gsize length)
{
    char clean[64];
    length = MIN(length, sizeof clean - 1);
    for (gsize i = 0; i < length; i++) {
        char c = g_ascii_tolower(name[i]);
        clean[i] = g_ascii_isalnum(c) || ((c == '-' || c == '.') && i > 0) ? c : '_';
    }
    if (!length || g_ascii_isdigit(clean[0]))
        return xmlDictLookup(page->doc->dict, BAD_CAST "_", 1);
    return xmlDictLookup(page->doc->dict, BAD_CAST clean, (int)length);
}

static const xmlChar *element_name(Page *page, const GumboElement *element)
{
    if (element->tag != GUMBO_TAG_UNKNOWN) {
        const char *name = gumbo_normalized_tagname(element->tag);
        return intern_name(page, name, strlen(name));
    }
    GumboStringPiece name = element->original_tag;
    gumbo_tag_from_original_text(&name);
    return intern_name(page, name.data ? name.data : "", name.length);
}

static xmlNode *copy_element(Page *page, const GumboElement *element)
{
    xmlNode *copy = xmlNewDocNodeEatName(page->doc, NULL, (xmlChar *)element_name(page, element), NULL);
    copy->_private = new_facts(page, element->tag);
    xmlAttr *last = NULL;
    for (unsigned i = 0; i < element->attributes.length; i++) {
        const GumboAttribute *attribute = element->attributes.data[i];
        const xmlChar *name = intern_name(page, attribute->name, strlen(attribute->name));
        gboolean twice = FALSE; /* names that differ may have become one */
        for (xmlAttr *other = copy->properties; other && !twice; other = other->next)
            twice = other->name == name;
        if (twice)
            continue;
        xmlAttr *made = xmlNewDocProp(page->doc, name, NULL);
        if (strlen(attribute->value) <= ATTRIBUTE_LIMIT) {
            made->children = made->last = xmlNewDocText(page->doc, BAD_CAST attribute->value);
            made->children->parent = (xmlNode *)made;
        }
        made->parent = copy;
        made->prev = last;
        if (last)
            last->next = made;
        else
            copy->properties = made;
        last = made;
    }
    return copy;
}

static gboolean is_left_out(const GumboNode *node)
{
    if (node->type == GUMBO_NODE_COMMENT || node->type == GUMBO_NODE_TEMPLATE)
        return TRUE;
    if (node->type != GUMBO_NODE_ELEMENT)
        return FALSE;
    const GumboElement *element = &node->v.element;
    if (element->tag == GUMBO_TAG_SCRIPT) {
        const GumboAttribute *type = gumbo_get_attribute(&element->attributes, "type");
        return !type || g_ascii_strcasecmp(type->value, "application/ld+json") != 0;
    }
    return element->tag == GUMBO_TAG_STYLE || element->tag == GUMBO_TAG_SVG ||
           element->tag_namespace == GUMBO_NAMESPACE_SVG;
}

typedef struct Level {
    const GumboVector *children;
    unsigned next;
    xmlNode *copy;
} Level;

static xmlNode *copy_node(Page *page, const GumboNode *node)
{
    if (node->type == GUMBO_NODE_ELEMENT)
        return copy_element(page, &node->v.element);
    return xmlNewDocText(page->doc, BAD_CAST node->v.text.text);
}

static gboolean copy_tree(Page *page, const GumboNode *root)
{
    g_autofree Level *levels = g_new(Level, TREE_DEPTH);
    guint depth = 1;
    page->html = copy_node(page, root);
    xmlDocSetRootElement(page->doc, page->html);
    levels[0] = (Level){&root->v.element.children, 0, page->html};
    while (depth > 0) {
        Level *level = &levels[depth - 1];
        if (level->next == level->children->length) {
            depth--;
            continue;
        }
        const GumboNode *child = level->children->data[level->next++];
        if (is_left_out(child))
            continue;
        xmlNode *copy = copy_node(page, child);
        append(level->copy, copy);
        if (child->type != GUMBO_NODE_ELEMENT)
            continue;
        if (depth == TREE_DEPTH)
            return FALSE;
        levels[depth++] = (Level){&child->v.element.children, 0, copy};
    }
    return TRUE;
}

/* Gumbo gives each page all three, unless it is a frameset. */
static void find_parts(Page *page)
{
    page->head = page->body = page->html;
    for (xmlNode *child = page->html->children; child; child = child->next) {
        if (tag_of(child) == GUMBO_TAG_HEAD)
            page->head = child;
        else if (tag_of(child) == GUMBO_TAG_BODY)
            page->body = child;
    }
}

Page *page_parse(const char *html, gsize length, ParseFailure *failure)
{
    Arena arena = {.blocks = g_ptr_array_new_with_free_func(g_free)};
    const GumboOutput *output = parse_in_arena(&arena, html, length);
    Page *page = NULL;
    if (!output) {
        parse_failure_set(failure, RULE_TOO_LARGE, "the page's tree passes %" G_GSIZE_FORMAT " MiB", ARENA_LIMIT >> 20);
    } else {
        page = g_new0(Page, 1);
        page->facts = g_ptr_array_new_with_free_func(g_free);
        page->doc = xmlNewDoc(BAD_CAST "1.0");
        page->doc->dict = xmlDictCreate();
        if (copy_tree(page, output->root)) {
            find_parts(page);
        } else {
            parse_failure_set(failure, RULE_MALFORMED_HTML, "elements are nested more than %u deep", TREE_DEPTH);
            page_free(g_steal_pointer(&page));
        }
    }
    g_ptr_array_unref(arena.blocks);
    return page;
}

void page_free(Page *page)
{
    if (!page)
        return;
    xmlFreeDoc(page->doc);
    g_ptr_array_unref(page->facts);
    g_free(page);
}

const char *page_attribute(const xmlNode *element, const char *name)
{
    if (element->type != XML_ELEMENT_NODE)
        return NULL;
    for (const xmlAttr *attribute = element->properties; attribute; attribute = attribute->next)
        if (strcmp((const char *)attribute->name, name) == 0)
            return attribute->children ? (const char *)attribute->children->content : "";
    return NULL;
}

xmlNode *page_next(xmlNode *node, const xmlNode *root, gboolean into)
{
    if (into && node->children && node->type == XML_ELEMENT_NODE)
        return node->children;
    while (node != root && !node->next)
        node = node->parent;
    return node == root ? NULL : node->next;
}

gboolean character_is_invisible(gunichar c)
{
    return g_unichar_iscntrl(c) || c == 0xad || (c >= 0x200b && c <= 0x200f) || (c >= 0x202a && c <= 0x202e) ||
           (c >= 0x2060 && c <= 0x2064) || c == 0xfeff || (c & 0xfffe) == 0xfffe;
}

char *text_tidy(const char *text)
{
    if (!text)
        return NULL;
    g_autoptr(GString) tidy = g_string_new(NULL);
    gboolean space = FALSE;
    for (const char *at = text; *at; at = g_utf8_next_char(at)) {
        gunichar c = g_utf8_get_char(at);
        if (g_unichar_isspace(c)) {
            space = tidy->len > 0;
        } else if (!character_is_invisible(c)) {
            if (space)
                g_string_append_c(tidy, ' ');
            space = FALSE;
            g_string_append_unichar(tidy, c);
        }
    }
    return tidy->len ? g_string_free(g_steal_pointer(&tidy), FALSE) : NULL;
}

guint text_words(const char *text)
{
    guint words = 0, ideographs = 0;
    gboolean inside = FALSE;
    for (const char *at = text; *at; at = g_utf8_next_char(at)) {
        gunichar c = (guchar)*at < 0x80 ? (gunichar)*at : g_utf8_get_char(at);
        gboolean ideograph = c >= 0x2e80 && c < 0xa000;
        gboolean letter = !ideograph && (c < 0x80 ? g_ascii_isalnum((gchar)c) : g_unichar_isalnum(c));
        ideographs += ideograph;
        words += letter && !inside;
        inside = letter || (inside && (c == '\'' || c == 0x2019));
    }
    return words + (ideographs + 1) / 2;
}

static const guint8 block_tags[GUMBO_TAG_LAST + 1] = {
    [GUMBO_TAG_HTML] = 1,       [GUMBO_TAG_BODY] = 1,    [GUMBO_TAG_ARTICLE] = 1,  [GUMBO_TAG_SECTION] = 1,
    [GUMBO_TAG_NAV] = 1,        [GUMBO_TAG_ASIDE] = 1,   [GUMBO_TAG_H1] = 1,       [GUMBO_TAG_H2] = 1,
    [GUMBO_TAG_H3] = 1,         [GUMBO_TAG_H4] = 1,      [GUMBO_TAG_H5] = 1,       [GUMBO_TAG_H6] = 1,
    [GUMBO_TAG_HGROUP] = 1,     [GUMBO_TAG_HEADER] = 1,  [GUMBO_TAG_FOOTER] = 1,   [GUMBO_TAG_ADDRESS] = 1,
    [GUMBO_TAG_P] = 1,          [GUMBO_TAG_HR] = 1,      [GUMBO_TAG_PRE] = 1,      [GUMBO_TAG_BLOCKQUOTE] = 1,
    [GUMBO_TAG_OL] = 1,         [GUMBO_TAG_UL] = 1,      [GUMBO_TAG_LI] = 1,       [GUMBO_TAG_DL] = 1,
    [GUMBO_TAG_DT] = 1,         [GUMBO_TAG_DD] = 1,      [GUMBO_TAG_FIGURE] = 1,   [GUMBO_TAG_FIGCAPTION] = 1,
    [GUMBO_TAG_MAIN] = 1,       [GUMBO_TAG_DIV] = 1,     [GUMBO_TAG_TABLE] = 1,    [GUMBO_TAG_CAPTION] = 1,
    [GUMBO_TAG_TBODY] = 1,      [GUMBO_TAG_THEAD] = 1,   [GUMBO_TAG_TFOOT] = 1,    [GUMBO_TAG_TR] = 1,
    [GUMBO_TAG_TD] = 1,         [GUMBO_TAG_TH] = 1,      [GUMBO_TAG_FORM] = 1,     [GUMBO_TAG_FIELDSET] = 1,
    [GUMBO_TAG_LEGEND] = 1,     [GUMBO_TAG_DETAILS] = 1, [GUMBO_TAG_SUMMARY] = 1,  [GUMBO_TAG_MENU] = 1,
    [GUMBO_TAG_DIR] = 1,        [GUMBO_TAG_CENTER] = 1,  [GUMBO_TAG_LISTING] = 1,  [GUMBO_TAG_XMP] = 1,
    [GUMBO_TAG_PLAINTEXT] = 1,  [GUMBO_TAG_FRAMESET] = 1, [GUMBO_TAG_NOFRAMES] = 1,
};

gboolean tag_is_block(GumboTag tag)
{
    return block_tags[tag];
}

int heading_level(GumboTag tag)
{
    return tag >= GUMBO_TAG_H1 && tag <= GUMBO_TAG_H6 ? (int)(tag - GUMBO_TAG_H1) + 1 : 0;
}

char *page_text(xmlNode *element, gsize limit)
{
    g_autoptr(GString) text = g_string_new(NULL);
    for (xmlNode *node = element; node && text->len < limit; node = page_next(node, element, TRUE)) {
        if (node->type == XML_TEXT_NODE)
            g_string_append(text, (const char *)node->content);
        else if (tag_of(node) == GUMBO_TAG_BR)
            g_string_append_c(text, ' ');
    }
    if (text->len > limit)
        g_string_truncate(text, (gsize)(g_utf8_find_prev_char(text->str, text->str + limit) - text->str));
    char *tidy = text_tidy(text->str);
    return tidy ? tidy : g_strdup("");
}
