/* SPDX-License-Identifier: Apache-2.0
 * Checkpoints on disk; see train/checkpoint.h. */
#include "train/checkpoint.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "train/safetensors.h"

#define FORMAT 1
#define JSON_LIMIT (16 * 1024 * 1024)
#define NAME_FORMAT "step-%08" G_GUINT64_FORMAT
#define PARTIAL_PREFIX ".partial-"

void checkpoint_state_clear(CheckpointState *state)
{
    g_clear_pointer(&state->fingerprint, json_decref);
}

static gboolean is_checkpoint_name(const char *name)
{
    return g_str_has_prefix(name, "step-") && strlen(name) >= strlen("step-00000000") &&
           strspn(name + 5, "0123456789") == strlen(name + 5);
}

/* By step: longer names are later steps, because eight digits are the fewest. */
static int compare_names(gconstpointer a, gconstpointer b)
{
    const char *x = *(char *const *)a, *y = *(char *const *)b;
    gsize nx = strlen(x), ny = strlen(y);
    return nx != ny ? (nx < ny ? -1 : 1) : strcmp(x, y);
}

/* Names in `output` with the prefix of checkpoints or of half-written ones, oldest first; empty when it does not exist. */
static GPtrArray *list_names(const char *output, gboolean partial, GError **error)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GError) cause = NULL;
    GDir *directory = g_dir_open(output, 0, &cause);
    if (!directory && g_error_matches(cause, G_FILE_ERROR, G_FILE_ERROR_NOENT))
        return g_steal_pointer(&names);
    if (!directory) {
        g_set_error(error, GALEN_ERROR, GALEN_ERROR_SYSTEM, "cannot read the directory of checkpoints: %s",
                    cause->message);
        return NULL;
    }
    for (const char *name; (name = g_dir_read_name(directory));)
        if (partial ? g_str_has_prefix(name, PARTIAL_PREFIX) : is_checkpoint_name(name))
            g_ptr_array_add(names, g_strdup(name));
    g_dir_close(directory);
    g_ptr_array_sort(names, compare_names);
    return g_steal_pointer(&names);
}

char *checkpoint_find_newest(const char *output, GError **error)
{
    g_autoptr(GPtrArray) names = list_names(output, FALSE, error);
    if (!names || !names->len)
        return NULL;
    return g_build_filename(output, g_ptr_array_index(names, names->len - 1), NULL);
}

static void add_entry(GArray *entries, const ParameterTensor *tensor, const char *suffix, real *data)
{
    SafetensorsEntry entry = {.rows = tensor->rows, .columns = tensor->columns, .data = data + tensor->offset};
    g_snprintf(entry.name, sizeof entry.name, "%s%s", tensor->name, suffix);
    g_array_append_val(entries, entry);
}

static GArray *weight_entries(const ParameterTable *table, real *weights)
{
    GArray *entries = g_array_new(FALSE, FALSE, sizeof(SafetensorsEntry));
    for (gsize t = 0; t < table->count; t++)
        add_entry(entries, &table->tensors[t], "", weights);
    return entries;
}

static GArray *moment_entries(const ParameterTable *table, real *m, real *v)
{
    GArray *entries = g_array_new(FALSE, FALSE, sizeof(SafetensorsEntry));
    for (gsize t = 0; t < table->count; t++) {
        add_entry(entries, &table->tensors[t], ".m", m);
        add_entry(entries, &table->tensors[t], ".v", v);
    }
    return entries;
}

static gboolean write_file(const char *directory, const char *name, const GArray *entries, Sha256 *digest,
                           GError **error)
{
    g_autofree char *path = g_build_filename(directory, name, NULL);
    return safetensors_write(path, (const SafetensorsEntry *)(gconstpointer)entries->data, entries->len, digest, error);
}

static gboolean read_file(const char *directory, const char *name, const GArray *entries, const Sha256 *expected,
                          GError **error)
{
    g_autofree char *path = g_build_filename(directory, name, NULL);
    return safetensors_read(path, (const SafetensorsEntry *)(gconstpointer)entries->data, entries->len, expected,
                            error);
}

static gboolean write_json(const char *directory, const char *name, const json_t *value, GError **error)
{
    g_autofree char *path = g_build_filename(directory, name, NULL);
    g_autofree char *text = json_pretty(value);
    return file_replace(path, text, strlen(text), error);
}

