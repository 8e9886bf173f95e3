/* SPDX-License-Identifier: Apache-2.0
 * tests/gpu/operations.h - the operations of train/ops.h as cases; of one side, see side.h.
 */
#ifndef TESTS_GPU_OPERATIONS_H
#define TESTS_GPU_OPERATIONS_H

#include "tests/gpu/side.h"

const CaseOperation *case_operations(gsize *count);

#endif
