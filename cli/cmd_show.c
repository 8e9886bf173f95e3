/* SPDX-License-Identifier: Apache-2.0
 * galen show: a document as extracted, as cleaned, as tokens, or its facts. */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "cli/commands.h"
#include "cli/show_tokens.h"
#include "store/chapters.h"
#include "store/note.h"
#include "store/stage_record.h"

typedef struct Options {
    gboolean raw, clean, cuts, tokens, facts;
} Options;

static gboolean print_facts(StoreTxn *txn, Docno docno, const Document *document, GError **error)
{
    char capture[SHA256_HEX_SIZE];
    json_t *facts = json_object();
    sha256_hex(&document->capture, capture);
    json_object_set_new(facts, "docno", json_integer((json_int_t)docno));
    json_object_set_new(facts, "source", json_text(document->source));
    json_object_set_new(facts, "id", json_text(document->id));
    json_object_set_new(facts, "kind", json_text(document->kind));
    json_object_set_new(facts, "title", json_text(document->title));
    json_object_set_new(facts, "url", json_text(document->url));
    json_object_set_new(facts, "licence", json_text(document->licence));
    json_object_set_new(facts, "date", json_text(document->date));
    json_object_set_new(facts, "language", json_text(document->language));
    json_object_set_new(facts, "origin", json_text(document->origin));
    json_object_set_new(facts, "capture_sha256", json_text(capture));
    json_t *meta = json_parse(document->meta, strlen(document->meta), "meta", NULL);
    json_object_set_new(facts, "meta", meta ? meta : json_text(document->meta));
    GError *failure = NULL;
    g_autoptr(json_t) note = note_get(txn, docno, CHAPTERS_STAGE, &failure);
    json_t *pages = json_object_get(note, "pages");
    if (pages)
        json_object_set(facts, "pages", pages);
    if (!failure) {
        print_json(facts);
        return TRUE;
    }
    json_decref(facts);
    g_propagate_error(error, failure);
    return FALSE;
}

/* Says on standard error which page gave which of the lines that are printed, so that the text itself stays as it is. */
static gboolean note_parts(StoreTxn *txn, const Document *document, const GArray *parts, GError **error)
{
    unsigned line = document->title && *document->title ? 3 : 1;
    gsize at = 0;
    for (guint i = 0; i < parts->len; i++) {
        const ChapterPart *part = &g_array_index(parts, ChapterPart, i);
        g_auto(Document) page = {0};
        for (; at < part->start; at++)
            line += document->text[at] == '\n';
        unsigned first = line;
        for (; at < part->start + part->length; at++)
            line += document->text[at] == '\n';
        if (!document_get_facts(txn, part->docno, &page, error))
            return FALSE;
        if (part->length)
            fprintf(stderr, "lines %u to %u: document %" G_GUINT64_FORMAT ", %s\n", first, line, part->docno, page.id);
        else
            fprintf(stderr, "no text: document %" G_GUINT64_FORMAT ", %s\n", part->docno, page.id);
    }
    return TRUE;
}

static gboolean print_raw(StoreTxn *txn, Docno docno, Document *document, GError **error)
{
    g_autoptr(GArray) parts = NULL;
    if (!chapters_join_parts(txn, docno, document, &parts, error) || (parts && !note_parts(txn, document, parts, error)))
        return FALSE;
    if (document->title && *document->title)
        printf("%s\n\n", document->title);
    fwrite(document->text, 1, document->text_length, stdout);
    if (document->text_length && document->text[document->text_length - 1] != '\n')
        putchar('\n');
    return TRUE;
}

static gboolean print_clean(StoreTxn *txn, Docno docno, gboolean with_cuts, gboolean *found, GError **error)
{
    g_autofree char *text = NULL;
    gsize length;
    GError *failure = NULL;
    *found = (with_cuts ? cleaned_get : final_text_get)(txn, docno, &text, &length, &failure);
    if (failure) {
        g_propagate_error(error, failure);
        return FALSE;
    }
    if (*found) {
        fwrite(text, 1, length, stdout);
        if (length && text[length - 1] != '\n')
            putchar('\n');
    }
    return TRUE;
}

typedef struct CutText {
    const char *text;
    gsize length;
} CutText;

