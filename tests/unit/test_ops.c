/* SPDX-License-Identifier: Apache-2.0
 * train/ops.h and train/model.h in double precision: each operation against its formula written as plain loops, each
 * gradient against central differences, the model as a whole, documents kept apart, and the number of threads; all at each
 * level of processors that runs here. */
#include <math.h>
#include <string.h>

#include "base/hash.h"
#include "train/cpu/level.h"
#include "train/optimizer.h"

#define DIFFERENCE 1e-5
#define TOLERANCE 1e-6 /* of the largest element of the gradient */

static const CpuLevel *level;
static Backend *backend; /* of this level */

static real *random_array(const char *stream, gsize count)
{
    real *values = g_new(real, count);
    for (gsize i = 0; i < count; i++)
        values[i] = 2 * random_unit_at(7, stream, i) - 1;
    return values;
}

static double dot(const real *a, const real *b, gsize count)
{
    double sum = 0;
    for (gsize i = 0; i < count; i++)
        sum += a[i] * b[i];
    return sum;
}

static void assert_close(const real *got, const real *expected, gsize count, double tolerance)
{
    double scale = 0;
    for (gsize i = 0; i < count; i++)
        scale = MAX(scale, fabs(expected[i]));
    g_assert_cmpfloat(scale, >, 0);
    for (gsize i = 0; i < count; i++)
        g_assert_cmpfloat(fabs(got[i] - expected[i]), <=, tolerance * scale);
}

/* A function of the array x, as the loss of the operation under test. */
typedef double (*Value)(gpointer user);

static void check_gradient(Value value, gpointer user, real *x, const real *gradient, gsize count)
{
    g_autofree real *numeric = g_new(real, count);
    for (gsize i = 0; i < count; i++) {
        real kept = x[i];
        x[i] = kept + DIFFERENCE;
        double above = value(user);
        x[i] = kept - DIFFERENCE;
        double below = value(user);
        x[i] = kept;
        numeric[i] = (above - below) / (2 * DIFFERENCE);
    }
    assert_close(gradient, numeric, count, TOLERANCE);
}

/* Buffers of one operation: inputs x and w, output, and the derivative by the output. */
typedef struct Case {
    gsize rows, width, outputs;
    real *x, *w, *out, *dout, *extra; /* freed by case_clear */
    const guint32 *ids;
    ClassRange classes;
    AttentionShape attention;
} Case;

static void case_clear(Case *c)
{
    g_free(c->x);
    g_free(c->w);
    g_free(c->out);
    g_free(c->dout);
    g_free(c->extra);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Case, case_clear)

static double linear_value(gpointer user)
{
    Case *c = user;
    backend->linear_forward(backend, c->out, c->x, c->w, c->rows, c->width, c->outputs);
    return dot(c->out, c->dout, c->rows * c->outputs);
}

static void test_linear(void)
{
    g_auto(Case) c = {.rows = 130, .width = 5, .outputs = 7};
    c.x = random_array("x", c.rows * c.width);
    c.w = random_array("w", c.outputs * c.width);
    c.out = g_new(real, c.rows * c.outputs);
    c.dout = random_array("dout", c.rows * c.outputs);
    g_autofree real *dx = g_new(real, c.rows * c.width), *dw = g_new0(real, c.outputs * c.width);
    linear_value(&c);
    for (gsize r = 0; r < c.rows; r++)
        for (gsize o = 0; o < c.outputs; o++)
            g_assert_cmpfloat(fabs(c.out[r * c.outputs + o] - dot(c.x + r * c.width, c.w + o * c.width, c.width)), <,
                              1e-12);
    backend->linear_backward_input(backend, dx, c.dout, c.w, c.rows, c.width, c.outputs);
    backend->linear_backward_weight(backend, dw, c.dout, c.x, c.rows, c.width, c.outputs);
    check_gradient(linear_value, &c, c.x, dx, c.rows * c.width);
    check_gradient(linear_value, &c, c.w, dw, c.outputs * c.width);
}

