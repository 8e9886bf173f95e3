/* SPDX-License-Identifier: Apache-2.0
 * base/yaml.h - YAML files checked against a libcyaml schema, with errors that point.
 *
 * yaml_read fills a newly allocated struct as the schema says. An unknown key, a wrong type or a missing required key
 * is GALEN_ERROR_INPUT whose message has file, line and column, the offending line with a caret under the place, and
 * what the schema wanted. Aliases are refused: with them a short file can ask for any amount of memory. yaml_release releases what yaml_read made.
 */
#ifndef BASE_YAML_H
#define BASE_YAML_H

#include <cyaml/cyaml.h>
#include <glib.h>

/* Where the value of a key may be a mapping or, for short, one of its members: `key: X` stands for `key: {member: X}`. */
typedef struct YamlShorthand {
    const char *key, *member;
} YamlShorthand;

/* As yaml_read; `shorthands` ends with an entry without a key. */
gboolean yaml_read_short(const char *path, const cyaml_schema_value_t *schema, const YamlShorthand *shorthands, gpointer *value,
                         GError **error);
gboolean yaml_read(const char *path, const cyaml_schema_value_t *schema, gpointer *value, GError **error);
void yaml_release(const cyaml_schema_value_t *schema, gpointer value);

#endif
