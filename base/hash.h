/* SPDX-License-Identifier: Apache-2.0
 * base/hash.h - the two hashes of Galen, and seeded random numbers that depend on nothing but their arguments.
 *
 * XXH3 (xxhash.com) for integrity and keys: fast, not secret. SHA-256 (FIPS 180-4) for what is proved to others.
 * random_at(seed, stream, index) is a pure function (a SplitMix64 finaliser over XXH3): the same draw for the same
 * document on any number of threads and in any order.
 */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include <glib.h>

typedef struct Hash128 {
    guint64 high;
    guint64 low;
} Hash128;

Hash128 hash128(const void *data, gsize length);
Hash128 hash128_copy(void *to, const void *from, gsize length); /* copies too, and goes through long data once */
typedef struct Hash128Context Hash128Context;
Hash128Context *hash128_new(void);
void hash128_update(Hash128Context *context, const void *data, gsize length);
Hash128 hash128_finish(Hash128Context *context); /* and frees it */
guint64 hash64(const void *data, gsize length, guint64 seed);
gboolean hash128_equal(Hash128 a, Hash128 b);
void hash128_write(Hash128 hash, guint8 bytes[16]); /* big-endian: bytes sort by high, then low */
Hash128 hash128_read(const guint8 bytes[16]);
#define HASH128_HEX_SIZE 33
void hash128_hex(Hash128 hash, char hex[HASH128_HEX_SIZE]);

typedef struct Sha256 {
    guint8 bytes[32];
} Sha256;
#define SHA256_HEX_SIZE 65

typedef struct Sha256Context Sha256Context;
Sha256Context *sha256_new(void);
void sha256_update(Sha256Context *context, const void *data, gsize length);
Sha256 sha256_finish(Sha256Context *context); /* the context may be used again, for a new message */
void sha256_free(Sha256Context *context);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Sha256Context, sha256_free)
Sha256 sha256(const void *data, gsize length);
void sha256_hex(const Sha256 *digest, char hex[SHA256_HEX_SIZE]);
gboolean sha256_from_hex(const char *hex, Sha256 *digest);

guint64 random_at(guint64 seed, const char *stream, guint64 index);
/* The same as a number in [0, 1), with 53 random bits. */
double random_unit_at(guint64 seed, const char *stream, guint64 index);

#endif
