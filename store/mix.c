/* SPDX-License-Identifier: Apache-2.0
 * The stage "mix": how much of the replay goes into training, and the last verdicts; see store/mix.h.
 *
 * The replay's documents have an order of their own, drawn from the seed and from each document's source and id, so it
 * depends on nothing else in the corpus. A first pass adds up the tokens of all other training documents and finds the
 * place in that order where the replay first has its share (the cut). A second pass, the stage proper, gives verdicts:
 * which side of the cut a document lies on can be told from the document alone. The first pass counts what this stage
 * has already decided as undecided, so a resumed run finds the same cut.
 *
 * Shares are exact: billionths, in whole numbers of tokens. */
#include "store/mix.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "store/note.h"
#include "store/split.h"
#include "store/tokenizer_store.h"
#include "store/tokens.h"
#include "store/upsample.h"

#define BILLION G_GUINT64_CONSTANT(1000000000)

typedef struct Draw {
    guint64 order;  /* the smaller, the earlier; equal ones go by docno */
    Docno docno;
    guint64 tokens; /* in training, repeats counted; 0 when held out */
} Draw;

typedef struct MixPlan {
    const Recipe *recipe;
    Upsampler *upsampler; /* NULL: no source is upsampled */
    unsigned width;
    guint64 share;  /* of the replay, in billionths */
    guint64 others; /* training tokens outside the replay */
    guint64 asked, drawn;
    Docno first;    /* of the documents without a verdict of an earlier stage */
    GArray *draws;  /* of Draw; freed once the cut is known */
    Draw cut;       /* the last one taken */
    gboolean any;   /* one is taken at all */
} MixPlan;

typedef enum { MIX_KEPT, MIX_DRAWN, MIX_NOT_SAMPLED } MixChoice;

typedef struct MixResult {
    MixChoice choice;
    guint64 order;
    json_t *note; /* on how often an upsampled document goes into training; or NULL */
} MixResult;

static void result_free(gpointer data)
{
    json_decref(((MixResult *)data)->note);
    g_free(data);
}

static guint64 draw_order(const Recipe *recipe, const RecipeSource *source, const char *id)
{
    return random_at(recipe->seed, "replay", document_draw_key(source->tag, id));
}

/* As a number in [0, 1), for people. */
static double order_unit(guint64 order)
{
    return (double)(order >> 11) * 0x1p-53;
}

static const RecipeSource *source_of(const Recipe *recipe, Docno docno, const Document *document, GError **error)
{
    unsigned index;
    const RecipeSource *source = recipe_find_source(recipe, document->source ? document->source : "", &index);
    if (!source || !document->id) {
        g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT,
                    "document %" G_GUINT64_FORMAT " is of source \"%s\", which the recipe does not have", docno,
                    document->source ? document->source : "");
        return NULL;
    }
    return source;
}

/* How often the document goes into training. */
static gboolean training_passes(const MixPlan *plan, StoreTxn *txn, Docno docno, const RecipeSource *source, const Document *facts,
                                unsigned *passes, GError **error)
{
    *passes = source->repeat;
    if (!source->upsample)
        return TRUE;
    g_autoptr(Metadata) metadata = metadata_load(txn, docno, facts, error);
    if (!metadata)
        return FALSE;
    *passes = upsampler_score(plan->upsampler, source, facts->id, metadata, NULL).passes;
    return TRUE;
}

