/* SPDX-License-Identifier: Apache-2.0
 * Deduplication of what has changed; see dedup/extension.h. */
#include "dedup/extension.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "dedup/minhash.h"
#include "dedup/near_link.h"
#include "dedup/verdicts.h"
#include "store/changes.h"

#define NEVER 255 /* the index has never had the document */
#define CACHE_BYTES ((gsize)128 << 20)
#define DEVIATIONS 6

/* A touched document: what had become of it, and what becomes of it by the last round. */
typedef struct Member {
    Docno docno, winner; /* DOCNO_NONE: it was not merged */
    guint8 rule;         /* by which it was: a DedupRule; DEDUP_RULES: it was not; NEVER */
    guint8 new_rule;
    gboolean fresh; /* its sketch is not the one that the index knows */
    gboolean gone;  /* it is no candidate any more */
    gboolean alone; /* its bands lead to no document that is not touched */
    Docno new_winner;
} Member;

typedef struct Extension {
    StageContext *context;
    const Recipe *recipe;
    StageRun *run;
    KeyIndexRuns index;
    GHashTable *listed;  /* numbers of documents that wait on the list of changes */
    GHashTable *members; /* docno -> Member, owned */
    GPtrArray *order;    /* the same, as they came */
    guint followed;      /* of these: their clusters, titles and addresses are in */
    GHashTable *sizes;   /* kind and key of bands -> how many members have it, at most */
    guint sized;         /* members that are counted there */
    GHashTable *unlike;  /* pairs of texts that were compared and are no duplicates */
    StoreTxn *txn;       /* of one round */
    ShingleCache *cache;
} Extension;

/* ---- Sets of numbers ------------------------------------------------------------------------------------------- */

static GHashTable *number_set(void)
{
    return g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
}

static void set_add(GHashTable *set, guint64 number)
{
    g_hash_table_add(set, g_memdup2(&number, sizeof number));
}

static Member *find_member(const Extension *extension, Docno docno)
{
    return g_hash_table_lookup(extension->members, &docno);
}

/* ---- What had become of a document ----------------------------------------------------------------------------- */

static gboolean pass_on(GError *failure, GError **error)
{
    if (failure)
        g_propagate_error(error, failure);
    return failure == NULL;
}

static gboolean read_rule(const Extension *extension, Member *member, GError **error)
{
    DedupRule rule = DEDUP_RULES;
    GError *failure = NULL;
    if (member->winner != DOCNO_NONE && !cluster_rule(extension->txn, member->winner, member->docno, &rule, &failure) && !failure)
        g_set_error(&failure, GALEN_ERROR, GALEN_ERROR_INPUT,
                    "document %" G_GUINT64_FORMAT " is merged into %" G_GUINT64_FORMAT ", whose cluster does not have it", member->docno,
                    member->winner);
    member->rule = (guint8)rule;
    return pass_on(failure, error);
}

static gboolean read_member(const Extension *extension, Docno docno, Member *member, GError **error)
{
    GError *failure = NULL;
    Withdrawn withdrawn;
    Verdict verdict;
    StoreValue sketch;
    *member = (Member){.docno = docno, .winner = DOCNO_NONE, .rule = NEVER, .new_rule = DEDUP_RULES, .new_winner = DOCNO_NONE};
    gboolean was = withdrawn_get(extension->txn, docno, &withdrawn, &failure);
    gboolean is = !failure && store_get_docno(extension->txn, TABLE_SIGNATURES, docno, &sketch, &failure);
    gboolean decided = !failure && ledger_get(extension->txn, docno, &verdict, &failure);
    if (failure)
        return pass_on(failure, error);
    if (decided && stage_place(verdict.stage) < stage_place("dedup"))
        is = FALSE;
    gboolean waits = g_hash_table_contains(extension->listed, &docno);
    member->gone = !is;
    member->fresh = is && (was || waits);
    if (was)
        member->winner = withdrawn.winner;
    else if (is && !waits && decided && verdict.outcome == OUTCOME_MERGED && strcmp(verdict.stage, "dedup") == 0)
        member->winner = verdict.winner;
    return (!was && (!is || waits)) || read_rule(extension, member, error);
}

