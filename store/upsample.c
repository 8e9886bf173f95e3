/* SPDX-License-Identifier: Apache-2.0
 * Scores, quartiles and draws; see store/upsample.h. */
#include "store/upsample.h"

#include <math.h>
#include <string.h>

#include "base/day.h"
#include "base/file.h"
#include "base/hash.h"

#define JOURNALS_LIMIT ((gsize)16 << 20) /* bytes of the list */
#define DAYS 365

struct Upsampler {
    const Recipe *recipe;
    guint32 reference;
    GHashTable *journals; /* normalised names; NULL: no list */
    char digest[SHA256_HEX_SIZE];
    GArray *rates; /* of double: citations a year, of the documents observed */
    double lower, upper;
    gboolean quartiles; /* known */
};

static guint64 billionths(double score)
{
    return (guint64)llround(score * (double)UPSAMPLE_ONE);
}

/* ---- Journals ------------------------------------------------------------------------------------------------ */

/* Lower case, "&" as "and", without ":,.-" and "the" at its ends, with single blanks: as the names of one journal differ. */
static char *normalise_journal(const char *name)
{
    g_autofree char *folded = g_utf8_casefold(name, -1);
    g_autoptr(GString) text = g_string_new(NULL);
    for (const char *at = folded; *at; at++) {
        if (*at == '&')
            g_string_append(text, " and ");
        else if (g_ascii_isspace(*at))
            g_string_append_c(text, ' ');
        else if (!strchr(":,.-", *at))
            g_string_append_c(text, *at);
    }
    g_auto(GStrv) words = g_strsplit(text->str, " ", -1);
    g_string_truncate(text, 0);
    for (char **word = words; *word; word++)
        if (**word)
            g_string_append_printf(text, "%s%s", text->len ? " " : "", *word);
    if (g_str_has_prefix(text->str, "the "))
        g_string_erase(text, 0, 4);
    if (g_str_has_suffix(text->str, " the"))
        g_string_truncate(text, text->len - 4);
    return g_string_free(g_steal_pointer(&text), FALSE);
}

static gboolean read_journals(Upsampler *upsampler, GError **error)
{
    const char *list = upsampler->recipe->upsample.journals;
    g_autofree char *text = NULL;
    gsize length;
    if (!list)
        return TRUE;
    g_autofree char *path = recipe_resolve(upsampler->recipe, list);
    if (!file_read(path, JOURNALS_LIMIT, &text, &length, error)) {
        g_prefix_error(error, "upsample: journals: ");
        return FALSE;
    }
    Sha256 digest = sha256(text, length);
    sha256_hex(&digest, upsampler->digest);
    upsampler->journals = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_autofree char *valid = g_utf8_make_valid(text, (gssize)length);
    g_auto(GStrv) lines = g_strsplit(valid, "\n", -1);
    for (char **line = lines; *line; line++) {
        char *name = normalise_journal(*line);
        if (*name)
            g_hash_table_add(upsampler->journals, name);
        else
            g_free(name);
    }
    return TRUE;
}

/* ---- Life cycle ---------------------------------------------------------------------------------------------- */

Upsampler *upsampler_new(const Recipe *recipe, GError **error)
{
    g_autoptr(Upsampler) upsampler = g_new0(Upsampler, 1);
    upsampler->recipe = recipe;
    upsampler->reference = day_from_date(recipe->upsample.reference_date);
    upsampler->rates = g_array_new(FALSE, FALSE, sizeof(double));
    return read_journals(upsampler, error) ? g_steal_pointer(&upsampler) : NULL;
}

void upsampler_free(Upsampler *upsampler)
{
    if (!upsampler)
        return;
    g_clear_pointer(&upsampler->journals, g_hash_table_unref);
    g_clear_pointer(&upsampler->rates, g_array_unref);
    g_free(upsampler);
}

void upsampler_describe(const Upsampler *upsampler, GString *text)
{
    const RecipeUpsample *settings = &upsampler->recipe->upsample;
    g_string_append_printf(text, " upsample 1 date=%s journals=%s,%.9f", settings->reference_date, upsampler->digest, settings->journal_score);
    for (unsigned i = 0; i < settings->publication_types_count; i++)
        g_string_append_printf(text, " %s=%.9f", settings->publication_types[i].type, settings->publication_types[i].score);
    for (unsigned i = 0; i < settings->ages_count; i++)
        g_string_append_printf(text, " <%.17g=%.9f", settings->ages[i].below, settings->ages[i].score);
    g_string_append_printf(text, " citations=%.9f,%.9f,%.9f quartiles=%.17g,%.17g", settings->top, settings->middle, settings->bottom,
                           settings->lower, settings->upper);
}

