/* SPDX-License-Identifier: Apache-2.0
 * Megatron-LM's indexed dataset: PATH.bin with bare tokens, PATH.idx with their bounds.
 *
 * Source: megatron/core/datasets/indexed_dataset.py. The index: "MMIDIDX\0\0", u64 version 1, u8 code of the type of an id,
 * u64 sequences, u64 documents + 1; then i32 lengths in tokens, i64 offsets in bytes, i64 numbers of the sequences that
 * documents begin with. Here each document is one sequence. Lengths, offsets and numbers come one array behind the other, so the spans
 * are walked once for each rather than kept. */
#include "base/error.h"
#include "store/export/token_cursor.h"

#define CODE_INT32 4
#define CODE_UINT16 8

static gboolean write_header(const Export *export, unsigned width, Output *output, GError **error)
{
    static const char magic[] = "MMIDIDX\0"; /* 9 bytes with the NUL that ends it */
    const guint8 code = width == 2 ? CODE_UINT16 : CODE_INT32;
    return output_write(output, magic, sizeof magic, error) && output_u64(output, 1, error) && output_write(output, &code, 1, error) &&
           output_u64(output, export->documents, error) && output_u64(output, export->documents + 1, error);
}

static gboolean write_lengths(const Export *export, Output *output, GError **error)
{
    g_autoptr(TokenCursor) cursor = token_cursor_new(export, FALSE, error);
    TokenPiece piece;
    guint64 length = 0;
    int more = cursor ? 0 : -1;
    while (cursor && (more = token_cursor_next(cursor, &piece, error)) > 0) {
        length += piece.count;
        if (!piece.last)
            continue;
        if (length > G_MAXINT32) {
            g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT, "document %" G_GUINT64_FORMAT " has %" G_GUINT64_FORMAT " tokens, more than the format can say",
                        piece.docno, length);
            return FALSE;
        }
        if (!output_u32(output, (guint32)length, error))
            return FALSE;
        length = 0;
    }
    return more == 0;
}

static gboolean write_offsets(const Export *export, unsigned width, Output *output, GError **error)
{
    g_autoptr(TokenCursor) cursor = token_cursor_new(export, FALSE, error);
    TokenPiece piece;
    guint64 offset = 0;
    int more = cursor ? 0 : -1;
    while (cursor && (more = token_cursor_next(cursor, &piece, error)) > 0) {
        if (piece.first && !output_u64(output, offset, error))
            return FALSE;
        offset += piece.count * width;
    }
    return more == 0;
}

static gboolean write_documents(const Export *export, Output *output, GError **error)
{
    for (guint64 i = 0; i <= export->documents; i++)
        if (!output_u64(output, i, error))
            return FALSE;
    return TRUE;
}

static gboolean megatron_write(Export *export, GError **error)
{
    unsigned width = tokens_width(export, error);
    if (!width || !tokens_count(export, error))
        return FALSE;
    g_autoptr(Output) tokens = export_open(export, ".bin", OUTPUT_PLAIN, error);
    if (!tokens || !tokens_write(export, tokens, error) || !export_close(export, g_steal_pointer(&tokens), error))
        return FALSE;
    g_autoptr(Output) index = export_open(export, ".idx", OUTPUT_PLAIN, error);
    return index && write_header(export, width, index, error) && write_lengths(export, index, error) &&
           write_offsets(export, width, index, error) && write_documents(export, index, error) &&
           export_close(export, g_steal_pointer(&index), error);
}

const Exporter exporter_megatron = {
    .name = "megatron",
    .kind = EXPORT_TOKENS,
    .write = megatron_write,
};
