/* SPDX-License-Identifier: Apache-2.0
 * train/checkpoint.h, train/checkpoint_model.h and train/safetensors.h: what is on disk, what comes back, and what is refused. */
#include "train/checkpoint_model.h"

#include <glib/gstdio.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "train/safetensors.h"

static const ModelShape shape = {13, 8, 2, 2, 1, 12, 16, 50000, 1e-6, FALSE};
static char *directory;
static Backend *backend;

static Optimizer *new_optimizer(guint64 seed)
{
    g_autoptr(GError) error = NULL;
    OptimizerSettings settings = {0.9, 0.95, 1e-5, 0.1, 1};
    ModelOptions options = {.use = MODEL_TRAIN, .max_rows = 4};
    Model *model = model_new(&shape, &model_part_whole, backend, &options, &error);
    g_assert_no_error(error);
    Optimizer *optimizer = optimizer_new(&settings, model, NULL, FALSE, &error);
    parameters_initialise(model->table, &shape, seed, model->parameters);
    parameters_initialise(model->table, &shape, seed + 1, optimizer->m);
    parameters_initialise(model->table, &shape, seed + 2, optimizer->v);
    return optimizer;
}

static void free_with_model(Optimizer *optimizer)
{
    Model *model = optimizer->model;
    optimizer_free(optimizer);
    model_free(model);
}

static char *save_step(const char *name, guint64 step)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *output = g_build_filename(directory, name, NULL);
    g_assert_true(directory_make(output, &error));
    Optimizer *optimizer = new_optimizer(step);
    g_auto(CheckpointState) state = {.step = step, .fingerprint = json_pack("{s:i}", "seed", 5)};
    memset(&state.shards, 0xab, sizeof state.shards);
    checkpoint_save(output, &state, optimizer, &error);
    g_assert_no_error(error);
    free_with_model(optimizer);
    return g_steal_pointer(&output);
}

static void test_a_checkpoint_comes_back_bit_for_bit(void)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *output = save_step("roundtrip", 7), *path = checkpoint_find_newest(output, &error);
    g_assert_true(g_str_has_suffix(path, "step-00000007"));
    g_auto(CheckpointState) state = {0};
    g_assert_true(checkpoint_load_state(path, &state, &error));
    g_assert_cmpuint(state.step, ==, 7);
    g_assert_cmpint(state.shards.bytes[31], ==, 0xab);
    g_assert_cmpint(json_integer_value(json_object_get(state.fingerprint, "seed")), ==, 5);
    Optimizer *saved = new_optimizer(7), *loaded = new_optimizer(100);
    checkpoint_load(path, loaded, NULL, &error);
    g_assert_no_error(error);
    gsize bytes = saved->model->table->elements * sizeof(real);
    g_assert_cmpmem(saved->model->parameters, bytes, loaded->model->parameters, bytes);
    g_assert_cmpmem(saved->m, bytes, loaded->m, bytes);
    g_assert_cmpmem(saved->v, bytes, loaded->v, bytes);
    g_autoptr(Model) model = checkpoint_load_model(path, backend, &error);
    g_assert_no_error(error);
    g_assert_cmpmem(saved->model->parameters, bytes, model->parameters, bytes);
    g_assert_cmpfloat(model->shape.rope_theta, ==, 50000);
    g_assert_cmpfloat(model->shape.norm_epsilon, ==, 1e-6);
    g_assert_cmpuint(model->shape.kv_heads, ==, 1);
    g_clear_pointer(&model, model_free);
    free_with_model(saved);
    free_with_model(loaded);
}

static const ParameterTensor *find_tensor(const ParameterTable *table, const char *name)
{
    for (gsize t = 0; t < table->count; t++)
        if (g_str_equal(table->tensors[t].name, name))
            return &table->tensors[t];
    g_assert_not_reached();
}

