/* SPDX-License-Identifier: Apache-2.0
 * The main content of a page; see content.h. */
#include "scrapers/extract/content.h"

#include <libxml/xpath.h>
#include <string.h>

#include "scrapers/extract/noise.h"

#define ENOUGH_WORDS 80u     /* fewer: look again with less strictness */
#define SHARE_OF_SCORE 0.85  /* of the parent's, for a child to stand for it */
#define SHARE_OF_LANDMARK 0.6
#define SENTENCE_WORDS 10u
#define SIBLING_SCORE 25.0
#define CLOSE_BY 5 /* levels */

G_DEFINE_AUTOPTR_CLEANUP_FUNC(xmlXPathContext, xmlXPathFreeContext)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(xmlXPathObject, xmlXPathFreeObject)

void selection_clear(Selection *selection)
{
    g_clear_pointer(&selection->elements, g_ptr_array_unref);
}

static void ignore_xpath_error(void *user, xmlErrorPtr error)
{
}

static xmlXPathObject *evaluate(Page *page, const char *xpath)
{
    g_autoptr(xmlXPathContext) context = xmlXPathNewContext(page->doc);
    context->error = ignore_xpath_error;
    return xmlXPathEvalExpression(BAD_CAST xpath, context);
}

static const xmlNodeSet *nodes_of(const xmlXPathObject *object)
{
    static const xmlNodeSet none;
    return object && object->type == XPATH_NODESET && object->nodesetval ? object->nodesetval : &none;
}

void content_remove(Page *page, char *const *remove)
{
    for (; remove && *remove; remove++) {
        g_autoptr(xmlXPathObject) found = evaluate(page, *remove);
        const xmlNodeSet *nodes = nodes_of(found);
        for (int i = 0; i < nodes->nodeNr; i++)
            if (nodes->nodeTab[i]->type == XML_ELEMENT_NODE)
                facts_of(nodes->nodeTab[i])->noise = NOISE_CERTAIN;
    }
}

guint content_count(Page *page, const char *xpath)
{
    g_autoptr(xmlXPathObject) found = evaluate(page, xpath);
    if (!found || found->type == XPATH_NODESET)
        return (guint)nodes_of(found)->nodeNr;
    return xmlXPathCastToBoolean(found) ? 1 : 0;
}

char *content_text_by_rule(Page *page, const char *xpath)
{
    g_autoptr(xmlXPathObject) found = evaluate(page, xpath);
    if (found && found->type == XPATH_STRING)
        return text_tidy((const char *)found->stringval);
    const xmlNodeSet *nodes = nodes_of(found);
    for (int i = 0; i < nodes->nodeNr; i++) {
        xmlNode *node = nodes->nodeTab[i];
        g_autofree char *text = NULL;
        if (node->type == XML_ELEMENT_NODE)
            text = page_text(node, 4096);
        else if (node->type == XML_ATTRIBUTE_NODE && node->children)
            text = g_strdup((const char *)node->children->content);
        else if (node->type == XML_TEXT_NODE)
            text = g_strdup((const char *)node->content);
        char *tidy = text_tidy(text);
        if (tidy)
            return tidy;
    }
    return NULL;
}

static gboolean is_inside_chosen(const xmlNode *element, GHashTable *chosen)
{
    for (const xmlNode *node = element->parent; node; node = node->parent)
        if (g_hash_table_contains(chosen, node))
            return TRUE;
    return FALSE;
}

gboolean content_by_rule(Page *page, char *const *content, Selection *selection)
{
    g_autoptr(GHashTable) chosen = g_hash_table_new(NULL, NULL);
    for (; content && *content; content++) {
        g_autoptr(xmlXPathObject) found = evaluate(page, *content);
        const xmlNodeSet *nodes = nodes_of(found);
        for (int i = 0; i < nodes->nodeNr; i++)
            if (nodes->nodeTab[i]->type == XML_ELEMENT_NODE)
                g_hash_table_add(chosen, nodes->nodeTab[i]);
    }
    noise_count_words(page, NOISE_STRONG);
    selection->elements = g_ptr_array_new();
    selection->least = NOISE_STRONG;
    guint words = 0;
    for (xmlNode *node = page->html; node; node = page_next(node, page->html, TRUE)) {
        if (node->type == XML_ELEMENT_NODE && g_hash_table_contains(chosen, node) && !is_inside_chosen(node, chosen) &&
            facts_of(node)->noise < NOISE_CERTAIN) {
            facts_of(node)->noise = NOISE_NONE;
            g_ptr_array_add(selection->elements, node);
            words += facts_of(node)->words;
        }
    }
    if (words)
        return TRUE;
    selection_clear(selection);
    return FALSE;
}

