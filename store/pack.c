/* SPDX-License-Identifier: Apache-2.0
 * The stage "pack": kept documents into shards; see store/pack.h.
 *
 * StageRun.next counts the shards written, by the order of split_names. One shard is one transaction: a reader says what lies in
 * it, workers fill it, the caller writes it. */
#include "store/pack.h"

#include <string.h>

#include "base/error.h"
#include "base/pipeline.h"
#include "store/layout.h"
#include "store/pack_placements.h"
#include "store/pack_parts.h"
#include "store/recipe_settings.h"
#include "store/repack.h"
#include "store/tokenizer_store.h"

/* Of shards that are under way at once. */
#define MEMORY ((guint64)256 << 20)

/* Shards as they are read, one behind the other. */
typedef struct Reader {
    Packing *packing;
    unsigned split;
    guint64 number; /* of the next shard in the split */
    PackCursor cursor;
} Reader;

static guint64 shards_of(const Packing *packing, unsigned split)
{
    guint64 size = packing->recipe->pack.shard_tokens, tokens = packing->items[split].tokens;
    return tokens / size + (tokens % size != 0);
}

/* The reader stands before the first shard that is not written. */
static gboolean seek_shard(Reader *reader, GError **error)
{
    Packing *packing = reader->packing;
    guint64 done = packing->run.next;
    for (reader->split = 0; reader->split + 1 < SPLIT_COUNT && done >= shards_of(packing, reader->split); reader->split++) {
        done -= shards_of(packing, reader->split);
        progress_add(packing->context->progress, packing->items[reader->split].tokens);
    }
    const PackItems *items = &packing->items[reader->split];
    guint64 position = MIN(done * packing->recipe->pack.shard_tokens, items->tokens);
    reader->number = done;
    progress_add(packing->context->progress, position);
    return pack_cursor_seek(&reader->cursor, items, position, error);
}

static gpointer next_shard(gpointer user, GError **error)
{
    Reader *reader = user;
    Packing *packing = reader->packing;
    while (reader->number >= shards_of(packing, reader->split)) {
        if (++reader->split == SPLIT_COUNT)
            return NULL;
        reader->number = 0;
        reader->cursor = (PackCursor){.items = &packing->items[reader->split]};
    }
    PackShard *shard = pack_shard_new(packing, split_names[reader->split], (guint32)reader->number++);
    guint64 room = packing->recipe->pack.shard_tokens;
    PackPiece piece;
    int more;
    while ((more = pack_cursor_take(&reader->cursor, room, &piece, error)) > 0) {
        g_array_append_val(shard->pieces, piece);
        room -= piece.span.length;
    }
    if (more == 0)
        return shard;
    pack_shard_free(shard);
    return NULL;
}

static gboolean work_shard(gpointer user, gpointer worker, gpointer item, GError **error)
{
    return pack_shard_fill(item, error);
}

typedef struct ShardWrite {
    const PackShard *shard;
    const StageRun *run;
} ShardWrite;

static gboolean write_shard(StoreTxn *txn, gpointer user, GError **error)
{
    const ShardWrite *write = user;
    return pack_shard_put(write->shard, txn, error) && stage_save(txn, write->run, error);
}

static gboolean sink_shard(gpointer user, gpointer item, GError **error)
{
    Packing *packing = ((Reader *)user)->packing;
    const PackShard *shard = item;
    pack_shard_count(shard, &packing->run);
    ShardWrite write = {shard, &packing->run};
    if (!store_write(packing->context->store, write_shard, &write, error)) {
        g_prefix_error(error, "while packing shard %s/%u: ", shard->split, shard->number);
        return FALSE;
    }
    progress_add(packing->context->progress, shard->tokens);
    return TRUE;
}

static void free_shard(gpointer item)
{
    pack_shard_free(item);
}

static gboolean pack_shards(Packing *packing, GError **error)
{
    guint64 bytes = packing->recipe->pack.shard_tokens * packing->width, total = 0;
    guint64 most = MAX(MEMORY / bytes, 2) - 1;
    for (unsigned i = 0; i < SPLIT_COUNT; i++)
        total += packing->items[i].tokens;
    Reader reader = {.packing = packing};
    Pipeline pipeline = {.user = &reader, .next = next_shard, .work = work_shard, .sink = sink_shard, .item_free = free_shard};
    progress_begin(packing->context->progress, "pack", "tokens", total);
    unsigned jobs = (unsigned)MIN(most, (guint64)MAX(packing->context->jobs, 1));
    packing->buffers = g_async_queue_new_full(g_free);
    gboolean good = seek_shard(&reader, error) && pipeline_run(&pipeline, jobs, jobs + 1, error);
    g_async_queue_unref(packing->buffers);
    progress_end(packing->context->progress);
    return good;
}

/* The items in the order of the shuffle, or as a list for repacking. */
static gboolean load_items(Packing *packing, gboolean listed, GError **error)
{
    const char *folder = store_directory(packing->context->store);
    g_autoptr(StoreTxn) txn = store_read_begin(packing->context->store, error);
    return txn && (listed ? pack_items_list(txn, folder, packing->items, error)
                          : pack_items_load(txn, packing->recipe, folder, packing->items, error));
}

/* Anew, or what is no more as it was. */
static gboolean pack_all(Packing *packing, const char *fingerprint, GError **error)
{
    Store *store = packing->context->store;
    g_auto(Layout) layout = {0};
    gboolean kept;
    if (!layout_use(store, "pack", fingerprint, &layout, &kept, error) || !load_items(packing, kept, error))
        return FALSE;
    if (kept)
        return repack_run(packing, error);
    return pack_shards(packing, error) && pack_placements_write(packing->context, packing->items, &packing->run, error) &&
           stage_finish(store, &packing->run, error);
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
        good = pack_all(&packing, *fingerprint, error);
    pack_items_clear(packing.items);
    stage_run_clear(&packing.run);
    return good;
}
