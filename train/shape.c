/* SPDX-License-Identifier: Apache-2.0
 * Sizes of a model, checked; see train/shape.h. */
#include "train/shape.h"

#include <math.h>

#include "base/error.h"

/* Each size fits the 32-bit integers of BLAS, and no product of them overflows 64 bits. */
#define SIZE_LIMIT 1048576
#define LAYERS_LIMIT 4096

static gboolean refuse(GError **error, const char *key, gsize value, const char *wanted)
{
    g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT, "model.%s is %" G_GSIZE_FORMAT ", but must be %s", key, value, wanted);
    return FALSE;
}

static gboolean check_sizes(const ModelShape *shape, GError **error)
{
    const struct {
        const char *key;
        gsize value;
    } sizes[] = {
        {"vocabulary", shape->vocabulary}, {"hidden", shape->hidden},
        {"layers", shape->layers},         {"heads", shape->heads},
        {"kv_heads", shape->kv_heads},     {"intermediate", shape->intermediate},
        {"context", shape->context},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(sizes); i++)
        if (sizes[i].value < 1 || sizes[i].value > SIZE_LIMIT)
            return refuse(error, sizes[i].key, sizes[i].value, "from 1 to " G_STRINGIFY(SIZE_LIMIT));
    if (shape->layers > LAYERS_LIMIT)
        return refuse(error, "layers", shape->layers, "at most " G_STRINGIFY(LAYERS_LIMIT));
    return TRUE;
}

static gboolean check_scaling(const RopeScaling *scaling, GError **error)
{
    if (scaling->factor == 0)
        return TRUE;
    if (scaling->factor >= 1 && scaling->low_frequency > 0 && scaling->high_frequency > scaling->low_frequency &&
        isfinite(scaling->factor) && isfinite(scaling->high_frequency) && scaling->original_context >= 1)
        return TRUE;
    g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT,
                "model.rope_scaling has factor %g, low_freq_factor %g, high_freq_factor %g and original_context %" G_GSIZE_FORMAT
                ", but the factor must be at least 1, 0 < low_freq_factor < high_freq_factor, and the context above 0",
                scaling->factor, scaling->low_frequency, scaling->high_frequency, scaling->original_context);
    return FALSE;
}

gboolean model_shape_check(const ModelShape *shape, GError **error)
{
    if (!check_sizes(shape, error))
        return FALSE;
    if (shape->hidden % shape->heads || shape->hidden / shape->heads % 2)
        return refuse(error, "hidden", shape->hidden, "an even multiple of model.heads, for rotary embeddings");
    if (shape->heads % shape->kv_heads)
        return refuse(error, "kv_heads", shape->kv_heads, "a divisor of model.heads");
    if (!(shape->rope_theta > 0) || !(shape->norm_epsilon > 0)) {
        g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT, "model.rope_theta is %g and model.norm_eps is %g, but both must be above 0",
                    shape->rope_theta, shape->norm_epsilon);
        return FALSE;
    }
    return check_scaling(&shape->rope_scaling, error);
}

gsize model_shape_head_size(const ModelShape *shape)
{
    return shape->hidden / shape->heads;
}

gsize model_shape_qkv_width(const ModelShape *shape)
{
    return (shape->heads + 2 * shape->kv_heads) * model_shape_head_size(shape);
}

double model_shape_rope_frequency(const ModelShape *shape, gsize pair)
{
    const RopeScaling *scaling = &shape->rope_scaling;
    double frequency = pow(shape->rope_theta, -2.0 * (double)pair / (double)model_shape_head_size(shape));
    if (scaling->factor == 0)
        return frequency;
    /* How often the pair turns within the context that it was first trained for. */
    double turns = (double)scaling->original_context * frequency / (2 * G_PI);
    double fade = (turns - scaling->low_frequency) / (scaling->high_frequency - scaling->low_frequency);
    fade = CLAMP(fade, 0, 1);
    return fade * frequency + (1 - fade) * frequency / scaling->factor;
}

guint64 model_shape_parameters(const ModelShape *shape)
{
    guint64 hidden = shape->hidden, vocabulary = shape->vocabulary * hidden;
    guint64 layer = (model_shape_qkv_width(shape) + hidden + 3 * shape->intermediate + 2) * hidden;
    return vocabulary * (shape->tied ? 1 : 2) + shape->layers * layer + hidden;
}

static json_t *scaling_to_json(const RopeScaling *scaling)
{
    if (scaling->factor == 0)
        return json_null();
    return json_pack("{s:s, s:f, s:f, s:f, s:I}", "rope_type", "llama3", "factor", scaling->factor, "low_freq_factor",
                     scaling->low_frequency, "high_freq_factor", scaling->high_frequency,
                     "original_max_position_embeddings", (json_int_t)scaling->original_context);
}

