/* SPDX-License-Identifier: Apache-2.0
 * Conversion of models; see train/convert.h. */
#include "train/convert.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "train/checkpoint.h"
#include "train/checkpoint_files.h"
#include "train/convert_files.h"
#include "train/parameters.h"
#include "train/tensor_writer.h"
#include "train/vocabulary.h"

#define EMBEDDING "model.embed_tokens.weight"
#define HEAD "lm_head.weight"
#define CHUNK ((gsize)1 << 20) /* elements moved at once */

typedef struct Conversion {
    const ConvertRequest *request;
    Progress *progress;
    char *from, *to, *partial;
    gboolean from_galen;
    TensorReader *reader;
    json_t *config;
    gboolean cast;
    TensorType type; /* where cast */
    VocabularyPlan *plan;
    GPtrArray *copied, *left;
    json_t *sums;
    json_t *unknown;
} Conversion;

static void conversion_clear(Conversion *conversion)
{
    g_free(conversion->from);
    g_free(conversion->to);
    g_free(conversion->partial);
    tensor_reader_free(conversion->reader);
    json_decref(conversion->config);
    vocabulary_plan_free(conversion->plan);
    g_clear_pointer(&conversion->copied, g_ptr_array_unref);
    g_clear_pointer(&conversion->left, g_ptr_array_unref);
    json_decref(conversion->sums);
    json_decref(conversion->unknown);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Conversion, conversion_clear)

static gboolean refuse(GError **error, const char *what, const char *reason)
{
    g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT, "%s: %s", what, reason);
    return FALSE;
}

/* ---- What is there ---- */

static gboolean has_file(const char *directory, const char *name)
{
    g_autofree char *path = g_build_filename(directory, name, NULL);
    return g_file_test(path, G_FILE_TEST_EXISTS);
}

static gboolean find_source(Conversion *conversion, GError **error)
{
    const char *from = conversion->request->from;
    if (!g_file_test(from, G_FILE_TEST_IS_DIR))
        return refuse(error, from, "no such folder");
    conversion->from = checkpoint_resolve(from, error);
    if (!conversion->from)
        return FALSE;
    conversion->from_galen = has_file(conversion->from, "state.json");
    return TRUE;
}

static gboolean find_target(Conversion *conversion, GError **error)
{
    g_autofree char *whole = g_canonicalize_filename(conversion->request->to, NULL);
    g_autofree char *parent = g_path_get_dirname(whole), *name = g_path_get_basename(whole);
    g_autofree char *hidden = g_strconcat(".partial-", name, NULL);
    conversion->to = g_strdup(whole);
    conversion->partial = g_build_filename(parent, hidden, NULL);
    if (g_file_test(whole, G_FILE_TEST_EXISTS) && g_rmdir(whole) < 0)
        return refuse(error, conversion->request->to, "there is something already; give a new folder, or remove it");
    return checkpoint_remove_directory(conversion->partial, error) && directory_make(conversion->partial, error);
}

static gboolean open_tensors(Conversion *conversion, GError **error)
{
    conversion->reader = tensor_reader_new(conversion->from);
    if (!tensor_reader_exists(conversion->reader, "model"))
        return refuse(error, conversion->from,
                      has_file(conversion->from, "pytorch_model.bin") || has_file(conversion->from, "pytorch_model.bin.index.json")
                          ? "its weights are pickles, which run code of whoever made them; save it as safetensors first"
                          : "no weights: neither model.safetensors nor model.safetensors.index.json");
    return tensor_reader_add(conversion->reader, "model", error);
}

static gboolean check_tensor(const TensorReader *reader, const ParameterTensor *wanted, GError **error)
{
    const TensorPlace *place = tensor_reader_find(reader, wanted->name);
    if (!place) {
        g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT, "%s: tensor \"%s\" is missing, which the Llama of config.json has",
                    reader->directory, wanted->name);
        return FALSE;
    }
    const SafetensorsTensor *tensor = place->tensor;
    if (tensor->dimensions != (wanted->columns ? 2 : 1) || tensor->shape[0] != wanted->rows ||
        (wanted->columns && tensor->shape[1] != wanted->columns)) {
        g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT,
                    "%s: tensor \"%s\" has not the %" G_GSIZE_FORMAT " by %" G_GSIZE_FORMAT " numbers of the Llama in config.json",
                    place->file->path, wanted->name, wanted->rows, MAX(wanted->columns, 1));
        return FALSE;
    }
    if (tensor->type != TENSOR_F32 && tensor->type != TENSOR_F16 && tensor->type != TENSOR_BF16) {
        g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT, "%s: tensor \"%s\" is of type %s; weights are F32, F16 or BF16", place->file->path,
                    wanted->name, tensor_type_name(tensor->type));
        return FALSE;
    }
    return TRUE;
}

