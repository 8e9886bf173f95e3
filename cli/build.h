/* SPDX-License-Identifier: Apache-2.0
 * cli/build.h - what galen build and the verbs that are a part of it have in common.
 */
#ifndef CLI_BUILD_H
#define CLI_BUILD_H

#include "cli/command.h"

/* Parses the options of galen build and builds. `until`: the verb ends behind this stage; NULL: --until says it. */
int build_command(const Command *command, int argc, char **argv, const char *until);

#endif
