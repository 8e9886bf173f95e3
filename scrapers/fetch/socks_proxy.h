/* SPDX-License-Identifier: Apache-2.0
 * scrapers/fetch/socks_proxy.h - the browser's only way to the network: a SOCKS 5 proxy with the address rule.
 *
 * A browser resolves names and connects by itself, so a rule checked beforehand can be evaded (a name that changes its
 * address, a redirect, a script, a web socket). Behind this proxy (RFC 1928: CONNECT, no authentication) it can not:
 * the browser sends host names, the proxy resolves them and shows every address to `may_connect` before it connects.
 * It listens on loopback, on a port of its own, for as long as the browser lives; each connection is a thread, at most
 * SOCKS_CONNECTIONS of them. socks_proxy_begin_page starts a new page: what was under way is cut, the notes on hosts are
 * forgotten and the page may bring `limit` bytes. Thread-safe.
 */
#ifndef SCRAPERS_FETCH_SOCKS_PROXY_H
#define SCRAPERS_FETCH_SOCKS_PROXY_H

#include "scrapers/fetch/address.h"

#define SOCKS_CONNECTIONS 128

typedef struct SocksProxy SocksProxy;

/* `may_connect` NULL: any address. */
SocksProxy *socks_proxy_new(AddressRule may_connect, GError **error);
int socks_proxy_port(const SocksProxy *proxy);
void socks_proxy_begin_page(SocksProxy *proxy, gint64 limit);
gboolean socks_proxy_is_spent(SocksProxy *proxy); /* the page brought more than its limit */
/* What became of a host on this page: its address (g_free; NULL when there was no connection), and whether the rule
 * refused it. */
char *socks_proxy_address(SocksProxy *proxy, const char *host, gboolean *refused);
void socks_proxy_free(SocksProxy *proxy);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SocksProxy, socks_proxy_free)

#endif
