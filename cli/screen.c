/* SPDX-License-Identifier: Apache-2.0
 * Progress on standard error: a bar on a terminal, lines elsewhere; see cli/command.h. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/command.h"

#define TERMINAL_INTERVAL (G_USEC_PER_SEC / 5)
#define LINE_INTERVAL (5 * G_USEC_PER_SEC)
#define BAR_WIDTH 24

struct Screen {
    Progress *progress;
    GThread *thread;
    GMutex lock;
    GCond changed;
    gboolean stopping;
    gboolean terminal;
    gboolean shown; /* a bar stands on the current line */
};

static char *format_time(double seconds)
{
    guint64 whole = (guint64)seconds;
    if (whole >= 3600)
        return g_strdup_printf("%d:%02d:%02d", (int)(whole / 3600), (int)(whole / 60 % 60), (int)(whole % 60));
    return g_strdup_printf("%d:%02d", (int)(whole / 60), (int)(whole % 60));
}

static char *format_amount(const char *unit, double amount)
{
    if (strcmp(unit, "bytes") != 0)
        return format_count((guint64)amount);
    return amount >= 1e9 ? g_strdup_printf("%.2f GB", amount / 1e9) : g_strdup_printf("%.1f MB", amount / 1e6);
}

static void append_bar(GString *line, double share)
{
    g_string_append_c(line, '[');
    for (int i = 0; i < BAR_WIDTH; i++)
        g_string_append_c(line, i < share * BAR_WIDTH ? '#' : '.');
    g_string_append_printf(line, "] %3.0f%%  ", 100 * share);
}

static char *compose(const ProgressReading *reading, double elapsed, gboolean terminal)
{
    GString *line = g_string_new(NULL);
    gboolean bytes = strcmp(reading->unit, "bytes") == 0;
    double rate = elapsed > 0 ? (double)reading->done / elapsed : 0;
    double share = reading->total ? MIN(1.0, (double)reading->done / (double)reading->total) : 0;
    g_autofree char *done = format_amount(reading->unit, (double)reading->done);
    g_autofree char *total = format_amount(reading->unit, (double)reading->total);
    g_autofree char *speed = format_amount(reading->unit, rate);
    g_string_append_printf(line, "%-10s ", reading->task);
    if (reading->total && terminal)
        append_bar(line, share);
    g_string_append_printf(line, "%s%s%s%s%s  %s/s", done, reading->total ? " of " : "", reading->total ? total : "", bytes ? "" : " ",
                           bytes ? "" : reading->unit, speed);
    if (reading->hosts > 0)
        g_string_append_printf(line, "  %d %s asked", reading->hosts, reading->hosts == 1 ? "host" : "hosts");
    if (reading->total && rate > 0 && reading->done < reading->total) {
        g_autofree char *left = format_time((double)(reading->total - reading->done) / rate);
        g_string_append_printf(line, "  ETA %s", left);
    }
    return g_string_free(line, FALSE);
}

static void draw(Screen *screen)
{
    ProgressReading reading;
    progress_read(screen->progress, &reading);
    double elapsed = (double)(g_get_monotonic_time() - reading.started) / G_USEC_PER_SEC;
    if (!reading.task[0] || elapsed < 1)
        return;
    g_autofree char *line = compose(&reading, elapsed, screen->terminal);
    fprintf(stderr, screen->terminal ? "\r\033[K%s" : "%s\n", line);
    fflush(stderr);
    screen->shown = screen->terminal;
}

static gpointer screen_thread(gpointer data)
{
    Screen *screen = data;
    gint64 interval = screen->terminal ? TERMINAL_INTERVAL : LINE_INTERVAL;
    g_mutex_lock(&screen->lock);
    while (!screen->stopping) {
        gint64 until = g_get_monotonic_time() + interval;
        while (!screen->stopping && g_cond_wait_until(&screen->changed, &screen->lock, until))
            ;
        if (!screen->stopping)
            draw(screen);
    }
    g_mutex_unlock(&screen->lock);
    return NULL;
}

Screen *screen_start(Progress *progress, gboolean quiet)
{
    if (quiet)
        return NULL;
    Screen *screen = g_new0(Screen, 1);
    screen->progress = progress;
    screen->terminal = isatty(STDERR_FILENO);
    g_mutex_init(&screen->lock);
    g_cond_init(&screen->changed);
    screen->thread = g_thread_new("screen", screen_thread, screen);
    return screen;
}

void screen_stop(Screen *screen)
{
    if (!screen)
        return;
    g_mutex_lock(&screen->lock);
    screen->stopping = TRUE;
    g_cond_broadcast(&screen->changed);
    g_mutex_unlock(&screen->lock);
    g_thread_join(screen->thread);
    if (screen->shown)
        fputs("\r\033[K", stderr);
    g_mutex_clear(&screen->lock);
    g_cond_clear(&screen->changed);
    g_free(screen);
}
