/* SPDX-License-Identifier: Apache-2.0
 * galen trace: the documents of a step of training, or the steps that saw a document. */
#include <math.h>
#include <stdio.h>

#include "base/error.h"
#include "cli/commands.h"
#include "store/document.h"
#include "train/journal.h"
#include "train/trace.h"

static json_t *number_or_null(double number)
{
    return isfinite(number) ? json_real(number) : json_null();
}

static json_t *document_to_json(StoreTxn *txn, const TraceDocument *traced, GError **error)
{
    g_auto(Document) document = {0};
    if (!document_get_facts(txn, traced->docno, &document, error)) {
        if (error && !*error)
            g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT, "document %" G_GUINT64_FORMAT " is not in the store; run galen audit", traced->docno);
        return NULL;
    }
    return json_pack("{s:I, s:o, s:o, s:o, s:I, s:o}", "docno", (json_int_t)traced->docno, "source", json_text(traced->source), "id",
                     json_text(document.id), "title", json_text(document.title), "tokens", (json_int_t)traced->tokens, "loss",
                     number_or_null(traced->loss));
}

static json_t *step_to_json(StoreTxn *txn, guint64 number, const TraceStep *step, GError **error)
{
    g_autoptr(json_t) documents = json_array();
    for (guint i = 0; i < step->documents->len; i++) {
        json_t *document = document_to_json(txn, &g_array_index(step->documents, TraceDocument, i), error);
        if (!document)
            return NULL;
        json_array_append_new(documents, document);
    }
    return json_pack("{s:I, s:b, s:o, s:o, s:o, s:s, s:o, s:O}", "step", (json_int_t)number, "logged", (int)step->logged, "loss",
                     number_or_null(step->loss), "grad_norm", number_or_null(step->gradient_norm), "lr", number_or_null(step->rate),
                     "token_hash", step->hash, "loss_by_source", step->by_source ? json_incref(step->by_source) : json_null(), "documents",
                     documents);
}

static void print_loss(const json_t *loss)
{
    if (json_is_number(loss))
        printf(" %8.4f", json_number_value(loss));
    else
        printf(" %8s", "-");
}

static void print_documents(const json_t *documents)
{
    gsize index;
    json_t *document;
    printf("%8s %8s %8s  %s\n", "document", "tokens", "loss", "source, id, title");
    json_array_foreach (documents, index, document) {
        const char *id = json_get_string(document, "id"), *title = json_get_string(document, "title");
        printf("%8" JSON_INTEGER_FORMAT " %8" JSON_INTEGER_FORMAT, json_integer_value(json_object_get(document, "docno")),
               json_integer_value(json_object_get(document, "tokens")));
        print_loss(json_object_get(document, "loss"));
        printf("  %s %s  %.60s\n", json_get_string(document, "source"), id ? id : "-", title ? title : "");
    }
}

static void print_step(guint64 number, const TraceStep *step, const json_t *object)
{
    if (step->logged)
        printf("step %" G_GUINT64_FORMAT ": loss %.4f, gradient %.3f, rate %.2e; the store gives the tokens that the log has (%s)\n", number,
               step->loss, step->gradient_norm, step->rate, step->hash);
    else
        printf("step %" G_GUINT64_FORMAT " is not in the log; these are the documents that it has\n", number);
    const char *source;
    json_t *loss;
    json_object_foreach (step->by_source, source, loss)
        printf("  %s: loss %.4f of %" JSON_INTEGER_FORMAT " tokens\n", source, json_number_value(json_object_get(loss, "loss")),
               json_integer_value(json_object_get(loss, "tokens")));
    print_documents(json_object_get(object, "documents"));
    if (step->logged && !step->documents_logged)
        puts("the log has no losses of documents for this step; log.documents: true writes them");
}

static gboolean show_step(Trace *trace, Store *store, const char *text, gboolean as_json, GError **error)
{
    guint64 number;
    g_auto(TraceStep) step = {0};
    g_autoptr(GError) cause = NULL;
    if (!g_ascii_string_to_unsigned(text, 10, 1, G_MAXINT32, &number, &cause)) {
        g_set_error(error, GALEN_ERROR, GALEN_ERROR_USAGE, "'%s' is no step: give a number from 1 on, or --document ID", text);
        return FALSE;
    }
    g_autoptr(StoreTxn) txn = store_read_begin(store, error);
    if (!txn || !trace_step(trace, number, &step, error))
        return FALSE;
    json_t *object = step_to_json(txn, number, &step, error);
    if (!object)
        return FALSE;
    if (as_json) {
        print_json(object);
        return TRUE;
    }
    print_step(number, &step, object);
    json_decref(object);
    return TRUE;
}

