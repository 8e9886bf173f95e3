/* SPDX-License-Identifier: Apache-2.0
 * Tensors of a folder; see train/tensor_reader.h. */
#include "train/tensor_reader.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"

#define INDEX_LIMIT (64 * 1024 * 1024)
#define CHUNK ((gsize)1 << 20) /* elements converted or summed at once */

static void file_free(gpointer data)
{
    TensorFile *file = data;
    if (file->descriptor >= 0)
        close(file->descriptor);
    safetensors_free(file->header);
    g_free(file->name);
    g_free(file->path);
    g_free(file);
}

TensorReader *tensor_reader_new(const char *directory)
{
    TensorReader *reader = g_new0(TensorReader, 1);
    reader->directory = g_strdup(directory);
    reader->files = g_ptr_array_new_with_free_func(file_free);
    reader->places = g_array_new(FALSE, FALSE, sizeof(TensorPlace));
    reader->by_name = g_hash_table_new(g_str_hash, g_str_equal);
    return reader;
}

void tensor_reader_free(TensorReader *reader)
{
    if (!reader)
        return;
    g_hash_table_destroy(reader->by_name);
    g_array_free(reader->places, TRUE);
    g_ptr_array_free(reader->files, TRUE);
    g_free(reader->directory);
    g_free(reader);
}

/* ---- Opening ---- */

static gboolean index_places(TensorReader *reader, const TensorFile *file, GError **error)
{
    for (guint i = 0; i < file->header->tensors->len; i++) {
        TensorPlace place = {safetensors_get(file->header, i), file};
        const TensorPlace *other = tensor_reader_find(reader, place.tensor->name);
        if (other) {
            g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT, "%s: tensor \"%.80s\" is in %s too", file->path,
                        place.tensor->name, other->file->name);
            return FALSE;
        }
        g_array_append_val(reader->places, place);
        g_hash_table_insert(reader->by_name, place.tensor->name, GUINT_TO_POINTER(reader->places->len));
    }
    return TRUE;
}

static gboolean add_file(TensorReader *reader, const char *name, GError **error)
{
    struct stat status;
    TensorFile *file = g_new0(TensorFile, 1);
    file->name = g_strdup(name);
    file->path = g_build_filename(reader->directory, name, NULL);
    file->descriptor = -1;
    g_ptr_array_add(reader->files, file);
    if (!file_examine(file->path, &status, error))
        return FALSE;
    file->descriptor = open(file->path, O_RDONLY | O_CLOEXEC);
    if (file->descriptor < 0) {
        galen_error_set_errno(error, errno, "cannot open %s", file->path);
        return FALSE;
    }
    file->header = safetensors_load(file->descriptor, file->path, error);
    return file->header && index_places(reader, file, error);
}

static gboolean refuse_index(GError **error, const char *path, const char *name, const char *reason)
{
    g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT, "%s: \"%.80s\" %s", path, name, reason);
    return FALSE;
}

static int compare_strings(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The files that the index names, sorted; they lie in its own folder. */
static GPtrArray *list_files(json_t *map, const char *path, GError **error)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
    const char *tensor;
    json_t *value;
    json_object_foreach (map, tensor, value) {
        const char *name = json_string_value(value);
        if (!name || !*name || *name == '.' || strchr(name, '/')) {
            refuse_index(error, path, tensor, "is mapped to something that is no file's name");
            return NULL;
        }
        if (g_hash_table_add(seen, (gpointer)name))
            g_ptr_array_add(names, (gpointer)name);
    }
    g_ptr_array_sort(names, compare_strings);
    return g_steal_pointer(&names);
}

static gboolean check_map(const TensorReader *reader, json_t *map, const char *path, GError **error)
{
    const char *tensor;
    json_t *value;
    json_object_foreach (map, tensor, value) {
        const TensorPlace *place = tensor_reader_find(reader, tensor);
        if (!place || !g_str_equal(place->file->name, json_string_value(value)))
            return refuse_index(error, path, tensor, "is not in the file that the index names; a file is missing or of another model");
    }
    return TRUE;
}

static gboolean add_indexed(TensorReader *reader, const char *path, GError **error)
{
    g_autofree char *text = NULL;
    gsize length;
    if (!file_read(path, INDEX_LIMIT, &text, &length, error))
        return FALSE;
    g_autoptr(json_t) index = json_parse(text, length, path, error);
    if (!index)
        return FALSE;
    json_t *map = json_object_get(index, "weight_map");
    if (!json_is_object(map))
        return refuse_index(error, path, "weight_map", "is missing: not an index of safetensors files");
    g_autoptr(GPtrArray) names = list_files(map, path, error);
    if (!names)
        return FALSE;
    for (guint i = 0; i < names->len; i++)
        if (!add_file(reader, g_ptr_array_index(names, i), error))
            return FALSE;
    return check_map(reader, map, path, error);
}

static char *path_of(const TensorReader *reader, const char *stem, const char *suffix)
{
    g_autofree char *name = g_strconcat(stem, suffix, NULL);
    return g_build_filename(reader->directory, name, NULL);
}

gboolean tensor_reader_exists(const TensorReader *reader, const char *stem)
{
    g_autofree char *index = path_of(reader, stem, ".safetensors.index.json"), *single = path_of(reader, stem, ".safetensors");
    return g_file_test(index, G_FILE_TEST_EXISTS) || g_file_test(single, G_FILE_TEST_EXISTS);
}