static gboolean add_member(Extension *extension, Docno docno, GError **error)
{
    Member member;
    if (find_member(extension, docno))
        return TRUE;
    if (!read_member(extension, docno, &member, error))
        return FALSE;
    if (member.gone && member.rule == NEVER)
        return TRUE;
    Member *kept = g_memdup2(&member, sizeof member);
    g_hash_table_insert(extension->members, &kept->docno, kept);
    g_ptr_array_add(extension->order, kept);
    return TRUE;
}

static gboolean add_members(Extension *extension, const GArray *docnos, GError **error)
{
    for (guint i = 0; i < docnos->len; i++)
        if (!add_member(extension, g_array_index(docnos, Docno, i), error))
            return FALSE;
    return TRUE;
}

/* The sketch that it has, or (`former`) that the index knows; FALSE without error: there is none. */
static gboolean read_sketch(const Extension *extension, const Member *member, gboolean former, Sketch *sketch, GError **error)
{
    GError *failure = NULL;
    Withdrawn withdrawn;
    StoreValue value;
    gboolean found = former && withdrawn_get(extension->txn, member->docno, &withdrawn, &failure);
    if (found)
        value = withdrawn.sketch;
    else if (!failure && (former ? member->rule != NEVER : !member->gone))
        found = store_get_docno(extension->txn, TABLE_SIGNATURES, member->docno, &value, &failure);
    if (failure)
        return pass_on(failure, error);
    return found && sketch_parse(&value, sketch, error);
}

/* ---- Looking up ------------------------------------------------------------------------------------------------ */

static gboolean has_key(const Extension *extension, const Sketch *sketch, guint16 kind, guint64 key)
{
    guint64 keys[IDENTITY_MAX];
    unsigned count = duplicate_index_keys(extension->recipe, sketch, kind, keys);
    for (unsigned i = 0; i < count; i++)
        if (keys[i] == key)
            return TRUE;
    return FALSE;
}

/* Leaves of `docnos` those that are not touched, have the key and are looked at by its rule. */
static gboolean keep_others(const Extension *extension, guint16 kind, guint64 key, GArray *docnos, GError **error)
{
    guint kept = 0;
    for (guint i = 0; i < docnos->len; i++) {
        Docno docno = g_array_index(docnos, Docno, i);
        Member other;
        Sketch sketch;
        GError *failure = NULL;
        if (find_member(extension, docno))
            continue;
        if (!read_member(extension, docno, &other, error))
            return FALSE;
        if (other.gone || other.rule == NEVER || other.rule < duplicate_index_rule(kind))
            continue;
        if (read_sketch(extension, &other, FALSE, &sketch, &failure) && has_key(extension, &sketch, kind, key))
            g_array_index(docnos, Docno, kept++) = docno;
        if (failure)
            return pass_on(failure, error);
    }
    g_array_set_size(docnos, kept);
    return TRUE;
}

/* A new array of Docno, or NULL. */
static GArray *look_up(const Extension *extension, guint16 kind, guint64 key, GError **error)
{
    g_autoptr(GArray) docnos = g_array_new(FALSE, FALSE, sizeof(Docno));
    if (!key_index_find(extension->txn, TABLE_BANDS, &extension->index, kind, key, docnos, error) ||
        !keep_others(extension, kind, key, docnos, error))
        return NULL;
    return g_steal_pointer(&docnos);
}

/* All documents that share a key of this kind with a sketch are touched. */
static gboolean add_sharers(Extension *extension, const Sketch *sketch, guint16 kind, GError **error)
{
    guint64 keys[IDENTITY_MAX];
    unsigned count = duplicate_index_keys(extension->recipe, sketch, kind, keys);
    for (unsigned i = 0; i < count; i++) {
        g_autoptr(GArray) others = look_up(extension, kind, keys[i], error);
        if (!others || !add_members(extension, others, error))
            return FALSE;
    }
    return TRUE;
}

