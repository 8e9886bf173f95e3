/* SPDX-License-Identifier: Apache-2.0
 * The stage "mix": which documents go into training and how often, and the last verdicts; see store/mix.h.
 *
 * First all is planned: the rows (store/mix_rows.h), the targets (store/mix_targets.h), the cuts. Then the rows are gone
 * through once more for verdicts and draws. The plan depends on nothing that this stage has written, so a resumed run
 * makes the same. */
#include "store/mix.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/pipeline.h"
#include "store/draw.h"
#include "store/layout.h"
#include "store/metadata.h"
#include "store/mix_rows.h"
#include "store/mix_targets.h"
#include "store/note.h"
#include "store/tokenizer_store.h"

#define BATCH_ROWS 1024
#define COMMIT_ROWS 65536
#define COMMIT_INTERVAL (2 * G_USEC_PER_SEC)

/* What the mix takes of one source. */
typedef struct MixPart {
    guint64 rounds; /* the documents go that often whole, those before the cut once more */
    MixCut cut;
    guint64 documents, passes, tokens; /* in training */
    guint64 held_out, not_sampled;     /* documents */
} MixPart;

typedef struct MixPlan {
    StageContext *context;
    const Recipe *recipe;
    Upsampler *upsampler; /* NULL: no source is upsampled */
    const Layout *layout; /* NULL: nothing is kept of an earlier mix */
    RowFile *rows;
    MixTarget *targets; /* of each source */
    MixPart *parts;
    guint64 replay_asked, replay_drawn, others_drawn;
} MixPlan;

static const MixRow *row_at(const MixPlan *plan, guint64 index)
{
    return (const MixRow *)row_file_rows(plan->rows) + index;
}

static gboolean is_replay(const MixPlan *plan, unsigned source)
{
    return plan->recipe->sources[source].group == GROUP_REPLAY;
}

/* As a number in [0, 1), for people. */
static double order_unit(guint64 order)
{
    return (double)(order >> 11) * 0x1p-53;
}

/* How often a document goes into its split; 0: it is not sampled. */
static guint64 passes_of(const MixPlan *plan, const MixRow *row)
{
    const MixPart *part = &plan->parts[row->source];
    guint64 times = part->rounds + mix_cut_takes(&part->cut, row);
    return row->split == SPLIT_TRAIN ? times * row->passes : times > 0;
}

/* ---- The plan ------------------------------------------------------------------------------------------------ */

static void add_available(MixPlan *plan)
{
    for (guint64 i = 0; i < row_file_count(plan->rows); i++)
        plan->targets[row_at(plan, i)->source].available += mix_row_tokens(row_at(plan, i));
}

/* A source without training tokens (all of it may be held out) is taken whole, but for a replay that is not wanted. */
static void set_quota(MixPlan *plan, unsigned source, MixQuota *quota)
{
    const MixTarget *target = &plan->targets[source];
    gboolean unwanted = is_replay(plan, source) && mix_share(plan->recipe->mix.replay_share) == 0;
    if (target->available == 0) {
        plan->parts[source].rounds = !unwanted;
        return;
    }
    plan->parts[source].rounds = target->target / target->available;
    *quota = (MixQuota){target->target % target->available, target->within};
}

/* Cuts the sources of the replay, or all others; returns the tokens drawn of them. */
static guint64 cut_sources(MixPlan *plan, gboolean replay)
{
    unsigned count = plan->recipe->sources_count;
    g_autofree MixQuota *quotas = g_new0(MixQuota, count);
    g_autofree MixCut *cuts = g_new0(MixCut, count);
    guint64 drawn = 0;
    for (unsigned i = 0; i < count; i++)
        if (is_replay(plan, i) == replay)
            set_quota(plan, i, &quotas[i]);
    mix_cuts_find(row_file_rows(plan->rows), row_file_count(plan->rows), quotas, count, cuts);
    for (unsigned i = 0; i < count; i++) {
        if (is_replay(plan, i) != replay)
            continue;
        plan->parts[i].cut = cuts[i];
        drawn += plan->parts[i].rounds * plan->targets[i].available + cuts[i].drawn;
    }
    return drawn;
}

