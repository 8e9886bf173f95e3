/* SPDX-License-Identifier: Apache-2.0
 * cli/sources.h - the sub-verbs of `galen sources`, one file sources_NAME.c each, and what they share.
 */
#ifndef CLI_SOURCES_H
#define CLI_SOURCES_H

#include "cli/command.h"
#include "store/source_file.h"

extern const Command command_sources_list;
extern const Command command_sources_show;
extern const Command command_sources_new;
extern const Command command_sources_test;
extern const Command command_sources_check;

#define SOURCES_PROGRAM "/proc/self/exe" /* for the parser processes */

/* The source file of a tag or a path. */
SourceFile *sources_open(const char *name, GError **error);
/* The names given (argv from 1 on), or all tags there are when none is; owned strings. */
GPtrArray *sources_named(int argc, char **argv);

#endif
