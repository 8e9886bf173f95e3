/* SPDX-License-Identifier: Apache-2.0
 * Bytes as a table of citations: rows have identifiers in their normal form, and every line is accounted for. */
#include <glib/gstdio.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "scrapers/citation_table.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_row(const CitationRow *row)
{
    static const char *const names[] = {"PMID ", "PMCID ", "DOI 10.", "CorpusID "};
    unsigned ids = 0;
    for (unsigned i = 0; i < CITATION_IDS; i++) {
        ids += row->ids[i] != NULL;
        g_assert_true(!row->ids[i] || g_str_has_prefix(row->ids[i], names[i]));
    }
    g_assert_cmpuint(ids, >, 0);
    g_assert_cmpuint(row->line, >, 0);
    g_assert_true(row->counted || row->citations == 0);
}

static void read_all(const char *path)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(CitationTable) table = citation_table_open(path, &error);
    guint64 rows = 0;
    int got = table ? 1 : -1;
    while (got > 0) {
        g_auto(CitationRow) row = {0};
        got = citation_table_next(table, &row, &error);
        if (got < 1)
            break;
        check_row(&row);
        rows++;
    }
    g_assert_true((got < 0) == (error != NULL));
    if (!table)
        return;
    const char *fault = citation_table_fault(table);
    g_assert_cmpuint(rows + citation_table_bad_lines(table), <=, citation_table_lines(table));
    g_assert_true((fault != NULL) == (citation_table_bad_lines(table) > 0));
    g_assert_true(!fault || g_utf8_validate(fault, -1, NULL));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *path = NULL;
    int descriptor = g_file_open_tmp("galen-fuzz-XXXXXX", &path, NULL);
    if (descriptor < 0)
        return 0;
    if (write(descriptor, data, size) == (ssize_t)size)
        read_all(path);
    close(descriptor);
    g_unlink(path);
    return 0;
}

extern const char *const fuzz_seeds[];
const char *const fuzz_seeds[] = {
    "pmid,doi,title,citation_count,cited_by\n31,10.1/A,\"a, \"\"b\"\"\",17,1 2\n5,,\"x\ny\",0,\n6,no,z,,\n7,,\"open,1,\n8,,a,-1,\n",
    "\xef\xbb\xbfPMCID\tCitationCount\r\nPMC7.1\t12.0\r\n\r\n8\tx\r\n",
    "{\"corpusid\":9,\"externalids\":{\"PubMed\":\"3\",\"PubMedCentral\":\"44\",\"DOI\":\"10.1/X\",\"MAG\":null},\"citationcount\":5}\n"
    "{\"externalIds\":{\"CorpusId\":10,\"PubMed\":4},\"citationCount\":\"6\"}\n[1]\n{\"pmid\":7,\"citation_count\":1e3}\n",
    NULL,
};