/* ---- Closing the set ------------------------------------------------------------------------------------------- */

/* Both sketches of a member: the one at hand, and where it is another one, the one that the index knows. */
typedef gboolean (*SketchVisit)(Extension *extension, const Member *member, const Sketch *sketch, gboolean former, GError **error);

static gboolean visit_sketches(Extension *extension, const Member *member, SketchVisit visit, GError **error)
{
    for (unsigned former = 0; former < 2; former++) {
        GError *failure = NULL;
        Sketch sketch;
        gboolean wanted = former ? member->rule != NEVER && (member->fresh || member->gone) : !member->gone;
        if (wanted && read_sketch(extension, member, former, &sketch, &failure) && !visit(extension, member, &sketch, former, error))
            return FALSE;
        if (failure)
            return pass_on(failure, error);
    }
    return TRUE;
}

/* Titles and addresses of all members; for a document that is new to the index, all that the rules compare by equality. */
static gboolean follow_sketch(Extension *extension, const Member *member, const Sketch *sketch, gboolean former, GError **error)
{
    for (guint16 kind = 0; kind < INDEX_FIRST_BAND; kind++) {
        gboolean always = kind == RULE_URL || kind == RULE_TITLE;
        if ((always || (member->fresh && !former)) && !add_sharers(extension, sketch, kind, error))
            return FALSE;
    }
    return TRUE;
}

static gboolean follow_cluster(Extension *extension, const Member *member, GError **error)
{
    g_autoptr(GArray) losers = g_array_new(FALSE, FALSE, sizeof(Docno));
    return (member->winner == DOCNO_NONE || add_member(extension, member->winner, error)) &&
           cluster_losers(extension->txn, member->docno, losers, error) && add_members(extension, losers, error);
}

static gboolean follow_members(Extension *extension, GError **error)
{
    for (; extension->followed < extension->order->len; extension->followed++) {
        const Member *member = extension->order->pdata[extension->followed];
        if (!follow_cluster(extension, member, error) || !visit_sketches(extension, member, follow_sketch, error))
            return FALSE;
    }
    return TRUE;
}

/* ---- Buckets of the bands -------------------------------------------------------------------------------------- */

static guint64 bucket_name(guint16 kind, guint64 key)
{
    return hash64(&key, sizeof key, kind);
}

static gboolean count_bands(Extension *extension, const Member *member, const Sketch *sketch, gboolean former, GError **error)
{
    for (guint16 kind = INDEX_FIRST_BAND; kind < duplicate_index_kinds(extension->recipe); kind++) {
        guint64 key;
        if (duplicate_index_keys(extension->recipe, sketch, kind, &key) == 0)
            continue;
        guint64 name = bucket_name(kind, key);
        guint size = GPOINTER_TO_UINT(g_hash_table_lookup(extension->sizes, &name));
        g_hash_table_insert(extension->sizes, g_memdup2(&name, sizeof name), GUINT_TO_POINTER(size + 1));
    }
    return TRUE;
}

static gboolean count_members(Extension *extension, GError **error)
{
    for (; extension->sized < extension->order->len; extension->sized++)
        if (!visit_sketches(extension, extension->order->pdata[extension->sized], count_bands, error))
            return FALSE;
    return TRUE;
}

static gboolean looks_at(guint8 rule, DedupRule wanted)
{
    return rule != NEVER && rule >= wanted;
}

/* Whether the rule looks at the document now and did not look at it, as it is, before. */
static gboolean is_new_to(const Member *member, DedupRule rule)
{
    return !member->gone && looks_at(member->new_rule, rule) && (member->fresh || !looks_at(member->rule, rule));
}

