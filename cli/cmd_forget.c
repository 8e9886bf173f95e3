/* SPDX-License-Identifier: Apache-2.0
 * galen forget: takes documents out of a store for good, and leaves tombstones. */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "cli/commands.h"
#include "cli/pipeline.h"
#include "scrapers/works_touched.h"
#include "store/forget_match.h"
#include "store/manifest.h"
#include "store/recipe_settings.h"

#define LIST_LIMIT ((gsize)1 << 30)

typedef struct Options {
    const char *store, *reason, *recipe, *inputs;
    ForgetCriteria criteria;
    int jobs;
    gboolean captures, dry_run, json, quiet;
} Options;

typedef struct Job {
    const Options *options;
    StageContext *context;
    GArray *items;     /* of ForgetItem */
    GArray *displaced; /* of Docno: what gave way to them */
    json_t *result;
} Job;

/* ---- What it is about ------------------------------------------------------------------------------------------ */

static json_t *document_json(StoreTxn *txn, Docno docno, GError **error)
{
    g_auto(Document) document = {0};
    Verdict verdict;
    GError *failure = NULL;
    gboolean decided = document_get_facts(txn, docno, &document, &failure) && ledger_get(txn, docno, &verdict, &failure);
    if (failure) {
        g_propagate_error(error, failure);
        return NULL;
    }
    json_t *object = json_pack("{s:I}", "docno", (json_int_t)docno);
    json_object_set_new(object, "source", json_text(document.source));
    json_object_set_new(object, "id", json_text(document.id));
    json_object_set_new(object, "title", json_text(document.title));
    json_object_set_new(object, "outcome", json_text(decided ? outcome_name(verdict.outcome) : "undecided"));
    json_object_set_new(object, "rule", json_text(decided ? verdict.rule : NULL));
    return object;
}

static gboolean list_items(Job *job, StoreTxn *txn, GError **error)
{
    json_t *list = json_array();
    json_object_set_new(job->result, "documents", list);
    for (guint i = 0; i < job->items->len; i++) {
        const ForgetItem *item = &g_array_index(job->items, ForgetItem, i);
        json_t *object = document_json(txn, item->docno, error);
        if (!object)
            return FALSE;
        json_object_set_new(object, "matched", json_text(item->matched));
        json_array_append_new(list, object);
    }
    return TRUE;
}

/* Documents that gave way to one of those that go. */
static gboolean find_displaced(Job *job, StoreTxn *txn, GError **error)
{
    g_autoptr(StoreCursor) cursor = store_cursor_new(txn, TABLE_LEDGER, NULL, 0, error);
    StoreValue key, value;
    int more = -1;
    while (cursor && (more = store_cursor_next(cursor, &key, &value, error)) > 0) {
        Verdict verdict;
        Docno docno = docno_read(key.data);
        if (!ledger_parse(&value, &verdict, error))
            return FALSE;
        if (verdict.winner != DOCNO_NONE && forget_items_hold(job->items, verdict.winner) && !forget_items_hold(job->items, docno))
            g_array_append_val(job->displaced, docno);
    }
    return more == 0;
}

static gboolean list_displaced(Job *job, GError **error)
{
    g_autoptr(StoreTxn) txn = store_read_begin(job->context->store, error);
    json_t *list = json_array();
    json_object_set_new(job->result, "displaced", list);
    for (guint i = 0; txn && i < job->displaced->len; i++) {
        json_t *object = document_json(txn, g_array_index(job->displaced, Docno, i), error);
        if (!object)
            return FALSE;
        json_array_append_new(list, object);
    }
    return txn != NULL;
}

/* The last that a forgetting writes is the manifest: a kill may have come just before. */
static gboolean lacks_manifest(const Store *store, StoreTxn *txn)
{
    g_autofree char *manifest = g_build_filename(store_directory(store), STORE_MANIFEST, NULL);
    return store_count(txn, TABLE_TOMBSTONES) > 0 && !g_file_test(manifest, G_FILE_TEST_EXISTS);
}

