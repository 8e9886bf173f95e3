/* SPDX-License-Identifier: Apache-2.0
 * Repacking what has changed; see store/repack.h. */
#include "store/repack.h"

#include <string.h>

#include "base/error.h"
#include "store/layout.h"

/* A shard as it was found. */
typedef struct OldShard {
    guint32 number;
    GArray *out; /* of guint32: its spans that are left out, rising; NULL: none */
} OldShard;

/* A pass without a place. */
typedef struct Waiting {
    guint64 order;
    guint64 item;
} Waiting;

/* A span of a pass that is not complete yet. */
typedef struct Piece {
    guint shard;
    guint32 span;
} Piece;

/* The pass under way in a walk over the spans. */
typedef struct Chain {
    GArray *pieces; /* of Piece; empty: none is under way */
    const PackItem *item; /* NULL: the mix has not drawn it, or it has a place already */
    Span last;
} Chain;

typedef struct Repack {
    Packing *packing;
    const PackItems *items;
    GArray *shards;   /* of OldShard */
    guint8 *placed;   /* of each item: it has its place */
    GArray *waiting;  /* of Waiting */
    guint next;       /* of these, the first that still waits */
    guint32 number;   /* of the next shard to write */
    guint64 position; /* tokens before it */
    Chain chain;
    GByteArray *scratch;
} Repack;

static void old_shard_clear(gpointer data)
{
    OldShard *shard = data;
    if (shard->out)
        g_array_unref(shard->out);
}

static const PackItem *item_at(const Repack *repack, guint64 index)
{
    return (const PackItem *)row_file_rows(repack->items->list) + index;
}

static gsize byte_count(const Repack *repack, guint64 tokens)
{
    return (gsize)tokens * repack->packing->width;
}

/* ---- What stays ------------------------------------------------------------------------------------------------ */

static int compare_pass(const PackItem *item, const Span *span)
{
    if (item->docno != span->docno)
        return item->docno < span->docno ? -1 : 1;
    return (item->repeat > span->repeat) - (item->repeat < span->repeat);
}

