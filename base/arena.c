/* SPDX-License-Identifier: Apache-2.0
 * A bump allocator over a list of growing blocks; see base/arena.h. */
#include "base/arena.h"

#include <string.h>

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#define GAP ((gsize)16)
#else
#define GAP ((gsize)0)
#define ASAN_POISON_MEMORY_REGION(address, size) ((void)(address), (void)(size))
#define ASAN_UNPOISON_MEMORY_REGION(address, size) ((void)(address), (void)(size))
#endif

#define ALIGNMENT ((gsize)8)
#define FIRST_BLOCK ((gsize)64 << 10)
#define LARGEST_STEP ((gsize)8 << 20)

struct ArenaBlock {
    ArenaBlock *next;
    gsize size; /* of what follows */
};

static gsize round_up(gsize size)
{
    return (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

void arena_init(Arena *arena, gsize limit)
{
    *arena = (Arena){.limit = limit};
}

static void add_block(Arena *arena, gsize size)
{
    ArenaBlock *block = g_malloc(sizeof *block + size);
    block->next = arena->blocks;
    block->size = size;
    arena->blocks = block;
    arena->at = (char *)(block + 1);
    arena->end = arena->at + size;
    ASAN_POISON_MEMORY_REGION(arena->at, size);
}

void *arena_alloc(Arena *arena, gsize size)
{
    if (arena->overflowed || size > arena->limit - arena->used) {
        arena->overflowed = TRUE;
        return NULL;
    }
    gsize needed = round_up(MAX(size, 1)) + GAP;
    if (needed > (gsize)(arena->end - arena->at)) {
        gsize step = arena->blocks ? MIN(2 * arena->blocks->size, LARGEST_STEP) : FIRST_BLOCK;
        add_block(arena, MAX(step, needed));
    }
    char *piece = arena->at;
    arena->at += needed;
    arena->used += size;
    ASAN_UNPOISON_MEMORY_REGION(piece, size);
    return piece;
}

char *arena_copy(Arena *arena, const char *text, gsize length)
{
    char *copy = arena_alloc(arena, length + 1);
    if (!copy)
        return NULL;
    memcpy(copy, text, length);
    copy[length] = '\0';
    return copy;
}

void arena_trim(Arena *arena, void *newest, gsize size, gsize kept)
{
    char *end = (char *)newest + round_up(MAX(kept, 1)) + GAP;
    if (end > arena->at)
        return;
    ASAN_POISON_MEMORY_REGION((char *)newest + kept, (gsize)(arena->at - (char *)newest) - kept);
    arena->at = end;
    arena->used -= size - kept;
}

static void free_blocks(Arena *arena)
{
    while (arena->blocks) {
        ArenaBlock *next = arena->blocks->next;
        ASAN_UNPOISON_MEMORY_REGION(arena->blocks + 1, arena->blocks->size);
        g_free(arena->blocks);
        arena->blocks = next;
    }
    arena->at = arena->end = NULL;
}

/* Many blocks become one of their size, so that the arena settles on what its documents need. */
void arena_reset(Arena *arena)
{
    gsize total = 0;
    for (const ArenaBlock *block = arena->blocks; block; block = block->next)
        total += block->size;
    if (arena->blocks && (arena->blocks->next || total > ARENA_KEPT)) {
        free_blocks(arena);
        add_block(arena, MIN(total, ARENA_KEPT));
    } else if (arena->blocks) {
        arena->at = (char *)(arena->blocks + 1);
        ASAN_POISON_MEMORY_REGION(arena->at, arena->blocks->size);
    }
    arena->used = 0;
    arena->overflowed = FALSE;
}

void arena_clear(Arena *arena)
{
    free_blocks(arena);
    *arena = (Arena){.limit = arena->limit};
}