static gboolean match(Job *job, gboolean *pending, GError **error)
{
    g_auto(Forgetting) forgetting = {0};
    guint already = 0;
    g_autoptr(StoreTxn) txn = store_read_begin(job->context->store, error);
    if (!txn || !forgetting_load(txn, &forgetting, error))
        return FALSE;
    *pending = forgetting.pending || lacks_manifest(job->context->store, txn);
    job->items = forget_match(txn, &job->options->criteria, &already, error);
    if (!job->items || !list_items(job, txn, error) || !find_displaced(job, txn, error))
        return FALSE;
    json_object_set_new(job->result, "already_forgotten", json_integer(already));
    return TRUE;
}

/* ---- The recipe ------------------------------------------------------------------------------------------------ */

/* The recipe that the store was built with: where it was then, or where the options say that it is now. */
static Recipe *load_recipe(const Options *options, Store *store, GError **error)
{
    g_autoptr(StoreTxn) txn = store_read_begin(store, error);
    if (!txn)
        return NULL;
    g_autofree char *path = options->recipe ? g_strdup(options->recipe) : store_get_meta(txn, RECIPE_PATH_META, NULL);
    g_autofree char *inputs = options->recipe ? g_strdup(options->inputs) : store_get_meta(txn, RECIPE_INPUTS_META, NULL);
    if (!path) {
        g_set_error(error, GALEN_ERROR, GALEN_ERROR_USAGE, "the store does not say where its recipe lies; give it with --recipe FILE");
        return NULL;
    }
    g_autoptr(Recipe) recipe = recipe_load(path, inputs, error);
    g_autoptr(json_t) built = recipe ? recipe_settings_get(txn, error) : NULL;
    g_autofree char *now = recipe ? recipe_settings_text(recipe) : NULL, *before = built ? json_write(built) : NULL;
    if (!recipe) {
        g_prefix_error(error, "the recipe of this store is needed to close the gap (--recipe FILE says where it is): ");
        return NULL;
    }
    if (!before || strcmp(now, before) == 0)
        return g_steal_pointer(&recipe);
    g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT,
                "%s is not the recipe that this store was built with any more; build first, or give that one with --recipe FILE", path);
    return NULL;
}

/* ---- Doing it -------------------------------------------------------------------------------------------------- */

static gboolean write_request(gpointer user, GError **error)
{
    Job *job = user;
    g_autoptr(GArray) docnos = g_array_new(FALSE, FALSE, sizeof(Docno));
    for (guint i = 0; i < job->items->len; i++)
        g_array_append_val(docnos, g_array_index(job->items, ForgetItem, i).docno);
    if (docnos->len == 0)
        return TRUE;
    g_autoptr(GArray) touched = works_touched(job->context->store, docnos, error);
    ForgetRequest request = {.items = job->items, .touched = touched, .time = g_get_real_time() / G_USEC_PER_SEC,
                             .reason = job->options->reason, .by = g_get_user_name(), .captures = job->options->captures};
    return touched && forget_write(job->context->store, &request, error);
}

static gboolean carry_out(Job *job, GError **error)
{
    g_autoptr(Recipe) recipe = load_recipe(job->options, job->context->store, error);
    if (!recipe)
        return FALSE;
    Screen *screen = screen_start(job->context->progress, job->options->quiet);
    gboolean good = pipeline_settle(job->context, recipe, write_request, job, error);
    screen_stop(screen);
    return good && list_displaced(job, error);
}

/* ---- Telling --------------------------------------------------------------------------------------------------- */

static void print_list(const json_t *list, const char *heading)
{
    gsize index;
    json_t *object;
    if (json_array_size(list))
        puts(heading);
    json_array_foreach((json_t *)list, index, object) {
        const char *title = json_get_string(object, "title"), *rule = json_get_string(object, "rule");
        printf("  %lld %s/%s  %s%s%s%s%s\n", (long long)json_integer_value(json_object_get(object, "docno")),
               json_get_string(object, "source"), json_get_string(object, "id"), json_get_string(object, "outcome"),
               rule && strcmp(rule, "kept") != 0 ? " by " : "", rule && strcmp(rule, "kept") != 0 ? rule : "", title ? "  " : "",
               title ? title : "");
    }
}