/* Counted from the documents, not from the arithmetic of the plan: what was got. */
static gboolean count_parts(MixPlan *plan, GError **error)
{
    for (guint64 i = 0; i < row_file_count(plan->rows); i++) {
        const MixRow *row = row_at(plan, i);
        MixPart *part = &plan->parts[row->source];
        guint64 passes = passes_of(plan, row);
        if (passes > G_MAXUINT16) {
            g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT,
                        "document %" G_GUINT64_FORMAT " is to go into training %" G_GUINT64_FORMAT
                        " times; 65,535 is the most: lower repeat, mix.max_passes or the scores of upsample", row->docno, passes);
            return FALSE;
        }
        part->not_sampled += passes == 0;
        part->held_out += passes > 0 && row->split != SPLIT_TRAIN;
        if (row->split != SPLIT_TRAIN)
            continue;
        part->documents += passes > 0;
        part->passes += passes;
        part->tokens += passes * row->tokens;
    }
    return TRUE;
}

/* ---- Where it was cut ---------------------------------------------------------------------------------------- */

/* Numbers of 64 bits are beyond what JSON's are sure to hold. */
static json_t *number_text(guint64 number)
{
    g_autofree char *text = g_strdup_printf("%016" G_GINT64_MODIFIER "x", number);
    return json_string(text);
}

static guint64 text_number(const json_t *object, const char *key)
{
    const char *text = json_get_string(object, key);
    return text ? g_ascii_strtoull(text, NULL, 16) : 0;
}

/* All that decides what is taken of a document besides itself, for a mix that goes on with this one (store/layout.h). */
static json_t *cuts_json(const MixPlan *plan)
{
    json_t *cuts = json_array(), *object = json_pack("{s:o}", "cuts", cuts);
    double lower, upper;
    for (unsigned i = 0; i < plan->recipe->sources_count; i++) {
        const MixPart *part = &plan->parts[i];
        json_array_append_new(cuts, json_pack("{s:s, s:I, s:o, s:o}", "tag", plan->recipe->sources[i].tag, "rounds", (json_int_t)part->rounds,
                                              "order", number_text(part->cut.order), "docno", number_text(part->cut.docno)));
    }
    if (plan->upsampler && upsampler_quartiles(plan->upsampler, &lower, &upper))
        json_object_set_new(object, "quartiles", json_pack("[f, f]", lower, upper));
    return object;
}

static const json_t *find_tag(const json_t *list, const char *tag)
{
    for (gsize i = 0; i < json_array_size(list); i++)
        if (g_strcmp0(json_get_string(json_array_get(list, i), "tag"), tag) == 0)
            return json_array_get(list, i);
    return NULL;
}

/* What was asked for stays what it was, too. */
static void take_cuts(MixPlan *plan)
{
    const json_t *cuts = json_object_get(plan->layout->plan, "cuts"), *asked = json_object_get(plan->layout->asked, "sources");
    for (unsigned i = 0; i < plan->recipe->sources_count; i++) {
        const json_t *cut = find_tag(cuts, plan->recipe->sources[i].tag), *part = find_tag(asked, plan->recipe->sources[i].tag);
        const char *limit = json_get_string(part, "limit");
        plan->parts[i].rounds = (guint64)json_integer_value(json_object_get(cut, "rounds"));
        plan->parts[i].cut = (MixCut){.order = text_number(cut, "order"), .docno = text_number(cut, "docno")};
        plan->targets[i].asked = (guint64)json_integer_value(json_object_get(part, "asked_tokens"));
        plan->targets[i].target = (guint64)json_integer_value(json_object_get(part, "target_tokens"));
        plan->targets[i].limit = limit ? g_intern_string(limit) : NULL;
    }
    plan->replay_asked = (guint64)json_integer_value(json_object_get(plan->layout->asked, "replay_asked_tokens"));
}

static gboolean find_cuts(MixPlan *plan, GError **error)
{
    if (!mix_targets_others(plan->recipe, plan->targets, error))
        return FALSE;
    plan->replay_asked = mix_targets_replay(plan->recipe, cut_sources(plan, FALSE), plan->targets);
    cut_sources(plan, TRUE);
    return TRUE;
}