static void assert_product(const real *got, real start, const real *a, gsize a_row, gsize a_step, const real *b, gsize b_column, gsize b_step,
                           gsize rows, gsize columns, gsize depth)
{
    for (gsize r = 0; r < rows; r++)
        for (gsize c = 0; c < columns; c++) {
            real sum = start;
            for (gsize k = 0; k < depth; k++)
                sum += a[r * a_row + k * a_step] * b[c * b_column + k * b_step];
            g_assert_cmpfloat(fabs(got[r * columns + c] - sum), <, 1e-11);
        }
}

/* Shapes below, at and above the sizes of panels and slices, each on one thread and on three. */
static void test_products_of_any_shape_are_those_of_plain_loops(void)
{
    static const struct {
        gsize rows, inputs, outputs;
    } shapes[] = {{1, 1, 1}, {14, 32, 256}, {15, 257, 33}, {301, 77, 600}, {600, 300, 31}, {97, 530, 1030}};
    Backend *many = cpu_backend_at(level, 3);
    for (gsize i = 0; i < G_N_ELEMENTS(shapes); i++) {
        gsize rows = shapes[i].rows, inputs = shapes[i].inputs, outputs = shapes[i].outputs;
        g_autofree real *x = random_array("x", rows * inputs), *w = random_array("w", outputs * inputs), *dout = random_array("dout", rows * outputs);
        g_autofree real *out = g_new(real, rows * outputs), *dx = g_new(real, rows * inputs), *dw = g_new(real, outputs * inputs);
        g_autofree real *out3 = g_new(real, rows * outputs), *dx3 = g_new(real, rows * inputs), *dw3 = g_new(real, outputs * inputs);
        for (gsize j = 0; j < outputs * inputs; j++)
            dw[j] = dw3[j] = 3;
        backend->linear_forward(backend, out, x, w, rows, inputs, outputs);
        backend->linear_backward_input(backend, dx, dout, w, rows, inputs, outputs);
        backend->linear_backward_weight(backend, dw, dout, x, rows, inputs, outputs);
        assert_product(out, 0, x, inputs, 1, w, inputs, 1, rows, outputs, inputs);
        assert_product(dx, 0, dout, outputs, 1, w, 1, inputs, rows, inputs, outputs);
        assert_product(dw, 3, dout, 1, outputs, x, 1, inputs, outputs, inputs, rows);
        many->linear_forward(many, out3, x, w, rows, inputs, outputs);
        many->linear_backward_input(many, dx3, dout, w, rows, inputs, outputs);
        many->linear_backward_weight(many, dw3, dout, x, rows, inputs, outputs);
        g_assert_cmpmem(out, rows * outputs * sizeof(real), out3, rows * outputs * sizeof(real));
        g_assert_cmpmem(dx, rows * inputs * sizeof(real), dx3, rows * inputs * sizeof(real));
        g_assert_cmpmem(dw, outputs * inputs * sizeof(real), dw3, outputs * inputs * sizeof(real));
    }
    many->destroy(many);
}

static double rmsnorm_value(gpointer user)
{
    Case *c = user;
    backend->rmsnorm_forward(backend, c->out, c->extra, c->x, c->w, 1e-3, c->rows, c->width);
    return dot(c->out, c->dout, c->rows * c->width);
}

static void test_rmsnorm(void)
{
    g_auto(Case) c = {.rows = 37, .width = 6};
    gsize count = c.rows * c.width;
    c.x = random_array("x", count);
    c.w = random_array("w", c.width);
    c.out = g_new(real, count);
    c.dout = random_array("dout", count);
    c.extra = g_new(real, c.rows);
    g_autofree real *dx = g_new0(real, count), *dw = g_new0(real, c.width);
    rmsnorm_value(&c);
    for (gsize i = 0; i < count; i++) {
        const real *row = c.x + i / c.width * c.width;
        double expected = c.x[i] / sqrt(dot(row, row, c.width) / (double)c.width + 1e-3) * c.w[i % c.width];
        g_assert_cmpfloat(fabs(c.out[i] - expected), <, 1e-12);
    }
    backend->rmsnorm_backward(backend, dx, dw, c.dout, c.x, c.w, c.extra, c.rows, c.width);
    check_gradient(rmsnorm_value, &c, c.x, dx, count);
    check_gradient(rmsnorm_value, &c, c.w, dw, c.width);
}

static double swiglu_value(gpointer user)
{
    Case *c = user;
    backend->swiglu_forward(backend, c->out, c->x, c->rows, c->width);
    return dot(c->out, c->dout, c->rows * c->width);
}

