/* SPDX-License-Identifier: Apache-2.0
 * store/export/rights.h: what a licence lets one do with a text, and its names. */
#include "store/export/rights.h"

static void test_creative_commons(void)
{
    g_assert_cmpint(rights_of("CC-BY-4.0"), ==, RIGHTS_GRANTED);
    g_assert_cmpint(rights_of("CC-BY-NC-SA-3.0-IGO"), ==, RIGHTS_GRANTED);
    g_assert_cmpint(rights_of("CC-BY-SA-2.0-UK"), ==, RIGHTS_GRANTED);
    g_assert_cmpint(rights_of("CC0-1.0"), ==, RIGHTS_GRANTED);
    g_assert_cmpint(rights_of("CC-BY-NC-ND-4.0"), ==, RIGHTS_DENIED);
    g_assert_cmpint(rights_of("CC-BY-ND-3.0"), ==, RIGHTS_DENIED);
}

static void test_unknown(void)
{
    static const char *const words[] = {"", "CCBY", "CC-BY", "CC-BY-9.0", "CC-BY-4.0-", "CC-BY-4.0 or later", "CC-BY-4.0-LONG", "cc-by-4.0", "All rights reserved"};
    g_assert_cmpint(rights_of(NULL), ==, RIGHTS_UNKNOWN);
    for (gsize i = 0; i < G_N_ELEMENTS(words); i++)
        g_assert_cmpint(rights_of(words[i]), ==, RIGHTS_UNKNOWN);
}

static void test_own_licence(void)
{
    g_assert_true(rights_allow("CC-BY-4.0", NULL, FALSE));
    g_assert_false(rights_allow("CC-BY-ND-4.0", NULL, TRUE));
    g_assert_false(rights_allow("All rights reserved", "MIT", FALSE));
    g_assert_true(rights_allow("In the public domain", NULL, TRUE));
    g_assert_false(rights_allow(NULL, "CC-BY-4.0", FALSE));
}

static void test_source_licence(void)
{
    g_assert_false(rights_allow("CC-BY-4.0", "CC-BY-4.0", FALSE));
    g_assert_true(rights_allow("CC-BY-ND-4.0", "CC-BY-ND-4.0", TRUE));
}

static void assert_names(const char *licence, const char *page, const char *hub)
{
    g_autofree char *found_page = licence_page(licence), *found_hub = licence_hub_name(licence);
    g_assert_cmpstr(found_page, ==, page);
    g_assert_cmpstr(found_hub, ==, hub);
}

static void test_names(void)
{
    assert_names("CC-BY-SA-4.0", "https://spdx.org/licenses/CC-BY-SA-4.0.html", "cc-by-sa-4.0");
    assert_names("CC-BY-3.0-IGO", "https://spdx.org/licenses/CC-BY-3.0-IGO.html", NULL);
    assert_names("ODC-By-1.0", "https://spdx.org/licenses/ODC-By-1.0.html", "odc-by");
    assert_names("OGL-UK-3.0", "https://spdx.org/licenses/OGL-UK-3.0.html", NULL);
    assert_names("Reprinted with permission", NULL, NULL);
    assert_names(NULL, NULL, NULL);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/rights/Creative Commons licences grant but for ND", test_creative_commons);
    g_test_add_func("/rights/what is no identifier is unknown", test_unknown);
    g_test_add_func("/rights/a document's own licence decides where it is known", test_own_licence);
    g_test_add_func("/rights/of the source's licence the recipe decides", test_source_licence);
    g_test_add_func("/rights/licences have a page at SPDX and a name at the hub", test_names);
    return g_test_run();
}
