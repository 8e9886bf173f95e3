/* SPDX-License-Identifier: Apache-2.0
 * Records in, documents out, in input order, resumable; see scrapers/ingest.h.
 *
 * The reader thread cuts inputs into batches of records; workers parse and compress them; the sink numbers the
 * documents and commits. A batch never spans two inputs. The last batch of an input carries the input's own record. */
#include "scrapers/ingest.h"

#include <glib/gstdio.h>
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "base/pipeline.h"
#include "scrapers/bad_input.h"
#include "scrapers/fetch/scope.h"
#include "scrapers/fetch/url.h"
#include "scrapers/input_records.h"
#include "scrapers/parse_worker.h"
#include "scrapers/record_draw.h"
#include "scrapers/source_crawls.h"
#include "store/changes.h"
#include "store/forget.h"
#include "store/standing.h"
#include "store/tombstone.h"

#define BATCH_RECORDS 64
#define BATCH_BYTES ((gsize)2 << 20)
#define BATCH_SEEN_BYTES ((gsize)64 << 20) /* of records that are looked at, where few are drawn */
#define COMMIT_BYTES ((gsize)32 << 20)
#define COMMIT_RECORDS 4096 /* each may change a page of its own in the index of ids, which LMDB holds until the commit */
#define COMMIT_INTERVAL (2 * G_USEC_PER_SEC)
#define FROZEN_LIMIT ((gsize)1 << 30)
#define STAGE "ingest"
#define NEXT_STAGE "updates" /* the first that looks at documents that entered later */

/* What one record became, ready to be written. */
typedef struct Entry {
    Buffer frozen; /* the document */
    char *id;
    const char *rule; /* static or interned; NULL: a good document */
    char *detail;
    Sha256 capture;
    gsize length; /* bytes of the record */
    const char *flag; /* static: what is counted of it besides; or NULL */
} Entry;

typedef struct IngestBatch {
    const Input *input;
    guint64 end;          /* records of the input that are read with this batch and those before it */
    guint64 seen, seen_bytes; /* of these, new in this batch: drawn or not */
    GArray *records;      /* of Record; emptied by the worker */
    GArray *entries;      /* of Entry; filled by the worker */
    gsize bytes;
    gboolean last;        /* of its input: `digest` and `size` are set */
    Sha256 digest;
} IngestBatch;

typedef struct Ingest {
    StageContext *context;
    const Recipe *recipe;
    const char *program;
    const GPtrArray *all_inputs;
    Tombstones *forgotten;
    GPtrArray *inputs; /* those that are still to be read */
    StageRun run;
    /* the reader's */
    guint input_index;
    guint64 record_number; /* records of the input under way that were read */
    guint64 skip; /* records of the first input that an earlier run dealt with */
    guint64 raw_position;
    RecordReader *reader;
    CrawlScope *scope; /* of the crawled input under way */
    /* the sink's */
    GPtrArray *pending;
    gsize pending_bytes;
    guint pending_records;
    gint64 last_commit;
    Sha256Context *crawl_chain; /* over url and capture of the crawled records of the input under way */
    guint64 input_records, input_bytes; /* of the input under way, that entered */
} Ingest;

static void entry_clear(gpointer data)
{
    Entry *entry = data;
    buffer_clear(&entry->frozen);
    g_free(entry->id);
    g_free(entry->detail);
}

static void clear_record(gpointer data)
{
    record_clear(data);
}

static IngestBatch *batch_new(const Ingest *ingest)
{
    IngestBatch *batch = g_new0(IngestBatch, 1);
    batch->input = ingest->inputs->pdata[ingest->input_index];
    batch->end = ingest->record_number;
    batch->records = g_array_new(FALSE, TRUE, sizeof(Record));
    batch->entries = g_array_new(FALSE, TRUE, sizeof(Entry));
    g_array_set_clear_func(batch->records, clear_record);
    g_array_set_clear_func(batch->entries, entry_clear);
    return batch;
}

static void batch_free(gpointer data)
{
    IngestBatch *batch = data;
    if (!batch)
        return;
    g_array_unref(batch->records);
    g_array_unref(batch->entries);
    g_free(batch);
}

/* ---- The reader ---------------------------------------------------------------------------------------------- */

/* Origins and verdicts name files as the recipe does, not as this machine does. */
static void name_as_recipe(const Input *input, char **text)
{
    g_autofree char *old = *text;
    gsize path_length = strlen(input->path);
    if (!old)
        return;
    gboolean inside = strncmp(old, input->path, path_length) == 0;
    g_autofree char *rest = inputs_name_in_utf8(inside ? old + path_length : old);
    *text = inside ? g_strconcat(input->name, rest, NULL) : g_steal_pointer(&rest);
}

