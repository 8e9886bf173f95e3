/* SPDX-License-Identifier: Apache-2.0
 * scrapers/formats/jats_elements.c: every element has a role, and what is left out is listed in the room's README. */
#include <string.h>

#include "scrapers/formats/jats_elements.h"

/* The names in backticks in the paragraph of README.md that begins with `start`. */
static GHashTable *names_in_readme(const char *start)
{
    g_autofree char *path = g_test_build_filename(G_TEST_DIST, "..", "scrapers", "formats", "README.md", NULL);
    g_autofree char *text = NULL;
    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    char *paragraph = strstr(text, start);
    g_assert_nonnull(paragraph);
    char *end = strstr(paragraph, "\n\n");
    if (end)
        *end = '\0';
    GHashTable *names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_auto(GStrv) parts = g_strsplit(paragraph, "`", -1);
    for (guint i = 1; parts[i]; i += 2)
        g_hash_table_add(names, g_strdup(parts[i]));
    return names;
}

static void test_the_readme_lists_what_is_left_out(void)
{
    g_autoptr(GHashTable) listed = names_in_readme("Elements of JATS that are left out");
    guint out = 0;
    for (guint name = XML_TEXT + 1; name < XML_NAME_COUNT; name++) {
        gboolean left_out = jats_role((XmlName)name) == JATS_OUT;
        gboolean said = g_hash_table_contains(listed, xml_name_string((XmlName)name));
        if (left_out != said)
            g_error("<%s> is %s in jats_elements.c and %s in README.md", xml_name_string((XmlName)name), left_out ? "left out" : "not left out",
                    said ? "listed" : "not listed");
        out += left_out;
    }
    g_assert_cmpuint(out, ==, g_hash_table_size(listed));
}

/* Comments, CDATA sections and attribute values may hold anything. */
static char *tags_of(const char *text)
{
    g_autoptr(GRegex) opaque = g_regex_new("<!--.*?-->|<!\\[CDATA\\[.*?\\]\\]>|\"[^\"<]*\"", G_REGEX_DOTALL | G_REGEX_RAW, 0, NULL);
    char *bare = g_regex_replace_literal(opaque, text, -1, 0, "", 0, NULL);
    g_assert_nonnull(bare);
    return bare;
}

static guint check_names(const char *path, const char *text)
{
    g_autofree char *bare = tags_of(text);
    guint names = 0;
    for (const char *at = bare; (at = strchr(at, '<')); at++) {
        gsize length = strcspn(at + 1, " \t\r\n/>");
        const char *colon = memchr(at + 1, ':', length);
        const char *local = colon ? colon + 1 : at + 1;
        if (!g_ascii_isalpha(at[1]))
            continue;
        XmlName name = xml_name_find(local, (gsize)(at + 1 + length - local));
        if (jats_role(jats_alias(name)) == JATS_UNKNOWN && name != XML_ARTICLES && name != XML_PMC_ARTICLESET)
            g_error("%s: <%.*s> has no role: give it one in jats_elements.c", path, (int)length, at + 1);
        names++;
    }
    return names;
}

static gboolean is_of_interest(const char *path, const char *text)
{
    gboolean xml = g_str_has_suffix(path, ".xml") || g_str_has_suffix(path, ".nxml");
    gboolean about_unknown_names = strstr(path, "so_many_issues") != NULL;
    return xml && !about_unknown_names && (strstr(text, "<article ") || strstr(text, "<article>")) && !strstr(text, "<html");
}

static guint check_folder(const char *folder)
{
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    const char *name;
    guint names = 0;
    while (dir && (name = g_dir_read_name(dir))) {
        g_autofree char *path = g_build_filename(folder, name, NULL), *text = NULL;
        if (g_file_test(path, G_FILE_TEST_IS_DIR))
            names += check_folder(path);
        else if (g_file_get_contents(path, &text, NULL, NULL) && is_of_interest(path, text))
            names += check_names(path, text);
    }
    return names;
}

static void test_every_element_of_real_articles_has_a_role(void)
{
    const char *root = g_getenv("GALEN_REAL_DATA");
    g_autofree char *folder = root ? g_build_filename(root, "jats", NULL)
                                   : g_test_build_filename(G_TEST_DIST, "..", "..", "shared", "data", "jats", NULL);
    if (!g_file_test(folder, G_FILE_TEST_IS_DIR)) {
        g_test_skip("no real articles at hand");
        return;
    }
    guint names = check_folder(folder);
    g_test_message("%u tags", names);
    g_assert_cmpuint(names, >, 100000);
}

static void test_every_element_of_the_invented_articles_has_a_role(void)
{
    g_autofree char *folder = g_test_build_filename(G_TEST_DIST, "fixtures", "jats", NULL);
    g_assert_cmpuint(check_folder(folder), >, 500);
}

static void test_html_goes_by_the_names_of_jats(void)
{
    for (guint name = XML_A; name <= XML_VAR; name++)
        g_assert_cmpint(jats_role(jats_alias((XmlName)name)), !=, JATS_UNKNOWN);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/jats/README lists the elements that are left out, and no others", test_the_readme_lists_what_is_left_out);
    g_test_add_func("/jats/every element of real articles has a role", test_every_element_of_real_articles_has_a_role);
    g_test_add_func("/jats/every element of the invented articles has a role", test_every_element_of_the_invented_articles_has_a_role);
    g_test_add_func("/jats/HTML goes by the names of JATS", test_html_goes_by_the_names_of_jats);
    return g_test_run();
}
