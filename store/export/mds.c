/* SPDX-License-Identifier: Apache-2.0
 * MosaicML's MDS shards for the library streaming: the folder PATH with shard.00000.mds ... and index.json.
 *
 * Source: streaming, base/format/mds/writer.py. A sample is one row of `sequence_length` ids in the column "tokens", whose
 * encoding ndarray:uint16:N fixes its size, so that a sample is its ids and nothing else. A shard: u32 samples; u32 offsets
 * from the start of the file, one more than samples; the settings of the writer as JSON; the samples. As trainers that concatenate
 * texts do, documents follow one another without regard to samples, and what does not fill a last sample is left out; the
 * proof says how much ("left_over_tokens"). */
#include <string.h>

#include "base/error.h"
#include "store/export/token_blocks.h"

#define SEQUENCE_LENGTH 2048
#define SHARD_BYTES ((guint64)64 << 20) /* the library's own */

typedef struct Shape {
    unsigned width;
    guint64 length;    /* tokens of a sample */
    guint64 samples;   /* of a shard, at most */
    guint64 left;      /* samples to write */
    char *config;
} Shape;

/* The library's json.dumps(sort_keys=True) puts blanks behind commas and colons. */
static char *config_text(const Shape *shape)
{
    return g_strdup_printf("{\"column_encodings\": [\"ndarray:uint%u:%" G_GUINT64_FORMAT "\"], \"column_names\": [\"tokens\"], "
                           "\"column_sizes\": [%" G_GUINT64_FORMAT "], \"compression\": null, \"format\": \"mds\", \"hashes\": [], "
                           "\"size_limit\": %" G_GUINT64_FORMAT ", \"version\": 2}",
                           shape->width * 8, shape->length, shape->length * shape->width, SHARD_BYTES);
}

static gboolean write_head(const Shape *shape, guint64 samples, Output *output, GError **error)
{
    gsize config = strlen(shape->config);
    guint64 offset = 4 + 4 * (samples + 1) + config;
    if (!output_u32(output, (guint32)samples, error))
        return FALSE;
    for (guint64 i = 0; i <= samples; i++, offset += shape->length * shape->width)
        if (!output_u32(output, (guint32)offset, error))
            return FALSE;
    return output_write(output, shape->config, config, error);
}

static json_t *shard_json(const Shape *shape, const char *name, guint64 samples, guint64 bytes)
{
    json_t *shard = json_loads(shape->config, 0, NULL);
    json_object_set_new(shard, "raw_data", json_pack("{s:s, s:I, s:{}}", "basename", name, "bytes", (json_int_t)bytes, "hashes"));
    json_object_set_new(shard, "samples", json_integer((json_int_t)samples));
    json_object_set_new(shard, "zip_data", json_null());
    return shard;
}

static gboolean write_shard(Export *export, TokenBlocks *blocks, const Shape *shape, json_t *shards, guint64 samples, GError **error)
{
    g_autofree char *name = g_strdup_printf("shard.%05" G_GSIZE_FORMAT ".mds", json_array_size(shards));
    g_autofree char *suffix = g_strconcat("/", name, NULL);
    g_autoptr(Output) output = export_open(export, suffix, OUTPUT_PLAIN, error);
    guint64 bytes = 4 + 4 * (samples + 1) + strlen(shape->config) + samples * shape->length * shape->width;
    json_array_append_new(shards, shard_json(shape, name, samples, bytes));
    return output && write_head(shape, samples, output, error) && token_blocks_copy(blocks, output, samples * shape->length, error) &&
           export_close(export, g_steal_pointer(&output), error);
}

static gboolean write_index(Export *export, json_t *shards, GError **error)
{
    g_autoptr(json_t) index = json_pack("{s:O, s:i}", "shards", shards, "version", 2);
    g_autofree char *text = json_write(index);
    g_autoptr(Output) output = export_open(export, "/index.json", OUTPUT_PLAIN, error);
    return output && output_write(output, text, strlen(text), error) && export_close(export, g_steal_pointer(&output), error);
}

static gboolean write_all(Export *export, Shape *shape, GError **error)
{
    g_autoptr(json_t) shards = json_array();
    g_autoptr(TokenBlocks) blocks = token_blocks_new(export, error);
    while (blocks && shape->left) {
        guint64 samples = MIN(shape->samples, shape->left);
        if (!write_shard(export, blocks, shape, shards, samples, error))
            return FALSE;
        shape->left -= samples;
    }
    return blocks && write_index(export, shards, error);
}

static gboolean choose_shape(Export *export, Shape *shape, GError **error)
{
    const ExportOptions *options = export->options;
    shape->length = options->sequence_length ? options->sequence_length : SEQUENCE_LENGTH;
    if (shape->length > SHARD_BYTES / 8) {
        g_set_error(error, GALEN_ERROR, GALEN_ERROR_USAGE, "a sample of %" G_GUINT64_FORMAT " tokens is too long for a shard; at most %" G_GUINT64_FORMAT " fit",
                    shape->length, SHARD_BYTES / 8);
        return FALSE;
    }
    guint64 bytes = shape->length * shape->width, fit = (SHARD_BYTES - 4096) / (bytes + 4);
    guint64 asked = options->shard_tokens ? MAX(options->shard_tokens / shape->length, 1) : fit;
    shape->samples = MIN(asked, fit);
    shape->left = export->tokens / shape->length;
    json_object_set_new(export->facts, "sequence_length", json_integer((json_int_t)shape->length));
    json_object_set_new(export->facts, "samples", json_integer((json_int_t)shape->left));
    json_object_set_new(export->facts, "left_over_tokens", json_integer((json_int_t)(export->tokens % shape->length)));
    if (shape->left)
        return TRUE;
    g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT,
                "%" G_GUINT64_FORMAT " tokens do not fill one sample of %" G_GUINT64_FORMAT "; choose a smaller --sequence-length", export->tokens, shape->length);
    return FALSE;
}

static gboolean mds_write(Export *export, GError **error)
{
    Shape shape = {.width = tokens_width(export, error)};
    if (!shape.width || !tokens_count(export, error) || !choose_shape(export, &shape, error))
        return FALSE;
    shape.config = config_text(&shape);
    gboolean good = write_all(export, &shape, error);
    g_free(shape.config);
    return good;
}

const Exporter exporter_mds = {
    .name = "mds",
    .kind = EXPORT_TOKENS,
    .write = mds_write,
};
