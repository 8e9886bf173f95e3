/* SPDX-License-Identifier: Apache-2.0
 * tests/gpu/emulator/queues.h - CUDA's streams as queues: what is put into one happens when it must, or when it may.
 *
 * In the place of threads.cc, for tests of what is ordered with what. Calls of the runtime only queue. Work is done when
 * the host waits for it, one head of a queue at a time, drawn by the seed; or, eagerly, as soon as it is queued and what it
 * waits for is done. So a wait that is missing shows as old or new numbers in the wrong place. A queue that is held does
 * nothing: a GPU that is still busy.
 */
#ifndef EMULATOR_QUEUES_H
#define EMULATOR_QUEUES_H

#include <cuda_runtime.h>

void emulator_queues_begin(bool eager, uint32_t seed);
/* `ready` is asked when all before it is done. */
void emulator_queue(cudaStream_t stream, const std::function<bool()> &ready, const std::function<void()> &run);
void emulator_queue_hold(cudaStream_t stream, bool hold);
size_t emulator_queue_length(cudaStream_t stream);
/* Does all that can be done. */
void emulator_queues_run(void);
/* How often the host has had to wait since emulator_queues_begin. */
size_t emulator_host_waits(void);

#endif
