/* SPDX-License-Identifier: Apache-2.0
 * Arrays at cache lines, large ones in huge pages; see train/cpu/memory.h. */
#include "train/cpu/memory.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/huge_pages.h"

#define LARGE (2 * HUGE_PAGE)
#define LIMIT ((gsize)1 << 56) /* bytes: beyond any machine, and safe to add to */

/* In the cache line before an array. */
typedef struct Head {
    gsize mapped; /* bytes from here on; 0: from aligned_alloc */
} Head;

static gsize round_up(gsize bytes, gsize multiple)
{
    return (bytes + multiple - 1) / multiple * multiple;
}

/* Pages that begin at a huge one: the system gives them at any page, so one more is asked for and the ends go back. */
static Head *map(gsize bytes)
{
    gsize length = round_up(bytes, HUGE_PAGE);
    char *all = mmap(NULL, length + HUGE_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (all == MAP_FAILED)
        return NULL;
    gsize before = round_up((gsize)all, HUGE_PAGE) - (gsize)all;
    if (before)
        munmap(all, before);
    if (before < HUGE_PAGE)
        munmap(all + before + length, HUGE_PAGE - before);
    huge_pages_advise(all + before, length);
    Head *head = (Head *)(gpointer)(all + before);
    head->mapped = length;
    return head;
}

static Head *take(gsize bytes)
{
    Head *head = aligned_alloc(CPU_MEMORY_ALIGNMENT, round_up(bytes, CPU_MEMORY_ALIGNMENT));
    if (head)
        memset(head, 0, bytes);
    return head;
}

void *cpu_memory_new(gsize bytes)
{
    if (bytes > LIMIT)
        return NULL;
    gsize all = bytes + CPU_MEMORY_ALIGNMENT;
    Head *head = all < LARGE ? take(all) : map(all);
    return head ? (char *)head + CPU_MEMORY_ALIGNMENT : NULL;
}

void cpu_memory_free(void *memory)
{
    if (!memory)
        return;
    Head *head = (Head *)(gpointer)((char *)memory - CPU_MEMORY_ALIGNMENT);
    if (head->mapped)
        munmap(head, head->mapped);
    else
        free(head);
}
