/* SPDX-License-Identifier: Apache-2.0
 * Files beside the weights; see train/convert_files.h. */
#include "train/convert_files.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "train/checkpoint_files.h"

#define SIZE_LIMIT ((off_t)256 << 20)
#define CHUNK ((gsize)8 << 20)

static gboolean is_weight(const char *name)
{
    static const char *const endings[] = {".bin", ".bin.index.json", ".pth", ".pt", ".ckpt", ".h5", ".msgpack", ".gguf", ".onnx"};
    for (gsize i = 0; i < G_N_ELEMENTS(endings); i++)
        if (g_str_has_suffix(name, endings[i]))
            return TRUE;
    return FALSE;
}

static gboolean is_ours(const char *name)
{
    return name[0] == '.' || g_str_equal(name, "state.json") || g_str_has_suffix(name, ".safetensors") ||
           g_str_has_suffix(name, ".safetensors.index.json");
}

static gboolean goes_along(const char *directory, const char *name)
{
    g_autofree char *path = g_build_filename(directory, name, NULL);
    struct stat status;
    return !is_weight(name) && stat(path, &status) == 0 && S_ISREG(status.st_mode) && status.st_size <= SIZE_LIMIT;
}

static int compare_strings(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

GPtrArray *convert_list_files(const char *directory, GPtrArray *left, GError **error)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GError) cause = NULL;
    GDir *listing = g_dir_open(directory, 0, &cause);
    if (!listing) {
        g_set_error(error, GALEN_ERROR, GALEN_ERROR_SYSTEM, "cannot read %s: %s", directory, cause->message);
        return NULL;
    }
    for (const char *name; (name = g_dir_read_name(listing));)
        if (!is_ours(name))
            g_ptr_array_add(goes_along(directory, name) ? names : left, g_strdup(name));
    g_dir_close(listing);
    g_ptr_array_sort(names, compare_strings);
    g_ptr_array_sort(left, compare_strings);
    return g_steal_pointer(&names);
}

static gboolean write_all(int descriptor, const char *data, gsize length)
{
    for (gsize done = 0; done < length;) {
        ssize_t put = write(descriptor, data + done, length - done);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return FALSE;
        done += (gsize)put;
    }
    return TRUE;
}

static gboolean copy_bytes(int from, int to)
{
    g_autofree char *chunk = g_malloc(CHUNK);
    ssize_t got;
    while ((got = read(from, chunk, CHUNK)) != 0) {
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0 || !write_all(to, chunk, (gsize)got))
            return FALSE;
    }
    return fsync(to) == 0;
}

gboolean convert_copy_file(const char *from, const char *to, const char *name, GError **error)
{
    g_autofree char *source = g_build_filename(from, name, NULL), *target = g_build_filename(to, name, NULL);
    int in = open(source, O_RDONLY | O_CLOEXEC);
    if (in < 0) {
        galen_error_set_errno(error, errno, "cannot open %s", source);
        return FALSE;
    }
    int out = open(target, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    gboolean good = out >= 0 && copy_bytes(in, out);
    int saved = errno;
    if (out >= 0 && close(out) < 0 && good) {
        good = FALSE;
        saved = errno;
    }
    close(in);
    if (!good)
        galen_error_set_errno(error, saved, "cannot copy %s to %s", source, target);
    return good;
}

/* ---- New tokens ---- */

static gboolean exists(const char *directory, const char *name)
{
    g_autofree char *path = g_build_filename(directory, name, NULL);
    return g_file_test(path, G_FILE_TEST_EXISTS);
}

static const NewToken *token_at(const GArray *tokens, guint i)
{
    return &g_array_index(tokens, NewToken, i);
}

/* {"[bib_ref]": 32000} */
static gboolean add_to_map(const char *directory, const GArray *tokens, GError **error)
{
    g_autoptr(json_t) map = exists(directory, "added_tokens.json") ? checkpoint_read_json(directory, "added_tokens.json", error) : json_object();
    if (!map)
        return FALSE;
    for (guint i = 0; i < tokens->len; i++)
        json_object_set_new(map, token_at(tokens, i)->text, json_integer((json_int_t)token_at(tokens, i)->id));
    return checkpoint_write_json(directory, "added_tokens.json", map, error);
}

static json_t *describe(const NewToken *token)
{
    return json_pack("{s:o, s:b, s:b, s:b, s:b, s:b}", "content", json_text(token->text), "lstrip", 0, "normalized", 0, "rstrip", 0,
                     "single_word", 0, "special", 1);
}

/* What the file has under `key`, of this type, or an empty one that it then has; borrowed. */
static json_t *collection_of(json_t *file, json_type type, const char *directory, const char *name, const char *key, GError **error)
{
    if (!json_object_get(file, key))
        json_object_set_new(file, key, type == JSON_ARRAY ? json_array() : json_object());
    json_t *collection = json_object_get(file, key);
    if (collection && json_typeof(collection) == type)
        return collection;
    g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT, "%s/%s: its %s is not what new tokens could be added to", directory, name, key);
    return NULL;
}

/* "added_tokens": [{"id": 32000, "content": "[bib_ref]", ...}] */
static gboolean add_to_tokenizer(const char *directory, const GArray *tokens, GError **error)
{
    const char *name = "tokenizer.json", *key = "added_tokens";
    if (!exists(directory, name))
        return TRUE;
    g_autoptr(json_t) file = checkpoint_read_json(directory, name, error);
    if (!file)
        return FALSE;
    json_t *list = collection_of(file, JSON_ARRAY, directory, name, key, error);
    if (!list)
        return FALSE;
    for (guint i = 0; i < tokens->len; i++) {
        json_t *entry = json_pack("{s:I}", "id", (json_int_t)token_at(tokens, i)->id);
        g_autoptr(json_t) description = describe(token_at(tokens, i));
        json_object_update(entry, description);
        json_array_append_new(list, entry);
    }
    return checkpoint_write_json(directory, name, file, error);
}

/* "added_tokens_decoder": {"32000": {"content": "[bib_ref]", ...}} */
static gboolean add_to_settings(const char *directory, const GArray *tokens, GError **error)
{
    const char *name = "tokenizer_config.json", *key = "added_tokens_decoder";
    if (!exists(directory, name))
        return TRUE;
    g_autoptr(json_t) file = checkpoint_read_json(directory, name, error);
    if (!file)
        return FALSE;
    json_t *map = collection_of(file, JSON_OBJECT, directory, name, key, error);
    if (!map)
        return FALSE;
    for (guint i = 0; i < tokens->len; i++) {
        g_autofree char *id = g_strdup_printf("%" G_GSIZE_FORMAT, token_at(tokens, i)->id);
        json_object_set_new(map, id, describe(token_at(tokens, i)));
    }
    return checkpoint_write_json(directory, name, file, error);
}

gboolean convert_add_tokens(const char *directory, const GArray *tokens, GError **error)
{
    return !tokens->len || (add_to_map(directory, tokens, error) && add_to_tokenizer(directory, tokens, error) &&
                                  add_to_settings(directory, tokens, error));
}