/* A captured page is named by its address. */
static void rename_record(const Input *input, Record *record)
{
    name_as_recipe(input, &record->origin);
    name_as_recipe(input, &record->detail);
    if (!input->crawled || !record->url)
        return;
    g_free(record->origin);
    record->origin = g_strconcat(input->name, "#", record->url, NULL);
}

/* A crawl keeps every page it reads; only those that the recipe calls documents become some. */
static void judge_page(const Ingest *ingest, Record *record)
{
    if (!ingest->scope || record->rule || !record->url || crawl_scope_is_document(ingest->scope, record->url))
        return;
    record->rule = RULE_NOT_A_DOCUMENT;
    record->detail = g_strdup("read for its links only: no expression of crawl.pages matches its address");
}

static void add_fault(IngestBatch *batch, const char *rule, const char *detail)
{
    Record record = {
        .origin = g_strconcat(batch->input->name, "#", rule, NULL),
        .bytes = g_strdup(""),
        .rule = rule,
        .detail = g_strdup(detail),
    };
    g_array_append_val(batch->records, record);
    batch->end++;
    batch->seen++;
}

/* An input without records is one record, so that it is not lost. A WARC file that was read to its end is sound: it may
 * well hold requests alone. */
static void add_empty_input(IngestBatch *batch)
{
    const Format *format = batch->input->format;
    if (batch->input->size > 0 && format->split == SPLIT_WARC) {
        add_fault(batch, RULE_NOT_A_DOCUMENT, "the file holds WARC records, but none of a captured page");
        return;
    }
    g_autofree char *detail = batch->input->size == 0
        ? g_strdup("the file is empty")
        : g_strdup_printf("the file holds no record of format '%s'", format->name);
    add_fault(batch, RULE_DAMAGED_INPUT, detail);
}

/* An input ends: nothing more of it will come. */
static gboolean end_input(Ingest *ingest, IngestBatch *batch, GError **error)
{
    if (batch->end == 0 && !batch->input->crawled)
        add_empty_input(batch);
    batch->last = TRUE;
    if (ingest->reader && !record_reader_digest(ingest->reader, &batch->digest, error))
        return FALSE;
    g_clear_pointer(&ingest->reader, record_reader_free);
    g_clear_pointer(&ingest->scope, crawl_scope_free);
    ingest->input_index++;
    ingest->record_number = ingest->skip = 0;
    return TRUE;
}

/* The machine's failures end the build; a file's own are a fact about the file. */
static gboolean file_failed(Ingest *ingest, IngestBatch *batch, GError *failure, GError **error)
{
    if (failure->code == GALEN_ERROR_SYSTEM || failure->domain != GALEN_ERROR) {
        g_propagate_error(error, failure);
        return FALSE;
    }
    g_autofree char *detail = g_strdup(failure->message);
    name_as_recipe(batch->input, &detail);
    add_fault(batch, RULE_DAMAGED_INPUT, detail);
    g_error_free(failure);
    return end_input(ingest, batch, error);
}

static void report_reading(Ingest *ingest)
{
    guint64 position = record_reader_raw_position(ingest->reader);
    progress_add(ingest->context->progress, position - MIN(position, ingest->raw_position));
    ingest->raw_position = position;
}

/* Takes a record into the batch, unless an earlier run has dealt with it or the sample goes without it. */
static void take_record(Ingest *ingest, IngestBatch *batch, Record *record)
{
    batch->end = ++ingest->record_number;
    if (ingest->skip) {
        ingest->skip--;
        record_clear(record);
        return;
    }
    batch->seen++;
    batch->seen_bytes += record->length;
    if (!record_is_drawn(batch->input->source, batch->input->format, record)) {
        record_clear(record);
        return;
    }
    rename_record(batch->input, record);
    judge_page(ingest, record);
    batch->bytes += record->length;
    g_array_append_val(batch->records, *record);
}

/* Whether the batch is long enough. One of which little is drawn ends too, so that a kill loses little of the reading. */
static gboolean is_full(const Ingest *ingest, const IngestBatch *batch)
{
    unsigned limit = ingest->context->batch_documents ? MIN(ingest->context->batch_documents, BATCH_RECORDS) : BATCH_RECORDS;
    return batch->records->len >= limit || batch->bytes >= BATCH_BYTES || batch->seen_bytes >= BATCH_SEEN_BYTES;
}

