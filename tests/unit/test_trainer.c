/* SPDX-License-Identifier: Apache-2.0
 * train/trainer.h: a tiny model learns; runs that are killed, cut differently or run on more threads agree; what must be
 * refused is refused. Run with "--child OUTPUT STEP" the program is the run that kills itself. */
#include "train/trainer.h"

#include <glib/gstdio.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "base/error.h"
#include "base/file.h"
#include "tests/unit/fake_shard.h"
#include "train/model_files.h"

/* The splits of fake_shard.h belong to no store, and no tokenizer made them. */
gboolean model_files_add_tokenizer(ModelFiles *files, Store *store, GError **error)
{
    return TRUE;
}

static char *directory;
static const char *program;

static TrainConfig tiny_config(const char *output)
{
    return (TrainConfig){
        .output = (char *)output,
        .seed = 1,
        .model = {.hidden = 32,
                  .layers = 2,
                  .heads = 4,
                  .kv_heads = 2,
                  .intermediate = 64,
                  .context = 32,
                  .rope_theta = 10000,
                  .norm_epsilon = 1e-5},
        .parallel = {.tensor = 1, .pipeline = 1, .interleave = 1},
        .optimizer = {.beta1 = 0.9, .beta2 = 0.95, .epsilon = 1e-5, .decay = 0.1, .clip = 1},
        .schedule = {.peak = 1e-2, .min_ratio = 0.1, .warmup = 5, .horizon = 60},
        .steps = 16,
        .sequences = 6,
        .micro_batch = 4,
        .checkpoint_every = 5,
        .checkpoint_keep = 2,
        .eval_every = 4,
        .eval_sequences = 9,
        .threads = 2,
    };
}

static char *output_of(const char *name)
{
    return g_build_filename(directory, name, NULL);
}

static void run(const TrainConfig *config, TrainReportFunction report, gpointer user)
{
    g_autoptr(GError) error = NULL;
    train_run(config, NULL, NULL, NULL, report, user, &error);
    g_assert_no_error(error);
}

/* The log without its timing, one string. */
static char *read_log(const char *output)
{
    g_autofree char *path = g_build_filename(output, "log.jsonl", NULL), *text = NULL;
    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    GString *log = g_string_new(NULL);
    for (char **line = lines; **line; line++) {
        g_autoptr(json_t) object = json_parse(*line, strlen(*line), "log", NULL);
        g_assert_nonnull(object);
        json_object_del(object, "timing");
        g_autofree char *written = json_write(object);
        g_string_append_printf(log, "%s\n", written);
    }
    return g_string_free(log, FALSE);
}

static void assert_same_file(const char *a, const char *b, const char *step, const char *name)
{
    g_autofree char *path_a = g_build_filename(a, step, name, NULL), *path_b = g_build_filename(b, step, name, NULL);
    g_autofree char *text_a = NULL, *text_b = NULL;
    gsize length_a, length_b;
    g_assert_true(g_file_get_contents(path_a, &text_a, &length_a, NULL));
    g_assert_true(g_file_get_contents(path_b, &text_b, &length_b, NULL));
    g_assert_cmpmem(text_a, length_a, text_b, length_b);
}

static void assert_same_run(const char *a, const char *b)
{
    static const char *const steps[] = {"step-00000015", "step-00000016"};
    static const char *const names[] = {"model.safetensors", "optimizer.safetensors", "state.json", "config.json"};
    for (gsize s = 0; s < G_N_ELEMENTS(steps); s++)
        for (gsize n = 0; n < G_N_ELEMENTS(names); n++)
            assert_same_file(a, b, steps[s], names[n]);
    g_autofree char *log_a = read_log(a), *log_b = read_log(b);
    g_assert_cmpstr(log_a, ==, log_b);
}

static void keep_report(const TrainReport *report, gpointer user)
{
    g_array_append_vals(user, report, 1);
}

