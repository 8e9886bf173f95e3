/* SPDX-License-Identifier: Apache-2.0
 * The stage "pack": kept documents into shards; see store/pack.h.
 *
 * StageRun.next counts the shards written, by the order of split_names. One shard is one transaction. */
#include "store/pack.h"

#include <string.h>

#include "base/error.h"
#include "store/layout.h"
#include "store/pack_parts.h"
#include "store/recipe_settings.h"
#include "store/repack.h"
#include "store/tokenizer_store.h"
#include "store/tokens.h"

void packed_shard_init(PackedShard *shard, const Packing *packing, const char *split, guint32 number)
{
    *shard = (PackedShard){
        .packing = packing,
        .split = split,
        .number = number,
        .spans = g_array_new(FALSE, FALSE, sizeof(Span)),
        .placements = g_array_new(FALSE, FALSE, sizeof(PackedPlacement)),
    };
}

void packed_shard_clear(PackedShard *shard)
{
    g_free(shard->ids);
    g_array_unref(shard->spans);
    g_array_unref(shard->placements);
}

static void put_id(char *to, unsigned width, guint32 id)
{
    guint16 narrow = GUINT16_TO_LE((guint16)id);
    guint32 wide = GUINT32_TO_LE(id);
    memcpy(to, width == 2 ? (const void *)&narrow : (const void *)&wide, width);
}

gboolean pack_copy_tokens(const Packing *packing, StoreTxn *txn, const Span *span, const PackItem *item, char *to, GError **error)
{
    const RecipePack *pack = &packing->recipe->pack;
    const void *ids;
    gsize count, width = packing->width;
    GError *cause = NULL;
    if (!tokens_get(txn, span->docno, packing->width, &ids, &count, &cause) || count + pack->bos + pack->eos != item->length) {
        if (!cause)
            g_set_error(&cause, GALEN_ERROR, GALEN_ERROR_INPUT,
                        "the tokens of document %" G_GUINT64_FORMAT " changed while they were packed", span->docno);
        g_propagate_error(error, cause);
        return FALSE;
    }
    guint64 begin = span->offset, end = begin + span->length;
    if (pack->bos && begin == 0)
        put_id(to, packing->width, packing->bos);
    if (pack->eos && end == item->length)
        put_id(to + (span->length - 1) * width, packing->width, packing->eos);
    guint64 from = MAX(begin, pack->bos), until = MIN(end, count + pack->bos);
    if (from < until)
        memcpy(to + (from - begin) * width, (const char *)ids + (from - pack->bos) * width, (until - from) * width);
    return TRUE;
}

void packed_shard_place(PackedShard *shard, const Span *span, guint64 length)
{
    g_array_append_val(shard->spans, *span);
    if (span->offset > 0)
        return;
    PackedPlacement placed = {
        .docno = span->docno,
        .placement = {.position = span->position, .length = length, .repeat = span->repeat},
    };
    g_strlcpy(placed.placement.split, shard->split, sizeof placed.placement.split);
    g_array_append_val(shard->placements, placed);
}

static gboolean fill_shard(const Packing *packing, PackCursor *cursor, PackedShard *shard, GError **error)
{
    g_autoptr(StoreTxn) txn = store_read_begin(packing->context->store, error);
    if (!txn)
        return FALSE;
    guint64 room = MIN(packing->recipe->pack.shard_tokens, cursor->items->tokens - cursor->position);
    shard->ids = g_malloc(room * packing->width);
    Span span;
    PackItem item;
    while (pack_cursor_take(cursor, room, &span, &item)) {
        if (!pack_copy_tokens(packing, txn, &span, &item, shard->ids + shard->ids_length, error))
            return FALSE;
        packed_shard_place(shard, &span, item.length);
        shard->ids_length += (gsize)span.length * packing->width;
        room -= span.length;
    }
    shard->digest = sha256(shard->ids, shard->ids_length);
    return TRUE;
}

gboolean packed_shard_put_spans(StoreTxn *txn, const PackedShard *shard, GError **error)
{
    guint8 key[SHARD_KEY_SIZE];
    shard_key(shard->split, shard->number, key);
    if (!store_put(txn, TABLE_SPANS, key, sizeof key, shard->spans->data, shard->spans->len * sizeof(Span), error))
        return FALSE;
    for (guint i = 0; i < shard->placements->len; i++) {
        const PackedPlacement *placed = &g_array_index(shard->placements, PackedPlacement, i);
        if (!placement_put(txn, placed->docno, &placed->placement, error))
            return FALSE;
    }
    return TRUE;
}

gboolean packed_shard_put(StoreTxn *txn, const PackedShard *shard, GError **error)
{
    guint8 key[SHARD_KEY_SIZE];
    shard_key(shard->split, shard->number, key);
    return store_put(txn, TABLE_SHARDS, key, sizeof key, shard->ids, shard->ids_length, error) &&
           shard_digest_put(txn, shard->split, shard->number, &shard->digest, error) && packed_shard_put_spans(txn, shard, error);
}

static gboolean write_shard(StoreTxn *txn, gpointer user, GError **error)
{
    const PackedShard *shard = user;
    return packed_shard_put(txn, shard, error) && stage_save(txn, &shard->packing->run, error);
}

void packed_shard_count(Packing *packing, const PackedShard *shard)
{
    g_autofree char *what = g_strconcat("tokens_", shard->split, NULL);
    for (guint i = 0; i < shard->spans->len; i++) {
        const Span *span = &g_array_index(shard->spans, Span, i);
        stage_count(&packing->run, packing->recipe->sources[span->source].tag, what, span->length);
    }
    packing->run.next++;
}