/* Fills the batch from the input at hand; sets batch->last at its end. */
static gboolean read_batch(Ingest *ingest, IngestBatch *batch, GError **error)
{
    GError *failure = NULL;
    if (!ingest->reader) {
        ingest->raw_position = 0;
        if (batch->input->crawled && !(ingest->scope = crawl_scope_new(batch->input->source->crawl, error)))
            return FALSE;
        ingest->reader = record_reader_open(batch->input->format, batch->input->path, &failure);
        if (!ingest->reader)
            return file_failed(ingest, batch, failure, error);
    }
    while (!is_full(ingest, batch)) {
        Record record = {0};
        int more = record_reader_next(ingest->reader, &record, &failure);
        report_reading(ingest);
        if (more < 0)
            return file_failed(ingest, batch, failure, error);
        if (more == 0)
            return end_input(ingest, batch, error);
        take_record(ingest, batch, &record);
    }
    return TRUE;
}

static gpointer ingest_next(gpointer user, GError **error)
{
    Ingest *ingest = user;
    while (ingest->input_index < ingest->inputs->len) {
        IngestBatch *batch = batch_new(ingest);
        if (!read_batch(ingest, batch, error)) {
            batch_free(batch);
            return NULL;
        }
        if (batch->seen || batch->last)
            return batch;
        batch_free(batch);
    }
    return NULL;
}

/* ---- The workers --------------------------------------------------------------------------------------------- */

/* A worker's parsers, one for each source that it has met. */
typedef struct Worker {
    const Ingest *ingest;
    GHashTable *parsers; /* tag -> Parser */
    GHashTable *options; /* tag -> ParseOptions */
} Worker;

static gpointer worker_new(gpointer user, GError **error)
{
    Worker *worker = g_new(Worker, 1);
    worker->ingest = user;
    worker->parsers = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, (GDestroyNotify)parser_free);
    worker->options = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, (GDestroyNotify)parse_options_free);
    return worker;
}

static void worker_free(gpointer data)
{
    Worker *worker = data;
    g_hash_table_unref(worker->parsers);
    g_hash_table_unref(worker->options);
    g_free(worker);
}

/* Only one child a worker lives at a time: the sources come one after the other. */
static Parser *worker_parser(Worker *worker, const Input *input, GError **error)
{
    Parser *parser = g_hash_table_lookup(worker->parsers, input->source->tag);
    if (parser)
        return parser;
    ParseOptions *options = parse_options_new(input->source);
    g_free(options->format);
    options->format = g_strdup(input->format->name);
    g_hash_table_remove_all(worker->parsers);
    g_hash_table_insert(worker->options, input->source->tag, options);
    parser = parser_new(worker->ingest->program, options, error);
    if (parser)
        g_hash_table_insert(worker->parsers, input->source->tag, parser);
    return parser;
}

static void replace_if_absent(char **field, const char *value)
{
    if (!*field && value)
        *field = g_strdup(value);
}

/* A redirect says where the page is, so that links to the old address find it (chapters.h). */
static void note_redirect(const Record *record, Document *document)
{
    g_autofree char *valid = record->redirect && record->url ? g_utf8_make_valid(record->redirect, -1) : NULL;
    g_autofree char *target = valid ? url_resolve(record->url, valid) : NULL;
    if (!target || document->meta)
        return;
    g_autoptr(json_t) meta = json_pack("{s:s}", "redirect", target);
    document->meta = json_write(meta);
}

/* What every document has, whatever its parser left out. */
static void complete_document(const Input *input, const Record *record, Document *document)
{
    g_free(document->source);
    document->source = g_strdup(input->source->tag);
    g_free(document->origin);
    document->origin = g_strdup(record->origin);
    document->capture = sha256(record->bytes, record->length);
    replace_if_absent(&document->url, record->url);
    replace_if_absent(&document->id, record->url ? record->url : record->origin);
    replace_if_absent(&document->kind, "text");
    replace_if_absent(&document->licence, input->source->licence);
    note_redirect(record, document);
    replace_if_absent(&document->meta, "{}");
    if (!document->text)
        document_set_text(document, "", 0);
}

