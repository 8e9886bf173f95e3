/* SPDX-License-Identifier: Apache-2.0
 * The stage "contamination"; see dedup/contamination.h. */
#include "dedup/contamination.h"

#include <string.h>

#include "base/error.h"
#include "dedup/benchmark.h"
#include "dedup/contamination_summary.h"
#include "dedup/cut_range.h"
#include "dedup/ngram_scan.h"
#include "store/fingerprint.h"
#include "store/note.h"

/* Raise it whenever the same documents, benchmarks and settings give other findings. */
#define CONTAMINATION_VERSION 1
/* Each round takes words out, so a text comes to its end; one that needs more rounds was built to need them. */
#define MASK_ROUNDS 64

typedef struct Contamination {
    const Recipe *recipe;
    BenchmarkSet *set;
    NgramIndex *index;
} Contamination;

typedef struct Finding {
    json_t *note;
    json_t *found, *texts; /* in the note; borrowed */
    GArray *cuts;          /* of Cut, in the clean text */
    gboolean *benchmarks;  /* by number: with a question in the document */
    gboolean dropped;
    double value, threshold;
    char *detail;
} Finding;

/* How offsets in a text under the mask lead back to the clean text. */
typedef struct Trail {
    const StageItem *item;
    const GArray *masked; /* of Cut, in item->cleaned: what was masked so far */
} Trail;

/* ---- The index -------------------------------------------------------------------------------------------------- */

static gboolean ignore_text(gpointer user, const char *text, gsize length, GError **error)
{
    return TRUE;
}

gboolean contamination_check(const Recipe *recipe, GError **error)
{
    g_autoptr(BenchmarkSet) set = benchmark_set_read(recipe, ignore_text, NULL, error);
    return set != NULL;
}

static gboolean add_text(gpointer user, const char *text, gsize length, GError **error)
{
    if (ngram_index_add(user, text, length))
        return TRUE;
    g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT, "the benchmarks have more than %" G_GSIZE_FORMAT " words", NGRAM_INDEX_MAX_WORDS);
    return FALSE;
}

static gboolean read_index(Contamination *job, GError **error)
{
    const RecipeContamination *settings = &job->recipe->contamination;
    NgramRules rules = {
        .ngram = (unsigned)settings->ngram,
        .overlap = settings->overlap,
        .long_ngram = (unsigned)settings->long_ngram,
        .min_words = (unsigned)settings->min_words,
        .common = (unsigned)settings->common,
    };
    job->index = ngram_index_new(&rules);
    job->set = benchmark_set_read(job->recipe, add_text, job->index, error);
    if (!job->set)
        return FALSE;
    ngram_index_finish(job->index);
    return TRUE;
}

static void describe_benchmark(const Benchmark *benchmark, const RecipeBenchmark *settings, GString *text)
{
    g_autoptr(GString) line = g_string_new(NULL);
    for (unsigned k = 0; k < settings->fields.count; k++)
        g_string_append_printf(line, "%s,", settings->fields.items[k]);
    for (guint k = 0; k < benchmark->files->len; k++) {
        char hex[SHA256_HEX_SIZE];
        sha256_hex(&((const BenchmarkFile *)benchmark->files->pdata[k])->digest, hex);
        g_string_append_printf(line, " %s", hex);
    }
    fingerprint_add(text, "benchmark %s id=%s fields=%s", benchmark->name, settings->id_field ? settings->id_field : "", line->str);
}

static char *fingerprint_of(const Contamination *job, const char *predecessor)
{
    const RecipeContamination *settings = &job->recipe->contamination;
    char overlap[G_ASCII_DTOSTR_BUF_SIZE];
    GString *text = g_string_new(NULL);
    fingerprint_add(text, "contamination %d action=%s ngram=%" G_GUINT64_FORMAT " overlap=%s long=%" G_GUINT64_FORMAT " min=%" G_GUINT64_FORMAT
                    " common=%" G_GUINT64_FORMAT " left=%" G_GUINT64_FORMAT, CONTAMINATION_VERSION,
                    recipe_contamination_action_name(settings->action), settings->ngram,
                    g_ascii_dtostr(overlap, sizeof overlap, settings->overlap), settings->long_ngram, settings->min_words, settings->common,
                    settings->action == CONTAMINATION_MASK ? job->recipe->clean.min_words : 0);
    for (unsigned i = 0; i < job->set->count; i++)
        describe_benchmark(&job->set->benchmarks[i], &settings->benchmarks[i], text);
    fingerprint_add_before(text, predecessor);
    return g_string_free(text, FALSE);
}

