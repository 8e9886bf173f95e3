/* SPDX-License-Identifier: Apache-2.0
 * store/licence.h: what publishers call licences, and their identifiers. */
#include "store/licence.h"

typedef struct Name {
    const char *words, *id;
} Name;

static void assert_names(const Name *names, gsize count)
{
    for (gsize i = 0; i < count; i++) {
        g_autofree char *id = licence_identifier(names[i].words);
        g_test_message("%s", names[i].words ? names[i].words : "(none)");
        g_assert_cmpstr(id, ==, names[i].id);
    }
}

static void test_identifiers_are_known_in_any_case(void)
{
    static const Name names[] = {
        {"CC-BY-4.0", "CC-BY-4.0"}, {"cc-by-4.0", "CC-BY-4.0"}, {"CC-BY-SA-2.0-UK", "CC-BY-SA-2.0-UK"},
        {"cc-by-nc-sa-3.0-igo", "CC-BY-NC-SA-3.0-IGO"}, {"cc0-1.0", "CC0-1.0"}, {"apache-2.0", "Apache-2.0"}, {"MIT", "MIT"},
        {"odc-by-1.0", "ODC-By-1.0"}, {"LicenseRef-CC-BY-ND", "LicenseRef-CC-BY-ND"},
        {"licenseref-public-domain", LICENCE_PUBLIC_DOMAIN},
    };
    assert_names(names, G_N_ELEMENTS(names));
}

static void test_names_in_words_are_known(void)
{
    static const Name names[] = {
        {"CC BY 4.0", "CC-BY-4.0"}, {"CC BY-NC-ND 3.0", "CC-BY-NC-ND-3.0"}, {"CC BY 4", "CC-BY-4.0"}, {" cc by-sa 3.0 igo ", "CC-BY-SA-3.0-IGO"},
        {"Creative Commons Attribution 4.0 International", "CC-BY-4.0"},
        {"Creative Commons Attribution-NonCommercial-NoDerivatives 4.0 International Public License", "CC-BY-NC-ND-4.0"},
        {"Attribution-ShareAlike 3.0 Unported", "CC-BY-SA-3.0"}, {"cc0", "CC0-1.0"}, {"CC0 1.0 Universal", "CC0-1.0"},
        {"Public Domain", LICENCE_PUBLIC_DOMAIN}, {"public-domain", LICENCE_PUBLIC_DOMAIN}, {"Apache License 2.0", "Apache-2.0"},
        {"Open Government Licence v3.0", "OGL-UK-3.0"}, {"ODC-BY", "ODC-By-1.0"},
    };
    assert_names(names, G_N_ELEMENTS(names));
}

static void test_licences_without_a_version_get_a_reference(void)
{
    static const Name names[] = {
        {"CCBY", "LicenseRef-CC-BY"}, {"CCBYNC", "LicenseRef-CC-BY-NC"}, {"CCBYNCND", "LicenseRef-CC-BY-NC-ND"},
        {"CCBYNCSA", "LicenseRef-CC-BY-NC-SA"}, {"CCBYSA", "LicenseRef-CC-BY-SA"}, {"CCBYND", "LicenseRef-CC-BY-ND"},
        {"CC BY", "LicenseRef-CC-BY"}, {"cc-by-nc-nd", "LicenseRef-CC-BY-NC-ND"}, {"CC BY-NC", "LicenseRef-CC-BY-NC"},
    };
    assert_names(names, G_N_ELEMENTS(names));
}