/* The file read by the format's description alone. */
static void test_the_file_is_what_safetensors_describes(void)
{
    g_autofree char *output = save_step("format", 1), *text = NULL;
    g_autofree char *path = g_build_filename(output, "step-00000001", "model.safetensors", NULL);
    gsize length, end = 0;
    g_assert_true(g_file_get_contents(path, &text, &length, NULL));
    guint64 header_length;
    memcpy(&header_length, text, 8);
    g_assert_cmpuint(header_length % 8, ==, 0);
    g_autoptr(json_t) header = json_parse(text + 8, header_length, "header", NULL);
    g_assert_nonnull(header);
    Optimizer *expected = new_optimizer(1);
    const ParameterTable *table = expected->model->table;
    g_assert_cmpuint(json_object_size(header), ==, table->count + 1);
    g_assert_nonnull(json_object_get(json_object_get(header, "__metadata__"), "format"));
    json_object_del(header, "__metadata__");
    const char *name;
    json_t *entry;
    json_object_foreach (header, name, entry) {
        const ParameterTensor *tensor = find_tensor(table, name);
        json_t *offsets = json_object_get(entry, "data_offsets");
        gsize begin = (gsize)json_integer_value(json_array_get(offsets, 0));
        g_assert_cmpstr(json_get_string(entry, "dtype"), ==, "F32");
        g_assert_cmpuint(begin, ==, end);
        g_assert_cmpuint(json_array_size(json_object_get(entry, "shape")), ==, tensor->columns ? 2 : 1);
        end = (gsize)json_integer_value(json_array_get(offsets, 1));
        g_assert_cmpmem(text + 8 + header_length + begin, end - begin, expected->model->parameters + tensor->offset,
                        parameter_tensor_elements(tensor) * sizeof(real));
    }
    g_assert_cmpuint(8 + header_length + end, ==, length);
    g_assert_nonnull(json_object_get(header, "model.layers.1.self_attn.k_proj.weight"));
    g_assert_nonnull(json_object_get(header, "lm_head.weight"));
    free_with_model(expected);
}

static void assert_load_fails(const char *checkpoint, const char *said)
{
    g_autoptr(GError) error = NULL;
    Optimizer *optimizer = new_optimizer(3);
    g_assert_false(checkpoint_load(checkpoint, optimizer, NULL, &error));
    g_assert_error(error, GALEN_ERROR, GALEN_ERROR_INPUT);
    if (!strstr(error->message, said))
        g_error("\"%s\" does not say \"%s\"", error->message, said);
    free_with_model(optimizer);
}

static void test_one_changed_bit_or_a_lost_byte_is_refused_by_name(void)
{
    static const char *const files[] = {"model.safetensors", "optimizer.safetensors"};
    g_autofree char *output = save_step("damage", 1);
    g_autofree char *checkpoint = g_build_filename(output, "step-00000001", NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(files); i++) {
        g_autofree char *path = g_build_filename(checkpoint, files[i], NULL), *text = NULL;
        gsize length;
        g_assert_true(g_file_get_contents(path, &text, &length, NULL));
        text[length - 1] ^= 1;
        g_assert_true(g_file_set_contents(path, text, (gssize)length, NULL));
        assert_load_fails(checkpoint, files[i]);
        text[length - 1] ^= 1;
        g_assert_true(g_file_set_contents(path, text, (gssize)length - 1, NULL));
        assert_load_fails(checkpoint, files[i]);
        g_assert_true(g_file_set_contents(path, text, (gssize)length, NULL));
    }
}

static void test_only_the_newest_stay_and_half_written_ones_never_count(void)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *output = NULL;
    for (guint64 step = 9; step <= 12; step++) {
        g_free(output);
        output = save_step("keep", step);
    }
    g_autofree char *partial = g_build_filename(output, ".partial-step-00000013", NULL);
    g_autofree char *left = g_build_filename(partial, "model.safetensors", NULL);
    g_assert_true(directory_make(partial, &error));
    g_assert_true(g_file_set_contents(left, "half", 4, NULL));
    g_autofree char *newest = checkpoint_find_newest(output, &error);
    g_assert_true(g_str_has_suffix(newest, "step-00000012"));
    g_assert_true(checkpoint_prune(output, 2, &error));
    g_assert_false(g_file_test(partial, G_FILE_TEST_EXISTS));
    for (int step = 9; step <= 12; step++) {
        g_autofree char *name = g_strdup_printf("step-%08d", step), *path = g_build_filename(output, name, NULL);
        g_assert_true(g_file_test(path, G_FILE_TEST_EXISTS) == (step > 10));
    }
}

