/* SPDX-License-Identifier: Apache-2.0
 * fp8_casts - the kernels of train/cuda/fp8.cu on the emulator, against tables made here from the definitions of E4M3 and E5M2. */
#include <math.h>
#include <stdio.h>

#include <vector>

#include "train/cuda/fp8.cuh"

typedef std::vector<uint16_t> Reals; /* bfloat16 */

struct Result {
    std::vector<uint8_t> bytes;
    float inverse;
};

static float value_of(uint16_t bits)
{
    return __bfloat162float({bits});
}

/* All that a format has, NaN and infinity left out: code c stands for table[c]. */
static std::vector<double> table_of(Fp8Format format)
{
    std::vector<double> table(256, NAN);
    int bits = format == FP8_E4M3 ? 3 : 2, bias = format == FP8_E4M3 ? 7 : 15, codes = format == FP8_E4M3 ? 0x7f : 0x7c;
    for (int code = 0; code < codes; code++) {
        int exponent = code >> bits;
        double fraction = (double)(code & ((1 << bits) - 1)) / (1 << bits);
        table[(size_t)code] = exponent ? (1 + fraction) * exp2(exponent - bias) : fraction * exp2(1 - bias);
        table[(size_t)code + 128] = -table[(size_t)code];
    }
    return table;
}

/* Of the two nearest the one whose last bit is 0. */
static uint8_t nearest(const std::vector<double> &table, double x)
{
    uint8_t best = signbit(x) ? 128 : 0;
    for (unsigned i = 0; i < 128; i++) {
        uint8_t code = (uint8_t)(i | (signbit(x) ? 128 : 0));
        double distance = fabs(table[code] - x), least = fabs(table[best] - x);
        if (distance < least || (distance == least && code % 2 == 0))
            best = code;
    }
    return best;
}

static Result cast(Backend *b, const Reals &from, size_t rows, size_t columns, Fp8Format format, bool transpose)
{
    Result result = {std::vector<uint8_t>(from.size()), 0};
    void *memory = b->allocate(b, from.size() * 2);
    b->upload(b, memory, from.data(), from.size() * 2);
    Fp8Cast cast = {(const bf16 *)memory, rows, columns, format, transpose, NULL, NULL};
    if (cuda_fp8_cast(cuda_state(b), &cast, 1)) {
        b->download(b, result.bytes.data(), cast.to, from.size());
        b->download(b, &result.inverse, cast.inverse, sizeof result.inverse);
    }
    b->release(b, memory);
    return result;
}

static int count;

static bool check(bool good, const char *name)
{
    printf("%s %d - %s\n", good ? "ok" : "not ok", ++count, name);
    return good;
}

/* The largest number is among them: the scale is one. */
static bool rounds_all(Backend *b, Fp8Format format, float largest)
{
    std::vector<double> table = table_of(format);
    Reals from;
    for (unsigned bits = 0; bits < 65536; bits++)
        if (fabsf(value_of((uint16_t)bits)) <= largest)
            from.push_back((uint16_t)bits);
    from.resize((from.size() + 255) / 256 * 256);
    Result result = cast(b, from, from.size() / 16, 16, format, false);
    bool good = result.inverse == 1 && from.size() > 30000;
    for (size_t i = 0; i < from.size() && good; i++) {
        good = result.bytes[i] == nearest(table, value_of(from[i]));
        if (!good)
            printf("# %g became %02x, not %02x\n", (double)value_of(from[i]), result.bytes[i], nearest(table, value_of(from[i])));
    }
    return good;
}

/* Whatever the largest magnitude: as large as it can be without saturating, and a power of two. */
static bool scales_well(Backend *b, Fp8Format format, double top)
{
    bool good = true;
    for (unsigned bits = 1; bits < 0x7f80 && good; bits += 37) {
        Reals from(256, 0);
        from[77] = (uint16_t)(bits | 0x8000);
        Result result = cast(b, from, 16, 16, format, false);
        double largest = value_of((uint16_t)bits), scaled = largest / result.inverse;
        int exponent;
        bool tiny = 1 / result.inverse == exp2(126);
        good = frexp(result.inverse, &exponent) == 0.5 && scaled <= top && (2 * scaled > top || tiny);
        if (!good)
            printf("# %g has the inverse scale %g\n", largest, (double)result.inverse);
    }
    return good;
}

