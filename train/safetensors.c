/* SPDX-License-Identifier: Apache-2.0
 * Headers of safetensors files; see train/safetensors.h. */
#include "train/safetensors.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"

#if G_BYTE_ORDER != G_LITTLE_ENDIAN
#error "safetensors are little-endian, and the trainer copies numbers as they are"
#endif

#define HEADER_LIMIT (100 * 1000 * 1000)
#define METADATA "__metadata__"

static void tensor_free(gpointer tensor)
{
    g_free(((SafetensorsTensor *)tensor)->name);
    g_free(tensor);
}

SafetensorsHeader *safetensors_new(json_t *metadata)
{
    SafetensorsHeader *header = g_new0(SafetensorsHeader, 1);
    header->tensors = g_ptr_array_new_with_free_func(tensor_free);
    header->by_name = g_hash_table_new(g_str_hash, g_str_equal);
    header->metadata = json_incref(metadata);
    return header;
}

void safetensors_free(SafetensorsHeader *header)
{
    if (!header)
        return;
    g_hash_table_destroy(header->by_name);
    g_ptr_array_free(header->tensors, TRUE);
    json_decref(header->metadata);
    g_free(header);
}

const SafetensorsTensor *safetensors_get(const SafetensorsHeader *header, gsize index)
{
    return g_ptr_array_index(header->tensors, index);
}

const SafetensorsTensor *safetensors_find(const SafetensorsHeader *header, const char *name)
{
    return g_hash_table_lookup(header->by_name, name);
}

static void add_tensor(SafetensorsHeader *header, SafetensorsTensor *tensor)
{
    g_ptr_array_add(header->tensors, tensor);
    g_hash_table_insert(header->by_name, tensor->name, tensor);
}

/* FALSE where the product has no 64 bits. */
static gboolean count_elements(SafetensorsTensor *tensor, guint64 *bytes)
{
    tensor->elements = 1;
    for (unsigned i = 0; i < tensor->dimensions; i++)
        if (__builtin_mul_overflow(tensor->elements, tensor->shape[i], &tensor->elements))
            return FALSE;
    return !__builtin_mul_overflow(tensor->elements, tensor_type_size(tensor->type), bytes);
}

/* ---- Writing ---- */

void safetensors_add(SafetensorsHeader *header, const char *name, TensorType type, unsigned dimensions, const guint64 *shape)
{
    SafetensorsTensor *tensor = g_new0(SafetensorsTensor, 1);
    guint64 bytes = 0;
    g_assert(dimensions <= SAFETENSORS_DIMENSIONS);
    tensor->name = g_strdup(name);
    tensor->type = type;
    tensor->dimensions = dimensions;
    memcpy(tensor->shape, shape, dimensions * sizeof *shape);
    g_assert(count_elements(tensor, &bytes));
    tensor->begin = header->data_size;
    tensor->end = header->data_size += bytes;
    add_tensor(header, tensor);
}

static json_t *describe(const SafetensorsTensor *tensor)
{
    json_t *shape = json_array();
    for (unsigned i = 0; i < tensor->dimensions; i++)
        json_array_append_new(shape, json_integer((json_int_t)tensor->shape[i]));
    return json_pack("{s:s, s:o, s:[I, I]}", "dtype", tensor_type_name(tensor->type), "shape", shape, "data_offsets",
                     (json_int_t)tensor->begin, (json_int_t)tensor->end);
}

char *safetensors_text(SafetensorsHeader *header, gsize *length)
{
    g_autoptr(json_t) object = json_object();
    if (header->metadata)
        json_object_set(object, METADATA, header->metadata);
    for (gsize i = 0; i < header->tensors->len; i++)
        json_object_set_new(object, safetensors_get(header, i)->name, describe(safetensors_get(header, i)));
    char *text = json_dumps(object, JSON_COMPACT);
    guint64 used = strlen(text), padded = (used + 7) / 8 * 8;
    char *whole = g_malloc(sizeof padded + padded);
    memcpy(whole, &padded, sizeof padded);
    memcpy(whole + sizeof padded, text, used);
    memset(whole + sizeof padded + used, ' ', padded - used);
    free(text);
    *length = header->data_at = sizeof padded + padded;
    return whole;
}

/* ---- Reading ---- */

static gboolean refuse(GError **error, const char *what, const char *name, const char *reason)
{
    if (name)
        g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT, "%s: tensor \"%.80s\" %s", what, name, reason);
    else
        g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT, "%s: %s", what, reason);
    return FALSE;
}

static gboolean get_size(const json_t *value, guint64 *size)
{
    if (!json_is_integer(value) || json_integer_value(value) < 0)
        return FALSE;
    *size = (guint64)json_integer_value(value);
    return TRUE;
}

static gboolean read_shape(const json_t *shape, SafetensorsTensor *tensor)
{
    if (!json_is_array(shape) || json_array_size(shape) > SAFETENSORS_DIMENSIONS)
        return FALSE;
    tensor->dimensions = (unsigned)json_array_size(shape);
    for (unsigned i = 0; i < tensor->dimensions; i++)
        if (!get_size(json_array_get(shape, i), &tensor->shape[i]))
            return FALSE;
    return TRUE;
}