static void test_an_empty_output_has_no_checkpoint_and_no_error(void)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *nowhere = g_build_filename(directory, "nowhere", NULL);
    g_assert_null(checkpoint_find_newest(nowhere, &error));
    g_assert_no_error(error);
}

#define TENSOR(name, range) "\"" name "\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":" range "}"

static void test_headers_that_lie_are_refused(void)
{
    static const char *const bad[] = {
        "", "[]", "{\"a\":1}", "{\"a\":{\"dtype\":\"F32\",\"shape\":[2]}}",
        "{" TENSOR("a", "[0,9]") "}",                       /* past the end */
        "{" TENSOR("a", "[4,0]") "}",                       /* backwards */
        "{" TENSOR("a", "[4,8]") "}",                       /* a gap before */
        "{" TENSOR("a", "[0,4]") "}",                       /* bytes behind */
        "{" TENSOR("a", "[0,8]") "," TENSOR("b", "[4,8]") "}", /* overlap */
        "{" TENSOR("a", "[-4,8]") "}",
        "{" TENSOR("a", "[0,4]") "," TENSOR("a", "[4,8]") "}", /* twice */
        "{\"a\":{\"dtype\":\"F31\",\"shape\":[2],\"data_offsets\":[0,8]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[0,8]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[-2],\"data_offsets\":[0,8]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[1,1,1,1,1,1,1,1,2],\"data_offsets\":[0,8]}}",
        /* 2^62 + 2 elements of four bytes are eight bytes, modulo 2^64 */
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[4611686018427387906],\"data_offsets\":[0,8]}}",
        "{\"__metadata__\":[]," TENSOR("a", "[0,4]") "," TENSOR("b", "[4,8]") "}",
    };
    for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(SafetensorsHeader) header = safetensors_parse(bad[i], strlen(bad[i]), 8, "x.safetensors", &error);
        g_assert_null(header);
        g_assert_error(error, GALEN_ERROR, GALEN_ERROR_INPUT);
        g_assert_nonnull(strstr(error->message, "x.safetensors"));
    }
    const char *good = "{" TENSOR("a", "[4,8]") "," TENSOR("b", "[0,4]") "}   ";
    g_autoptr(SafetensorsHeader) header = safetensors_parse(good, strlen(good), 8, "x.safetensors", NULL);
    g_assert_nonnull(header);
    g_assert_cmpuint(safetensors_find(header, "a")->begin, ==, 4);
    g_assert_null(safetensors_find(header, "c"));
}

/* One thing in state.json or in a file replaced by another of the same length. */
static void assert_replaced_fails(const char *name, const char *from, const char *to, const char *said)
{
    g_autofree char *output = save_step("replaced", 1), *text = NULL;
    g_autofree char *checkpoint = g_build_filename(output, "step-00000001", NULL), *path = g_build_filename(checkpoint, name, NULL);
    gsize length;
    g_assert_true(g_file_get_contents(path, &text, &length, NULL));
    char *place = g_strstr_len(text, (gssize)length, from);
    if (!place)
        place = memmem(text, length, from, strlen(from));
    g_assert_nonnull(place);
    memcpy(place, to, strlen(to));
    g_assert_true(g_file_set_contents(path, text, (gssize)length, NULL));
    assert_load_fails(checkpoint, said);
    g_autofree char *command = g_strdup_printf("rm -rf '%s'", output);
    g_assert_cmpint(system(command), ==, 0);
}

