/* SPDX-License-Identifier: Apache-2.0
 * Fuzz target of scrapers/extract/html.h: any bytes give a failure or a document of valid text without controls. */
#include "scrapers/extract/html.h"

#include <stdint.h>
#include <string.h>

#define PROSE "The dose for adults is ten milligrams twice a day, taken with food, for as long as the symptoms last, " \
              "and a review by the physician who prescribed it takes place after four weeks of treatment. "

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

extern const char *const fuzz_seeds[];
const char *const fuzz_seeds[] = {
    "<!DOCTYPE html><html lang=en><head><meta charset=utf-8><title>Dose | Site</title><link rel=canonical href=/a>"
    "</head><body><nav><a href=/>Home</a></nav><main><h1>Dose</h1><p>" PROSE "<h3>Notes</h3><ul><li>one<ul><li>two"
    "</ul></ul><p>10<sup>3</sup>/m<sup>2</sup><sup><a href=#r>1</a></sup> " PROSE "</main><footer>x</footer>",
    "<table><caption>c</caption><tr><th colspan=3>a<td>b</table><table><tr><td>" PROSE "<table><tr><td>x</table></table>",
    "<p>" PROSE "<dl><dt>Term<dd>Definition<dd>Another</dl><pre>\n  code\n\n\n</pre><blockquote>" PROSE "</blockquote>",
    "<script type=\"application/ld+json\">{\"@graph\":[{\"author\":{\"name\":\"A\"},\"articleBody\":\"" PROSE PROSE
    "\"}]}</script><body><b><p><i>x</b>y</i><a><b><a></table><svg><p><math alttext=x><mi>y</svg>",
    "<meta http-equiv=content-type content=\"text/html; charset=gb2312\"><body class=\"related-links\"><div hidden>" PROSE
    "</div><select><option>a<template><div></template><frameset><article itemprop=articleBody>" PROSE PROSE,
    NULL,
};

static void check_text(const Document *document)
{
    g_assert_true(g_utf8_validate(document->text, (gssize)document->text_length, NULL));
    g_assert_cmpuint(strlen(document->text), ==, document->text_length);
    for (const char *at = document->text; *at; at = g_utf8_next_char(at)) {
        gunichar c = g_utf8_get_char(at);
        g_assert_true(c == '\n' || c == '\t' || !g_unichar_iscntrl(c));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char main_xpath[] = "//main", h3_xpath[] = "//h3", h1_xpath[] = "//h1", links_xpath[] = "//a | //@src", self[] = "self";
    char skipped[] = "/$";
    char *content[] = {main_xpath, NULL}, *remove[] = {h3_xpath, NULL}, *chapters[] = {links_xpath, self, NULL}, *skip[] = {skipped, NULL};
    ParseOptions generic = {.tables = TRUE}, ruled = {.content = content, .remove = remove, .title = h1_xpath};
    ruled.chapters = chapters;
    ruled.chapter_skip = skip;
    ruled.probe = TRUE;
    const ParseOptions *options[] = {&generic, &ruled};
    for (gsize i = 0; i < G_N_ELEMENTS(options); i++) {
        g_auto(Document) document = {0};
        ParseFailure failure = {0};
        if (html_extract((const char *)data, size, NULL, "https://example.org/a/b", options[i], &document, &failure))
            check_text(&document);
        else
            g_assert_nonnull(failure.rule);
    }
    return 0;
}
