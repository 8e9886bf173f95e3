/* SPDX-License-Identifier: Apache-2.0
 * base/sandbox.h and scrapers/parse_worker.h: what a child may do, and what its death costs. The program is its own
 * child: with "serve" it obeys the orders of its requests, with "parse-worker" it parses and obeys orders in records. */
#include "base/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "config.h"
#include "scrapers/parse_worker.h"

#define MEMORY (SANDBOX_MEMORY_BYTES ? (guint64)512 << 20 : 0)
#define REPLY_BYTES ((guint64)1 << 20)
#define ARENA ((gsize)8 << 20) /* bytes of a message that shared memory can hold */
#define INHERITED 57 /* a descriptor that no library takes by itself */

static char *self;
static char *directory;

/* ---- The child ------------------------------------------------------------------------------------------------- */

/* What a call answered: "done", or the name of its error. */
static void report(Buffer *reply, const char *what, long result)
{
    int code = errno;
    g_autofree char *line = g_strdup_printf("%s %s\n", what, result >= 0 ? "done" : strerrorname_np(code));
    buffer_append_string(reply, line);
}

static void try_everything(Buffer *reply)
{
    char *const arguments[] = {(char *)"/bin/true", NULL};
    char byte;
    report(reply, "open", open("/etc/passwd", O_RDONLY));
    report(reply, "create", open("/tmp/galen-sandbox-test", O_WRONLY | O_CREAT, 0600));
    report(reply, "unlink", unlink("/tmp/galen-sandbox-test"));
    report(reply, "stat", access("/etc/passwd", R_OK));
    report(reply, "socket", socket(AF_INET, SOCK_STREAM, 0));
    report(reply, "fork", fork());
    report(reply, "exec", execv(arguments[0], arguments));
    report(reply, "kill", kill(getppid(), 0));
    report(reply, "read a file of the parent's", read(INHERITED, &byte, 1));
    report(reply, "write a file of the parent's", write(INHERITED, "x", 1));
}

static void fill_memory(void)
{
    for (;;)
        *(volatile char *)g_malloc(1 << 20) = 'x';
}

static void spin(void)
{
    for (volatile unsigned i = 0;; i++)
        ;
}

static void wait_for_more(void)
{
    char byte;
    (void)!read(STDIN_FILENO, &byte, 1);
}

static void obey(const char *request, gsize length, Buffer *reply, gpointer user)
{
    if (strcmp(request, "try everything") == 0)
        try_everything(reply);
    else if (strcmp(request, "loop") == 0)
        spin();
    else if (strcmp(request, "wait") == 0)
        wait_for_more();
    else if (strcmp(request, "allocate") == 0)
        fill_memory();
    else if (strcmp(request, "abort") == 0)
        abort();
    else if (strcmp(request, "exit") == 0)
        _exit(EXIT_SUCCESS);
    else if (strcmp(request, "talk") == 0)
        for (gsize i = 0; i <= REPLY_BYTES; i++)
            buffer_append_byte(reply, 'x');
    else
        buffer_append(reply, request, length);
}

static gboolean holds(const char *request, gsize length, const char *order)
{
    return memmem(request, length, order, strlen(order)) != NULL;
}

/* Orders that a record may hold, in place of a parser that has been taken over. */
static void obey_record(const char *request, gsize length, Buffer *reply, gpointer user)
{
    if (holds(request, length, "ORDER:abort"))
        abort();
    if (holds(request, length, "ORDER:out of time"))
        raise(SIGPROF);
    if (holds(request, length, "ORDER:silence"))
        return;
    gsize before = reply->length;
    parse_worker_answer(request, length, reply, user);
    if (!holds(request, length, "ORDER:invent a rule"))
        return;
    Document nothing = {0};
    buffer_truncate(reply, before);
    document_encode(&nothing, reply);
    buffer_append_field(reply, "near-duplicate");
    buffer_append_field(reply, NULL);
}

/* ---- The parent's side of base/sandbox.h ------------------------------------------------------------------------ */

static SandboxWorker *start(void)
{
    g_autoptr(GError) error = NULL;
    const char *const argv[] = {self, "serve", NULL};
    SandboxLimits limits = {1, MEMORY, REPLY_BYTES};
    SandboxWorker *worker = sandbox_worker_new(argv, &limits, &error);
    g_assert_no_error(error);
    return worker;
}

static SandboxFailure order(SandboxWorker *worker, const char *request, Buffer *reply)
{
    g_autoptr(GError) error = NULL;
    SandboxFailure failure = SANDBOX_OK;
    buffer_reset(reply);
    gboolean good = sandbox_worker_call(worker, request, strlen(request), reply, &failure, &error);
    g_assert_no_error(error);
    g_assert_true(good == (failure == SANDBOX_OK));
    return failure;
}