static gboolean read_tensor(const json_t *object, SafetensorsTensor *tensor, guint64 data_size, const char *what,
                            GError **error)
{
    const json_t *offsets = json_object_get(object, "data_offsets");
    const char *type = json_get_string(object, "dtype");
    guint64 bytes;
    if (!type || !read_shape(json_object_get(object, "shape"), tensor) || json_array_size(offsets) != 2 ||
        !get_size(json_array_get(offsets, 0), &tensor->begin) || !get_size(json_array_get(offsets, 1), &tensor->end))
        return refuse(error, what, tensor->name, "has no dtype, shape and data_offsets that make sense");
    if (!tensor_type_from_name(type, &tensor->type))
        return refuse(error, what, tensor->name, "is of a type that this version does not know");
    if (tensor->begin > tensor->end)
        return refuse(error, what, tensor->name, "ends before it begins");
    if (tensor->end > data_size)
        return refuse(error, what, tensor->name, "does not lie inside the file, which is damaged or was cut off");
    if (!count_elements(tensor, &bytes) || bytes != tensor->end - tensor->begin)
        return refuse(error, what, tensor->name, "has a shape that does not fit its bytes");
    return TRUE;
}

static int compare_places(gconstpointer a, gconstpointer b)
{
    const SafetensorsTensor *x = *(const SafetensorsTensor *const *)a, *y = *(const SafetensorsTensor *const *)b;
    if (x->begin != y->begin)
        return x->begin < y->begin ? -1 : 1;
    return (x->end > y->end) - (x->end < y->end);
}

static gboolean check_places(const SafetensorsHeader *header, guint64 data_size, const char *what, GError **error)
{
    g_autoptr(GPtrArray) places = g_ptr_array_copy(header->tensors, NULL, NULL);
    g_ptr_array_set_free_func(places, NULL);
    g_ptr_array_sort(places, compare_places);
    guint64 at = 0;
    for (guint i = 0; i < places->len; i++) {
        const SafetensorsTensor *tensor = g_ptr_array_index(places, i);
        if (tensor->begin != at)
            return refuse(error, what, tensor->name, "does not begin where the one before it ends");
        at = tensor->end;
    }
    return at == data_size ||
           refuse(error, what, NULL, "the bytes behind the header are more than the tensors have; the file is damaged");
}

static gboolean read_tensors(SafetensorsHeader *header, json_t *object, guint64 data_size, const char *what, GError **error)
{
    const char *name;
    json_t *value;
    json_object_foreach (object, name, value) {
        if (g_str_equal(name, METADATA)) {
            if (!json_is_object(value))
                return refuse(error, what, NULL, "its " METADATA " is no object");
            header->metadata = json_incref(value);
            continue;
        }
        SafetensorsTensor *tensor = g_new0(SafetensorsTensor, 1);
        tensor->name = g_strdup(name);
        add_tensor(header, tensor);
        if (!read_tensor(value, tensor, data_size, what, error))
            return FALSE;
    }
    return check_places(header, data_size, what, error);
}

SafetensorsHeader *safetensors_parse(const char *text, gsize length, guint64 data_size, const char *what, GError **error)
{
    g_autoptr(json_t) object = json_parse(text, length, what, error);
    if (!object)
        return NULL;
    if (!json_is_object(object)) {
        refuse(error, what, NULL, "the header is no JSON object");
        return NULL;
    }
    g_autoptr(SafetensorsHeader) header = safetensors_new(NULL);
    header->data_size = data_size;
    return read_tensors(header, object, data_size, what, error) ? g_steal_pointer(&header) : NULL;
}

/* FALSE with errno 0 at the end of the file. */
static gboolean read_at(int descriptor, void *data, gsize length, guint64 at)
{
    for (gsize done = 0; done < length;) {
        ssize_t got = pread(descriptor, (char *)data + done, length - done, (off_t)(at + done));
        if (got < 0 && errno == EINTR)
            continue;
        if (got == 0)
            errno = 0;
        if (got <= 0)
            return FALSE;
        done += (gsize)got;
    }
    return TRUE;
}

SafetensorsHeader *safetensors_load(int descriptor, const char *path, GError **error)
{
    guint64 length, size;
    struct stat status;
    if (fstat(descriptor, &status) < 0) {
        galen_error_set_errno(error, errno, "cannot read %s", path);
        return NULL;
    }
    size = (guint64)status.st_size;
    if (size < sizeof length || !read_at(descriptor, &length, sizeof length, 0) || length > HEADER_LIMIT ||
        length > size - sizeof length) {
        refuse(error, path, NULL, "not a safetensors file, or one that was cut off: it does not begin with the length of a header");
        return NULL;
    }
    g_autofree char *text = g_malloc(length + 1);
    if (!read_at(descriptor, text, length, sizeof length)) {
        galen_error_set_errno(error, errno, "cannot read %s", path);
        return NULL;
    }
    SafetensorsHeader *header = safetensors_parse(text, length, size - sizeof length - length, path, error);
    if (header)
        header->data_at = sizeof length + length;
    return header;
}