/* The quartiles of citations: those of the mix that this one goes on with, else those of the corpus. */
static gboolean settle_upsampler(const MixPlan *plan, GError **error)
{
    const json_t *quartiles = plan->layout ? json_object_get(plan->layout->plan, "quartiles") : NULL;
    if (!plan->upsampler)
        return TRUE;
    if (!plan->layout)
        return mix_rows_observe(plan->context, plan->recipe, plan->upsampler, error);
    upsampler_set_quartiles(plan->upsampler, quartiles != NULL, json_real_value(json_array_get(quartiles, 0)),
                            json_real_value(json_array_get(quartiles, 1)));
    return TRUE;
}

/* ---- The whole plan ------------------------------------------------------------------------------------------ */

static gboolean make_plan(MixPlan *plan, Docno done, GError **error)
{
    TokenizerFacts facts = {.width = 2};
    GError *cause = NULL;
    g_autoptr(StoreTxn) txn = store_read_begin(plan->context->store, error);
    if (!txn)
        return FALSE;
    if (!tokenizer_facts(txn, &facts, &cause) && cause) {
        g_propagate_error(error, cause);
        return FALSE;
    }
    g_clear_pointer(&txn, store_read_end);
    if (!settle_upsampler(plan, error))
        return FALSE;
    plan->rows = mix_rows_gather(plan->context, plan->recipe, plan->upsampler, facts.width, done, error);
    if (!plan->rows)
        return FALSE;
    add_available(plan);
    if (plan->layout)
        take_cuts(plan);
    else if (!find_cuts(plan, error))
        return FALSE;
    if (!count_parts(plan, error))
        return FALSE;
    for (unsigned i = 0; i < plan->recipe->sources_count; i++)
        *(is_replay(plan, i) ? &plan->replay_drawn : &plan->others_drawn) += plan->parts[i].tokens;
    return TRUE;
}

/* ---- What was asked and what was got ---------------------------------------------------------------------------- */

static json_t *part_json(const MixPlan *plan, unsigned source)
{
    const MixTarget *target = &plan->targets[source];
    const MixPart *part = &plan->parts[source];
    return json_pack("{s:s, s:I, s:I, s:I, s:I, s:o, s:I, s:I, s:I, s:I}", "tag", plan->recipe->sources[source].tag, "available_tokens",
                     (json_int_t)target->available, "asked_tokens", (json_int_t)target->asked, "target_tokens", (json_int_t)target->target,
                     "drawn_tokens", (json_int_t)part->tokens, "limit", json_text(target->limit), "documents", (json_int_t)part->documents,
                     "passes", (json_int_t)part->passes, "held_out", (json_int_t)part->held_out, "not_sampled",
                     (json_int_t)part->not_sampled);
}

static char *describe_plan(const MixPlan *plan)
{
    guint64 tokens = plan->recipe->mix.tokens;
    json_t *sources = json_array();
    for (unsigned i = 0; i < plan->recipe->sources_count; i++)
        json_array_append_new(sources, part_json(plan, i));
    g_autoptr(json_t) object = json_pack("{s:o, s:I, s:I, s:I, s:o}", "asked_tokens", tokens ? json_integer((json_int_t)tokens) : json_null(),
                                         "drawn_tokens", (json_int_t)(plan->others_drawn + plan->replay_drawn), "replay_asked_tokens",
                                         (json_int_t)plan->replay_asked, "replay_drawn_tokens", (json_int_t)plan->replay_drawn, "sources", sources);
    return json_write(object);
}

static gboolean put_description(StoreTxn *txn, gpointer user, GError **error)
{
    return store_put_meta(txn, MIX_META, user, error);
}

static void notice_shortage(const MixPlan *plan, GString *notices)
{
    if (plan->replay_drawn >= plan->replay_asked)
        return;
    g_string_append_printf(notices,
                           "The replay has %" G_GUINT64_FORMAT " training tokens, but %g %% of the mix would be %"
                           G_GUINT64_FORMAT ": all of it was taken. Add replay sources or lower mix.replay_share.\n",
                           plan->replay_drawn, plan->recipe->mix.replay_share * 100, plan->replay_asked);
}