/* As near_link.h decides. */
static gboolean are_linked(Extension *extension, const Member *member, const Sketch *sketch, Docno other, gboolean *linked, GError **error)
{
    const RecipeDedup *settings = &extension->recipe->dedup;
    const guint64 pair[2] = {MIN(member->docno, other), MAX(member->docno, other)};
    guint64 name = hash64(pair, sizeof pair, 0);
    double similarity, positions = (double)settings->permutations, share = settings->threshold;
    double least = positions * share - DEVIATIONS * sqrt(positions * share * (1 - share));
    StoreValue value;
    Sketch second;
    *linked = !settings->verify;
    if (*linked || g_hash_table_contains(extension->unlike, &name))
        return TRUE;
    if (!store_get_docno(extension->txn, TABLE_SIGNATURES, other, &value, error) || !sketch_parse(&value, &second, error))
        return FALSE;
    if (minhash_matches(sketch->signature, second.signature, (unsigned)settings->permutations) >= (least > 0 ? (unsigned)least : 0)) {
        if (!shingle_cache_jaccard(extension->cache, member->docno, other, &similarity, error))
            return FALSE;
        *linked = similarity >= share;
    }
    if (!*linked)
        set_add(extension->unlike, name);
    return TRUE;
}

static gboolean visit_bucket(Extension *extension, const Member *member, const Sketch *sketch, gboolean former, guint16 kind, guint64 key,
                             gboolean *alone, GError **error)
{
    guint64 name = bucket_name(kind, key);
    g_autoptr(GArray) others = look_up(extension, kind, key, error);
    if (!others)
        return FALSE;
    if (others->len == 0)
        return TRUE;
    *alone = FALSE;
    if (others->len + GPOINTER_TO_UINT(g_hash_table_lookup(extension->sizes, &name)) > NEAR_WINDOW)
        return add_members(extension, others, error);
    for (guint i = 0; !former && is_new_to(member, RULE_NEAR) && i < others->len; i++) {
        Docno other = g_array_index(others, Docno, i);
        gboolean linked;
        if (!are_linked(extension, member, sketch, other, &linked, error) || (linked && !add_member(extension, other, error)))
            return FALSE;
    }
    return TRUE;
}

static gboolean visit_bands(Extension *extension, const Member *member, const Sketch *sketch, gboolean former, GError **error)
{
    gboolean alone = TRUE;
    for (guint16 kind = INDEX_FIRST_BAND; kind < duplicate_index_kinds(extension->recipe); kind++) {
        guint64 key;
        if (duplicate_index_keys(extension->recipe, sketch, kind, &key) &&
            !visit_bucket(extension, member, sketch, former, kind, key, &alone, error))
            return FALSE;
    }
    if (!alone)
        find_member(extension, member->docno)->alone = FALSE;
    return TRUE;
}

/* Documents that came back to a rule of equality by what this round decided. */
static gboolean visit_equals(Extension *extension, const Member *member, GError **error)
{
    static const DedupRule rules[] = {RULE_EXACT, RULE_WORDS};
    GError *failure = NULL;
    Sketch sketch;
    if (member->gone || member->fresh || !read_sketch(extension, member, FALSE, &sketch, &failure))
        return pass_on(failure, error);
    for (gsize i = 0; i < G_N_ELEMENTS(rules); i++)
        if (is_new_to(member, rules[i]) && !add_sharers(extension, &sketch, (guint16)rules[i], error))
            return FALSE;
    return TRUE;
}

/* Adds what the last round has shown to be touched, too. */
static gboolean visit_members(Extension *extension, GError **error)
{
    guint count = extension->order->len;
    if (!count_members(extension, error))
        return FALSE;
    for (guint i = 0; i < count; i++) {
        Member *member = extension->order->pdata[i];
        if (!visit_equals(extension, member, error))
            return FALSE;
        if (member->alone)
            continue;
        member->alone = TRUE;
        if (!visit_sketches(extension, member, visit_bands, error))
            return FALSE;
    }
    return TRUE;
}