gboolean tensor_reader_add(TensorReader *reader, const char *stem, GError **error)
{
    g_autofree char *index = path_of(reader, stem, ".safetensors.index.json");
    g_autofree char *single = g_strconcat(stem, ".safetensors", NULL);
    if (g_file_test(index, G_FILE_TEST_EXISTS))
        return add_indexed(reader, index, error);
    return add_file(reader, single, error);
}

const TensorPlace *tensor_reader_find(const TensorReader *reader, const char *name)
{
    guint number = GPOINTER_TO_UINT(g_hash_table_lookup(reader->by_name, name));
    return number ? &g_array_index(reader->places, TensorPlace, number - 1) : NULL;
}

/* ---- Reading ---- */

gboolean tensor_place_read(const TensorPlace *place, guint64 first, gsize count, void *data, GError **error)
{
    gsize size = tensor_type_size(place->tensor->type), length = count * size;
    guint64 at = place->file->header->data_at + place->tensor->begin + first * size;
    for (gsize done = 0; done < length;) {
        ssize_t got = pread(place->file->descriptor, (char *)data + done, length - done, (off_t)(at + done));
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0) {
            galen_error_set_errno(error, errno, "cannot read %s", place->file->path);
            return FALSE;
        }
        if (got == 0) {
            g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT, "%s: the file ends within tensor \"%.80s\"; somebody cut it off",
                        place->file->path, place->tensor->name);
            return FALSE;
        }
        done += (gsize)got;
    }
    return TRUE;
}

gboolean tensor_place_sum(const TensorPlace *place, guint64 first, guint64 count, guint64 *sum, GError **error)
{
    gsize size = tensor_type_size(place->tensor->type);
    g_autofree char *chunk = g_malloc(CHUNK * size);
    *sum = 0;
    for (guint64 done = 0; done < count;) {
        gsize part = (gsize)MIN(CHUNK, count - done);
        if (!tensor_place_read(place, first + done, part, chunk, error))
            return FALSE;
        *sum += tensor_sum(chunk, size, first + done, part);
        done += part;
    }
    return TRUE;
}

static gboolean shape_is(const SafetensorsTensor *tensor, const TensorSlice *slice)
{
    unsigned dimensions = slice->columns ? 2 : 1;
    return tensor->dimensions == dimensions && tensor->shape[0] == slice->rows &&
           (dimensions == 1 || tensor->shape[1] == slice->columns);
}

static char *describe_shape(unsigned dimensions, const guint64 *shape)
{
    g_autoptr(GString) text = g_string_new("[");
    for (unsigned i = 0; i < dimensions; i++)
        g_string_append_printf(text, i ? ", %" G_GUINT64_FORMAT : "%" G_GUINT64_FORMAT, shape[i]);
    g_string_append_c(text, ']');
    return g_strdup(text->str);
}

static gboolean check_place(const TensorReader *reader, const TensorPlace *place, const TensorSlice *slice, GError **error)
{
    if (!place) {
        g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT, "%s: tensor \"%.80s\" is missing", reader->directory, slice->name);
        return FALSE;
    }
    const SafetensorsTensor *tensor = place->tensor;
    if (!shape_is(tensor, slice)) {
        g_autofree char *got = describe_shape(tensor->dimensions, tensor->shape);
        g_autofree char *wanted = describe_shape(slice->columns ? 2 : 1, (guint64[]){slice->rows, slice->columns});
        g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT, "%s: tensor \"%.80s\" has the shape %s, but the model has %s",
                    place->file->path, slice->name, got, wanted);
        return FALSE;
    }
    if (tensor->type != slice->type && !(tensor_type_converts(tensor->type) && tensor_type_converts(slice->type))) {
        g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT, "%s: tensor \"%.80s\" is of type %s, which cannot become %s",
                    place->file->path, slice->name, tensor_type_name(tensor->type), tensor_type_name(slice->type));
        return FALSE;
    }
    return TRUE;
}

static gboolean read_converted(const TensorPlace *place, const TensorRun *run, TensorType type, char *to, GError **error)
{
    g_autofree char *chunk = g_malloc(MIN(CHUNK, run->count) * tensor_type_size(place->tensor->type));
    for (gsize done = 0; done < run->count;) {
        gsize part = MIN(CHUNK, run->count - done);
        if (!tensor_place_read(place, run->at + done, part, chunk, error))
            return FALSE;
        tensor_convert(to + done * tensor_type_size(type), type, chunk, place->tensor->type, part);
        done += part;
    }
    return TRUE;
}

static gboolean read_slice(const TensorPlace *place, const TensorSlice *slice, GError **error)
{
    gsize position = 0;
    TensorRun run;
    while (tensor_slice_next(slice, &position, &run)) {
        char *to = (char *)slice->data + run.from * tensor_type_size(slice->type);
        if (!(slice->type == place->tensor->type ? tensor_place_read(place, run.at, run.count, to, error)
                                                 : read_converted(place, &run, slice->type, to, error)))
            return FALSE;
    }
    return TRUE;
}

gboolean tensor_reader_read(const TensorReader *reader, const TensorSlice *slices, gsize count, GError **error)
{
    for (gsize i = 0; i < count; i++) {
        const TensorPlace *place = tensor_reader_find(reader, slices[i].name);
        if (!tensor_slice_check(&slices[i], error) || !check_place(reader, place, &slices[i], error) ||
            !read_slice(place, &slices[i], error))
            return FALSE;
    }
    return TRUE;
}