static bool transposes(Backend *b, Fp8Format format)
{
    const size_t rows = 208, columns = 80;
    Reals from(rows * columns);
    for (size_t i = 0; i < from.size(); i++)
        from[i] = __float2bfloat16_rn((float)sin((double)i)).bits;
    Result plain = cast(b, from, rows, columns, format, false), turned = cast(b, from, rows, columns, format, true);
    bool good = plain.inverse == turned.inverse;
    for (size_t r = 0; r < rows; r++)
        for (size_t c = 0; c < columns; c++)
            good &= plain.bytes[r * columns + c] == turned.bytes[c * rows + r];
    return good;
}

/* In a tensor of several blocks, from its last one. */
static bool spreads(Backend *b, uint16_t what)
{
    Reals from(3 * 65536 + 256, 0x3f80);
    from[from.size() - 5] = what;
    Result result = cast(b, from, from.size() / 16, 16, FP8_E4M3, false);
    bool good = isnan(result.inverse);
    for (uint8_t byte : result.bytes)
        good &= (byte & 0x7f) == 0x7f;
    return good;
}

/* In a tensor of three blocks, the last of them not a whole one. */
static bool finds_largest(Backend *b)
{
    Reals from(2 * 65536 + 4096, 0x3f80);
    bool good = true;
    for (size_t at = 0; at < from.size() && good; at += 7919) {
        from[at] = 0xc300; /* -128 */
        good = cast(b, from, from.size() / 16, 16, FP8_E4M3, false).inverse == 0.5f;
        from[at] = 0x3f80;
    }
    return good;
}

static bool keeps_zeros(Backend *b)
{
    Result result = cast(b, Reals(256, 0), 16, 16, FP8_E5M2, true);
    bool good = result.inverse == 1;
    for (uint8_t byte : result.bytes)
        good &= byte == 0;
    return good;
}

static Reals product(Backend *b, const Reals &factors, gboolean fp8, gboolean layer, size_t inputs)
{
    Reals result(16 * 16);
    real *memory = (real *)b->allocate(b, factors.size() * 2), *out = (real *)b->allocate(b, result.size() * 2);
    b->upload(b, memory, factors.data(), factors.size() * 2);
    b->use_fp8(b, fp8, NULL);
    b->narrow_products(b, layer);
    b->linear_forward(b, out, memory, memory, 16, inputs, 16);
    b->narrow_products(b, FALSE);
    b->use_fp8(b, FALSE, NULL);
    b->download(b, result.data(), out, result.size() * 2);
    b->release(b, memory);
    b->release(b, out);
    return result;
}

/* In layers, where it was asked for and sizes allow it: the bits tell. */
static bool takes_effect(Backend *b)
{
    Reals factors(16 * 48);
    for (size_t i = 0; i < factors.size(); i++)
        factors[i] = __float2bfloat16_rn((float)cos((double)i)).bits;
    Reals plain = product(b, factors, FALSE, TRUE, 48), narrow = product(b, factors, TRUE, TRUE, 48);
    return plain != narrow && plain == product(b, factors, TRUE, FALSE, 48) &&
           product(b, factors, FALSE, TRUE, 40) == product(b, factors, TRUE, TRUE, 40);
}

int main(void)
{
    g_autoptr(GError) error = NULL;
    Backend *b = backend_cuda_new(CUDA_ANY_DEVICE, &error);
    g_assert_no_error(error);
    bool good = check(rounds_all(b, FP8_E4M3, 448), "every bfloat16 becomes the nearest E4M3, ties to even");
    good &= check(rounds_all(b, FP8_E5M2, 57344), "every bfloat16 becomes the nearest E5M2, ties to even");
    good &= check(scales_well(b, FP8_E4M3, 448), "a scale to E4M3 is the largest power of two that does not saturate");
    good &= check(scales_well(b, FP8_E5M2, 57344), "a scale to E5M2 is the largest power of two that does not saturate");
    good &= check(transposes(b, FP8_E4M3) && transposes(b, FP8_E5M2), "a transposed cast has the same bytes in other places");
    good &= check(spreads(b, 0x7fc0) && spreads(b, 0xff80), "a NaN or an infinity makes NaN of the whole tensor");
    good &= check(finds_largest(b), "the largest magnitude of a tensor is found wherever it lies");
    good &= check(keeps_zeros(b), "a tensor of zeros stays one");
    good &= check(takes_effect(b), "products of layers alone are in eight bits, where their sizes are multiples of 16");
    printf("1..%d\n", count);
    b->destroy(b);
    return good ? 0 : 1;
}
