/* SPDX-License-Identifier: Apache-2.0
 * scrapers/fetch/chromium.h - a headless Chromium process with a profile of its own.
 *
 * chromium_start finds the program, makes a fresh profile in a temporary folder and starts it behind the SOCKS proxy on
 * `proxy_port`, with its DevTools on two pipes (devtools.h, which takes the descriptors). Chromium's own sandbox is on;
 * because it refuses root, a crawler that runs as root starts it as the user nobody. It speaks TCP through the proxy
 * alone: no QUIC, no WebRTC beside it, no look-ups of names, and loopback goes through the proxy as well.
 * chromium_stop kills the process group and removes the profile. When the crawler itself is killed, Chromium ends with
 * its pipes; the profile then stays behind in the temporary folder.
 */
#ifndef SCRAPERS_FETCH_CHROMIUM_H
#define SCRAPERS_FETCH_CHROMIUM_H

#include <glib.h>

typedef struct Chromium Chromium;

/* Whether there is a Chromium; an error that names the package if not. */
gboolean chromium_find(char **program, GError **error);
Chromium *chromium_start(const char *user_agent, int proxy_port, int *commands, int *messages, GError **error);
void chromium_stop(Chromium *chromium);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Chromium, chromium_stop)

#endif