/* ---- Rounds ---------------------------------------------------------------------------------------------------- */

static void take_merges(Extension *extension, const Corpus *corpus)
{
    for (guint i = 0; i < extension->order->len; i++) {
        Member *member = extension->order->pdata[i];
        member->new_rule = DEDUP_RULES;
        member->new_winner = DOCNO_NONE;
    }
    for (guint i = 0; i < corpus->merges->len; i++) {
        const Merge *merge = &g_array_index(corpus->merges, Merge, i);
        Member *member = find_member(extension, corpus->candidates[merge->loser].docno);
        member->new_rule = (guint8)merge->rule;
        member->new_winner = corpus->candidates[merge->winner].docno;
    }
}

static Corpus *run_rules(Extension *extension, gboolean (*rules)(Corpus *corpus, GError **error), GError **error)
{
    g_autoptr(GArray) docnos = g_array_new(FALSE, FALSE, sizeof(Docno));
    for (guint i = 0; i < extension->order->len; i++) {
        const Member *member = extension->order->pdata[i];
        if (!member->gone)
            g_array_append_val(docnos, member->docno);
    }
    docnos_sort(docnos, 0);
    g_autoptr(Corpus) corpus = corpus_load_some(extension->context->store, extension->recipe, extension->context->jobs, docnos, error);
    if (!corpus || !rules(corpus, error))
        return NULL;
    take_merges(extension, corpus);
    return g_steal_pointer(&corpus);
}

static gboolean begin_round(Extension *extension, GError **error)
{
    const RecipeDedup *settings = &extension->recipe->dedup;
    extension->txn = store_read_begin(extension->context->store, error);
    if (!extension->txn)
        return FALSE;
    extension->cache = shingle_cache_new(extension->txn, settings->characters ? SHINGLE_CHARACTERS : SHINGLE_WORDS,
                                         (unsigned)settings->shingle, CACHE_BYTES);
    return TRUE;
}

static void end_round(Extension *extension)
{
    g_clear_pointer(&extension->cache, shingle_cache_free);
    g_clear_pointer(&extension->txn, store_read_end);
}

/* The corpus of the last round, after which the set is closed. */
static Corpus *close_set(Extension *extension, gboolean (*rules)(Corpus *corpus, GError **error), GError **error)
{
    for (;;) {
        guint before = extension->order->len;
        if (!begin_round(extension, error) || !follow_members(extension, error))
            return NULL;
        before = extension->order->len;
        g_autoptr(Corpus) corpus = run_rules(extension, rules, error);
        if (!corpus || !visit_members(extension, error))
            return NULL;
        end_round(extension);
        if (extension->order->len == before)
            return g_steal_pointer(&corpus);
    }
}

static gboolean read_changes(Extension *extension, GError **error)
{
    GError *failure = NULL;
    Docno docno;
    for (Docno from = 0; changes_next(extension->txn, from, "dedup", &docno, &failure); from = docno + 1)
        set_add(extension->listed, docno);
    if (failure)
        return pass_on(failure, error);
    GHashTableIter iterator;
    gpointer number;
    g_hash_table_iter_init(&iterator, extension->listed);
    while (g_hash_table_iter_next(&iterator, &number, NULL))
        if (!add_member(extension, *(const guint64 *)number, error))
            return FALSE;
    g_autoptr(StoreCursor) cursor = store_cursor_new(extension->txn, TABLE_WITHDRAWN, NULL, 0, error);
    StoreValue key, value;
    int more = -1;
    while (cursor && (more = store_cursor_next(cursor, &key, &value, error)) > 0)
        if (!add_member(extension, docno_read(key.data), error))
            return FALSE;
    return more == 0;
}

/* ---- The index ------------------------------------------------------------------------------------------------- */

typedef struct Entry {
    guint64 key;
    Docno docno;
} Entry;

