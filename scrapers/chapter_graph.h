/* SPDX-License-Identifier: Apache-2.0
 * scrapers/chapter_graph.h - which pages of a source make one document together.
 *
 * Sequence: g = chapter_graph_new(); chapter_graph_add for each page, in docno order; chapter_graph_settle(g); read
 * g->books and g->pages; chapter_graph_free(g).
 *
 * Pages name their chapters by URL. A URL is a page that was captured there, else one that calls itself so, else where a
 * captured redirect leads. Pages with one id are the same page: the first good one stands for the others.
 *
 * A book is a root and what it takes: the pages that it names, in order, then after each what that one names in turn, so
 * that a list of all chapters and a mere link to the next page do alike. Pages that no other names are roots first, then
 * the rest, both in docno order: pages that all name each other belong to the first of them. A page is in one book at
 * most, roots are chapters of nobody, and nothing depends on anything but the pages.
 *
 * Memory: about 150 bytes a page and 20 a link.
 */
#ifndef SCRAPERS_CHAPTER_GRAPH_H
#define SCRAPERS_CHAPTER_GRAPH_H

#include "base/hash.h"
#include "store/store.h"

#define NO_PAGE G_MAXUINT32

typedef struct ChapterPage {
    Docno docno;
    Hash128 id, captured; /* of the URL that the page calls its own, and of the one where it was captured */
    Hash128 redirect;     /* of the URL that a redirect leads to; zero: none */
    guint64 licence;      /* its hash: a chapter under other terms than its root is no part of it */
    gsize size;           /* bytes of text */
    gboolean good;        /* the page gave a document */
    guint32 first_link, links; /* in graph->links */
    guint32 same; /* settled: the page that stands for this one, mostly itself; NO_PAGE when it is not good */
    guint32 root; /* settled: of the book that it is a chapter of; NO_PAGE: of none */
} ChapterPage;

typedef enum {
    CHAPTER_IGNORED,   /* named before in this book, or the root from another page */
    CHAPTER_ROOT,      /* the root itself, at its place among its chapters */
    CHAPTER_JOINED,
    CHAPTER_ABSENT,    /* no page was captured there */
    CHAPTER_FAILED,    /* captured, and gave no document */
    CHAPTER_ELSEWHERE, /* a chapter of another book, or a root */
    CHAPTER_LICENCE,   /* under another licence than the root */
    CHAPTER_TOO_MUCH,  /* the book has CHAPTERS_LIMIT pages or CHAPTERS_TEXT_LIMIT bytes without it */
} ChapterState;

typedef struct ChapterLink {
    Hash128 url;
    guint32 target; /* settled: the page; NO_PAGE */
    guint32 state;  /* settled: a ChapterState */
} ChapterLink;

/* One line of a book: the page that the `link`-th link of `owner` leads to. */
typedef struct ChapterEntry {
    guint32 owner, link; /* link counts from 0 within the owner's */
} ChapterEntry;

typedef struct ChapterBook {
    guint32 root;
    guint32 first_entry, entries; /* in graph->entries; without the ignored */
    guint32 pages;                /* that are joined, the root included */
} ChapterBook;

typedef struct ChapterGraph {
    GArray *pages;   /* ChapterPage */
    GArray *links;   /* ChapterLink */
    GArray *books;   /* ChapterBook, in the order of making */
    GArray *entries; /* ChapterEntry */
} ChapterGraph;

ChapterGraph *chapter_graph_new(void);
/* Copies; page->links URLs are taken from `urls`. */
void chapter_graph_add(ChapterGraph *graph, const ChapterPage *page, const Hash128 *urls);
void chapter_graph_settle(ChapterGraph *graph);
void chapter_graph_free(ChapterGraph *graph);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ChapterGraph, chapter_graph_free)

static inline ChapterPage *chapter_page(const ChapterGraph *graph, guint32 index)
{
    return &g_array_index(graph->pages, ChapterPage, index);
}

static inline ChapterLink *chapter_link(const ChapterGraph *graph, guint32 owner, guint32 link)
{
    return &g_array_index(graph->links, ChapterLink, chapter_page(graph, owner)->first_link + link);
}

#endif
