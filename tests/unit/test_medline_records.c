/* SPDX-License-Identifier: Apache-2.0
 * scrapers/formats/medline*.c over whole files: thirty invented records against what a person expects of them, and, where
 * they are at hand, real ones: no word of an abstract is lost, and no element is of a name that nobody thought of. */
#include <string.h>

#include "scrapers/formats/medline_elements.h"
#include "tests/unit/parse_helper.h"

#define REAL_SHARE 0.99 /* of the words of a file's abstracts that must be in its texts */

/* ---- What a person expects ------------------------------------------------------------------------------------- */

static void append_value(GString *list, const json_t *value)
{
    if (json_is_true(value))
        g_string_append(list, "yes");
    else if (json_is_integer(value))
        g_string_append_printf(list, "%d", (int)json_integer_value(value));
    else if (json_is_object(value)) /* a link to another citation */
        g_string_append_printf(list, "%s %s", json_get_string(value, "type"),
                               json_get_string(value, "pmid") ? json_get_string(value, "pmid") : json_get_string(value, "source"));
    else
        g_string_append(list, json_string_value(value));
}

static void append_meta(GString *list, const char *text)
{
    g_autoptr(json_t) meta = json_loads(text ? text : "{}", 0, NULL);
    const char *key;
    const json_t *value;
    g_assert_true(json_is_object(meta));
    g_autofree char *again = json_write(meta);
    g_assert_cmpstr(text ? text : "{}", ==, again); /* as json_write orders and escapes it */
    json_object_foreach(meta, key, value) {
        g_string_append_printf(list, "%s: ", key);
        for (gsize i = 0; i < json_array_size(value); i++) {
            g_string_append(list, i ? " | " : "");
            append_value(list, json_array_get(value, i));
        }
        if (!json_is_array(value))
            append_value(list, value);
        g_string_append_c(list, '\n');
    }
}

/* A record in the form of records.txt. */
static char *describe(unsigned number, const Record *record)
{
    RecipeSource source = {.tag = (char *)"test", .format = (char *)"medline"};
    g_autoptr(ParseOptions) options = parse_options_new(&source);
    g_auto(Document) document = {0};
    ParseFailure failure = {0};
    gboolean good = format_medline.parse(record, options, &document, &failure);
    GString *list = g_string_new(NULL);
    const char *id = strrchr(document.id, '/');
    g_string_append_printf(list, "== %u  %s%s%s\n", number, id ? id + 1 : document.id, document.title ? "  " : "",
                           document.title ? document.title : "");
    if (document.language)
        g_string_append_printf(list, "language: %s\n", document.language);
    if (document.date)
        g_string_append_printf(list, "date: %s\n", document.date);
    append_meta(list, document.meta);
    if (good)
        g_string_append_printf(list, "----\n%s\n----\n", document.text);
    else
        g_string_append_printf(list, "rule: %s: %s\n", failure.rule, failure.detail);
    return g_string_free(list, FALSE);
}

static void test_thirty_records_are_as_a_person_expects_them(void)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *xml = g_test_build_filename(G_TEST_DIST, "fixtures", "medline", "records.xml", NULL);
    g_autofree char *txt = g_test_build_filename(G_TEST_DIST, "fixtures", "medline", "records.txt", NULL), *text = NULL;
    g_assert_true(g_file_get_contents(txt, &text, NULL, NULL));
    g_auto(GStrv) expected = g_strsplit(text, "\n\n== ", -1);
    g_autoptr(RecordReader) reader = record_reader_open(&format_medline, xml, &error);
    g_assert_no_error(error);
    unsigned number = 1;
    for (;; number++) {
        g_auto(Record) record = {0};
        int more = record_reader_next(reader, &record, &error);
        g_assert_no_error(error);
        if (more == 0)
            break;
        g_autofree char *got = describe(number, &record);
        g_assert_nonnull(expected[number]); /* expected[0] is the preface */
        g_autofree char *wanted = g_strconcat("== ", g_strchomp(expected[number]), "\n", NULL);
        g_assert_cmpstr(got, ==, wanted);
    }
    g_assert_cmpuint(number, ==, 31);
    g_assert_cmpuint(g_strv_length(expected), ==, 31);
}

/* ---- What the README says ---------------------------------------------------------------------------------------- */

static void test_the_readme_lists_what_is_left_out(void)
{
    g_autofree char *path = g_test_build_filename(G_TEST_DIST, "..", "scrapers", "formats", "README.md", NULL), *text = NULL;
    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    char *section = strstr(text, "## What MEDLINE loses");
    g_assert_nonnull(section);
    for (gsize i = 0; i < MEDLINE_NAMES; i++) {
        g_autofree char *pattern = g_strdup_printf("\\b%s\\b", medline_vocabulary[i].name);
        gboolean listed = g_regex_match_simple(pattern, section, 0, 0);
        if (medline_vocabulary[i].treatment == TAPE_SKIPPED && !listed)
            g_error("scrapers/formats/README.md does not say that %s is left out", medline_vocabulary[i].name);
    }
}

/* ---- Real files ---------------------------------------------------------------------------------------------------- */

static gboolean is_known(const char *name, gsize size)
{
    for (gsize i = 0; i < MEDLINE_NAMES; i++)
        if (strlen(medline_vocabulary[i].name) == size && strncmp(medline_vocabulary[i].name, name, size) == 0)
            return TRUE;
    return FALSE;
}