static void notice_limits(const MixPlan *plan, GString *notices)
{
    for (unsigned i = 0; i < plan->recipe->sources_count; i++) {
        const MixTarget *target = &plan->targets[i];
        if (g_strcmp0(target->limit, "max_passes") == 0)
            g_string_append_printf(notices,
                                   "Source '%s' was asked for %" G_GUINT64_FORMAT " training tokens and gives %" G_GUINT64_FORMAT
                                   " at mix.max_passes %" G_GUINT64_FORMAT "; the others stand in for the rest.\n", plan->recipe->sources[i].tag,
                                   target->asked, target->target, plan->recipe->mix.max_passes);
    }
}

/* ---- Verdicts and draws ------------------------------------------------------------------------------------------ */

/* Rows [begin, end), and the notes of those that are upsampled. */
typedef struct RowRange {
    guint64 begin, end;
    json_t **notes;
} RowRange;

typedef struct MixRun {
    MixPlan *plan;
    StageRun run;
    guint64 reading; /* the row where the reader goes on */
    GPtrArray *pending; /* of RowRange */
    guint64 pending_rows;
    gint64 last_commit;
} MixRun;

static void range_free(gpointer data)
{
    RowRange *range = data;
    for (guint64 i = 0; range->notes && i < range->end - range->begin; i++)
        json_decref(range->notes[i]);
    g_free(range->notes);
    g_free(range);
}

/* The pipeline's item is a box, so that the sink can keep the range until it is committed. */
static void box_free(gpointer item)
{
    g_clear_pointer((RowRange **)item, range_free);
    g_free(item);
}

static gpointer next_range(gpointer user, GError **error)
{
    MixRun *mix = user;
    guint64 count = row_file_count(mix->plan->rows);
    guint64 size = mix->plan->context->batch_documents ? MIN(mix->plan->context->batch_documents, BATCH_ROWS) : BATCH_ROWS;
    if (mix->reading >= count)
        return NULL;
    RowRange *range = g_new0(RowRange, 1), **box = g_new(RowRange *, 1);
    range->begin = mix->reading;
    range->end = mix->reading = MIN(mix->reading + size, count);
    *box = range;
    return box;
}

/* The sum, line by line, of a document that goes into training. */
static json_t *upsample_note(const MixPlan *plan, StoreTxn *txn, const MixRow *row, GError **error)
{
    g_auto(Document) facts = {0};
    if (!document_get_facts(txn, row->docno, &facts, error))
        return NULL;
    g_autoptr(Metadata) metadata = metadata_load(txn, row->docno, &facts, error);
    if (!metadata)
        return NULL;
    json_t *lines = json_array();
    UpsampleScore score = upsampler_score(plan->upsampler, &plan->recipe->sources[row->source], facts.id, metadata, lines);
    return json_pack("{s:o, s:I, s:i}", "found", lines, "asked", (json_int_t)score.asked, "passes", (int)score.passes);
}

static gboolean work_range(gpointer user, gpointer worker, gpointer item, GError **error)
{
    const MixPlan *plan = ((MixRun *)user)->plan;
    RowRange *range = *(RowRange **)item;
    if (!plan->upsampler)
        return TRUE;
    g_autoptr(StoreTxn) txn = store_read_begin(plan->context->store, error);
    if (!txn)
        return FALSE;
    range->notes = g_new0(json_t *, range->end - range->begin);
    for (guint64 i = range->begin; i < range->end; i++) {
        const MixRow *row = row_at(plan, i);
        gboolean noted = plan->recipe->sources[row->source].upsample && row->split == SPLIT_TRAIN && passes_of(plan, row) > 0;
        if (noted && !(range->notes[i - range->begin] = upsample_note(plan, txn, row, error)))
            return FALSE;
    }
    return TRUE;
}

