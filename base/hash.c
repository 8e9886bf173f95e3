/* SPDX-License-Identifier: Apache-2.0
 * XXH3, hashes as text, and pure random draws; see base/hash.h. SHA-256 is computed in base/sha256.c. */
#include "base/hash.h"

#include <string.h>
#include <xxhash.h>

#define COPY_BYTES ((gsize)32 << 10) /* stays in the processor's nearest cache */

static Hash128 own_form(XXH128_hash_t hash)
{
    return (Hash128){.high = hash.high64, .low = hash.low64};
}

Hash128 hash128(const void *data, gsize length)
{
    return own_form(XXH3_128bits(data, length));
}

struct Hash128Context {
    XXH3_state_t *state;
};

Hash128Context *hash128_new(void)
{
    Hash128Context *context = g_new(Hash128Context, 1);
    context->state = XXH3_createState();
    XXH3_128bits_reset(context->state);
    return context;
}

void hash128_update(Hash128Context *context, const void *data, gsize length)
{
    XXH3_128bits_update(context->state, data, length);
}

Hash128 hash128_finish(Hash128Context *context)
{
    Hash128 hash = own_form(XXH3_128bits_digest(context->state));
    XXH3_freeState(context->state);
    g_free(context);
    return hash;
}

Hash128 hash128_copy(void *to, const void *from, gsize length)
{
    if (length <= COPY_BYTES) {
        if (length)
            memcpy(to, from, length);
        return hash128(from, length);
    }
    Hash128Context *context = hash128_new();
    for (gsize at = 0; at < length; at += COPY_BYTES) {
        gsize part = MIN(COPY_BYTES, length - at);
        memcpy((guint8 *)to + at, (const guint8 *)from + at, part);
        hash128_update(context, (const guint8 *)from + at, part);
    }
    return hash128_finish(context);
}

guint64 hash64(const void *data, gsize length, guint64 seed)
{
    return XXH3_64bits_withSeed(data, length, seed);
}

gboolean hash128_equal(Hash128 a, Hash128 b)
{
    return a.high == b.high && a.low == b.low;
}

void hash128_write(Hash128 hash, guint8 bytes[16])
{
    guint64 words[2] = {GUINT64_TO_BE(hash.high), GUINT64_TO_BE(hash.low)};
    memcpy(bytes, words, 16);
}

Hash128 hash128_read(const guint8 bytes[16])
{
    guint64 words[2];
    memcpy(words, bytes, 16);
    return (Hash128){.high = GUINT64_FROM_BE(words[0]), .low = GUINT64_FROM_BE(words[1])};
}

static void hex_encode(const guint8 *bytes, gsize length, char *hex)
{
    static const char digits[] = "0123456789abcdef";
    for (gsize i = 0; i < length; i++) {
        hex[2 * i] = digits[bytes[i] >> 4];
        hex[2 * i + 1] = digits[bytes[i] & 15];
    }
    hex[2 * length] = '\0';
}

void hash128_hex(Hash128 hash, char hex[HASH128_HEX_SIZE])
{
    guint8 bytes[16];
    hash128_write(hash, bytes);
    hex_encode(bytes, 16, hex);
}

void sha256_hex(const Sha256 *digest, char hex[SHA256_HEX_SIZE])
{
    hex_encode(digest->bytes, sizeof digest->bytes, hex);
}

gboolean sha256_from_hex(const char *hex, Sha256 *digest)
{
    if (strlen(hex) != SHA256_HEX_SIZE - 1)
        return FALSE;
    for (gsize i = 0; i < sizeof digest->bytes; i++) {
        int high = g_ascii_xdigit_value(hex[2 * i]);
        int low = g_ascii_xdigit_value(hex[2 * i + 1]);
        if (high < 0 || low < 0)
            return FALSE;
        digest->bytes[i] = (guint8)(high << 4 | low);
    }
    return TRUE;
}

/* The finaliser of SplitMix64 (Steele, Lea, Flood 2014): every input bit reaches every output bit. */
static guint64 mix(guint64 value)
{
    value += 0x9e3779b97f4a7c15u;
    value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9u;
    value = (value ^ (value >> 27)) * 0x94d049bb133111ebu;
    return value ^ (value >> 31);
}

guint64 random_at(guint64 seed, const char *stream, guint64 index)
{
    return mix(mix(hash64(stream, strlen(stream), seed)) ^ index);
}

double random_unit_at(guint64 seed, const char *stream, guint64 index)
{
    return (double)(random_at(seed, stream, index) >> 11) * 0x1p-53;
}