/* What the parser wanted the curator to know: the first of these keys that the document's facts have. */
static const char *flag_of(const Document *document)
{
    static const char *const flags[][3] = {
        {"\"extractors\":", "extractors", "flagged:extractors-disagree"},
        {"\"unknown_elements\":", "unknown_elements", "flagged:unknown-elements"},
    };
    for (gsize i = 0; document->text_length && i < G_N_ELEMENTS(flags); i++) {
        if (!strstr(document->meta, flags[i][0]))
            continue;
        g_autoptr(json_t) meta = json_loads(document->meta, 0, NULL);
        if (json_object_get(meta, flags[i][1]))
            return flags[i][2];
    }
    return NULL;
}

/* Of a document that was forgotten nothing enters but its stub. */
static void forget_again(const Tombstones *forgotten, ParsedRecord *parsed)
{
    guint8 key[DOCUMENT_KEY_SIZE];
    const char *reason;
    if (!tombstones_have(forgotten, parsed->document.source, parsed->document.id, key, &reason))
        return;
    g_autofree char *source = g_strdup(parsed->document.source);
    document_clear(&parsed->document);
    tombstone_stub(source, key, &parsed->document);
    parse_failure_set(&parsed->failure, RULE_FORGOTTEN, "%s", reason ? reason : "");
}

static void make_entry(const Ingest *ingest, const Input *input, const Record *record, ParsedRecord *parsed, Entry *entry)
{
    if (parsed->failure.rule) {
        g_clear_pointer(&parsed->document.text, g_free);
        parsed->document.text_length = 0;
    }
    if (!parsed->failure.rule && parsed->document.text_length > DOCUMENT_TEXT_LIMIT)
        parse_failure_set(&parsed->failure, RULE_TOO_LARGE, "the text has more than %u MB", (unsigned)(DOCUMENT_TEXT_LIMIT >> 20));
    complete_document(input, record, &parsed->document);
    forget_again(ingest->forgotten, parsed);
    *entry = (Entry){
        .id = g_strdup(parsed->document.id),
        .rule = parsed->failure.rule,
        .detail = parsed->failure.rule ? g_strdup(parsed->failure.detail) : NULL,
        .capture = parsed->document.capture,
        .length = record->length,
        .flag = flag_of(&parsed->document),
    };
    buffer_init(&entry->frozen, FROZEN_LIMIT);
    document_freeze(&parsed->document, &entry->frozen);
}

/* Parses the runs of good records between the bad ones. */
static gboolean parse_batch(Parser *parser, const IngestBatch *batch, ParsedRecord *parsed, GError **error)
{
    const Record *records = (const Record *)(gpointer)batch->records->data;
    gsize count = batch->records->len;
    for (gsize i = 0; i < count;) {
        gsize end = i;
        while (end < count && !records[end].rule)
            end++;
        if (end > i && !parser_parse(parser, records + i, end - i, parsed + i, error))
            return FALSE;
        if (end < count)
            parse_failure_set(&parsed[end].failure, records[end].rule, "%s", records[end].detail ? records[end].detail : "");
        i = end + 1;
    }
    return TRUE;
}

static gboolean ingest_work(gpointer user, gpointer data, gpointer item, GError **error)
{
    Worker *worker = data;
    IngestBatch *batch = item;
    Parser *parser = worker_parser(worker, batch->input, error);
    if (!parser)
        return FALSE;
    g_autofree ParsedRecord *parsed = g_new0(ParsedRecord, batch->records->len + 1);
    gboolean good = parse_batch(parser, batch, parsed, error);
    for (guint i = 0; i < batch->records->len; i++) {
        if (good) {
            Entry entry;
            make_entry(worker->ingest, batch->input, &g_array_index(batch->records, Record, i), &parsed[i], &entry);
            g_array_append_val(batch->entries, entry);
        }
        parsed_record_clear(&parsed[i]);
    }
    g_array_set_size(batch->records, 0);
    return good;
}

/* ---- The sink ------------------------------------------------------------------------------------------------ */

static void count_entry(Ingest *ingest, const IngestBatch *batch, const Entry *entry)
{
    const char *tag = batch->input->source->tag;
    stage_count(&ingest->run, tag, "entered", 1);
    stage_count(&ingest->run, tag, "bytes", (gint64)entry->length);
    if (entry->flag)
        stage_count(&ingest->run, tag, entry->flag, 1);
    if (!entry->rule) {
        stage_count(&ingest->run, tag, "parsed", 1);
        return;
    }
    g_autofree char *what = g_strconcat("dropped:", entry->rule, NULL);
    stage_count(&ingest->run, tag, what, 1);
    gboolean file_fault = strcmp(entry->rule, RULE_DAMAGED_INPUT) == 0;
    if (bad_input_is_rule(entry->rule) && (file_fault || !batch->input->format->web))
        stage_count(&ingest->run, tag, "bad-input", 1);
}