static gboolean put_dropped(const MixPlan *plan, StoreTxn *txn, const MixRow *row, GError **error)
{
    Verdict dropped = {
        .outcome = OUTCOME_DROPPED,
        .stage = "mix",
        .rule = "not-sampled",
        .value = order_unit(row->order),
        .threshold = order_unit(plan->parts[row->source].cut.order),
        .winner = DOCNO_NONE,
        .detail = is_replay(plan, row->source) ? "the replay has its share without this document"
                                               : "the mix has what it asks of this source without this document",
        .source = plan->recipe->sources[row->source].tag,
    };
    return ledger_put(txn, row->docno, &dropped, error);
}

static gboolean put_row(const MixPlan *plan, StoreTxn *txn, const MixRow *row, const json_t *note, GError **error)
{
    guint64 passes = passes_of(plan, row);
    if (passes == 0)
        return put_dropped(plan, txn, row, error);
    Verdict kept = {OUTCOME_KEPT, "mix", "kept", NAN, NAN, DOCNO_NONE, NULL, plan->recipe->sources[row->source].tag};
    Draw draw = {.docno = row->docno, .tokens = row->tokens, .passes = (guint32)passes, .source = row->source, .split = (Split)row->split};
    return (!note || note_put(txn, row->docno, "mix", note, error)) && draw_put(txn, &draw, error) &&
           ledger_put(txn, row->docno, &kept, error);
}

static gboolean commit_ranges(StoreTxn *txn, gpointer user, GError **error)
{
    MixRun *mix = user;
    for (guint r = 0; r < mix->pending->len; r++) {
        const RowRange *range = mix->pending->pdata[r];
        for (guint64 i = range->begin; i < range->end; i++)
            if (!put_row(mix->plan, txn, row_at(mix->plan, i), range->notes ? range->notes[i - range->begin] : NULL, error))
                return FALSE;
    }
    return stage_save(txn, &mix->run, error);
}

static void count_range(MixRun *mix, const RowRange *range)
{
    const Recipe *recipe = mix->plan->recipe;
    g_autofree guint64 *counts = g_new0(guint64, 2 * recipe->sources_count);
    for (guint64 i = range->begin; i < range->end; i++) {
        const MixRow *row = row_at(mix->plan, i);
        counts[2 * row->source + (passes_of(mix->plan, row) > 0)]++;
        mix->run.next = row->docno + 1;
    }
    for (unsigned i = 0; i < recipe->sources_count; i++) {
        stage_count(&mix->run, recipe->sources[i].tag, "not-sampled", (gint64)counts[2 * i]);
        stage_count(&mix->run, recipe->sources[i].tag, "kept", (gint64)counts[2 * i + 1]);
    }
}

static gboolean commit(MixRun *mix, GError **error)
{
    for (guint r = 0; r < mix->pending->len; r++)
        count_range(mix, mix->pending->pdata[r]);
    gboolean good = store_write(mix->plan->context->store, commit_ranges, mix, error);
    g_ptr_array_set_size(mix->pending, 0);
    mix->pending_rows = 0;
    mix->last_commit = g_get_monotonic_time();
    return good;
}

static gboolean sink_range(gpointer user, gpointer item, GError **error)
{
    MixRun *mix = user;
    RowRange *range = g_steal_pointer((RowRange **)item);
    guint limit = mix->plan->context->batch_documents ? mix->plan->context->batch_documents : COMMIT_ROWS;
    g_ptr_array_add(mix->pending, range);
    mix->pending_rows += range->end - range->begin;
    progress_add(mix->plan->context->progress, range->end - range->begin);
    if (mix->pending_rows < limit && g_get_monotonic_time() - mix->last_commit < COMMIT_INTERVAL)
        return TRUE;
    return commit(mix, error);
}

