/* SPDX-License-Identifier: Apache-2.0
 * base/arena.h - memory that is handed out piece by piece and taken back all at once, with a cap.
 *
 * Sequence: arena_init(&arena, limit); arena_alloc*(); arena_reset(&arena) before the next document; arena_clear(&arena).
 * An allocation that would pass `limit` gives NULL and sets `overflowed`; so do all later ones until the reset. Pieces are
 * aligned for pointers and not cleared. A reset keeps memory (ARENA_KEPT bytes at most), so that one document after the
 * other costs no page faults. Under AddressSanitizer there are poisoned bytes between pieces, and what was taken back is
 * poisoned. Not thread-safe.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <glib.h>

#define ARENA_KEPT ((gsize)16 << 20)

typedef struct ArenaBlock ArenaBlock;

typedef struct Arena {
    ArenaBlock *blocks; /* newest first */
    char *at, *end;     /* what is left of the newest */
    gsize used;         /* bytes handed out since the last reset */
    gsize limit;        /* that `used` may reach */
    gboolean overflowed;
} Arena;

void arena_init(Arena *arena, gsize limit);
void *arena_alloc(Arena *arena, gsize size);
char *arena_copy(Arena *arena, const char *text, gsize length); /* NUL-terminated */
void arena_trim(Arena *arena, void *newest, gsize size, gsize kept); /* gives back the end of the newest piece */
void arena_reset(Arena *arena);
void arena_clear(Arena *arena);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Arena, arena_clear)

#endif
