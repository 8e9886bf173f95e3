/* SPDX-License-Identifier: Apache-2.0
 * A growable byte buffer with a cap; see base/buffer.h. */
#include "base/buffer.h"

#include <string.h>

#define NULL_FIELD G_MAXUINT32

void buffer_init(Buffer *buffer, gsize limit)
{
    *buffer = (Buffer){.limit = limit};
}

void buffer_clear(Buffer *buffer)
{
    g_free(buffer->data);
    *buffer = (Buffer){.limit = buffer->limit};
}

void buffer_reset(Buffer *buffer)
{
    buffer->length = 0;
    buffer->overflowed = FALSE;
    if (buffer->data)
        buffer->data[0] = '\0';
}

void buffer_truncate(Buffer *buffer, gsize length)
{
    if (length < buffer->length) {
        buffer->length = length;
        buffer->data[length] = '\0';
    }
}

gboolean buffer_reserve(Buffer *buffer, gsize extra)
{
    if (buffer->overflowed || extra > buffer->limit - buffer->length) {
        buffer->overflowed = TRUE;
        return FALSE;
    }
    gsize needed = buffer->length + extra + 1;
    if (needed > buffer->capacity) {
        gsize capacity = MAX(needed, buffer->capacity + buffer->capacity / 2);
        buffer->capacity = MAX(capacity, 64);
        buffer->data = g_realloc(buffer->data, buffer->capacity);
        buffer->data[buffer->length] = '\0';
    }
    return TRUE;
}

void buffer_append(Buffer *buffer, const void *data, gsize length)
{
    if (!buffer_reserve(buffer, length))
        return;
    if (length)
        memcpy(buffer->data + buffer->length, data, length);
    buffer->length += length;
    buffer->data[buffer->length] = '\0';
}

void buffer_append_string(Buffer *buffer, const char *string)
{
    buffer_append(buffer, string, strlen(string));
}

void buffer_append_byte(Buffer *buffer, char byte)
{
    buffer_append(buffer, &byte, 1);
}

void buffer_append_codepoint(Buffer *buffer, gunichar character)
{
    char encoded[6];
    buffer_append(buffer, encoded, (gsize)g_unichar_to_utf8(character, encoded));
}

void buffer_append_u32(Buffer *buffer, guint32 value)
{
    guint32 little = GUINT32_TO_LE(value);
    buffer_append(buffer, &little, sizeof little);
}

void buffer_append_u64(Buffer *buffer, guint64 value)
{
    guint64 little = GUINT64_TO_LE(value);
    buffer_append(buffer, &little, sizeof little);
}

char *buffer_steal(Buffer *buffer, gsize *length)
{
    buffer_reserve(buffer, 0);
    char *data = buffer->data ? buffer->data : g_strdup("");
    if (length)
        *length = buffer->length;
    *buffer = (Buffer){.limit = buffer->limit};
    return data;
}

gboolean buffer_view_bytes(BufferView *view, gsize length, const char **data)
{
    if (view->failed || length > view->length - view->position) {
        view->failed = TRUE;
        return FALSE;
    }
    *data = view->data + view->position;
    view->position += length;
    return TRUE;
}

gboolean buffer_view_u32(BufferView *view, guint32 *value)
{
    const char *data;
    if (!buffer_view_bytes(view, sizeof *value, &data))
        return FALSE;
    memcpy(value, data, sizeof *value);
    *value = GUINT32_FROM_LE(*value);
    return TRUE;
}

gboolean buffer_view_u64(BufferView *view, guint64 *value)
{
    const char *data;
    if (!buffer_view_bytes(view, sizeof *value, &data))
        return FALSE;
    memcpy(value, data, sizeof *value);
    *value = GUINT64_FROM_LE(*value);
    return TRUE;
}

void buffer_append_field(Buffer *buffer, const char *string)
{
    if (!string) {
        buffer_append_u32(buffer, NULL_FIELD);
        return;
    }
    gsize length = strlen(string);
    buffer_append_u32(buffer, (guint32)length);
    buffer_append(buffer, string, length);
}

gboolean buffer_view_field(BufferView *view, char **string)
{
    guint32 length;
    const char *data;
    *string = NULL;
    if (!buffer_view_u32(view, &length))
        return FALSE;
    if (length == NULL_FIELD)
        return TRUE;
    if (!buffer_view_bytes(view, length, &data))
        return FALSE;
    *string = g_strndup(data, length);
    return TRUE;
}
