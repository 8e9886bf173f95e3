/* SPDX-License-Identifier: Apache-2.0
 * From links to books; see chapter_graph.h. */
#include "scrapers/chapter_graph.h"

#include "store/chapters.h"

#define REDIRECTS_LIMIT 5

ChapterGraph *chapter_graph_new(void)
{
    ChapterGraph *graph = g_new(ChapterGraph, 1);
    graph->pages = g_array_new(FALSE, FALSE, sizeof(ChapterPage));
    graph->links = g_array_new(FALSE, FALSE, sizeof(ChapterLink));
    graph->books = g_array_new(FALSE, FALSE, sizeof(ChapterBook));
    graph->entries = g_array_new(FALSE, FALSE, sizeof(ChapterEntry));
    return graph;
}

void chapter_graph_free(ChapterGraph *graph)
{
    g_array_unref(graph->pages);
    g_array_unref(graph->links);
    g_array_unref(graph->books);
    g_array_unref(graph->entries);
    g_free(graph);
}

void chapter_graph_add(ChapterGraph *graph, const ChapterPage *page, const Hash128 *urls)
{
    ChapterPage copy = *page;
    copy.first_link = graph->links->len;
    copy.same = copy.root = NO_PAGE;
    g_array_append_val(graph->pages, copy);
    for (guint32 i = 0; i < page->links; i++) {
        ChapterLink link = {.url = urls[i], .target = NO_PAGE};
        g_array_append_val(graph->links, link);
    }
}

/* ---- Where links lead ------------------------------------------------------------------------------------------- */

static guint hash_of(gconstpointer key)
{
    return (guint)((const Hash128 *)key)->low;
}

static gboolean equal(gconstpointer a, gconstpointer b)
{
    return hash128_equal(*(const Hash128 *)a, *(const Hash128 *)b);
}

static void insert_first(GHashTable *table, Hash128 *key, guint32 index)
{
    if (!g_hash_table_contains(table, key))
        g_hash_table_insert(table, key, GUINT_TO_POINTER(index + 1));
}

static guint32 look_up(GHashTable *table, const Hash128 *key)
{
    guint found = GPOINTER_TO_UINT(g_hash_table_lookup(table, key));
    return found ? found - 1 : NO_PAGE;
}

/* Where a page was captured counts before what it calls itself, and a good page before one that failed. */
static GHashTable *index_urls(ChapterGraph *graph)
{
    GHashTable *table = g_hash_table_new(hash_of, equal);
    for (int pass = 0; pass < 4; pass++)
        for (guint32 i = 0; i < graph->pages->len; i++) {
            ChapterPage *page = chapter_page(graph, i);
            if (page->good == (pass % 2 == 0))
                insert_first(table, pass < 2 ? &page->captured : &page->id, i);
        }
    return table;
}

static void find_same(ChapterGraph *graph)
{
    g_autoptr(GHashTable) table = g_hash_table_new(hash_of, equal);
    for (guint32 i = 0; i < graph->pages->len; i++) {
        ChapterPage *page = chapter_page(graph, i);
        if (!page->good)
            continue;
        insert_first(table, &page->id, i);
        page->same = look_up(table, &page->id);
    }
}

static guint32 resolve(const ChapterGraph *graph, GHashTable *urls, const Hash128 *url)
{
    guint32 index = look_up(urls, url);
    for (int hop = 0; hop < REDIRECTS_LIMIT && index != NO_PAGE && !chapter_page(graph, index)->good; hop++) {
        const Hash128 *redirect = &chapter_page(graph, index)->redirect;
        guint32 target = redirect->high || redirect->low ? look_up(urls, redirect) : NO_PAGE;
        if (target == NO_PAGE)
            break;
        index = target;
    }
    return index == NO_PAGE || !chapter_page(graph, index)->good ? index : chapter_page(graph, index)->same;
}

static void resolve_links(ChapterGraph *graph)
{
    g_autoptr(GHashTable) urls = index_urls(graph);
    for (guint i = 0; i < graph->links->len; i++) {
        ChapterLink *link = &g_array_index(graph->links, ChapterLink, i);
        link->target = resolve(graph, urls, &link->url);
    }
}

/* ---- Books ------------------------------------------------------------------------------------------------------ */

