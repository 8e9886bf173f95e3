/* SPDX-License-Identifier: Apache-2.0
 * tests/unit/gpu_emulator.h - runs the kernels of train/cuda/ on the host, thread by thread, and watches them.
 *
 * Defines what train/cuda/warp.cuh, warp_group.cuh and warp_tensor.cuh define for nvcc, so that a test can include a .cu file as it
 * is: include this first. Every thread of a block is a coroutine. It runs until an instruction of the whole warp
 * (mma, ldmatrix, shuffle, vote, barrier), which is computed when all 32 lanes have come to it; the fragment layouts
 * are written here a second time, from the PTX ISA, independently of those that the kernels compute with. The test
 * fails at the spot where
 *
 *   - lanes of a warp come to different instructions, or a warp ends while others wait at a barrier;
 *   - shared memory is touched beyond what the launch asked for, or global memory beyond what emulator_allow allowed;
 *   - warps of a group come to different products, or read what was not published to the path that they read by;
 *   - an address is not aligned as the instruction wants it;
 *   - a thread reads what another wrote, or writes what another read or wrote, without the barrier between them that
 *     orders them on a GPU; or anyone touches the target of an asynchronous copy before it is known to have come, or
 *     writes what products of a warp group under way may still read;
 *   - warps wait for each other without end, or a block ends with copies, products or barriers under way.
 *
 * What orders is kept as vector clocks (Fidge 1988, Mattern 1989): each warp, and each barrier that copies arrive at,
 * counts its own time, and knows of the others what barriers have told it.
 *
 * Warps take turns in an order that the test chooses, and asynchronous copies and products happen at once or as late as
 * allowed. What shared memory holds at first is noise (NaN). Bank conflicts of ldmatrix are counted.
 */
#ifndef TESTS_UNIT_GPU_EMULATOR_H
#define TESTS_UNIT_GPU_EMULATOR_H

#include <glib.h>
#include <math.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <ucontext.h>

#include <array>
#include <functional>
#include <map>
#include <vector>

#include "train/cuda/attention.h"

#define __global__ static
#define __launch_bounds__(...)
#define __grid_constant__
#define WARP_FUNCTION static inline
#define WARP_UNROLL

struct float4 {
    float x, y, z, w;
};

typedef enum WarpOrder { WARPS_UP, WARPS_DOWN, WARPS_MIXED } WarpOrder;

typedef enum LaneState {
    LANE_RUNS,
    LANE_MMA,
    LANE_LOAD,
    LANE_LOAD_TRANSPOSED,
    LANE_EXCHANGE,
    LANE_ANY,
    LANE_WARP_BARRIER,
    LANE_BLOCK_BARRIER,
    LANE_AWAIT,
    LANE_NAMED_BARRIER,
    LANE_NAMED_ARRIVE,
    LANE_GROUP_BEGIN,
    LANE_GROUP_MMA,
    LANE_GROUP_MMA_REGISTERS,
    LANE_GROUP_COMMIT,
    LANE_GROUP_WAIT,
    LANE_ENDED,
} LaneState;

/* An asynchronous copy under way. */
struct Copy {
    uint32_t to, size;
    const void *from; /* NULL: zeros */
    bool done;
};

struct Lane {
    ucontext_t start;
    jmp_buf here;
    bool started;
    std::vector<char> stack;
    LaneState state;
    uint32_t a[4], b[2], out[4], address;
    float c[4], value;
    int mask;
    std::vector<Copy> copies;
    std::vector<Copy> unpublished; /* copies that products of warp groups may not see yet */
    std::vector<uint32_t> stored; /* cells written by the thread itself, unpublished too */
    float (*group_c)[4];
    const uint32_t *group_left;
    uint64_t group_a, group_b;
    uint32_t group_columns, parity, barrier, threads;
    bool group_adds;
};

#define EMULATOR_WARPS 12
#define EMULATOR_CLOCKS 32 /* of the warps, then of the barriers that copies arrive at */

typedef std::array<uint32_t, EMULATOR_CLOCKS> Clock;

static void emulator_join(Clock *to, const Clock *from)
{
    for (size_t i = 0; i < EMULATOR_CLOCKS; i++)
        (*to)[i] = MAX((*to)[i], (*from)[i]);
}

/* When something was written: by which of the clocks, at which of its times. */
struct Moment {
    int thread; /* -1: nobody yet */
    uint32_t clock, time;
};

/* What is known of four bytes of shared memory. */
struct Cell {
    Moment written;
    uint32_t read[EMULATOR_WARPS]; /* when each warp last read it; 0: not since it was written */
    int16_t reader[EMULATOR_WARPS]; /* the thread, or -1: several */
    uint16_t products; /* under way that read it */
    bool published; /* for products of warp groups, and for copies of boxes */
    int copying;    /* the thread whose copy is on its way here, or -1 */
};

/* A barrier in shared memory that threads and copies arrive at (mbarrier). */
struct Arrival {
    uint32_t clock;
    uint32_t expected, missing;
    int64_t bytes;   /* on their way */
    uint32_t phases; /* that are complete */
    Clock collected, released;
};

/* A box of a tensor on its way. */
struct Box {
    uint32_t to, arrival, rows, valid_rows;
    const uint16_t *from;
    size_t stride;
    int thread;
};

struct NamedBarrier {
    uint32_t arrived, threads;
    Clock clock;
    uint32_t waiting; /* warps, as bits */
};