/* Whether config.json and the tensors are one Llama. */
static gboolean check_model(Conversion *conversion, ModelShape *shape, GError **error)
{
    g_autofree char *what = g_build_filename(conversion->from, "config.json", NULL);
    conversion->config = checkpoint_read_json(conversion->from, "config.json", error);
    if (!conversion->config || !model_shape_from_json(conversion->config, what, shape, error))
        return FALSE;
    g_autoptr(ParameterTable) table = parameter_table_new(shape, &model_part_whole, 1);
    g_autoptr(GHashTable) known = g_hash_table_new(g_str_hash, g_str_equal);
    for (gsize t = 0; t < table->count; t++) {
        g_hash_table_add(known, table->tensors[t].name);
        if (!check_tensor(conversion->reader, &table->tensors[t], error))
            return FALSE;
    }
    conversion->unknown = json_array();
    for (guint i = 0; i < conversion->reader->places->len; i++) {
        const char *name = g_array_index(conversion->reader->places, TensorPlace, i).tensor->name;
        if (!g_hash_table_contains(known, name))
            json_array_append_new(conversion->unknown, json_text(name));
    }
    return TRUE;
}

static gboolean make_plan(Conversion *conversion, const ModelShape *shape, GError **error)
{
    const ConvertRequest *request = conversion->request;
    g_autofree char *spm = g_build_filename(conversion->from, "tokenizer.model", NULL);
    g_autofree char *hf = g_build_filename(conversion->from, "tokenizer.json", NULL);
    const char *path = request->tokenizer;
    if (!path && request->token_count)
        path = g_file_test(spm, G_FILE_TEST_EXISTS) ? spm : g_file_test(hf, G_FILE_TEST_EXISTS) ? hf : NULL;
    if (!path && request->token_count)
        return refuse(error, conversion->from, "no tokenizer.model and no tokenizer.json to take new tokens apart; name one with --tokenizer");
    conversion->plan = vocabulary_plan_new(shape->vocabulary, request->vocabulary, path, request->tokens, request->token_count, error);
    return conversion->plan != NULL;
}

/* Types of numbers go by their names in safetensors. */
static gboolean choose_type(Conversion *conversion, GError **error)
{
    const char *name = conversion->request->type;
    conversion->cast = name != NULL;
    if (!name || (tensor_type_from_name(name, &conversion->type) && conversion->type <= TENSOR_F16))
        return TRUE;
    g_set_error(error, GALEN_ERROR, GALEN_ERROR_USAGE, "weights cannot be of type '%s'; choose F32, F16 or BF16", name);
    return FALSE;
}

/* ---- Weights with the bytes that they have ---- */

static gboolean copy_weights(Conversion *conversion, GError **error)
{
    const TensorReader *reader = conversion->reader;
    for (guint i = 0; i < reader->files->len; i++)
        if (!convert_copy_file(conversion->from, conversion->partial, ((TensorFile *)g_ptr_array_index(reader->files, i))->name, error))
            return FALSE;
    if (has_file(conversion->from, "model.safetensors.index.json") &&
        !convert_copy_file(conversion->from, conversion->partial, "model.safetensors.index.json", error))
        return FALSE;
    for (guint i = 0; i < reader->places->len; i++) {
        const TensorPlace *place = &g_array_index(reader->places, TensorPlace, i);
        guint64 sum;
        if (!tensor_place_sum(place, 0, place->tensor->elements, &sum, error))
            return FALSE;
        json_object_set_new(conversion->sums, place->tensor->name, checkpoint_format_sum(sum));
        progress_add(conversion->progress, place->tensor->end - place->tensor->begin);
    }
    return TRUE;
}

