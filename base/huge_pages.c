/* SPDX-License-Identifier: Apache-2.0
 * Memory in large pages; see base/huge_pages.h. */
#include "base/huge_pages.h"

#include <stdlib.h>
#include <sys/mman.h>

static gsize round_up(gsize size)
{
    return (size + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE;
}

gpointer huge_pages_new(gsize size)
{
    gsize whole = round_up(MAX(size, 1));
    void *memory = NULL;
    if (whole < size || posix_memalign(&memory, HUGE_PAGE, whole) != 0)
        g_error("cannot allocate %" G_GSIZE_FORMAT " bytes", size);
    huge_pages_advise(memory, whole);
    return memory;
}

void huge_pages_free(gpointer memory)
{
    free(memory);
}

/* Only whole pages: what lies beside the memory is somebody else's. A refusal changes nothing but the time it takes. */
void huge_pages_advise(gpointer memory, gsize size)
{
    guintptr begin = round_up((guintptr)memory), end = ((guintptr)memory + size) / HUGE_PAGE * HUGE_PAGE;
    if (begin < end)
        madvise((void *)begin, end - begin, MADV_HUGEPAGE);
}