/* One product of a warp group. */
struct Product {
    bool registers, adds, done;
    uint32_t columns;
    uint64_t a, b;
    float (*c[128])[4];
    const uint32_t *left[128];
};

struct Group {
    std::vector<Product> begun;
    std::vector<std::vector<Product>> committed;
};

struct Emulator {
    /* Chosen by the test */
    WarpOrder order = WARPS_UP;
    bool copies_late = false; /* and products */
    uint32_t multiprocessors = 3;
    /* Found */
    uint64_t bank_conflicts = 0, products = 0, group_products = 0, loads = 0;
    uint32_t most_shared = 0;
    /* The block that runs */
    std::vector<Lane> lanes;
    std::vector<unsigned char> shared;
    std::vector<Cell> cells;
    std::vector<Clock> clocks; /* of each warp */
    std::map<uint32_t, Arrival> arrivals; /* by address */
    std::vector<Box> boxes;
    std::map<uint32_t, NamedBarrier> named;
    std::vector<Group> groups;
    std::function<void()> kernel;
    uint32_t block, thread;
    jmp_buf scheduler;
    ucontext_t scheduler_context;
    std::vector<std::pair<const char *, size_t>> allowed;
    uint32_t random = 1;
};

static Emulator emulator;

static void emulator_allow(const void *memory, size_t bytes)
{
    emulator.allowed.emplace_back((const char *)memory, bytes);
}

static void emulator_check_global(const void *at, size_t bytes)
{
    g_assert_cmpuint((uintptr_t)at % bytes, ==, 0);
    for (auto &range : emulator.allowed)
        if ((const char *)at >= range.first && (const char *)at + bytes <= range.first + range.second)
            return;
    g_error("block %u, thread %u touches global memory outside of the arrays", emulator.block, emulator.thread);
}

/* -- Coroutines -------------------------------------------------------- */

static Lane *emulator_lane(void)
{
    return &emulator.lanes[emulator.thread];
}

static void emulator_wait(LaneState state)
{
    Lane *lane = emulator_lane();
    lane->state = state;
    if (_setjmp(lane->here) == 0)
        _longjmp(emulator.scheduler, 1);
}

static void emulator_thread_main(void)
{
    emulator.kernel();
    emulator_lane()->state = LANE_ENDED;
    _longjmp(emulator.scheduler, 1);
}

static void emulator_resume(uint32_t thread)
{
    Lane *lane = &emulator.lanes[thread];
    emulator.thread = thread;
    lane->state = LANE_RUNS;
    if (_setjmp(emulator.scheduler))
        return;
    if (lane->started)
        _longjmp(lane->here, 1);
    lane->started = true;
    swapcontext(&emulator.scheduler_context, &lane->start);
}

/* -- Who touches shared memory ----------------------------------------- */

/* Does the thread know that this came before? */
static bool emulator_knows(uint32_t clock, uint32_t time, uint32_t warp)
{
    return time < emulator.clocks[warp][clock];
}

static bool emulator_ordered(const Moment *earlier, uint32_t thread)
{
    return earlier->thread < 0 || earlier->thread == (int)thread || emulator_knows(earlier->clock, earlier->time, thread / 32);
}

static Moment emulator_now(void)
{
    uint32_t warp = emulator.thread / 32;
    return {(int)emulator.thread, warp, emulator.clocks[warp][warp]};
}

static void emulator_check_shared(uint32_t at, uint32_t bytes)
{
    g_assert_cmpuint(at % MIN(bytes, 16), ==, 0);
    g_assert_cmpuint(at + bytes, <=, emulator.shared.size());
}

static void emulator_note_read(Cell *cell, uint32_t thread)
{
    uint32_t warp = thread / 32, time = emulator.clocks[warp][warp];
    cell->reader[warp] = cell->read[warp] == time && cell->reader[warp] != (int)thread ? -1 : (int16_t)thread;
    cell->read[warp] = time;
}

static void emulator_check_written(uint32_t c, uint32_t thread)
{
    const Cell *cell = &emulator.cells[c];
    if (cell->copying >= 0 || !emulator_ordered(&cell->written, thread))
        g_error("block %u: thread %u reads byte %u of shared memory with no barrier after thread %d wrote it", emulator.block,
                thread, c * 4, MAX(cell->copying, cell->written.thread));
}

static void emulator_read(uint32_t at, uint32_t bytes)
{
    emulator_check_shared(at, bytes);
    for (uint32_t c = at / 4; c < (at + bytes) / 4; c++) {
        emulator_check_written(c, emulator.thread);
        emulator_note_read(&emulator.cells[c], emulator.thread);
    }
}

/* May the thread write it, as far as readers go? */
static bool emulator_free(const Cell *cell, uint32_t thread)
{
    for (uint32_t w = 0; w < emulator.clocks.size(); w++)
        if (cell->read[w] && cell->reader[w] != (int)thread && !emulator_knows(w, cell->read[w], thread / 32))
            return false;
    return cell->products == 0;
}

