/* SPDX-License-Identifier: Apache-2.0
 * galen-train: galen train on GPUs. `galen train --backend cuda ...` starts it with the same arguments. */
#include "cli/commands.h"
#include "cli/program.h"

int main(int argc, char **argv)
{
    program_begin();
    return program_end(command_train.run(&command_train, argc, argv));
}
