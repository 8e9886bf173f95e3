/* SPDX-License-Identifier: Apache-2.0
 * The stage "pack": kept documents into shards; see store/pack.h.
 *
 * StageRun.next counts the shards written, by the order of split_names. One shard is one transaction: a reader says what lies in
 * it, workers fill it, the caller writes it. */
#include "store/pack.h"

#include <string.h>

#include "base/error.h"
#include "base/huge_pages.h"
#include "base/pipeline.h"
#include "store/layout.h"
#include "store/pack_placements.h"
#include "store/pack_parts.h"
#include "store/recipe_settings.h"
#include "store/repack.h"
#include "store/tokenizer_store.h"

/* Of shards that are under way at once. */
#define MEMORY ((guint64)256 << 20)

/* Shards as they are read, one behind the other. Those that are in the store already are gone through again, as nobody else
 * knows what lies in the next one. */
typedef struct Reader {
    Packing *packing;
    unsigned split;
    guint32 number; /* of the next shard in the split */
    guint64 done;   /* shards to pass over */
    PackCursor cursor;
    PackPlacements *placements;
} Reader;

/* Adds what lies in a shard; -1: error. */
static int gather_pieces(Reader *reader, PackShard *shard, GError **error)
{
    guint64 room = reader->packing->recipe->pack.shard_tokens;
    PackPiece piece;
    int more;
    while ((more = pack_cursor_take(&reader->cursor, room, &piece, error)) > 0) {
        if (!pack_placements_note(reader->placements, reader->split, &piece, error))
            return -1;
        pack_shard_add(shard, &piece);
        room -= piece.span.length;
    }
    return more;
}

/* NULL behind the last split. */
static PackShard *open_shard(Reader *reader, GError **error)
{
    Packing *packing = reader->packing;
    while (reader->split < SPLIT_COUNT) {
        PackShard *shard = pack_shard_new(packing, split_names[reader->split], reader->number++);
        int more = gather_pieces(reader, shard, error);
        if (more == 0 && shard->spans->len)
            return shard;
        pack_shard_free(shard);
        if (more < 0)
            return NULL;
        pack_cursor_clear(&reader->cursor);
        if (++reader->split < SPLIT_COUNT)
            pack_cursor_init(&reader->cursor, &packing->items[reader->split]);
        reader->number = 0;
    }
    return NULL;
}

static gpointer next_shard(gpointer user, GError **error)
{
    Reader *reader = user;
    PackShard *shard = open_shard(reader, error);
    for (; shard && reader->done; reader->done--) {
        progress_add(reader->packing->context->progress, shard->tokens - shard->padding);
        pack_shard_free(shard);
        shard = open_shard(reader, error);
    }
    return shard;
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
    progress_add(packing->context->progress, shard->tokens - shard->padding);
    return TRUE;
}

static void free_shard(gpointer item)
{
    pack_shard_free(item);
}

static gboolean pack_shards(Packing *packing, PackPlacements *placements, GError **error)
{
    guint64 bytes = packing->recipe->pack.shard_tokens * packing->width, total = 0;
    guint64 most = MAX(MEMORY / bytes, 2) - 1;
    for (unsigned i = 0; i < SPLIT_COUNT; i++)
        total += packing->items[i].tokens;
    Reader reader = {.packing = packing, .done = packing->run.next, .placements = placements};
    Pipeline pipeline = {.user = &reader, .next = next_shard, .work = work_shard, .sink = sink_shard, .item_free = free_shard};
    progress_begin(packing->context->progress, "pack", "tokens", total);
    unsigned jobs = (unsigned)MIN(most, (guint64)MAX(packing->context->jobs, 1));
    packing->buffers = g_async_queue_new_full(huge_pages_free);
    pack_cursor_init(&reader.cursor, &packing->items[0]);
    gboolean good = pipeline_run(&pipeline, jobs, jobs + 1, error);
    pack_cursor_clear(&reader.cursor);
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

static gboolean clear_layout(StoreTxn *txn, gpointer user, GError **error)
{
    return shards_clear(txn, error) && layout_leave(txn, error);
}

/* Anew, or what is no more as it was. Room in a window is no room for any document, so best-fit is made anew. */
static gboolean pack_all(Packing *packing, const char *fingerprint, GError **error)
{
    Store *store = packing->context->store;
    g_auto(Layout) layout = {0};
    gboolean kept;
    if (!layout_use(store, "pack", fingerprint, &layout, &kept, error))
        return FALSE;
    if (kept && packing->recipe->pack.mode == PACK_BEST_FIT) {
        kept = FALSE;
        if (!store_write(store, clear_layout, NULL, error))
            return FALSE;
    }
    if (!load_items(packing, kept, error))
        return FALSE;
    if (kept)
        return repack_run(packing, error);
    g_autoptr(PackPlacements) placements = pack_placements_new(packing->context, packing->items, error);
    return placements && pack_shards(packing, placements, error) && pack_placements_write(placements, &packing->run, error) &&
           stage_finish(store, &packing->run, error);
}

static char *pack_fingerprint(const Recipe *recipe, const Tokenizer *tokenizer, const char *predecessor)
{
    char hex[SHA256_HEX_SIZE];
    sha256_hex(tokenizer_digest(tokenizer), hex);
    g_autoptr(GString) text = g_string_new(NULL);
    g_string_append_printf(text, "pack 1 seed=%" G_GUINT64_FORMAT " shard_tokens=%" G_GUINT64_FORMAT, recipe->seed,
                           recipe->pack.shard_tokens);
    if (recipe->pack.mode == PACK_BEST_FIT)
        g_string_append_printf(text, " best-fit=%" G_GUINT64_FORMAT, recipe->pack.window);
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