static void test_a_tiny_model_learns_from_context(void)
{
    g_autofree char *output = output_of("learn");
    TrainConfig config = tiny_config(output);
    config.steps = 60;
    config.sequences = 16;
    config.checkpoint_every = 0;
    config.eval_every = 20;
    g_autoptr(GArray) reports = g_array_new(FALSE, FALSE, sizeof(TrainReport));
    run(&config, keep_report, reports);
    g_assert_cmpuint(reports->len, ==, 60);
    const TrainReport *first = &g_array_index(reports, TrainReport, 0),
                      *last = &g_array_index(reports, TrainReport, 59);
    g_assert_cmpfloat(fabs(first->loss - log(FAKE_VOCABULARY)), <, 0.1);
    g_assert_cmpfloat(last->unigram_entropy, >, 4.0);
    g_assert_cmpfloat(last->loss, <, last->unigram_entropy - 0.5);
    g_assert_cmpfloat(last->eval_loss, <, last->unigram_entropy - 0.5);
    g_assert_true(isnan(first->eval_loss));
    g_assert_cmpuint(last->tokens, ==, 60 * 16 * 32);
    g_assert_cmpfloat(last->rate, <, 2e-3);
}

static void check_sources(const TrainReport *report, gpointer user)
{
    double sum = 0;
    guint64 tokens = 0;
    for (gsize i = 0; i < report->sources_count; i++) {
        sum += report->sources[i].loss * (double)report->sources[i].tokens;
        tokens += report->sources[i].tokens;
    }
    g_assert_cmpuint(report->sources_count, ==, 2);
    g_assert_cmpstr(report->sources[0].source, ==, "even");
    g_assert_cmpuint(tokens, ==, 6 * 32);
    g_assert_cmpfloat(fabs(sum / (double)tokens - report->loss), <, 1e-6);
    (*(int *)user)++;
}

static void test_losses_by_source_add_up_to_the_loss(void)
{
    int calls = 0;
    g_autofree char *output = output_of("sources");
    TrainConfig config = tiny_config(output);
    config.log_documents = TRUE;
    run(&config, check_sources, &calls);
    g_assert_cmpint(calls, ==, 16);
    g_autofree char *log = read_log(output);
    g_auto(GStrv) lines = g_strsplit(log, "\n", -1);
    g_autoptr(json_t) line = json_parse(lines[3], strlen(lines[3]), "log", NULL);
    g_assert_cmpint(json_integer_value(json_object_get(line, "step")), ==, 3);
    const char *key;
    json_t *loss;
    double sum = 0;
    json_object_foreach (json_object_get(line, "loss_by_document"), key, loss)
        sum += json_number_value(json_object_get(loss, "loss")) *
               (double)json_integer_value(json_object_get(loss, "tokens"));
    g_assert_cmpfloat(fabs(sum / (6 * 32) - json_number_value(json_object_get(line, "loss"))), <, 1e-9);
}

static void kill_at(const TrainReport *report, gpointer user)
{
    if (report->step == *(guint64 *)user)
        raise(SIGKILL);
}

static int run_as_child(const char *output, guint64 step)
{
    TrainConfig config = tiny_config(output);
    train_run(&config, NULL, NULL, NULL, kill_at, &step, NULL);
    return 1;
}