/* Every tag's name but those of formulas, which have a prefix or stand inside <math>. */
static void check_names(const char *path, const Record *record)
{
    const char *at = record->bytes;
    while ((at = strchr(at, '<'))) {
        const char *name = ++at;
        gsize size = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789:");
        if (strncmp(name, "!--", 3) == 0)
            at = strstr(name, "-->");
        else if (size > 0 && !memchr(name, ':', size) && !is_known(name, size))
            g_error("%s: <%.*s> is neither read nor left out on purpose (medline_elements.h)", path, (int)size, name);
    }
}

/* The abstract's text by cruder means: tags away, what publishers call their rights away. */
static char *crude_abstract(const Record *record)
{
    const char *begin = strstr(record->bytes, "<Abstract>"), *end = begin ? strstr(begin, "</Abstract>") : NULL;
    if (!end)
        return g_strdup("");
    g_autofree char *all = g_strndup(begin, (gsize)(end - begin));
    static const char *const replacements[][2] = {{"<CopyrightInformation.*?</CopyrightInformation>", " "}, {"<mml:math.*?</mml:math>", " "},
                                                  {"</?AbstractText[^>]*>", " "}, {"<[^>]*>", ""},
                                                  {"&(lt|gt|amp|quot|apos|#[0-9]+|#x[0-9a-fA-F]+);", " "}};
    char *text = g_steal_pointer(&all);
    for (gsize i = 0; i < G_N_ELEMENTS(replacements); i++) {
        g_autoptr(GRegex) regex = g_regex_new(replacements[i][0], G_REGEX_DOTALL, 0, NULL);
        char *next = g_regex_replace_literal(regex, text, -1, 0, replacements[i][1], 0, NULL);
        g_free(text);
        text = next;
    }
    return text;
}

/* Words without the marks of superscripts and subscripts. */
static GHashTable *words_of(const char *text, gsize *count)
{
    GHashTable *words = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_autoptr(GRegex) marks = g_regex_new("[_^]\\(?", 0, 0, NULL);
    g_autofree char *bare = g_regex_replace_literal(marks, text, -1, 0, "", 0, NULL);
    g_auto(GStrv) list = g_regex_split_simple("[^A-Za-z0-9]+", bare, 0, 0);
    *count = 0;
    for (char **word = list; *word; word++) {
        if (!**word)
            continue;
        gpointer seen = g_hash_table_lookup(words, *word);
        g_hash_table_insert(words, g_strdup(*word), GUINT_TO_POINTER(GPOINTER_TO_UINT(seen) + 1));
        ++*count;
    }
    return words;
}

/* How many of the words of `crude` are in `text`. */
static gsize words_kept(const char *crude, const char *text, gsize *all)
{
    gsize unused, kept = 0;
    g_autoptr(GHashTable) wanted = words_of(crude, all);
    g_autoptr(GHashTable) got = words_of(text, &unused);
    GHashTableIter iterator;
    gpointer word, count;
    g_hash_table_iter_init(&iterator, wanted);
    while (g_hash_table_iter_next(&iterator, &word, &count))
        kept += MIN(GPOINTER_TO_UINT(count), GPOINTER_TO_UINT(g_hash_table_lookup(got, word)));
    return kept;
}

static unsigned check_file(const char *path)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(RecordReader) reader = record_reader_open(&format_medline, path, &error);
    gsize all = 0, kept = 0;
    unsigned records = 0;
    RecipeSource source = {.tag = (char *)"test", .format = (char *)"medline"};
    g_autoptr(ParseOptions) options = parse_options_new(&source);
    g_assert_no_error(error);
    for (;; records++) {
        g_auto(Record) record = {0};
        g_auto(Document) document = {0};
        ParseFailure failure = {0};
        gsize count;
        int more = record_reader_next(reader, &record, &error);
        g_assert_no_error(error);
        if (more == 0)
            break;
        gboolean good = format_medline.parse(&record, options, &document, &failure);
        if (!good && strcmp(failure.rule, RULE_NO_TEXT) != 0 && strcmp(failure.rule, RULE_DELETED) != 0)
            g_error("%s: %s: %s", record.origin, failure.rule, failure.detail);
        check_names(path, &record);
        g_autofree char *crude = crude_abstract(&record);
        kept += words_kept(crude, document.text ? document.text : "", &count);
        all += count;
    }
    if ((double)kept < REAL_SHARE * (double)all)
        g_error("%s: only %" G_GSIZE_FORMAT " of %" G_GSIZE_FORMAT " words of its abstracts are in the texts", path, kept, all);
    return records;
}

static unsigned check_folder(const char *folder)
{
    unsigned records = 0;
    g_autoptr(GDir) directory = g_dir_open(folder, 0, NULL);
    const char *name;
    while (directory && (name = g_dir_read_name(directory))) {
        g_autofree char *path = g_build_filename(folder, name, NULL);
        if (g_file_test(path, G_FILE_TEST_IS_DIR))
            records += check_folder(path);
        else if (g_str_has_suffix(name, ".xml") || g_str_has_suffix(name, ".xml.gz"))
            records += check_file(path);
    }
    return records;
}

static void test_real_files_lose_no_words_and_hold_no_unknown_names(void)
{
    g_autofree char *folder = g_test_build_filename(G_TEST_DIST, "..", "..", "shared", "data", "medline", NULL);
    if (!g_file_test(folder, G_FILE_TEST_IS_DIR)) {
        g_test_skip("no real files at ../shared/data/medline");
        return;
    }
    g_assert_cmpuint(check_folder(folder), >, 300);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/medline records/thirty of them are as a person expects them", test_thirty_records_are_as_a_person_expects_them);
    g_test_add_func("/medline records/the README lists what is left out", test_the_readme_lists_what_is_left_out);
    g_test_add_func("/medline records/real files lose no words and hold no unknown names", test_real_files_lose_no_words_and_hold_no_unknown_names);
    return g_test_run();
}
