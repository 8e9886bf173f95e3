/* SPDX-License-Identifier: Apache-2.0
 * store/export/thrift.h - structs in Thrift's compact protocol, as far as the footers and page headers of Parquet need it.
 *
 * Sequence: thrift_begin(&w, buffer); fields in the order of their numbers, thrift_struct ... thrift_end for one that is a struct;
 * thrift_end for the outermost. thrift_list says what it holds and how many; its elements follow, bare: thrift_element_*, or
 * thrift_element_struct ... thrift_end. Whether all of it fitted, the buffer knows.
 *
 * Source: github.com/apache/thrift, doc/specs/thrift-compact-protocol.md. Steps between field numbers are 1 to 15, the short form.
 */
#ifndef STORE_EXPORT_THRIFT_H
#define STORE_EXPORT_THRIFT_H

#include "base/buffer.h"

#define THRIFT_DEPTH 8

typedef enum {
    THRIFT_TRUE = 1,
    THRIFT_FALSE = 2,
    THRIFT_I32 = 5,
    THRIFT_I64 = 6,
    THRIFT_BINARY = 8,
    THRIFT_LIST = 9,
    THRIFT_STRUCT = 12,
} ThriftType;

typedef struct ThriftWriter {
    Buffer *out;
    unsigned last[THRIFT_DEPTH]; /* field number, of each struct that is open */
    unsigned depth;
} ThriftWriter;

void thrift_begin(ThriftWriter *writer, Buffer *out);
void thrift_i32(ThriftWriter *writer, unsigned field, gint32 value);
void thrift_i64(ThriftWriter *writer, unsigned field, gint64 value);
void thrift_boolean(ThriftWriter *writer, unsigned field, gboolean value);
void thrift_binary(ThriftWriter *writer, unsigned field, const void *data, gsize length);
void thrift_text(ThriftWriter *writer, unsigned field, const char *text);
void thrift_struct(ThriftWriter *writer, unsigned field);
void thrift_end(ThriftWriter *writer);
void thrift_list(ThriftWriter *writer, unsigned field, ThriftType of, gsize count);
void thrift_element_i32(ThriftWriter *writer, gint32 value);
void thrift_element_text(ThriftWriter *writer, const char *text);
void thrift_element_struct(ThriftWriter *writer);

/* An unsigned number in groups of seven bits, the lowest first, as Parquet's run lengths have it too. */
void thrift_varint(Buffer *out, guint64 value);

#endif