static gboolean pack_shard(Packing *packing, PackCursor *cursor, guint32 number, GError **error)
{
    PackedShard shard;
    packed_shard_init(&shard, packing, cursor->items->split, number);
    gboolean good = fill_shard(packing, cursor, &shard, error);
    if (good) {
        packed_shard_count(packing, &shard);
        good = store_write(packing->context->store, write_shard, &shard, error);
    }
    if (good)
        progress_add(packing->context->progress, shard.ids_length / packing->width);
    else
        g_prefix_error(error, "while packing shard %s/%u: ", shard.split, number);
    packed_shard_clear(&shard);
    return good;
}

/* `done` shards of this split are in the store already. */
static gboolean pack_split(Packing *packing, const PackItems *items, guint64 done, guint64 shards, GError **error)
{
    guint64 position = MIN(done * packing->recipe->pack.shard_tokens, items->tokens);
    PackCursor cursor;
    progress_add(packing->context->progress, position);
    pack_cursor_seek(&cursor, items, position);
    for (guint64 number = done; number < shards; number++)
        if (!pack_shard(packing, &cursor, (guint32)number, error))
            return FALSE;
    return TRUE;
}

static gboolean pack_splits(Packing *packing, GError **error)
{
    guint64 done = packing->run.next, size = packing->recipe->pack.shard_tokens, total = 0;
    for (unsigned i = 0; i < SPLIT_COUNT; i++)
        total += packing->items[i].tokens;
    progress_begin(packing->context->progress, "pack", "tokens", total);
    gboolean good = TRUE;
    for (unsigned i = 0; good && i < SPLIT_COUNT; i++) {
        const PackItems *items = &packing->items[i];
        guint64 shards = items->tokens / size + (items->tokens % size != 0);
        guint64 here = MIN(done, shards);
        good = pack_split(packing, items, here, shards, error);
        done -= here;
    }
    progress_end(packing->context->progress);
    return good;
}

static gboolean load_items(Packing *packing, GError **error)
{
    g_autoptr(StoreTxn) txn = store_read_begin(packing->context->store, error);
    return txn && pack_items_load(txn, packing->recipe, packing->items, error);
}

/* Anew, or what is no more as it was. */
static gboolean pack_all(Packing *packing, const char *fingerprint, GError **error)
{
    Store *store = packing->context->store;
    g_auto(Layout) layout = {0};
    gboolean kept;
    if (!layout_use(store, "pack", fingerprint, &layout, &kept, error))
        return FALSE;
    return kept ? repack_run(packing, error) : pack_splits(packing, error) && stage_finish(store, &packing->run, error);
}

static char *pack_fingerprint(const Recipe *recipe, const Tokenizer *tokenizer, const char *predecessor)
{
    char hex[SHA256_HEX_SIZE];
    sha256_hex(tokenizer_digest(tokenizer), hex);
    g_autoptr(GString) text = g_string_new(NULL);
    g_string_append_printf(text, "pack 1 seed=%" G_GUINT64_FORMAT " shard_tokens=%" G_GUINT64_FORMAT, recipe->seed,
                           recipe->pack.shard_tokens);
    g_string_append_printf(text, " bos=%d eos=%d tokenizer=%s", recipe->pack.bos, recipe->pack.eos, hex);
    for (unsigned i = 0; i < recipe->sources_count; i++)
        g_string_append_printf(text, " %s=%u,%.0f,%.0f", recipe->sources[i].tag, recipe->sources[i].repeat,
                               recipe->sources[i].valid * 1e9, recipe->sources[i].test * 1e9);
    g_string_append_printf(text, "\n%s", predecessor);
    return g_string_free(g_steal_pointer(&text), FALSE);
}

static gboolean check_settings(const Recipe *recipe, const Tokenizer *tokenizer, GError **error)
{
    const char *wrong = NULL;
    if (recipe->pack.shard_tokens == 0 || recipe->pack.shard_tokens > G_MAXUINT32)
        wrong = "pack.shard_tokens must be between 1 and 4,294,967,295";
    else if (recipe->pack.bos && tokenizer_bos(tokenizer) == TOKENIZER_NO_ID)
        wrong = "pack.bos is on, but the tokenizer has no BOS piece; set it to false";
    if (wrong)
        g_set_error_literal(error, GALEN_ERROR, GALEN_ERROR_INPUT, wrong);
    return wrong == NULL;
}

gboolean pack_run(StageContext *context, const Recipe *recipe, const Tokenizer *tokenizer, const char *predecessor,
                  char **fingerprint, GError **error)
{
    *fingerprint = pack_fingerprint(recipe, tokenizer, predecessor);
    if (!check_settings(recipe, tokenizer, error))
        return FALSE;
    Packing packing = {
        .context = context,
        .recipe = recipe,
        .bos = tokenizer_bos(tokenizer),
        .eos = tokenizer_eos(tokenizer),
        .width = tokenizer_width(tokenizer_vocabulary(tokenizer)),
    };
    StageAction action;
    gboolean good = tokenizer_to_store(context->store, tokenizer, error) &&
                    recipe_settings_put(context->store, recipe, error) &&
                    stage_begin(context->store, "pack", *fingerprint, &packing.run, &action, error);
    if (good && action != STAGE_SKIP)
        good = load_items(&packing, error) && pack_all(&packing, *fingerprint, error);
    pack_items_clear(packing.items);
    stage_run_clear(&packing.run);
    return good;
}