static void test_another_format_is_refused_with_both_numbers(void)
{
    assert_replaced_fails("state.json", "\"format\": 2", "\"format\": 9", "format 9, but this version of galen reads format 2");
    assert_replaced_fails("state.json", "\"format\": 2", "\"format\": 1", "the older version");
    assert_replaced_fails("state.json", "\"format\"", "\"formal\"", "it has no format");
}

static void test_a_tensor_that_is_missing_or_of_another_shape_is_named(void)
{
    assert_replaced_fails("model.safetensors", "model.norm.weight", "model.nose.weight", "model.no");
    assert_replaced_fails("state.json", "model.norm.weight\"", "model.nose.weight\"", "model.norm.weight");
    g_autofree char *output = save_step("shape", 1), *path = g_build_filename(output, "step-00000001", NULL);
    g_autoptr(GError) error = NULL;
    float numbers[13 * 9];
    TensorSlice slice = tensor_slice_whole("lm_head.weight", TENSOR_F32, 13, 9, numbers);
    g_assert_false(checkpoint_read(path, &slice, 1, NULL, &error));
    g_assert_error(error, GALEN_ERROR, GALEN_ERROR_INPUT);
    g_assert_nonnull(strstr(error->message, "lm_head.weight"));
    g_assert_nonnull(strstr(error->message, "[13, 8], but the model has [13, 9]"));
    g_clear_error(&error);
    slice = tensor_slice_whole("lm_tail.weight", TENSOR_F32, 13, 8, numbers);
    g_assert_false(checkpoint_read(path, &slice, 1, NULL, &error));
    g_assert_nonnull(strstr(error->message, "\"lm_tail.weight\" is missing"));
}

static void test_a_run_begins_with_the_weights_of_another_and_without_its_moments(void)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *output = save_step("weights", 7);
    Optimizer *saved = new_optimizer(7), *begun = new_optimizer(100), *untouched = new_optimizer(100);
    g_assert_true(checkpoint_load_weights(output, begun, NULL, &error));
    g_assert_no_error(error);
    gsize bytes = saved->model->table->elements * sizeof(real);
    g_assert_cmpmem(saved->model->parameters, bytes, begun->model->parameters, bytes);
    g_assert_cmpmem(untouched->m, bytes, begun->m, bytes);
    /* The same as a folder of Hugging Face, and with another size. */
    g_autofree char *path = checkpoint_find_newest(output, NULL), *state = g_build_filename(path, "state.json", NULL);
    g_autofree char *config = g_build_filename(path, "config.json", NULL), *text = NULL;
    g_assert_cmpint(g_unlink(state), ==, 0);
    g_assert_true(checkpoint_load_weights(path, untouched, NULL, &error));
    g_assert_cmpmem(saved->model->parameters, bytes, untouched->model->parameters, bytes);
    g_assert_true(g_file_get_contents(config, &text, NULL, NULL));
    strstr(text, "50000")[0] = '6';
    g_assert_true(g_file_set_contents(config, text, -1, NULL));
    g_assert_false(checkpoint_load_weights(path, untouched, NULL, &error));
    g_assert_error(error, GALEN_ERROR, GALEN_ERROR_INPUT);
    g_assert_nonnull(strstr(error->message, "a rope_theta of 60000, but the run's model has 50000; set model.rope_theta"));
    free_with_model(saved);
    free_with_model(begun);
    free_with_model(untouched);
}