static gboolean write_entry(StoreTxn *txn, Docno docno, const IngestBatch *batch, const Entry *entry, gboolean extends,
                            GError **error)
{
    if (!store_put_docno(txn, TABLE_DOCUMENTS, docno, entry->frozen.data, entry->frozen.length, error) ||
        !document_index(txn, docno, batch->input->source->tag, entry->id, error) ||
        (extends && !changes_enter(txn, docno, NEXT_STAGE, error)))
        return FALSE;
    standing_enter(txn, batch->input->source->tag);
    if (!entry->rule)
        return TRUE;
    if (batch->input->crawled && strcmp(entry->rule, RULE_FORGOTTEN) == 0 && !forgetting_captures_due(txn, error))
        return FALSE;
    Verdict verdict = {
        .outcome = OUTCOME_DROPPED,
        .stage = STAGE,
        .rule = entry->rule,
        .value = NAN,
        .threshold = NAN,
        .winner = DOCNO_NONE,
        .detail = entry->detail,
        .source = batch->input->source->tag,
    };
    return ledger_put(txn, docno, &verdict, error);
}

typedef struct Commit {
    Ingest *ingest;
    Docno first;
    GPtrArray *input_facts; /* json_t or NULL for each pending batch */
} Commit;

static Docno record_count(const json_t *facts)
{
    return (Docno)json_integer_value(json_object_get(facts, "records"));
}

static gboolean commit_batches(StoreTxn *txn, gpointer user, GError **error)
{
    Commit *commit = user;
    Docno docno = commit->first;
    for (guint b = 0; b < commit->ingest->pending->len; b++) {
        const IngestBatch *batch = commit->ingest->pending->pdata[b];
        for (guint i = 0; i < batch->entries->len; i++)
            if (!write_entry(txn, docno++, batch, &g_array_index(batch->entries, Entry, i), commit->ingest->run.extends, error))
                return FALSE;
        json_t *facts = commit->input_facts->pdata[b];
        if (facts && !input_records_put(txn, batch->input, docno - record_count(facts), facts, error))
            return FALSE;
    }
    return stage_save(txn, &commit->ingest->run, error);
}

/* What the manifest says of an input. The bytes of our own WARC files differ from crawl to crawl (they hold times), so
 * a crawl is named by its pages' digests instead. */
static json_t *input_facts(Ingest *ingest, const IngestBatch *batch)
{
    char hex[SHA256_HEX_SIZE];
    Sha256 chain = sha256_finish(ingest->crawl_chain);
    sha256_hex(batch->input->crawled ? &chain : &batch->digest, hex);
    json_t *facts = json_pack("{s:s, s:s, s:s, s:I, s:I, s:s}", "source", batch->input->source->tag, "path", batch->input->name, "sha256", hex,
                     "bytes", (json_int_t)(batch->input->crawled ? ingest->input_bytes : batch->input->size), "records",
                     (json_int_t)ingest->input_records, "kind", batch->input->crawled ? "crawl" : "file");
    if (batch->input->source->sample < 1)
        json_object_set_new(facts, "records_seen", json_integer((json_int_t)batch->end));
    return facts;
}

/* What a sample was drawn of. */
static void count_seen(Ingest *ingest, const IngestBatch *batch)
{
    const RecipeSource *source = batch->input->source;
    if (source->sample >= 1)
        return;
    stage_count(&ingest->run, source->tag, "seen", (gint64)batch->seen);
    stage_count(&ingest->run, source->tag, "seen_bytes", (gint64)batch->seen_bytes);
}

/* Moves the run record over a batch: its counts, and where the next run would go on. Returns the facts of an input that
 * ends with it. */
static json_t *advance(Ingest *ingest, const IngestBatch *batch)
{
    json_t *facts = NULL;
    count_seen(ingest, batch);
    for (guint i = 0; i < batch->entries->len; i++) {
        const Entry *entry = &g_array_index(batch->entries, Entry, i);
        count_entry(ingest, batch, entry);
        sha256_update(ingest->crawl_chain, entry->id, strlen(entry->id) + 1);
        sha256_update(ingest->crawl_chain, entry->capture.bytes, sizeof entry->capture.bytes);
        ingest->input_bytes += entry->length;
    }
    ingest->input_records += batch->entries->len;
    ingest->run.next += batch->entries->len;
    guint64 record = batch->end;
    if (batch->last) {
        facts = input_facts(ingest, batch);
        ingest->input_records = ingest->input_bytes = 0;
        record = 0;
    }
    json_decref(ingest->run.position);
    ingest->run.position = json_pack("{s:s, s:s, s:I, s:I, s:I}", "source", batch->input->source->tag, "input", batch->input->name, "record",
                                     (json_int_t)record, "documents", (json_int_t)ingest->input_records, "bytes",
                                     (json_int_t)ingest->input_bytes);
    return facts;
}

