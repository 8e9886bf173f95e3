/* SPDX-License-Identifier: Apache-2.0
 * The stage "chapters"; see scrapers/chapters.h.
 *
 * Source by source: its documents are read into a graph, the graph says what is to be written for which document, and
 * that is written in the order of document numbers. */
#include "scrapers/chapters.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "scrapers/chapter_graph.h"
#include "scrapers/fetch/url.h"
#include "store/changes.h"
#include "store/chapters.h"
#include "store/fingerprint.h"
#include "store/note.h"
#include "store/reading_order.h"
#include "store/stage_record.h"

#define CHAPTERS_VERSION 1 /* raise it when other pages make a document */
#define NEXT_STAGE "metadata" /* for which it matters that a document has other pages now */
#define BATCH_ACTIONS 4096u
#define EXAMPLES_LIMIT 3u

typedef enum { ACTION_RECORD, ACTION_CHAPTER, ACTION_SAME_PAGE, ACTION_NOTHING } ActionKind;

/* What is written for one document. */
typedef struct Action {
    Docno docno;
    ActionKind kind;
    guint32 book;        /* of the document, or that it belongs to */
    guint32 place;       /* of a chapter among the book's pages, from 1 */
} Action;

typedef struct Chaptering {
    StageContext *context;
    const RecipeSource *source;
    StageRun *run;
    ChapterGraph *graph;
    GArray *actions; /* Action, by docno */
    guint from, to;  /* of the batch under way */
    guint missing;
    GString *examples; /* of missing chapters */
} Chaptering;

static gboolean has_chapters(const RecipeSource *source)
{
    return source->extract.chapters.links.count > 0;
}

/* ---- The pages of a source -------------------------------------------------------------------------------------- */

static Hash128 url_hash(const char *url)
{
    g_autofree char *normal = url_normalise(url);
    const char *fragment = normal ? strchr(url, '#') : NULL; /* it tells pages of JavaScript applications apart */
    g_autofree char *whole = g_strconcat(normal ? normal : url, fragment ? fragment : "", NULL);
    return hash128(whole, strlen(whole));
}

static void add_page(ChapterGraph *graph, Docno docno, const Document *document, gsize size, gboolean good)
{
    g_autoptr(json_t) meta = json_loads(document->meta ? document->meta : "{}", 0, NULL);
    const json_t *chapters = json_object_get(meta, "chapters");
    const char *captured = json_get_string(meta, "captured"), *redirect = json_get_string(meta, "redirect");
    const char *id = document->id ? document->id : "", *licence = document->licence ? document->licence : "";
    guint32 count = good ? (guint32)json_array_size(chapters) : 0;
    g_autofree Hash128 *urls = g_new(Hash128, count + 1);
    for (guint32 i = 0; i < count; i++) {
        const char *url = json_get_string(json_array_get(chapters, i), "url");
        urls[i] = url_hash(url ? url : "");
    }
    ChapterPage page = {
        .docno = docno,
        .id = url_hash(id),
        .captured = url_hash(captured ? captured : id),
        .licence = hash64(licence, strlen(licence), 0),
        .size = size,
        .good = good,
        .links = count,
    };
    if (redirect)
        page.redirect = url_hash(redirect);
    chapter_graph_add(graph, &page, urls);
}

/* What was decided before this stage; what it or a later one decided in an earlier run says nothing yet. FALSE with `error`
 * on damage. */
static gboolean page_is_good(StoreTxn *txn, Docno docno, gboolean *good, GError **error)
{
    GError *failure = NULL;
    Verdict verdict;
    gboolean decided = ledger_get(txn, docno, &verdict, &failure);
    *good = !decided || stage_place(verdict.stage) >= stage_place(CHAPTERS_STAGE);
    if (failure)
        g_propagate_error(error, failure);
    return failure == NULL;
}