/* ---- Weights written anew ---- */

/* A tied model may have an output matrix too; then nobody has looked at its shape. */
static gboolean is_vocabulary(const Conversion *conversion, const SafetensorsTensor *tensor)
{
    return (g_str_equal(tensor->name, EMBEDDING) || g_str_equal(tensor->name, HEAD)) && tensor->dimensions == 2 &&
           tensor->shape[0] == conversion->plan->rows_before && tensor_type_converts(tensor->type);
}

static TensorType new_type(const Conversion *conversion, const SafetensorsTensor *tensor)
{
    return conversion->cast && tensor_type_converts(tensor->type) ? conversion->type : tensor->type;
}

static TensorLayout *make_layout(const Conversion *conversion)
{
    TensorLayout *layout = tensor_layout_empty();
    for (guint f = 0; f < conversion->reader->files->len; f++) {
        const TensorFile *from = g_ptr_array_index(conversion->reader->files, f);
        LayoutFile *to = tensor_layout_add_file(layout, from->name, from->header->metadata);
        for (guint t = 0; t < from->header->tensors->len; t++) {
            SafetensorsTensor tensor = *safetensors_get(from->header, t);
            if (is_vocabulary(conversion, &tensor))
                tensor.shape[0] = conversion->plan->rows;
            safetensors_add(to->header, tensor.name, new_type(conversion, &tensor), tensor.dimensions, tensor.shape);
        }
    }
    tensor_layout_ready(layout);
    return layout;
}

/* `numbers` of the new type, which are elements from `first` on. */
static gboolean put(TensorOutput *output, const char *name, TensorType type, gsize first, gsize count, void *numbers, GError **error)
{
    TensorSlice slice = {.name = name, .type = type, .rows = first + count, .row_count = first + count, .begin = first, .end = first + count, .data = numbers};
    return tensor_output_put(output, &slice, error);
}

static gboolean check_range(const void *before, TensorType from, const void *after, TensorType to, gsize count, const char *name, GError **error)
{
    for (gsize i = 0; to == TENSOR_F16 && i < count; i++) {
        float a, b;
        tensor_convert(&a, TENSOR_F32, (const char *)before + i * tensor_type_size(from), from, 1);
        tensor_convert(&b, TENSOR_F32, (const char *)after + i * tensor_type_size(to), to, 1);
        if (isfinite(a) && !isfinite(b)) {
            g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT, "tensor \"%s\" has the number %g, which is too large for F16; choose BF16", name, (double)a);
            return FALSE;
        }
    }
    return TRUE;
}

/* Elements [first, end), which keep their place. */
static gboolean move(const Conversion *conversion, TensorOutput *output, const TensorPlace *place, guint64 first, guint64 end, GError **error)
{
    const SafetensorsTensor *tensor = place->tensor;
    TensorType type = new_type(conversion, tensor);
    g_autofree char *before = g_malloc(CHUNK * tensor_type_size(tensor->type)), *after = g_malloc(CHUNK * tensor_type_size(type));
    for (guint64 at = first; at < end;) {
        gsize count = (gsize)MIN(CHUNK, end - at);
        if (!tensor_place_read(place, at, count, before, error))
            return FALSE;
        tensor_convert(after, type, before, tensor->type, count);
        if (!check_range(before, tensor->type, after, type, count, tensor->name, error) ||
            !put(output, tensor->name, type, (gsize)at, count, after, error))
            return FALSE;
        progress_add(conversion->progress, count * tensor_type_size(tensor->type));
        at += count;
    }
    return TRUE;
}

static gboolean put_mean(const Conversion *conversion, TensorOutput *output, const TensorPlace *place, gsize row, const double *mean, GError **error)
{
    gsize columns = (gsize)place->tensor->shape[1];
    TensorType type = new_type(conversion, place->tensor);
    g_autofree float *numbers = g_new(float, columns);
    g_autofree char *narrow = g_malloc(columns * tensor_type_size(type));
    for (gsize i = 0; i < columns; i++)
        numbers[i] = (float)mean[i];
    tensor_convert(narrow, type, numbers, TENSOR_F32, columns);
    return check_range(numbers, TENSOR_F32, narrow, type, columns, place->tensor->name, error) &&
           put(output, place->tensor->name, type, row * columns, columns, narrow, error);
}