/* ---- What was found ---------------------------------------------------------------------------------------------- */

static Finding *finding_new(const Contamination *job)
{
    Finding *finding = g_new0(Finding, 1);
    finding->note = json_object();
    finding->found = json_array();
    finding->texts = json_array();
    json_object_set_new(finding->note, "found", finding->found);
    json_object_set_new(finding->note, "texts", finding->texts);
    finding->cuts = g_array_new(FALSE, FALSE, sizeof(Cut));
    finding->benchmarks = g_new0(gboolean, job->set->count);
    return finding;
}

static void finding_free(gpointer data)
{
    Finding *finding = data;
    json_decref(finding->note);
    g_array_unref(finding->cuts);
    g_free(finding->benchmarks);
    g_free(finding->detail);
    g_free(finding);
}

/* Bytes of the text under the mask, in the clean text: from the first of them to behind the last. */
static void trace_back(const Trail *trail, guint64 *start, guint64 *end)
{
    g_autoptr(GArray) inner = g_array_new(FALSE, FALSE, sizeof(Cut)), outer = g_array_new(FALSE, FALSE, sizeof(Cut));
    CutsTrace masked = {0}, cuts = {0};
    cuts_trace(&masked, (const Cut *)(void *)trail->masked->data, trail->masked->len, *start, *end, inner);
    const Cut *last = &g_array_index(inner, Cut, inner->len - 1);
    cuts_trace(&cuts, trail->item->cuts, trail->item->cut_count, g_array_index(inner, Cut, 0).start, last->start + last->length, outer);
    last = &g_array_index(outer, Cut, outer->len - 1);
    *start = g_array_index(outer, Cut, 0).start;
    *end = last->start + last->length;
}

static char *describe(const Contamination *job, const NgramMatch *match, guint64 start, guint64 end)
{
    const BenchmarkText *text = &g_array_index(job->set->texts, BenchmarkText, match->text);
    const char *benchmark = job->set->benchmarks[text->benchmark].name;
    g_autoptr(GString) line = g_string_new(NULL);
    g_string_append_printf(line, "question %u of benchmark '%s'", text->question, benchmark);
    if (text->id)
        g_string_append_printf(line, " (%s)", text->id);
    if (match->by_overlap)
        g_string_append_printf(line, ": %u of %u %u-grams", match->found, match->of, ngram_index_text(job->index, match->text)->size);
    else
        g_string_append_printf(line, ": %u words in a row", match->run);
    if (match->words)
        g_string_append_printf(line, ", at bytes %" G_GUINT64_FORMAT " to %" G_GUINT64_FORMAT " of the clean text", start, end);
    return g_string_free(g_steal_pointer(&line), FALSE);
}

static double value_of(const NgramMatch *match)
{
    return match->by_overlap ? (double)match->found / match->of : match->run;
}

static double threshold_of(const Contamination *job, const NgramMatch *match)
{
    return match->by_overlap ? job->recipe->contamination.overlap : (double)job->recipe->contamination.long_ngram;
}

static void add_found(const Contamination *job, Finding *finding, const NgramMatch *match, const Trail *trail)
{
    const BenchmarkText *text = &g_array_index(job->set->texts, BenchmarkText, match->text);
    guint64 start = match->start, end = match->end;
    trace_back(trail, &start, &end);
    g_autofree char *summary = describe(job, match, start, end);
    json_t *object = json_object();
    json_object_set_new(object, "benchmark", json_text(job->set->benchmarks[text->benchmark].name));
    json_object_set_new(object, "question", json_integer(text->question));
    json_object_set_new(object, "id", json_text(text->id));
    json_object_set_new(object, "field", json_text(text->field));
    json_object_set_new(object, "rule", json_text(match->by_overlap ? "overlap" : "long-ngram"));
    json_object_set_new(object, "value", json_real(value_of(match)));
    json_object_set_new(object, "threshold", json_real(threshold_of(job, match)));
    json_object_set_new(object, "found", json_integer(match->found));
    json_object_set_new(object, "of", json_integer(match->of));
    json_object_set_new(object, "words", json_integer(match->words));
    json_object_set_new(object, "start", json_integer((json_int_t)start));
    json_object_set_new(object, "end", json_integer((json_int_t)end));
    json_object_set_new(object, "summary", json_text(summary));
    json_array_append_new(finding->found, object);
    if (finding->detail)
        return;
    finding->value = value_of(match);
    finding->threshold = threshold_of(job, match);
    finding->detail = g_steal_pointer(&summary);
}

