/* SPDX-License-Identifier: Apache-2.0
 * Reading benchmarks; see dedup/benchmark.h. */
#include "dedup/benchmark.h"

#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/stream.h"

static const char *const usual_fields[] = {"question", "QUESTION", "text"};

typedef struct Reading {
    BenchmarkSet *set;
    const RecipeBenchmark *settings;
    guint32 number; /* of the benchmark */
    const char *path;
    guint64 line;
    const char *id; /* of the record */
    BenchmarkVisit visit;
    gpointer user;
} Reading;

static void benchmark_file_free(gpointer data)
{
    BenchmarkFile *file = data;
    g_free(file->name);
    g_free(file);
}

void benchmark_set_free(BenchmarkSet *set)
{
    if (!set)
        return;
    for (unsigned i = 0; i < set->count; i++)
        g_clear_pointer(&set->benchmarks[i].files, g_ptr_array_unref);
    g_free(set->benchmarks);
    g_array_unref(set->texts);
    g_string_chunk_free(set->strings);
    g_free(set);
}

/* ---- One record ------------------------------------------------------------------------------------------------- */

static gboolean fault(const Reading *reading, GError **error, const char *format, ...) G_GNUC_PRINTF(3, 4);

static gboolean fault(const Reading *reading, GError **error, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *message = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT, "%s:%" G_GUINT64_FORMAT ": benchmark '%s': %s", reading->path, reading->line,
                reading->settings->name, message);
    return FALSE;
}

static gboolean add_text(Reading *reading, const char *field, const json_t *string, GError **error)
{
    BenchmarkText text = {
        .benchmark = reading->number,
        .question = reading->set->benchmarks[reading->number].questions,
        .id = reading->id,
        .field = g_string_chunk_insert_const(reading->set->strings, field),
    };
    g_array_append_val(reading->set->texts, text);
    return reading->visit(reading->user, json_string_value(string), json_string_length(string), error);
}

static gboolean add_value(Reading *reading, const char *field, json_t *value, GError **error)
{
    gsize index;
    const char *key;
    json_t *element;
    if (json_is_string(value))
        return add_text(reading, field, value, error);
    if (!json_is_array(value) && !json_is_object(value))
        return fault(reading, error, "field '%s' is neither a string nor a list of strings", field);
    json_array_foreach(value, index, element) {
        g_autofree char *name = g_strdup_printf("%s[%" G_GSIZE_FORMAT "]", field, index);
        if (!json_is_string(element))
            return fault(reading, error, "'%s' is no string", name);
        if (!add_text(reading, name, element, error))
            return FALSE;
    }
    json_object_foreach(value, key, element) {
        g_autofree char *name = g_strdup_printf("%s.%s", field, key);
        if (!json_is_string(element))
            return fault(reading, error, "'%s' is no string", name);
        if (!add_text(reading, name, element, error))
            return FALSE;
    }
    return TRUE;
}

/* A member of the whole name, or else the way along its dots. */
static json_t *find_field(const json_t *record, const char *field)
{
    json_t *value = json_object_get(record, field);
    const char *dot = strchr(field, '.');
    if (value || !dot)
        return value;
    g_autofree char *head = g_strndup(field, (gsize)(dot - field));
    return find_field(json_object_get(record, head), dot + 1);
}

static char *member_names(const json_t *record)
{
    const char *key;
    json_t *value;
    g_autoptr(GString) names = g_string_new(NULL);
    json_object_foreach((json_t *)record, key, value) {
        if (names->len > 200)
            break;
        g_string_append_printf(names, "%s%.60s", names->len ? ", " : "", key);
    }
    return g_string_free(g_steal_pointer(&names), FALSE);
}

static gboolean lacks(const Reading *reading, const json_t *record, const char *field, GError **error)
{
    g_autofree char *names = member_names(record);
    return fault(reading, error, "the record has no field '%s'; it has: %s. Set 'fields' in the recipe", field, names);
}

static gboolean add_fields(Reading *reading, const json_t *record, GError **error)
{
    const RecipeStrings *fields = &reading->settings->fields;
    for (unsigned i = 0; i < fields->count; i++) {
        json_t *value = find_field(record, fields->items[i]);
        if (!value)
            return lacks(reading, record, fields->items[i], error);
        if (!add_value(reading, fields->items[i], value, error))
            return FALSE;
    }
    for (gsize i = 0; fields->count == 0 && i < G_N_ELEMENTS(usual_fields); i++) {
        json_t *value = json_object_get(record, usual_fields[i]);
        if (value)
            return add_value(reading, usual_fields[i], value, error);
    }
    return fields->count > 0 || lacks(reading, record, usual_fields[0], error);
}

static gboolean read_id(Reading *reading, const json_t *record, GError **error)
{
    const char *wanted = reading->settings->id_field;
    const json_t *id = find_field(record, wanted ? wanted : "id");
    reading->id = NULL;
    if (wanted && !id)
        return lacks(reading, record, wanted, error);
    if (json_is_string(id)) {
        reading->id = g_string_chunk_insert(reading->set->strings, json_string_value(id));
    } else if (json_is_integer(id)) {
        char digits[32];
        g_snprintf(digits, sizeof digits, "%" JSON_INTEGER_FORMAT, json_integer_value(id));
        reading->id = g_string_chunk_insert(reading->set->strings, digits);
    }
    return TRUE;
}