static void test_swiglu(void)
{
    g_auto(Case) c = {.rows = 9, .width = 11};
    gsize count = c.rows * c.width;
    c.x = random_array("x", 2 * count);
    c.out = g_new(real, count);
    c.dout = random_array("dout", count);
    g_autofree real *dx = g_new(real, 2 * count);
    swiglu_value(&c);
    for (gsize i = 0; i < count; i++) {
        real gate = c.x[i / c.width * 2 * c.width + i % c.width],
             up = c.x[i / c.width * 2 * c.width + c.width + i % c.width];
        g_assert_cmpfloat(fabs(c.out[i] - gate * up / (1 + exp(-gate))), <, 1e-12);
    }
    backend->swiglu_backward(backend, dx, c.dout, c.x, c.rows, c.width);
    check_gradient(swiglu_value, &c, c.x, dx, 2 * count);
}

static double embedding_value(gpointer user)
{
    Case *c = user;
    backend->embedding_forward(backend, c->out, c->w, c->ids, &c->classes, c->rows, c->width);
    return dot(c->out, c->dout, c->rows * c->width);
}

static void test_embedding(void)
{
    static const guint32 ids[] = {3, 0, 3, 3, 1};
    g_auto(Case) c = {.rows = 5, .width = 40, .ids = ids, .classes = {0, 4, 4}};
    c.w = random_array("w", 4 * c.width);
    c.out = g_new(real, c.rows * c.width);
    c.dout = random_array("dout", c.rows * c.width);
    g_autofree real *dw = g_new0(real, 4 * c.width);
    embedding_value(&c);
    g_assert_cmpmem(c.out + 2 * c.width, c.width * sizeof(real), c.w + 3 * c.width, c.width * sizeof(real));
    backend->embedding_backward(backend, dw, c.dout, ids, &c.classes, c.rows, c.width);
    check_gradient(embedding_value, &c, c.w, dw, 4 * c.width);
}

/* Of ids that a rank does not hold it gives zeros, and takes no gradient. */
static void test_embedding_of_a_range_leaves_other_ids_alone(void)
{
    static const guint32 ids[] = {3, 0, 2, 1};
    enum { ROWS = 4, WIDTH = 2 };
    ClassRange range = {2, 1, 3};
    const real weight[3 * WIDTH] = {5, 6, 7, 7, 7, 7}, dout[ROWS * WIDTH] = {1, 1, 1, 1, 2, 3, 1, 1};
    real out[ROWS * WIDTH], expected[ROWS * WIDTH] = {0, 0, 0, 0, 5, 6, 0, 0};
    wide dweight[3 * WIDTH] = {0}, dexpected[3 * WIDTH] = {2, 3, 0, 0, 0, 0};
    backend->embedding_forward(backend, out, weight, ids, &range, ROWS, WIDTH);
    g_assert_cmpmem(out, sizeof out, expected, sizeof expected);
    backend->embedding_backward(backend, dweight, dout, ids, &range, ROWS, WIDTH);
    g_assert_cmpmem(dweight, sizeof dweight, dexpected, sizeof dexpected);
}

/* The losses of rows whose classes lie on `parts` ranks; each part's logits are columns [first, first + count) of all. */
static void cross_entropy_losses(wide *losses, wide *lse, const real *logits, const guint32 *targets, gsize rows, gsize classes, gsize parts)
{
    g_autofree wide *largest = g_new(wide, rows * parts), *sums = g_new(wide, 2 * rows * parts), *most = g_new(wide, rows);
    for (gsize p = 0; p < parts; p++) {
        gsize first = classes * p / parts, count = classes * (p + 1) / parts - first;
        ClassRange range = {first, count, count + 1};
        g_autofree real *part = g_new(real, rows * range.stride);
        for (gsize r = 0; r < rows; r++) {
            memcpy(part + r * range.stride, logits + r * classes + first, count * sizeof *part);
            part[r * range.stride + count] = NAN; /* padding that nobody may look at */
        }
        wide *sum = sums + 2 * rows * p;
        backend->cross_entropy_forward(backend, largest + rows * p, sum, sum + rows, part, targets, &range, rows);
        for (gsize r = 0; r < rows; r++)
            most[r] = p ? MAX(most[r], largest[rows * p + r]) : largest[r];
    }
    for (gsize p = 0; p < parts; p++) {
        backend->cross_entropy_rescale(backend, sums + 2 * rows * p, largest + rows * p, most, rows);
        for (gsize i = 0; p > 0 && i < 2 * rows; i++)
            sums[i] += sums[2 * rows * p + i];
    }
    backend->cross_entropy_losses(backend, losses, lse, most, sums, sums + rows, rows);
}

