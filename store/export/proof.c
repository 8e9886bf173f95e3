/* SPDX-License-Identifier: Apache-2.0
 * What an export is made of; see store/export/proof.h. */
#include "store/export/proof.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "config.h"

#define PROOF_LIMIT ((gsize)256 << 20)

/* Tokens in several formats may have one PATH. */
static char *proof_path(const char *export_path, const Exporter *exporter)
{
    gboolean shared = exporter->kind == EXPORT_TOKENS;
    return g_strconcat(export_path, shared ? "." : "", shared ? exporter->name : "", PROOF_SUFFIX, NULL);
}

void proof_add_file(json_t *files, const char *export_path, const char *path, guint64 bytes, const Sha256 *digest)
{
    char hex[SHA256_HEX_SIZE];
    g_autofree char *folder = g_path_get_dirname(export_path);
    const char *name = path;
    if (g_str_has_prefix(path, folder) && path[strlen(folder)] == '/')
        name = path + strlen(folder) + 1;
    sha256_hex(digest, hex);
    json_array_append_new(files, json_pack("{s:o, s:I, s:s}", "name", json_text(name), "bytes", (json_int_t)bytes, "sha256", hex));
}

static void set(json_t *proof, const char *key, const json_t *from, const char *from_key)
{
    json_t *value = json_object_get(from, from_key);
    json_object_set(proof, key, value ? value : json_null());
}

static json_t *recipe_part(const json_t *manifest)
{
    json_t *recipe = json_object();
    set(recipe, "name", json_object_get(manifest, "recipe"), "name");
    set(recipe, "sha256", json_object_get(manifest, "recipe"), "sha256");
    return recipe;
}

static void set_selection(json_t *proof, const Export *export, gboolean tokens)
{
    json_object_set_new(proof, "split", json_text(export->split));
    json_object_set_new(proof, "source", json_text(export->options->source));
    json_object_set_new(proof, "allow_not_redistributable", json_boolean(export->options->allow_not_redistributable));
    json_object_set_new(proof, "documents", json_integer((json_int_t)export->documents));
    if (tokens)
        json_object_set_new(proof, "tokens", json_integer((json_int_t)export->tokens));
    json_object_set_new(proof, "not_redistributable", json_integer((json_int_t)export->selection->refused));
    json_object_set_new(proof, "sources", selection_sources_json(export->selection, tokens));
    json_object_set_new(proof, "licences", selection_licences_json(export->selection));
}

json_t *proof_new(const Export *export, const Exporter *exporter)
{
    json_t *proof = json_object();
    json_object_set_new(proof, "version", json_integer(1));
    json_object_set_new(proof, "galen", json_string(PACKAGE_VERSION));
    json_object_set_new(proof, "format", json_string(exporter->name));
    set(proof, "root", export->manifest, "root");
    json_object_set_new(proof, "recipe", recipe_part(export->manifest));
    if (exporter->kind == EXPORT_TOKENS)
        set(proof, "tokenizer", export->manifest, "tokenizer");
    if (export->selection)
        set_selection(proof, export, exporter->kind == EXPORT_TOKENS);
    json_object_set(proof, "facts", export->facts);
    json_object_set(proof, "files", export->files);
    return proof;
}

gboolean proof_write(const char *export_path, const Exporter *exporter, const json_t *proof, GError **error)
{
    g_autofree char *path = proof_path(export_path, exporter);
    g_autofree char *text = json_pretty(proof);
    return file_replace(path, text, strlen(text), error);
}

static json_t *read_proof(const char *path, GError **error)
{
    g_autofree char *text = NULL;
    gsize length;
    return file_read(path, PROOF_LIMIT, &text, &length, error) ? json_parse(text, length, path, error) : NULL;
}

gboolean proof_take_away(const char *export_path, const Exporter *exporter, json_t **old, GError **error)
{
    g_autofree char *path = proof_path(export_path, exporter);
    if (!g_file_test(path, G_FILE_TEST_EXISTS))
        return TRUE;
    *old = read_proof(path, NULL); /* one that cannot be read says nothing of what to remove */
    const char *format = *old ? json_get_string(*old, "format") : NULL;
    if (format && strcmp(format, exporter->name) != 0) {
        g_set_error(error, GALEN_ERROR, GALEN_ERROR_USAGE, "%s is an export in the format %s: choose another name, or remove it and %s", export_path,
                    format, path);
        return FALSE;
    }
    if (g_unlink(path) == 0)
        return TRUE;
    galen_error_set_errno(error, errno, "cannot remove %s", path);
    return FALSE;
}

/* Names that stay in the folder: a proof may be anybody's. */
static gboolean is_inside(const char *name)
{
    return name && *name && *name != '/' && !strstr(name, "..");
}

static gboolean has_file(const json_t *files, const char *name)
{
    gsize index;
    json_t *file;
    json_array_foreach(files, index, file)
        if (g_strcmp0(json_get_string(file, "name"), name) == 0)
            return TRUE;
    return FALSE;
}