static gboolean add_record(Reading *reading, const char *bytes, gsize length, GError **error)
{
    json_error_t cause;
    Benchmark *benchmark = &reading->set->benchmarks[reading->number];
    g_autoptr(json_t) record = json_loadb(bytes, length, JSON_REJECT_DUPLICATES, &cause);
    if (!record)
        return fault(reading, error, "the line is no JSON object: %s, at column %d; benchmarks are JSON lines", cause.text, cause.column);
    if (!json_is_object(record))
        return fault(reading, error, "the line is no JSON object");
    if (benchmark->questions == G_MAXUINT32)
        return fault(reading, error, "more questions than 2^32 - 1");
    benchmark->questions++;
    return read_id(reading, record, error) && add_fields(reading, record, error);
}

/* ---- Files ------------------------------------------------------------------------------------------------------- */

static gboolean is_blank(const Line *line)
{
    for (gsize i = 0; i < line->length; i++)
        if (!strchr(" \t\r", line->data[i]) || !line->data[i])
            return FALSE;
    return TRUE;
}

static gboolean read_lines(Reading *reading, InputStream *stream, BenchmarkFile *file, GError **error)
{
    g_autoptr(LineReader) lines = line_reader_new(stream, BENCHMARK_LINE_LIMIT);
    Line line;
    int more;
    while ((more = line_reader_next(lines, &line, error)) > 0) {
        reading->line = line.number;
        if (line.too_long)
            return fault(reading, error, "the line has %" G_GUINT64_FORMAT " bytes, more than %" G_GSIZE_FORMAT, line.full_length,
                         BENCHMARK_LINE_LIMIT);
        if (line.number == 1 && line.length >= 3 && memcmp(line.data, "\xef\xbb\xbf", 3) == 0) { /* a byte order mark */
            line.data += 3;
            line.length -= 3;
        }
        if (is_blank(&line))
            continue;
        if (!add_record(reading, line.data, line.length, error))
            return FALSE;
        file->records++;
    }
    if (more == 0)
        return TRUE;
    g_prefix_error(error, "while reading benchmark '%s': ", reading->settings->name);
    return FALSE;
}

/* The path as the recipe's author would write it. */
static char *name_of(const Recipe *recipe, const char *path)
{
    gsize length = strlen(recipe->base_directory);
    gboolean inside = strncmp(path, recipe->base_directory, length) == 0 && path[length] == '/';
    return g_utf8_make_valid(inside ? path + length + 1 : path, -1);
}

static gboolean read_file(Reading *reading, const Recipe *recipe, const char *path, GError **error)
{
    struct stat status;
    if (!file_examine(path, &status, error))
        return FALSE;
    g_autoptr(InputStream) stream = input_stream_open(path, INPUT_STREAM_PLAIN, error);
    if (!stream)
        return FALSE;
    BenchmarkFile *file = g_new0(BenchmarkFile, 1);
    g_ptr_array_add(reading->set->benchmarks[reading->number].files, file);
    file->name = name_of(recipe, path);
    file->bytes = (guint64)status.st_size;
    reading->path = path;
    return read_lines(reading, stream, file, error) && input_stream_digest(stream, &file->digest, error);
}

static gboolean read_pattern(Reading *reading, const Recipe *recipe, const char *pattern, GError **error)
{
    g_autoptr(GPtrArray) paths = file_glob(recipe->base_directory, pattern, error);
    if (!paths) {
        g_prefix_error(error, "benchmark '%s': ", reading->settings->name);
        return FALSE;
    }
    for (guint i = 0; i < paths->len; i++)
        if (!read_file(reading, recipe, paths->pdata[i], error))
            return FALSE;
    return TRUE;
}

static gboolean read_benchmark(Reading *reading, const Recipe *recipe, GError **error)
{
    Benchmark *benchmark = &reading->set->benchmarks[reading->number];
    benchmark->name = reading->settings->name;
    benchmark->files = g_ptr_array_new_with_free_func(benchmark_file_free);
    for (unsigned i = 0; i < reading->settings->paths.count; i++)
        if (!read_pattern(reading, recipe, reading->settings->paths.items[i], error))
            return FALSE;
    if (benchmark->questions)
        return TRUE;
    g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT, "benchmark '%s' has no question in its files", benchmark->name);
    return FALSE;
}

BenchmarkSet *benchmark_set_read(const Recipe *recipe, BenchmarkVisit visit, gpointer user, GError **error)
{
    const RecipeContamination *settings = &recipe->contamination;
    g_autoptr(BenchmarkSet) set = g_new0(BenchmarkSet, 1);
    set->benchmarks = g_new0(Benchmark, settings->benchmarks_count);
    set->count = settings->benchmarks_count;
    set->texts = g_array_new(FALSE, FALSE, sizeof(BenchmarkText));
    set->strings = g_string_chunk_new(4096);
    for (unsigned i = 0; i < set->count; i++) {
        Reading reading = {.set = set, .settings = &settings->benchmarks[i], .number = i, .visit = visit, .user = user};
        if (!read_benchmark(&reading, recipe, error))
            return NULL;
    }
    return g_steal_pointer(&set);
}