static gboolean add_document(Chaptering *chaptering, StoreTxn *txn, Docno docno, const StoreValue *value, GError **error)
{
    g_auto(Document) document = {0};
    gboolean good;
    if (!document_thaw(value, FALSE, &document, error) || !page_is_good(txn, docno, &good, error))
        return FALSE;
    if (g_strcmp0(document.source, chaptering->source->tag) != 0) {
        g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT,
                    "document %" G_GUINT64_FORMAT " is of source '%s' where those of '%s' should be; run 'galen audit'", docno, document.source,
                    chaptering->source->tag);
        return FALSE;
    }
    add_page(chaptering->graph, docno, &document, document_text_size(value), good);
    progress_add(chaptering->context->progress, 1);
    return TRUE;
}

static gboolean read_stretch(Chaptering *chaptering, StoreTxn *txn, const ReadingStretch *stretch, GError **error)
{
    guint8 from[8];
    docno_write(stretch->first, from);
    g_autoptr(StoreCursor) cursor = store_cursor_new(txn, TABLE_DOCUMENTS, from, sizeof from, error);
    StoreValue key, value;
    int more = cursor ? 1 : -1;
    while (more > 0 && (more = store_cursor_next(cursor, &key, &value, error)) > 0 && docno_read(key.data) < stretch->first + stretch->count)
        if (!add_document(chaptering, txn, docno_read(key.data), &value, error))
            more = -1;
    return more >= 0;
}

static gboolean read_pages(Chaptering *chaptering, const GArray *stretches, GError **error)
{
    guint64 total = 0;
    gboolean good = TRUE;
    g_autoptr(StoreTxn) txn = store_read_begin(chaptering->context->store, error);
    for (guint i = 0; i < stretches->len; i++)
        total += g_array_index(stretches, ReadingStretch, i).count;
    progress_begin(chaptering->context->progress, CHAPTERS_STAGE, "pages", total);
    for (guint i = 0; txn && good && i < stretches->len; i++)
        good = read_stretch(chaptering, txn, &g_array_index(stretches, ReadingStretch, i), error);
    progress_end(chaptering->context->progress);
    return txn && good;
}

/* ---- What is to be written -------------------------------------------------------------------------------------- */

static void add_action(Chaptering *chaptering, guint32 page, ActionKind kind, guint32 book, guint32 place)
{
    Action action = {chapter_page(chaptering->graph, page)->docno, kind, book, place};
    g_array_append_val(chaptering->actions, action);
}

static int compare_actions(gconstpointer a, gconstpointer b)
{
    Docno first = ((const Action *)a)->docno, second = ((const Action *)b)->docno;
    return first < second ? -1 : first > second;
}

/* The root stands first where no link says its place. */
static gboolean root_has_place(const ChapterGraph *graph, const ChapterBook *book)
{
    for (guint32 i = 0; i < book->entries; i++) {
        const ChapterEntry *entry = &g_array_index(graph->entries, ChapterEntry, book->first_entry + i);
        if (chapter_link(graph, entry->owner, entry->link)->state == CHAPTER_ROOT)
            return TRUE;
    }
    return FALSE;
}

static void plan_book(Chaptering *chaptering, guint32 number, guint32 *book_of_root)
{
    const ChapterGraph *graph = chaptering->graph;
    const ChapterBook *book = &g_array_index(graph->books, ChapterBook, number);
    guint32 place = root_has_place(graph, book) ? 0 : 1;
    add_action(chaptering, book->root, ACTION_RECORD, number, 0);
    book_of_root[book->root] = number;
    for (guint32 i = 0; i < book->entries; i++) {
        const ChapterEntry *entry = &g_array_index(graph->entries, ChapterEntry, book->first_entry + i);
        const ChapterLink *link = chapter_link(graph, entry->owner, entry->link);
        if (link->state == CHAPTER_ROOT)
            place++;
        else if (link->state == CHAPTER_JOINED)
            add_action(chaptering, link->target, ACTION_CHAPTER, number, ++place);
    }
}

/* Pages of which nothing is to be written: something may have been. */
static void add_other_pages(Chaptering *chaptering)
{
    g_autoptr(GHashTable) planned = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
    guint count = chaptering->actions->len;
    for (guint i = 0; i < count; i++)
        g_hash_table_add(planned, g_memdup2(&g_array_index(chaptering->actions, Action, i).docno, sizeof(Docno)));
    for (guint32 i = 0; i < chaptering->graph->pages->len; i++)
        if (!g_hash_table_contains(planned, &chapter_page(chaptering->graph, i)->docno))
            add_action(chaptering, i, ACTION_NOTHING, 0, 0);
}

