/* SPDX-License-Identifier: Apache-2.0
 * base/sandbox_arena.h - memory that a parser process shares with its parent, so that requests and replies need not pass
 * through the kernel. Below base/sandbox.h, which is what other rooms use.
 *
 * One half is written by the parent and read by the child, the other the other way round; messages that do not fit go
 * over the channel. The memory is sealed, so that neither side can take pages away from under the other. What the child
 * writes can change at any moment: the parent copies it before it looks at it.
 */
#ifndef BASE_SANDBOX_ARENA_H
#define BASE_SANDBOX_ARENA_H

#include <glib.h>

#define SANDBOX_ARENA_HALF ((gsize)8 << 20)
#define SANDBOX_ARENA_DESCRIPTOR 3 /* in the child, until it gives up its rights */

/* The parent's: a descriptor to pass on, and its mapping; -1 and NULL where the system has no such memory, which only
 * costs time. */
int sandbox_arena_create(char **arena);
/* The child's: the mapping of what the parent passed on, or NULL. */
char *sandbox_arena_inherit(void);
void sandbox_arena_free(char *arena);

#endif