static void unref_json(gpointer value)
{
    json_decref(value);
}

static gboolean ingest_commit(Ingest *ingest, GError **error)
{
    Commit commit = {ingest, ingest->run.next, g_ptr_array_new_with_free_func(unref_json)};
    for (guint b = 0; b < ingest->pending->len; b++)
        g_ptr_array_add(commit.input_facts, advance(ingest, ingest->pending->pdata[b]));
    gboolean good = store_write(ingest->context->store, commit_batches, &commit, error);
    g_ptr_array_unref(commit.input_facts);
    g_ptr_array_set_size(ingest->pending, 0);
    ingest->pending_bytes = ingest->pending_records = 0;
    ingest->last_commit = g_get_monotonic_time();
    return good;
}

/* The pipeline's item is a box, so that the sink can keep the batch until it is committed. */
static gpointer boxed_next(gpointer user, GError **error)
{
    IngestBatch *batch = ingest_next(user, error);
    if (!batch)
        return NULL;
    IngestBatch **box = g_new(IngestBatch *, 1);
    *box = batch;
    return box;
}

static gboolean boxed_work(gpointer user, gpointer worker, gpointer item, GError **error)
{
    return ingest_work(user, worker, *(IngestBatch **)item, error);
}

static void box_free(gpointer item)
{
    batch_free(*(IngestBatch **)item);
    g_free(item);
}

static gboolean boxed_sink(gpointer user, gpointer item, GError **error)
{
    Ingest *ingest = user;
    IngestBatch *batch = g_steal_pointer((IngestBatch **)item);
    guint limit = ingest->context->batch_documents ? ingest->context->batch_documents : COMMIT_RECORDS;
    g_ptr_array_add(ingest->pending, batch);
    ingest->pending_bytes += batch->bytes;
    ingest->pending_records += batch->entries->len;
    if (ingest->pending_bytes < COMMIT_BYTES && ingest->pending_records < limit && g_get_monotonic_time() - ingest->last_commit < COMMIT_INTERVAL)
        return TRUE;
    return ingest_commit(ingest, error);
}

/* ---- The stage ----------------------------------------------------------------------------------------------- */

static gboolean crawl_sources(StageContext *context, const Recipe *recipe, GError **error)
{
    g_autoptr(GArray) crawls = source_crawls(recipe, store_directory(context->store), NULL, error);
    if (!crawls)
        return FALSE;
    if (!source_crawls_finished(crawls, NULL))
        store_mark_unfinished(context->store); /* captures are part of its proof */
    gboolean good = crawl_all((SourceCrawl *)(gpointer)crawls->data, crawls->len, FALSE, context->progress, error);
    for (guint i = 0; context->notices && i < crawls->len; i++)
        g_string_append(context->notices, g_array_index(crawls, SourceCrawl, i).notices->str);
    return good;
}

/* Puts back what the sink knew of the input under way when an earlier run ended, which must be read first. The input is cut
 * again from its start; records that were dealt with are thrown away before they are parsed. */
static void take_position(Ingest *ingest)
{
    const json_t *position = ingest->run.position;
    ingest->skip = (guint64)json_integer_value(json_object_get(position, "record"));
    ingest->input_bytes = (guint64)json_integer_value(json_object_get(position, "bytes"));
    const json_t *documents = json_object_get(position, "documents"); /* an earlier version knew of no samples */
    ingest->input_records = documents ? (guint64)json_integer_value(documents) : ingest->skip;
}

/* The place in the list of the input under way; 0 where there is none. FALSE: it is not in the list. */
static gboolean find_position(const StageRun *run, const GPtrArray *inputs, guint *place)
{
    const char *source = json_get_string(run->position, "source"), *name = json_get_string(run->position, "input");
    *place = 0;
    if (json_integer_value(json_object_get(run->position, "record")) == 0)
        return TRUE;
    for (; *place < inputs->len; (*place)++) {
        const Input *input = inputs->pdata[*place];
        if (g_strcmp0(input->name, name) == 0 && g_strcmp0(input->source->tag, source) == 0)
            return TRUE;
    }
    return FALSE;
}