static double cross_entropy_value(gpointer user)
{
    Case *c = user;
    cross_entropy_losses(c->out, c->extra, c->x, c->ids, c->rows, c->width, 1);
    double sum = 0;
    for (gsize r = 0; r < c->rows; r++)
        sum += 0.25 * (double)r * c->out[r];
    return sum;
}

static void test_cross_entropy(void)
{
    static const guint32 targets[] = {6, 0, 3};
    static const wide weights[] = {0, 0.25, 0.5};
    g_auto(Case) c = {.rows = 3, .width = 7, .ids = targets, .classes = {0, 7, 7}};
    gsize count = c.rows * c.width;
    c.x = random_array("x", count);
    c.out = g_new(real, c.rows);
    c.extra = g_new(real, c.rows);
    cross_entropy_value(&c);
    double sum = 0;
    for (gsize i = 0; i < c.width; i++)
        sum += exp(c.x[i]);
    g_assert_cmpfloat(fabs(c.out[0] + log(exp(c.x[6]) / sum)), <, 1e-12);
    g_autofree real *dx = g_memdup2(c.x, count * sizeof(real));
    backend->cross_entropy_backward(backend, dx, c.extra, targets, weights, &c.classes, c.rows);
    check_gradient(cross_entropy_value, &c, c.x, dx, count);
}

static void test_cross_entropy_of_divided_classes_is_that_of_all(void)
{
    static const guint32 targets[] = {6, 0, 3};
    enum { ROWS = 3, CLASSES = 7 };
    g_autofree real *logits = random_array("logits", ROWS * CLASSES);
    wide whole[ROWS], divided[ROWS], lse[ROWS];
    logits[5] = 300; /* the largest of its row, far from the target's part */
    cross_entropy_losses(whole, lse, logits, targets, ROWS, CLASSES, 1);
    for (gsize parts = 2; parts <= 3; parts++) {
        cross_entropy_losses(divided, lse, logits, targets, ROWS, CLASSES, parts);
        assert_close(divided, whole, ROWS, 1e-14);
    }
}

/* Logits far beyond exp's range must not overflow. */
static void test_cross_entropy_of_large_logits_is_finite(void)
{
    static const guint32 targets[] = {0};
    real logits[] = {1e4, 1e4 - 3, -1e4}, loss, lse;
    cross_entropy_losses(&loss, &lse, logits, targets, 1, 3, 1);
    g_assert_cmpfloat(fabs(loss - log1p(exp(-3))), <, 1e-9);
}

static void test_a_fused_sum_and_norm_is_that_of_two_steps(void)
{
    enum { ROWS = 35, WIDTH = 37 };
    g_autofree real *x = random_array("x", ROWS * WIDTH), *y = random_array("y", ROWS * WIDTH), *w = random_array("w", WIDTH);
    real sum[ROWS * WIDTH], out[ROWS * WIDTH], sum2[ROWS * WIDTH], out2[ROWS * WIDTH];
    wide inverse[ROWS], inverse2[ROWS];
    backend->add(backend, sum, x, y, ROWS * WIDTH);
    backend->rmsnorm_forward(backend, out, inverse, sum, w, 1e-5, ROWS, WIDTH);
    backend->add_rmsnorm_forward(backend, sum2, out2, inverse2, x, y, w, 1e-5, ROWS, WIDTH);
    g_assert_cmpfloat(sum[40], ==, x[40] + y[40]);
    g_assert_cmpmem(sum, sizeof sum, sum2, sizeof sum2);
    g_assert_cmpmem(out, sizeof out, out2, sizeof out2);
    g_assert_cmpmem(inverse, sizeof inverse, inverse2, sizeof inverse2);
}

