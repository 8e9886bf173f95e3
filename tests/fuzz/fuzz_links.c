/* SPDX-License-Identifier: Apache-2.0
 * Fuzz target: the links of HTML pages. Every link found must be a fixed point of url_normalise. */
#include <stdint.h>

#include "scrapers/fetch/links.h"
#include "scrapers/fetch/url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
extern const char *const fuzz_seeds[];

const char *const fuzz_seeds[] = {
    "<html><base href='/x/'><a href=\"a?b=1&amp;c=&#x26;#d\" rel='nofollow x'>t</a><A HREF=../b>",
    "<!-- <a href=c> --><script>'<a href=d>'</script><iframe src='//h.example:80/e'></iframe><area href=f/>",
    "<meta charset=koi8-r><meta http-equiv=refresh content=\"0; url='g'\"><a href='\xc1?\xc1'>",
    "<meta name=robots content='noindex,nofollow'><link rel=\"next\" href=h><a href=http://[::1]:8080/%7e/./..//i>",
    "<!--><a/href=j><a href='k<!---><a b c=d e = 'f' href=javascript:l><a href=\"http://\xc3\xa9.example/\">",
    NULL,
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(GPtrArray) links = links_find((const char *)data, size, "http://a.example/d/p.html", NULL, "galen");
    for (guint i = 0; i < links->len; i++) {
        g_autofree char *again = url_normalise(links->pdata[i]);
        g_assert_cmpstr(again, ==, links->pdata[i]);
    }
    return 0;
}
