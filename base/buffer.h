/* SPDX-License-Identifier: Apache-2.0
 * base/buffer.h - a growable byte buffer with a cap, for whatever strangers' input can make grow.
 *
 * Sequence: buffer_init(&b, limit), buffer_append*(), read b.data / b.length, buffer_clear(&b).
 * An append that would pass `limit` writes nothing and sets `overflowed`; later appends are ignored too, so that a
 * parser may append freely and check once at the end. `data` is always NUL-terminated (the NUL is not counted).
 * Ownership: the buffer owns `data` until buffer_steal. Not thread-safe.
 */
#ifndef BASE_BUFFER_H
#define BASE_BUFFER_H

#include <glib.h>

typedef struct Buffer {
    char *data;
    gsize length;
    gsize capacity;
    gsize limit; /* bytes that `length` may reach */
    gboolean overflowed;
} Buffer;

void buffer_init(Buffer *buffer, gsize limit);
void buffer_clear(Buffer *buffer);             /* frees; the struct may be initialised again */
void buffer_reset(Buffer *buffer);             /* empties, keeps the memory and the limit */
void buffer_truncate(Buffer *buffer, gsize length);
gboolean buffer_reserve(Buffer *buffer, gsize extra); /* room for `extra` more; FALSE when over the limit */
void buffer_append(Buffer *buffer, const void *data, gsize length);
void buffer_append_string(Buffer *buffer, const char *string);
void buffer_append_byte(Buffer *buffer, char byte);
void buffer_append_codepoint(Buffer *buffer, gunichar character); /* as UTF-8 */
void buffer_append_u32(Buffer *buffer, guint32 value);            /* little-endian */
void buffer_append_u64(Buffer *buffer, guint64 value);            /* little-endian */
char *buffer_steal(Buffer *buffer, gsize *length);                /* the caller frees with g_free */

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Buffer, buffer_clear)

/* A bounds-checked reader of what buffer_append_* wrote. Each take returns FALSE at the end and leaves `failed` set. */
typedef struct BufferView {
    const char *data;
    gsize length;
    gsize position;
    gboolean failed;
} BufferView;

gboolean buffer_view_u32(BufferView *view, guint32 *value);
gboolean buffer_view_u64(BufferView *view, guint64 *value);
gboolean buffer_view_bytes(BufferView *view, gsize length, const char **data); /* borrowed */

/* Strings as u32 length + bytes; a NULL string is kept apart from an empty one. */
void buffer_append_field(Buffer *buffer, const char *string);
gboolean buffer_view_field(BufferView *view, char **string); /* newly allocated, or NULL */

#endif
