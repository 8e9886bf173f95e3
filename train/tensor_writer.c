/* SPDX-License-Identifier: Apache-2.0
 * Tensors written by all ranks; see train/tensor_writer.h. */
#include "train/tensor_writer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"

/* ---- What all ranks have together ---- */

/* A tensor as ranks describe it. */
typedef struct Described {
    const char *name;
    TensorType type;
    guint64 rows, columns;
    guint64 written; /* elements, by all ranks */
} Described;

int tensor_compare_names(const char *a, const char *b)
{
    while (*a && *b) {
        if (g_ascii_isdigit(*a) && g_ascii_isdigit(*b)) {
            gsize x = strspn(a, "0123456789"), y = strspn(b, "0123456789");
            int order = x == y ? strncmp(a, b, x) : (x < y ? -1 : 1);
            if (order)
                return order;
            a += x;
            b += y;
        } else if (*a != *b) {
            return (guchar)*a < (guchar)*b ? -1 : 1;
        } else {
            a++;
            b++;
        }
    }
    return (*a != 0) - (*b != 0);
}

static int compare_described(gconstpointer a, gconstpointer b)
{
    return tensor_compare_names(((const Described *)a)->name, ((const Described *)b)->name);
}

/* [["name", "F32", rows, columns, elements that this rank writes], ...] */
static char *describe_slices(const TensorSlice *slices, gsize count)
{
    g_autoptr(json_t) list = json_array();
    for (gsize i = 0; i < count; i++)
        json_array_append_new(list, json_pack("[s, i, I, I, I]", slices[i].name, (int)slices[i].type,
                                              (json_int_t)slices[i].rows, (json_int_t)slices[i].columns,
                                              (json_int_t)(slices[i].end - slices[i].begin)));
    return json_write(list);
}

/* The lists of all ranks, one after the other. */
static json_t *gather_lists(const TensorSlice *slices, gsize count, Comm *comm, GError **error)
{
    unsigned size = comm_size(comm);
    g_autofree char *mine = describe_slices(slices, count);
    gsize length = strlen(mine), total = 0;
    g_autofree gsize *lengths = g_new(gsize, size);
    if (!comm_all_gather(comm, &length, sizeof length, lengths, error))
        return NULL;
    for (unsigned rank = 0; rank < size; rank++)
        total += lengths[rank];
    g_autofree char *texts = g_malloc(total);
    if (!comm_all_gatherv(comm, mine, lengths, texts, error))
        return NULL;
    g_autoptr(json_t) all = json_array();
    const char *at = texts;
    for (unsigned rank = 0; rank < size; at += lengths[rank++]) {
        g_autoptr(json_t) list = json_parse(at, lengths[rank], "tensors of a rank", error);
        if (!list)
            return NULL;
        json_array_extend(all, list);
    }
    return g_steal_pointer(&all);
}

static gboolean refuse(GError **error, const char *name, const char *reason)
{
    g_set_error(error, GALEN_ERROR, GALEN_ERROR_USAGE, "tensor \"%.80s\" %s", name, reason);
    return FALSE;
}

static gboolean merge_one(GArray *merged, GHashTable *places, const Described *one, GError **error)
{
    guint number = GPOINTER_TO_UINT(g_hash_table_lookup(places, one->name));
    if (!number) {
        g_array_append_val(merged, *one);
        g_hash_table_insert(places, (gpointer)one->name, GUINT_TO_POINTER(merged->len));
        return TRUE;
    }
    Described *other = &g_array_index(merged, Described, number - 1);
    if (other->type != one->type || other->rows != one->rows || other->columns != one->columns)
        return refuse(error, one->name, "has another type or shape on another rank");
    other->written += one->written;
    return TRUE;
}

static gboolean check_written(const GArray *merged, GError **error)
{
    for (guint i = 0; i < merged->len; i++) {
        const Described *one = &g_array_index(merged, Described, i);
        guint64 elements = one->rows * MAX(one->columns, 1);
        if (one->written < elements)
            return refuse(error, one->name, "has elements that no rank writes");
        if (one->written > elements)
            return refuse(error, one->name, "has elements that several ranks write");
    }
    return TRUE;
}

/* Names point into `lists`. */
static GArray *merge_lists(json_t *lists, GError **error)
{
    g_autoptr(GArray) merged = g_array_new(FALSE, FALSE, sizeof(Described));
    g_autoptr(GHashTable) places = g_hash_table_new(g_str_hash, g_str_equal);
    size_t index;
    json_t *item;
    json_array_foreach (lists, index, item) {
        Described one = {
            .name = json_string_value(json_array_get(item, 0)),
            .type = (TensorType)json_integer_value(json_array_get(item, 1)),
            .rows = (guint64)json_integer_value(json_array_get(item, 2)),
            .columns = (guint64)json_integer_value(json_array_get(item, 3)),
            .written = (guint64)json_integer_value(json_array_get(item, 4)),
        };
        if (!merge_one(merged, places, &one, error))
            return NULL;
    }
    if (!check_written(merged, error))
        return NULL;
    g_array_sort(merged, compare_described);
    return g_steal_pointer(&merged);
}

