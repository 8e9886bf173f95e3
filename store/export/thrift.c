/* SPDX-License-Identifier: Apache-2.0
 * Thrift's compact protocol; see store/export/thrift.h. */
#include "store/export/thrift.h"

#include <string.h>

void thrift_varint(Buffer *out, guint64 value)
{
    for (; value >= 0x80; value >>= 7)
        buffer_append_byte(out, (char)(value | 0x80));
    buffer_append_byte(out, (char)value);
}

/* Small numbers of either sign become small ones. */
static void append_zigzag(Buffer *out, gint64 value)
{
    thrift_varint(out, ((guint64)value << 1) ^ (guint64)(value >> 63));
}

static void append_binary(Buffer *out, const void *data, gsize length)
{
    thrift_varint(out, length);
    buffer_append(out, data, length);
}

static void append_field(ThriftWriter *writer, unsigned field, ThriftType type)
{
    unsigned step = field - writer->last[writer->depth];
    g_assert(step >= 1 && step <= 15);
    buffer_append_byte(writer->out, (char)(step << 4 | type));
    writer->last[writer->depth] = field;
}

void thrift_begin(ThriftWriter *writer, Buffer *out)
{
    *writer = (ThriftWriter){.out = out};
}

void thrift_i32(ThriftWriter *writer, unsigned field, gint32 value)
{
    append_field(writer, field, THRIFT_I32);
    append_zigzag(writer->out, value);
}

void thrift_i64(ThriftWriter *writer, unsigned field, gint64 value)
{
    append_field(writer, field, THRIFT_I64);
    append_zigzag(writer->out, value);
}

void thrift_boolean(ThriftWriter *writer, unsigned field, gboolean value)
{
    append_field(writer, field, value ? THRIFT_TRUE : THRIFT_FALSE);
}

void thrift_binary(ThriftWriter *writer, unsigned field, const void *data, gsize length)
{
    append_field(writer, field, THRIFT_BINARY);
    append_binary(writer->out, data, length);
}

void thrift_text(ThriftWriter *writer, unsigned field, const char *text)
{
    thrift_binary(writer, field, text, strlen(text));
}

void thrift_struct(ThriftWriter *writer, unsigned field)
{
    append_field(writer, field, THRIFT_STRUCT);
    thrift_element_struct(writer);
}

void thrift_end(ThriftWriter *writer)
{
    buffer_append_byte(writer->out, 0);
    if (writer->depth)
        writer->depth--;
}

void thrift_list(ThriftWriter *writer, unsigned field, ThriftType of, gsize count)
{
    append_field(writer, field, THRIFT_LIST);
    buffer_append_byte(writer->out, (char)(MIN(count, 15) << 4 | of));
    if (count >= 15)
        thrift_varint(writer->out, count);
}

void thrift_element_i32(ThriftWriter *writer, gint32 value)
{
    append_zigzag(writer->out, value);
}

void thrift_element_text(ThriftWriter *writer, const char *text)
{
    append_binary(writer->out, text, strlen(text));
}

void thrift_element_struct(ThriftWriter *writer)
{
    g_assert(writer->depth + 1 < THRIFT_DEPTH);
    writer->last[++writer->depth] = 0;
}