static guint64 first_row_at(const MixPlan *plan, Docno docno)
{
    guint64 low = 0, high = row_file_count(plan->rows);
    while (low < high) {
        guint64 middle = low + (high - low) / 2;
        if (row_at(plan, middle)->docno < docno)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static gboolean write_rows(MixRun *mix, GError **error)
{
    StageContext *context = mix->plan->context;
    unsigned jobs = MAX(context->jobs, 1);
    Pipeline pipeline = {.user = mix, .next = next_range, .work = work_range, .sink = sink_range, .item_free = box_free};
    mix->reading = first_row_at(mix->plan, mix->run.next);
    mix->pending = g_ptr_array_new_with_free_func(range_free);
    mix->last_commit = g_get_monotonic_time();
    progress_begin(context->progress, "mix", "documents", row_file_count(mix->plan->rows) - mix->reading);
    gboolean good = pipeline_run(&pipeline, jobs, 4 * jobs, error) && commit(mix, error);
    progress_end(context->progress);
    g_ptr_array_unref(mix->pending);
    return good;
}

/* ---- The stage --------------------------------------------------------------------------------------------------- */

static char *mix_fingerprint(const Recipe *recipe, const Upsampler *upsampler, const char *predecessor)
{
    const RecipeMix *mix = &recipe->mix;
    g_autoptr(GString) text = g_string_new(NULL);
    g_string_append_printf(text, "mix 2 seed=%" G_GUINT64_FORMAT " share=%" G_GUINT64_FORMAT " tokens=%" G_GUINT64_FORMAT
                           " temperature=%.17g max_passes=%" G_GUINT64_FORMAT " bos=%d eos=%d", recipe->seed, mix_share(mix->replay_share),
                           mix->tokens, mix->temperature, mix->max_passes, recipe->pack.bos, recipe->pack.eos);
    for (unsigned i = 0; i < recipe->sources_count; i++) {
        const RecipeSource *source = &recipe->sources[i];
        g_string_append_printf(text, " %s=%s,%u,%.17g,%.17g,%.17g,%" G_GUINT64_FORMAT ",%.17g%s", source->tag, recipe_group_name(source->group),
                               source->repeat, source->valid, source->test, source->weight, source->max_tokens, source->max_share,
                               source->upsample ? ",upsample" : "");
    }
    if (upsampler)
        upsampler_describe(upsampler, text);
    g_string_append_printf(text, "\n%s", predecessor);
    return g_string_free(g_steal_pointer(&text), FALSE);
}

static gboolean run_mix(MixRun *mix, GError **error)
{
    StageContext *context = mix->plan->context;
    if (!make_plan(mix->plan, mix->run.next, error))
        return FALSE;
    g_autofree char *description = describe_plan(mix->plan);
    json_decref(mix->run.position);
    mix->run.position = cuts_json(mix->plan);
    if (!store_write(context->store, put_description, description, error) || !write_rows(mix, error) ||
        !stage_finish(context->store, &mix->run, error))
        return FALSE;
    if (context->notices && !mix->plan->layout) {
        notice_shortage(mix->plan, context->notices);
        notice_limits(mix->plan, context->notices);
    }
    return TRUE;
}

static gboolean is_upsampled(const Recipe *recipe)
{
    for (unsigned i = 0; i < recipe->sources_count; i++)
        if (recipe->sources[i].upsample)
            return TRUE;
    return FALSE;
}

gboolean mix_run(StageContext *context, const Recipe *recipe, const char *predecessor, char **fingerprint, GError **error)
{
    g_autoptr(Upsampler) upsampler = NULL;
    if (is_upsampled(recipe) && !(upsampler = upsampler_new(recipe, error)))
        return FALSE;
    g_autofree MixTarget *targets = g_new0(MixTarget, recipe->sources_count);
    g_autofree MixPart *parts = g_new0(MixPart, recipe->sources_count);
    MixPlan plan = {.context = context, .recipe = recipe, .upsampler = upsampler, .targets = targets, .parts = parts};
    MixRun mix = {.plan = &plan};
    StageAction action;
    *fingerprint = mix_fingerprint(recipe, upsampler, predecessor);
    if (!stage_begin(context->store, "mix", *fingerprint, &mix.run, &action, error))
        return FALSE;
    g_auto(Layout) layout = {0};
    gboolean kept = FALSE, good = TRUE;
    if (action != STAGE_SKIP) {
        good = layout_use(context->store, "mix", *fingerprint, &layout, &kept, error);
        plan.layout = kept ? &layout : NULL;
        good = good && run_mix(&mix, error);
    }
    row_file_free(plan.rows);
    stage_run_clear(&mix.run);
    return good;
}