/* ---- Files ---- */

static void layout_file_free(gpointer data)
{
    LayoutFile *file = data;
    safetensors_free(file->header);
    g_free(file->name);
    g_free(file);
}

void tensor_layout_free(TensorLayout *layout)
{
    if (!layout)
        return;
    g_hash_table_destroy(layout->by_name);
    g_array_free(layout->tensors, TRUE);
    g_ptr_array_free(layout->files, TRUE);
    g_free(layout);
}

TensorLayout *tensor_layout_empty(void)
{
    TensorLayout *layout = g_new0(TensorLayout, 1);
    layout->files = g_ptr_array_new_with_free_func(layout_file_free);
    layout->tensors = g_array_new(FALSE, FALSE, sizeof(LayoutTensor));
    layout->by_name = g_hash_table_new(g_str_hash, g_str_equal);
    return layout;
}

LayoutFile *tensor_layout_add_file(TensorLayout *layout, const char *name, json_t *metadata)
{
    LayoutFile *file = g_new0(LayoutFile, 1);
    file->name = g_strdup(name);
    file->header = safetensors_new(metadata);
    g_ptr_array_add(layout->files, file);
    return file;
}

static gboolean is_of_optimizer(const char *name)
{
    return g_str_has_suffix(name, ".master") || g_str_has_suffix(name, ".m") || g_str_has_suffix(name, ".v");
}

/* Fills files in the order of names, then names them, because a name says how many there are. */
static void cut_into_files(TensorLayout *layout, const GArray *described, gboolean optimizer, guint64 file_bytes)
{
    guint first = layout->files->len;
    LayoutFile *file = NULL;
    g_autoptr(json_t) metadata = json_pack("{s:s}", "format", "pt");
    for (guint i = 0; i < described->len; i++) {
        const Described *one = &g_array_index(described, Described, i);
        if (is_of_optimizer(one->name) != optimizer)
            continue;
        guint64 bytes = one->rows * MAX(one->columns, 1) * tensor_type_size(one->type);
        if (!file || (file->header->data_size && file->header->data_size + bytes > file_bytes))
            file = tensor_layout_add_file(layout, NULL, metadata);
        safetensors_add(file->header, one->name, one->type, one->columns ? 2 : 1, (guint64[]){one->rows, one->columns});
    }
    guint count = layout->files->len - first;
    const char *stem = optimizer ? "optimizer" : "model";
    for (guint i = 0; i < count; i++) {
        file = g_ptr_array_index(layout->files, first + i);
        file->name = count == 1 ? g_strconcat(stem, ".safetensors", NULL)
                                : g_strdup_printf("%s-%05u-of-%05u.safetensors", stem, i + 1, count);
    }
}

void tensor_layout_ready(TensorLayout *layout)
{
    for (guint f = 0; f < layout->files->len; f++) {
        const LayoutFile *file = g_ptr_array_index(layout->files, f);
        gsize length;
        g_free(safetensors_text(file->header, &length)); /* for data_at */
        for (guint t = 0; t < file->header->tensors->len; t++) {
            LayoutTensor tensor = {safetensors_get(file->header, t), f};
            g_array_append_val(layout->tensors, tensor);
            g_hash_table_insert(layout->by_name, tensor.tensor->name, GUINT_TO_POINTER(layout->tensors->len));
        }
    }
}

TensorLayout *tensor_layout_new(const TensorSlice *slices, gsize count, guint64 file_bytes, Comm *comm, GError **error)
{
    gboolean good = TRUE;
    for (gsize i = 0; good && i < count; i++)
        good = tensor_slice_check(&slices[i], error);
    if (!comm_agree(comm, good, error))
        return NULL;
    g_autoptr(json_t) lists = gather_lists(slices, count, comm, error);
    g_autoptr(GArray) described = lists ? merge_lists(lists, error) : NULL;
    if (!described)
        return NULL;
    TensorLayout *layout = tensor_layout_empty();
    cut_into_files(layout, described, FALSE, file_bytes);
    cut_into_files(layout, described, TRUE, file_bytes);
    tensor_layout_ready(layout);
    return layout;
}

static gboolean write_at(int descriptor, const void *data, gsize length, guint64 at)
{
    for (gsize done = 0; done < length;) {
        ssize_t put = pwrite(descriptor, (const char *)data + done, length - done, (off_t)(at + done));
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return FALSE;
        done += (gsize)put;
    }
    return TRUE;
}

/* Where a file system cannot set room aside, the file has holes until it is written. */
static gboolean make_room(int descriptor, guint64 bytes)
{
    if (fallocate(descriptor, 0, 0, (off_t)bytes) == 0)
        return TRUE;
    return (errno == EOPNOTSUPP || errno == ENOSYS) && ftruncate(descriptor, (off_t)bytes) == 0;
}