/* Tokens that the document puts into training: with BOS, EOS and repeats; 0 when it is held out. */
static gboolean training_tokens(const MixPlan *plan, StoreTxn *txn, Docno docno, const RecipeSource *source, const Document *facts,
                                guint64 *tokens, GError **error)
{
    const void *ids;
    gsize count;
    GError *cause = NULL;
    if (!tokens_get(txn, docno, plan->width, &ids, &count, &cause)) {
        if (!cause)
            g_set_error(&cause, GALEN_ERROR, GALEN_ERROR_INPUT,
                        "document %" G_GUINT64_FORMAT " has no tokens; run the stage tokenise first", docno);
        g_propagate_error(error, cause);
        return FALSE;
    }
    const RecipePack *pack = &plan->recipe->pack;
    gboolean held_out = split_of(plan->recipe, source, facts->id) != SPLIT_TRAIN;
    unsigned passes = 0;
    if (!held_out && !training_passes(plan, txn, docno, source, facts, &passes, error))
        return FALSE;
    *tokens = (count + pack->bos + pack->eos) * passes;
    return TRUE;
}

static gboolean plan_document(MixPlan *plan, StoreTxn *txn, Docno docno, GError **error)
{
    GError *cause = NULL;
    Verdict verdict;
    if (ledger_get(txn, docno, &verdict, &cause) && strcmp(verdict.stage, "mix") != 0)
        return TRUE;
    g_auto(Document) facts = {0};
    if (cause || !document_get_facts(txn, docno, &facts, &cause)) {
        g_propagate_error(error, cause);
        return cause == NULL;
    }
    const RecipeSource *source = source_of(plan->recipe, docno, &facts, error);
    Draw draw = {.docno = docno};
    if (!source || !training_tokens(plan, txn, docno, source, &facts, &draw.tokens, error))
        return FALSE;
    if (plan->first == DOCNO_NONE)
        plan->first = docno;
    if (source->group != GROUP_REPLAY) {
        plan->others += draw.tokens;
        return TRUE;
    }
    draw.order = draw_order(plan->recipe, source, facts.id);
    g_array_append_val(plan->draws, draw);
    return TRUE;
}

static gboolean plan_documents(MixPlan *plan, StoreTxn *txn, GError **error)
{
    TokenizerFacts facts;
    GError *cause = NULL;
    if (!tokenizer_facts(txn, &facts, &cause)) {
        g_propagate_error(error, cause);
        return cause == NULL; /* nothing was tokenised: stage_map finds no document either, or says what lacks */
    }
    plan->width = facts.width;
    g_autoptr(StoreCursor) cursor = store_cursor_new(txn, TABLE_DOCUMENTS, NULL, 0, error);
    if (!cursor)
        return FALSE;
    StoreValue key, value;
    int more;
    while ((more = store_cursor_next(cursor, &key, &value, error)) > 0)
        if (!plan_document(plan, txn, docno_read(key.data), error))
            return FALSE;
    return more == 0;
}

/* Shows the upsampler a document, for the quartiles of its corpus: those without a verdict of an earlier stage. */
static gboolean observe_document(MixPlan *plan, StoreTxn *txn, Docno docno, const StoreValue *value, GError **error)
{
    GError *cause = NULL;
    Verdict verdict;
    g_auto(Document) facts = {0};
    gboolean decided = ledger_get(txn, docno, &verdict, &cause) && strcmp(verdict.stage, "mix") != 0;
    if (cause) {
        g_propagate_error(error, cause);
        return FALSE;
    }
    if (decided)
        return TRUE;
    if (!document_thaw(value, FALSE, &facts, error))
        return FALSE;
    const RecipeSource *source = source_of(plan->recipe, docno, &facts, error);
    if (!source || !source->upsample)
        return source != NULL;
    g_autoptr(Metadata) metadata = metadata_load(txn, docno, &facts, error);
    if (metadata)
        upsampler_observe(plan->upsampler, metadata);
    return metadata != NULL;
}

static gboolean observe_documents(MixPlan *plan, StoreTxn *txn, GError **error)
{
    if (!plan->upsampler)
        return TRUE;
    g_autoptr(StoreCursor) cursor = store_cursor_new(txn, TABLE_DOCUMENTS, NULL, 0, error);
    if (!cursor)
        return FALSE;
    StoreValue key, value;
    int more;
    while ((more = store_cursor_next(cursor, &key, &value, error)) > 0)
        if (!observe_document(plan, txn, docno_read(key.data), &value, error))
            return FALSE;
    upsampler_finish(plan->upsampler);
    return more == 0;
}

