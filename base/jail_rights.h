/* SPDX-License-Identifier: Apache-2.0
 * base/jail_rights.h - what a jailed program may do, made ready before the fork that gives it away.
 *
 * Between fork and execve only async-signal-safe calls are allowed in a process with threads. So the parent compiles
 * the seccomp filter and opens the Landlock rules (jail_rights_new), and the child only hands them to the kernel
 * (jail_rights_take, which makes nothing but system calls). A jail_rights_new that fails is a system error.
 */
#ifndef BASE_JAIL_RIGHTS_H
#define BASE_JAIL_RIGHTS_H

#include <glib.h>

typedef struct JailRights JailRights;

JailRights *jail_rights_new(const char *program, const char *folder, GError **error);
gboolean jail_rights_take(const JailRights *rights); /* FALSE with errno set */
void jail_rights_free(JailRights *rights);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(JailRights, jail_rights_free)

#endif