/* Words and link words of an element's own text: not those of blocks inside it. */
static void count_own_words(const xmlNode *element, Noise least, gboolean in_link, guint *words, guint *link_words)
{
    for (const xmlNode *child = element->children; child; child = child->next) {
        if (child->type == XML_TEXT_NODE) {
            guint count = text_words((const char *)child->content);
            *words += count;
            *link_words += in_link ? count : 0;
        } else if (!tag_is_block(tag_of(child)) && facts_of(child)->noise < least) {
            count_own_words(child, least, in_link || noise_is_link(child), words, link_words);
        }
    }
}

/* What one block of text says about its surroundings: sentences speak for content, rows of links against it. */
static double score_of_block(GumboTag tag, guint words, guint link_words)
{
    if (!words || heading_level(tag))
        return 0;
    if (link_words * 2 > words)
        return -(double)MIN(words, SENTENCE_WORDS);
    double plain = words - 2.0 * link_words;
    if (tag == GUMBO_TAG_TD || tag == GUMBO_TAG_TH)
        return words >= 2 * SENTENCE_WORDS ? plain : 0;
    if (words < SENTENCE_WORDS)
        return tag == GUMBO_TAG_P || tag == GUMBO_TAG_LI || tag == GUMBO_TAG_DD || tag == GUMBO_TAG_DT ? 0 : -1;
    return tag == GUMBO_TAG_LI ? 0.7 * plain : plain;
}

static void score(xmlNode *element, Noise least)
{
    NodeFacts *facts = facts_of(element);
    guint words = 0, link_words = 0;
    facts->score = 0;
    if (tag_is_block(facts->tag)) {
        count_own_words(element, least, FALSE, &words, &link_words);
        facts->score = score_of_block(facts->tag, words, link_words);
    }
    for (xmlNode *child = element->children; child; child = child->next) {
        if (child->type == XML_ELEMENT_NODE && facts_of(child)->noise < least) {
            score(child, least);
            facts->score += facts_of(child)->score;
        }
    }
}

static gboolean name_says_content(const char *name)
{
    static const char *const names[] = {"article-body", "articlebody",  "article__body", "story-body",  "article-content",
                                        "post-content", "entry-content", "article-text",  "mw-parser-output"};
    g_autofree char *lower = name ? g_ascii_strdown(name, -1) : NULL;
    for (gsize i = 0; lower && i < G_N_ELEMENTS(names); i++)
        if (strstr(lower, names[i]))
            return TRUE;
    return FALSE;
}

static gboolean is_landmark(const xmlNode *element)
{
    GumboTag tag = tag_of(element);
    const char *role = page_attribute(element, "role"), *property = page_attribute(element, "itemprop");
    return tag == GUMBO_TAG_ARTICLE || tag == GUMBO_TAG_MAIN || (role && strcmp(role, "main") == 0) ||
           (property && (strstr(property, "articleBody") || strstr(property, "mainContentOfPage"))) ||
           name_says_content(page_attribute(element, "class")) || name_says_content(page_attribute(element, "id"));
}

/* The smallest element that the page itself names its content and that holds most of the score. */
static xmlNode *find_landmark(Page *page, Noise least)
{
    xmlNode *best = page->body;
    double all = facts_of(page->body)->score;
    for (xmlNode *node = page->body; node;) {
        gboolean into = node->type == XML_ELEMENT_NODE && facts_of(node)->noise < least;
        if (into && is_landmark(node) && facts_of(node)->score >= SHARE_OF_LANDMARK * all &&
            facts_of(node)->score > 0) {
            best = node;
            all = MAX(all, facts_of(node)->score);
        }
        node = page_next(node, page->body, into);
    }
    return best;
}

static xmlNode *best_child(const xmlNode *parent, Noise least)
{
    xmlNode *best = NULL;
    for (xmlNode *child = parent->children; child; child = child->next)
        if (child->type == XML_ELEMENT_NODE && facts_of(child)->noise < least && tag_is_block(tag_of(child)) &&
            (!best || facts_of(child)->score > facts_of(best)->score))
            best = child;
    return best;
}

/* Down to the child that has nearly all of the score, as long as there is one. */
static xmlNode *descend(xmlNode *from, Noise least)
{
    for (;;) {
        xmlNode *best = best_child(from, least);
        if (!best || facts_of(best)->score < SHARE_OF_SCORE * facts_of(from)->score || tag_of(best) == GUMBO_TAG_P ||
            facts_of(best)->score <= 0)
            return from;
        from = best;
    }
}