/* Small messages pass through shared memory, large ones over the channel. */
static void test_messages_of_any_size_arrive_whole(void)
{
    static const gsize sizes[] = {0, 1, ARENA - 1, ARENA, ARENA + 1, 3 * ARENA};
    g_autoptr(GError) error = NULL;
    const char *const argv[] = {self, "serve", NULL};
    SandboxLimits limits = {4, 0, 4 * ARENA};
    g_autoptr(SandboxWorker) worker = sandbox_worker_new(argv, &limits, &error);
    g_assert_no_error(error);
    g_autofree char *request = g_malloc(3 * ARENA);
    for (gsize i = 0; i < 3 * ARENA; i++)
        request[i] = (char)('a' + i * i % 23);
    for (gsize i = 0; i < G_N_ELEMENTS(sizes); i++) {
        g_auto(Buffer) reply;
        SandboxFailure failure;
        buffer_init(&reply, 4 * ARENA);
        g_assert_true(sandbox_worker_call(worker, request, sizes[i], &reply, &failure, &error));
        g_assert_no_error(error);
        g_assert_cmpmem(reply.data, reply.length, request, sizes[i]);
    }
}

/* The child fails in the way that is expected, and the next call is served. */
static void assert_failure(const char *request, SandboxFailure expected)
{
    g_autoptr(SandboxWorker) worker = start();
    g_auto(Buffer) reply;
    buffer_init(&reply, 2 * REPLY_BYTES);
    g_assert_cmpint(order(worker, "good day", &reply), ==, SANDBOX_OK);
    g_assert_cmpstr(reply.data, ==, "good day");
    g_assert_cmpint(order(worker, request, &reply), ==, expected);
    g_assert_cmpuint(reply.length, ==, 0);
    g_assert_cmpint(order(worker, "still there?", &reply), ==, SANDBOX_OK);
    g_assert_cmpstr(reply.data, ==, "still there?");
}

static void test_a_child_can_reach_nothing(void)
{
    g_autofree char *path = g_build_filename(directory, "inherited", NULL);
    g_assert_true(g_file_set_contents(path, "secret", -1, NULL));
    int opened = open(path, O_RDWR);
    g_assert_cmpint(dup2(opened, INHERITED), ==, INHERITED); /* the copy is not closed by an exec */
    close(opened);
    g_autoptr(SandboxWorker) worker = start();
    g_auto(Buffer) reply;
    buffer_init(&reply, REPLY_BYTES);
    g_assert_cmpint(order(worker, "try everything", &reply), ==, SANDBOX_OK);
    close(INHERITED);
    g_assert_cmpstr(reply.data, ==,
                    "open EPERM\ncreate EPERM\nunlink EPERM\nstat EPERM\nsocket EPERM\nfork EPERM\nexec EPERM\nkill EPERM\n"
                    "read a file of the parent's EBADF\nwrite a file of the parent's EBADF\n");
    g_autofree char *content = NULL;
    g_assert_true(g_file_get_contents(path, &content, NULL, NULL));
    g_assert_cmpstr(content, ==, "secret");
}

static void test_an_endless_loop_runs_out_of_time(void)
{
    gint64 begin = g_get_monotonic_time();
    assert_failure("loop", SANDBOX_TIMED_OUT);
    g_assert_cmpint(g_get_monotonic_time() - begin, <, 4 * G_USEC_PER_SEC);
}

static void test_a_child_that_waits_runs_out_of_time(void)
{
    assert_failure("wait", SANDBOX_TIMED_OUT);
}

static void test_a_child_without_end_of_memory_crashes(void)
{
    if (MEMORY == 0)
        g_test_skip("sanitizers need an address space without a limit");
    else
        assert_failure("allocate", SANDBOX_CRASHED);
}

static void test_an_aborted_child_crashed(void)
{
    assert_failure("abort", SANDBOX_CRASHED);
}

static void test_a_child_that_leaves_crashed(void)
{
    assert_failure("exit", SANDBOX_CRASHED);
}

static void test_a_long_reply_is_refused(void)
{
    assert_failure("talk", SANDBOX_TOO_LARGE);
}

static void test_a_missing_program_is_the_machines_failure(void)
{
    g_autoptr(GError) error = NULL;
    const char *const argv[] = {"/nonexistent/galen", "serve", NULL};
    SandboxLimits limits = {1, MEMORY, REPLY_BYTES};
    g_assert_null(sandbox_worker_new(argv, &limits, &error));
    g_assert_nonnull(error);
    g_assert_nonnull(strstr(error->message, "/nonexistent/galen"));
}

static void test_a_freed_worker_leaves_no_child(void)
{
    SandboxWorker *worker = start();
    sandbox_worker_free(worker);
    g_assert_cmpint(waitpid(-1, NULL, WNOHANG), ==, -1);
    g_assert_cmpint(errno, ==, ECHILD);
}

