/* SPDX-License-Identifier: Apache-2.0
 * Pieces of the report's page; see store/report/html.h. */
#include "store/report/html.h"

#include <string.h>

void html_text(GString *page, const char *text)
{
    g_autofree char *valid = g_utf8_make_valid(text ? text : "", -1);
    for (const char *at = valid; *at; at++)
        switch (*at) {
        case '&': g_string_append(page, "&amp;"); break;
        case '<': g_string_append(page, "&lt;"); break;
        case '>': g_string_append(page, "&gt;"); break;
        case '"': g_string_append(page, "&quot;"); break;
        case '\'': g_string_append(page, "&#39;"); break;
        default: g_string_append_c(page, (guchar)*at < 0x20 ? ' ' : *at);
        }
}

void html_count(GString *page, guint64 count)
{
    char digits[32];
    int length = g_snprintf(digits, sizeof digits, "%" G_GUINT64_FORMAT, count);
    for (int i = 0; i < length; i++) {
        if (i > 0 && (length - i) % 3 == 0)
            g_string_append_c(page, ',');
        g_string_append_c(page, digits[i]);
    }
}

char *html_percent(double share)
{
    char number[G_ASCII_DTOSTR_BUF_SIZE];
    double percent = share * 100;
    return g_strdup_printf("%s\u202f%%", g_ascii_formatd(number, sizeof number, percent > 0 && percent < 1 ? "%.2f" : "%.1f", percent));
}

void html_section(GString *page, const char *title, const char *sentence)
{
    g_string_append(page, "<section><h2>");
    html_text(page, title);
    g_string_append(page, "</h2><p>");
    html_text(page, sentence);
    g_string_append(page, "</p>\n");
}

void html_table_begin(GString *page, const char *bar, const char *const *columns)
{
    g_string_append(page, "<div class=\"scroll\" tabindex=\"0\"><table><thead><tr>");
    for (gsize i = 0; columns[i]; i++) {
        g_string_append(page, i ? "<th scope=\"col\" class=\"n\">" : "<th scope=\"col\">");
        html_text(page, columns[i]);
        g_string_append(page, "</th>");
        if (i == 0)
            g_string_append_printf(page, "<th scope=\"col\" class=\"b\">%s</th>", bar);
    }
    g_string_append(page, "</tr></thead><tbody>\n");
}

void html_row(GString *page, const char *label, double share, const char *const *cells)
{
    g_string_append(page, "<tr><th scope=\"row\">");
    html_text(page, label);
    g_string_append(page, "</th><td class=\"b\">");
    if (share >= 0) {
        char width[G_ASCII_DTOSTR_BUF_SIZE];
        g_ascii_formatd(width, sizeof width, "%.2f", CLAMP(share, 0, 1) * 100);
        g_autofree char *percent = html_percent(share);
        g_string_append_printf(page, "<svg role=\"img\" aria-label=\"%s\" viewBox=\"0 0 100 10\" preserveAspectRatio=\"none\"><rect class=\"track\" width=\"100\" "
                               "height=\"10\"/><rect class=\"bar\" width=\"%s\" height=\"10\"/></svg>", percent, width);
    }
    g_string_append(page, "</td>");
    for (gsize i = 0; cells[i]; i++) {
        g_string_append(page, "<td class=\"n\">");
        html_text(page, cells[i]);
        g_string_append(page, "</td>");
    }
    g_string_append(page, "</tr>\n");
}

void html_table_end(GString *page)
{
    g_string_append(page, "</tbody></table></div></section>\n");
}

void html_head(GString *page, const char *title)
{
    g_string_append(page, "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
                          "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"><title>");
    html_text(page, title);
    g_string_append(page,
        "</title><style>\n"
        ":root{color-scheme:light dark;--paper:#fcfcfa;--ink:#1d2126;--soft:#5b646e;--line:#dcdfe3;--track:#e8ebee;--bar:#2f6f8f}\n"
        "@media(prefers-color-scheme:dark){:root{--paper:#15181c;--ink:#e6e8ea;--soft:#a0a8b1;--line:#333a42;--track:#262c33;--bar:#6bb3d3}}\n"
        "body{margin:0 auto;max-width:66rem;padding:1.5rem 1rem 3rem;background:var(--paper);color:var(--ink);font:16px/1.5 system-ui,sans-serif}\n"
        "h1{font-size:1.7rem;line-height:1.2;margin:0 0 .3rem}h2{font-size:1.2rem;margin:2.2rem 0 .2rem}p{margin:.2rem 0 .8rem;color:var(--soft)}\n"
        "code{font-size:.85em;overflow-wrap:anywhere}dl{display:grid;grid-template-columns:repeat(auto-fit,minmax(9rem,1fr));gap:.6rem;margin:1.2rem 0}\n"
        "dl div{border:1px solid var(--line);border-radius:.5rem;padding:.6rem .8rem}dt{color:var(--soft);font-size:.85rem}dd{margin:0;font-size:1.3rem}\n"
        ".scroll{overflow-x:auto}table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}\n"
        "th,td{padding:.3rem .6rem .3rem 0;border-bottom:1px solid var(--line);text-align:left;vertical-align:top}\n"
        "thead th{vertical-align:bottom;color:var(--soft);font-weight:500;font-size:.85rem}tbody th{font-weight:400;overflow-wrap:anywhere;min-width:7rem}\n"
        ".n{text-align:right;white-space:nowrap}.b{width:30%;min-width:4rem}svg{display:block;width:100%;height:.8rem;margin-top:.35rem}\n"
        ".track{fill:var(--track)}.bar{fill:var(--bar)}\n"
        "@media(max-width:40rem){.b{width:4rem;min-width:3rem}body{font-size:14px}}\n"
        "@media print{body{max-width:none;padding:0}section{break-inside:avoid}svg{print-color-adjust:exact;-webkit-print-color-adjust:exact}}\n"
        "</style></head><body><main>\n");
}