/* Old rows, those of new tokens, and padding. */
static gboolean write_vocabulary(const Conversion *conversion, TensorOutput *output, const TensorPlace *place, GError **error)
{
    const VocabularyPlan *plan = conversion->plan;
    gsize columns = (gsize)place->tensor->shape[1], kept = MIN(plan->rows_before, plan->rows);
    gsize behind = plan->known + plan->tokens->len;
    g_autofree double *mean = g_new(double, columns);
    if (!move(conversion, output, place, 0, (guint64)MIN(kept, plan->known) * columns, error) ||
        (behind < kept && !move(conversion, output, place, (guint64)behind * columns, (guint64)kept * columns, error)))
        return FALSE;
    for (guint t = 0; t < plan->tokens->len; t++) {
        const NewToken *token = &g_array_index(plan->tokens, NewToken, t);
        if (!vocabulary_mean_of_pieces(token, place, mean, error) || !put_mean(conversion, output, place, token->id, mean, error))
            return FALSE;
    }
    gsize padding = MAX(kept, behind);
    if (padding < plan->rows && !vocabulary_mean_of_all(plan, place, mean, error))
        return FALSE;
    for (gsize row = padding; row < plan->rows; row++)
        if (!put_mean(conversion, output, place, row, mean, error))
            return FALSE;
    return TRUE;
}

static gboolean write_all(const Conversion *conversion, TensorOutput *output, GError **error)
{
    for (guint i = 0; i < conversion->reader->places->len; i++) {
        const TensorPlace *place = &g_array_index(conversion->reader->places, TensorPlace, i);
        if (!(is_vocabulary(conversion, place->tensor) ? write_vocabulary(conversion, output, place, error)
                                                 : move(conversion, output, place, 0, place->tensor->elements, error)))
            return FALSE;
    }
    return TRUE;
}

static gboolean rewrite_weights(Conversion *conversion, GError **error)
{
    g_autoptr(TensorLayout) layout = make_layout(conversion);
    g_autofree guint64 *sums = g_new0(guint64, MAX(layout->tensors->len, 1));
    if (!tensor_layout_create(layout, conversion->partial, error))
        return FALSE;
    TensorOutput *output = tensor_output_open(layout, conversion->partial, sums);
    gboolean good = write_all(conversion, output, error);
    if (!tensor_output_close(output, good ? error : NULL) || !good)
        return FALSE;
    for (guint i = 0; i < layout->tensors->len; i++)
        json_object_set_new(conversion->sums, g_array_index(layout->tensors, LayoutTensor, i).tensor->name, checkpoint_format_sum(sums[i]));
    return TRUE;
}

/* ---- Everything else ---- */

static const char *torch_type(TensorType type)
{
    return type == TENSOR_F32 ? "float32" : type == TENSOR_F16 ? "float16" : "bfloat16";
}

static TensorType weight_type(const Conversion *conversion)
{
    return new_type(conversion, tensor_reader_find(conversion->reader, EMBEDDING)->tensor);
}

/* Keys that say something else than the weights now are; "dtype" is the newer name of "torch_dtype". */
static gboolean change_config(const Conversion *conversion, GError **error)
{
    static const char *const keys[] = {"torch_dtype", "dtype"};
    json_t *config = conversion->config;
    const char *type = torch_type(weight_type(conversion));
    gboolean changed = conversion->plan->rows != conversion->plan->rows_before;
    if (changed)
        json_object_set_new(config, "vocab_size", json_integer((json_int_t)conversion->plan->rows));
    for (gsize i = 0; i < G_N_ELEMENTS(keys); i++) {
        const char *said = json_get_string(config, keys[i]);
        if (!said || g_str_equal(said, type))
            continue;
        json_object_set_new(config, keys[i], json_string(type));
        changed = TRUE;
    }
    return !changed || checkpoint_write_json(conversion->partial, "config.json", config, error);
}