/* ---- parser_parse ----------------------------------------------------------------------------------------------- */

#define RECORDS 5
#define PROSE "Adults take %d milligrams twice a day with food, for as long as the symptoms last, and they see the physician who " \
              "prescribed it again after four weeks."

/* A batch of good lines with one bad one in the middle: its rule, and that no other paid for it. */
static void assert_costs_only_itself(const char *bad, const char *rule)
{
    g_autoptr(GError) error = NULL;
    RecipeSource source = {.tag = (char *)"test", .format = (char *)"html"};
    g_autoptr(ParseOptions) options = parse_options_new(&source);
    g_autoptr(Parser) parser = parser_new(self, options, &error);
    g_assert_no_error(error);
    Record records[RECORDS] = {0};
    ParsedRecord parsed[RECORDS] = {0};
    for (int i = 0; i < RECORDS; i++) {
        records[i].bytes = i == 2 ? g_strdup(bad) : g_strdup_printf("<body><p>" PROSE, i);
        records[i].length = strlen(records[i].bytes);
        records[i].origin = g_strdup_printf("file@%d", i);
    }
    for (int round = 0; round < 2; round++) {
        g_assert_true(parser_parse(parser, records, RECORDS, parsed, &error));
        g_assert_no_error(error);
        for (int i = 0; i < RECORDS; i++) {
            g_autofree char *text = g_strdup_printf(PROSE, i);
            g_assert_cmpstr(parsed[i].failure.rule, ==, i == 2 ? rule : NULL);
            g_assert_cmpstr(parsed[i].document.text, ==, i == 2 ? NULL : text);
            parsed_record_clear(&parsed[i]);
        }
    }
    for (int i = 0; i < RECORDS; i++)
        record_clear(&records[i]);
}

static void test_a_record_that_crashes_the_parser_costs_itself(void)
{
    assert_costs_only_itself("ORDER:abort", RULE_PARSER_CRASHED);
}

static void test_a_record_that_takes_too_long_costs_itself(void)
{
    assert_costs_only_itself("ORDER:out of time", RULE_PARSER_TIMEOUT);
}

static void test_an_empty_answer_costs_one_record(void)
{
    assert_costs_only_itself("ORDER:silence", RULE_PARSER_CRASHED);
}

static void test_a_rule_that_no_parser_has_is_nonsense(void)
{
    assert_costs_only_itself("ORDER:invent a rule", RULE_PARSER_CRASHED);
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "serve") == 0)
        return sandbox_serve(obey, NULL);
    if (argc == 2 && strcmp(argv[1], "parse-worker") == 0)
        return sandbox_serve(obey_record, NULL);
    g_test_init(&argc, &argv, NULL);
    self = g_file_read_link("/proc/self/exe", NULL);
    directory = g_dir_make_tmp("galen-sandbox-XXXXXX", NULL);
    g_test_add_func("/sandbox/a child can reach no file, socket or process", test_a_child_can_reach_nothing);
    g_test_add_func("/sandbox/messages of any size arrive whole", test_messages_of_any_size_arrive_whole);
    g_test_add_func("/sandbox/an endless loop runs out of time", test_an_endless_loop_runs_out_of_time);
    g_test_add_func("/sandbox/a child that waits for ever runs out of time", test_a_child_that_waits_runs_out_of_time);
    g_test_add_func("/sandbox/a child that allocates without end crashes", test_a_child_without_end_of_memory_crashes);
    g_test_add_func("/sandbox/an aborted child crashed", test_an_aborted_child_crashed);
    g_test_add_func("/sandbox/a child that leaves without an answer crashed", test_a_child_that_leaves_crashed);
    g_test_add_func("/sandbox/a reply over the limit is refused", test_a_long_reply_is_refused);
    g_test_add_func("/sandbox/a program that is not there is the machine's failure", test_a_missing_program_is_the_machines_failure);
    g_test_add_func("/sandbox/a freed worker leaves no child behind", test_a_freed_worker_leaves_no_child);
    g_test_add_func("/parse worker/a record that crashes the parser costs only itself", test_a_record_that_crashes_the_parser_costs_itself);
    g_test_add_func("/parse worker/a record that takes too long costs only itself", test_a_record_that_takes_too_long_costs_itself);
    g_test_add_func("/parse worker/an answer without documents costs one record", test_an_empty_answer_costs_one_record);
    g_test_add_func("/parse worker/a rule that no parser gives is nonsense", test_a_rule_that_no_parser_has_is_nonsense);
    int result = g_test_run();
    g_autofree char *path = g_build_filename(directory, "inherited", NULL);
    g_unlink(path);
    g_rmdir(directory);
    g_free(directory);
    g_free(self);
    return result;
}