static void plan(Chaptering *chaptering)
{
    const ChapterGraph *graph = chaptering->graph;
    g_autofree guint32 *book_of_root = g_new(guint32, graph->pages->len + 1);
    memset(book_of_root, 0xff, sizeof *book_of_root * (graph->pages->len + 1));
    for (guint32 i = 0; i < graph->books->len; i++)
        plan_book(chaptering, i, book_of_root);
    for (guint32 i = 0; i < graph->pages->len; i++) {
        guint32 same = chapter_page(graph, i)->same;
        guint32 root = same == NO_PAGE || same == i ? NO_PAGE : chapter_page(graph, same)->root;
        if (root == NO_PAGE && same != NO_PAGE && same != i)
            root = same;
        if (root != NO_PAGE && book_of_root[root] != NO_PAGE)
            add_action(chaptering, i, ACTION_SAME_PAGE, book_of_root[root], 0);
    }
    if (chaptering->run->extends)
        add_other_pages(chaptering);
    g_array_sort(chaptering->actions, compare_actions);
}

/* ---- Writing ---------------------------------------------------------------------------------------------------- */

/* Why a page is no part of the book; NULL: it is. g_free. */
static char *describe_missing(const ChapterGraph *graph, const ChapterBook *book, const ChapterLink *link)
{
    const ChapterPage *page = link->target == NO_PAGE ? NULL : chapter_page(graph, link->target);
    switch ((ChapterState)link->state) {
    case CHAPTER_ABSENT:
        return g_strdup("it was not captured");
    case CHAPTER_FAILED:
        return g_strdup_printf("its capture, document %" G_GUINT64_FORMAT ", was dropped", page->docno);
    case CHAPTER_ELSEWHERE:
        return g_strdup_printf("it belongs to document %" G_GUINT64_FORMAT,
                               page->root == NO_PAGE ? page->docno : chapter_page(graph, page->root)->docno);
    case CHAPTER_LICENCE:
        return g_strdup("its licence is another one");
    case CHAPTER_TOO_MUCH:
        return g_strdup_printf("with it the document would have more than %u pages, or %u MB of text", CHAPTERS_LIMIT,
                               (unsigned)(CHAPTERS_TEXT_LIMIT >> 20));
    case CHAPTER_IGNORED:
    case CHAPTER_ROOT:
    case CHAPTER_JOINED:
        break;
    }
    return NULL;
}

/* The chapters that a document's page names, as the parser wrote them. */
static json_t *named_chapters(StoreTxn *txn, Docno docno, GError **error)
{
    g_auto(Document) document = {0};
    if (!document_get_facts(txn, docno, &document, error))
        return NULL;
    g_autoptr(json_t) meta = json_parse(document.meta, strlen(document.meta), "meta", error);
    return meta ? json_incref(json_object_get(meta, "chapters")) : NULL;
}

/* One line of the record. `names`, of the owner at hand, is kept from call to call. */
static gboolean list_entry(const Chaptering *chaptering, StoreTxn *txn, const ChapterBook *book, const ChapterEntry *entry, guint32 *owner,
                           json_t **names, GPtrArray *chapters, GError **error)
{
    const ChapterGraph *graph = chaptering->graph;
    const ChapterLink *link = chapter_link(graph, entry->owner, entry->link);
    if (*owner != entry->owner) {
        json_decref(*names);
        *names = named_chapters(txn, chapter_page(graph, entry->owner)->docno, error);
        *owner = entry->owner;
    }
    if (!*names)
        return FALSE;
    const json_t *name = json_array_get(*names, entry->link);
    g_autofree char *missing = describe_missing(graph, book, link);
    const char *heading = chaptering->source->extract.chapters.headings ? json_get_string(name, "heading") : NULL;
    chapters_add(chapters, link->target == NO_PAGE ? DOCNO_NONE : chapter_page(graph, link->target)->docno, json_get_string(name, "url"),
                 heading, missing);
    return TRUE;
}