static gboolean copy_files(Conversion *conversion, GError **error)
{
    conversion->left = g_ptr_array_new_with_free_func(g_free);
    conversion->copied = convert_list_files(conversion->from, conversion->left, error);
    for (guint i = 0; conversion->copied && i < conversion->copied->len; i++)
        if (!convert_copy_file(conversion->from, conversion->partial, g_ptr_array_index(conversion->copied, i), error))
            return FALSE;
    return conversion->copied && convert_add_tokens(conversion->partial, conversion->plan->tokens, error) &&
           (!(conversion->cast || vocabulary_is_changed(conversion->plan)) || change_config(conversion, error));
}

static json_t *list_names(const GPtrArray *names)
{
    json_t *list = json_array();
    for (guint i = 0; i < names->len; i++)
        json_array_append_new(list, json_text(g_ptr_array_index(names, i)));
    return list;
}

static json_t *make_report(const Conversion *conversion)
{
    const TensorReader *reader = conversion->reader;
    const VocabularyPlan *plan = conversion->plan;
    guint64 parameters = 0;
    for (guint i = 0; i < reader->places->len; i++) {
        const SafetensorsTensor *tensor = g_array_index(reader->places, TensorPlace, i).tensor;
        parameters += is_vocabulary(conversion, tensor) ? plan->rows * tensor->shape[1] : tensor->elements;
    }
    return json_pack("{s:s, s:o, s:I, s:I, s:I, s:s, s:I, s:I, s:o, s:o, s:o, s:O}", "to", conversion->from_galen ? "hugging face" : "galen", "from",
                     json_text(conversion->from), "files", (json_int_t)reader->files->len, "tensors", (json_int_t)reader->places->len, "parameters",
                     (json_int_t)parameters, "type", tensor_type_name(weight_type(conversion)), "vocabulary_before", (json_int_t)plan->rows_before,
                     "vocabulary", (json_int_t)plan->rows, "tokens", vocabulary_tokens_to_json(plan), "copied", list_names(conversion->copied), "left",
                     list_names(conversion->left), "unknown", conversion->unknown);
}

static gboolean write_state(const Conversion *conversion, GError **error)
{
    if (conversion->from_galen)
        return TRUE;
    const VocabularyPlan *plan = conversion->plan;
    json_t *import = json_pack("{s:I, s:I, s:o}", "vocabulary_before", (json_int_t)plan->rows_before, "vocabulary", (json_int_t)plan->rows, "tokens",
                               vocabulary_tokens_to_json(plan));
    g_autoptr(json_t) state = checkpoint_state_of_import(import, json_incref(conversion->sums));
    return checkpoint_write_json(conversion->partial, "state.json", state, error);
}

static guint64 count_bytes(const TensorReader *reader)
{
    guint64 bytes = 0;
    for (guint i = 0; i < reader->files->len; i++)
        bytes += ((TensorFile *)g_ptr_array_index(reader->files, i))->header->data_size;
    return bytes;
}

/* All that can be refused is, before the target's place is taken. */
static gboolean prepare(Conversion *conversion, GError **error)
{
    ModelShape shape;
    return choose_type(conversion, error) && find_source(conversion, error) && open_tensors(conversion, error) &&
           check_model(conversion, &shape, error) && make_plan(conversion, &shape, error) &&
           (!conversion->from_galen || checkpoint_read(conversion->from, NULL, 0, NULL, error)) && find_target(conversion, error);
}

static gboolean write_target(Conversion *conversion, GError **error)
{
    gboolean same = !conversion->cast && !vocabulary_is_changed(conversion->plan);
    return (same ? copy_weights(conversion, error) : rewrite_weights(conversion, error)) && copy_files(conversion, error) &&
           write_state(conversion, error) && checkpoint_complete(conversion->partial, conversion->to, error);
}

json_t *convert_run(const ConvertRequest *request, Progress *progress, GError **error)
{
    g_auto(Conversion) conversion = {.request = request, .progress = progress, .sums = json_object()};
    if (!prepare(&conversion, error))
        return NULL;
    progress_begin(progress, "convert", "bytes", count_bytes(conversion.reader));
    gboolean good = write_target(&conversion, error);
    progress_end(progress);
    if (good)
        return make_report(&conversion);
    checkpoint_remove_directory(conversion.partial, NULL);
    g_prefix_error(error, "while converting %s to %s: ", conversion.from, request->to);
    return NULL;
}
