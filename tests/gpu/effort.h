/* SPDX-License-Identifier: Apache-2.0
 * tests/gpu/effort.h - how much emulated kernels are to do.
 *
 * Where each access of memory is checked (AddressSanitizer) attention takes minutes: there the tests leave out what checks
 * the same accesses in other orders and sizes, unless GALEN_TEST_EMULATOR is set, as `make check-long` does.
 */
#ifndef TESTS_GPU_EFFORT_H
#define TESTS_GPU_EFFORT_H

#include <glib.h>

static inline gboolean emulator_does_all(void)
{
#ifdef __SANITIZE_ADDRESS__
    return g_getenv("GALEN_TEST_EMULATOR") != NULL;
#else
    return TRUE;
#endif
}

#endif
