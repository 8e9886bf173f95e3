/* SPDX-License-Identifier: Apache-2.0
 * base/jail.h: what a program in a jail can do and what it cannot. The jailed program is this test itself, started with
 * the name of a misdeed; it prints "no" when it was refused and "done" when it was not. */
#include "base/jail.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "config.h"

static char *self; /* the path of this program */

/* ---- The misdeeds ----------------------------------------------------------------------------------------------- */

static void answer(gboolean refused)
{
    const char *word = refused ? "no" : "done";
    ssize_t ignored = write(STDOUT_FILENO, word, strlen(word));
    (void)ignored;
    _exit(0);
}

static void fork_without_end(void)
{
    gboolean forked = FALSE;
    for (int i = 0; i < 100; i++) {
        pid_t pid = (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
        if (pid == 0)
            _exit(0);
        forked |= pid > 0;
    }
    answer(!forked && fork() < 0);
}

static void print_without_end(void)
{
    char piece[4096];
    memset(piece, 'x', sizeof piece);
    while (write(STDOUT_FILENO, piece, sizeof piece) > 0)
        ;
    _exit(1);
}

static void write_big_file(void)
{
    char piece[65536] = {0};
    int file = open("big", O_WRONLY | O_CREAT, 0600);
    gsize total = 0;
    signal(SIGXFSZ, SIG_IGN);
    for (ssize_t got = 1; file >= 0 && got > 0 && total < (64 << 20); total += (gsize)MAX(got, 0))
        got = write(file, piece, sizeof piece);
    answer(file >= 0 && total == (1 << 20));
}

static void count_descriptors(void)
{
    int count = 0;
    for (int file = 0; file < 256; file++)
        count += fcntl(file, F_GETFD) >= 0;
    answer(count == 3 && environ[0] == NULL);
}

static void read_the_neighbours(void)
{
    int secret = open("/etc/passwd", O_RDONLY), outside = open("/tmp/galen-jail-test", O_WRONLY | O_CREAT, 0600);
    answer(secret < 0 && outside < 0);
}

static void copy_input(void)
{
    char piece[64];
    int file = open(JAIL_INPUT, O_RDONLY);
    ssize_t got = read(file, piece, sizeof piece);
    ssize_t ignored = write(STDOUT_FILENO, piece, (gsize)MAX(got, 0));
    (void)ignored;
    ignored = write(STDERR_FILENO, "warning", 7);
    _exit(7);
}

static void misbehave(const char *how)
{
    volatile unsigned long spin = 0;
    if (strcmp(how, "socket") == 0)
        answer(socket(AF_INET, SOCK_STREAM, 0) < 0 && socket(AF_UNIX, SOCK_STREAM, 0) < 0);
    if (strcmp(how, "ptrace") == 0)
        answer(ptrace(PTRACE_ATTACH, getppid(), NULL, NULL) < 0 && errno == EPERM && kill(getppid(), 0) < 0);
    if (strcmp(how, "mount") == 0)
        answer(mount("none", "/tmp", "tmpfs", 0, NULL) < 0 && syscall(SYS_unshare, 0) < 0 && mkdir("d", 0700) < 0);
    if (strcmp(how, "fork") == 0)
        fork_without_end();
    if (strcmp(how, "print") == 0)
        print_without_end();
    if (strcmp(how, "file") == 0)
        write_big_file();
    if (strcmp(how, "descriptors") == 0)
        count_descriptors();
    if (strcmp(how, "neighbours") == 0)
        read_the_neighbours();
    if (strcmp(how, "copy") == 0)
        copy_input();
    if (strcmp(how, "crash") == 0)
        __builtin_trap();
    if (strcmp(how, "sleep") == 0)
        for (;;)
            sleep(1);
    while (strcmp(how, "loop") == 0)
        spin++;
    _exit(99);
}

/* ---- The tests -------------------------------------------------------------------------------------------------- */

/* An instrumented program reads /proc and makes threads when it starts, which a jail does not let it. */
#if defined(__SANITIZE_ADDRESS__)
#define INSTRUMENTED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define INSTRUMENTED 1
#endif
#endif
#ifndef INSTRUMENTED
#define INSTRUMENTED 0
#endif

static gboolean is_instrumented(void)
{
    if (INSTRUMENTED)
        g_test_skip("this program is built with sanitizers and cannot start in a jail");
    return INSTRUMENTED;
}

static void run_jailed(const char *how, JailResult *result)
{
    const JailLimits limits = {1, SANDBOX_MEMORY_BYTES, 1 << 20, 1 << 20};
    const char *const argv[] = {self, "--jailed", how, NULL};
    g_autoptr(GError) error = NULL;
    g_assert_true(jail_run(argv, "some bytes", 10, &limits, result, &error));
    g_assert_no_error(error);
}

static void assert_refused(gconstpointer how)
{
    if (is_instrumented())
        return;
    g_auto(JailResult) result = {0};
    run_jailed(how, &result);
    g_assert_cmpint(result.failure, ==, SANDBOX_OK);
    g_assert_cmpint(result.exit_status, ==, 0);
    g_assert_cmpstr(result.output.data, ==, "no");
}

static void test_the_input_the_output_and_the_exit_status_pass(void)
{
    if (is_instrumented())
        return;
    g_auto(JailResult) result = {0};
    run_jailed("copy", &result);
    g_assert_cmpint(result.failure, ==, SANDBOX_OK);
    g_assert_cmpint(result.exit_status, ==, 7);
    g_assert_cmpstr(result.output.data, ==, "some bytes");
    g_assert_cmpstr(result.messages.data, ==, "warning");
}

static void assert_failure(const char *how, SandboxFailure expected)
{
    g_auto(JailResult) result = {0};
    run_jailed(how, &result);
    g_assert_cmpint(result.failure, ==, expected);
}

static void test_a_crash_is_told_from_a_loop_and_from_too_much_output(void)
{
    if (is_instrumented())
        return;
    assert_failure("crash", SANDBOX_CRASHED);
    assert_failure("loop", SANDBOX_TIMED_OUT);
    assert_failure("print", SANDBOX_TOO_LARGE);
}

static void test_a_sleeper_is_killed_at_the_wall_clock_limit(void)
{
    if (is_instrumented())
        return;
    if (!g_test_slow()) {
        g_test_skip("takes four seconds; run with -m slow");
        return;
    }
    assert_failure("sleep", SANDBOX_TIMED_OUT);
}

static void test_the_neighbours_cannot_be_read(void)
{
    long version = syscall(SYS_landlock_create_ruleset, NULL, 0, 1);
    if (version < 1) {
        g_test_skip("this kernel has no Landlock");
        return;
    }
    assert_refused("neighbours");
}

static void test_a_program_that_is_not_there_is_a_system_error(void)
{
    const JailLimits limits = {1, 0, 0, 100};
    const char *const argv[] = {"/nonexistent/program", NULL};
    g_autoptr(GError) error = NULL;
    g_auto(JailResult) result = {0};
    g_assert_false(jail_run(argv, "", 0, &limits, &result, &error));
    g_assert_nonnull(strstr(error->message, "/nonexistent/program"));
    g_assert_cmpint(error->code, ==, 4);
}

static void test_no_folder_is_left_behind(void)
{
    if (is_instrumented())
        return;
    g_auto(JailResult) result = {0};
    run_jailed("file", &result);
    g_autoptr(GError) error = NULL;
    g_autoptr(GDir) folder = g_dir_open(g_get_tmp_dir(), 0, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(g_dir_read_name(folder), ==, NULL);
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "--jailed") == 0)
        misbehave(argv[2]);
    g_test_init(&argc, &argv, NULL);
    self = g_file_read_link("/proc/self/exe", NULL);
    char *folder = g_mkdtemp(g_strdup("/tmp/galen-test-jail-XXXXXX")); /* before g_get_tmp_dir is asked */
    g_setenv("TMPDIR", folder, TRUE);
    g_test_add_func("/jail/the input, the output and the exit status pass", test_the_input_the_output_and_the_exit_status_pass);
    g_test_add_data_func("/jail/there are no sockets", "socket", assert_refused);
    g_test_add_data_func("/jail/nobody can be traced or signalled", "ptrace", assert_refused);
    g_test_add_data_func("/jail/nothing can be mounted and no folder made", "mount", assert_refused);
    g_test_add_data_func("/jail/there is one process", "fork", assert_refused);
    g_test_add_data_func("/jail/a file stays below its limit", "file", assert_refused);
    g_test_add_data_func("/jail/no descriptor and no environment is inherited", "descriptors", assert_refused);
    g_test_add_func("/jail/the neighbours cannot be read", test_the_neighbours_cannot_be_read);
    g_test_add_func("/jail/a crash is told from a loop and from too much output",
                    test_a_crash_is_told_from_a_loop_and_from_too_much_output);
    g_test_add_func("/jail/a sleeper is killed at the wall-clock limit", test_a_sleeper_is_killed_at_the_wall_clock_limit);
    g_test_add_func("/jail/a program that is not there is a system error", test_a_program_that_is_not_there_is_a_system_error);
    g_test_add_func("/jail/no folder is left behind", test_no_folder_is_left_behind);
    int result = g_test_run();
    g_rmdir(folder);
    g_free(folder);
    g_free(self);
    return result;
}
