/* SPDX-License-Identifier: Apache-2.0
 * tests/unit/gpu_emulator.h - runs the kernels of train/cuda/ on the host, thread by thread, and watches them.
 *
 * Defines what train/cuda/warp.cuh and warp_group.cuh define for nvcc, so that a test can include a .cu file as it
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
 *     orders them on a GPU; or anyone touches the target of an asynchronous copy before the copying thread has
 * waited.
 *
 * Warps take turns in an order that the test chooses, and an asynchronous copy happens at once or as late as allowed.
 * What shared memory holds at first is noise (NaN). Bank conflicts of ldmatrix are counted.
 */
#ifndef TESTS_UNIT_GPU_EMULATOR_H
#define TESTS_UNIT_GPU_EMULATOR_H

#include <glib.h>
#include <math.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <ucontext.h>

#include <functional>
#include <vector>

#include "train/cuda/attention.h"

#define __global__ static
#define __launch_bounds__(...)
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
    LANE_GROUP_BEGIN,
    LANE_GROUP_MMA,
    LANE_GROUP_MMA_REGISTERS,
    LANE_GROUP_END,
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
    float (*group_c)[4];
    uint64_t group_a, group_b;
};

/* When a thread touched something: barriers of the block, and of the warp, that it had passed. */
struct Moment {
    uint32_t block, warp;
    int thread; /* -1: nobody yet */
};

/* What is known of four bytes of shared memory. */
struct Cell {
    Moment written, read;
    bool published;   /* for products of warp groups */
    int copying;      /* the thread whose copy is on its way here, or -1 */
    bool read_by_all; /* by several warps since the last barrier */
};

