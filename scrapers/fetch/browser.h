/* SPDX-License-Identifier: Apache-2.0
 * scrapers/fetch/browser.h - a page as a browser shows it, for sites whose text is made by JavaScript.
 *
 * browser_get does what http_get (http.h) does, through a headless Chromium: it opens the page, waits until it has
 * loaded and its network has been still for half a second (BROWSER_IDLE_SECONDS at most after loading, three quarters of
 * `timeout` in all), and takes document.documentElement.outerHTML as the body. One Chromium serves all pages of a crawl;
 * each page has a context (cookies, storage, cache) of its own, so that what it shows does not depend on pages before
 * it. The User-Agent is galen's own, navigator.webdriver stays true: nothing hides that a program reads the page.
 *
 * The exchange says what it is: "X-Crawl-Rendered: Chrome/VERSION", "X-Crawl-Final-URL" when a script changed the
 * address, Content-Type text/html in UTF-8 with the server's own as X-Crawl-Content-Type. Status and other headers are
 * the server's for the page's document. As with http_get a redirect is not followed but is the answer, a second document
 * that a script or <meta> asks for in the page's place is not loaded, and bytes that are no HTML come as they are.
 *
 * Bounds: `timeout` for a page; `limit` bytes of body, cut beyond it; BROWSER_TRAFFIC for all that a page loads.
 * Pictures, fonts and media are not loaded (but for /favicon.ico, which Chromium asks for by itself), downloads are
 * refused. The address rule holds for every connection, those of scripts too (socks_proxy.h). robots.txt is the
 * caller's matter and for pages; what a page loads to show itself is not asked about. A page that kills or hangs the
 * browser is a failure; the next one gets a new browser.
 *
 * Errors: as http_get, once there is a browser; browser_new fails when Chromium is not installed or does not start.
 */
#ifndef SCRAPERS_FETCH_BROWSER_H
#define SCRAPERS_FETCH_BROWSER_H

#include "scrapers/fetch/http.h"

#define BROWSER_IDLE_SECONDS 10
#define BROWSER_TRAFFIC ((gint64)128 << 20)

typedef struct Browser Browser;

Browser *browser_new(const HttpSettings *settings, GError **error);
HttpExchange *browser_get(Browser *browser, const char *url, gsize limit);
void browser_free(Browser *browser);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Browser, browser_free)

#endif
