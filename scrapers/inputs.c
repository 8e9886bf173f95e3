/* SPDX-License-Identifier: Apache-2.0
 * From the recipe's sources to a list of files; see scrapers/inputs.h. */
#include "scrapers/inputs.h"

#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/file.h"
#include "base/hash.h"
#include "scrapers/extract/selector.h"

#define INPUTS_LINE "inputs "
/* Raised whenever a parser or splitter gives other documents for the same bytes. */
#define INGEST_VERSION "6"

static void input_free(gpointer data)
{
    Input *input = data;
    g_free(input->path);
    g_free(input->name);
    g_free(input);
}

char *inputs_capture_path(const char *store_directory, const char *tag)
{
    g_autofree char *file = g_strconcat(tag, ".warc.gz", NULL);
    return g_build_filename(store_directory, "captures", file, NULL);
}

char *inputs_name_in_utf8(const char *name)
{
    GString *text = g_string_new(NULL);
    const char *end;
    while (!g_utf8_validate(name, -1, &end)) {
        g_string_append_len(text, name, end - name);
        g_string_append_printf(text, "%%%02X", (guchar)*end);
        name = end + 1;
    }
    g_string_append(text, name);
    return g_string_free(text, FALSE);
}

/* Pages of a crawl are read from our WARC file. */
static const Format *format_of(const RecipeSource *source)
{
    return format_find(source->crawl ? "warc" : source->format);
}

static gboolean add_input(GPtrArray *inputs, const RecipeSource *source, const char *path, const char *name, GError **error)
{
    struct stat status;
    if (!file_examine(path, &status, error))
        return FALSE;
    Input *input = g_new0(Input, 1);
    *input = (Input){
        .source = source,
        .format = source ? format_of(source) : NULL,
        .path = g_strdup(path),
        .name = inputs_name_in_utf8(name),
        .crawled = source && source->crawl,
        .size = (guint64)status.st_size,
        .changed = (gint64)status.st_mtim.tv_sec * 1000000000 + status.st_mtim.tv_nsec,
    };
    g_ptr_array_add(inputs, input);
    return TRUE;
}

/* The path as the recipe's author would write it. */
static const char *name_of(const Recipe *recipe, const char *path)
{
    gsize length = strlen(recipe->base_directory);
    gboolean inside = strncmp(path, recipe->base_directory, length) == 0 && path[length] == '/';
    return inside ? path + length + 1 : path;
}

/* Whether a file of a folder that is read whole may hold records: by its name, without the ends that say how it is packed. */
static gboolean name_fits(const Format *format, const char *name)
{
    static const char *const packed[] = {".gz", ".bz2", ".xz", ".zst"}, *const archives[] = {".tar", ".tgz", ".zip"};
    if (!format || !format->suffixes)
        return TRUE;
    g_autofree char *bare = g_ascii_strdown(name, -1);
    for (gsize i = 0; i < G_N_ELEMENTS(packed); i++)
        if (g_str_has_suffix(bare, packed[i]))
            bare[strlen(bare) - strlen(packed[i])] = '\0';
    for (gsize i = 0; i < G_N_ELEMENTS(archives); i++)
        if (g_str_has_suffix(bare, archives[i]))
            return TRUE;
    for (const char *const *suffix = format->suffixes; *suffix; suffix++)
        if (g_str_has_suffix(bare, *suffix))
            return TRUE;
    return FALSE;
}

/* The files of the folders that a pattern has caught. */
static GPtrArray *files_below(const GPtrArray *folders, const Format *format, GError **error)
{
    g_autoptr(GPtrArray) all = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; i < folders->len; i++)
        if (!file_tree(folders->pdata[i], all, error))
            return NULL;
    GPtrArray *files = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; i < all->len; i++)
        if (name_fits(format, all->pdata[i]))
            g_ptr_array_add(files, g_strdup(all->pdata[i]));
    return files;
}