static int compare_entries(gconstpointer a, gconstpointer b)
{
    const Entry *left = a, *right = b;
    if (left->key != right->key)
        return left->key < right->key ? -1 : 1;
    return (left->docno > right->docno) - (left->docno < right->docno);
}

/* The entries of one kind that the index does not have. */
static gboolean collect_entries(Extension *extension, guint16 kind, GArray *entries, GError **error)
{
    for (guint i = 0; i < extension->order->len; i++) {
        const Member *member = extension->order->pdata[i];
        GError *failure = NULL;
        Sketch sketch;
        guint64 keys[IDENTITY_MAX];
        gboolean known = member->rule != NEVER && !member->fresh && duplicate_index_has(kind, (DedupRule)member->rule);
        if (member->gone || known || !duplicate_index_has(kind, (DedupRule)member->new_rule))
            continue;
        if (!read_sketch(extension, member, FALSE, &sketch, &failure))
            return pass_on(failure, error);
        unsigned count = duplicate_index_keys(extension->recipe, &sketch, kind, keys);
        for (unsigned k = 0; k < count; k++) {
            Entry entry = {keys[k], member->docno};
            g_array_append_val(entries, entry);
        }
    }
    g_array_sort(entries, compare_entries);
    return TRUE;
}

static gboolean put_kind(Extension *extension, guint16 kind, KeyIndexWriter *writer, GError **error)
{
    g_autoptr(GArray) entries = g_array_new(FALSE, FALSE, sizeof(Entry));
    gboolean good = begin_round(extension, error) && collect_entries(extension, kind, entries, error);
    end_round(extension);
    for (guint i = 0; good && i < entries->len; i++) {
        const Entry *entry = &g_array_index(entries, Entry, i);
        good = key_index_put(writer, kind, entry->key, entry->docno, error);
    }
    return good;
}

static gboolean extend_index(Extension *extension, GError **error)
{
    Store *store = extension->context->store;
    g_autoptr(KeyIndexWriter) writer = key_index_write(store, TABLE_BANDS, &extension->index, error);
    for (guint16 kind = 0; writer && kind < duplicate_index_kinds(extension->recipe); kind++)
        if (!put_kind(extension, kind, writer, error))
            return FALSE;
    return writer && key_index_close(g_steal_pointer(&writer), error) && key_index_merge(store, TABLE_BANDS, &extension->index, error);
}

/* ---- Writing --------------------------------------------------------------------------------------------------- */

typedef struct Application {
    const Extension *extension;
    const Corpus *corpus;
    GHashTable *merges; /* docno of the loser -> Merge */
    StageRun run;       /* as it will be */
} Application;

static void count_change(Application *application, const char *tag, guint8 rule, gint64 amount)
{
    g_autofree char *what = g_strconcat("merged:", rule < DEDUP_RULES ? dedup_rule_name((DedupRule)rule) : "", NULL);
    if (rule < DEDUP_RULES)
        stage_count(&application->run, tag, what, amount);
}

static gboolean winner_is_fresh(const Extension *extension, const Member *member)
{
    const Member *winner = member->new_winner == DOCNO_NONE ? NULL : find_member(extension, member->new_winner);
    return winner && winner->fresh;
}

static gboolean write_merge(StoreTxn *txn, Application *application, const Member *member, GError **error)
{
    const Merge *merge = g_hash_table_lookup(application->merges, &member->docno);
    g_autofree char *detail = NULL;
    Verdict verdict;
    return verdict_of_merge(txn, application->corpus, merge, &verdict, &detail, error) &&
           cluster_put(txn, member->new_winner, member->docno, merge->rule, error) && changes_decide(txn, member->docno, &verdict, error);
}

static gboolean source_of(StoreTxn *txn, Docno docno, char **tag, GError **error)
{
    g_auto(Document) document = {0};
    GError *failure = NULL;
    if (document_get_facts(txn, docno, &document, &failure))
        *tag = g_strdup(document.source ? document.source : "");
    return pass_on(failure, error);
}