/* The note of a parent. */
static json_t *make_record(const Chaptering *chaptering, StoreTxn *txn, const Action *action, GError **error)
{
    const ChapterBook *book = &g_array_index(chaptering->graph->books, ChapterBook, action->book);
    g_autoptr(GPtrArray) chapters = chapters_new();
    g_autoptr(json_t) names = NULL;
    guint32 owner = NO_PAGE;
    if (!root_has_place(chaptering->graph, book))
        chapters_add(chapters, action->docno, NULL, NULL, NULL);
    for (guint32 i = 0; i < book->entries; i++) {
        const ChapterEntry *entry = &g_array_index(chaptering->graph->entries, ChapterEntry, book->first_entry + i);
        if (!list_entry(chaptering, txn, book, entry, &owner, &names, chapters, error))
            return NULL;
    }
    return chapters_note(chapters);
}

/* TRUE unless an error is set. A document without a verdict of this stage has outcome 0. */
static gboolean own_verdict(StoreTxn *txn, Docno docno, Verdict *verdict, GError **error)
{
    GError *failure = NULL;
    if (!ledger_get(txn, docno, verdict, &failure) || strcmp(verdict->stage, CHAPTERS_STAGE) != 0)
        *verdict = (Verdict){0};
    if (!failure)
        return TRUE;
    g_propagate_error(error, failure);
    return FALSE;
}

/* In a store that was built before: a document that is no chapter. Takes back what said otherwise. */
static gboolean clear_verdict(StoreTxn *txn, Docno docno, GError **error)
{
    Verdict present;
    return own_verdict(txn, docno, &present, error) && (!present.outcome || changes_reopen(txn, docno, CHAPTERS_STAGE, error));
}

/* The same with the note; one that changes changes the document's text. */
static gboolean update_note(StoreTxn *txn, Docno docno, const json_t *note, GError **error)
{
    GError *failure = NULL;
    g_autoptr(json_t) present = note_get(txn, docno, CHAPTERS_STAGE, &failure);
    if (failure) {
        g_propagate_error(error, failure);
        return FALSE;
    }
    if ((!note && !present) || (note && present && json_equal(note, present)))
        return TRUE;
    return (note ? note_put(txn, docno, CHAPTERS_STAGE, note, error) : stage_record_delete(txn, TABLE_NOTES, docno, CHAPTERS_STAGE, error)) &&
           changes_redo(txn, docno, NEXT_STAGE, error);
}

static gboolean write_record(const Chaptering *chaptering, StoreTxn *txn, const Action *action, GError **error)
{
    g_autoptr(json_t) note = make_record(chaptering, txn, action, error);
    if (!note)
        return FALSE;
    if (chaptering->run->extends)
        return clear_verdict(txn, action->docno, error) && update_note(txn, action->docno, note, error);
    return note_put(txn, action->docno, CHAPTERS_STAGE, note, error);
}

static gboolean write_nothing(StoreTxn *txn, const Action *action, GError **error)
{
    return clear_verdict(txn, action->docno, error) && update_note(txn, action->docno, NULL, error);
}

static gboolean put_verdict(const Chaptering *chaptering, StoreTxn *txn, Docno docno, const Verdict *verdict, GError **error)
{
    Verdict present;
    if (!chaptering->run->extends)
        return ledger_put(txn, docno, verdict, error);
    if (!own_verdict(txn, docno, &present, error))
        return FALSE;
    if (present.outcome && present.winner == verdict->winner && strcmp(present.rule, verdict->rule) == 0 &&
        g_strcmp0(present.detail, verdict->detail) == 0)
        return TRUE;
    return stage_record_delete(txn, TABLE_NOTES, docno, CHAPTERS_STAGE, error) && changes_decide(txn, docno, verdict, error);
}