static int compare_draws(const void *left, const void *right)
{
    const Draw *a = left, *b = right;
    if (a->order != b->order)
        return a->order < b->order ? -1 : 1;
    return (a->docno > b->docno) - (a->docno < b->docno);
}

/* The smallest R with R / (R + others) >= share: others * share / (1 - share), rounded up. */
static guint64 replay_target(guint64 others, guint64 share)
{
    guint64 rest = BILLION - share, whole;
    if (rest == 0)
        return G_MAXUINT64;
    if (__builtin_mul_overflow(others / rest, share, &whole))
        return G_MAXUINT64;
    guint64 part = (others % rest * share + rest - 1) / rest;
    return whole > G_MAXUINT64 - part ? G_MAXUINT64 : whole + part;
}

static void find_cut(MixPlan *plan)
{
    g_array_sort(plan->draws, compare_draws);
    plan->asked = replay_target(plan->others, plan->share);
    for (guint i = 0; i < plan->draws->len && plan->drawn < plan->asked; i++) {
        plan->cut = g_array_index(plan->draws, Draw, i);
        plan->drawn += plan->cut.tokens;
        plan->any = TRUE;
    }
}

/* The sum, line by line, of a document that goes into training. */
static gboolean upsample_item(const MixPlan *plan, const RecipeSource *source, const StageItem *item, MixResult *result, GError **error)
{
    json_t *note = item->note ? json_parse(item->note, strlen(item->note), "a stage's note", error) : NULL;
    if (item->note && !note)
        return FALSE;
    g_autoptr(Metadata) metadata = metadata_new(&item->document, note);
    json_t *lines = json_array();
    UpsampleScore score = upsampler_score(plan->upsampler, source, item->document.id, metadata, lines);
    result->note = json_pack("{s:o, s:I, s:i}", "found", lines, "asked", (json_int_t)score.asked, "passes", (int)score.passes);
    return TRUE;
}

static gboolean mix_item(gpointer user, gpointer worker, StageItem *item, GError **error)
{
    const MixPlan *plan = user;
    const RecipeSource *source = source_of(plan->recipe, item->docno, &item->document, error);
    if (!source)
        return FALSE;
    MixResult *result = g_new0(MixResult, 1);
    if (source->group == GROUP_REPLAY) {
        Draw draw = {.order = draw_order(plan->recipe, source, item->document.id), .docno = item->docno};
        result->order = draw.order;
        result->choice = plan->any && compare_draws(&draw, &plan->cut) <= 0 ? MIX_DRAWN : MIX_NOT_SAMPLED;
    }
    item->result = result;
    gboolean trains = split_of(plan->recipe, source, item->document.id) == SPLIT_TRAIN;
    return !source->upsample || !trains || result->choice == MIX_NOT_SAMPLED || upsample_item(plan, source, item, result, error);
}

static gboolean save_item(gpointer user, StoreTxn *txn, StageItem *item, GError **error)
{
    const MixPlan *plan = user;
    const MixResult *result = item->result;
    Verdict kept = {OUTCOME_KEPT, "mix", "kept", NAN, NAN, DOCNO_NONE, NULL};
    Verdict dropped = {
        .outcome = OUTCOME_DROPPED,
        .stage = "mix",
        .rule = "not-sampled",
        .value = order_unit(result->order),
        .threshold = plan->any ? order_unit(plan->cut.order) : 0,
        .winner = DOCNO_NONE,
        .detail = "the replay has its share without this document",
    };
    return (!result->note || note_put(txn, item->docno, "mix", result->note, error)) &&
           ledger_put(txn, item->docno, result->choice == MIX_NOT_SAMPLED ? &dropped : &kept, error);
}