static void test_rope(void)
{
    enum { ROWS = 3, HEADS = 2, SIZE = 4, STRIDE = 10 };
    static const guint32 positions[ROWS] = {5, 0, 2};
    g_autofree real *table = g_new(real, 6 * SIZE), *x = random_array("x", ROWS * STRIDE);
    for (int p = 0; p < 6; p++)
        for (int i = 0; i < SIZE / 2; i++) {
            table[p * SIZE + i] = cos(p * pow(100, -2.0 * i / SIZE));
            table[p * SIZE + SIZE / 2 + i] = sin(p * pow(100, -2.0 * i / SIZE));
        }
    g_autofree real *turned = g_memdup2(x, ROWS * STRIDE * sizeof(real));
    backend->rope(backend, turned, table, positions, ROWS, STRIDE, HEADS, SIZE, FALSE);
    for (int r = 0; r < ROWS; r++)
        for (int c = 0; c < STRIDE; c++) {
            double angle = positions[r] * pow(100, -2.0 * (c % 2) / SIZE);
            const real *head = x + r * STRIDE + c / SIZE * SIZE;
            double expected = c >= HEADS * SIZE ? x[r * STRIDE + c]
                              : c % SIZE < 2    ? head[c % 2] * cos(angle) - head[c % 2 + 2] * sin(angle)
                                                : head[c % 2 + 2] * cos(angle) + head[c % 2] * sin(angle);
            g_assert_cmpfloat(fabs(turned[r * STRIDE + c] - expected), <, 1e-12);
        }
    backend->rope(backend, turned, table, positions, ROWS, STRIDE, HEADS, SIZE, TRUE);
    assert_close(turned, x, ROWS * STRIDE, 1e-12);
}

/* Attention as its definition reads: one row and one head, in segment [first, row]. */
static void plain_attention_row(const AttentionShape *s, const real *qkv, gsize first, gsize row, gsize head, real *out)
{
    gsize size = s->head_size, stride = (s->heads + 2 * s->kv_heads) * size, group = head / (s->heads / s->kv_heads);
    double sum = 0;
    memset(out, 0, size * sizeof(real));
    for (gsize j = first; j <= row; j++) {
        const real *k = qkv + j * stride + (s->heads + group) * size, *v = k + s->kv_heads * size;
        double weight = exp(dot(qkv + row * stride + head * size, k, size) / sqrt((double)size));
        sum += weight;
        for (gsize c = 0; c < size; c++)
            out[c] += weight * v[c];
    }
    for (gsize c = 0; c < size; c++)
        out[c] /= sum;
}

static double attention_value(gpointer user)
{
    Case *c = user;
    backend->attention_forward(backend, &c->attention, c->out, c->extra, c->x);
    return dot(c->out, c->dout, c->rows * c->attention.heads * c->attention.head_size);
}

/* Segments on both sides of the block of 56 queries, one of them a single row. */
static void test_attention(void)
{
    static const guint32 starts[] = {0, 5, 6, 76};
    g_auto(Case) c = {.rows = 76, .attention = {starts, 3, 4, 2, 2}};
    const AttentionShape *s = &c.attention;
    gsize width = s->heads * s->head_size, count = c.rows * (width + 2 * s->kv_heads * s->head_size);
    c.x = random_array("x", count);
    c.out = g_new(real, c.rows * width);
    c.dout = random_array("dout", c.rows * width);
    c.extra = g_new(real, c.rows * s->heads);
    g_autofree real *expected = g_new(real, c.rows * width), *dx = g_new(real, count);
    attention_value(&c);
    for (gsize segment = 0; segment < 3; segment++)
        for (gsize row = starts[segment]; row < starts[segment + 1]; row++)
            for (gsize head = 0; head < s->heads; head++)
                plain_attention_row(s, c.x, starts[segment], row, head, expected + row * width + head * s->head_size);
    assert_close(c.out, expected, c.rows * width, 1e-12);
    backend->attention_backward(backend, s, dx, c.dout, c.out, c.extra, c.x);
    check_gradient(attention_value, &c, c.x, dx, count);
}