static json_t *read_json(const char *directory, const char *name, GError **error)
{
    g_autofree char *path = g_build_filename(directory, name, NULL), *text = NULL;
    gsize length;
    if (!file_read(path, JSON_LIMIT, &text, &length, error))
        return NULL;
    return json_parse(text, length, path, error);
}

static json_t *state_to_json(const CheckpointState *state, const Sha256 *model, const Sha256 *moments)
{
    char shards[SHA256_HEX_SIZE], model_hex[SHA256_HEX_SIZE], moments_hex[SHA256_HEX_SIZE];
    sha256_hex(&state->shards, shards);
    sha256_hex(model, model_hex);
    sha256_hex(moments, moments_hex);
    return json_pack("{s:i, s:I, s:s, s:O, s:{s:s, s:s}}", "format", FORMAT, "step", (json_int_t)state->step, "shards",
                     shards, "config", state->fingerprint, "sha256", "model.safetensors", model_hex,
                     "optimizer.safetensors", moments_hex);
}

/* Copies the tensors from the backend one array at a time and writes all files into `directory`. */
static gboolean write_files(const char *directory, const CheckpointState *state, const Optimizer *optimizer,
                            GError **error)
{
    const Model *model = optimizer->model;
    gsize count = model->table->elements;
    Sha256 weights_digest, moments_digest;
    g_autofree real *m = g_new(real, count), *v = g_new(real, count);
    model->backend->download(model->backend, m, model->parameters, count);
    g_autoptr(GArray) weights = weight_entries(model->table, m);
    if (!write_file(directory, "model.safetensors", weights, &weights_digest, error))
        return FALSE;
    model->backend->download(model->backend, m, optimizer->m, count);
    model->backend->download(model->backend, v, optimizer->v, count);
    g_autoptr(GArray) moments = moment_entries(model->table, m, v);
    if (!write_file(directory, "optimizer.safetensors", moments, &moments_digest, error))
        return FALSE;
    g_autoptr(json_t) sizes = model_shape_to_json(&model->shape);
    g_autoptr(json_t) json = state_to_json(state, &weights_digest, &moments_digest);
    return write_json(directory, "config.json", sizes, error) && write_json(directory, "state.json", json, error);
}

static gboolean remove_directory(const char *path, GError **error)
{
    GDir *directory = g_dir_open(path, 0, NULL);
    for (const char *name; directory && (name = g_dir_read_name(directory));) {
        g_autofree char *file = g_build_filename(path, name, NULL);
        g_unlink(file);
    }
    if (directory)
        g_dir_close(directory);
    if (g_rmdir(path) == 0 || errno == ENOENT)
        return TRUE;
    galen_error_set_errno(error, errno, "cannot remove %s", path);
    return FALSE;
}

static void sync_directory(const char *path)
{
    int descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0)
        return;
    fsync(descriptor);
    close(descriptor);
}

static char *partial_path(const char *output, const char *name)
{
    g_autofree char *partial = g_strconcat(PARTIAL_PREFIX, name, NULL);
    return g_build_filename(output, partial, NULL);
}

gboolean checkpoint_save(const char *output, const CheckpointState *state, const Optimizer *optimizer, GError **error)
{
    g_autofree char *name = g_strdup_printf(NAME_FORMAT, state->step);
    g_autofree char *path = g_build_filename(output, name, NULL), *partial = partial_path(output, name);
    if (!remove_directory(partial, error) || !directory_make(partial, error) ||
        !write_files(partial, state, optimizer, error)) {
        g_prefix_error(error, "while writing checkpoint %s: ", path);
        return FALSE;
    }
    sync_directory(partial);
    if (g_rename(partial, path) < 0) {
        galen_error_set_errno(error, errno, "cannot rename %s to %s", partial, path);
        return FALSE;
    }
    sync_directory(output);
    return TRUE;
}

gboolean checkpoint_load_state(const char *checkpoint, CheckpointState *state, GError **error)
{
    g_autoptr(json_t) json = read_json(checkpoint, "state.json", error);
    if (!json)
        return FALSE;
    const char *shards = json_get_string(json, "shards");
    const json_t *step = json_object_get(json, "step"), *format = json_object_get(json, "format");
    json_t *config = json_object_get(json, "config");
    if (json_integer_value(format) != FORMAT || !json_is_integer(step) || json_integer_value(step) < 0 ||
        !json_is_object(config) || !shards || !sha256_from_hex(shards, &state->shards)) {
        g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT, "%s/state.json: not the state of a checkpoint of format %d",
                    checkpoint, FORMAT);
        return FALSE;
    }
    state->step = (guint64)json_integer_value(step);
    state->fingerprint = json_incref(config);
    return TRUE;
}

