/* SPDX-License-Identifier: Apache-2.0
 * zstd frames and LZ4 blocks; see store/compressed_text.h. */
#include "store/compressed_text.h"

#include <lz4.h>
#include <string.h>
#include <zstd.h>

#include "base/error.h"
#include "store/document.h"

/* An abstract takes as much room at level 1, as pages of the store are filled, and half the time; a paper gains a tenth. */
#define LONG_TEXT ((gsize)16 << 10)
#define SHORT_TEXT_LEVEL 1
#define LONG_TEXT_LEVEL 3
#define LENGTH_LIMIT (2 * DOCUMENT_TEXT_LIMIT)
#define LENGTH_SIZE sizeof(guint32) /* in front of a block */

G_STATIC_ASSERT(LENGTH_LIMIT < ZSTD_MAGICNUMBER && LENGTH_LIMIT <= LZ4_MAX_INPUT_SIZE);

/* ---- zstd ---------------------------------------------------------------------------------------------------- */

/* A context costs more to make than a small text to compress, so each thread keeps one. */
static void free_compressor(gpointer context)
{
    ZSTD_freeCCtx(context);
}

static void free_decompressor(gpointer context)
{
    ZSTD_freeDCtx(context);
}

static GPrivate thread_compressor = G_PRIVATE_INIT(free_compressor);
static GPrivate thread_decompressor = G_PRIVATE_INIT(free_decompressor);

void text_compress(const char *text, gsize length, Buffer *out)
{
    ZSTD_CCtx *context = g_private_get(&thread_compressor);
    if (!context) {
        context = ZSTD_createCCtx();
        g_private_set(&thread_compressor, context);
    }
    gsize bound = ZSTD_compressBound(length);
    if (!buffer_reserve(out, bound))
        return;
    int level = length < LONG_TEXT ? SHORT_TEXT_LEVEL : LONG_TEXT_LEVEL;
    gsize written = ZSTD_compressCCtx(context, out->data + out->length, bound, text, length, level);
    g_assert(!ZSTD_isError(written)); /* the room is what zstd asked for */
    out->length += written;
}

static gboolean frame_decompress(const void *frame, gsize size, char *out, gsize length)
{
    ZSTD_DCtx *context = g_private_get(&thread_decompressor);
    if (!context) {
        context = ZSTD_createDCtx();
        g_private_set(&thread_decompressor, context);
    }
    return ZSTD_decompressDCtx(context, out, length, frame, size) == length;
}

/* ---- LZ4 ----------------------------------------------------------------------------------------------------- */

void cleaned_compress(const char *text, gsize length, Buffer *out)
{
    int bound = length <= LENGTH_LIMIT ? LZ4_compressBound((int)length) : 0;
    if (bound == 0 || !buffer_reserve(out, LENGTH_SIZE + (gsize)bound)) {
        out->overflowed = TRUE;
        return;
    }
    buffer_append_u32(out, (guint32)length);
    out->length += (gsize)LZ4_compress_default(text, out->data + out->length, (int)length, bound);
}

static gboolean block_decompress(const char *block, gsize size, char *out, gsize length)
{
    return size <= LENGTH_LIMIT && LZ4_decompress_safe(block, out, (int)size, (int)length) == (int)length;
}

/* ---- Either of them ------------------------------------------------------------------------------------------ */

/* What the data begin with: ZSTD_MAGICNUMBER, or the length of a text. */
static guint32 first_number(const void *data, gsize size)
{
    guint32 number = G_MAXUINT32;
    if (size >= sizeof number)
        memcpy(&number, data, sizeof number);
    return GUINT32_FROM_LE(number);
}

gboolean text_compressed_length(const void *data, gsize size, gsize *length)
{
    guint32 first = first_number(data, size);
    unsigned long long found = first == ZSTD_MAGICNUMBER ? ZSTD_getFrameContentSize(data, size) : first;
    *length = found <= LENGTH_LIMIT ? (gsize)found : 0;
    return found <= LENGTH_LIMIT;
}

static gboolean find_length(const void *data, gsize size, gsize *length, GError **error)
{
    if (text_compressed_length(data, size, length))
        return TRUE;
    g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT, "a stored text is not of a sensible length");
    return FALSE;
}

/* To where there is room for `length` bytes and a NUL. */
static gboolean decompress_to(const void *data, gsize size, char *out, gsize length, GError **error)
{
    out[length] = '\0';
    if (first_number(data, size) == ZSTD_MAGICNUMBER ? frame_decompress(data, size, out, length)
                                                     : block_decompress((const char *)data + LENGTH_SIZE, size - LENGTH_SIZE, out, length))
        return TRUE;
    g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT, "a stored text does not decompress to its %" G_GSIZE_FORMAT " bytes", length);
    return FALSE;
}

gboolean text_decompress(const void *data, gsize size, char **text, gsize *length, GError **error)
{
    gsize found;
    if (!find_length(data, size, &found, error))
        return FALSE;
    g_autofree char *out = g_malloc(found + 1);
    if (!decompress_to(data, size, out, found, error))
        return FALSE;
    *text = g_steal_pointer(&out);
    *length = found;
    return TRUE;
}

gboolean text_decompress_into(const void *data, gsize size, Buffer *out, GError **error)
{
    gsize length;
    buffer_reset(out);
    if (!find_length(data, size, &length, error))
        return FALSE;
    if (!buffer_reserve(out, length)) {
        g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT, "a stored text has %" G_GSIZE_FORMAT " bytes, more than there may be", length);
        return FALSE;
    }
    if (!decompress_to(data, size, out->data, length, error))
        return FALSE;
    out->length = length;
    return TRUE;
}