/* The derivative along a direction; TOLERANCE of the sizes of both. */
static void check_direction(Value value, gpointer user, real *x, const real *gradient, gsize count)
{
    g_autofree real *direction = random_array("direction", count), *kept = g_memdup2(x, count * sizeof(real));
    double ends[2];
    for (int side = 0; side < 2; side++) {
        for (gsize i = 0; i < count; i++)
            x[i] = kept[i] + (side ? DIFFERENCE : -DIFFERENCE) * direction[i];
        ends[side] = value(user);
    }
    memcpy(x, kept, count * sizeof(real));
    double scale = sqrt(dot(gradient, gradient, count) * dot(direction, direction, count) / (double)count);
    g_assert_cmpfloat(fabs((ends[1] - ends[0]) / (2 * DIFFERENCE) - dot(gradient, direction, count)), <, TOLERANCE * scale);
}

/* More keys than a product takes at once, and a head that fills no whole panel. */
static void test_attention_over_many_keys(void)
{
    static const guint32 starts[] = {0, 3, 600};
    g_auto(Case) c = {.rows = 600, .attention = {starts, 2, 2, 1, 40}};
    const AttentionShape *s = &c.attention;
    gsize width = s->heads * s->head_size, count = c.rows * (width + 2 * s->kv_heads * s->head_size);
    real expected[40];
    c.x = random_array("x", count);
    c.out = g_new(real, c.rows * width);
    c.dout = random_array("dout", c.rows * width);
    c.extra = g_new(real, c.rows * s->heads);
    g_autofree real *dx = g_new(real, count);
    attention_value(&c);
    for (gsize row = 3; row < 600; row += 199) {
        plain_attention_row(s, c.x, 3, row, 1, expected);
        assert_close(c.out + row * width + 40, expected, 40, 1e-12);
    }
    backend->attention_backward(backend, s, dx, c.dout, c.out, c.extra, c.x);
    check_direction(attention_value, &c, c.x, dx, count);
}

/* A Llama of two layers with grouped queries and an odd vocabulary, on two sequences cut into three segments. */
enum { ROWS = 12 };
static const guint32 model_ids[ROWS] = {1, 5, 2, 2, 10, 0, 7, 3, 9, 4, 4, 1};
static const guint32 model_targets[ROWS] = {5, 2, 2, 10, 0, 6, 3, 9, 4, 4, 1, 8};
static const guint32 model_positions[ROWS] = {0, 1, 2, 3, 4, 5, 0, 1, 2, 3, 4, 5};
static const guint32 model_starts[] = {0, 4, 6, 12};
static wide model_weights[ROWS];
static const ModelInput model_input = {
    .rows = ROWS, .ids = model_ids, .targets = model_targets, .positions = model_positions, .starts = model_starts, .segments = 3};

static Model *tiny_model(Backend *on, gboolean tied, Recompute recompute)
{
    ModelShape shape = {11, 16, 2, 4, 2, 10, 6, 10000, 1e-5, tied};
    g_autoptr(GError) error = NULL;
    ModelOptions options = {.use = MODEL_TRAIN, .max_rows = ROWS, .recompute = recompute};
    Model *model = model_new(&shape, &model_part_whole, on, &options, &error);
    g_assert_no_error(error);
    parameters_initialise(model->table, &shape, 3, model->parameters);
    /* Away from the near-linear range of small weights, and from norms of exactly 1. */
    for (gsize t = 0; t < model->table->count; t++) {
        const ParameterTensor *tensor = &model->table->tensors[t];
        for (gsize i = 0; i < parameter_tensor_elements(tensor); i++)
            model->parameters[tensor->offset + i] *=
                tensor->columns ? 10 : 1 + 0.3 * random_unit_at(5, tensor->name, i);
    }
    return model;
}

static double model_value(gpointer user)
{
    Model *model = user;
    real losses[ROWS];
    double sum = 0;
    model_forward(model, 0, 0, &model_input);
    model_losses(model, 0, &model_input, losses);
    for (gsize r = 0; r < ROWS; r++)
        sum += losses[r] / ROWS;
    return sum;
}

/* Gradients of the mean loss, in model->gradients; a tied head's are added to the embedding's. */
static void backward_model(Model *model)
{
    wide losses[ROWS];
    ModelInput input = model_input;
    const ParameterTable *table = model->table;
    for (gsize r = 0; r < ROWS; r++)
        model_weights[r] = 1.0 / ROWS;
    input.weights = model_weights;
    model_forward(model, 0, 0, &input);
    model_losses(model, 0, &input, losses);
    model_backward(model, 0, 0, &input);
    if (table->head_gradient != table->head)
        model->backend->accumulate(model->backend, model->gradients + table->embedding, model->gradients + table->head_gradient,
                                   table->gradient_elements - table->elements);
}

