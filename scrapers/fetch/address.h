/* SPDX-License-Identifier: Apache-2.0
 * scrapers/fetch/address.h - which addresses a crawler of the public web may connect to.
 *
 * address_is_public is asked with the very address that the socket is about to connect to, after name resolution, so
 * that a host name that changes its address between two look-ups gains nothing. It refuses what the IANA registries of
 * special-purpose IPv4 and IPv6 addresses (RFC 6890) keep from global use: loopback, private (RFC 1918, RFC 4193),
 * link-local, carrier NAT (RFC 6598), benchmarks, documentation, multicast, reserved; IPv4-mapped and tunnelled (6to4,
 * Teredo) IPv6; and NAT64 (RFC 6052) of an IPv4 address that is itself refused. Other families are refused.
 */
#ifndef SCRAPERS_FETCH_ADDRESS_H
#define SCRAPERS_FETCH_ADDRESS_H

#include <glib.h>
#include <sys/socket.h>

typedef gboolean (*AddressRule)(const struct sockaddr *address);

gboolean address_is_public(const struct sockaddr *address);

#endif
