/* SPDX-License-Identifier: Apache-2.0
 * Files beside weights, in memory; see train/model_files.h. */
#include "train/model_files.h"

#include "base/file.h"
#include "train/convert_files.h"

typedef struct ModelFile {
    char *name, *data;
    gsize length;
} ModelFile;

struct ModelFiles {
    GArray *files;  /* of ModelFile */
    GArray *tokens; /* of NewToken, which the tokenizer's file does not have */
    gsize bytes;
};

static void file_clear(gpointer data)
{
    ModelFile *file = data;
    g_free(file->name);
    g_free(file->data);
}

static void token_clear(gpointer token)
{
    g_free(((NewToken *)token)->text);
}

static ModelFiles *model_files_new(void)
{
    ModelFiles *files = g_new0(ModelFiles, 1);
    files->files = g_array_new(FALSE, FALSE, sizeof(ModelFile));
    files->tokens = g_array_new(FALSE, FALSE, sizeof(NewToken));
    g_array_set_clear_func(files->files, file_clear);
    g_array_set_clear_func(files->tokens, token_clear);
    return files;
}

void model_files_free(ModelFiles *files)
{
    if (!files)
        return;
    g_array_unref(files->files);
    g_array_unref(files->tokens);
    g_free(files);
}

void model_files_add(ModelFiles *files, const char *name, char *data, gsize length)
{
    ModelFile file = {g_strdup(name), data, length};
    files->bytes += length;
    g_array_append_val(files->files, file);
}

void model_files_add_token(ModelFiles *files, const char *text, gsize id)
{
    NewToken token = {.text = g_strdup(text), .id = id};
    g_array_append_val(files->tokens, token);
}

static gboolean add_file(ModelFiles *files, const char *directory, const char *name, GError **error)
{
    char *data;
    gsize length;
    g_autofree char *path = g_build_filename(directory, name, NULL);
    if (!file_read(path, MODEL_FILES_LIMIT - files->bytes, &data, &length, error)) {
        g_prefix_error(error, "of the files beside a model's weights, which every checkpoint gets: ");
        return FALSE;
    }
    model_files_add(files, name, data, length);
    return TRUE;
}

ModelFiles *model_files_read(const char *directory, GError **error)
{
    g_autoptr(ModelFiles) files = model_files_new();
    if (!directory)
        return g_steal_pointer(&files);
    g_autoptr(GPtrArray) left = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GPtrArray) names = convert_list_files(directory, left, error);
    if (!names)
        return NULL;
    for (guint i = 0; i < names->len; i++)
        if (!g_str_equal(names->pdata[i], "config.json") && !add_file(files, directory, names->pdata[i], error))
            return NULL;
    return g_steal_pointer(&files);
}

gboolean model_files_have_tokenizer(const ModelFiles *files)
{
    for (guint i = 0; i < files->files->len; i++) {
        const char *name = g_array_index(files->files, ModelFile, i).name;
        if (g_str_equal(name, "tokenizer.model") || g_str_equal(name, "tokenizer.json"))
            return TRUE;
    }
    return FALSE;
}

gboolean model_files_write(const ModelFiles *files, const char *directory, GError **error)
{
    for (guint i = 0; files && i < files->files->len; i++) {
        const ModelFile *file = &g_array_index(files->files, ModelFile, i);
        g_autofree char *path = g_build_filename(directory, file->name, NULL);
        if (!file_replace(path, file->data, file->length, error))
            return FALSE;
    }
    return !files || convert_add_tokens(directory, files->tokens, error);
}