static gboolean create_file(const LayoutFile *file, const char *directory, GError **error)
{
    g_autofree char *path = g_build_filename(directory, file->name, NULL);
    gsize length;
    g_autofree char *text = safetensors_text(file->header, &length);
    int descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    gboolean good = descriptor >= 0 && make_room(descriptor, length + file->header->data_size) &&
                    write_at(descriptor, text, length, 0) && fsync(descriptor) == 0;
    int saved = errno;
    if (descriptor >= 0 && close(descriptor) < 0 && good) {
        good = FALSE;
        saved = errno;
    }
    if (!good)
        galen_error_set_errno(error, saved, "cannot write %s of %" G_GUINT64_FORMAT " bytes", path, length + file->header->data_size);
    return good;
}

static gboolean create_index(const TensorLayout *layout, const char *directory, const char *stem, GError **error)
{
    g_autoptr(json_t) map = json_object();
    guint64 total = 0;
    gsize files = 0;
    for (guint f = 0; f < layout->files->len; f++) {
        const LayoutFile *file = g_ptr_array_index(layout->files, f);
        if (!g_str_has_prefix(file->name, stem))
            continue;
        files++;
        total += file->header->data_size;
        for (guint t = 0; t < file->header->tensors->len; t++)
            json_object_set_new(map, safetensors_get(file->header, t)->name, json_string(file->name));
    }
    if (files < 2)
        return TRUE;
    g_autoptr(json_t) index = json_pack("{s:{s:I}, s:O}", "metadata", "total_size", (json_int_t)total, "weight_map", map);
    g_autofree char *text = json_pretty(index), *name = g_strconcat(stem, ".safetensors.index.json", NULL);
    g_autofree char *path = g_build_filename(directory, name, NULL);
    return file_replace(path, text, strlen(text), error);
}

gboolean tensor_layout_create(const TensorLayout *layout, const char *directory, GError **error)
{
    for (guint i = 0; i < layout->files->len; i++)
        if (!create_file(g_ptr_array_index(layout->files, i), directory, error))
            return FALSE;
    return create_index(layout, directory, "model", error) && create_index(layout, directory, "optimizer", error);
}

/* ---- Output ---- */

struct TensorOutput {
    const TensorLayout *layout;
    char *directory;
    int *descriptors; /* of the layout's files; -1: not used by this rank */
    guint64 *sums;
};

TensorOutput *tensor_output_open(const TensorLayout *layout, const char *directory, guint64 *sums)
{
    TensorOutput *output = g_new0(TensorOutput, 1);
    output->layout = layout;
    output->directory = g_strdup(directory);
    output->sums = sums;
    output->descriptors = g_new(int, MAX(layout->files->len, 1));
    for (guint i = 0; i < layout->files->len; i++)
        output->descriptors[i] = -1;
    return output;
}

static char *path_of(const TensorOutput *output, guint file)
{
    return g_build_filename(output->directory, ((LayoutFile *)g_ptr_array_index(output->layout->files, file))->name, NULL);
}

static gboolean fail(const TensorOutput *output, guint file, int code, GError **error)
{
    g_autofree char *path = path_of(output, file);
    galen_error_set_errno(error, code, "cannot write %s", path);
    return FALSE;
}

static gboolean use_file(TensorOutput *output, guint file, GError **error)
{
    if (output->descriptors[file] >= 0)
        return TRUE;
    g_autofree char *path = path_of(output, file);
    output->descriptors[file] = open(path, O_WRONLY | O_CLOEXEC);
    return output->descriptors[file] >= 0 || fail(output, file, errno, error);
}

gboolean tensor_output_put(TensorOutput *output, const TensorSlice *slice, GError **error)
{
    guint number = GPOINTER_TO_UINT(g_hash_table_lookup(output->layout->by_name, slice->name));
    g_assert(number);
    const LayoutTensor *place = &g_array_index(output->layout->tensors, LayoutTensor, number - 1);
    const LayoutFile *file = g_ptr_array_index(output->layout->files, place->file);
    gsize size = tensor_type_size(slice->type), position = 0;
    guint64 begin = file->header->data_at + place->tensor->begin;
    TensorRun run;
    if (slice->begin < slice->end && !use_file(output, place->file, error))
        return FALSE;
    while (tensor_slice_next(slice, &position, &run)) {
        const char *from = (const char *)slice->data + run.from * size;
        output->sums[number - 1] += tensor_sum(from, size, run.at, run.count);
        if (!write_at(output->descriptors[place->file], from, run.count * size, begin + run.at * size))
            return fail(output, place->file, errno, error);
    }
    return TRUE;
}

gboolean tensor_output_close(TensorOutput *output, GError **error)
{
    gboolean good = TRUE;
    for (guint i = 0; i < output->layout->files->len; i++) {
        int descriptor = output->descriptors[i];
        if (descriptor < 0)
            continue;
        if (good && fsync(descriptor) < 0)
            good = fail(output, i, errno, error);
        if (close(descriptor) < 0 && good)
            good = fail(output, i, errno, error);
    }
    g_free(output->descriptors);
    g_free(output->directory);
    g_free(output);
    return good;
}
