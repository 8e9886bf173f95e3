/* SPDX-License-Identifier: Apache-2.0
 * ops - each operation of a device against the CPU in double precision, and against itself.
 *
 *     ops [--large] [--json FILE]
 *
 * Inputs are random and exact on both sides; outputs begin as NaN and lie between guards. An output passes when its
 * relative L2 distance from the reference is within the operation's limit and no single element is ten times as far, and
 * when a second run has the same bits. Prints TAP; FILE gets the numbers, one JSON object a line. `--large` adds sizes at
 * which all of a GPU works at once. Without a device: exit status 77, with the reason. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "tests/gpu/effort.h"
#include "tests/gpu/side.h"

/* An element may be so many times farther from the reference than all of them together. */
#define ELEMENT_FACTOR 10

typedef struct SizeSet {
    const char *name;
    gboolean large;
    CaseSizes sizes;
} SizeSet;

static const SizeSet size_sets[] = {
    {"odd", FALSE, {.rows = 37, .width = 13, .outputs = 11, .first = 2, .stride = 19, .heads = 3, .kv_heads = 1, .head_size = 6}},
    {"packs", FALSE, {.rows = 150, .width = 264, .outputs = 1003, .first = 5, .stride = 1008, .heads = 4, .kv_heads = 2, .head_size = 64}},
    {"shifted", FALSE, {.rows = 35, .width = 264, .outputs = 203, .first = 5, .stride = 208, .heads = 2, .kv_heads = 1, .head_size = 64, .shift = 1}},
    {"wide", FALSE, {.rows = 50, .width = 2056, .outputs = 120, .first = 0, .stride = 384, .heads = 3, .kv_heads = 1, .head_size = 128}},
    {"many classes", FALSE, {.rows = 9, .width = 24, .outputs = 5003, .first = 3, .stride = 5008, .heads = 2, .kv_heads = 1, .head_size = 64}},
    {"sixteens", FALSE, {.rows = 160, .width = 208, .outputs = 112, .first = 5, .stride = 144, .heads = 2, .kv_heads = 1, .head_size = 64}},
    {"large", TRUE, {.rows = 2048, .width = 2048, .outputs = 16000, .first = 100, .stride = 16000, .heads = 16, .kv_heads = 4, .head_size = 128}},
    {"large odd", TRUE, {.rows = 1531, .width = 1411, .outputs = 5001, .first = 100, .stride = 5003, .heads = 16, .kv_heads = 4, .head_size = 64}},
};

typedef struct Test {
    void *reference, *device; /* backends */
    FILE *json;
    guint number, failures;
} Test;

/* splitmix64 (Steele, Lea and Flood 2014): fast enough for a hundred million inputs. */
static double draw(guint64 *state)
{
    guint64 x = *state += 0x9e3779b97f4a7c15u;
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
    x = (x ^ x >> 27) * 0x94d049bb133111ebu;
    return (double)((x ^ x >> 31) >> 11) / (double)((guint64)1 << 53);
}

/* Of so many bits, and 0 where it is small: what a narrow format holds exactly, too. */
static double with_bits(const CaseArray *array, double x)
{
    int exponent;
    if (!array->bits)
        return x;
    double fraction = frexp(x, &exponent);
    return fabs(x) < array->high / 256 ? 0 : ldexp(trunc(ldexp(fraction, (int)array->bits)), exponent - (int)array->bits);
}

static void fill(CaseArrays *arrays, guint64 seed)
{
    for (gsize a = 0; a < arrays->count; a++) {
        CaseArray *array = &arrays->at[a];
        array->values = g_new0(double, MAX(array->count, 1));
        for (gsize i = 0; array->use != CASE_OUT && i < array->count; i++)
            array->values[i] = side_device.round(array->number, with_bits(array, array->low + (array->high - array->low) * draw(&seed)));
    }
}

static CaseArrays copy_arrays(const CaseArrays *arrays)
{
    CaseArrays copy = *arrays;
    for (gsize a = 0; a < arrays->count; a++)
        copy.at[a].values = g_memdup2(arrays->at[a].values, MAX(arrays->at[a].count, 1) * sizeof(double));
    return copy;
}

static void free_arrays(CaseArrays *arrays)
{
    for (gsize a = 0; a < arrays->count; a++)
        g_free(arrays->at[a].values);
}

typedef struct Distance {
    double l2, element;
} Distance;

/* Relative to the reference; infinite where the result has no number. */
static Distance distance(const CaseArray *got, const CaseArray *expected)
{
    double error = 0, norm = 0, farthest = 0;
    for (gsize i = 0; i < got->count; i++) {
        double x = got->values[i] - expected->values[i];
        if (!isfinite(x))
            return (Distance){INFINITY, INFINITY};
        error += x * x;
        norm += expected->values[i] * expected->values[i];
    }
    double typical = sqrt(norm / (double)MAX(got->count, 1));
    for (gsize i = 0; i < got->count; i++) {
        double scale = fabs(expected->values[i]) + typical;
        if (scale > 0)
            farthest = MAX(farthest, fabs(got->values[i] - expected->values[i]) / scale);
    }
    return (Distance){norm > 0 ? sqrt(error / norm) : sqrt(error), farthest};
}

