/* SPDX-License-Identifier: Apache-2.0
 * tests/gpu/emulator/math_constants.h - see cuda_runtime.h beside it. */
#ifndef EMULATOR_MATH_CONSTANTS_H
#define EMULATOR_MATH_CONSTANTS_H

#include <math.h>

#define CUDART_INF_F INFINITY

#endif
