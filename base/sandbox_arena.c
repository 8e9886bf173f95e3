/* SPDX-License-Identifier: Apache-2.0
 * Sealed memory between two processes; see base/sandbox_arena.h. */
#include "base/sandbox_arena.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define SEALS (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)

static char *map_arena(int descriptor)
{
    void *memory = mmap(NULL, 2 * SANDBOX_ARENA_HALF, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
    return memory == MAP_FAILED ? NULL : memory;
}

int sandbox_arena_create(char **arena)
{
    int descriptor = memfd_create("galen-sandbox", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    *arena = NULL;
    if (descriptor < 0)
        return -1;
    if (ftruncate(descriptor, 2 * SANDBOX_ARENA_HALF) == 0 && fcntl(descriptor, F_ADD_SEALS, SEALS) == 0)
        *arena = map_arena(descriptor);
    if (*arena)
        return descriptor;
    close(descriptor);
    return -1;
}

/* Any other file that happens to have this number has no seals. */
char *sandbox_arena_inherit(void)
{
    struct stat status;
    if (fcntl(SANDBOX_ARENA_DESCRIPTOR, F_GET_SEALS) != SEALS || fstat(SANDBOX_ARENA_DESCRIPTOR, &status) < 0 ||
        status.st_size != 2 * (off_t)SANDBOX_ARENA_HALF)
        return NULL;
    return map_arena(SANDBOX_ARENA_DESCRIPTOR);
}

void sandbox_arena_free(char *arena)
{
    if (arena)
        munmap(arena, 2 * SANDBOX_ARENA_HALF);
}