static void count_item(gpointer user, StageItem *item, StageRun *run)
{
    const MixPlan *plan = user;
    const MixResult *result = item->result;
    const char *replay = recipe_group_name(GROUP_REPLAY);
    stage_count(run, item->document.source, result->choice == MIX_NOT_SAMPLED ? "not-sampled" : "kept", 1);
    if (item->docno != plan->first)
        return;
    stage_count(run, replay, "asked_tokens", (gint64)MIN(plan->asked, (guint64)G_MAXINT64));
    stage_count(run, replay, "drawn_tokens", (gint64)plan->drawn);
}

static char *mix_fingerprint(const Recipe *recipe, const Upsampler *upsampler, guint64 share, const char *predecessor)
{
    g_autoptr(GString) text = g_string_new(NULL);
    g_string_append_printf(text, "mix 1 seed=%" G_GUINT64_FORMAT " share=%" G_GUINT64_FORMAT " bos=%d eos=%d",
                           recipe->seed, share, recipe->pack.bos, recipe->pack.eos);
    for (unsigned i = 0; i < recipe->sources_count; i++) {
        const RecipeSource *source = &recipe->sources[i];
        g_string_append_printf(text, " %s=%s,%u,%.0f,%.0f%s", source->tag, recipe_group_name(source->group), source->repeat,
                               source->valid * (double)BILLION, source->test * (double)BILLION, source->upsample ? ",upsample" : "");
    }
    if (upsampler)
        upsampler_describe(upsampler, text);
    g_string_append_printf(text, "\n%s", predecessor);
    return g_string_free(g_steal_pointer(&text), FALSE);
}

static gboolean make_plan(Store *store, MixPlan *plan, GError **error)
{
    g_autoptr(StoreTxn) txn = store_read_begin(store, error);
    if (!txn)
        return FALSE;
    plan->draws = g_array_new(FALSE, FALSE, sizeof(Draw));
    gboolean good = observe_documents(plan, txn, error) && plan_documents(plan, txn, error);
    if (good)
        find_cut(plan);
    g_array_unref(plan->draws);
    plan->draws = NULL;
    return good;
}

static void notice_shortage(const MixPlan *plan, GString *notices)
{
    if (!notices || plan->drawn >= plan->asked || plan->share == BILLION)
        return;
    g_string_append_printf(notices,
                           "The replay has %" G_GUINT64_FORMAT " training tokens, but %g %% of the mix would be %"
                           G_GUINT64_FORMAT ": all of it was taken. Add replay sources or lower mix.replay_share.\n",
                           plan->drawn, (double)plan->share * 100 / (double)BILLION, plan->asked);
}

static gboolean mix_documents(StageContext *context, MixPlan *plan, const char *fingerprint, GError **error)
{
    gboolean done;
    if (!stage_is_done(context->store, "mix", fingerprint, &done, error))
        return FALSE;
    if (!done && !make_plan(context->store, plan, error))
        return FALSE;
    StageMap map = {
        .stage = "mix",
        .fingerprint = fingerprint,
        .reads = STAGE_READ_FACTS,
        .note = plan->upsampler ? METADATA_STAGE : NULL,
        .user = plan,
        .work = mix_item,
        .save = save_item,
        .count = count_item,
        .result_free = result_free,
    };
    if (!stage_map(context, &map, error))
        return FALSE;
    if (!done)
        notice_shortage(plan, context->notices);
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
    guint64 share = (guint64)llround(CLAMP(recipe->mix.replay_share, 0.0, 1.0) * (double)BILLION);
    g_autoptr(Upsampler) upsampler = NULL;
    if (is_upsampled(recipe) && !(upsampler = upsampler_new(recipe, error)))
        return FALSE;
    MixPlan plan = {.recipe = recipe, .upsampler = upsampler, .share = share, .first = DOCNO_NONE};
    *fingerprint = mix_fingerprint(recipe, upsampler, share, predecessor);
    return mix_documents(context, &plan, *fingerprint, error);
}