static void add_matches(const Contamination *job, Finding *finding, const NgramScanner *scanner, const Trail *trail)
{
    for (guint i = 0; i < scanner->matches->len; i++) {
        const NgramMatch *match = &g_array_index(scanner->matches, NgramMatch, i);
        json_array_append_new(finding->texts, json_integer(match->text));
        for (guint32 copy = match->text; copy != NO_TEXT; copy = ngram_index_text(job->index, copy)->next)
            finding->benchmarks[g_array_index(job->set->texts, BenchmarkText, copy).benchmark] = TRUE;
        if (json_array_size(finding->found) < NGRAM_DETAILED && match->words)
            add_found(job, finding, match, trail);
    }
}

/* "...; and 3 more" */
static void complete_detail(Finding *finding)
{
    gsize more = json_array_size(finding->texts) - 1;
    char *detail = finding->detail;
    if (more == 0)
        return;
    finding->detail = g_strdup_printf("%s; and %" G_GSIZE_FORMAT " more", detail, more);
    g_free(detail);
}

/* ---- The mask ---------------------------------------------------------------------------------------------------- */

static int compare_cuts(gconstpointer a, gconstpointer b)
{
    guint64 left = ((const Cut *)a)->start, right = ((const Cut *)b)->start;
    return (left > right) - (left < right);
}

/* Adds the ranges found in what `masked` leaves of the text to `masked`. */
static void mask_ranges(const NgramScanner *scanner, const char *text, gsize length, GArray *masked)
{
    g_autoptr(GArray) pieces = g_array_new(FALSE, FALSE, sizeof(Cut));
    CutsTrace trace = {0};
    guint64 from = 0;
    for (guint i = 0; i < scanner->ranges->len; i++) {
        const NgramRange *range = &g_array_index(scanner->ranges, NgramRange, i);
        Cut cut = cut_range(text, length, (gsize)range->start, (gsize)range->end);
        guint64 start = MAX(cut.start, from), end = cut.start + cut.length; /* two may have widened to one blank */
        if (start < end)
            cuts_trace(&trace, (const Cut *)(void *)masked->data, masked->len, start, end, pieces);
        from = MAX(from, end);
    }
    g_array_append_vals(masked, pieces->data, pieces->len);
    g_array_sort(masked, compare_cuts);
}

static gsize count_words(const char *text, gsize length)
{
    g_auto(WordList) list = {0};
    word_list_run(&list, text, length);
    return list.count;
}

static void drop_what_is_left(Finding *finding, const char *why)
{
    char *detail = finding->detail;
    finding->dropped = TRUE;
    finding->detail = g_strdup_printf("%s; %s", detail, why);
    g_free(detail);
}

/* Masks until a scan finds nothing. The scanner holds the first scan's result. */
static void mask(const Contamination *job, NgramScanner *scanner, const StageItem *item, Finding *finding)
{
    g_autoptr(GArray) masked = g_array_new(FALSE, FALSE, sizeof(Cut));
    Trail trail = {item, masked};
    g_autofree char *text = g_malloc(item->cleaned_length + 1);
    gsize length = item->cleaned_length;
    memcpy(text, item->cleaned, length);
    unsigned round = 0;
    do {
        mask_ranges(scanner, text, length, masked);
        memcpy(text, item->cleaned, item->cleaned_length);
        length = cuts_apply((const Cut *)(void *)masked->data, masked->len, text, item->cleaned_length);
        if (ngram_scan(scanner, text, length) == 0)
            break;
        add_matches(job, finding, scanner, &trail);
    } while (++round < MASK_ROUNDS);
    CutsTrace trace = {0};
    for (guint i = 0; i < masked->len; i++) {
        const Cut *cut = &g_array_index(masked, Cut, i);
        cuts_trace(&trace, item->cuts, item->cut_count, cut->start, cut->start + cut->length, finding->cuts);
    }
    if (round == MASK_ROUNDS)
        drop_what_is_left(finding, "there is no end to masking it");
    else if (count_words(text, length) < job->recipe->clean.min_words)
        drop_what_is_left(finding, "what the mask leaves is too short");
}

/* ---- The stage --------------------------------------------------------------------------------------------------- */

