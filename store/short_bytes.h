/* SPDX-License-Identifier: Apache-2.0
 * store/short_bytes.h - hash and equality of strings of a few bytes, such as words, without a call.
 *
 * A word of text is some six bytes long: calling a hash made for megabytes, and memcmp, takes longer than either's work.
 * Both functions read words of 8 or 4 bytes that may overlap, and never a byte outside the string. The hash folds a
 * 64 x 64 bit product (as wyhash and XXH3 do for short keys). It serves tables in memory only: it is not the same on
 * machines of another byte order, and must not be stored.
 */
#ifndef STORE_SHORT_BYTES_H
#define STORE_SHORT_BYTES_H

#include <glib.h>
#include <string.h>

static inline guint64 short_bytes_read8(const char *at)
{
    guint64 value;
    memcpy(&value, at, sizeof value);
    return value;
}

static inline guint32 short_bytes_read4(const char *at)
{
    guint32 value;
    memcpy(&value, at, sizeof value);
    return value;
}

static inline guint64 short_bytes_fold(guint64 left, guint64 right)
{
    __uint128_t product = (__uint128_t)left * right;
    return (guint64)product ^ (guint64)(product >> 64);
}

static inline guint64 short_bytes_hash(const char *bytes, gsize length)
{
    const guint64 odd = 0x9e3779b97f4a7c15u, other = 0xd6e8feb86659fd93u;
    guint64 first = 0, last = 0, seed = odd ^ length;
    for (; length > 16; bytes += 16, length -= 16)
        seed = short_bytes_fold(short_bytes_read8(bytes) ^ odd, short_bytes_read8(bytes + 8) ^ seed);
    if (length >= 8) {
        first = short_bytes_read8(bytes);
        last = short_bytes_read8(bytes + length - 8);
    } else if (length >= 4) {
        first = short_bytes_read4(bytes);
        last = short_bytes_read4(bytes + length - 4);
    } else if (length > 0) {
        first = (guint64)(guint8)bytes[0] << 16 | (guint64)(guint8)bytes[length / 2] << 8 | (guint8)bytes[length - 1];
    }
    return short_bytes_fold(first ^ other, last ^ seed);
}

static inline gboolean short_bytes_equal(const char *left, const char *right, gsize length)
{
    if (length >= 8) {
        for (gsize at = 0; at + 8 < length; at += 8)
            if (short_bytes_read8(left + at) != short_bytes_read8(right + at))
                return FALSE;
        return short_bytes_read8(left + length - 8) == short_bytes_read8(right + length - 8);
    }
    if (length >= 4)
        return short_bytes_read4(left) == short_bytes_read4(right) && short_bytes_read4(left + length - 4) == short_bytes_read4(right + length - 4);
    for (gsize at = 0; at < length; at++)
        if (left[at] != right[at])
            return FALSE;
    return TRUE;
}

#endif