/* As a program with narrow weights leaves it: weights in BF16, and masters. */
static void test_masters_are_the_weights_of_a_program_that_has_none(void)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *output = g_build_filename(directory, "masters", NULL);
    Optimizer *optimizer = new_optimizer(7), *loaded = new_optimizer(100);
    const ParameterTable *table = optimizer->model->table;
    CheckpointSettings settings = {.output = output};
    g_autoptr(CheckpointWriter) writer = checkpoint_writer_new(&settings, NULL);
    g_auto(CheckpointState) state = {.step = 1, .fingerprint = json_object()};
    g_autoptr(GPtrArray) memory = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GArray) slices = g_array_new(FALSE, FALSE, sizeof(TensorSlice));
    static const char *const suffixes[] = {"", ".master", ".m", ".v"};
    for (gsize t = 0; t < table->count; t++)
        for (gsize i = 0; i < G_N_ELEMENTS(suffixes); i++) {
            const ParameterTensor *tensor = &table->tensors[t];
            char *name = g_strconcat(tensor->name, suffixes[i], NULL);
            real *data = optimizer->model->parameters + tensor->offset;
            guint16 *narrow = g_new0(guint16, parameter_tensor_elements(tensor));
            TensorSlice slice = tensor_slice_whole(name, i ? TENSOR_F32 : TENSOR_BF16, tensor->rows, tensor->columns, i ? (void *)data : narrow);
            g_ptr_array_add(memory, name);
            g_ptr_array_add(memory, narrow);
            g_array_append_val(slices, slice);
        }
    g_assert_true(checkpoint_writer_begin(writer, &state, (const TensorSlice *)(gconstpointer)slices->data, slices->len, &error));
    g_autofree char *path = checkpoint_find_newest(output, NULL);
    g_assert_true(checkpoint_load(path, loaded, NULL, &error));
    gsize bytes = table->elements * sizeof(real);
    g_assert_cmpmem(optimizer->model->parameters, bytes, loaded->model->parameters, bytes);
    free_with_model(optimizer);
    free_with_model(loaded);
}

/* Files of at most 400 bytes of numbers: most tensors get one of their own. */
static void test_a_large_checkpoint_is_cut_into_files_with_an_index(void)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *output = g_build_filename(directory, "cut", NULL), *index = NULL;
    CheckpointSettings settings = {.output = output, .file_bytes = 400};
    g_autoptr(CheckpointWriter) writer = checkpoint_writer_new(&settings, NULL);
    g_auto(CheckpointState) state = {.step = 3, .fingerprint = json_object()};
    Optimizer *optimizer = new_optimizer(3), *loaded = new_optimizer(100);
    g_assert_true(checkpoint_model_begin(writer, &state, optimizer, &error));
    g_autofree char *path = checkpoint_find_newest(output, &error);
    g_autofree char *index_path = g_build_filename(path, "model.safetensors.index.json", NULL);
    gsize length;
    g_assert_true(g_file_get_contents(index_path, &index, &length, NULL));
    g_autoptr(json_t) json = json_parse(index, length, "index", NULL);
    gsize numbers = 0;
    for (gsize t = 0; t < optimizer->model->table->count; t++)
        numbers += parameter_tensor_elements(&optimizer->model->table->tensors[t]);
    g_assert_cmpint(json_integer_value(json_object_get(json_object_get(json, "metadata"), "total_size")), ==,
                    (json_int_t)(numbers * sizeof(real)));
    g_assert_cmpuint(json_object_size(json_object_get(json, "weight_map")), ==, optimizer->model->table->count);
    checkpoint_load(path, loaded, NULL, &error);
    g_assert_no_error(error);
    gsize bytes = optimizer->model->table->elements * sizeof(real);
    g_assert_cmpmem(optimizer->model->parameters, bytes, loaded->model->parameters, bytes);
    g_assert_cmpmem(optimizer->v, bytes, loaded->v, bytes);
    /* A file of another checkpoint in its place. */
    g_autofree char *other = g_build_filename(path, json_string_value(json_object_get(json_object_get(json, "weight_map"), "lm_head.weight")), NULL);
    g_assert_cmpint(g_unlink(other), ==, 0);
    assert_load_fails(path, other);
    free_with_model(optimizer);
    free_with_model(loaded);
}