static gpointer worker_new(gpointer user, GError **error)
{
    return ngram_scanner_new(((const Contamination *)user)->index);
}

static void worker_free(gpointer worker)
{
    ngram_scanner_free(worker);
}

static gboolean work(gpointer user, gpointer worker, StageItem *item, GError **error)
{
    const Contamination *job = user;
    NgramScanner *scanner = worker;
    if (ngram_scan(scanner, item->cleaned, item->cleaned_length) == 0)
        return TRUE;
    g_autoptr(GArray) nothing = g_array_new(FALSE, FALSE, sizeof(Cut));
    Trail trail = {item, nothing};
    Finding *finding = item->result = finding_new(job);
    add_matches(job, finding, scanner, &trail);
    finding->dropped = job->recipe->contamination.action == CONTAMINATION_DROP;
    complete_detail(finding);
    if (job->recipe->contamination.action == CONTAMINATION_MASK)
        mask(job, scanner, item, finding);
    return TRUE;
}

static gboolean save(gpointer user, StoreTxn *txn, StageItem *item, GError **error)
{
    const Finding *finding = item->result;
    if (!finding)
        return TRUE;
    if (!note_put(txn, item->docno, "contamination", finding->note, error) ||
        !cuts_put(txn, item->docno, "contamination", (const Cut *)(void *)finding->cuts->data, finding->cuts->len, error))
        return FALSE;
    if (!finding->dropped)
        return TRUE;
    Verdict verdict = {.outcome = OUTCOME_DROPPED,
                       .stage = "contamination",
                       .rule = "contaminated",
                       .value = finding->value,
                       .threshold = finding->threshold,
                       .winner = DOCNO_NONE,
                       .detail = finding->detail};
    return ledger_put(txn, item->docno, &verdict, error);
}

static void count(gpointer user, StageItem *item, StageRun *run)
{
    const Contamination *job = user;
    const Finding *finding = item->result;
    const char *source = item->document.source ? item->document.source : "";
    if (!finding)
        return;
    for (unsigned i = 0; i < job->set->count; i++) {
        g_autofree char *what = g_strconcat("contaminated:", job->set->benchmarks[i].name, NULL);
        stage_count(run, source, what, finding->benchmarks[i]);
    }
    stage_count(run, source, "dropped:contaminated", finding->dropped);
    stage_count(run, source, "masked", finding->cuts->len > 0);
    stage_count(run, source, "masked_bytes", (gint64)cuts_bytes((const Cut *)(void *)finding->cuts->data, finding->cuts->len));
}

/* What the summary is of: the settings, and the generation of the store. g_free. */
static char *summary_version(Store *store, const char *fingerprint, GError **error)
{
    g_auto(StageRun) run = {0};
    g_autoptr(StoreTxn) txn = store_read_begin(store, error);
    if (!txn || !stage_load(txn, "contamination", &run, error))
        return NULL;
    return g_strdup_printf("generation %" G_GUINT64_FORMAT "\n%s", run.generation, fingerprint);
}

static gboolean run_stage(StageContext *context, Contamination *job, const char *fingerprint, GError **error)
{
    StageMap map = {
        .stage = "contamination",
        .fingerprint = fingerprint,
        .reads = STAGE_READ_FACTS | STAGE_READ_FINAL,
        .extends = TRUE,
        .user = job,
        .worker_new = worker_new,
        .worker_free = worker_free,
        .work = work,
        .save = save,
        .count = count,
        .result_free = finding_free,
    };
    if (!stage_map(context, &map, error))
        return FALSE;
    g_autofree char *version = summary_version(context->store, fingerprint, error);
    return version && contamination_summary_write(context->store, &job->recipe->contamination, job->set, job->index, version, error);
}

gboolean contamination_run(StageContext *context, const Recipe *recipe, const char *predecessor, char **fingerprint, GError **error)
{
    Contamination job = {.recipe = recipe};
    if (recipe->contamination.benchmarks_count == 0) {
        *fingerprint = g_strdup(predecessor);
        return stage_leave_out(context->store, "contamination", error) && contamination_summary_remove(context->store, error);
    }
    gboolean good = read_index(&job, error);
    if (good) {
        *fingerprint = fingerprint_of(&job, predecessor);
        good = run_stage(context, &job, *fingerprint, error);
    }
    ngram_index_free(job.index);
    benchmark_set_free(job.set);
    return good;
}
