/* SPDX-License-Identifier: Apache-2.0
 * Lines about a run; see cli/train_console.h. */
#include "cli/train_console.h"

#include <math.h>
#include <stdio.h>

#include "cli/command.h"

#define TABLE_INTERVAL (5 * G_USEC_PER_SEC)
#define SMOOTHING 0.1 /* of the time of a step: the share of the newest */

static void print_heading(const TrainReport *report)
{
    g_autofree char *parameters = format_count(report->parameters);
    printf("%s parameters; the unigram entropy of the training tokens is %.3f nats: a loss below it comes from context\n", parameters,
           report->unigram_entropy);
    if (report->resumed)
        printf("going on from the checkpoint of step %" G_GUINT64_FORMAT "\n", report->resumed);
    printf("%7s %8s %9s %8s %9s %8s %6s %9s  loss by source\n", "step", "loss", "rate", "gradient", "tokens/s", "TFLOP/s", "MFU", "left");
}

/* "1:02:03", or days where there are. */
static void print_left(double seconds)
{
    guint64 whole = (guint64)MAX(seconds, 0);
    char text[32];
    if (whole >= 86400)
        g_snprintf(text, sizeof text, "%" G_GUINT64_FORMAT "d %02d:%02d", whole / 86400, (int)(whole / 3600 % 24), (int)(whole / 60 % 60));
    else
        g_snprintf(text, sizeof text, "%d:%02d:%02d", (int)(whole / 3600), (int)(whole / 60 % 60), (int)(whole % 60));
    printf(" %9s ", text);
}

static void print_sources(const TrainSourceLoss *sources, gsize count)
{
    for (gsize i = 0; i < count; i++)
        printf(" %s %.3f", sources[i].source, sources[i].loss);
    putchar('\n');
}

static void print_spike(const TrainConsole *console, const TrainReport *report)
{
    printf("%7s spike: the loss is %.1f and the gradient %.1f deviations above the usual; documents that add most:\n", "", report->loss_z,
           report->gradient_z);
    for (gsize i = 0; i < report->documents_count; i++) {
        const TrainDocumentLoss *document = &report->documents[i];
        printf("%9s %" G_GUINT64_FORMAT " (%s): loss %.3f over %" G_GUINT64_FORMAT " tokens\n", "", document->docno, document->source,
               document->loss, document->tokens);
    }
    printf("%9s galen trace %s %" G_GUINT64_FORMAT " names them all\n", "", console->output, report->step);
}

static void print_step(const TrainConsole *console, const TrainReport *report)
{
    printf("%7" G_GUINT64_FORMAT " %8.4f %9.2e %8.3f %9.0f %8.3g", report->step, report->loss, report->rate, report->gradient_norm,
           report->tokens_per_second, report->tflops);
    if (isfinite(report->mfu))
        printf(" %5.1f%%", 100 * report->mfu);
    else
        printf(" %6s", "-");
    print_left(console->seconds_per_step * (double)(report->steps - report->step));
    print_sources(report->sources, report->sources_count);
    if (report->spike)
        print_spike(console, report);
    if (isfinite(report->eval_loss)) {
        printf("%7s %8.4f on the held-out split:", "", report->eval_loss);
        print_sources(report->eval_sources, report->eval_sources_count);
    }
    fflush(stdout);
}

static void measure(TrainConsole *console, const TrainReport *report, gint64 now)
{
    double seconds = console->last_report ? (double)(now - console->last_report) / G_USEC_PER_SEC : report->seconds;
    console->seconds_per_step =
        console->last_report ? (1 - SMOOTHING) * console->seconds_per_step + SMOOTHING * seconds : seconds;
    console->last_report = now;
}

void train_console_report(const TrainReport *report, gpointer user)
{
    TrainConsole *console = user;
    gint64 now = g_get_monotonic_time();
    measure(console, report, now);
    console->stopped = report->stopped ? report->step : 0;
    if (!console->begun)
        print_heading(report);
    gboolean due = !console->begun || report->step == report->steps || report->spike || report->stopped ||
                   isfinite(report->eval_loss) || now - console->last_line >= TABLE_INTERVAL;
    console->begun = TRUE;
    if (!due)
        return;
    print_step(console, report);
    console->last_line = now;
}
