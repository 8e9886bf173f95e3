/* SPDX-License-Identifier: Apache-2.0
 * Bytes as files of every kind that is cut into records: all readers end, and every record is whole. */
#include <glib/gstdio.h>
#include <stdint.h>
#include <unistd.h>

#include "scrapers/formats/formats.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_all(const Format *format, const char *path)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(RecordReader) reader = record_reader_open(format, path, &error);
    int got = reader ? 1 : -1;
    while (got > 0) {
        g_auto(Record) record;
        got = record_reader_next(reader, &record, &error);
        if (got < 1)
            break;
        g_assert_nonnull(record.origin);
        g_assert_true(record.bytes && record.bytes[record.length] == '\0');
        g_assert_true(!record.url || g_utf8_validate(record.url, -1, NULL));
    }
    g_assert_true((got < 0) == (error != NULL));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *path = NULL;
    int descriptor = g_file_open_tmp("galen-fuzz-XXXXXX", &path, NULL);
    if (descriptor < 0)
        return 0;
    if (write(descriptor, data, size) == (ssize_t)size) {
        read_all(&format_warc, path);
        read_all(&format_medline, path);
        read_all(&format_jats, path);
        read_all(&format_jsonl, path);
    }
    close(descriptor);
    g_unlink(path);
    return 0;
}

extern const char *const fuzz_seeds[];
const char *const fuzz_seeds[] = {
    "WARC/1.0\r\nWARC-Type: warcinfo\r\nContent-Length: 2\r\n\r\nab\r\n\r\nWARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: <http://a/>"
    "\r\nContent-Type: application/http\r\nContent-Length: 68\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
    "\r\n\r\n",
    "WARC/1.1\nWARC-Type: response\nWARC-Target-URI: http://a/robots.txt\nContent-Length: 20\n\nHTTP/1.1 200 OK\n\nab\n\n\nrubbish\n"
    "WARC/1.1\nContent-Length: x\n\n",
    "<S><!-- c --><PubmedArticle a='>'>1<![CDATA[x]]></PubmedArticle><DeleteCitation/><PubmedArticle><?p?></S>",
    "<pmc-articleset><article>1</article><article>2</article></pmc-articleset>",
    "{\"text\":\"a\"}\r\n\n{\"text\":\"b\"}",
    "WARC/1.1\r\nWARC-Type: resource\r\nWARC-Target-URI: http://a/1\r\nContent-Type: text/html\r\nContent-Length: 8\r\n\r\n<p>1</p>\r\n\r\n",
    NULL,
};