/* What is known while books are made. */
typedef struct Making {
    ChapterGraph *graph;
    guint8 *is_root;
    guint32 root, pages; /* of the book under way */
    gsize size;
} Making;

static ChapterState judge(const Making *making, guint32 owner, const ChapterLink *link)
{
    if (link->target == NO_PAGE)
        return CHAPTER_ABSENT;
    const ChapterPage *page = chapter_page(making->graph, link->target), *root = chapter_page(making->graph, making->root);
    if (link->target == making->root)
        return owner == making->root ? CHAPTER_ROOT : CHAPTER_IGNORED;
    if (!page->good)
        return CHAPTER_FAILED;
    if (page->root == making->root)
        return CHAPTER_IGNORED;
    if (page->root != NO_PAGE || making->is_root[link->target])
        return CHAPTER_ELSEWHERE;
    if (page->licence != root->licence)
        return CHAPTER_LICENCE;
    if (making->pages >= CHAPTERS_LIMIT || making->size + page->size > CHAPTERS_TEXT_LIMIT)
        return CHAPTER_TOO_MUCH;
    return CHAPTER_JOINED;
}

/* A second link to a root says nothing new about its place. */
static gboolean has_place(const Making *making, guint32 owner, guint32 before)
{
    for (guint32 i = 0; i < before; i++)
        if (chapter_link(making->graph, owner, i)->state == CHAPTER_ROOT)
            return TRUE;
    return FALSE;
}

static void claim(Making *making, guint32 owner)
{
    for (guint32 i = 0; i < chapter_page(making->graph, owner)->links; i++) {
        ChapterLink *link = chapter_link(making->graph, owner, i);
        link->state = judge(making, owner, link);
        if (link->state == CHAPTER_ROOT && has_place(making, owner, i))
            link->state = CHAPTER_IGNORED;
        if (link->state != CHAPTER_JOINED)
            continue;
        chapter_page(making->graph, link->target)->root = making->root;
        making->pages++;
        making->size += chapter_page(making->graph, link->target)->size;
    }
}

/* As deep as a book has pages, at most: CHAPTERS_LIMIT. */
static void take(Making *making, guint32 owner)
{
    claim(making, owner);
    for (guint32 i = 0; i < chapter_page(making->graph, owner)->links; i++) {
        const ChapterLink *link = chapter_link(making->graph, owner, i);
        ChapterEntry entry = {owner, i};
        if (link->state == CHAPTER_IGNORED)
            continue;
        g_array_append_val(making->graph->entries, entry);
        if (link->state == CHAPTER_JOINED)
            take(making, link->target);
    }
}

static void make_book(Making *making, guint32 root)
{
    const ChapterPage *page = chapter_page(making->graph, root);
    ChapterBook book = {.root = root, .first_entry = making->graph->entries->len};
    making->root = root;
    making->is_root[root] = TRUE;
    making->pages = 1;
    making->size = page->size;
    take(making, root);
    book.entries = making->graph->entries->len - book.first_entry;
    book.pages = making->pages;
    g_array_append_val(making->graph->books, book);
}

static guint8 *find_named(const ChapterGraph *graph)
{
    guint8 *named = g_malloc0(graph->pages->len + 1);
    for (guint32 i = 0; i < graph->pages->len; i++) {
        const ChapterPage *page = chapter_page(graph, i);
        for (guint32 l = 0; page->same == i && l < page->links; l++) {
            guint32 target = chapter_link(graph, i, l)->target;
            if (target != NO_PAGE && target != i)
                named[target] = TRUE;
        }
    }
    return named;
}

void chapter_graph_settle(ChapterGraph *graph)
{
    find_same(graph);
    resolve_links(graph);
    g_autofree guint8 *named = find_named(graph), *is_root = g_malloc0(graph->pages->len + 1);
    Making making = {.graph = graph, .is_root = is_root};
    for (int pass = 0; pass < 2; pass++)
        for (guint32 i = 0; i < graph->pages->len; i++) {
            const ChapterPage *page = chapter_page(graph, i);
            if (page->same == i && page->links && page->root == NO_PAGE && !is_root[i] && named[i] == pass)
                make_book(&making, i);
        }
}