static gboolean is_flow(GumboTag tag)
{
    return tag == GUMBO_TAG_P || tag == GUMBO_TAG_UL || tag == GUMBO_TAG_OL || tag == GUMBO_TAG_DL ||
           tag == GUMBO_TAG_BLOCKQUOTE || tag == GUMBO_TAG_PRE;
}

/* A neighbour of the content that is content too: sentences, few links. Running text needs less of them than a box. */
static gboolean is_good_sibling(const xmlNode *element)
{
    const NodeFacts *facts = facts_of(element);
    double least = is_flow(facts->tag) ? SENTENCE_WORDS : SIBLING_SCORE;
    return facts->score >= least && facts->link_words * 5 < facts->words;
}

/* The next element that is not furniture is good: a heading before it belongs to it. */
static gboolean leads_to_content(const xmlNode *heading, const xmlNode *content, Noise least)
{
    for (const xmlNode *next = heading->next; next; next = next->next) {
        if (next->type != XML_ELEMENT_NODE || facts_of(next)->noise >= least || !facts_of(next)->words)
            continue;
        if (!heading_level(tag_of(next)))
            return next == content || is_good_sibling(next);
    }
    return FALSE;
}

/* From `content` up to `top`: what stands beside the way and is no content is marked. */
static void mark_siblings(xmlNode *content, const xmlNode *top, Noise least)
{
    for (const xmlNode *node = content; node != top; node = node->parent) {
        for (xmlNode *other = node->parent->children; other; other = other->next) {
            if (other == node || other->type != XML_ELEMENT_NODE || facts_of(other)->noise >= least)
                continue;
            gboolean keep = heading_level(tag_of(other)) ? leads_to_content(other, node, least) : is_good_sibling(other);
            if (!keep)
                facts_of(other)->noise = NOISE_CERTAIN;
        }
    }
}

/* Where neighbours of the content may still belong to it: anywhere in what the page names its content, else close by. */
static xmlNode *reach(xmlNode *content, xmlNode *landmark, const xmlNode *body)
{
    xmlNode *top = landmark != body ? landmark : content;
    for (int i = 0; i < CLOSE_BY && top != body; i++)
        top = top->parent;
    return top;
}

/* A list, or a block without sentences, that is mostly links. */
static gboolean is_link_block(const xmlNode *element)
{
    const NodeFacts *facts = facts_of(element);
    switch (facts->tag) {
    case GUMBO_TAG_UL:
    case GUMBO_TAG_OL:
    case GUMBO_TAG_DIV:
    case GUMBO_TAG_SECTION:
    case GUMBO_TAG_TABLE:
    case GUMBO_TAG_DL:
    case GUMBO_TAG_FIGURE:
    case GUMBO_TAG_BLOCKQUOTE:
        return facts->link_words * 4 > facts->words * 3 && facts->score <= 0;
    case GUMBO_TAG_P:
    case GUMBO_TAG_H2:
    case GUMBO_TAG_H3:
    case GUMBO_TAG_H4:
        return facts->link_words * 5 > facts->words * 4 && facts->words < 30 && !heading_level(facts->tag);
    default:
        return FALSE;
    }
}

static void mark_link_blocks(xmlNode *root, Noise least)
{
    for (xmlNode *node = page_next(root, root, TRUE); node;) {
        gboolean into = node->type == XML_ELEMENT_NODE && facts_of(node)->noise < least;
        if (into && is_link_block(node)) {
            facts_of(node)->noise = NOISE_STRONG;
            into = FALSE;
        }
        node = page_next(node, root, into);
    }
}

void content_by_density(Page *page, Selection *selection)
{
    xmlNode *chosen = page->body, *top = page->body;
    Noise least = NOISE_NONE;
    guint best_words = 0;
    for (Noise strictness = NOISE_WEAK; strictness <= NOISE_CERTAIN; strictness++) {
        noise_count_words(page, strictness);
        score(page->body, strictness);
        xmlNode *landmark = find_landmark(page, strictness);
        xmlNode *found = descend(landmark, strictness);
        guint words = facts_of(found)->words;
        if (words > 2 * best_words) { /* noise comes in with less strictness: it must be worth it */
            chosen = found;
            top = reach(found, landmark, page->body);
            least = strictness;
            best_words = words;
        }
        if (best_words >= ENOUGH_WORDS)
            break;
    }
    if (least == NOISE_NONE)
        least = NOISE_CERTAIN;
    noise_count_words(page, least);
    score(page->body, least);
    mark_siblings(chosen, top, least);
    noise_count_words(page, least);
    score(page->body, least);
    mark_link_blocks(top, least);
    selection->elements = g_ptr_array_new();
    selection->least = least;
    g_ptr_array_add(selection->elements, top);
}