static gboolean write_verdict(const Chaptering *chaptering, StoreTxn *txn, const Action *action, GError **error)
{
    const ChapterBook *book = &g_array_index(chaptering->graph->books, ChapterBook, action->book);
    gboolean chapter = action->kind == ACTION_CHAPTER;
    g_autofree char *detail = chapter ? g_strdup_printf("page %u of %u", action->place, book->pages)
                                      : g_strdup("one of the pages again, from another address");
    Verdict verdict = {
        .outcome = OUTCOME_MERGED,
        .stage = CHAPTERS_STAGE,
        .rule = chapter ? CHAPTERS_RULE : CHAPTERS_RULE_SAME_PAGE,
        .value = NAN,
        .threshold = NAN,
        .winner = chapter_page(chaptering->graph, book->root)->docno,
        .detail = detail,
    };
    return put_verdict(chaptering, txn, action->docno, &verdict, error);
}

static gboolean write_action(const Chaptering *chaptering, StoreTxn *txn, const Action *action, GError **error)
{
    if (action->kind == ACTION_NOTHING)
        return write_nothing(txn, action, error);
    return (action->kind == ACTION_RECORD ? write_record : write_verdict)(chaptering, txn, action, error);
}

static gboolean write_batch(StoreTxn *txn, gpointer user, GError **error)
{
    const Chaptering *chaptering = user;
    for (guint i = chaptering->from; i < chaptering->to; i++)
        if (!write_action(chaptering, txn, &g_array_index(chaptering->actions, Action, i), error))
            return FALSE;
    return stage_save(txn, chaptering->run, error);
}

static gboolean is_missing(ChapterState state)
{
    return state == CHAPTER_ABSENT || state == CHAPTER_FAILED || state == CHAPTER_LICENCE || state == CHAPTER_TOO_MUCH;
}

static guint32 count_missing(const ChapterGraph *graph, const ChapterBook *book)
{
    guint32 missing = 0;
    for (guint32 i = 0; i < book->entries; i++) {
        const ChapterEntry *entry = &g_array_index(graph->entries, ChapterEntry, book->first_entry + i);
        missing += is_missing((ChapterState)chapter_link(graph, entry->owner, entry->link)->state);
    }
    return missing;
}

static void count_action(Chaptering *chaptering, const Action *action)
{
    const char *tag = chaptering->source->tag;
    if (action->kind == ACTION_NOTHING)
        return;
    if (action->kind != ACTION_RECORD) {
        stage_count(chaptering->run, tag, action->kind == ACTION_CHAPTER ? "merged:chapter" : "merged:same-page", 1);
        return;
    }
    const ChapterBook *book = &g_array_index(chaptering->graph->books, ChapterBook, action->book);
    guint32 missing = count_missing(chaptering->graph, book);
    stage_count(chaptering->run, tag, "books", book->pages > 1);
    stage_count(chaptering->run, tag, "missing", missing);
    if (missing && chaptering->missing < EXAMPLES_LIMIT)
        g_string_append_printf(chaptering->examples, "%s%" G_GUINT64_FORMAT, chaptering->missing ? ", " : "", action->docno);
    chaptering->missing += missing > 0;
}

/* What an earlier run counted for this source. */
static void forget_counts(Chaptering *chaptering)
{
    static const char *const names[] = {"books", "missing", "merged:chapter", "merged:same-page"};
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *key = g_strconcat(chaptering->source->tag, "/", names[i], NULL);
        json_object_del(chaptering->run->counts, key);
    }
}

/* A run that goes on after a kill writes the same again. */
static gboolean write_actions(Chaptering *chaptering, GError **error)
{
    unsigned limit = chaptering->context->batch_documents ? chaptering->context->batch_documents : BATCH_ACTIONS;
    forget_counts(chaptering);
    for (guint next = 0; next < chaptering->actions->len; next = chaptering->to) {
        chaptering->from = next;
        chaptering->to = MIN(next + limit, chaptering->actions->len);
        for (guint i = chaptering->from; i < chaptering->to; i++)
            count_action(chaptering, &g_array_index(chaptering->actions, Action, i));
        chaptering->run->next = g_array_index(chaptering->actions, Action, chaptering->to - 1).docno + 1;
        if (!store_write(chaptering->context->store, write_batch, chaptering, error))
            return FALSE;
    }
    return TRUE;
}

/* ---- The stage -------------------------------------------------------------------------------------------------- */

