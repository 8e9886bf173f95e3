/* SPDX-License-Identifier: Apache-2.0
 * Files beside weights, in memory; see train/model_files.h. */
#include "train/model_files.h"

#include "base/error.h"
#include "base/file.h"
#include "store/tokenizer_store.h"
#include "train/convert_files.h"

#define LIMIT ((gsize)256 << 20)

typedef struct ModelFile {
    char *name, *data;
    gsize length;
} ModelFile;

struct ModelFiles {
    GArray *files; /* of ModelFile */
    gsize bytes;
};

static void file_clear(gpointer data)
{
    ModelFile *file = data;
    g_free(file->name);
    g_free(file->data);
}

static ModelFiles *model_files_new(void)
{
    ModelFiles *files = g_new0(ModelFiles, 1);
    files->files = g_array_new(FALSE, FALSE, sizeof(ModelFile));
    g_array_set_clear_func(files->files, file_clear);
    return files;
}

void model_files_free(ModelFiles *files)
{
    if (!files)
        return;
    g_array_unref(files->files);
    g_free(files);
}

static gboolean add(ModelFiles *files, const char *directory, const char *name, GError **error)
{
    ModelFile file = {0};
    g_autofree char *path = g_build_filename(directory, name, NULL);
    if (!file_read(path, LIMIT - files->bytes, &file.data, &file.length, error)) {
        g_prefix_error(error, "of the files beside a model's weights, which every checkpoint gets: ");
        return FALSE;
    }
    file.name = g_strdup(name);
    files->bytes += file.length;
    g_array_append_val(files->files, file);
    return TRUE;
}

static gboolean add_directory(ModelFiles *files, const char *directory, GError **error)
{
    g_autoptr(GPtrArray) left = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GPtrArray) names = convert_list_files(directory, left, error);
    for (guint i = 0; names && i < names->len; i++)
        if (!g_str_equal(names->pdata[i], "config.json") && !add(files, directory, names->pdata[i], error))
            return FALSE;
    return names != NULL;
}

static gboolean have_tokenizer(const ModelFiles *files)
{
    for (guint i = 0; i < files->files->len; i++) {
        const char *name = g_array_index(files->files, ModelFile, i).name;
        if (g_str_equal(name, "tokenizer.model") || g_str_equal(name, "tokenizer.json"))
            return TRUE;
    }
    return FALSE;
}

/* A store calls both kinds tokenizer.model; a tokenizer.json is an object. */
static const char *name_by_content(const ModelFile *file)
{
    gsize blank = 0;
    while (blank < file->length && g_ascii_isspace(file->data[blank]))
        blank++;
    return blank < file->length && file->data[blank] == '{' ? "tokenizer.json" : "tokenizer.model";
}

/* One that is not there is nothing that training needs. */
static gboolean add_tokenizer(ModelFiles *files, const char *store, GError **error)
{
    g_autofree char *path = g_build_filename(store, TOKENIZER_FILE, NULL);
    if (!g_file_test(path, G_FILE_TEST_EXISTS))
        return TRUE;
    if (!add(files, store, TOKENIZER_FILE, error))
        return FALSE;
    ModelFile *file = &g_array_index(files->files, ModelFile, files->files->len - 1);
    g_free(file->name);
    file->name = g_strdup(name_by_content(file));
    return TRUE;
}

ModelFiles *model_files_gather(const char *directory, const char *store, GError **error)
{
    g_autoptr(ModelFiles) files = model_files_new();
    if (directory && !add_directory(files, directory, error))
        return NULL;
    return have_tokenizer(files) || add_tokenizer(files, store, error) ? g_steal_pointer(&files) : NULL;
}

gboolean model_files_write(const ModelFiles *files, const char *directory, GError **error)
{
    for (guint i = 0; files && i < files->files->len; i++) {
        const ModelFile *file = &g_array_index(files->files, ModelFile, i);
        g_autofree char *path = g_build_filename(directory, file->name, NULL);
        if (!file_replace(path, file->data, file->length, error))
            return FALSE;
    }
    return TRUE;
}
