/* SPDX-License-Identifier: Apache-2.0
 * base/huge_pages.h - memory for buffers of megabytes, in pages of two megabytes where the system has them.
 *
 * A buffer that is filled once costs a fault of the processor for each page of 4 KiB, as much time as copying what goes into
 * it. Linux gives pages of 2 MiB to whoever asks for them (madvise(2), MADV_HUGEPAGE) under its usual setting "madvise";
 * elsewhere, and where none is free, these functions give common memory. What lies in the memory is the same.
 *
 * Sequence: m = huge_pages_new(size), rounded up to whole pages; huge_pages_free(m).
 * huge_pages_advise(m, size) says the same of memory that somebody else has allocated and nobody has written to.
 */
#ifndef BASE_HUGE_PAGES_H
#define BASE_HUGE_PAGES_H

#include <glib.h>

#define HUGE_PAGE ((gsize)2 << 20)

/* Not cleared; ends the process where there is no memory, as g_malloc does. */
gpointer huge_pages_new(gsize size);
void huge_pages_free(gpointer memory);
void huge_pages_advise(gpointer memory, gsize size);

#endif
