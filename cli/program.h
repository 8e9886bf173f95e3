/* SPDX-License-Identifier: Apache-2.0
 * cli/program.h - what the programs galen, galen-build and galen-train have in common.
 *
 * Three programs lie in one folder, and a person calls galen alone. It reads stores and links what that takes, so it starts in a
 * millisecond or two; where a verb needs more it lets another program take its place, with the same process, arguments,
 * environment and open files. So launchers, schedulers and shells see one process from beginning to end.
 */
#ifndef CLI_PROGRAM_H
#define CLI_PROGRAM_H

void program_begin(void); /* signals and locale, before anything is printed */
/* Ends the output; returns the exit status: `status`, or that of a system's failure where what was printed did not reach its file. */
int program_end(int status);
/* The program `name` in the folder of this one takes this one's place. Returns only where it cannot, with the exit status and after
 * saying why; `remedy` says what to do where there is no such program. */
int program_start_beside(const char *name, const char *remedy, char **argv);
/* The same with galen-build; `argv[0]` is what galen was called. */
int program_start_build(char **argv);

#endif