static void check_model(gboolean tied, Recompute recompute)
{
    g_autoptr(Model) model = tiny_model(backend, tied, recompute);
    backward_model(model);
    for (gsize t = 0; t < model->table->count; t++) {
        const ParameterTensor *tensor = &model->table->tensors[t];
        check_gradient(model_value, model, model->parameters + tensor->offset, model->gradients + tensor->offset,
                       parameter_tensor_elements(tensor));
    }
}

static void test_model(void)
{
    check_model(FALSE, RECOMPUTE_NONE);
}

static void test_tied_model(void)
{
    check_model(TRUE, RECOMPUTE_NONE);
}

static void test_recomputing_changes_no_bit(void)
{
    g_autoptr(Model) kept = tiny_model(backend, FALSE, RECOMPUTE_NONE);
    backward_model(kept);
    for (Recompute recompute = RECOMPUTE_SELECTIVE; recompute <= RECOMPUTE_FULL; recompute++) {
        g_autoptr(Model) model = tiny_model(backend, FALSE, recompute);
        backward_model(model);
        g_assert_cmpuint(model->activation_bytes, <, kept->activation_bytes);
        g_assert_cmpmem(model->gradients, model->table->elements * sizeof(wide), kept->gradients, kept->table->elements * sizeof(wide));
    }
}

static void test_documents_kept_apart_have_the_losses_of_each_alone(void)
{
    g_autoptr(Model) model = tiny_model(backend, FALSE, RECOMPUTE_NONE);
    real together[ROWS], alone[ROWS];
    model_forward(model, 0, 0, &model_input);
    model_losses(model, 0, &model_input, together);
    for (gsize s = 0; s < model_input.segments; s++) {
        guint32 first = model_starts[s], starts[2] = {0, model_starts[s + 1] - first};
        ModelInput input = {.rows = starts[1],
                            .ids = model_ids + first,
                            .targets = model_targets + first,
                            .positions = model_positions + first,
                            .starts = starts,
                            .segments = 1};
        model_forward(model, 0, 0, &input);
        model_losses(model, 0, &input, alone + first);
    }
    assert_close(together, alone, ROWS, 1e-12);
}

static void test_inference_shares_activations_and_gives_the_same_logits(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Model) model = tiny_model(backend, FALSE, RECOMPUTE_NONE);
    ModelOptions options = {.use = MODEL_INFER, .max_rows = ROWS};
    g_autoptr(Model) infer = model_new(&model->shape, &model_part_whole, backend, &options, &error);
    g_assert_no_error(error);
    memcpy(infer->parameters, model->parameters, model->table->elements * sizeof(real));
    real logits[11];
    model_value(model);
    model_forward(infer, 0, 0, &model_input);
    model_logits(infer, 7, logits);
    assert_close(logits, model->logits + 7 * model->table->classes.stride, 11, 1e-12);
}

/* Large enough that each operation wakes several threads: forward, backward and one update. */
static Model *learn_with_threads(unsigned threads, real *losses)
{
    enum { CONTEXT = 128, SEQUENCES = 4, MANY = CONTEXT * SEQUENCES };
    static const ModelShape shape = {1030, 96, 1, 4, 2, 200, CONTEXT, 10000, 1e-5, FALSE};
    static const OptimizerSettings settings = {0.9, 0.95, 1e-5, 0.1, 1};
    guint32 ids[MANY], targets[MANY], positions[MANY], starts[SEQUENCES + 1];
    g_autoptr(GError) error = NULL;
    wide weights[MANY];
    ModelOptions options = {.use = MODEL_TRAIN, .max_rows = MANY};
    Model *model = model_new(&shape, &model_part_whole, cpu_backend_at(level, threads), &options, &error);
    g_assert_no_error(error);
    parameters_initialise(model->table, &shape, 1, model->parameters);
    for (guint32 r = 0; r < MANY; r++) {
        ids[r] = (guint32)(random_at(1, "id", r) % shape.vocabulary);
        targets[r] = (guint32)(random_at(1, "target", r) % shape.vocabulary);
        positions[r] = r % CONTEXT;
        weights[r] = 1;
        starts[(r + 1) / CONTEXT] = r + 1;
    }
    starts[0] = 0;
    ModelInput input = {.rows = MANY, .ids = ids, .targets = targets, .positions = positions, .weights = weights, .starts = starts, .segments = SEQUENCES};
    model_forward(model, 0, 0, &input);
    model_losses(model, 0, &input, losses);
    model_backward(model, 0, 0, &input);
    double norm;
    g_autoptr(Optimizer) optimizer = optimizer_new(&settings, model, NULL, FALSE, &error);
    g_assert_true(optimizer_gradient_norm(optimizer, &norm, &error));
    optimizer_step(optimizer, 0, 1e-2, norm);
    return model;
}