/* Whether a file's name is one that this export may have given: PATH and more. */
static gboolean is_ours(const char *export_path, const char *name)
{
    g_autofree char *base = g_path_get_basename(export_path);
    return is_inside(name) && g_str_has_prefix(name, base);
}

void proof_remove_stale(const char *export_path, const json_t *old, const json_t *proof)
{
    g_autofree char *folder = g_path_get_dirname(export_path);
    gsize index;
    json_t *file;
    json_array_foreach(json_object_get(old, "files"), index, file) {
        const char *name = json_get_string(file, "name");
        if (!is_ours(export_path, name) || has_file(json_object_get(proof, "files"), name))
            continue;
        g_autofree char *path = g_build_filename(folder, name, NULL);
        g_unlink(path);
    }
}

static gboolean is_file(const json_t *file)
{
    const char *sum = json_get_string(file, "sha256");
    Sha256 digest;
    return is_inside(json_get_string(file, "name")) && json_integer_value(json_object_get(file, "bytes")) >= 0 && sum && sha256_from_hex(sum, &digest);
}

static gboolean is_source(const json_t *source)
{
    return json_get_string(source, "tag") && json_integer_value(json_object_get(source, "documents")) >= 0;
}

static gboolean are_all(const json_t *array, gboolean (*is)(const json_t *element))
{
    gsize index;
    json_t *element;
    json_array_foreach(array, index, element)
        if (!is(element))
            return FALSE;
    return json_is_array(array);
}

/* A proof may be anybody's: what a description is made of must be there before it is looked at. */
static gboolean check_shape(const char *path, const json_t *proof, GError **error)
{
    const char *format = json_get_string(proof, "format"), *wrong = NULL;
    if (!format)
        wrong = "the name of its format";
    else if (!exporter_find(format, error)) {
        g_prefix_error(error, "%s: ", path);
        return FALSE;
    } else if (!are_all(json_object_get(proof, "files"), is_file))
        wrong = "its list of files, each with a name in this folder, bytes and a SHA-256";
    else if (!are_all(json_object_get(proof, "sources"), is_source))
        wrong = "its list of sources, each with a tag";
    else if (!json_is_object(json_object_get(proof, "licences")))
        wrong = "its licences";
    if (wrong)
        g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT, "%s is no proof of an export: it lacks %s; export it again, or remove it", path, wrong);
    return !wrong;
}

static gboolean check_files(const char *folder, const char *path, const json_t *proof, GError **error)
{
    gsize index;
    json_t *file;
    json_array_foreach(json_object_get(proof, "files"), index, file) {
        const char *name = json_get_string(file, "name");
        g_autofree char *where = g_build_filename(folder, is_inside(name) ? name : "", NULL);
        GStatBuf status = {0};
        if (is_inside(name) && g_stat(where, &status) == 0 &&
            (json_int_t)status.st_size == json_integer_value(json_object_get(file, "bytes")))
            continue;
        g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT, "%s says that %s is %" G_GINT64_FORMAT " bytes long, and it is not; export it again", path,
                    name ? name : "a file", (gint64)json_integer_value(json_object_get(file, "bytes")));
        return FALSE;
    }
    return TRUE;
}

static gboolean is_description(const json_t *proof)
{
    const char *format = json_get_string(proof, "format");
    return g_strcmp0(format, "croissant") == 0 || g_strcmp0(format, "card") == 0;
}

static gboolean add_proof(json_t *proofs, const char *folder, const char *name, const char *root, GError **error)
{
    g_autofree char *path = g_build_filename(folder, name, NULL);
    g_autoptr(json_t) proof = read_proof(path, error);
    if (!proof)
        return FALSE;
    if (is_description(proof))
        return TRUE;
    if (g_strcmp0(json_get_string(proof, "root"), root) != 0) {
        g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT, "%s is of another state of the store, or of another store; export it again, or remove it", path);
        return FALSE;
    }
    if (!check_shape(path, proof, error) || !check_files(folder, path, proof, error))
        return FALSE;
    g_autofree char *stem = g_strndup(name, strlen(name) - strlen(PROOF_SUFFIX));
    json_object_set_new(proof, "folder_name", json_text(stem));
    return json_array_append(proofs, proof) == 0;
}

static int compare_strings(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

json_t *proofs_read(const char *folder, const char *root, GError **error)
{
    g_autoptr(GError) cause = NULL;
    g_autoptr(GDir) directory = g_dir_open(folder, 0, &cause);
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    for (const char *name; directory && (name = g_dir_read_name(directory));)
        if (g_str_has_suffix(name, PROOF_SUFFIX) && *name != '.')
            g_ptr_array_add(names, g_strdup(name));
    g_ptr_array_sort(names, compare_strings);
    g_autoptr(json_t) proofs = json_array();
    for (guint i = 0; i < names->len; i++)
        if (!add_proof(proofs, folder, names->pdata[i], root, error))
            return NULL;
    if (json_array_size(proofs) > 0)
        return g_steal_pointer(&proofs);
    g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT,
                "there is nothing to describe in %s: export documents or tokens into that folder first, such as with --format jsonl -o %s/corpus.jsonl",
                folder, folder);
    return NULL;
}
