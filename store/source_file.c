/* SPDX-License-Identifier: Apache-2.0
 * Source files: where they lie, and what they say; see store/source_file.h. */
#include "store/source_file.h"

#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "base/yaml.h"
#include "config.h"
#include "store/recipe_source.h"

#define SOURCE_FILE_LIMIT ((gsize)1 << 20)
#define SUFFIX ".yaml"

/* ---- Where ---------------------------------------------------------------------------------------------------- */

GPtrArray *source_file_folders(void)
{
    GPtrArray *folders = g_ptr_array_new_with_free_func(g_free);
    g_auto(GStrv) named = g_strsplit(g_getenv("GALEN_SOURCES") ? g_getenv("GALEN_SOURCES") : "", ":", -1);
    for (char **folder = named; *folder; folder++)
        if (**folder)
            g_ptr_array_add(folders, g_strdup(*folder));
    g_ptr_array_add(folders, g_strdup(GALEN_DATADIR "/sources"));
    g_autofree char *program = g_file_read_link("/proc/self/exe", NULL);
    if (program) {
        g_autofree char *beside = g_path_get_dirname(program), *above = g_path_get_dirname(beside);
        g_ptr_array_add(folders, g_build_filename(above, "share", PACKAGE, "sources", NULL)); /* a prefix that was moved */
        g_ptr_array_add(folders, g_build_filename(above, "scrapers", "sources", NULL));
        g_ptr_array_add(folders, g_build_filename(beside, "scrapers", "sources", NULL));
    }
    return folders;
}

static char *find_path(const char *name, const char *folder, GError **error)
{
    g_autofree char *path = g_path_is_absolute(name) || !folder ? g_strdup(name) : g_build_filename(folder, name, NULL);
    if (g_file_test(path, G_FILE_TEST_EXISTS))
        return g_steal_pointer(&path);
    g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT, "%s: there is no such source file", path);
    return NULL;
}

char *source_file_find(const char *name, const char *folder, GError **error)
{
    if (strchr(name, '/') || g_str_has_suffix(name, SUFFIX))
        return find_path(name, folder, error);
    g_autoptr(GPtrArray) folders = source_file_folders();
    g_autofree char *file = g_strconcat(name, SUFFIX, NULL);
    g_autoptr(GString) searched = g_string_new(NULL);
    for (guint i = 0; i < folders->len; i++) {
        g_autofree char *path = g_build_filename(folders->pdata[i], file, NULL);
        if (g_file_test(path, G_FILE_TEST_EXISTS))
            return g_steal_pointer(&path);
        g_string_append_printf(searched, "\n  %s", (const char *)folders->pdata[i]);
    }
    g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT,
                "there is no source file %s in these folders:%s\nset GALEN_SOURCES to the folder that holds it, or give its path", file,
                searched->str);
    return NULL;
}

static int compare_strings(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

GPtrArray *source_file_tags(void)
{
    GPtrArray *tags = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GPtrArray) folders = source_file_folders();
    for (guint i = 0; i < folders->len; i++) {
        g_autoptr(GDir) listing = g_dir_open(folders->pdata[i], 0, NULL);
        const char *name;
        while (listing && (name = g_dir_read_name(listing))) {
            if (!g_str_has_suffix(name, SUFFIX) || *name == '.')
                continue;
            g_autofree char *tag = g_strndup(name, strlen(name) - strlen(SUFFIX));
            if (!g_ptr_array_find_with_equal_func(tags, tag, g_str_equal, NULL))
                g_ptr_array_add(tags, g_steal_pointer(&tag));
        }
    }
    g_ptr_array_sort(tags, compare_strings);
    return tags;
}

/* ---- What ----------------------------------------------------------------------------------------------------- */

static gboolean country_is_good(const char *country)
{
    gsize capitals = strspn(country, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
    return strcmp(country, "international") == 0 || (country[capitals] == '\0' && (capitals == 2 || capitals == 3));
}

/* The number of the first line that holds `key: value`, to point at it; 1 if there is none. */
static unsigned line_of(const char *text, const char *key, const char *value)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (unsigned i = 0; lines[i]; i++) {
        const char *at = strstr(lines[i], key);
        if (at && at[strlen(key)] == ':' && strstr(at, value))
            return i + 1;
    }
    return 1;
}

static gboolean check_facts(const SourceFile *file, GError **error)
{
    static const char *const audiences[] = {"doctor", "patient", "both", NULL};
    if (file->audience && !g_strv_contains(audiences, file->audience)) {
        g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT, "%s:%u: audience is doctor, patient or both, not '%s'", file->path,
                    line_of(file->text, "audience", file->audience), file->audience);
        return FALSE;
    }
    if (file->country && !country_is_good(file->country)) {
        g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT,
                    "%s:%u: country is an ISO 3166 code in capitals (CA, CAN) or 'international', not '%s'", file->path,
                    line_of(file->text, "country", file->country), file->country);
        return FALSE;
    }
    return TRUE;
}

static void take_facts(SourceFile *file, const FileSource *loaded)
{
    file->publisher = loaded->publisher;
    file->homepage = loaded->homepage;
    file->audience = loaded->audience;
    file->country = loaded->country;
    file->notes = loaded->notes;
    file->expected = loaded->expected ? *loaded->expected : (SourceExpected){0};
    file->tests = loaded->tests;
    file->tests_count = loaded->tests_count;
}

SourceFile *source_file_load(const char *path, GError **error)
{
    g_autoptr(SourceFile) file = g_new0(SourceFile, 1);
    file->path = g_strdup(path);
    if (!file_read(path, SOURCE_FILE_LIMIT, &file->text, NULL, error) || !yaml_read_short(path, &source_file_schema, recipe_shorthands, &file->loaded, error))
        return NULL;
    take_facts(file, file->loaded);
    if (!recipe_source_make(path, 0, file->loaded, NULL, &file->source, error) || !check_facts(file, error))
        return NULL;
    file->source.clean = recipe_clean_default();
    recipe_clean_apply(&file->source.clean, ((const FileSource *)file->loaded)->clean);
    if (!recipe_clean_check(&file->source.clean, path, "clean", error))
        return NULL;
    file->source.file = file->path;
    file->source.file_text = file->text;
    return g_steal_pointer(&file);
}

void source_file_free(SourceFile *file)
{
    if (!file)
        return;
    recipe_source_clear(&file->source);
    if (file->loaded)
        yaml_release(&source_file_schema, file->loaded);
    g_free(file->path);
    g_free(file->text);
    g_free(file);
}