static void test_the_number_of_threads_changes_no_bit(void)
{
    real losses_a[512], losses_b[512];
    Model *a = learn_with_threads(1, losses_a), *b = learn_with_threads(7, losses_b);
    Backend *one = a->backend, *many = b->backend;
    gsize bytes = a->table->elements * sizeof(real);
    g_assert_cmpmem(losses_a, sizeof losses_a, losses_b, sizeof losses_b);
    g_assert_cmpmem(a->gradients, bytes, b->gradients, bytes);
    g_assert_cmpmem(a->parameters, bytes, b->parameters, bytes);
    model_free(a);
    model_free(b);
    many->destroy(many);
    one->destroy(one);
}

static const struct {
    const char *name;
    void (*run)(void);
} tests[] = {
    {"/ops/linear is a matrix product with exact gradients", test_linear},
    {"/ops/products of any shape are those of plain loops, on any number of threads", test_products_of_any_shape_are_those_of_plain_loops},
    {"/ops/rmsnorm follows its formula with exact gradients", test_rmsnorm},
    {"/ops/swiglu follows its formula with exact gradients", test_swiglu},
    {"/ops/embedding adds up the gradients of a repeated id", test_embedding},
    {"/ops/cross entropy is the negative log of a softmax with exact gradients", test_cross_entropy},
    {"/ops/embedding of a range leaves other ids alone", test_embedding_of_a_range_leaves_other_ids_alone},
    {"/ops/cross entropy of divided classes is that of all", test_cross_entropy_of_divided_classes_is_that_of_all},
    {"/ops/a fused sum and norm is that of two steps", test_a_fused_sum_and_norm_is_that_of_two_steps},
    {"/ops/cross entropy of large logits is finite", test_cross_entropy_of_large_logits_is_finite},
    {"/ops/rope turns half-split pairs and its inverse turns them back", test_rope},
    {"/ops/attention follows its definition with exact gradients across blocks and segments", test_attention},
    {"/ops/attention over many keys follows its definition with an exact gradient", test_attention_over_many_keys},
    {"/model/every gradient of a whole model is exact", test_model},
    {"/model/a tied embedding adds the gradients of both its uses", test_tied_model},
    {"/model/recomputing changes no bit", test_recomputing_changes_no_bit},
    {"/model/documents kept apart have the losses of each alone", test_documents_kept_apart_have_the_losses_of_each_alone},
    {"/model/inference shares activations and gives the same logits", test_inference_shares_activations_and_gives_the_same_logits},
    {"/model/the number of threads changes no bit", test_the_number_of_threads_changes_no_bit},
};

/* One test at one level. */
typedef struct Place {
    const CpuLevel *level;
    gsize test;
} Place;

static void run_test(gconstpointer user)
{
    const Place *place = user;
    level = place->level;
    backend = cpu_backend_at(level, 1);
    tests[place->test].run();
    backend->destroy(backend);
}

int main(int argc, char **argv)
{
    gsize count;
    const CpuLevel *levels = cpu_levels(&count);
    g_test_init(&argc, &argv, NULL);
    for (gsize i = 0; i < count * G_N_ELEMENTS(tests); i++) {
        Place place = {&levels[i / G_N_ELEMENTS(tests)], i % G_N_ELEMENTS(tests)};
        g_autofree char *path = g_strdup_printf("/%s%s", place.level->name, tests[place.test].name);
        if (place.level->runs())
            g_test_add_data_func_full(path, g_memdup2(&place, sizeof place), run_test, g_free);
    }
    return g_test_run();
}