/* The moment of a write is when it begins; that of a copy moves to where it was waited for. */
static void emulator_write(uint32_t at, uint32_t bytes, bool copy)
{
    Moment now = emulator_now();
    emulator_check_shared(at, bytes);
    for (uint32_t c = at / 4; c < (at + bytes) / 4; c++) {
        Cell *cell = &emulator.cells[c];
        if (!emulator_free(cell, emulator.thread) || !emulator_ordered(&cell->written, emulator.thread) || cell->copying >= 0)
            g_error("block %u: thread %d writes byte %u of shared memory with no barrier after thread %d used it",
                    emulator.block, now.thread, c * 4, MAX(cell->copying, cell->written.thread));
        cell->written = now;
        memset(cell->read, 0, sizeof cell->read);
        cell->published = false;
        cell->copying = copy ? now.thread : -1;
    }
}

static void emulator_copy_now(Copy *copy)
{
    if (copy->from)
        memcpy(&emulator.shared[copy->to], copy->from, copy->size);
    else
        memset(&emulator.shared[copy->to], 0, copy->size);
    copy->done = true;
}

/* -- Instructions of a warp -------------------------------------------- */

static float emulator_from_bfloat16(uint16_t bits)
{
    uint32_t wide = (uint32_t)bits << 16;
    float value;
    memcpy(&value, &wide, sizeof value);
    return value;
}

