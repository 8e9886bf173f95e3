/* SPDX-License-Identifier: Apache-2.0
 * llm.c's token files: PATH_000000.bin and so on, for a pattern such as PATH_*.bin.
 *
 * Source: llm.c, dev/data/data_common.py and llmc/dataloader.h. A header of 256 i32 (magic, version, number of tokens, zeros), then
 * the ids. Ids of 2 bytes have GPT-2's magic and version, which are those that dataloader.h reads; ids of 4 bytes have Llama 3's.
 * The reader compares a file's size with its header; of documents it knows what their tokens say. */
#include "base/error.h"
#include "store/export/token_blocks.h"

#define HEADER_WORDS 256
#define SHARD_TOKENS 100000000

static gboolean write_header(unsigned width, guint64 tokens, Output *output, GError **error)
{
    guint32 header[HEADER_WORDS] = {
        GUINT32_TO_LE(width == 2 ? 20240520u : 20240801u),
        GUINT32_TO_LE(width == 2 ? 1u : 7u),
        GUINT32_TO_LE((guint32)tokens),
    };
    return output_write(output, header, sizeof header, error);
}

static gboolean write_file(Export *export, TokenBlocks *blocks, unsigned width, guint64 number, guint64 tokens, GError **error)
{
    g_autofree char *suffix = g_strdup_printf("_%06" G_GUINT64_FORMAT ".bin", number);
    g_autoptr(Output) output = export_open(export, suffix, OUTPUT_PLAIN, error);
    return output && write_header(width, tokens, output, error) && token_blocks_copy(blocks, output, tokens, error) &&
           export_close(export, g_steal_pointer(&output), error);
}

static gboolean llmc_write(Export *export, GError **error)
{
    guint64 limit = export->options->shard_tokens ? export->options->shard_tokens : SHARD_TOKENS;
    if (limit > G_MAXINT32) {
        g_set_error(error, GALEN_ERROR, GALEN_ERROR_USAGE, "a file of llm.c holds %d tokens at most, not %" G_GUINT64_FORMAT, G_MAXINT32, limit);
        return FALSE;
    }
    unsigned width = tokens_width(export, error);
    if (!width || !tokens_count(export, error))
        return FALSE;
    g_autoptr(TokenBlocks) blocks = token_blocks_new(export, error);
    if (!blocks)
        return FALSE;
    for (guint64 number = 0, done = 0; done < export->tokens; number++) {
        guint64 tokens = MIN(limit, export->tokens - done);
        if (!write_file(export, blocks, width, number, tokens, error))
            return FALSE;
        done += tokens;
    }
    return TRUE;
}

const Exporter exporter_llmc = {
    .name = "llmc",
    .kind = EXPORT_TOKENS,
    .write = llmc_write,
};
