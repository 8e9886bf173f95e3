/* SPDX-License-Identifier: Apache-2.0
 * Public and other addresses; see scrapers/fetch/address.h. */
#include "scrapers/fetch/address.h"

#include <netinet/in.h>
#include <string.h>

typedef struct Block4 {
    guint8 prefix[4];
    unsigned bits;
} Block4;

static const Block4 closed4[] = {
    {{0, 0, 0, 0}, 8},      {{10, 0, 0, 0}, 8},     {{100, 64, 0, 0}, 10},   {{127, 0, 0, 0}, 8},
    {{169, 254, 0, 0}, 16}, {{172, 16, 0, 0}, 12},  {{192, 0, 0, 0}, 24},    {{192, 0, 2, 0}, 24},
    {{192, 88, 99, 0}, 24}, {{192, 168, 0, 0}, 16}, {{198, 18, 0, 0}, 15},   {{198, 51, 100, 0}, 24},
    {{203, 0, 113, 0}, 24}, {{224, 0, 0, 0}, 4},    {{240, 0, 0, 0}, 4},
};

typedef struct Block6 {
    guint8 prefix[16];
    unsigned bits;
} Block6;

static const Block6 closed6[] = {
    {{0x20, 0x01}, 23},             /* protocol assignments, Teredo among them */
    {{0x20, 0x01, 0x0d, 0xb8}, 32}, /* documentation */
    {{0x20, 0x02}, 16},             /* 6to4 */
    {{0x3f, 0xff}, 20},             /* documentation */
};

static const guint8 nat64_prefix[12] = {0x00, 0x64, 0xff, 0x9b};

static gboolean in_block(const guint8 *address, const guint8 *prefix, unsigned bits)
{
    unsigned bytes = bits / 8, rest = bits % 8;
    if (memcmp(address, prefix, bytes) != 0)
        return FALSE;
    return rest == 0 || (address[bytes] ^ prefix[bytes]) >> (8 - rest) == 0;
}

static gboolean is_public4(const guint8 address[4])
{
    for (gsize i = 0; i < G_N_ELEMENTS(closed4); i++)
        if (in_block(address, closed4[i].prefix, closed4[i].bits))
            return FALSE;
    return TRUE;
}

/* Only 2000::/3 is given out for global use, so everything else is closed but for NAT64's well-known prefix. */
static gboolean is_public6(const guint8 address[16])
{
    if (!memcmp(address, nat64_prefix, sizeof nat64_prefix))
        return is_public4(address + 12);
    if (address[0] >> 5 != 1)
        return FALSE;
    for (gsize i = 0; i < G_N_ELEMENTS(closed6); i++)
        if (in_block(address, closed6[i].prefix, closed6[i].bits))
            return FALSE;
    return TRUE;
}

gboolean address_is_public(const struct sockaddr *address)
{
    if (address->sa_family == AF_INET) {
        const struct sockaddr_in *four = (const struct sockaddr_in *)(const void *)address;
        return is_public4((const guint8 *)&four->sin_addr);
    }
    if (address->sa_family == AF_INET6) {
        const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)(const void *)address;
        return is_public6((const guint8 *)&six->sin6_addr);
    }
    return FALSE;
}
