/* SPDX-License-Identifier: Apache-2.0
 * tests/unit/late_communicator.h - the CPU's ranks, with deferred communicators that are as late as they may be.
 *
 * The CPU does all at once, and would forgive whoever does not wait. A deferred communicator of this backend does nothing until
 * `wait`, or `wait_until` for as much as was asked for: who reads too early finds old numbers, and who writes too early
 * changes what is sent. Results must be those of the backend that it is made of, to the last bit.
 *
 * Sequence: late = late_backend_new(cpu); ...; late_backend_free(late). `cpu` is borrowed.
 */
#ifndef TESTS_UNIT_LATE_COMMUNICATOR_H
#define TESTS_UNIT_LATE_COMMUNICATOR_H

#include "train/ops.h"

Backend *late_backend_new(const Backend *cpu);
void late_backend_free(Backend *late);

#endif