static void test_an_index_that_leads_elsewhere_is_refused(void)
{
    static const char *const bad[] = {"{}", "[]", "{\"weight_map\":{\"a\":\"../model.safetensors\"}}", "{\"weight_map\":{\"a\":\"/etc/passwd\"}}",
                                      "{\"weight_map\":{\"a\":3}}", "{\"weight_map\":{\"a\":\"model.safetensors\"}}"};
    g_autofree char *output = save_step("index", 1), *path = g_build_filename(output, "step-00000001", NULL);
    g_autofree char *index = g_build_filename(path, "model.safetensors.index.json", NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_assert_true(g_file_set_contents(index, bad[i], -1, NULL));
        assert_load_fails(path, index);
    }
}

#define LLAMA(vocabulary, hidden, more) \
    "{\"model_type\":\"llama\",\"vocab_size\":" vocabulary ",\"hidden_size\":" hidden ",\"num_hidden_layers\":1," \
    "\"num_attention_heads\":2,\"intermediate_size\":4" more "}"

static void test_a_model_of_another_kind_is_refused(void)
{
    static const char *const bad[] = {
        "{\"model_type\":\"gpt2\"}", LLAMA("10", "9", ""), LLAMA("-10", "8", ""), LLAMA("10", "8", ",\"head_dim\":6"),
        LLAMA("10", "8", ",\"rope_scaling\":{\"factor\":8}"), LLAMA("10", "8", ",\"attention_bias\":true"),
    };
    for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(json_t) object = json_parse(bad[i], strlen(bad[i]), "config.json", NULL);
        ModelShape refused;
        g_assert_false(model_shape_from_json(object, "config.json", &refused, &error));
        g_assert_error(error, GALEN_ERROR, GALEN_ERROR_INPUT);
    }
    ModelShape got;
    g_autoptr(json_t) good = json_parse(LLAMA("10", "8", ""), strlen(LLAMA("10", "8", "")), "config.json", NULL);
    g_assert_true(model_shape_from_json(good, "config.json", &got, NULL));
    g_assert_cmpuint(got.kv_heads, ==, 2);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    directory = g_dir_make_tmp("galen-checkpoint-XXXXXX", NULL);
    backend = backend_cpu_new(1);
    g_test_add_func("/checkpoint/a checkpoint comes back bit for bit", test_a_checkpoint_comes_back_bit_for_bit);
    g_test_add_func("/checkpoint/the file is what safetensors describes", test_the_file_is_what_safetensors_describes);
    g_test_add_func("/checkpoint/one changed bit or a lost byte is refused by name",
                    test_one_changed_bit_or_a_lost_byte_is_refused_by_name);
    g_test_add_func("/checkpoint/only the newest stay and half-written ones never count",
                    test_only_the_newest_stay_and_half_written_ones_never_count);
    g_test_add_func("/checkpoint/an empty output has no checkpoint and no error",
                    test_an_empty_output_has_no_checkpoint_and_no_error);
    g_test_add_func("/checkpoint/another format is refused with both numbers", test_another_format_is_refused_with_both_numbers);
    g_test_add_func("/checkpoint/a tensor that is missing or of another shape is named",
                    test_a_tensor_that_is_missing_or_of_another_shape_is_named);
    g_test_add_func("/checkpoint/a run begins with the weights of another and without its moments",
                    test_a_run_begins_with_the_weights_of_another_and_without_its_moments);
    g_test_add_func("/checkpoint/masters are the weights of a program that has none",
                    test_masters_are_the_weights_of_a_program_that_has_none);
    g_test_add_func("/checkpoint/a large checkpoint is cut into files with an index",
                    test_a_large_checkpoint_is_cut_into_files_with_an_index);
    g_test_add_func("/checkpoint/an index that leads elsewhere is refused", test_an_index_that_leads_elsewhere_is_refused);
    g_test_add_func("/safetensors/headers that lie are refused", test_headers_that_lie_are_refused);
    g_test_add_func("/shape/a model of another kind is refused", test_a_model_of_another_kind_is_refused);
    int result = g_test_run();
    g_autofree char *command = g_strdup_printf("rm -rf '%s'", directory);
    if (system(command) != 0)
        result = 1;
    backend->destroy(backend);
    g_free(directory);
    return result;
}