/* A folder that a wildcard catches beside files is passed over; where a pattern catches folders alone, they are read. */
static GPtrArray *match_files(const Recipe *recipe, const RecipeSource *source, const char *pattern, GError **error)
{
    g_autoptr(GPtrArray) paths = file_glob(recipe->base_directory, pattern, error);
    if (!paths)
        return NULL;
    g_autoptr(GPtrArray) files = g_ptr_array_new_with_free_func(g_free), folders = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; i < paths->len; i++) {
        gboolean folder = g_file_test(paths->pdata[i], G_FILE_TEST_IS_DIR);
        g_ptr_array_add(folder ? folders : files, g_strdup(paths->pdata[i]));
    }
    if (files->len)
        return g_steal_pointer(&files);
    g_autoptr(GPtrArray) below = files_below(folders, source ? format_of(source) : NULL, error);
    if (below && below->len == 0) {
        g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT, "%s is a folder without a file %s", pattern,
                    source ? "of this format" : "in it");
        return NULL;
    }
    return g_steal_pointer(&below);
}

static gboolean add_matches(GPtrArray *inputs, const Recipe *recipe, const RecipeSource *source, const char *pattern, GHashTable *seen, GError **error)
{
    g_autoptr(GPtrArray) files = match_files(recipe, source, pattern, error);
    for (guint i = 0; files && i < files->len; i++) {
        char *path = files->pdata[i];
        if (!g_hash_table_contains(seen, path) && !add_input(inputs, source, path, name_of(recipe, path), error))
            return FALSE;
        g_hash_table_add(seen, g_strdup(path));
    }
    return files != NULL;
}

/* A file that several patterns of a source catch is read once. */
static gboolean add_files(GPtrArray *inputs, const Recipe *recipe, const RecipeSource *source, GError **error)
{
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (unsigned p = 0; p < source->paths.count; p++) {
        if (!add_matches(inputs, recipe, source, source->paths.items[p], seen, error)) {
            g_prefix_error(error, "source '%s': ", source->tag);
            return FALSE;
        }
    }
    return TRUE;
}

GPtrArray *inputs_citations(const Recipe *recipe, GError **error)
{
    g_autoptr(GPtrArray) inputs = g_ptr_array_new_with_free_func(input_free);
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    const RecipeStrings *patterns = &recipe->metadata.citations;
    for (unsigned p = 0; p < patterns->count; p++) {
        if (!add_matches(inputs, recipe, NULL, patterns->items[p], seen, error)) {
            g_prefix_error(error, "metadata: citations: ");
            return NULL;
        }
    }
    return g_steal_pointer(&inputs);
}

static gboolean check_format(const RecipeSource *source, GError **error)
{
    if (format_of(source))
        return TRUE;
    g_autoptr(GString) known = g_string_new(NULL);
    for (const Format *const *format = format_table; *format; format++)
        g_string_append_printf(known, "%s%s", known->len ? ", " : "", (*format)->name);
    g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT, "source '%s' has format '%s'; the formats are %s", source->tag, source->format, known->str);
    return FALSE;
}

static GPtrArray *list_inputs(const Recipe *recipe, const char *store_directory, GError **error)
{
    g_autoptr(GPtrArray) inputs = g_ptr_array_new_with_free_func(input_free);
    for (unsigned i = 0; i < recipe->sources_count; i++) {
        const RecipeSource *source = &recipe->sources[i];
        if (!check_format(source, error) || !selectors_check(source, error))
            return NULL;
        if (!source->crawl && !add_files(inputs, recipe, source, error))
            return NULL;
        if (!source->crawl || !store_directory)
            continue;
        g_autofree char *path = inputs_capture_path(store_directory, source->tag);
        if (!add_input(inputs, source, path, name_of(recipe, path), error))
            return NULL;
    }
    return g_steal_pointer(&inputs);
}

GPtrArray *inputs_list(const Recipe *recipe, const char *store_directory, GError **error)
{
    GPtrArray *inputs = list_inputs(recipe, store_directory, error);
    for (guint i = 0; inputs && i < inputs->len; i++) {
        Input *input = inputs->pdata[i];
        if (!input->crawled)
            continue;
        g_free(input->name);
        input->name = g_strdup_printf("captures/%s.warc.gz", input->source->tag);
    }
    return inputs;
}