/* Days between its publication and the reference date; what appeared later is new. FALSE: the date is unknown. */
static gboolean age_in_days(const Upsampler *upsampler, const Metadata *metadata, guint32 *days)
{
    const char *date = metadata_text(metadata, "date", NULL);
    guint32 published = date ? day_from_date(date) : 0;
    *days = published < upsampler->reference ? upsampler->reference - published : 0;
    return published != 0;
}

static gboolean citations_a_year(const Upsampler *upsampler, const Metadata *metadata, double *rate, const char **from)
{
    guint64 citations;
    guint32 days;
    if (!metadata_citations(metadata, &citations, from) || !age_in_days(upsampler, metadata, &days))
        return FALSE;
    *rate = (double)citations / (days / DAYS + 1);
    return TRUE;
}

void upsampler_observe(Upsampler *upsampler, const Metadata *metadata)
{
    double rate;
    if (citations_a_year(upsampler, metadata, &rate, NULL))
        g_array_append_val(upsampler->rates, rate);
}

static int compare_rates(gconstpointer a, gconstpointer b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double quantile(const GArray *rates, double share)
{
    double place = share * (rates->len - 1), whole = floor(place);
    guint low = (guint)whole, high = MIN(low + 1, rates->len - 1);
    double below = g_array_index(rates, double, low), above = g_array_index(rates, double, high);
    return below + (above - below) * (place - whole);
}

void upsampler_finish(Upsampler *upsampler)
{
    const RecipeUpsample *settings = &upsampler->recipe->upsample;
    gboolean given = !isnan(settings->lower);
    g_array_sort(upsampler->rates, compare_rates);
    upsampler->quartiles = given || upsampler->rates->len > 0;
    upsampler->lower = given ? settings->lower : upsampler->quartiles ? quantile(upsampler->rates, 0.25) : 0;
    upsampler->upper = given ? settings->upper : upsampler->quartiles ? quantile(upsampler->rates, 0.75) : 0;
    g_clear_pointer(&upsampler->rates, g_array_unref);
}

gboolean upsampler_quartiles(const Upsampler *upsampler, double *lower, double *upper)
{
    *lower = upsampler->lower;
    *upper = upsampler->upper;
    return upsampler->quartiles;
}

void upsampler_set_quartiles(Upsampler *upsampler, gboolean known, double lower, double upper)
{
    upsampler->quartiles = known;
    upsampler->lower = lower;
    upsampler->upper = upper;
}

/* ---- Scores -------------------------------------------------------------------------------------------------- */

static void add_line(json_t *lines, guint64 amount, const char *from, const char *format, ...) G_GNUC_PRINTF(4, 5);
static void add_line(json_t *lines, guint64 amount, const char *from, const char *format, ...)
{
    if (!lines)
        return;
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *what = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    double score = (double)amount / (double)UPSAMPLE_ONE;
    g_autofree char *summary = g_strdup_printf("%g for %s%s%s", score, what, from ? ", from " : "", from ? from : "");
    json_array_append_new(lines, json_pack("{s:f, s:o, s:s}", "score", score, "from", json_text(from), "summary", summary));
}

static guint64 score_types(const Upsampler *upsampler, const Metadata *metadata, json_t *lines)
{
    const RecipeUpsample *settings = &upsampler->recipe->upsample;
    guint64 sum = 0;
    for (unsigned i = 0; i < settings->publication_types_count; i++) {
        const RecipeTypeScore *entry = &settings->publication_types[i];
        const char *from;
        if (!metadata_has(metadata, METADATA_TYPES, entry->type, &from))
            continue;
        sum += billionths(entry->score);
        add_line(lines, billionths(entry->score), from, "publication type '%s'", entry->type);
    }
    return sum;
}

static guint64 score_journal(const Upsampler *upsampler, const Metadata *metadata, json_t *lines)
{
    const char *from, *journal = upsampler->journals ? metadata_text(metadata, "journal", &from) : NULL;
    g_autofree char *name = journal ? normalise_journal(journal) : NULL;
    guint64 score = billionths(upsampler->recipe->upsample.journal_score);
    if (!name || !g_hash_table_contains(upsampler->journals, name))
        return 0;
    add_line(lines, score, from, "the listed journal '%s'", journal);
    return score;
}

static guint64 score_age(const Upsampler *upsampler, const Metadata *metadata, json_t *lines)
{
    const RecipeUpsample *settings = &upsampler->recipe->upsample;
    const char *from = NULL;
    guint32 days;
    if (!age_in_days(upsampler, metadata, &days)) {
        add_line(lines, 0, NULL, "an unknown date");
        return 0;
    }
    double years = (double)days / DAYS;
    guint64 score = 0;
    for (unsigned i = settings->ages_count; i-- > 0;)
        if (years < settings->ages[i].below)
            score = billionths(settings->ages[i].score);
    const char *date = metadata_text(metadata, "date", &from);
    add_line(lines, score, from, "an age of %.1f years on %s (published %s)", years, settings->reference_date, date);
    return score;
}

static guint64 score_citations(const Upsampler *upsampler, const Metadata *metadata, json_t *lines)
{
    const RecipeUpsample *settings = &upsampler->recipe->upsample;
    const char *from, *part;
    double rate, score;
    if (!upsampler->quartiles || !citations_a_year(upsampler, metadata, &rate, &from)) {
        add_line(lines, 0, NULL, "unknown citations");
        return 0;
    }
    if (rate <= upsampler->lower) {
        part = "in the bottom quarter";
        score = settings->bottom;
    } else if (rate <= upsampler->upper) {
        part = "in the middle half";
        score = settings->middle;
    } else {
        part = "in the top quarter";
        score = settings->top;
    }
    add_line(lines, billionths(score), from, "%.4g citations a year, %s (quartiles %.4g and %.4g)", rate, part, upsampler->lower, upsampler->upper);
    return billionths(score);
}

/* A number in [0, 2^64) that depends on nothing but the seed, the source and the id. */
static guint64 draw_of(const Recipe *recipe, const RecipeSource *source, const char *id)
{
    g_autofree char *key = g_strdup_printf("%s\n%s", source->tag, id);
    return random_at(recipe->seed, "upsample", hash64(key, strlen(key), 0));
}

static void sum_up(json_t *lines, const RecipeSource *source, UpsampleScore score, double draw)
{
    guint64 fraction = score.asked % UPSAMPLE_ONE;
    double asked = (double)score.asked / (double)UPSAMPLE_ONE;
    g_autoptr(GString) summary = g_string_new(NULL);
    if (source->repeat > 1)
        g_string_append_printf(summary, "times the source's repeat of %u ", source->repeat);
    g_string_append_printf(summary, "in all %g times: %" G_GUINT64_FORMAT, asked, score.asked / UPSAMPLE_ONE);
    if (fraction)
        g_string_append_printf(summary, ", and once more below %g: drawn %.4g", (double)fraction / (double)UPSAMPLE_ONE, draw);
    g_string_append_printf(summary, "; so %u", score.passes);
    json_array_append_new(lines, json_pack("{s:s}", "summary", summary->str));
}

UpsampleScore upsampler_score(const Upsampler *upsampler, const RecipeSource *source, const char *id, const Metadata *metadata, json_t *lines)
{
    add_line(lines, UPSAMPLE_ONE, NULL, "every document");
    guint64 score = score_types(upsampler, metadata, lines);
    score += score_journal(upsampler, metadata, lines);
    if (score > 0)
        score += score_age(upsampler, metadata, lines) + score_citations(upsampler, metadata, lines);
    UpsampleScore result = {.asked = source->repeat * (UPSAMPLE_ONE + score)};
    guint64 fraction = result.asked % UPSAMPLE_ONE, draw = draw_of(upsampler->recipe, source, id);
    gboolean once_more = (guint64)(((__uint128_t)draw * UPSAMPLE_ONE) >> 64) < fraction;
    result.passes = (unsigned)(result.asked / UPSAMPLE_ONE) + once_more;
    if (lines)
        sum_up(lines, source, result, (double)(draw >> 11) * 0x1p-53);
    return result;
}

unsigned upsample_note_passes(const json_t *note, guint64 *asked)
{
    const json_t *passes = json_object_get(note, "passes");
    *asked = (guint64)json_integer_value(json_object_get(note, "asked"));
    return json_is_integer(passes) ? (unsigned)json_integer_value(passes) : 0;
}