/* Feeds the chain with the committed records of the input under way. */
static gboolean restore_chain(Ingest *ingest, GError **error)
{
    g_autoptr(StoreTxn) txn = store_read_begin(ingest->context->store, error);
    if (!txn)
        return FALSE;
    for (Docno docno = ingest->run.next - ingest->input_records; docno < ingest->run.next; docno++) {
        g_auto(Document) document = {0};
        if (!document_get_facts(txn, docno, &document, error))
            return FALSE;
        sha256_update(ingest->crawl_chain, document.id, strlen(document.id) + 1);
        sha256_update(ingest->crawl_chain, document.capture.bytes, sizeof document.capture.bytes);
    }
    return TRUE;
}

static gboolean write_facts(StoreTxn *txn, gpointer user, GError **error)
{
    const Recipe *recipe = user;
    g_autoptr(json_t) sources = json_array();
    for (unsigned i = 0; i < recipe->sources_count; i++) {
        const RecipeSource *source = &recipe->sources[i];
        json_t *fact = json_pack("{s:s, s:s, s:s, s:b, s:I, s:f}", "tag", source->tag, "name", source->name ? source->name : source->tag,
                                 "group", recipe_group_name(source->group), "redistributable", source->redistributable,
                                 "repeat", (json_int_t)source->repeat, "valid", source->valid);
        json_object_set_new(fact, "licence", json_text(source->licence));
        if (source->expected)
            json_object_set_new(fact, "expected", json_integer((json_int_t)((double)source->expected * source->sample)));
        if (source->sample < 1) /* a seed may be past what JSON's integers hold */
            json_object_set_new(fact, "sample", json_pack("{s:f, s:o}", "share", source->sample, "seed", json_sprintf("%" G_GUINT64_FORMAT, source->sample_seed)));
        json_array_append_new(sources, fact);
    }
    g_autofree char *text = json_write(sources);
    return store_put_meta(txn, "sources", text, error) && store_put_meta(txn, "recipe", recipe->text, error);
}

static gboolean write_order(StoreTxn *txn, gpointer user, GError **error)
{
    return input_records_save_order(txn, user, error);
}

static gboolean ingest_finish(Ingest *ingest, GError **error)
{
    return store_write(ingest->context->store, write_order, (gpointer)ingest->all_inputs, error) &&
           stage_finish(ingest->context->store, &ingest->run, error);
}

static gboolean ingest_all(Ingest *ingest, GError **error)
{
    guint64 total = 0;
    for (guint i = ingest->input_index; i < ingest->inputs->len; i++)
        total += ((const Input *)ingest->inputs->pdata[i])->size;
    Pipeline pipeline = {
        .user = ingest, .next = boxed_next, .worker_new = worker_new, .work = boxed_work, .worker_free = worker_free,
        .sink = boxed_sink, .item_free = box_free,
    };
    ingest->last_commit = g_get_monotonic_time();
    progress_begin(ingest->context->progress, STAGE, "bytes", total);
    gboolean good = pipeline_run(&pipeline, ingest->context->jobs, 4 * MAX(ingest->context->jobs, 1), error) && ingest_commit(ingest, error) &&
                    ingest_finish(ingest, error);
    progress_end(ingest->context->progress);
    return good;
}

static gboolean save_run(StoreTxn *txn, gpointer user, GError **error)
{
    return stage_save(txn, user, error);
}

/* Whether the store was read to its end, with these settings, and the recipe's inputs are those that it has read and more; *read:
 * or no more. */
static gboolean compare_inputs(Ingest *ingest, const char *settings, const char *fingerprint, gboolean *extends, gboolean *read, GError **error)
{
    GError *failure = NULL;
    guint place;
    g_autoptr(StoreTxn) txn = store_read_begin(ingest->context->store, error);
    *extends = *read = FALSE;
    if (!txn)
        return FALSE;
    if (!stage_load(txn, STAGE, &ingest->run, &failure) || strcmp(ingest->run.fingerprint, fingerprint) == 0 ||
        (!ingest->run.complete && !ingest->run.extends) ||
        inputs_compare_settings(ingest->run.fingerprint, settings) == FINGERPRINT_DIFFERENT) {
        if (failure)
            g_propagate_error(error, failure);
        return failure == NULL;
    }
    g_autoptr(GPtrArray) unread = input_records_new(txn, ingest->all_inputs, &failure);
    *extends = unread && find_position(&ingest->run, unread, &place);
    *read = *extends && unread->len == 0 && ingest->run.complete &&
            inputs_compare_settings(ingest->run.fingerprint, settings) == FINGERPRINT_SAME;
    if (failure)
        g_propagate_error(error, failure);
    return failure == NULL;
}

