/* SPDX-License-Identifier: Apache-2.0
 * galen: does what takes reading a store and no more, and lets galen-build do the rest; see cli/program.h. */
#include <stdio.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/program.h"
#include "config.h"

/* What these link, the program starts with: cli/README.md. */
static const Command *const commands[] = {&command_why, &command_show, &command_list, &command_duplicates};

int main(int argc, char **argv)
{
    for (gsize i = 0; argc > 1 && i < G_N_ELEMENTS(commands); i++)
        if (strcmp(commands[i]->name, argv[1]) == 0) {
            program_begin();
            return program_end(commands[i]->run(commands[i], argc - 1, argv + 1));
        }
    if (argc < 2 || strcmp(argv[1], "--version") != 0)
        return program_start_build(argv);
    program_begin();
    puts("galen " PACKAGE_VERSION);
    return program_end(EXIT_GOOD);
}