static void report(Test *test, const char *operation, const char *set, const char *output, Distance far, double limit, gboolean repeats)
{
    gboolean good = far.l2 <= limit && far.element <= ELEMENT_FACTOR * limit && repeats;
    test->failures += !good;
    printf("%s %u - %s of %s sizes: %s %s\n", good ? "ok" : "not ok", ++test->number, operation, set, output,
           repeats ? "is near the reference and repeats to the last bit" : "differs between two runs");
    if (!good)
        printf("# distance %.3g, of one element %.3g, limit %.3g\n", far.l2, far.element, limit);
    if (test->json)
        fprintf(test->json,
                "{\"operation\": \"%s\", \"sizes\": \"%s\", \"output\": \"%s\", \"distance\": %.9g, \"element\": %.9g, \"limit\": %.9g, "
                "\"repeats\": %s, \"good\": %s}\n",
                operation, set, output, isfinite(far.l2) ? far.l2 : -1, isfinite(far.element) ? far.element : -1, limit,
                repeats ? "true" : "false", good ? "true" : "false");
}

static void report_failure(Test *test, const char *operation, const char *set, const char *what)
{
    test->failures++;
    printf("not ok %u - %s of %s sizes\n# %s\n", ++test->number, operation, set, what);
}

static void compare(Test *test, const CaseOperation *operation, const SizeSet *set, const CaseArrays *expected, const CaseArrays *got,
                    const CaseArrays *again)
{
    for (gsize a = 0; a < expected->count; a++) {
        const CaseArray *array = &expected->at[a];
        if (array->use == CASE_IN)
            continue;
        gboolean repeats = memcmp(got->at[a].values, again->at[a].values, array->count * sizeof(double)) == 0;
        report(test, operation->name, set->name, array->name, distance(&got->at[a], array),
               array->limit ? array->limit : array->number == CASE_REAL ? operation->real_limit : operation->wide_limit, repeats);
    }
}

static void run_case(Test *test, gsize index, const SizeSet *set)
{
    gsize count;
    const CaseOperation *operation = &side_device.operations(&count)[index];
    const CaseOperation *reference = &side_reference.operations(&count)[index];
    g_autofree char *what = NULL;
    CaseArrays expected = {0};
    operation->arrays(&set->sizes, &expected);
    fill(&expected, index * 1000003 + set->sizes.rows);
    CaseArrays got = copy_arrays(&expected), again = copy_arrays(&expected);
    if (side_device.run(test->device, operation, &set->sizes, &got, &what) &&
        side_device.run(test->device, operation, &set->sizes, &again, &what) &&
        side_reference.run(test->reference, reference, &set->sizes, &expected, &what))
        compare(test, operation, set, &expected, &got, &again);
    else
        report_failure(test, operation->name, set->name, what);
    free_arrays(&expected);
    free_arrays(&got);
    free_arrays(&again);
}

static gboolean attends(const CaseOperation *operation)
{
    return g_str_has_prefix(operation->name, "attention") || g_str_has_suffix(operation->name, "model");
}

/* Attention takes aligned arrays, and more than a few rows of its segments. */
static gboolean fits(const CaseOperation *operation, const CaseSizes *sizes)
{
    return !attends(operation) || (!sizes->shift && sizes->rows >= 30);
}

/* One set of attention is enough where emulated kernels are not to do everything. */
static gboolean takes_all_sets(const CaseOperation *operation)
{
    return !attends(operation) || emulator_does_all();
}

static void run_cases(Test *test, gboolean large)
{
    gsize count;
    const CaseOperation *operations = side_device.operations(&count);
    for (gsize i = 0; i < count; i++)
        for (gsize s = 0; s < G_N_ELEMENTS(size_sets); s++)
            if ((large || !size_sets[s].large) && fits(&operations[i], &size_sets[s].sizes) &&
                side_device.can(test->device, &operations[i])) {
                run_case(test, i, &size_sets[s]);
                if (!takes_all_sets(&operations[i]))
                    break;
            }
}

static gboolean open_sides(Test *test)
{
    g_autoptr(GError) error = NULL;
    test->device = side_device.open(&error);
    if (!test->device) {
        printf("1..0 # SKIP %s\n", error->message);
        return FALSE;
    }
    test->reference = side_reference.open(&error);
    g_assert_no_error(error);
    g_autofree char *device = side_device.describe(test->device);
    printf("# device: %s\n", device);
    if (test->json)
        fprintf(test->json, "{\"device\": \"%s\"}\n", device);
    return TRUE;
}

int main(int argc, char **argv)
{
    Test test = {0};
    gboolean large = FALSE;
    for (int i = 1; i < argc; i++) {
        large |= strcmp(argv[i], "--large") == 0;
        if (strcmp(argv[i], "--json") == 0 && i + 1 < argc)
            test.json = fopen(argv[++i], "w");
    }
    if (!open_sides(&test))
        return 77;
    run_cases(&test, large);
    printf("1..%u\n", test.number);
    side_device.close(test.device);
    side_reference.close(test.reference);
    if (test.json)
        fclose(test.json);
    return test.failures ? 1 : 0;
}