/* The inputs that are still to be read, the one under way first. */
static gboolean list_unread(Ingest *ingest, GError **error)
{
    GError *failure = NULL;
    guint place;
    g_autoptr(StoreTxn) txn = store_read_begin(ingest->context->store, error);
    if (!txn)
        return FALSE;
    ingest->inputs = input_records_new(txn, ingest->all_inputs, &failure);
    if (!ingest->inputs || !find_position(&ingest->run, ingest->inputs, &place)) {
        if (!failure)
            g_set_error(&failure, GALEN_ERROR, GALEN_ERROR_INPUT, "the store's records of its inputs do not fit its run record; build into a new store");
        g_propagate_error(error, failure);
        return FALSE;
    }
    if (place > 0)
        g_ptr_array_insert(ingest->inputs, 0, g_ptr_array_steal_index(ingest->inputs, place));
    return TRUE;
}

/* A store that was read to its end, of which the recipe now has further inputs, gets their documents behind its own. */
static gboolean ingest_begin(Ingest *ingest, const char *settings, const char *fingerprint, StageAction *action, GError **error)
{
    gboolean extends, read;
    if (!compare_inputs(ingest, settings, fingerprint, &extends, &read, error))
        return FALSE;
    if (extends) {
        g_free(ingest->run.fingerprint);
        ingest->run.fingerprint = g_strdup(fingerprint);
    }
    if (read) { /* the records of the inputs were brought up to files that changed by Galen's own hand (forget_captures.h) */
        *action = STAGE_SKIP;
        return store_write(ingest->context->store, save_run, &ingest->run, error);
    }
    if (extends) {
        *action = STAGE_EXTEND;
        return stage_open_generation(ingest->context->store, &ingest->run, error);
    }
    stage_run_clear(&ingest->run);
    return stage_begin_extending(ingest->context->store, STAGE, fingerprint, STAGE_NEEDS_RECORD, &ingest->run, action, error);
}

static gboolean load_forgotten(Ingest *ingest, GError **error)
{
    g_autoptr(StoreTxn) txn = store_read_begin(ingest->context->store, error);
    ingest->forgotten = txn ? tombstones_load(txn, error) : NULL;
    return ingest->forgotten != NULL;
}

static gboolean ingest_inputs(StageContext *context, const Recipe *recipe, const char *program, const GPtrArray *inputs, const char *settings,
                              GError **error)
{
    Ingest ingest = {.context = context, .recipe = recipe, .program = program, .all_inputs = inputs};
    g_autofree char *fingerprint = inputs_fingerprint(recipe, inputs);
    StageAction action;
    if (!ingest_begin(&ingest, settings, fingerprint, &action, error))
        return FALSE;
    ingest.pending = g_ptr_array_new_with_free_func(batch_free);
    ingest.crawl_chain = sha256_new();
    gboolean good = TRUE;
    if (action != STAGE_SKIP) {
        take_position(&ingest);
        good = load_forgotten(&ingest, error) && list_unread(&ingest, error) && restore_chain(&ingest, error) && ingest_all(&ingest, error);
    }
    if (ingest.inputs)
        g_ptr_array_unref(ingest.inputs);
    g_ptr_array_unref(ingest.pending);
    tombstones_free(ingest.forgotten);
    record_reader_free(ingest.reader);
    g_clear_pointer(&ingest.scope, crawl_scope_free);
    sha256_free(ingest.crawl_chain);
    stage_run_clear(&ingest.run);
    return good;
}

gboolean ingest_run(StageContext *context, const Recipe *recipe, const char *program, char **fingerprint, GError **error)
{
    if (!inputs_check(recipe, error) || !crawl_sources(context, recipe, error))
        return FALSE;
    g_autoptr(GPtrArray) inputs = inputs_list(recipe, store_directory(context->store), error);
    if (!inputs)
        return FALSE;
    *fingerprint = inputs_settings(recipe);
    return store_write(context->store, write_facts, (gpointer)recipe, error) &&
           ingest_inputs(context, recipe, program, inputs, *fingerprint, error);
}
