/* SPDX-License-Identifier: Apache-2.0
 * The seccomp filter and the Landlock rules of a jail; see base/jail_rights.h. */
#include "base/jail_rights.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/error.h"

#define FILTER_LIMIT 4096 /* instructions, the kernel's own limit */

struct JailRights {
    struct sock_filter *filter;
    unsigned short filter_length;
    int ruleset; /* -1: the kernel has no Landlock */
};

/* What a program needs that loads its libraries, reads files, computes and prints. */
static const int allowed_calls[] = {
    SCMP_SYS(execve),          SCMP_SYS(exit),            SCMP_SYS(exit_group),      SCMP_SYS(brk),
    SCMP_SYS(mmap),            SCMP_SYS(munmap),          SCMP_SYS(mremap),          SCMP_SYS(mprotect),
    SCMP_SYS(madvise),         SCMP_SYS(open),            SCMP_SYS(openat),          SCMP_SYS(close),
    SCMP_SYS(read),            SCMP_SYS(readv),           SCMP_SYS(pread64),         SCMP_SYS(write),
    SCMP_SYS(writev),          SCMP_SYS(pwrite64),        SCMP_SYS(lseek),           SCMP_SYS(stat),
    SCMP_SYS(lstat),           SCMP_SYS(fstat),           SCMP_SYS(newfstatat),      SCMP_SYS(statx),
    SCMP_SYS(fstatfs),         SCMP_SYS(statfs),          SCMP_SYS(access),          SCMP_SYS(faccessat),
    SCMP_SYS(faccessat2),      SCMP_SYS(readlink),        SCMP_SYS(readlinkat),      SCMP_SYS(getcwd),
    SCMP_SYS(getdents64),      SCMP_SYS(fcntl),           SCMP_SYS(dup),             SCMP_SYS(dup2),
    SCMP_SYS(dup3),            SCMP_SYS(fadvise64),       SCMP_SYS(ftruncate),       SCMP_SYS(unlink),
    SCMP_SYS(unlinkat),        SCMP_SYS(umask),           SCMP_SYS(futex),           SCMP_SYS(set_robust_list),
    SCMP_SYS(rseq),            SCMP_SYS(set_tid_address), SCMP_SYS(arch_prctl),      SCMP_SYS(rt_sigaction),
    SCMP_SYS(rt_sigprocmask),  SCMP_SYS(rt_sigreturn),    SCMP_SYS(sigaltstack),     SCMP_SYS(getrlimit),
    SCMP_SYS(getpid),          SCMP_SYS(gettid),          SCMP_SYS(getuid),          SCMP_SYS(geteuid),
    SCMP_SYS(getgid),          SCMP_SYS(getegid),         SCMP_SYS(getrandom),       SCMP_SYS(clock_gettime),
    SCMP_SYS(clock_getres),    SCMP_SYS(gettimeofday),    SCMP_SYS(times),           SCMP_SYS(getrusage),
    SCMP_SYS(uname),           SCMP_SYS(sysinfo),         SCMP_SYS(sched_yield),     SCMP_SYS(sched_getaffinity),
    SCMP_SYS(clock_nanosleep), SCMP_SYS(nanosleep),       SCMP_SYS(restart_syscall), SCMP_SYS(pause),
};

/* Below these a program finds its libraries, fonts and character maps. Absent ones are passed over. */
static const char *const readable[] = {"/usr", "/lib", "/lib32", "/lib64", "/bin", "/opt", "/nix/store",
                                       "/etc/ld.so.cache", "/etc/fonts", "/etc/alternatives", "/var/cache/fontconfig", "/dev/null", "/dev/urandom"};

static scmp_filter_ctx build_filter(void)
{
    scmp_filter_ctx context = seccomp_init(SCMP_ACT_ERRNO(EPERM));
    if (!context)
        return NULL;
    int result = 0;
    for (gsize i = 0; i < G_N_ELEMENTS(allowed_calls) && result == 0; i++)
        result = seccomp_rule_add(context, SCMP_ACT_ALLOW, allowed_calls[i], 0);
    /* Its own limits may be read, but nobody else's. */
    if (result == 0)
        result = seccomp_rule_add(context, SCMP_ACT_ALLOW, SCMP_SYS(prlimit64), 1, SCMP_A0(SCMP_CMP_EQ, 0));
    if (result == 0)
        result = seccomp_rule_add(context, SCMP_ACT_ERRNO(ENOTTY), SCMP_SYS(ioctl), 0);
    if (result == 0)
        return context;
    seccomp_release(context);
    return NULL;
}

/* libseccomp 2.5 gives its programs only to descriptors. */
static gboolean compile_filter(JailRights *rights)
{
    scmp_filter_ctx context = build_filter();
    int file = context ? memfd_create("jail", MFD_CLOEXEC) : -1;
    gboolean good = FALSE;
    if (file >= 0 && seccomp_export_bpf(context, file) == 0) {
        off_t size = lseek(file, 0, SEEK_END);
        gsize count = size > 0 ? (gsize)size / sizeof(struct sock_filter) : 0;
        if (count > 0 && count <= FILTER_LIMIT) {
            rights->filter = g_new(struct sock_filter, count);
            rights->filter_length = (unsigned short)count;
            good = pread(file, rights->filter, (gsize)size, 0) == size;
        }
    }
    if (file >= 0)
        close(file);
    if (context)
        seccomp_release(context);
    return good;
}

static void allow_below(int ruleset, const char *path, guint64 rights)
{
    struct stat facts;
    int file = open(path, O_PATH | O_CLOEXEC);
    if (file < 0)
        return;
    if (fstat(file, &facts) == 0 && !S_ISDIR(facts.st_mode))
        rights &= LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_READ_FILE;
    struct landlock_path_beneath_attr rule = {.allowed_access = rights, .parent_fd = file};
    syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
    close(file);
}

/* All rights of the first version of Landlock, so that every kernel that has it at all understands. */
static int open_ruleset(const char *program, const char *folder)
{
    struct landlock_ruleset_attr handled = {.handled_access_fs = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1};
    int ruleset = (int)syscall(SYS_landlock_create_ruleset, &handled, sizeof handled, 0);
    if (ruleset < 0)
        return -1;
    guint64 reading = LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
    for (gsize i = 0; i < G_N_ELEMENTS(readable); i++)
        allow_below(ruleset, readable[i], reading);
    allow_below(ruleset, program, reading);
    allow_below(ruleset, folder, LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR | LANDLOCK_ACCESS_FS_WRITE_FILE |
                                     LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_REMOVE_FILE);
    return ruleset;
}

JailRights *jail_rights_new(const char *program, const char *folder, GError **error)
{
    g_autoptr(JailRights) rights = g_new0(JailRights, 1);
    rights->ruleset = -1;
    if (!compile_filter(rights)) {
        g_set_error_literal(error, GALEN_ERROR, GALEN_ERROR_SYSTEM, "cannot make a seccomp filter for a jailed program");
        return NULL;
    }
    rights->ruleset = open_ruleset(program, folder);
    return g_steal_pointer(&rights);
}

gboolean jail_rights_take(const JailRights *rights)
{
    struct sock_fprog program = {rights->filter_length, rights->filter};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return FALSE;
    if (rights->ruleset >= 0 && syscall(SYS_landlock_restrict_self, rights->ruleset, 0) != 0)
        return FALSE;
    return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) == 0;
}

void jail_rights_free(JailRights *rights)
{
    if (!rights)
        return;
    if (rights->ruleset >= 0)
        close(rights->ruleset);
    g_free(rights->filter);
    g_free(rights);
}