static void run_and_kill(const char *output, const char *step)
{
    char *arguments[] = {(char *)program, (char *)"--child", (char *)output, (char *)step, NULL};
    int status;
    g_assert_true(g_spawn_sync(NULL, arguments, NULL, 0, NULL, NULL, NULL, NULL, &status, NULL));
    g_assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static void keep_resumed(const TrainReport *report, gpointer user)
{
    *(guint64 *)user = report->resumed;
}

static void test_a_run_killed_twice_equals_one_that_was_not(void)
{
    guint64 resumed = 0;
    g_autofree char *whole = output_of("whole"), *killed = output_of("killed");
    TrainConfig config = tiny_config(whole);
    run(&config, NULL, NULL);
    run_and_kill(killed, "3");  /* before the first checkpoint */
    run_and_kill(killed, "13"); /* three steps behind the second */
    g_autofree char *log = g_build_filename(killed, "log.jsonl", NULL), *text = NULL;
    g_assert_true(g_file_get_contents(log, &text, NULL, NULL));
    g_assert_nonnull(strstr(text, "\"step\":13"));
    g_autofree char *torn = g_strconcat(text, "{\"step\":14,\"lo", NULL);
    g_assert_true(g_file_set_contents(log, torn, -1, NULL));
    config.output = killed;
    run(&config, keep_resumed, &resumed);
    /* The second checkpoint may still have been under way. */
    g_assert_true(resumed == 5 || resumed == 10);
    assert_same_run(whole, killed);
}

static void test_more_threads_give_the_same_bits(void)
{
    g_autofree char *one = output_of("one-thread"), *many = output_of("many-threads");
    TrainConfig config = tiny_config(one);
    config.threads = 1;
    run(&config, NULL, NULL);
    config.output = many;
    config.threads = 5;
    run(&config, NULL, NULL);
    assert_same_run(one, many);
}

static void test_a_longer_run_begins_as_the_shorter_one(void)
{
    g_autofree char *whole = output_of("long"), *parts = output_of("prolonged");
    TrainConfig config = tiny_config(whole);
    config.eval_every = 0;
    run(&config, NULL, NULL);
    config.output = parts;
    config.steps = 7;
    run(&config, NULL, NULL);
    config.steps = 16;
    run(&config, NULL, NULL);
    assert_same_run(whole, parts);
}

static void test_the_micro_batch_changes_nothing_but_rounding(void)
{
    g_autofree char *output_a = output_of("micro-6"), *output_b = output_of("micro-1");
    g_autoptr(GArray) a = g_array_new(FALSE, FALSE, sizeof(TrainReport)),
                      b = g_array_new(FALSE, FALSE, sizeof(TrainReport));
    TrainConfig config = tiny_config(output_a);
    config.micro_batch = 6;
    run(&config, keep_report, a);
    config.output = output_b;
    config.micro_batch = 1;
    run(&config, keep_report, b);
    for (guint i = 0; i < 16; i++) {
        const TrainReport *x = &g_array_index(a, TrainReport, i), *y = &g_array_index(b, TrainReport, i);
        double tolerance = i == 0 ? 1e-6 : 1e-4;
        g_assert_cmpfloat(fabs(x->loss - y->loss), <, tolerance);
        g_assert_cmpfloat(fabs(x->gradient_norm / y->gradient_norm - 1), <, 10 * tolerance);
    }
}

static void test_a_document_mask_changes_the_loss(void)
{
    g_autofree char *output = output_of("mask");
    g_autoptr(GArray) plain = g_array_new(FALSE, FALSE, sizeof(TrainReport)),
                      masked = g_array_new(FALSE, FALSE, sizeof(TrainReport));
    TrainConfig config = tiny_config(output);
    config.steps = 2;
    run(&config, keep_report, plain);
    g_autofree char *other = output_of("masked");
    config.output = other;
    config.document_mask = TRUE;
    run(&config, keep_report, masked);
    g_assert_true(g_array_index(plain, TrainReport, 1).loss != g_array_index(masked, TrainReport, 1).loss);
}

static void assert_refused(const TrainConfig *config, const char *why)
{
    g_autoptr(GError) error = NULL;
    g_assert_false(train_run(config, NULL, NULL, NULL, NULL, NULL, &error));
    g_assert_error(error, GALEN_ERROR, GALEN_ERROR_INPUT);
    if (!strstr(error->message, why))
        g_error("\"%s\" does not say \"%s\"", error->message, why);
}

static void test_products_in_eight_bits_are_refused_by_the_cpu(void)
{
    g_autofree char *output = output_of("fp8");
    TrainConfig config = tiny_config(output);
    config.fp8 = TRUE;
    assert_refused(&config, "cuda.matrix is fp8, but the backend cpu has no products in eight bits; set it to bfloat16");
}

static void test_a_checkpoint_of_other_settings_or_tokens_is_refused_by_name(void)
{
    g_autofree char *output = output_of("refused");
    TrainConfig config = tiny_config(output);
    config.steps = 2;
    run(&config, NULL, NULL);
    config.schedule.peak = 0.5;
    assert_refused(&config, "optimizer.lr was 0.01, and is now 0.5");
    config = tiny_config(output);
    config.seed = 2;
    assert_refused(&config, "seed was 1, and is now 2");
    config = tiny_config(output);
    fake_shard_configure(20000, 3000, 9);
    assert_refused(&config, "other tokens");
    fake_shard_configure(20000, 3000, 1);
}

static void test_a_model_too_narrow_for_the_store_or_laid_out_for_more_ranks_is_refused(void)
{
    g_autofree char *output = output_of("misfit");
    TrainConfig config = tiny_config(output);
    config.model.vocabulary = FAKE_VOCABULARY - 1;
    assert_refused(&config, "set model.vocabulary to at least 61");
    config = tiny_config(output);
    config.parallel.tensor = 2;
    config.model.vocabulary = 62;
    assert_refused(&config, "the run has 1 rank, but parallel.tensor (2)");
}

static void test_a_wider_vocabulary_than_the_stores_trains_as_well(void)
{
    g_autofree char *output = output_of("padded");
    g_autoptr(GArray) reports = g_array_new(FALSE, FALSE, sizeof(TrainReport));
    TrainConfig config = tiny_config(output);
    config.model.vocabulary = 64;
    run(&config, keep_report, reports);
    g_assert_cmpfloat(fabs(g_array_index(reports, TrainReport, 0).loss - log(64)), <, 0.1);
    g_assert_cmpuint(g_array_index(reports, TrainReport, 0).parameters, ==, 64 * 32 * 2 + 2 * (32 * 64 + 32 * 32 + 3 * 64 * 32 + 64) + 32);
}

static void test_a_damaged_checkpoint_is_refused(void)
{
    g_autofree char *output = output_of("damaged");
    TrainConfig config = tiny_config(output);
    config.steps = 2;
    run(&config, NULL, NULL);
    g_autofree char *path = g_build_filename(output, "step-00000002", "optimizer.safetensors", NULL), *text = NULL;
    gsize length;
    g_assert_true(g_file_get_contents(path, &text, &length, NULL));
    text[length / 2] ^= 4;
    g_assert_true(g_file_set_contents(path, text, (gssize)length, NULL));
    config.steps = 3;
    assert_refused(&config, "optimizer.safetensors");
}

static void test_a_diverging_run_stops_and_says_so(void)
{
    g_autofree char *output = output_of("diverge");
    TrainConfig config = tiny_config(output);
    config.optimizer.clip = 0;
    config.optimizer.decay = 10; /* each step makes each weight 99 times larger */
    config.schedule = (Schedule){.peak = 10, .min_ratio = 1, .horizon = 16};
    config.eval_every = 0;
    assert_refused(&config, "training diverged at step");
    assert_refused(&config, "documents of the step, the suspects first: ");
}

static void stop_at(const TrainReport *report, gpointer user)
{
    if (report->step == 7)
        g_atomic_int_set((int *)user, 15);
    if (report->step == 8)
        g_assert_true(report->stopped);
}

/* The note comes after step 7, when its checkpoint was not due: step 8 sees it. */
static void test_a_run_that_is_asked_to_stop_saves_and_goes_on_later(void)
{
    int asked = 0;
    g_autofree char *whole = output_of("unstopped"), *stopped = output_of("stopped");
    TrainConfig config = tiny_config(whole);
    run(&config, NULL, NULL);
    config.output = stopped;
    config.stop = &asked;
    run(&config, stop_at, &asked);
    g_autofree char *folder = g_build_filename(stopped, "step-00000008", NULL);
    g_assert_true(g_file_test(folder, G_FILE_TEST_IS_DIR));
    config.stop = NULL;
    run(&config, NULL, NULL);
    assert_same_run(whole, stopped);
}

static void count_spikes(const TrainReport *report, gpointer user)
{
    if (!report->spike)
        return;
    g_assert_cmpuint(report->documents_count, >, 0);
    g_assert_nonnull(report->documents[0].source);
    g_assert_cmpfloat(MAX(report->loss_z, report->gradient_z), >, 1);
    (*(int *)user)++;
}

/* With so low a threshold chance makes spikes: the resumed run must find the same from what its log remembers. */
static void test_a_resumed_run_finds_the_spikes_of_one_that_was_not(void)
{
    int spikes = 0, again = 0;
    g_autofree char *whole = output_of("spikes"), *parts = output_of("spikes-resumed");
    TrainConfig config = tiny_config(whole);
    config.spike_threshold = 1;
    config.spike_window = 12;
    run(&config, count_spikes, &spikes);
    g_assert_cmpint(spikes, >, 0);
    config.output = parts;
    config.steps = 10;
    config.eval_every = 0;
    run(&config, count_spikes, &again);
    config.steps = 16;
    run(&config, count_spikes, &again);
    g_assert_cmpint(again, ==, spikes);
    g_autofree char *log = read_log(parts);
    g_assert_nonnull(strstr(log, "\"spike\":{"));
}

#define BROKEN 150

/* Once something is learnt, a window of noise stands out. */
static void see_suspects(const TrainReport *report, gpointer user)
{
    guint *counts = user;
    if (report->step < 300 || !report->spike || report->loss_z < 4.5)
        return;
    counts[0]++;
    counts[1] += report->documents[0].docno == BROKEN ? 1 : 0;
    g_test_message("step %" G_GUINT64_FORMAT ": %.1f, document %" G_GUINT64_FORMAT, report->step, report->loss_z, report->documents[0].docno);
}

static void test_a_document_of_noise_makes_a_spike_that_names_it(void)
{
    guint counts[2] = {0};
    g_autofree char *output = output_of("noise");
    TrainConfig config = tiny_config(output);
    config.steps = 1200; /* four epochs */
    config.sequences = config.micro_batch = 2;
    config.schedule.horizon = 1200;
    config.eval_every = 0;
    config.checkpoint_every = 0;
    config.spike_threshold = 4.5;
    config.spike_window = 96;
    fake_shard_break(BROKEN);
    run(&config, see_suspects, counts);
    fake_shard_break(G_MAXUINT64);
    g_assert_cmpuint(counts[0], >, 0);
    g_assert_cmpuint(counts[1], ==, counts[0]);
}

static void test_an_evaluation_without_held_out_tokens_is_refused(void)
{
    g_autofree char *output = output_of("no-valid");
    TrainConfig config = tiny_config(output);
    fake_shard_configure(20000, 0, 1);
    assert_refused(&config, "eval.every");
    fake_shard_configure(20000, 3000, 1);
}

int main(int argc, char **argv)
{
    program = argv[0];
    if (argc == 4 && g_str_equal(argv[1], "--child"))
        return run_as_child(argv[2], strtoull(argv[3], NULL, 10));
    g_test_init(&argc, &argv, NULL);
    directory = g_dir_make_tmp("galen-trainer-XXXXXX", NULL);
    g_test_add_func("/trainer/a tiny model learns from context", test_a_tiny_model_learns_from_context);
    g_test_add_func("/trainer/losses by source add up to the loss", test_losses_by_source_add_up_to_the_loss);
    g_test_add_func("/trainer/a run killed twice equals one that was not",
                    test_a_run_killed_twice_equals_one_that_was_not);
    g_test_add_func("/trainer/more threads give the same bits", test_more_threads_give_the_same_bits);
    g_test_add_func("/trainer/a longer run begins as the shorter one", test_a_longer_run_begins_as_the_shorter_one);
    g_test_add_func("/trainer/the micro-batch changes nothing but rounding",
                    test_the_micro_batch_changes_nothing_but_rounding);
    g_test_add_func("/trainer/a document mask changes the loss", test_a_document_mask_changes_the_loss);
    g_test_add_func("/trainer/products in eight bits are refused by the CPU", test_products_in_eight_bits_are_refused_by_the_cpu);
    g_test_add_func("/trainer/a checkpoint of other settings or tokens is refused by name",
                    test_a_checkpoint_of_other_settings_or_tokens_is_refused_by_name);
    g_test_add_func("/trainer/a model too narrow for the store or laid out for more ranks is refused",
                    test_a_model_too_narrow_for_the_store_or_laid_out_for_more_ranks_is_refused);
    g_test_add_func("/trainer/a wider vocabulary than the store's trains as well",
                    test_a_wider_vocabulary_than_the_stores_trains_as_well);
    g_test_add_func("/trainer/a damaged checkpoint is refused", test_a_damaged_checkpoint_is_refused);
    g_test_add_func("/trainer/a diverging run stops and says so", test_a_diverging_run_stops_and_says_so);
    g_test_add_func("/trainer/a run that is asked to stop saves and goes on later",
                    test_a_run_that_is_asked_to_stop_saves_and_goes_on_later);
    g_test_add_func("/trainer/a resumed run finds the spikes of one that was not",
                    test_a_resumed_run_finds_the_spikes_of_one_that_was_not);
    g_test_add_func("/trainer/a document of noise makes a spike that names it",
                    test_a_document_of_noise_makes_a_spike_that_names_it);
    g_test_add_func("/trainer/an evaluation without held-out tokens is refused",
                    test_an_evaluation_without_held_out_tokens_is_refused);
    int result = g_test_run();
    g_autofree char *command = g_strdup_printf("rm -rf '%s'", directory);
    if (system(command) != 0)
        result = 1;
    g_free(directory);
    return result;
}