static json_t *sights_to_json(const GArray *sights)
{
    json_t *list = json_array();
    for (guint i = 0; i < sights->len; i++) {
        const TraceSight *sight = &g_array_index(sights, TraceSight, i);
        json_array_append_new(list, json_pack("{s:I, s:I, s:I, s:I, s:o}", "step", (json_int_t)sight->step, "sequence",
                                              (json_int_t)sight->sequence, "epoch", (json_int_t)sight->epoch, "tokens",
                                              (json_int_t)sight->tokens, "loss", number_or_null(sight->loss)));
    }
    return list;
}

static void print_sights(const GArray *sights, guint placements, guint64 last_step)
{
    if (!placements)
        puts("it is not in the training split");
    else if (!sights->len)
        printf("it stands %u time%s in the training split, but no step up to %" G_GUINT64_FORMAT " saw it\n", placements, placements == 1 ? "" : "s",
               last_step);
    else
        printf("%8s %9s %6s %8s %8s\n", "step", "sequence", "epoch", "tokens", "loss");
    for (guint i = 0; i < sights->len; i++) {
        const TraceSight *sight = &g_array_index(sights, TraceSight, i);
        g_autoptr(json_t) loss = number_or_null(sight->loss);
        printf("%8" G_GUINT64_FORMAT " %9" G_GSIZE_FORMAT " %6" G_GUINT64_FORMAT " %8" G_GUINT64_FORMAT, sight->step, sight->sequence, sight->epoch,
               sight->tokens);
        print_loss(loss);
        putchar('\n');
    }
}

static gboolean show_document(Trace *trace, Store *store, const char *name, gboolean as_json, GError **error)
{
    Docno docno;
    guint placements;
    g_auto(Document) document = {0};
    g_autoptr(StoreTxn) txn = store_read_begin(store, error);
    if (!txn || !resolve_document(txn, name, &docno, error) || !document_get_facts(txn, docno, &document, error))
        return FALSE;
    g_autoptr(GArray) sights = trace_document(trace, docno, &placements, error);
    if (!sights)
        return FALSE;
    if (as_json) {
        print_json(json_pack("{s:I, s:o, s:o, s:i, s:I, s:o}", "docno", (json_int_t)docno, "source", json_text(document.source), "id",
                             json_text(document.id), "placements", (int)placements, "last_step", (json_int_t)trace_last_step(trace), "steps",
                             sights_to_json(sights)));
        return TRUE;
    }
    printf("document %" G_GUINT64_FORMAT ": %s %s  %s\n", docno, document.source, document.id, document.title ? document.title : "");
    print_sights(sights, placements, trace_last_step(trace));
    return TRUE;
}

/* The store that the user names, or the one that the run names. */
static Store *open_store(const Trace *trace, const char *given, GError **error)
{
    const char *path = given ? given : trace_store(trace);
    if (path)
        return store_open(path, STORE_READ, error);
    g_set_error(error, GALEN_ERROR, GALEN_ERROR_USAGE, "the log names no store; give --store STORE");
    return NULL;
}

static int run(const Command *command, int argc, char **argv)
{
    g_autofree char *store_path = NULL, *log = NULL, *document = NULL;
    gboolean as_json = FALSE;
    int status;
    const GOptionEntry entries[] = {
        {"document", 'd', 0, G_OPTION_ARG_STRING, &document, "Print the steps that saw this document", "ID"},
        {"store", 0, 0, G_OPTION_ARG_FILENAME, &store_path, "The store that the run was trained on, where it lies elsewhere now", "STORE"},
        {"log", 0, 0, G_OPTION_ARG_FILENAME, &log, "The run's log, where it is not RUN/log.jsonl", "FILE"},
        {"json", 0, 0, G_OPTION_ARG_NONE, &as_json, "Print JSON", NULL},
        {NULL},
    };
    if (!command_parse(command, entries, &argc, &argv, &status))
        return status;
    if (argc != (document ? 2 : 3))
        return command_usage(command, "give a run's folder, and a step or --document ID");
    GError *error = NULL;
    g_autofree char *path = journal_path(argv[1], log);
    g_autoptr(Store) store = NULL;
    g_autoptr(Trace) trace = trace_open(path, &error);
    if (trace)
        store = open_store(trace, store_path, &error);
    gboolean good = store && trace_attach(trace, store, &error) &&
                    (document ? show_document(trace, store, document, as_json, &error) : show_step(trace, store, argv[2], as_json, &error));
    g_clear_pointer(&trace, trace_free); /* before its store */
    return good ? EXIT_GOOD : command_fail(error);
}

const Command command_trace = {
    .name = "trace",
    .arguments = "RUN STEP",
    .summary = "print the documents of a step of training, or the steps that saw a document",
    .details = "RUN is the folder that galen train wrote to. The answer follows from the run's log and its store alone, and is checked\n"
               "against the hash of the tokens that the log has for each step.\n\n"
               "Examples:\n"
               "  galen trace runs/first 1200\n"
               "  galen trace runs/first --document PMID:31452104",
    .run = run,
};
