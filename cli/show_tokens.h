/* SPDX-License-Identifier: Apache-2.0
 * cli/show_tokens.h - `galen show --tokens`: the one part of `show` that takes a tokenizer, and its libraries.
 *
 * Each program links its own file of this header: galen-build prints (show_tokens.c), galen lets galen-build do it
 * (show_tokens_elsewhere.c). cmd_show.c is the same in both.
 */
#ifndef CLI_SHOW_TOKENS_H
#define CLI_SHOW_TOKENS_H

/* Prints the tokens of the document that `name` names, one a line; returns the exit status. `given`: the arguments before they were
 * parsed, from the verb on. */
int show_tokens(const char *store, const char *name, char **given);

#endif
