/* SPDX-License-Identifier: Apache-2.0
 * datatrove's tokens: PATH.ds with bare ids, PATH.ds.index with the end of each document, PATH.ds.metadata.
 *
 * Source: datatrove, pipeline/tokens/tokenizer.py. Ends are u64 and count tokens from the start of the file. The metadata is
 * text: "TOKENIZER|BYTES OF AN ID", the number of tokens, the same number for people; readers take the first two. */
#include <string.h>

#include "store/export/token_cursor.h"

static gboolean write_index(const Export *export, Output *output, GError **error)
{
    g_autoptr(TokenCursor) cursor = token_cursor_new(export, FALSE, error);
    TokenPiece piece;
    guint64 end = 0;
    int more = cursor ? 0 : -1;
    while (cursor && (more = token_cursor_next(cursor, &piece, error)) > 0) {
        end += piece.count;
        if (piece.last && !output_u64(output, end, error))
            return FALSE;
    }
    return more == 0;
}

static char *for_people(guint64 tokens)
{
    static const struct {
        double size;
        const char *name;
    } units[] = {{1e12, "TT"}, {1e9, "GT"}, {1e6, "MT"}, {1e3, "kT"}};
    for (gsize i = 0; i < G_N_ELEMENTS(units); i++)
        if ((double)tokens >= units[i].size)
            return g_strdup_printf("%.3g %s", (double)tokens / units[i].size, units[i].name);
    return g_strdup_printf("%" G_GUINT64_FORMAT " T", tokens);
}

/* The tokenizer is named by its SHA-256, as its file's name says nothing of what is in it. */
static gboolean write_metadata(const Export *export, unsigned width, Output *output, GError **error)
{
    const char *tokenizer = json_get_string(json_object_get(export->manifest, "tokenizer"), "sha256");
    g_autofree char *people = for_people(export->tokens);
    g_autofree char *text = g_strdup_printf("sha256:%s|%u\n%" G_GUINT64_FORMAT "\n%s", tokenizer ? tokenizer : "", width, export->tokens, people);
    return output_write(output, text, strlen(text), error);
}

static gboolean datatrove_write(Export *export, GError **error)
{
    unsigned width = tokens_width(export, error);
    if (!width || !tokens_count(export, error))
        return FALSE;
    g_autoptr(Output) tokens = export_open(export, ".ds", OUTPUT_PLAIN, error);
    if (!tokens || !tokens_write(export, tokens, error) || !export_close(export, g_steal_pointer(&tokens), error))
        return FALSE;
    g_autoptr(Output) index = export_open(export, ".ds.index", OUTPUT_PLAIN, error);
    if (!index || !write_index(export, index, error) || !export_close(export, g_steal_pointer(&index), error))
        return FALSE;
    g_autoptr(Output) metadata = export_open(export, ".ds.metadata", OUTPUT_PLAIN, error);
    return metadata && write_metadata(export, width, metadata, error) && export_close(export, g_steal_pointer(&metadata), error);
}

const Exporter exporter_datatrove = {
    .name = "datatrove",
    .kind = EXPORT_TOKENS,
    .write = datatrove_write,
};