static void report_missing(const Chaptering *chaptering)
{
    if (chaptering->missing && chaptering->context->notices)
        g_string_append_printf(chaptering->context->notices,
                               "%s: documents that lack chapters which their pages name: %u (%s%s); 'galen why' tells which\n", chaptering->source->tag,
                               chaptering->missing, chaptering->examples->str, chaptering->missing > EXAMPLES_LIMIT ? ", ..." : "");
}

static gboolean join_source(StageContext *context, const RecipeSource *source, const GArray *stretches, StageRun *run, GError **error)
{
    g_autoptr(ChapterGraph) graph = chapter_graph_new();
    g_autoptr(GArray) actions = g_array_new(FALSE, FALSE, sizeof(Action));
    g_autoptr(GString) examples = g_string_new(NULL);
    Chaptering chaptering = {.context = context, .source = source, .run = run, .graph = graph, .actions = actions, .examples = examples};
    if (!read_pages(&chaptering, stretches, error))
        return FALSE;
    chapter_graph_settle(graph);
    plan(&chaptering);
    if (!write_actions(&chaptering, error))
        return FALSE;
    report_missing(&chaptering);
    return TRUE;
}

/* Whether one of a source's documents is on the list of changes. */
static gboolean has_changed(StoreTxn *txn, const GArray *stretches, gboolean *changed, GError **error)
{
    *changed = FALSE;
    for (guint i = 0; i < stretches->len && !*changed; i++) {
        const ReadingStretch *stretch = &g_array_index(stretches, ReadingStretch, i);
        GError *failure = NULL;
        Docno docno;
        *changed = changes_next(txn, stretch->first, CHAPTERS_STAGE, &docno, &failure) && docno < stretch->first + stretch->count;
        if (failure) {
            g_propagate_error(error, failure);
            return FALSE;
        }
    }
    return TRUE;
}

/* A source is joined as a whole, or not at all where none of its documents has changed. */
static gboolean visit_source(StageContext *context, const RecipeSource *source, StageRun *run, GError **error)
{
    gboolean wanted = TRUE;
    g_autoptr(StoreTxn) txn = store_read_begin(context->store, error);
    g_autoptr(ReadingOrder) order = txn ? reading_order_load(txn, error) : NULL;
    if (!order)
        return FALSE;
    g_autoptr(GArray) stretches = reading_order_source(order, source->tag);
    if (run->extends && !has_changed(txn, stretches, &wanted, error))
        return FALSE;
    g_clear_pointer(&txn, store_read_end);
    return !wanted || join_source(context, source, stretches, run, error);
}

static char *fingerprint_of(const Recipe *recipe, const char *predecessor)
{
    GString *text = g_string_new(NULL);
    fingerprint_add(text, "chapters %d", CHAPTERS_VERSION);
    for (unsigned i = 0; i < recipe->sources_count; i++)
        if (has_chapters(&recipe->sources[i]))
            fingerprint_add_source(text, recipe->sources[i].tag, "chapters headings=%d", recipe->sources[i].extract.chapters.headings);
    fingerprint_add_before(text, predecessor);
    return g_string_free(text, FALSE);
}

gboolean chapters_run(StageContext *context, const Recipe *recipe, const char *predecessor, char **fingerprint, GError **error)
{
    gboolean wanted = FALSE, good = TRUE;
    g_auto(StageRun) run = {0};
    StageAction action;
    for (unsigned i = 0; i < recipe->sources_count; i++)
        wanted |= has_chapters(&recipe->sources[i]);
    *fingerprint = wanted ? fingerprint_of(recipe, predecessor) : g_strdup(predecessor);
    if (!wanted)
        return TRUE;
    if (!stage_begin_extending(context->store, CHAPTERS_STAGE, *fingerprint, STAGE_MAY_BE_NEW, &run, &action, error))
        return FALSE;
    if (action == STAGE_SKIP)
        return TRUE;
    for (unsigned i = 0; good && i < recipe->sources_count; i++)
        good = !has_chapters(&recipe->sources[i]) || visit_source(context, &recipe->sources[i], &run, error);
    return good && stage_finish(context->store, &run, error);
}
