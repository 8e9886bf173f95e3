/* SPDX-License-Identifier: Apache-2.0
 * SHA-256; see base/hash.h. By itself, so that a program which proves nothing starts without libcrypto. */
#include <openssl/evp.h>

#include "base/hash.h"

struct Sha256Context {
    EVP_MD_CTX *md;
};

Sha256Context *sha256_new(void)
{
    Sha256Context *context = g_new(Sha256Context, 1);
    context->md = EVP_MD_CTX_new();
    EVP_DigestInit_ex(context->md, EVP_sha256(), NULL);
    return context;
}

void sha256_update(Sha256Context *context, const void *data, gsize length)
{
    EVP_DigestUpdate(context->md, data, length);
}

Sha256 sha256_finish(Sha256Context *context)
{
    Sha256 digest;
    EVP_DigestFinal_ex(context->md, digest.bytes, NULL);
    EVP_DigestInit_ex(context->md, EVP_sha256(), NULL);
    return digest;
}

void sha256_free(Sha256Context *context)
{
    if (!context)
        return;
    EVP_MD_CTX_free(context->md);
    g_free(context);
}

Sha256 sha256(const void *data, gsize length)
{
    Sha256 digest;
    EVP_Digest(data, length, digest.bytes, NULL, EVP_sha256(), NULL);
    return digest;
}