/* The item of a span's pass; NULL: the mix has not drawn it. */
static const PackItem *find_item(const Repack *repack, const Span *span)
{
    guint64 low = 0, high = repack->items->count;
    while (low < high) {
        guint64 middle = low + (high - low) / 2;
        int order = compare_pass(item_at(repack, middle), span);
        if (order == 0)
            return item_at(repack, middle);
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

static guint8 *has_place(const Repack *repack, const PackItem *item)
{
    return &repack->placed[item - item_at(repack, 0)];
}

static void leave_out(Repack *repack, const Piece *piece)
{
    OldShard *shard = &g_array_index(repack->shards, OldShard, piece->shard);
    if (!shard->out)
        shard->out = g_array_new(FALSE, FALSE, sizeof(guint32));
    g_array_append_val(shard->out, piece->span);
}

static void break_chain(Repack *repack)
{
    for (guint i = 0; i < repack->chain.pieces->len; i++)
        leave_out(repack, &g_array_index(repack->chain.pieces, Piece, i));
    g_array_set_size(repack->chain.pieces, 0);
}

static gboolean goes_on(const Chain *chain, const Span *span)
{
    const Span *last = &chain->last;
    return chain->pieces->len && span->docno == last->docno && span->repeat == last->repeat && span->offset == last->offset + last->length;
}

/* Whether the tokens of a span are those of its document now. */
static gboolean is_as_it_was(Repack *repack, StoreTxn *txn, const Span *span, const char *ids, gboolean *same, GError **error)
{
    const PackItem *item = repack->chain.item;
    *same = item && item->source == span->source && (guint64)span->offset + span->length <= item->length;
    if (!*same)
        return TRUE;
    g_byte_array_set_size(repack->scratch, (guint)byte_count(repack, span->length));
    if (!pack_copy_tokens(repack->packing, txn, span, item, (char *)repack->scratch->data, error))
        return FALSE;
    *same = memcmp(repack->scratch->data, ids, repack->scratch->len) == 0;
    return TRUE;
}

/* `last`: of its shard. A pass that a shard's end cuts goes on with the first span of the next one. */
static gboolean take_span(Repack *repack, StoreTxn *txn, const Span *span, const char *ids, Piece piece, gboolean last, GError **error)
{
    Chain *chain = &repack->chain;
    gboolean same;
    if (!goes_on(chain, span)) {
        break_chain(repack);
        chain->item = span->offset == 0 ? find_item(repack, span) : NULL;
        if (chain->item && *has_place(repack, chain->item))
            chain->item = NULL;
    }
    g_array_append_val(chain->pieces, piece);
    chain->last = *span;
    if (!is_as_it_was(repack, txn, span, ids, &same, error))
        return FALSE;
    gboolean whole = same && span->offset + span->length == chain->item->length;
    if (!same || (!whole && !last)) {
        break_chain(repack);
    } else if (whole) {
        *has_place(repack, chain->item) = 1;
        g_array_set_size(chain->pieces, 0);
    }
    return TRUE;
}

static gboolean set_damage(const Repack *repack, guint32 number, GError **error)
{
    g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT, "shard %s/%u has no spans that fit it; run 'galen audit'", repack->items->split, number);
    return FALSE;
}

/* The spans of a shard, which must tile it; FALSE without error never comes. */
static gboolean read_spans(const Repack *repack, StoreTxn *txn, guint32 number, const StoreValue *ids, StoreValue *spans, GError **error)
{
    guint8 key[SHARD_KEY_SIZE];
    guint64 tokens = 0;
    GError *failure = NULL;
    shard_key(repack->items->split, number, key);
    gboolean found = store_get(txn, TABLE_SPANS, key, sizeof key, spans, &failure);
    if (failure) {
        g_propagate_error(error, failure);
        return FALSE;
    }
    for (gsize i = 0; found && i < spans->length / sizeof(Span); i++)
        tokens += span_at(spans->data, i).length;
    return (found && spans->length % sizeof(Span) == 0 && byte_count(repack, tokens) == ids->length) || set_damage(repack, number, error);
}

static gboolean compare_shard(Repack *repack, StoreTxn *txn, guint32 number, const StoreValue *ids, GError **error)
{
    OldShard shard = {.number = number};
    StoreValue spans;
    const char *at = ids->data;
    if (!read_spans(repack, txn, number, ids, &spans, error))
        return FALSE;
    g_array_append_val(repack->shards, shard);
    gsize count = spans.length / sizeof(Span);
    for (gsize i = 0; i < count; i++) {
        Span span = span_at(spans.data, i);
        if (!take_span(repack, txn, &span, at, (Piece){repack->shards->len - 1, (guint32)i}, i + 1 == count, error))
            return FALSE;
        at += byte_count(repack, span.length);
    }
    progress_add(repack->packing->context->progress, ids->length / repack->packing->width);
    return TRUE;
}

/* Shards in the order of their numbers, which have gaps where an earlier run was killed. */
static gboolean compare_shards(Repack *repack, GError **error)
{
    guint8 from[SHARD_KEY_SIZE];
    shard_key(repack->items->split, 0, from);
    g_autoptr(StoreTxn) txn = store_read_begin(repack->packing->context->store, error);
    g_autoptr(StoreCursor) cursor = txn ? store_cursor_new(txn, TABLE_SHARDS, from, sizeof from, error) : NULL;
    StoreValue key, ids;
    unsigned split;
    guint32 number;
    int more = -1;
    while (cursor && (more = store_cursor_next(cursor, &key, &ids, error)) > 0) {
        if (!shard_key_read(&key, &split, &number) || strcmp(split_names[split], repack->items->split) != 0)
            break;
        if (!compare_shard(repack, txn, number, &ids, error))
            return FALSE;
    }
    break_chain(repack);
    return more >= 0;
}

/* ---- What waits ------------------------------------------------------------------------------------------------ */

static int compare_waiting(gconstpointer a, gconstpointer b)
{
    const Waiting *left = a, *right = b;
    if (left->order != right->order)
        return left->order < right->order ? -1 : 1;
    return (left->item > right->item) - (left->item < right->item);
}

/* The order depends on each pass alone, so that those that found a place before a kill do not change that of the others. */
static void list_waiting(Repack *repack)
{
    for (guint64 i = 0; i < repack->items->count; i++) {
        const PackItem *item = item_at(repack, i);
        const guint64 pass[2] = {item->docno, item->repeat};
        Waiting waiting = {hash64(pass, sizeof pass, repack->packing->recipe->seed), i};
        if (!repack->placed[i])
            g_array_append_val(repack->waiting, waiting);
    }
    g_array_sort(repack->waiting, compare_waiting);
}

/* The first that waits, where it has room. */
static const PackItem *next_waiting(const Repack *repack, guint64 room)
{
    if (repack->next == repack->waiting->len)
        return NULL;
    const PackItem *item = item_at(repack, g_array_index(repack->waiting, Waiting, repack->next).item);
    return item->length <= room ? item : NULL;
}

/* ---- A shard anew ---------------------------------------------------------------------------------------------- */

typedef struct Begun {
    Docno docno;
    Placement placement;
} Begun;

/* A shard that is being written anew, and where it was. */
typedef struct NewShard {
    Repack *repack;
    const OldShard *old; /* NULL: it is a new one */
    PackShard *shard;
    GArray *begun; /* of Begun */
    GByteArray *ids;
    GArray *gone; /* of Span: left out, and with the first token of their document */
    guint64 position;
    gboolean changed; /* its tokens */
} NewShard;

static void new_shard_init(NewShard *made, Repack *repack, const OldShard *old)
{
    *made = (NewShard){.repack = repack, .old = old, .position = repack->position, .ids = g_byte_array_new(),
                       .gone = g_array_new(FALSE, FALSE, sizeof(Span)), .begun = g_array_new(FALSE, FALSE, sizeof(Begun)),
                       .shard = pack_shard_new(repack->packing, repack->items->split, repack->number), .changed = !old || old->out || old->number != repack->number};
}

static void new_shard_clear(NewShard *made)
{
    g_byte_array_unref(made->ids);
    g_array_unref(made->gone);
    g_array_unref(made->begun);
    made->shard->ids = NULL; /* it was that of made->ids */
    pack_shard_free(made->shard);
}

static void add_span(NewShard *made, Span span, guint64 length)
{
    span.position = made->position;
    made->position += span.length;
    pack_shard_add_span(made->shard, &span);
    if (span.offset > 0)
        return;
    Begun begun = {span.docno, {.position = span.position, .length = length, .repeat = span.repeat}};
    g_strlcpy(begun.placement.split, made->shard->split, sizeof begun.placement.split);
    g_array_append_val(made->begun, begun);
}

static gboolean add_waiting(NewShard *made, StoreTxn *txn, guint64 *room, GError **error)
{
    const PackItem *item;
    while ((item = next_waiting(made->repack, *room))) {
        Span span = {.docno = item->docno, .length = item->length, .source = item->source, .repeat = item->repeat};
        guint before = made->ids->len;
        g_byte_array_set_size(made->ids, before + (guint)byte_count(made->repack, item->length));
        if (!pack_copy_tokens(made->repack->packing, txn, &span, item, (char *)made->ids->data + before, error))
            return FALSE;
        add_span(made, span, item->length);
        *room -= item->length;
        made->repack->next++;
    }
    return TRUE;
}

static gboolean is_out(const OldShard *old, guint *next, guint32 span)
{
    if (!old->out || *next == old->out->len || g_array_index(old->out, guint32, *next) != span)
        return FALSE;
    (*next)++;
    return TRUE;
}

/* Copies what stays, and puts what waits into the room of what does not; `spare` is the room behind the shard. */
static gboolean remake(NewShard *made, StoreTxn *txn, const StoreValue *ids, const StoreValue *spans, guint64 spare, GError **error)
{
    const char *at = ids->data;
    guint64 room = 0;
    guint next = 0;
    for (gsize i = 0; i < spans->length / sizeof(Span); i++) {
        Span span = span_at(spans->data, i);
        gsize bytes = byte_count(made->repack, span.length);
        if (is_out(made->old, &next, (guint32)i)) {
            room += span.length;
            if (span.offset == 0)
                g_array_append_val(made->gone, span);
            if (!add_waiting(made, txn, &room, error))
                return FALSE;
        } else {
            if (made->changed)
                g_byte_array_append(made->ids, (const guint8 *)at, (guint)bytes);
            add_span(made, span, find_item(made->repack, &span)->length);
        }
        at += bytes;
    }
    room += spare;
    return !made->old->out || add_waiting(made, txn, &room, error);
}

static gboolean read_old(NewShard *made, gboolean last, gboolean *moved, GError **error)
{
    const Repack *repack = made->repack;
    guint64 size = repack->packing->recipe->pack.shard_tokens;
    guint8 key[SHARD_KEY_SIZE];
    StoreValue ids, spans;
    shard_key(repack->items->split, made->old->number, key);
    g_autoptr(StoreTxn) txn = store_read_begin(repack->packing->context->store, error);
    if (!txn || !store_get_unchecked(txn, TABLE_SHARDS, key, sizeof key, &ids, error) ||
        !read_spans(repack, txn, made->old->number, &ids, &spans, error))
        return FALSE;
    guint64 tokens = ids.length / repack->packing->width;
    *moved = spans.length && span_at(spans.data, 0).position != repack->position;
    return remake(made, txn, &ids, &spans, last && tokens < size ? size - tokens : 0, error);
}

/* ---- Writing --------------------------------------------------------------------------------------------------- */

/* The placement of a span that is left out, unless its pass has a new place by now. */
static gboolean forget_placement(StoreTxn *txn, const NewShard *made, const Span *span, GError **error)
{
    Placement placement;
    GError *failure = NULL;
    gboolean there = placement_get(txn, span->docno, span->repeat, &placement, &failure) && placement.position == span->position &&
                     strcmp(placement.split, made->shard->split) == 0;
    if (failure) {
        g_propagate_error(error, failure);
        return FALSE;
    }
    return !there || placement_delete(txn, span->docno, span->repeat, error);
}

static gboolean write_shard(StoreTxn *txn, gpointer user, GError **error)
{
    const NewShard *made = user;
    const PackShard *shard = made->shard;
    gboolean goes = made->old && (made->old->number != shard->number || shard->spans->len == 0);
    for (guint i = 0; i < made->gone->len; i++)
        if (!forget_placement(txn, made, &g_array_index(made->gone, Span, i), error))
            return FALSE;
    if (goes && !shard_delete(txn, shard->split, made->old->number, error))
        return FALSE;
    if (shard->spans->len && !(made->changed ? pack_shard_put : pack_shard_put_spans)(shard, txn, error))
        return FALSE;
    for (guint i = 0; i < made->begun->len; i++) {
        const Begun *begun = &g_array_index(made->begun, Begun, i);
        if (!placement_put(txn, begun->docno, &begun->placement, error))
            return FALSE;
    }
    return stage_save(txn, &made->repack->packing->run, error);
}

/* `differs`: from what is there. */
static gboolean finish_shard(NewShard *made, gboolean differs, GError **error)
{
    Repack *repack = made->repack;
    made->shard->ids = (char *)made->ids->data;
    if (made->shard->spans->len)
        pack_shard_count(made->shard, &repack->packing->run);
    if (made->changed)
        pack_shard_hash(made->shard);
    if (differs && !store_write(repack->packing->context->store, write_shard, made, error))
        return FALSE;
    progress_add(repack->packing->context->progress, made->position - repack->position);
    repack->position = made->position;
    repack->number += made->shard->spans->len > 0;
    return TRUE;
}

static gboolean repack_shard(Repack *repack, guint index, GError **error)
{
    const OldShard *old = &g_array_index(repack->shards, OldShard, index);
    NewShard made;
    gboolean moved;
    new_shard_init(&made, repack, old);
    gboolean good = read_old(&made, index + 1 == repack->shards->len, &moved, error) && finish_shard(&made, made.changed || moved, error);
    new_shard_clear(&made);
    if (!good)
        g_prefix_error(error, "while repacking shard %s/%u: ", repack->items->split, old->number);
    return good;
}

/* What found no room. A document that is larger than a shard gets one that is larger. */
static gboolean append_shard(Repack *repack, GError **error)
{
    NewShard made;
    const PackItem *first = next_waiting(repack, G_MAXUINT64);
    guint64 room = MAX(repack->packing->recipe->pack.shard_tokens, first->length);
    new_shard_init(&made, repack, NULL);
    g_autoptr(StoreTxn) txn = store_read_begin(repack->packing->context->store, error);
    gboolean good = txn && add_waiting(&made, txn, &room, error);
    g_clear_pointer(&txn, store_read_end);
    good = good && finish_shard(&made, TRUE, error);
    new_shard_clear(&made);
    return good;
}

/* ---- The stage ------------------------------------------------------------------------------------------------- */

static gboolean repack_split(Packing *packing, const PackItems *items, GError **error)
{
    Repack repack = {.packing = packing, .items = items, .placed = g_malloc0(items->count + 1), .scratch = g_byte_array_new(),
                     .shards = g_array_new(FALSE, FALSE, sizeof(OldShard)), .waiting = g_array_new(FALSE, FALSE, sizeof(Waiting)),
                     .chain = {.pieces = g_array_new(FALSE, FALSE, sizeof(Piece))}};
    g_array_set_clear_func(repack.shards, old_shard_clear);
    gboolean good = compare_shards(&repack, error);
    list_waiting(&repack);
    for (guint i = 0; good && i < repack.shards->len; i++)
        good = repack_shard(&repack, i, error);
    while (good && repack.next < repack.waiting->len)
        good = append_shard(&repack, error);
    g_free(repack.placed);
    g_byte_array_unref(repack.scratch);
    g_array_unref(repack.shards);
    g_array_unref(repack.waiting);
    g_array_unref(repack.chain.pieces);
    return good;
}

static gboolean finish(StoreTxn *txn, gpointer user, GError **error)
{
    return stage_save(txn, user, error) && layout_leave(txn, error);
}

gboolean repack_run(Packing *packing, GError **error)
{
    guint64 tokens = 0;
    StageRun *run = &packing->run;
    for (unsigned i = 0; i < SPLIT_COUNT; i++)
        tokens += packing->items[i].tokens;
    json_object_clear(run->counts);
    run->next = 0;
    progress_begin(packing->context->progress, "repack", "tokens", 2 * tokens); /* compared, then written */
    gboolean good = TRUE;
    for (unsigned i = 0; good && i < SPLIT_COUNT; i++)
        good = repack_split(packing, &packing->items[i], error);
    progress_end(packing->context->progress);
    run->complete = good;
    return good && store_write(packing->context->store, finish, run, error);
}
