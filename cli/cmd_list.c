/* SPDX-License-Identifier: Apache-2.0
 * galen list: one line for each document, with what became of it. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "cli/commands.h"
#include "scrapers/bad_input.h"

typedef struct Filter {
    char *source, *outcome, *rule;
    gboolean bad_input, json;
    StageRun ingest; /* its counts say which sources have bad input */
} Filter;

static gboolean passes(const Filter *filter, const Document *document, const Verdict *verdict)
{
    const char *outcome = verdict ? outcome_name(verdict->outcome) : "undecided";
    return (!filter->source || strcmp(filter->source, document->source) == 0) &&
           (!filter->outcome || strcmp(filter->outcome, outcome) == 0) &&
           (!filter->rule || (verdict && strcmp(filter->rule, verdict->rule) == 0)) &&
           (!filter->bad_input || (verdict && bad_input_is_verdict(&filter->ingest, document->source, verdict)));
}

static void print_line(const Filter *filter, Docno docno, const Document *document, const Verdict *verdict)
{
    const char *outcome = verdict ? outcome_name(verdict->outcome) : "undecided";
    if (!filter->json) {
        printf("%" G_GUINT64_FORMAT "\t%s\t%s\t%s\t%s\t%s\n", docno, document->source, document->id, outcome,
               verdict ? verdict->rule : "", verdict && verdict->detail ? verdict->detail : "");
        return;
    }
    g_autoptr(json_t) line = json_object();
    json_object_set_new(line, "docno", json_integer((json_int_t)docno));
    json_object_set_new(line, "source", json_text(document->source));
    json_object_set_new(line, "id", json_text(document->id));
    json_object_set_new(line, "title", json_text(document->title));
    json_object_set_new(line, "origin", json_text(document->origin));
    json_object_set_new(line, "outcome", json_text(outcome));
    json_object_set_new(line, "rule", json_text(verdict ? verdict->rule : NULL));
    json_object_set_new(line, "detail", json_text(verdict ? verdict->detail : NULL));
    if (verdict && verdict->outcome == OUTCOME_MERGED)
        json_object_set_new(line, "winner", json_integer((json_int_t)verdict->winner));
    if (verdict && !isnan(verdict->value))
        json_object_set_new(line, "value", json_real(verdict->value));
    if (verdict && !isnan(verdict->threshold))
        json_object_set_new(line, "threshold", json_real(verdict->threshold));
    g_autofree char *text = json_write(line);
    puts(text);
}

static gboolean list_documents(StoreTxn *txn, const Filter *filter, GError **error)
{
    g_autoptr(StoreCursor) cursor = store_cursor_new(txn, TABLE_DOCUMENTS, NULL, 0, error);
    if (!cursor)
        return FALSE;
    StoreValue key, value;
    int more;
    while ((more = store_cursor_next(cursor, &key, &value, error)) > 0) {
        g_auto(Document) document = {0};
        Verdict verdict;
        GError *failure = NULL;
        Docno docno = docno_read(key.data);
        if (!document_thaw(&value, FALSE, &document, error))
            return FALSE;
        gboolean decided = ledger_get(txn, docno, &verdict, &failure);
        if (failure) {
            g_propagate_error(error, failure);
            return FALSE;
        }
        if (passes(filter, &document, decided ? &verdict : NULL))
            print_line(filter, docno, &document, decided ? &verdict : NULL);
    }
    return more == 0;
}

static int run(const Command *command, int argc, char **argv)
{
    g_autofree char *source = NULL, *outcome = NULL, *rule = NULL;
    Filter filter = {0};
    const GOptionEntry entries[] = {
        {"source", 's', 0, G_OPTION_ARG_STRING, &source, "Only this source", "TAG"},
        {"outcome", 0, 0, G_OPTION_ARG_STRING, &outcome, "Only kept, dropped, merged or undecided ones", "WORD"},
        {"rule", 'r', 0, G_OPTION_ARG_STRING, &rule, "Only what this rule decided", "RULE"},
        {"bad-input", 0, 0, G_OPTION_ARG_NONE, &filter.bad_input, "Only damaged files and malformed records", NULL},
        {"json", 0, 0, G_OPTION_ARG_NONE, &filter.json, "Print a JSON object a line", NULL},
        {NULL},
    };
    int status;
    if (!command_parse_exactly(command, entries, 1, &argc, &argv, &status))
        return status;
    filter.source = source;
    filter.outcome = outcome;
    filter.rule = rule;
    GError *error = NULL;
    g_autoptr(Store) store = store_open(argv[1], STORE_READ, &error);
    g_autoptr(StoreTxn) txn = store ? store_read_begin(store, &error) : NULL;
    if (txn)
        stage_load(txn, "ingest", &filter.ingest, &error);
    gboolean good = txn && !error && list_documents(txn, &filter, &error);
    stage_run_clear(&filter.ingest);
    return good ? EXIT_GOOD : command_fail(error);
}

const Command command_list = {
    .name = "list",
    .arguments = "STORE",
    .summary = "list documents, with what became of each",
    .details = "Columns, separated by tabs: number, source, id, outcome, rule, detail.\n\n"
               "Examples:\n"
               "  galen list corpus.galen --outcome dropped --source nice\n"
               "  galen list corpus.galen --rule near-duplicate\n"
               "  galen list corpus.galen --bad-input",
    .run = run,
};
