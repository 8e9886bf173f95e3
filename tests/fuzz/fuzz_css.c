/* SPDX-License-Identifier: Apache-2.0
 * Fuzz target: CSS selectors. Whatever is taken must be XPath that libxml2 compiles. */
#include <stdint.h>

#include "scrapers/extract/css.h"
#include "scrapers/extract/selector.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
extern const char *const fuzz_seeds[];

const char *const fuzz_seeds[] = {
    "div.article-body > p:not(.note):not([hidden]), #main h1.title",
    "a[href^='/guidance/'][title*=\"adults\"] span , *",
    "main  article>section[ data-kind = chapter ] .x\\:y\\'z",
    ":not(nav) ul.list-1 li:not(#first) a[rel]",
    NULL,
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *selector = g_strndup(size ? (const char *)data : "", size);
    g_autofree char *xpath = css_to_xpath(selector, NULL);
    if (xpath) {
        g_autoptr(GError) error = NULL;
        g_autofree char *compiled = selector_to_xpath(xpath, &error);
        g_assert_no_error(error);
        g_assert_cmpstr(compiled, ==, xpath);
    }
    g_free(selector_lint(selector));
    g_free(selector_to_xpath(selector, NULL));
    return 0;
}
