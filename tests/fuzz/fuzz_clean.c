/* SPDX-License-Identifier: Apache-2.0
 * Fuzz target for cleaning/: any bytes as title and text give valid UTF-8, and cleaning a clean text changes nothing.
 *
 * Bytes before the first 0x1e are the title. */
#include <stdint.h>
#include <string.h>

#include "cleaning/clean.h"
#include "store/document.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

const char *const fuzz_seeds[] = {
    "A title [1]\x1e# Heading\n\nText [2,3] with https://example.org/a_(b), see [CDC](https://cdc.gov).\n\n- one\n- two\n",
    "Setext\n======\n\ntext\n\nSub\n---\n\nmore [4-7] (http://a.org; www.b.org)\n\n#### Deep ##\n\n* item\n+ item\n",
    "\xe2\x80\xa2 one\n\xef\x82\xb7 two\n\n***\n\n5\xc2\xa0mg \xe2\x80\x89 so\xc2\xad" "ft \xef\xac\x81 e\xcc\x81 \xe2\x80\x8d\xef\xbb\xbf",
    "caf\xc3\x83\xc2\xa9 patient\xc3\xa2\xe2\x82\xac\xe2\x84\xa2s \xc3\x8e\xc2\xb2 \xc3\x90\xc2\xb4\xc3\x90\xc2\xb0",
    "[bib_ref]A [1] http://x.org[/bib_ref] [fig]Figure [2][/fig] [formula]x[1]",
    "[a](#b) [[1]](http://x) ![i](//y) [^1]: note",
    "median 45 [32-58], 95% CI [12, 45]; [18F]FDG [1]\xe2\x80\x93[3]. ht[1]tp://x ((([5]))) [1[2]]",
    "\xe7\xb3\x96\xe5\xb0\xbf\xe7\x97\x85[1]\xe3\x80\x82\r\n\r\r\n\t \x0c\xed\xa0\x80\xff\xc0\x80 \xea\xb0\x80\xe1\x86\xa8",
    NULL,
};

static const RecipeClean settings = {TRUE, TRUE, TRUE, TRUE, TRUE, TRUE, 0, 0, G_MAXUINT64, {NULL, 0}, 0.5};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *mark = size ? memchr(data, 0x1e, size) : NULL;
    gsize body = mark ? (gsize)(mark - data) + 1 : 0;
    g_autofree char *title = mark ? g_strndup((const char *)data, body - 1) : NULL;
    g_autofree char *text = g_memdup2(data + body, size - body);
    g_auto(Buffer) once = {.limit = DOCUMENT_TEXT_LIMIT};
    g_auto(Buffer) twice = {.limit = DOCUMENT_TEXT_LIMIT};
    CleanReport report;
    gboolean kept = clean_text(&settings, title, text, size - body, &once, &report);
    g_assert_true(g_utf8_validate_len(once.data ? once.data : "", once.length, NULL));
    if (!kept)
        return 0;
    g_assert_true(clean_text(&settings, NULL, once.data, once.length, &twice, &report));
    g_assert_cmpmem(once.data, once.length, twice.data, twice.length);
    return 0;
}