static void print_result(const Job *job)
{
    const json_t *documents = json_object_get(job->result, "documents"), *displaced = json_object_get(job->result, "displaced");
    gsize count = json_array_size(documents);
    json_int_t already = json_integer_value(json_object_get(job->result, "already_forgotten"));
    gboolean dry = job->options->dry_run;
    print_list(documents, dry ? "would be forgotten:" : "forgotten:");
    print_list(displaced, dry ? "gave way to these, and would be looked at anew:" : "gave way to these, and stand so now:");
    printf("%" G_GSIZE_FORMAT " document(s) %s", count, dry ? "would be forgotten" : "forgotten");
    if (already)
        printf(", %" JSON_INTEGER_FORMAT " named had been before", already);
    putchar('\n');
}

/* Input files are not the store's. */
static void warn_of_inputs(const Job *job)
{
    if (job->items->len && !job->options->quiet)
        fprintf(stderr, "galen: input files outside the store are left as they are%s\n",
                job->options->captures ? "" : ", and so are raw captures; --captures takes the pages out of these");
}

/* ---- The verb -------------------------------------------------------------------------------------------------- */

static int run_job(Job *job)
{
    GError *error = NULL;
    gboolean pending = FALSE, dry = job->options->dry_run;
    if (!match(job, &pending, &error))
        return command_fail(error);
    json_object_set_new(job->result, "dry_run", json_boolean(dry));
    if (!(dry || (job->items->len == 0 && !pending) ? list_displaced(job, &error) : carry_out(job, &error)))
        return command_fail(error);
    if (job->options->json)
        print_json(json_incref(job->result));
    else
        print_result(job);
    fflush(stdout);
    warn_of_inputs(job);
    return EXIT_GOOD;
}

static int forget(const Options *options)
{
    GError *error = NULL;
    g_autoptr(Store) store = store_open(options->store, options->dry_run ? STORE_READ : STORE_WRITE, &error);
    if (!store)
        return command_fail(error);
    g_autoptr(Progress) progress = progress_new();
    g_autoptr(GString) notices = g_string_new(NULL);
    StageContext context = {.store = store, .progress = progress, .notices = notices,
                            .jobs = options->jobs > 0 ? (unsigned)options->jobs : default_jobs()};
    Job job = {options, &context, NULL, g_array_new(FALSE, FALSE, sizeof(Docno)), json_object()};
    int status = run_job(&job);
    fputs(notices->str, stderr);
    if (job.items)
        g_array_unref(job.items);
    g_array_unref(job.displaced);
    json_decref(job.result);
    return status;
}

static void append(char ***list, GPtrArray *more)
{
    GStrvBuilder *builder = g_strv_builder_new();
    if (*list)
        g_strv_builder_addv(builder, (const char **)*list);
    for (guint i = 0; i < more->len; i++)
        g_strv_builder_add(builder, more->pdata[i]);
    g_strfreev(*list);
    *list = g_strv_builder_end(builder);
    g_strv_builder_unref(builder);
}

/* A line is an id, an address, or "doi:" and a DOI; "#" and what follows on a line that begins with it is a remark. */
static gboolean read_list(const char *path, ForgetCriteria *criteria, GError **error)
{
    g_autofree char *text = NULL;
    gsize length;
    g_autoptr(GPtrArray) ids = g_ptr_array_new(), urls = g_ptr_array_new(), dois = g_ptr_array_new();
    if (!file_read(path, LIST_LIMIT, &text, &length, error))
        return FALSE;
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (char **line = lines; *line; line++) {
        const char *entry = g_strstrip(*line);
        if (*entry && *entry != '#')
            g_ptr_array_add(strstr(entry, "://") ? urls : g_ascii_strncasecmp(entry, "doi:", 4) == 0 ? dois : ids, (gpointer)entry);
    }
    append(&criteria->ids, ids);
    append(&criteria->urls, urls);
    append(&criteria->dois, dois);
    return TRUE;
}

static gboolean is_line(const char *text)
{
    if (!g_utf8_validate(text, -1, NULL) || strlen(text) > TOMBSTONE_TEXT_LIMIT)
        return FALSE;
    for (const char *at = text; *at; at++)
        if (g_ascii_iscntrl(*at))
            return FALSE;
    return TRUE;
}

static void criteria_clear(ForgetCriteria *criteria)
{
    g_strfreev(criteria->ids);
    g_strfreev(criteria->urls);
    g_strfreev(criteria->dois);
    g_strfreev(criteria->patterns);
    g_strfreev(criteria->sources);
}

