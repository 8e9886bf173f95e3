/* SPDX-License-Identifier: Apache-2.0
 * YAML through libcyaml, whose log lines become one pointed error; see base/yaml.h. */
#include "base/yaml.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"

#define YAML_LIMIT (16 * 1024 * 1024)

static void collect_log(cyaml_log_t level, void *user, const char *format, va_list arguments)
{
    (void)level;
    g_string_append_vprintf(user, format, arguments);
}

static cyaml_config_t config_for(GString *log)
{
    return (cyaml_config_t){
        .log_fn = collect_log,
        .log_ctx = log,
        .mem_fn = cyaml_mem,
        .log_level = CYAML_LOG_ERROR,
        .flags = CYAML_CFG_DEFAULT,
    };
}

/* libcyaml ends its log with a backtrace whose innermost line says "(line: L, column: C)". */
static gboolean find_place(const char *log, unsigned *line, unsigned *column)
{
    for (const char *at = log; (at = strstr(at, "(line: ")); at++)
        if (sscanf(at, "(line: %u, column: %u)", line, column) == 2)
            return TRUE;
    return FALSE;
}

/* The first line of the log without libcyaml's "Load: " and without a final newline. */
static char *find_reason(const char *log)
{
    const char *start = g_str_has_prefix(log, "Load: ") ? log + strlen("Load: ") : log;
    return g_strndup(start, strcspn(start, "\n"));
}

/* libcyaml tells the place before an unknown key, not the key's own: moves on to where the key stands. */
static void move_to_key(const char *text, const char *reason, unsigned *line, unsigned *column)
{
    static const char prefix[] = "Unexpected key: ";
    if (!g_str_has_prefix(reason, prefix))
        return;
    const char *key = reason + strlen(prefix);
    gsize key_length = strlen(key);
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (unsigned i = MAX(*line, 1) - 1; i < g_strv_length(lines); i++) {
        for (const char *at = lines[i]; (at = strstr(at, key)); at++) {
            gboolean starts = at == lines[i] || strchr(" {,-\"'", at[-1]);
            if (starts && at[key_length + strspn(at + key_length, " \"'")] == ':') {
                *line = i + 1;
                *column = (unsigned)(at - lines[i]) + 1;
                return;
            }
        }
    }
}

static void append_quoted_line(GString *message, const char *text, unsigned line, unsigned column)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    if (line == 0 || line > g_strv_length(lines))
        return;
    g_string_append_printf(message, "\n  %u | %s\n    ", line, lines[line - 1]);
    for (unsigned digits = line; digits >= 10; digits /= 10)
        g_string_append_c(message, ' ');
    g_string_append_printf(message, "| %*s^", column > 0 ? (int)column - 1 : 0, "");
}

gboolean yaml_read(const char *path, const cyaml_schema_value_t *schema, gpointer *value, GError **error)
{
    g_autofree char *text = NULL;
    gsize length;
    if (!file_read(path, YAML_LIMIT, &text, &length, error))
        return FALSE;
    g_autoptr(GString) log = g_string_new(NULL);
    cyaml_config_t config = config_for(log);
    *value = NULL;
    cyaml_err_t result = cyaml_load_data((const uint8_t *)text, length, &config, schema, value, NULL);
    if (result == CYAML_OK && *value)
        return TRUE;
    unsigned line = 0, column = 0;
    g_autofree char *reason = find_reason(log->len ? log->str : cyaml_strerror(result));
    g_autoptr(GString) message = g_string_new(path);
    gboolean placed = find_place(log->str, &line, &column);
    move_to_key(text, reason, &line, &column);
    if (placed)
        g_string_append_printf(message, ":%u:%u", line, column);
    g_string_append_printf(message, ": %s", result == CYAML_OK ? "the file is empty" : reason);
    append_quoted_line(message, text, line, column);
    g_set_error_literal(error, GALEN_ERROR, GALEN_ERROR_INPUT, message->str);
    return FALSE;
}

void yaml_release(const cyaml_schema_value_t *schema, gpointer value)
{
    g_autoptr(GString) log = g_string_new(NULL);
    cyaml_config_t config = config_for(log);
    cyaml_free(&config, schema, value, 0);
}
