/* SPDX-License-Identifier: Apache-2.0
 * cleaning/personal.h - fields of personal health information, "MRN: 00123456", and the values in them.
 *
 * Looked for are names of fields of medical records (HIPAA Safe Harbor, 45 CFR 164.514(b)(2)) with a value directly behind:
 * record, insurance and social security numbers, dates of birth, names of patients. Names of fields alone are ordinary text
 * of papers and are never found, and neither are ages, doses or dates without such a field.
 */
#ifndef CLEANING_PERSONAL_H
#define CLEANING_PERSONAL_H

#include <glib.h>

#define PERSONAL_MASKED "[masked]"

typedef struct PersonalValue {
    gsize start;
    gsize end;
} PersonalValue;

/* The first value at or behind `at`; FALSE: there is none. */
gboolean personal_next(const char *text, gsize at, gsize length, PersonalValue *value);

#endif