json_t *model_shape_to_json(const ModelShape *shape)
{
    return json_pack("{s:[s], s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:f, s:f, s:o, s:b, s:b, s:b, s:s}",
                     "architectures", "LlamaForCausalLM", "model_type", "llama", "hidden_act", "silu",
                     "vocab_size", (json_int_t)shape->vocabulary, "hidden_size", (json_int_t)shape->hidden,
                     "intermediate_size", (json_int_t)shape->intermediate, "num_hidden_layers", (json_int_t)shape->layers,
                     "num_attention_heads", (json_int_t)shape->heads, "num_key_value_heads", (json_int_t)shape->kv_heads,
                     "head_dim", (json_int_t)model_shape_head_size(shape), "max_position_embeddings", (json_int_t)shape->context,
                     "rms_norm_eps", shape->norm_epsilon, "rope_theta", shape->rope_theta,
                     "rope_scaling", scaling_to_json(&shape->rope_scaling), "tie_word_embeddings", (int)shape->tied, "attention_bias", 0, "mlp_bias", 0, "torch_dtype", "float32");
}

static gsize get_size(const json_t *object, const char *key, gsize otherwise)
{
    const json_t *value = json_object_get(object, key);
    if (!value)
        return otherwise;
    return json_is_integer(value) && json_integer_value(value) > 0 ? (gsize)json_integer_value(value) : 0;
}

static double get_number(const json_t *object, const char *key, double otherwise)
{
    const json_t *value = json_object_get(object, key);
    return value ? json_number_value(value) : otherwise;
}

static gboolean is_plain_llama(const json_t *object)
{
    const char *type = json_get_string(object, "model_type");
    return type && g_str_equal(type, "llama") &&
           !json_is_true(json_object_get(object, "attention_bias")) && !json_is_true(json_object_get(object, "mlp_bias"));
}

/* Since version 5, transformers writes all that concerns rotations into one object, the base included. */
static const json_t *rope_object(const json_t *object)
{
    const json_t *parameters = json_object_get(object, "rope_parameters");
    return json_is_object(parameters) ? parameters : json_object_get(object, "rope_scaling");
}

static double rope_theta_from_json(const json_t *object)
{
    return get_number(object, "rope_theta", get_number(rope_object(object), "rope_theta", 10000));
}

/* Absent, null and "default" are no scaling; "type" is how older files spell "rope_type". */
static gboolean scaling_from_json(const json_t *object, const char *what, RopeScaling *scaling, GError **error)
{
    const json_t *file = rope_object(object);
    *scaling = (RopeScaling){0};
    if (!file || json_is_null(file))
        return TRUE;
    const char *type = json_get_string(file, "rope_type");
    type = type ? type : json_get_string(file, "type");
    if (type && g_str_equal(type, "default"))
        return TRUE;
    if (!type || !g_str_equal(type, "llama3")) {
        g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT,
                    "%s: rope_scaling is of type \"%s\", but this version computes llama3 alone", what, type ? type : "(none)");
        return FALSE;
    }
    *scaling = (RopeScaling){
        .factor = get_number(file, "factor", -1),
        .low_frequency = get_number(file, "low_freq_factor", 1),
        .high_frequency = get_number(file, "high_freq_factor", 4),
        .original_context = get_size(file, "original_max_position_embeddings", 8192),
    };
    return TRUE;
}

gboolean model_shape_from_json(const json_t *object, const char *what, ModelShape *shape, GError **error)
{
    if (!is_plain_llama(object)) {
        g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT,
                    "%s: not a Llama without biases, the only model that this version computes", what);
        return FALSE;
    }
    gsize heads = get_size(object, "num_attention_heads", 0);
    *shape = (ModelShape){
        .vocabulary = get_size(object, "vocab_size", 0),
        .hidden = get_size(object, "hidden_size", 0),
        .layers = get_size(object, "num_hidden_layers", 0),
        .heads = heads,
        .kv_heads = get_size(object, "num_key_value_heads", heads),
        .intermediate = get_size(object, "intermediate_size", 0),
        .context = get_size(object, "max_position_embeddings", 2048),
        .rope_theta = rope_theta_from_json(object),
        .norm_epsilon = get_number(object, "rms_norm_eps", 1e-6),
        .tied = json_is_true(json_object_get(object, "tie_word_embeddings")),
    };
    if (!scaling_from_json(object, what, &shape->rope_scaling, error))
        return FALSE;
    if (!model_shape_check(shape, error)) {
        g_prefix_error(error, "%s: ", what);
        return FALSE;
    }
    if (get_size(object, "head_dim", model_shape_head_size(shape)) != model_shape_head_size(shape)) {
        g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT, "%s: head_dim must be hidden_size / num_attention_heads", what);
        return FALSE;
    }
    return TRUE;
}