struct Emulator {
    /* Chosen by the test */
    WarpOrder order = WARPS_UP;
    bool copies_late = false;
    /* Found */
    uint64_t bank_conflicts = 0, products = 0, group_products = 0, loads = 0;
    uint32_t most_shared = 0;
    /* The block that runs */
    std::vector<Lane> lanes;
    std::vector<unsigned char> shared;
    std::vector<Cell> cells;
    std::vector<Moment> clocks; /* of each warp */
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

static bool emulator_ordered(const Moment *earlier, const Moment *now)
{
    return earlier->thread < 0 || earlier->block < now->block ||
           (earlier->thread / 32 == now->thread / 32 && earlier->warp < now->warp);
}

static Moment emulator_now(void)
{
    Moment now = emulator.clocks[emulator.thread / 32];
    now.thread = (int)emulator.thread;
    return now;
}

static void emulator_check_shared(uint32_t at, uint32_t bytes)
{
    g_assert_cmpuint(at % bytes, ==, 0);
    g_assert_cmpuint(at + bytes, <=, emulator.shared.size());
}

static void emulator_read(uint32_t at, uint32_t bytes)
{
    Moment now = emulator_now();
    emulator_check_shared(at, bytes);
    for (uint32_t c = at / 4; c < (at + bytes) / 4; c++) {
        Cell *cell = &emulator.cells[c];
        if (cell->copying >= 0 || (cell->written.thread != now.thread && !emulator_ordered(&cell->written, &now)))
            g_error("block %u: thread %d reads byte %u of shared memory with no barrier after thread %d wrote it",
                    emulator.block, now.thread, c * 4, MAX(cell->copying, cell->written.thread));
        cell->read_by_all = !emulator_ordered(&cell->read, &now) &&
                            (cell->read_by_all || cell->read.thread / 32 != now.thread / 32);
        cell->read = now;
    }
}

/* The moment of a write is when it begins; emulator_written moves that of a copy to where it was waited for. */
static void emulator_write(uint32_t at, uint32_t bytes, bool copy)
{
    Moment now = emulator_now();
    emulator_check_shared(at, bytes);
    for (uint32_t c = at / 4; c < (at + bytes) / 4; c++) {
        Cell *cell = &emulator.cells[c];
        bool free = cell->read.thread < 0 || cell->read.block < now.block ||
                    (!cell->read_by_all && emulator_ordered(&cell->read, &now));
        bool own = cell->written.thread == now.thread || emulator_ordered(&cell->written, &now);
        if (!free || !own || cell->copying >= 0)
            g_error("block %u: thread %d writes byte %u of shared memory with no barrier after thread %d used it",
                    emulator.block, now.thread, c * 4, MAX(cell->read.thread, cell->written.thread));
        cell->written = now;
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

/* PTX ISA, "Matrix descriptor" and "Canonical layouts", with the swizzle of 128 bytes: number `inner` along the
 * contiguous dimension and `outer` across it, both within one instruction; distances of eights of `outer` are the
 * stride offset. */
static float emulator_operand(uint64_t descriptor, uint32_t outer, uint32_t inner)
{
    uint32_t stride = (uint32_t)(descriptor >> 32 & 0x3fff) * 16;
    uint32_t at = (uint32_t)(descriptor & 0x3fff) * 16 + outer / 8 * stride + outer % 8 * 128 + inner * 2;
    at ^= (at >> 7 & 7) << 4;
    g_assert_cmpuint(descriptor >> 62, ==, 1);
    g_assert_cmpuint(descriptor >> 49 & 7, ==, 0);
    if (inner % 2 == 0) {
        emulator_read(at, 4);
        if (!emulator.cells[at / 4].published)
            g_error("block %u: a warp group reads byte %u of shared memory, which was not published", emulator.block,
                    at);
    }
    uint16_t number;
    memcpy(&number, &emulator.shared[at], sizeof number);
    return emulator_from_bfloat16(number);
}

/* Accumulator and left operand of warp w of the group are its rows 16 w to 16 w + 15, laid out as for mma; each warp
 * reads its own rows of the left operand, and when it has waited it is done with them. */
static void emulator_group_mma(Lane *lanes, bool registers)
{
    static float a[64][16], b[16][64];
    const uint32_t first = emulator.thread;
    for (uint32_t r = 0; r < 64; r++)
        for (uint32_t k = 0; k < 16; k++) {
            emulator.thread = first + r / 16 * 32;
            if (registers) {
                uint32_t l = r / 16 * 32 + r % 8 * 4 + k % 8 / 2, i = r % 16 / 8 + k / 8 * 2;
                a[r][k] = emulator_from_bfloat16((uint16_t)(lanes[l].a[i] >> 16 * (k & 1)));
            } else
                a[r][k] = emulator_operand(lanes[0].group_a, r, k);
        }
    emulator.thread = first;
    for (uint32_t outer = 0; outer < (registers ? 16 : 64); outer++)
        for (uint32_t inner = 0; inner < (registers ? 64 : 16); inner++)
            *(registers ? &b[outer][inner] : &b[inner][outer]) = emulator_operand(lanes[0].group_b, outer, inner);
    for (uint32_t l = 0; l < 128; l++)
        for (uint32_t n = 0; n < 8; n++)
            for (uint32_t i = 0; i < 4; i++) {
                uint32_t row = l / 32 * 16 + l % 32 / 4 + i / 2 * 8, column = n * 8 + l % 4 * 2 + i % 2;
                for (uint32_t k = 0; k < 16; k++)
                    lanes[l].group_c[n][i] += a[row][k] * b[k][column];
            }
    emulator.group_products++;
}

static bool emulator_group_state(LaneState state)
{
    return state >= LANE_GROUP_BEGIN && state <= LANE_GROUP_END;
}

/* Goes on when the last warp of the group has come. */
static void emulator_step_group(uint32_t warp)
{
    Lane *lanes = &emulator.lanes[warp / 4 * 128];
    LaneState state = emulator.lanes[warp * 32].state;
    for (uint32_t w = 0; w < 4; w++)
        if (!emulator_group_state(lanes[w * 32].state))
            return;
    for (uint32_t l = 0; l < 128; l++)
        if (lanes[l].state != state || lanes[l].group_a != lanes[0].group_a || lanes[l].group_b != lanes[0].group_b)
            g_error("block %u: warps of the group of warp %u part ways", emulator.block, warp);
    emulator.thread = warp / 4 * 128;
    if (state == LANE_GROUP_MMA || state == LANE_GROUP_MMA_REGISTERS)
        emulator_group_mma(lanes, state == LANE_GROUP_MMA_REGISTERS);
    for (uint32_t l = 0; l < 128; l++)
        lanes[l].state = LANE_RUNS;
}

/* Lets the lanes run to their next common instruction and computes it. */
static void emulator_step_warp(uint32_t warp)
{
    Lane *lanes = &emulator.lanes[warp * 32];
    for (uint32_t l = 0; l < 32; l++)
        emulator_resume(warp * 32 + l);
    for (uint32_t l = 1; l < 32; l++)
        if (lanes[l].state != lanes[0].state)
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
        emulator.clocks[warp].warp++;
    else if (emulator_group_state(lanes[0].state))
        emulator_step_group(warp);
}

/* -- Blocks ------------------------------------------------------------- */

static bool emulator_can_run(uint32_t warp)
{
    LaneState state = emulator.lanes[warp * 32].state;
    return state != LANE_BLOCK_BARRIER && state != LANE_ENDED && !emulator_group_state(state);
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
    emulator.cells.assign(shared / 4, Cell{{0, 0, -1}, {0, 0, -1}, false, -1, false});
    emulator.clocks.assign(threads / 32, Moment{0, 0, -1});
    for (Lane &lane : emulator.lanes) {
        lane.stack.resize(stack);
        lane.started = false;
        lane.state = LANE_RUNS;
        lane.copies.clear();
        lane.unpublished.clear();
        lane.group_a = lane.group_b = 0;
        getcontext(&lane.start);
        lane.start.uc_stack.ss_sp = lane.stack.data();
        lane.start.uc_stack.ss_size = stack;
        lane.start.uc_link = NULL;
        makecontext(&lane.start, emulator_thread_main, 0);
    }
}

static void emulator_run_block(uint32_t threads, size_t shared)
{
    uint32_t warps = threads / 32;
    emulator_start_block(threads, shared);
    for (;;) {
        for (int warp; (warp = emulator_choose(warps)) >= 0;)
            emulator_step_warp((uint32_t)warp);
        uint32_t ended = 0;
        for (uint32_t w = 0; w < warps; w++) {
            if (emulator_group_state(emulator.lanes[w * 32].state))
                g_error("block %u: warp %u waits for its group, which does not come", emulator.block, w);
            ended += emulator.lanes[w * 32].state == LANE_ENDED;
            emulator.lanes[w * 32].state = LANE_RUNS;
            emulator.clocks[w].block++;
        }
        if (ended == warps)
            break;
        if (ended)
            g_error("block %u: %u warps ended while the others wait at a barrier", emulator.block, ended);
    }
    for (Lane &lane : emulator.lanes)
        g_assert_true(lane.copies.empty());
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
    emulator_lane()->unpublished.clear();
}

WARP_FUNCTION void warp_group_begin(void)
{
    emulator_wait(LANE_GROUP_BEGIN);
}

WARP_FUNCTION void warp_group_end(void)
{
    emulator_lane()->group_a = emulator_lane()->group_b = 0;
    emulator_wait(LANE_GROUP_END);
}

WARP_FUNCTION void warp_group_mma(float c[8][4], uint64_t a, uint64_t b)
{
    Lane *lane = emulator_lane();
    lane->group_c = c;
    lane->group_a = a;
    lane->group_b = b;
    emulator_wait(LANE_GROUP_MMA);
}

WARP_FUNCTION void warp_group_mma_registers(float c[8][4], const uint32_t a[4], uint64_t b)
{
    Lane *lane = emulator_lane();
    memcpy(lane->a, a, sizeof lane->a);
    lane->group_c = c;
    lane->group_a = 0;
    lane->group_b = b;
    emulator_wait(LANE_GROUP_MMA_REGISTERS);
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

#endif