static void test_addresses_are_known(void)
{
    static const Name names[] = {
        {"https://creativecommons.org/licenses/by/4.0/", "CC-BY-4.0"}, {"http://creativecommons.org/licenses/by-nc-nd/4.0/legalcode", "CC-BY-NC-ND-4.0"},
        {"http://www.creativecommons.org/licenses/by/3.0/igo/", "CC-BY-3.0-IGO"}, {"https://creativecommons.org/publicdomain/zero/1.0/", "CC0-1.0"},
        {"http://creativecommons.org/licenses/by-nd-nc/1.0/", "CC-BY-NC-ND-1.0"},
        {"https://creativecommons.org/publicdomain/mark/1.0/", LICENCE_PUBLIC_DOMAIN}, {"https://opensource.org/licenses/MIT", "MIT"},
        {"https://www.apache.org/licenses/LICENSE-2.0.txt", "Apache-2.0"}, {"https://spdx.org/licenses/CC-BY-SA-4.0.html", "CC-BY-SA-4.0"},
        {"http://www.nationalarchives.gov.uk/doc/open-government-licence/version/3/", "OGL-UK-3.0"},
        {"https://opendatacommons.org/licenses/by/1-0/", "ODC-By-1.0"},
    };
    assert_names(names, G_N_ELEMENTS(names));
}

static void test_other_words_are_no_licence(void)
{
    static const Name names[] = {
        {NULL, NULL}, {"", NULL}, {"CC", NULL}, {"BY", NULL}, {"Attribution", NULL}, {"CC-BY-9.0", NULL}, {"CC-BY-4.0-", "CC-BY-4.0"},
        {"CC-BY-4.0 or later", NULL}, {"CC-BY-4.0-LONG", NULL}, {"CC BY-SA-ND 4.0", NULL}, {"CC BY BY 4.0", NULL}, {"NO-CC CODE", NULL},
        {"All rights reserved", NULL}, {"LicenseRef-NLM-Terms", NULL}, {"publisher-specific-oa", NULL}, {"implied-oa", NULL},
        {"https://www.elsevier.com/open-access/userlicense/1.0/", NULL}, {"https://creativecommons.org/about", NULL},
        {"https://opensource.org/licenses/mitigation", NULL},
        {"Figures are CC BY, see https://creativecommons.org/licenses/by/4.0/", NULL}, {"\xff\xfe", NULL}, {"CC BY 4.0 \xc2\xa9", NULL},
    };
    assert_names(names, G_N_ELEMENTS(names));
}

static void assert_called(const char *licence, const char *page, const char *hub)
{
    g_autofree char *found_page = licence_page(licence), *found_hub = licence_hub_name(licence);
    g_assert_cmpstr(found_page, ==, page);
    g_assert_cmpstr(found_hub, ==, hub);
}

static void test_pages_and_hub_names(void)
{
    assert_called("CC-BY-SA-4.0", "https://spdx.org/licenses/CC-BY-SA-4.0.html", "cc-by-sa-4.0");
    assert_called("CC BY-SA 4.0", "https://spdx.org/licenses/CC-BY-SA-4.0.html", "cc-by-sa-4.0");
    assert_called("CC-BY-3.0-IGO", "https://spdx.org/licenses/CC-BY-3.0-IGO.html", NULL);
    assert_called("ODC-By-1.0", "https://spdx.org/licenses/ODC-By-1.0.html", "odc-by");
    assert_called("OGL-UK-3.0", "https://spdx.org/licenses/OGL-UK-3.0.html", NULL);
    assert_called("CCBY", NULL, "cc");
    assert_called("Reprinted with permission", NULL, NULL);
    assert_called(NULL, NULL, NULL);
}

static void test_addresses_are_found_in_texts(void)
{
    g_autofree char *found = licence_in_text("under <http://creativecommons.org/about> and creativecommons.org/licenses/by-nc/2.5/ca, and");
    g_assert_cmpstr(found, ==, "CC-BY-NC-2.5");
    g_assert_null(licence_in_text("creativecommons.org/licenses/by/"));
    g_assert_null(licence_in_text(NULL));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/licence/identifiers are known in any case", test_identifiers_are_known_in_any_case);
    g_test_add_func("/licence/names in words are known", test_names_in_words_are_known);
    g_test_add_func("/licence/licences without a version get a reference", test_licences_without_a_version_get_a_reference);
    g_test_add_func("/licence/addresses are known", test_addresses_are_known);
    g_test_add_func("/licence/other words are no licence", test_other_words_are_no_licence);
    g_test_add_func("/licence/licences have a page at SPDX and a name at the hub", test_pages_and_hub_names);
    g_test_add_func("/licence/addresses are found in texts", test_addresses_are_found_in_texts);
    return g_test_run();
}
