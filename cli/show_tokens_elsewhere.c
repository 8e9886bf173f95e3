/* SPDX-License-Identifier: Apache-2.0
 * In galen: lets galen-build print a document's tokens; see cli/show_tokens.h. */
#include "cli/show_tokens.h"

#include <glib.h>

#include "cli/program.h"

int show_tokens(const char *store, const char *name, char **given)
{
    char called[] = "galen";
    g_autoptr(GPtrArray) argv = g_ptr_array_new();
    g_ptr_array_add(argv, called);
    for (char **argument = given; *argument; argument++)
        g_ptr_array_add(argv, *argument);
    g_ptr_array_add(argv, NULL);
    return program_start_build((char **)argv->pdata);
}