static int run_options(const Command *command, Options *options, const char *list, int argc, char **argv)
{
    GError *error = NULL;
    g_autoptr(GPtrArray) named = g_ptr_array_new();
    if (argc < 2)
        return command_usage(command, "name a store, and what is to be forgotten");
    if (options->reason && !is_line(options->reason))
        return command_usage(command, "--reason is one line of at most %d bytes", TOMBSTONE_TEXT_LIMIT);
    options->store = argv[1];
    for (int i = 2; i < argc; i++)
        g_ptr_array_add(named, argv[i]);
    if (named->len)
        append(&options->criteria.ids, named);
    if (list && !read_list(list, &options->criteria, &error))
        return command_fail(error);
    return forget(options);
}

static int run(const Command *command, int argc, char **argv)
{
    Options options = {0};
    g_autofree char *list = NULL, *reason = NULL, *recipe = NULL, *inputs = NULL;
    const GOptionEntry entries[] = {
        {"url", 0, 0, G_OPTION_ARG_STRING_ARRAY, &options.criteria.urls, "The document of this address", "URL"},
        {"doi", 0, 0, G_OPTION_ARG_STRING_ARRAY, &options.criteria.dois, "All documents with this DOI", "DOI"},
        {"pattern", 0, 0, G_OPTION_ARG_STRING_ARRAY, &options.criteria.patterns, "All whose id or address fits, with * and ?", "PATTERN"},
        {"source", 0, 0, G_OPTION_ARG_STRING_ARRAY, &options.criteria.sources, "All documents of this source", "TAG"},
        {"list", 0, 0, G_OPTION_ARG_FILENAME, &list, "A file with an id, an address or doi:DOI a line", "FILE"},
        {"reason", 0, 0, G_OPTION_ARG_STRING, &reason, "Why, for the tombstone; do not name the document", "TEXT"},
        {"captures", 0, 0, G_OPTION_ARG_NONE, &options.captures, "Take pages out of the raw captures, too", NULL},
        {"dry-run", 'n', 0, G_OPTION_ARG_NONE, &options.dry_run, "Only list what would go", NULL},
        {"recipe", 0, 0, G_OPTION_ARG_FILENAME, &recipe, "The recipe of the store (where it was built from)", "FILE"},
        {"inputs", 0, 0, G_OPTION_ARG_FILENAME, &inputs, "Where relative paths of that recipe start", "FOLDER"},
        {"jobs", 'j', 0, G_OPTION_ARG_INT, &options.jobs, "Threads (one for each processor)", "N"},
        {"json", 0, 0, G_OPTION_ARG_NONE, &options.json, "Print the result as JSON", NULL},
        {"quiet", 'q', 0, G_OPTION_ARG_NONE, &options.quiet, "Show no progress", NULL},
        {NULL},
    };
    int status;
    if (!command_parse(command, entries, &argc, &argv, &status))
        return status;
    options.reason = reason;
    options.recipe = recipe;
    options.inputs = inputs;
    status = run_options(command, &options, list, argc, argv);
    criteria_clear(&options.criteria);
    return status;
}

const Command command_forget = {
    .name = "forget",
    .arguments = "STORE ID...",
    .summary = "take documents out of a store for good",
    .details = "ID is a document's number, SOURCE/ID, or an id that only one source has. All that the store holds of a\n"
               "document goes: texts, facts, signatures, index entries, tokens; the shards that held it are packed anew,\n"
               "and others stay byte for byte. With it go the pages that are its chapters. Documents that had given way to\n"
               "it come back. A tombstone without content stays: builds do not take the document in again, counts go on,\n"
               "'galen why' says when and why it went.\n"
               "Killed at any moment, the same command without an ID, or 'galen build', does the rest. Takes as much\n"
               "room on the disk as the store has, because what was deleted is to leave no byte in its file.\n\n"
               "Examples:\n"
               "  galen forget corpus.galen PMID:31452104 --reason 'the author asked'\n"
               "  galen forget corpus.galen --url https://example.org/leaflet --captures\n"
               "  galen forget corpus.galen --source rch --dry-run\n"
               "  galen forget corpus.galen --list withdrawn.txt --json",
    .run = run,
};
