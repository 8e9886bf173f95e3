/* SPDX-License-Identifier: Apache-2.0
 * Protocol buffers by hand; see tests/unit/spm_fixture.h. */
#include "tests/unit/spm_fixture.h"

#include <string.h>

static void put_varint(GByteArray *bytes, guint64 value)
{
    for (; value >= 128; value >>= 7) {
        guint8 byte = (guint8)(value | 128);
        g_byte_array_append(bytes, &byte, 1);
    }
    guint8 last = (guint8)value;
    g_byte_array_append(bytes, &last, 1);
}

void spm_put_field(GByteArray *bytes, unsigned field, const void *data, gsize length)
{
    put_varint(bytes, field << 3 | 2);
    put_varint(bytes, length);
    g_byte_array_append(bytes, data, (guint)length);
}

void spm_put_piece(GByteArray *model, const char *text, float score, unsigned type)
{
    g_autoptr(GByteArray) piece = g_byte_array_new();
    spm_put_field(piece, 1, text, strlen(text));
    put_varint(piece, 2 << 3 | 5);
    g_byte_array_append(piece, (const guint8 *)&score, sizeof score);
    put_varint(piece, 3 << 3);
    put_varint(piece, type);
    spm_put_field(model, 1, piece->data, piece->len);
}

void spm_put_flags(GByteArray *model, unsigned part, const guint64 (*flags)[2], gsize count)
{
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    for (gsize i = 0; i < count; i++) {
        put_varint(bytes, flags[i][0] << 3);
        put_varint(bytes, flags[i][1]);
    }
    spm_put_field(model, part, bytes->data, bytes->len);
}