static gboolean write_member(StoreTxn *txn, Application *application, const Member *member, GError **error)
{
    guint8 key[8];
    g_autofree char *tag = NULL;
    gboolean same = !member->gone && !member->fresh && member->rule == member->new_rule && member->winner == member->new_winner &&
                    !winner_is_fresh(application->extension, member);
    if (same)
        return TRUE;
    if (!source_of(txn, member->docno, &tag, error))
        return FALSE;
    docno_write(member->docno, key);
    stage_count(&application->run, tag ? tag : "", "documents", (!member->gone) - (member->rule != NEVER));
    count_change(application, tag ? tag : "", member->rule, -1);
    if ((member->winner != DOCNO_NONE && !cluster_delete(txn, member->winner, member->docno, error)) ||
        !store_delete(txn, TABLE_WITHDRAWN, key, sizeof key, error))
        return FALSE;
    if (member->gone)
        return TRUE;
    count_change(application, tag ? tag : "", member->new_rule, 1);
    if (member->new_winner != DOCNO_NONE)
        return write_merge(txn, application, member, error);
    return member->fresh ? changes_pass(txn, member->docno, "dedup", error) : changes_reopen(txn, member->docno, "dedup", error);
}

/* May be called again when the map grows: it counts into a copy. */
static gboolean write_all(StoreTxn *txn, gpointer user, GError **error)
{
    Application *application = user;
    const Extension *extension = application->extension;
    json_decref(application->run.counts);
    application->run.counts = json_deep_copy(extension->run->counts);
    for (guint i = 0; i < extension->order->len; i++)
        if (!write_member(txn, application, extension->order->pdata[i], error))
            return FALSE;
    return stage_save(txn, &application->run, error);
}

static gboolean apply(Extension *extension, const Corpus *corpus, GError **error)
{
    g_autoptr(GHashTable) merges = g_hash_table_new(g_int64_hash, g_int64_equal);
    for (guint i = 0; i < corpus->merges->len; i++) {
        Merge *merge = &g_array_index(corpus->merges, Merge, i);
        g_hash_table_insert(merges, &corpus->candidates[merge->loser].docno, merge);
    }
    StageRun *run = extension->run;
    json_decref(run->position);
    run->position = json_pack("{s:o}", EXTENSION_INDEX, key_index_runs_json(&extension->index));
    Application application = {.extension = extension, .corpus = corpus, .merges = merges, .run = *run};
    application.run.counts = NULL;
    application.run.complete = TRUE;
    application.run.extends = FALSE;
    gboolean good = store_write(extension->context->store, write_all, &application, error);
    json_decref(run->counts);
    *run = application.run;
    return good && key_index_sweep(extension->context->store, TABLE_BANDS, &extension->index, error);
}

gboolean extension_run(StageContext *context, const Recipe *recipe, StageRun *run, gboolean (*rules)(Corpus *corpus, GError **error),
                       GError **error)
{
    Extension extension = {.context = context, .recipe = recipe, .run = run, .listed = number_set(), .unlike = number_set(),
                           .sizes = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL),
                           .members = g_hash_table_new(g_int64_hash, g_int64_equal), .order = g_ptr_array_new_with_free_func(g_free)};
    key_index_runs_read(&extension.index, json_object_get(run->position, EXTENSION_INDEX));
    gboolean good = begin_round(&extension, error) && read_changes(&extension, error);
    end_round(&extension);
    g_autoptr(Corpus) corpus = good ? close_set(&extension, rules, error) : NULL;
    end_round(&extension);
    good = corpus && extend_index(&extension, error) && apply(&extension, corpus, error);
    g_hash_table_unref(extension.listed);
    g_hash_table_unref(extension.unlike);
    g_hash_table_unref(extension.sizes);
    g_hash_table_unref(extension.members);
    g_ptr_array_unref(extension.order);
    key_index_runs_clear(&extension.index);
    return good;
}