static gboolean load_digests(const char *checkpoint, Sha256 *model, Sha256 *moments, GError **error)
{
    g_autoptr(json_t) json = read_json(checkpoint, "state.json", error);
    if (!json)
        return FALSE;
    const json_t *sums = json_object_get(json, "sha256");
    const char *a = json_get_string(sums, "model.safetensors"), *b = json_get_string(sums, "optimizer.safetensors");
    if (a && b && sha256_from_hex(a, model) && sha256_from_hex(b, moments))
        return TRUE;
    g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT, "%s/state.json: no SHA-256 of the checkpoint's files",
                checkpoint);
    return FALSE;
}

gboolean checkpoint_load(const char *checkpoint, Optimizer *optimizer, GError **error)
{
    Model *model = optimizer->model;
    Backend *backend = model->backend;
    gsize count = model->table->elements;
    Sha256 weights_digest, moments_digest;
    g_autofree real *m = g_new(real, count), *v = g_new(real, count);
    g_autoptr(GArray) weights = weight_entries(model->table, m);
    g_autoptr(GArray) moments = moment_entries(model->table, m, v);
    if (!load_digests(checkpoint, &weights_digest, &moments_digest, error) ||
        !read_file(checkpoint, "model.safetensors", weights, &weights_digest, error))
        return FALSE;
    backend->upload(backend, model->parameters, m, count);
    if (!read_file(checkpoint, "optimizer.safetensors", moments, &moments_digest, error))
        return FALSE;
    backend->upload(backend, optimizer->m, m, count);
    backend->upload(backend, optimizer->v, v, count);
    return TRUE;
}

Model *checkpoint_load_model(const char *checkpoint, Backend *backend, GError **error)
{
    g_autoptr(json_t) sizes = read_json(checkpoint, "config.json", error);
    g_autofree char *what = g_build_filename(checkpoint, "config.json", NULL);
    ModelShape shape;
    if (!sizes || !model_shape_from_json(sizes, what, &shape, error))
        return NULL;
    g_autoptr(Model) model = model_new(&shape, backend, shape.context, MODEL_INFER, error);
    if (!model)
        return NULL;
    g_autofree real *values = g_try_new(real, model->table->elements);
    if (!values) {
        g_set_error(error, GALEN_ERROR, GALEN_ERROR_SYSTEM, "%s: not enough memory for the weights", checkpoint);
        return NULL;
    }
    g_autoptr(GArray) weights = weight_entries(model->table, values);
    if (!read_file(checkpoint, "model.safetensors", weights, NULL, error))
        return NULL;
    backend->upload(backend, model->parameters, values, model->table->elements);
    return g_steal_pointer(&model);
}

/* Renamed first, so that a checkpoint with files missing never has the name of a complete one. */
static gboolean remove_checkpoint(const char *output, const char *name, GError **error)
{
    g_autofree char *path = g_build_filename(output, name, NULL), *partial = partial_path(output, name);
    if (!remove_directory(partial, error))
        return FALSE;
    if (g_rename(path, partial) < 0) {
        galen_error_set_errno(error, errno, "cannot remove the old checkpoint %s", path);
        return FALSE;
    }
    return remove_directory(partial, error);
}

gboolean checkpoint_prune(const char *output, guint64 keep, GError **error)
{
    g_autoptr(GPtrArray) partial = list_names(output, TRUE, error);
    g_autoptr(GPtrArray) names = partial ? list_names(output, FALSE, error) : NULL;
    if (!names)
        return FALSE;
    for (guint i = 0; i < partial->len; i++) {
        g_autofree char *path = g_build_filename(output, g_ptr_array_index(partial, i), NULL);
        if (!remove_directory(path, error))
            return FALSE;
    }
    for (guint i = 0; keep && i + keep < names->len; i++)
        if (!remove_checkpoint(output, g_ptr_array_index(names, i), error))
            return FALSE;
    return TRUE;
}
