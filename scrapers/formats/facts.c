/* SPDX-License-Identifier: Apache-2.0
 * Dates, languages, identifiers; see facts.h. */
#include "scrapers/formats/facts.h"

#include <stdlib.h>
#include <string.h>

#define ARRAY_LIMIT 10000 /* values of one kind; hostile files have more */

static int month_number(const char *month)
{
    static const char names[][4] = {"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"};
    if (g_ascii_isdigit(*month)) {
        int number = atoi(month);
        return number >= 1 && number <= 12 ? number : 0;
    }
    for (int i = 0; i < 12; i++)
        if (g_ascii_strncasecmp(month, names[i], 3) == 0)
            return i + 1;
    return 0;
}

static gboolean is_year(const char *text)
{
    for (int i = 0; i < 4; i++)
        if (!g_ascii_isdigit(text[i]))
            return FALSE;
    return !g_ascii_isdigit(text[4]);
}

char *fact_date(const char *year, const char *month, const char *day)
{
    if (!year || !is_year(year))
        return NULL;
    int month_value = month ? month_number(month) : 0;
    int day_value = day && g_ascii_isdigit(*day) ? atoi(day) : 0;
    char date[] = "YYYY-MM-DD";
    memcpy(date, year, 4);
    date[5] = (char)('0' + month_value / 10);
    date[6] = (char)('0' + month_value % 10);
    date[8] = (char)('0' + day_value / 10 % 10);
    date[9] = (char)('0' + day_value % 10);
    gboolean has_day = day_value >= 1 && day_value <= 31;
    return g_strndup(date, month_value == 0 ? 4 : has_day ? 10 : 7);
}

char *fact_date_from_words(const char *text)
{
    for (const char *at = text; *at; at++) {
        if (!g_ascii_isdigit(*at))
            continue;
        if (!is_year(at)) {
            while (g_ascii_isdigit(at[1]))
                at++;
            continue;
        }
        const char *month = at + 4;
        while (*month == ' ')
            month++;
        return fact_date(at, g_ascii_isalpha(*month) ? month : NULL, NULL);
    }
    return NULL;
}

/* ISO 639-2, bibliographic and terminology codes, for languages that have a code in ISO 639-1. Sorted. */
static const char languages[][2][4] = {
    {"afr", "af"}, {"alb", "sq"}, {"amh", "am"}, {"ara", "ar"}, {"arm", "hy"}, {"aze", "az"}, {"baq", "eu"},
    {"bel", "be"}, {"ben", "bn"}, {"bos", "bs"}, {"bul", "bg"}, {"bur", "my"}, {"cat", "ca"}, {"ces", "cs"},
    {"chi", "zh"}, {"cym", "cy"}, {"cze", "cs"}, {"dan", "da"}, {"deu", "de"}, {"dut", "nl"}, {"ell", "el"},
    {"eng", "en"}, {"epo", "eo"}, {"est", "et"}, {"eus", "eu"}, {"fao", "fo"}, {"fas", "fa"}, {"fin", "fi"},
    {"fra", "fr"}, {"fre", "fr"}, {"geo", "ka"}, {"ger", "de"}, {"gla", "gd"}, {"gle", "ga"}, {"glg", "gl"},
    {"gre", "el"}, {"guj", "gu"}, {"heb", "he"}, {"hin", "hi"}, {"hrv", "hr"}, {"hun", "hu"}, {"hye", "hy"},
    {"ice", "is"}, {"ind", "id"}, {"isl", "is"}, {"ita", "it"}, {"jpn", "ja"}, {"kat", "ka"}, {"kaz", "kk"},
    {"khm", "km"}, {"kin", "rw"}, {"kir", "ky"}, {"kor", "ko"}, {"lao", "lo"}, {"lat", "la"}, {"lav", "lv"},
    {"lit", "lt"}, {"ltz", "lb"}, {"mac", "mk"}, {"mal", "ml"}, {"mao", "mi"}, {"may", "ms"}, {"mkd", "mk"},
    {"mlg", "mg"}, {"mlt", "mt"}, {"mon", "mn"}, {"mri", "mi"}, {"msa", "ms"}, {"mya", "my"}, {"nep", "ne"},
    {"nld", "nl"}, {"nno", "nn"}, {"nob", "nb"}, {"nor", "no"}, {"per", "fa"}, {"pol", "pl"}, {"por", "pt"},
    {"pus", "ps"}, {"ron", "ro"}, {"rum", "ro"}, {"rus", "ru"}, {"san", "sa"}, {"scc", "sr"}, {"scr", "hr"},
    {"sin", "si"}, {"slk", "sk"}, {"slo", "sk"}, {"slv", "sl"}, {"spa", "es"}, {"sqi", "sq"}, {"srp", "sr"},
    {"swa", "sw"}, {"swe", "sv"}, {"tam", "ta"}, {"tel", "te"}, {"tha", "th"}, {"tur", "tr"}, {"ukr", "uk"},
    {"urd", "ur"}, {"uzb", "uz"}, {"vie", "vi"}, {"wel", "cy"}, {"zho", "zh"}, {"zul", "zu"},
};

const char *fact_language(const char *code)
{
    char key[4] = {0};
    gsize length = 0;
    while (g_ascii_isalpha(code[length]) && length < 4)
        length++;
    if ((length != 2 && length != 3) || (code[length] && !strchr("-_", code[length])))
        return NULL;
    for (gsize i = 0; i < length; i++)
        key[i] = g_ascii_tolower(code[i]);
    for (gsize i = 0; i < G_N_ELEMENTS(languages); i++)
        if (strcmp(languages[i][length == 3 ? 0 : 1], key) == 0)
            return languages[i][1];
    return NULL;
}

void fact_set(json_t *object, const char *key, const char *value)
{
    if (value && *value)
        json_object_set_new(object, key, json_text(value));
}

void fact_append(json_t *array, const char *value)
{
    gsize count = json_array_size(array);
    if (!value || !*value || count >= ARRAY_LIMIT)
        return;
    /* Only short lists are searched, so that a long one costs no square. */
    for (gsize i = count > 64 ? count - 64 : 0; i < count; i++)
        if (strcmp(json_string_value(json_array_get(array, i)), value) == 0)
            return;
    json_array_append_new(array, json_text(value));
}

void fact_set_array(json_t *object, const char *key, json_t *array)
{
    if (json_array_size(array) > 0)
        json_object_set_new(object, key, array);
    else
        json_decref(array);
}

char *fact_pmcid(const char *value)
{
    if (g_ascii_strncasecmp(value, "PMC", 3) == 0)
        value += 3;
    gsize digits = strspn(value, "0123456789");
    if (digits == 0 || digits > 12 || (value[digits] && value[digits] != '.'))
        return NULL;
    return g_strdup_printf("PMC%.*s", (int)digits, value);
}