static uint16_t emulator_to_bfloat16(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    if (isnan(value))
        return 0x7fff;
    return (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

/* PTX ISA, "Matrix Fragments for mma.m16n8k16 with .bf16": a[i] of lane l has row l / 4 (+ 8 for i odd) and columns
 * 2 (l % 4), + 1 (+ 8 for i > 1); b[i] has rows 2 (l % 4), + 1 (+ 8 for i = 1) and column l / 4. */
static void emulator_mma(Lane *lanes)
{
    float a[16][16], b[16][8];
    for (int l = 0; l < 32; l++)
        for (int half = 0; half < 2; half++) {
            int pair = 2 * (l % 4) + half;
            a[l / 4][pair] = emulator_from_bfloat16((uint16_t)(lanes[l].a[0] >> 16 * half));
            a[l / 4 + 8][pair] = emulator_from_bfloat16((uint16_t)(lanes[l].a[1] >> 16 * half));
            a[l / 4][pair + 8] = emulator_from_bfloat16((uint16_t)(lanes[l].a[2] >> 16 * half));
            a[l / 4 + 8][pair + 8] = emulator_from_bfloat16((uint16_t)(lanes[l].a[3] >> 16 * half));
            b[pair][l / 4] = emulator_from_bfloat16((uint16_t)(lanes[l].b[0] >> 16 * half));
            b[pair + 8][l / 4] = emulator_from_bfloat16((uint16_t)(lanes[l].b[1] >> 16 * half));
        }
    for (int l = 0; l < 32; l++)
        for (int i = 0; i < 4; i++) {
            int row = l / 4 + (i >= 2 ? 8 : 0), column = 2 * (l % 4) + (i & 1);
            float sum = 0;
            for (int k = 0; k < 16; k++)
                sum += a[row][k] * b[k][column];
            lanes[l].c[i] += sum;
        }
    emulator.products++;
}

/* Register i of lane l gets row l / 4, numbers 2 (l % 4) and the next, of matrix i; transposed: column l / 4, those
 * rows. */
static void emulator_load(Lane *lanes, uint32_t warp, bool transposed)
{
    for (int i = 0; i < 4; i++) {
        uint32_t banks = 0;
        for (int row = 0; row < 8; row++) {
            emulator.thread = warp * 32 + (uint32_t)(8 * i + row);
            emulator_read(lanes[8 * i + row].address, 16);
            banks |= 1u << lanes[8 * i + row].address / 16 % 8;
        }
        emulator.bank_conflicts += banks != 0xff;
        for (int l = 0; l < 32; l++) {
            uint16_t pair[2];
            for (int half = 0; half < 2; half++) {
                int row = transposed ? 2 * (l % 4) + half : l / 4, number = transposed ? l / 4 : 2 * (l % 4) + half;
                memcpy(&pair[half], &emulator.shared[lanes[8 * i + row].address + 2 * (uint32_t)number], 2);
            }
            lanes[l].out[i] = pair[0] | (uint32_t)pair[1] << 16;
        }
    }
    emulator.loads++;
}

static void emulator_exchange(Lane *lanes)
{
    float values[32];
    for (int l = 0; l < 32; l++)
        values[l] = lanes[l ^ lanes[l].mask].value;
    for (int l = 0; l < 32; l++)
        lanes[l].value = values[l];
}

static void emulator_any(Lane *lanes)
{
    float any = 0;
    for (int l = 0; l < 32; l++)
        any = MAX(any, lanes[l].value);
    for (int l = 0; l < 32; l++)
        lanes[l].value = any;
}

/* -- Instructions of a warp group --------------------------------------- */

/* PTX ISA, "Matrix descriptor" and "Canonical layouts", with the swizzle of 128 bytes: byte of number `inner` along the
 * contiguous dimension and `outer` across it, both within one instruction; distances of eights of `outer` are the
 * stride offset. */
static uint32_t emulator_operand_byte(uint64_t descriptor, uint32_t outer, uint32_t inner)
{
    uint32_t stride = (uint32_t)(descriptor >> 32 & 0x3fff) * 16;
    uint32_t at = (uint32_t)(descriptor & 0x3fff) * 16 + outer / 8 * stride + outer % 8 * 128 + inner * 2;
    g_assert_cmpuint(descriptor >> 62, ==, 1);
    g_assert_cmpuint(descriptor >> 49 & 7, ==, 0);
    return at ^ (at >> 7 & 7) << 4;
}

static float emulator_operand(uint64_t descriptor, uint32_t outer, uint32_t inner)
{
    uint16_t number;
    memcpy(&number, &emulator.shared[emulator_operand_byte(descriptor, outer, inner)], sizeof number);
    return emulator_from_bfloat16(number);
}

/* From now on, or no longer, the product may read its operands. All four warps read all of them. */
static void emulator_group_touch(uint32_t first, uint64_t descriptor, uint32_t outers, uint32_t inners, bool begin)
{
    for (uint32_t outer = 0; outer < outers; outer++)
        for (uint32_t inner = 0; inner < inners; inner += 2) {
            uint32_t at = emulator_operand_byte(descriptor, outer, inner);
            emulator_check_shared(at, 4);
            Cell *cell = &emulator.cells[at / 4];
            if (begin && !cell->published)
                g_error("block %u: a warp group reads byte %u of shared memory, which was not published", emulator.block, at);
            for (uint32_t warp = first / 32; warp < first / 32 + 4; warp++)
                if (begin)
                    emulator_check_written(at / 4, warp * 32);
                else
                    emulator_note_read(cell, warp * 32);
            cell->products = (uint16_t)(cell->products + (begin ? 1 : -1));
        }
}

static void emulator_group_touch_all(const Product *product, uint32_t first, bool begin)
{
    if (!product->registers)
        emulator_group_touch(first, product->a, 64, 16, begin);
    emulator_group_touch(first, product->b, product->registers ? 16 : product->columns,
                         product->registers ? product->columns : 16, begin);
}

/* Accumulator and left operand of warp w of the group are its rows 16 w to 16 w + 15, laid out as for mma. */
static void emulator_group_compute(Product *product)
{
    static float a[64][16], b[16][256];
    for (uint32_t r = 0; r < 64; r++)
        for (uint32_t k = 0; k < 16; k++) {
            uint32_t l = r / 16 * 32 + r % 8 * 4 + k % 8 / 2, i = r % 16 / 8 + k / 8 * 2;
            a[r][k] = product->registers ? emulator_from_bfloat16((uint16_t)(product->left[l][i] >> 16 * (k & 1)))
                                         : emulator_operand(product->a, r, k);
        }
    for (uint32_t k = 0; k < 16; k++)
        for (uint32_t n = 0; n < product->columns; n++)
            b[k][n] = product->registers ? emulator_operand(product->b, k, n) : emulator_operand(product->b, n, k);
    for (uint32_t l = 0; l < 128; l++)
        for (uint32_t n = 0; n < product->columns / 8; n++)
            for (uint32_t i = 0; i < 4; i++) {
                uint32_t row = l / 32 * 16 + l % 32 / 4 + i / 2 * 8, column = n * 8 + l % 4 * 2 + i % 2;
                float sum = product->adds ? product->c[l][n][i] : 0;
                for (uint32_t k = 0; k < 16; k++)
                    sum += a[row][k] * b[k][column];
                product->c[l][n][i] = sum;
            }
    product->done = true;
    emulator.group_products++;
}

static void emulator_group_begin_product(Lane *lanes, Group *group, bool registers)
{
    Product product = {registers, lanes[0].group_adds, false, lanes[0].group_columns, lanes[0].group_a, lanes[0].group_b, {}, {}};
    for (uint32_t l = 0; l < 128; l++) {
        product.c[l] = lanes[l].group_c;
        product.left[l] = lanes[l].group_left;
    }
    emulator_group_touch_all(&product, emulator.thread, true);
    if (!emulator.copies_late)
        emulator_group_compute(&product);
    group->begun.push_back(product);
}

/* All but the last `kept` commits are done. Each warp knows it of itself, and of no other. */
static void emulator_group_wait(Group *group, uint32_t kept)
{
    while (group->committed.size() > kept) {
        for (Product &product : group->committed.front()) {
            if (!product.done)
                emulator_group_compute(&product);
            emulator_group_touch_all(&product, emulator.thread, false);
        }
        group->committed.erase(group->committed.begin());
    }
    for (uint32_t warp = emulator.thread / 32; warp < emulator.thread / 32 + 4; warp++)
        emulator.clocks[warp][warp]++;
}

static bool emulator_group_state(LaneState state)
{
    return state >= LANE_GROUP_BEGIN && state <= LANE_GROUP_WAIT;
}

/* Goes on when the last warp of the group has come. */
static void emulator_step_group(uint32_t warp)
{
    Lane *lanes = &emulator.lanes[warp / 4 * 128];
    Group *group = &emulator.groups[warp / 4];
    LaneState state = emulator.lanes[warp * 32].state;
    for (uint32_t w = 0; w < 4; w++)
        if (!emulator_group_state(lanes[w * 32].state))
            return;
    for (uint32_t l = 0; l < 128; l++)
        if (lanes[l].state != state || lanes[l].group_a != lanes[0].group_a || lanes[l].group_b != lanes[0].group_b ||
            lanes[l].group_columns != lanes[0].group_columns)
            g_error("block %u: warps of the group of warp %u part ways", emulator.block, warp);
    emulator.thread = warp / 4 * 128;
    if (state == LANE_GROUP_MMA || state == LANE_GROUP_MMA_REGISTERS)
        emulator_group_begin_product(lanes, group, state == LANE_GROUP_MMA_REGISTERS);
    else if (state == LANE_GROUP_COMMIT) {
        group->committed.push_back(group->begun);
        group->begun.clear();
    } else if (state == LANE_GROUP_WAIT)
        emulator_group_wait(group, lanes[0].group_columns);
    for (uint32_t l = 0; l < 128; l++)
        lanes[l].state = LANE_RUNS;
}

/* -- Barriers that copies arrive at, and named ones ----------------------- */

static Arrival *emulator_arrival(uint32_t at)
{
    auto found = emulator.arrivals.find(at);
    if (found == emulator.arrivals.end())
        g_error("block %u: thread %u uses byte %u as a barrier that nobody made", emulator.block, emulator.thread, at);
    emulator_check_written(at / 4, emulator.thread);
    return &found->second;
}

static void emulator_complete(Arrival *arrival)
{
    if (arrival->missing || arrival->bytes)
        return;
    arrival->phases++;
    arrival->missing = arrival->expected;
    emulator_join(&arrival->released, &arrival->collected);
}

static bool emulator_has_come(const Lane *lane)
{
    return (emulator.arrivals.at(lane->address).phases & 1) != lane->parity;
}

/* Rows beyond the tensor are zero. */
static void emulator_deliver(size_t i)
{
    Box box = emulator.boxes[i];
    Arrival *arrival = &emulator.arrivals.at(box.arrival);
    emulator.boxes.erase(emulator.boxes.begin() + (gssize)i);
    for (uint32_t row = 0; row < box.rows; row++)
        for (uint32_t chunk = 0; chunk < 8; chunk++) {
            uint32_t at = box.to + row * 128 + chunk * 16;
            at ^= (at >> 7 & 7) << 4;
            if (row < box.valid_rows)
                memcpy(&emulator.shared[at], box.from + row * box.stride + chunk * 8, 16);
            else
                memset(&emulator.shared[at], 0, 16);
        }
    for (uint32_t c = box.to / 4; c < (box.to + box.rows * 128) / 4; c++) {
        emulator.cells[c].copying = -1;
        emulator.cells[c].published = true;
        emulator.cells[c].written = {box.thread, arrival->clock, arrival->collected[arrival->clock]};
    }
    arrival->collected[arrival->clock]++;
    arrival->bytes -= box.rows * 128;
    emulator_complete(arrival);
}

static void emulator_named(uint32_t warp, bool waits)
{
    const Lane *lane = &emulator.lanes[warp * 32];
    NamedBarrier *barrier = &emulator.named[lane->barrier];
    if (barrier->arrived && barrier->threads != lane->threads)
        g_error("block %u: warp %u comes to barrier %u of other than %u threads", emulator.block, warp, lane->barrier, barrier->threads);
    barrier->threads = lane->threads;
    barrier->arrived += 32;
    emulator.clocks[warp][warp]++;
    emulator_join(&barrier->clock, &emulator.clocks[warp]);
    barrier->waiting |= waits ? 1u << warp : 0;
    if (barrier->arrived < barrier->threads)
        return;
    for (uint32_t w = 0; w < emulator.clocks.size(); w++)
        if (barrier->waiting >> w & 1) {
            emulator_join(&emulator.clocks[w], &barrier->clock);
            for (uint32_t l = 0; l < 32; l++)
                emulator.lanes[w * 32 + l].state = LANE_RUNS;
        }
    *barrier = NamedBarrier{};
}

/* Lets the lanes run to their next common instruction and computes it. */
static void emulator_step_warp(uint32_t warp)
{
    Lane *lanes = &emulator.lanes[warp * 32];
    if (lanes[0].state == LANE_AWAIT)
        emulator_join(&emulator.clocks[warp], &emulator.arrivals.at(lanes[0].address).released);
    for (uint32_t l = 0; l < 32; l++)
        emulator_resume(warp * 32 + l);
    for (uint32_t l = 1; l < 32; l++)
        if (lanes[l].state != lanes[0].state ||
            (lanes[0].state == LANE_AWAIT && (lanes[l].address != lanes[0].address || lanes[l].parity != lanes[0].parity)))
            g_error("block %u: lanes 0 and %u of warp %u part ways", emulator.block, l, warp);
    if (lanes[0].state == LANE_MMA)
        emulator_mma(lanes);
    else if (lanes[0].state == LANE_LOAD || lanes[0].state == LANE_LOAD_TRANSPOSED)
        emulator_load(lanes, warp, lanes[0].state == LANE_LOAD_TRANSPOSED);
    else if (lanes[0].state == LANE_EXCHANGE)
        emulator_exchange(lanes);
    else if (lanes[0].state == LANE_ANY)
        emulator_any(lanes);
    else if (lanes[0].state == LANE_WARP_BARRIER)
        emulator.clocks[warp][warp]++;
    else if (lanes[0].state == LANE_NAMED_BARRIER || lanes[0].state == LANE_NAMED_ARRIVE)
        emulator_named(warp, lanes[0].state == LANE_NAMED_BARRIER);
    else if (emulator_group_state(lanes[0].state))
        emulator_step_group(warp);
}

/* -- Blocks ------------------------------------------------------------- */

static bool emulator_can_run(uint32_t warp)
{
    const Lane *lane = &emulator.lanes[warp * 32];
    LaneState state = lane->state;
    return state != LANE_BLOCK_BARRIER && state != LANE_ENDED && state != LANE_NAMED_BARRIER && !emulator_group_state(state) &&
           (state != LANE_AWAIT || emulator_has_come(lane));
}

/* The next warp that can run, in the chosen order; -1 when none can. */
static int emulator_choose(uint32_t warps)
{
    emulator.random = emulator.random * 1664525 + 1013904223;
    uint32_t from = emulator.order == WARPS_MIXED ? (emulator.random >> 16) % warps : 0;
    for (uint32_t i = 0; i < warps; i++) {
        uint32_t warp = emulator.order == WARPS_DOWN ? warps - 1 - i : (from + i) % warps;
        if (emulator_can_run(warp))
            return (int)warp;
    }
    return -1;
}

static void emulator_start_block(uint32_t threads, size_t shared)
{
    const size_t stack = 256 << 10;
    emulator.lanes.resize(threads);
    emulator.shared.assign(shared, 0xff);
    emulator.cells.assign(shared / 4, Cell{{-1, 0, 0}, {}, {}, 0, true, -1});
    emulator.clocks.assign(threads / 32, Clock{});
    for (uint32_t w = 0; w < threads / 32; w++)
        emulator.clocks[w][w] = 1;
    emulator.arrivals.clear();
    emulator.named.clear();
    emulator.groups.assign((threads + 127) / 128, Group{});
    g_assert_cmpuint(threads / 32, <=, EMULATOR_WARPS);
    for (Lane &lane : emulator.lanes) {
        lane.stack.resize(stack);
        lane.started = false;
        lane.state = LANE_RUNS;
        lane.copies.clear();
        lane.unpublished.clear();
        lane.stored.clear();
        lane.group_columns = 0;
        lane.group_a = lane.group_b = 0;
        getcontext(&lane.start);
        lane.start.uc_stack.ss_sp = lane.stack.data();
        lane.start.uc_stack.ss_size = stack;
        lane.start.uc_link = NULL;
        makecontext(&lane.start, emulator_thread_main, 0);
    }
}

/* All warps wait: at the block's barrier, if they can go on from there. FALSE: all have ended. */
static bool emulator_pass_block_barrier(uint32_t warps)
{
    uint32_t ended = 0;
    Clock all = {};
    for (uint32_t w = 0; w < warps; w++) {
        LaneState state = emulator.lanes[w * 32].state;
        if (emulator_group_state(state))
            g_error("block %u: warp %u waits for its group, which does not come", emulator.block, w);
        if (state == LANE_AWAIT || state == LANE_NAMED_BARRIER)
            g_error("block %u: warp %u waits without end at barrier %u", emulator.block, w,
                    state == LANE_AWAIT ? emulator.lanes[w * 32].address : emulator.lanes[w * 32].barrier);
        ended += state == LANE_ENDED;
        emulator.clocks[w][w]++;
        emulator_join(&all, &emulator.clocks[w]);
    }
    if (ended == warps)
        return false;
    if (ended)
        g_error("block %u: %u warps ended while the others wait at a barrier", emulator.block, ended);
    for (uint32_t w = 0; w < warps; w++) {
        emulator.lanes[w * 32].state = LANE_RUNS;
        emulator.clocks[w] = all;
    }
    return true;
}

static void emulator_check_end(void)
{
    for (Lane &lane : emulator.lanes)
        g_assert_true(lane.copies.empty());
    for (Group &group : emulator.groups)
        g_assert_true(group.begun.empty() && group.committed.empty());
    for (auto &named : emulator.named)
        g_assert_cmpuint(named.second.arrived, ==, 0);
    for (auto &arrival : emulator.arrivals)
        g_assert_cmpint(arrival.second.bytes, ==, 0);
}

static void emulator_run_block(uint32_t threads, size_t shared)
{
    uint32_t warps = threads / 32;
    emulator_start_block(threads, shared);
    do {
        for (int warp; (warp = emulator_choose(warps)) >= 0 || !emulator.boxes.empty();)
            if (warp >= 0)
                emulator_step_warp((uint32_t)warp);
            else
                emulator_deliver(emulator.order == WARPS_MIXED ? (emulator.random >> 16) % emulator.boxes.size() : 0);
    } while (emulator_pass_block_barrier(warps));
    emulator_check_end();
}

template <typename... Arguments>
static int warp_launch(void (*kernel)(Arguments...), size_t blocks, unsigned threads, size_t shared, void *,
                       Arguments... arguments)
{
    emulator.most_shared = MAX(emulator.most_shared, (uint32_t)shared);
    emulator.kernel = [=] { kernel(arguments...); };
    for (size_t block = 0; block < blocks; block++) {
        emulator.block = (uint32_t)block;
        emulator_run_block(threads, shared);
    }
    return 0;
}

/* -- What train/cuda/warp.cuh offers ------------------------------------ */

WARP_FUNCTION uint32_t warp_thread(void)
{
    return emulator.thread;
}

WARP_FUNCTION uint32_t warp_block(void)
{
    return emulator.block;
}

WARP_FUNCTION uint32_t warp_shared(void)
{
    return 0;
}

WARP_FUNCTION void warp_mma(float c[4], const uint32_t a[4], uint32_t b0, uint32_t b1)
{
    Lane *lane = emulator_lane();
    memcpy(lane->a, a, sizeof lane->a);
    memcpy(lane->c, c, sizeof lane->c);
    lane->b[0] = b0;
    lane->b[1] = b1;
    emulator_wait(LANE_MMA);
    memcpy(c, lane->c, sizeof lane->c);
}

static void emulator_load_matrices(uint32_t to[4], uint32_t from, LaneState state)
{
    Lane *lane = emulator_lane();
    lane->address = from;
    emulator_wait(state);
    memcpy(to, lane->out, sizeof lane->out);
}

WARP_FUNCTION void warp_load_matrices(uint32_t to[4], uint32_t from)
{
    emulator_load_matrices(to, from, LANE_LOAD);
}

WARP_FUNCTION void warp_load_transposed(uint32_t to[4], uint32_t from)
{
    emulator_load_matrices(to, from, LANE_LOAD_TRANSPOSED);
}

static void emulator_copy(uint32_t to, const void *from, uint32_t bytes, bool valid)
{
    if (valid)
        emulator_check_global(from, bytes);
    emulator_write(to, bytes, true);
    emulator_lane()->copies.push_back({to, bytes, valid ? from : NULL, false});
    if (!emulator.copies_late)
        emulator_copy_now(&emulator_lane()->copies.back());
}

WARP_FUNCTION void warp_copy_16(uint32_t to, const void *from, bool valid)
{
    emulator_copy(to, from, 16, valid);
}

WARP_FUNCTION void warp_copy_4(uint32_t to, const void *from, bool valid)
{
    emulator_copy(to, from, 4, valid);
}

WARP_FUNCTION void warp_copy_wait(void)
{
    Moment now = emulator_now();
    for (Copy &copy : emulator_lane()->copies) {
        if (!copy.done)
            emulator_copy_now(&copy);
        for (uint32_t c = copy.to / 4; c < (copy.to + copy.size) / 4; c++) {
            emulator.cells[c].copying = -1;
            emulator.cells[c].written = now;
        }
        emulator_lane()->unpublished.push_back(copy);
    }
    emulator_lane()->copies.clear();
}

WARP_FUNCTION void warp_group_publish(void)
{
    for (Copy &copy : emulator_lane()->unpublished)
        for (uint32_t c = copy.to / 4; c < (copy.to + copy.size) / 4; c++)
            emulator.cells[c].published = true;
    for (uint32_t c : emulator_lane()->stored)
        if (emulator.cells[c].written.thread == (int)emulator.thread)
            emulator.cells[c].published = true;
    emulator_lane()->unpublished.clear();
    emulator_lane()->stored.clear();
}

WARP_FUNCTION void warp_group_begin(void)
{
    emulator_wait(LANE_GROUP_BEGIN);
}

WARP_FUNCTION void warp_group_commit(void)
{
    emulator_wait(LANE_GROUP_COMMIT);
}

template <int KEPT>
WARP_FUNCTION void warp_group_wait(void)
{
    emulator_lane()->group_columns = KEPT;
    emulator_wait(LANE_GROUP_WAIT);
}

template <int TILES>
WARP_FUNCTION void warp_group_settle(float (*)[4])
{
}

static void emulator_group_product(float (*c)[4], uint32_t columns, const uint32_t *left, uint64_t a, uint64_t b, bool adds,
                                   LaneState state)
{
    Lane *lane = emulator_lane();
    lane->group_c = c;
    lane->group_columns = columns;
    lane->group_left = left;
    lane->group_a = a;
    lane->group_b = b;
    lane->group_adds = adds;
    emulator_wait(state);
    lane->group_a = lane->group_b = 0;
    lane->group_columns = 0;
}

WARP_FUNCTION void warp_group_mma(float c[8][4], uint64_t a, uint64_t b, bool adds)
{
    emulator_group_product(c, 64, NULL, a, b, adds, LANE_GROUP_MMA);
}

WARP_FUNCTION void warp_group_mma_wide(float c[16][4], uint64_t a, uint64_t b, bool adds)
{
    emulator_group_product(c, 128, NULL, a, b, adds, LANE_GROUP_MMA);
}

WARP_FUNCTION void warp_group_mma_registers(float c[8][4], const uint32_t a[4], uint64_t b)
{
    emulator_group_product(c, 64, a, 0, b, true, LANE_GROUP_MMA_REGISTERS);
}

WARP_FUNCTION void warp_barrier(void)
{
    emulator_wait(LANE_WARP_BARRIER);
}

WARP_FUNCTION void warp_block_barrier(void)
{
    emulator_wait(LANE_BLOCK_BARRIER);
}

WARP_FUNCTION float4 warp_shared_load(uint32_t from)
{
    float4 value;
    emulator_read(from, 16);
    memcpy(&value, &emulator.shared[from], sizeof value);
    return value;
}

WARP_FUNCTION void warp_shared_load_pair(float to[2], uint32_t from)
{
    emulator_read(from, 8);
    memcpy(to, &emulator.shared[from], 8);
}

WARP_FUNCTION void warp_shared_store(uint32_t to, uint32_t value)
{
    emulator_write(to, 4, false);
    emulator_lane()->stored.push_back(to / 4);
    memcpy(&emulator.shared[to], &value, sizeof value);
}

WARP_FUNCTION void warp_global_load(uint32_t to[4], const void *from)
{
    emulator_check_global(from, 16);
    memcpy(to, from, 16);
}

WARP_FUNCTION void warp_global_store(void *to, float4 value)
{
    emulator_check_global(to, sizeof value);
    memcpy(to, &value, sizeof value);
}

WARP_FUNCTION AttentionBlock warp_read_block(const AttentionBlock *from)
{
    return *from;
}

WARP_FUNCTION float warp_exchange(float value, int mask)
{
    Lane *lane = emulator_lane();
    lane->value = value;
    lane->mask = mask;
    emulator_wait(LANE_EXCHANGE);
    return lane->value;
}

WARP_FUNCTION bool warp_any(bool condition)
{
    Lane *lane = emulator_lane();
    lane->value = condition;
    emulator_wait(LANE_ANY);
    return lane->value != 0;
}

WARP_FUNCTION uint32_t warp_pack(float low, float high)
{
    return emulator_to_bfloat16(low) | (uint32_t)emulator_to_bfloat16(high) << 16;
}

WARP_FUNCTION uint32_t warp_bits(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

WARP_FUNCTION float warp_low(uint32_t packed)
{
    return emulator_from_bfloat16((uint16_t)packed);
}

WARP_FUNCTION float warp_high(uint32_t packed)
{
    return emulator_from_bfloat16((uint16_t)(packed >> 16));
}

WARP_FUNCTION float warp_exp2(float x)
{
    return exp2f(x);
}

WARP_FUNCTION float warp_log2(float x)
{
    return log2f(x);
}

WARP_FUNCTION float warp_inverse(float x)
{
    return 1 / x;
}

/* -- What train/cuda/warp_tensor.cuh offers ------------------------------ */

#define TENSOR_BOX_COLUMNS 64

struct TensorMap {
    const uint16_t *base;
    uint64_t columns, rows;
    size_t stride;
    uint32_t box_rows;
};

static int warp_tensor_describe(TensorMap *map, const uint16_t *base, uint64_t columns, uint64_t rows, uint32_t box_rows)
{
    g_assert_cmpuint((uintptr_t)base % 16, ==, 0);
    g_assert_cmpuint(columns % 8, ==, 0);
    *map = {base, columns, rows, columns, box_rows};
    return 0;
}

static uint32_t warp_multiprocessors(void)
{
    return emulator.multiprocessors;
}

WARP_FUNCTION void warp_tensor_load(uint32_t to, const TensorMap *map, uint32_t column, uint32_t row, uint32_t arrival)
{
    const uint32_t bytes = map->box_rows * 128;
    uint32_t valid = row >= map->rows ? 0 : (uint32_t)MIN(map->rows - row, map->box_rows);
    g_assert_cmpuint(to % 1024, ==, 0);
    g_assert_cmpuint(column + 64, <=, map->columns);
    for (uint32_t r = 0; r < valid; r++)
        for (uint32_t chunk = 0; chunk < 8; chunk++)
            emulator_check_global(map->base + (row + r) * map->stride + column + chunk * 8, 16);
    for (uint32_t c = to / 4; c < (to + bytes) / 4; c++)
        if (!emulator.cells[c].published)
            g_error("block %u: a box goes to byte %u of shared memory, written there and not published", emulator.block, c * 4);
    emulator_write(to, bytes, true);
    emulator_arrival(arrival);
    emulator.boxes.push_back({to, arrival, map->box_rows, valid, map->base + row * map->stride + column, map->stride,
                              (int)emulator.thread});
    if (!emulator.copies_late)
        emulator_deliver(emulator.boxes.size() - 1);
}

WARP_FUNCTION void warp_arrival_open(uint32_t at, uint32_t arrivals)
{
    emulator_write(at, 8, false);
    uint32_t clock = (uint32_t)emulator.clocks.size() + (uint32_t)emulator.arrivals.size();
    g_assert_cmpuint(clock, <, EMULATOR_CLOCKS);
    Arrival arrival = {clock, arrivals, arrivals, 0, 0, {}, {}};
    arrival.collected[clock] = 1;
    emulator.arrivals[at] = arrival;
}

WARP_FUNCTION void warp_arrivals_publish(void)
{
}

static void emulator_arrive(uint32_t at, uint32_t bytes)
{
    Arrival *arrival = emulator_arrival(at);
    if (arrival->missing == 0)
        g_error("block %u: thread %u arrives at barrier %u, which expects nobody", emulator.block, emulator.thread, at);
    emulator_join(&arrival->collected, &emulator.clocks[emulator.thread / 32]);
    arrival->bytes += bytes;
    arrival->missing--;
    emulator_complete(arrival);
}

WARP_FUNCTION void warp_arrive(uint32_t at)
{
    emulator_arrive(at, 0);
}

WARP_FUNCTION void warp_arrive_expecting(uint32_t at, uint32_t bytes)
{
    emulator_arrive(at, bytes);
}

WARP_FUNCTION void warp_await(uint32_t at, uint32_t parity)
{
    emulator_arrival(at);
    emulator_lane()->address = at;
    emulator_lane()->parity = parity;
    emulator_wait(LANE_AWAIT);
}

static void emulator_name(uint32_t barrier, uint32_t threads, LaneState state)
{
    emulator_lane()->barrier = barrier;
    emulator_lane()->threads = threads;
    emulator_wait(state);
}

WARP_FUNCTION void warp_named_barrier(uint32_t barrier, uint32_t threads)
{
    emulator_name(barrier, threads, LANE_NAMED_BARRIER);
}

WARP_FUNCTION void warp_named_arrive(uint32_t barrier, uint32_t threads)
{
    emulator_name(barrier, threads, LANE_NAMED_ARRIVE);
}

template <int COUNT>
WARP_FUNCTION void warp_registers_raise(void)
{
}

template <int COUNT>
WARP_FUNCTION void warp_registers_lower(void)
{
}

#endif
