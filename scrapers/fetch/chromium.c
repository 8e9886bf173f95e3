/* SPDX-License-Identifier: Apache-2.0
 * A headless Chromium process; see scrapers/fetch/chromium.h. */
#include "scrapers/fetch/chromium.h"

#include <errno.h>
#include <ftw.h>
#include <glib-unix.h>
#include <grp.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"

#define COMMANDS_FD 3 /* as --remote-debugging-pipe has it */
#define MESSAGES_FD 4
#define NOBODY 65534
#define OPEN_FOLDERS 16

struct Chromium {
    GPid process;
    char *profile;
};

gboolean chromium_find(char **program, GError **error)
{
    static const char *const names[] = {"chromium", "chromium-browser", "google-chrome"};
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++)
        if ((*program = g_find_program_in_path(names[i])) != NULL)
            return TRUE;
    g_set_error(error, GALEN_ERROR, GALEN_ERROR_SYSTEM,
                "`fetch: browser` needs Chromium, which is not installed; install the package chromium");
    return FALSE;
}

/* Between fork and exec: only calls that are safe there. */
static void prepare_child(gpointer data)
{
    const struct rlimit no_core = {0, 0};
    setsid();
    setrlimit(RLIMIT_CORE, &no_core);
    if (geteuid() == 0 && (setgroups(0, NULL) < 0 || setgid(NOBODY) < 0 || setuid(NOBODY) < 0))
        _exit(127);
}

static GPtrArray *arguments_of(const char *program, const char *profile, const char *user_agent,
                               int proxy_port)
{
    static const char *const fixed[] = {
        "--headless",
        "--remote-debugging-pipe",
        "--proxy-bypass-list=<-loopback>",
        "--disable-quic",
        "--webrtc-ip-handling-policy=disable_non_proxied_udp",
        "--force-webrtc-ip-handling-policy",
        "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
        "--dns-prefetch-disable",
        "--no-pings",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-domain-reliability",
        "--disable-sync",
        "--disable-default-apps",
        "--disable-extensions",
        "--disable-breakpad",
        "--disable-crash-reporter",
        "--no-first-run",
        "--no-default-browser-check",
        "--no-service-autorun",
        "--password-store=basic",
        "--mute-audio",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--disable-notifications",
        "--hide-scrollbars",
        "--disable-features=HttpsUpgrades,Translate,OptimizationHints,MediaRouter,Prerender2",
        "--lang=en-US",
        "--window-size=1280,1024",
        "--disk-cache-size=67108864",
        "--js-flags=--max-old-space-size=1024",
    };
    GPtrArray *arguments = g_ptr_array_new_with_free_func(g_free);
    g_ptr_array_add(arguments, g_strdup(program));
    for (gsize i = 0; i < G_N_ELEMENTS(fixed); i++)
        g_ptr_array_add(arguments, g_strdup(fixed[i]));
    g_ptr_array_add(arguments, g_strdup_printf("--user-data-dir=%s", profile));
    g_ptr_array_add(arguments, g_strdup_printf("--user-agent=%s", user_agent));
    g_ptr_array_add(arguments, g_strdup_printf("--proxy-server=socks5://127.0.0.1:%d", proxy_port));
    g_ptr_array_add(arguments, g_strdup("about:blank"));
    g_ptr_array_add(arguments, NULL);
    return arguments;
}

/* Nothing of the user's own but the path; the clock is UTC's, so that dates written by scripts are the same
 * anywhere. */
static char **environment_of(const char *profile)
{
    char **environment = g_environ_setenv(NULL, "HOME", profile, TRUE);
    environment = g_environ_setenv(environment, "XDG_CONFIG_HOME", profile, TRUE);
    environment = g_environ_setenv(environment, "XDG_CACHE_HOME", profile, TRUE);
    environment = g_environ_setenv(environment, "TMPDIR", profile, TRUE);
    environment =
        g_environ_setenv(environment, "PATH", g_getenv("PATH") ? g_getenv("PATH") : "/usr/bin:/bin", TRUE);
    environment = g_environ_setenv(environment, "LC_ALL", "C.UTF-8", TRUE);
    return g_environ_setenv(environment, "TZ", "UTC", TRUE);
}

static gboolean spawn(Chromium *chromium, char **arguments, const int theirs[2], GError **error)
{
    const int targets[2] = {COMMANDS_FD, MESSAGES_FD};
    g_auto(GStrv) environment = environment_of(chromium->profile);
    g_autoptr(GError) failure = NULL;
    if (g_spawn_async_with_pipes_and_fds(
            chromium->profile, (const char *const *)arguments, (const char *const *)environment,
            G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_STDOUT_TO_DEV_NULL | G_SPAWN_STDERR_TO_DEV_NULL,
            prepare_child, NULL, -1, -1, -1, theirs, targets, 2, &chromium->process, NULL, NULL, NULL,
            &failure))
        return TRUE;
    g_set_error(error, GALEN_ERROR, GALEN_ERROR_SYSTEM, "cannot start %s: %s", arguments[0],
                failure->message);
    return FALSE;
}

Chromium *chromium_start(const char *user_agent, int proxy_port, int *commands, int *messages, GError **error)
{
    g_autofree char *program = NULL;
    int down[2], up[2];
    g_autoptr(Chromium) chromium = g_new0(Chromium, 1);
    if (!chromium_find(&program, error))
        return NULL;
    chromium->profile = g_dir_make_tmp("galen-browser-XXXXXX", NULL);
    if (!chromium->profile || (geteuid() == 0 && chown(chromium->profile, NOBODY, NOBODY) < 0)) {
        galen_error_set_errno(error, errno, "cannot make a folder for the browser's profile in %s",
                              g_get_tmp_dir());
        return NULL;
    }
    if (!g_unix_open_pipe(down, FD_CLOEXEC, error))
        return NULL;
    if (!g_unix_open_pipe(up, FD_CLOEXEC, error)) {
        close(down[0]);
        close(down[1]);
        return NULL;
    }
    g_autoptr(GPtrArray) arguments = arguments_of(program, chromium->profile, user_agent, proxy_port);
    const int theirs[2] = {down[0], up[1]};
    gboolean good = spawn(chromium, (char **)arguments->pdata, theirs, error);
    close(down[0]);
    close(up[1]);
    if (!good) {
        close(down[1]);
        close(up[0]);
        return NULL;
    }
    *commands = down[1];
    *messages = up[0];
    return g_steal_pointer(&chromium);
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *place)
{
    return remove(path) < 0 && errno != ENOENT;
}

void chromium_stop(Chromium *chromium)
{
    if (chromium->process) {
        kill(-chromium->process, SIGKILL);
        kill(chromium->process, SIGKILL);
        while (waitpid(chromium->process, NULL, 0) < 0 && errno == EINTR)
            ;
        g_spawn_close_pid(chromium->process);
    }
    /* Its helpers may die a moment later than itself. */
    for (int attempt = 0; chromium->profile && attempt < 20; attempt++) {
        if (nftw(chromium->profile, remove_one, OPEN_FOLDERS, FTW_DEPTH | FTW_PHYS) == 0)
            break;
        g_usleep(50000);
    }
    g_free(chromium->profile);
    g_free(chromium);
}