static gboolean print_stage_cuts(gpointer user, const char *stage, const StoreValue *value, GError **error)
{
    const CutText *clean = user;
    g_autoptr(GArray) cuts = g_array_new(FALSE, FALSE, sizeof(Cut));
    if (!cuts_parse(value, cuts, error))
        return FALSE;
    if (!cuts_fit((const Cut *)(void *)cuts->data, cuts->len, clean->length)) {
        g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT, "the cuts of stage '%s' do not fit the clean text; run 'galen audit'", stage);
        return FALSE;
    }
    for (guint i = 0; i < cuts->len; i++) {
        const Cut *cut = &g_array_index(cuts, Cut, i);
        printf("== %s: bytes %" G_GUINT64_FORMAT " to %" G_GUINT64_FORMAT " of the clean text\n", stage, cut->start,
               cut->start + cut->length);
        fwrite(clean->text + cut->start, 1, cut->length, stdout);
        if (clean->text[cut->start + cut->length - 1] != '\n')
            putchar('\n');
    }
    return TRUE;
}

/* What later stages took out of the clean text. */
static gboolean print_cuts(StoreTxn *txn, Docno docno, GError **error)
{
    g_autofree char *text = NULL;
    CutText clean;
    GError *failure = NULL;
    if (cleaned_get(txn, docno, &text, &clean.length, &failure)) {
        clean.text = text;
        return stage_record_each(txn, TABLE_CUTS, docno, print_stage_cuts, &clean, error);
    }
    if (failure)
        g_propagate_error(error, failure);
    return failure == NULL;
}

static gboolean show(StoreTxn *txn, const char *name, const Options *options, GError **error)
{
    Docno docno;
    g_auto(Document) document = {0};
    if (!resolve_document(txn, name, &docno, error) || !document_get(txn, docno, &document, error))
        return FALSE;
    if (options->facts)
        return print_facts(txn, docno, &document, error);
    if (options->cuts)
        return print_cuts(txn, docno, error);
    gboolean found = FALSE;
    if (!options->raw && !print_clean(txn, docno, options->clean, &found, error))
        return FALSE;
    return found || print_raw(txn, docno, &document, error);
}

static int run(const Command *command, int argc, char **argv)
{
    Options options = {0};
    g_autofree char **given = g_memdup2(argv, ((gsize)argc + 1) * sizeof *argv); /* parsing takes options out of argv */
    const GOptionEntry entries[] = {
        {"raw", 0, 0, G_OPTION_ARG_NONE, &options.raw, "The text as extracted, before cleaning", NULL},
        {"clean", 0, 0, G_OPTION_ARG_NONE, &options.clean, "The text as cleaned, before later stages took anything out of it", NULL},
        {"cuts", 0, 0, G_OPTION_ARG_NONE, &options.cuts, "What later stages took out of the clean text", NULL},
        {"tokens", 0, 0, G_OPTION_ARG_NONE, &options.tokens, "Its tokens, one a line: id and text", NULL},
        {"facts", 0, 0, G_OPTION_ARG_NONE, &options.facts, "What is known about it, as JSON", NULL},
        {NULL},
    };
    int status;
    if (!command_parse_exactly(command, entries, 2, &argc, &argv, &status))
        return status;
    if (options.tokens && !options.facts)
        return show_tokens(argv[1], argv[2], given);
    GError *error = NULL;
    g_autoptr(Store) store = store_open(argv[1], STORE_READ, &error);
    g_autoptr(StoreTxn) txn = store ? store_read_begin(store, &error) : NULL;
    if (!txn || !show(txn, argv[2], &options, &error))
        return command_fail(error);
    return EXIT_GOOD;
}

const Command command_show = {
    .name = "show",
    .arguments = "STORE ID",
    .summary = "print a document: clean, raw, as tokens, or its facts",
    .details = "ID is a document's number, SOURCE/ID, or an id that only one source has. Without an option it prints the text\n"
               "that is tokenised: the clean text, without what later stages took out of it; or the extracted one where a\n"
               "document was dropped before cleaning ended. Of a document of several pages the raw text is that of all, and\n"
               "standard error says which page gave which lines; a chapter's own number gives it alone.\n\n"
               "Examples:\n"
               "  galen show corpus.galen PMID:31452104\n"
               "  galen show corpus.galen 17 --facts",
    .run = run,
};