gboolean inputs_check(const Recipe *recipe, GError **error)
{
    g_autoptr(GPtrArray) inputs = list_inputs(recipe, NULL, error);
    g_autoptr(GPtrArray) tables = inputs ? inputs_citations(recipe, error) : NULL;
    return tables != NULL;
}

static void append_strings(GString *text, const char *name, const RecipeStrings *strings)
{
    for (unsigned i = 0; i < strings->count; i++)
        g_string_append_printf(text, " %s=%s\n", name, strings->items[i]);
}

/* Everything that decides what ingest makes of a source's records. */
static char *source_settings(const RecipeSource *source)
{
    g_autoptr(GString) text = g_string_new(NULL);
    g_string_append_printf(text, "%s licence=%s text=%s id=%s title=%s tables=%d\n", source->format, source->licence ? source->licence : "",
                           source->text_field, source->id_field, source->extract.title ? source->extract.title : "", source->extract.tables);
    append_strings(text, "abstracts", &source->abstracts);
    g_string_append_printf(text, " labels_in_line=%d\n", source->labels_in_line);
    append_strings(text, "content", &source->extract.content);
    append_strings(text, "remove", &source->extract.remove);
    append_strings(text, "start_at", &source->extract.start_at);
    append_strings(text, "stop_at", &source->extract.stop_at);
    append_strings(text, "chapter", &source->extract.chapters.links);
    append_strings(text, "chapter_page", &source->extract.chapters.pages);
    append_strings(text, "chapter_skip", &source->extract.chapters.skip);
    if (source->crawl && source->extract.chapters.links.count)
        append_strings(text, "crawl_skip", &source->crawl->skip);
    g_string_append_printf(text, " date=%s\n", source->extract.date ? source->extract.date : "");
    if (source->compat)
        g_string_append_printf(text, " compat=%s\n", source->compat);
    if (source->sample < 1)
        g_string_append_printf(text, " sample=%.17g,%" G_GUINT64_FORMAT "\n", source->sample, source->sample_seed);
    if (source->crawl)
        append_strings(text, "page", &source->crawl->pages);
    if (source->file_text)
        g_string_append_printf(text, " file=%s\n", source->file_text);
    return g_string_free(g_steal_pointer(&text), FALSE);
}

/* A source's group, repeats, held-out share and name only matter to later stages, which have them in their own. */
char *inputs_settings(const Recipe *recipe)
{
    GString *text = g_string_new(NULL);
    fingerprint_add(text, "ingest " INGEST_VERSION);
    for (unsigned i = 0; i < recipe->sources_count; i++) {
        g_autofree char *settings = source_settings(&recipe->sources[i]);
        fingerprint_add_source_digest(text, recipe->sources[i].tag, "ingest", settings);
    }
    return g_string_free(text, FALSE);
}

static char *digest_of(const GPtrArray *inputs)
{
    char hex[SHA256_HEX_SIZE];
    g_autoptr(GString) text = g_string_new(NULL);
    for (guint i = 0; i < inputs->len; i++) {
        const Input *input = inputs->pdata[i];
        g_string_append_printf(text, "%s %s %" G_GUINT64_FORMAT " %" G_GINT64_FORMAT "\n", input->source->tag, input->name, input->size,
                               input->changed);
    }
    Sha256 digest = sha256(text->str, text->len);
    sha256_hex(&digest, hex);
    return g_strdup(hex);
}

char *inputs_fingerprint(const Recipe *recipe, const GPtrArray *inputs)
{
    g_autofree char *settings = inputs_settings(recipe), *digest = digest_of(inputs);
    GString *text = g_string_new(NULL);
    fingerprint_add(text, INPUTS_LINE "%s", digest);
    fingerprint_add_before(text, settings);
    return g_string_free(text, FALSE);
}

FingerprintMatch inputs_compare_settings(const char *before, const char *now)
{
    const char *rest = g_str_has_prefix(before, INPUTS_LINE) ? strchr(before, '\n') : NULL;
    return rest ? fingerprint_compare(rest + 1, now) : FINGERPRINT_DIFFERENT;
}
