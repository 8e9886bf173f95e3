/* SPDX-License-Identifier: Apache-2.0
 * scrapers/formats/format.h - the input formats: how a file is cut into records, and a record parsed into a document.
 *
 * Two halves. A RecordReader (record_reader.c) runs in the main process and only cuts: it streams a file of any size in
 * constant memory and yields records, the bytes of one future document each, with their place. A Format's `parse` turns
 * one record into one Document; for formats with `sandboxed` set it runs in a child process without rights
 * (scrapers/parse_worker.h), since it meets strangers' bytes.
 *
 * To add a format: one file with a `const Format format_NAME`, one line in the table in format.c, a fuzz target in
 * tests/fuzz, fixtures in tests/unit.
 */
#ifndef SCRAPERS_FORMATS_FORMAT_H
#define SCRAPERS_FORMATS_FORMAT_H

#include "store/document.h"
#include "store/recipe.h"

/* The bytes of one future document. A record whose bytes could not be had (a line over the cap, a damaged archive
 * member) has `rule` set to the verdict's rule and `detail` to a line for people; it still enters and is accounted for. */
typedef struct Record {
    char *bytes; /* NUL-terminated, owned; the NUL is not counted */
    gsize length;
    char *origin;       /* "PATH", "PATH#MEMBER", with "@OFFSET" (of the unpacked bytes) for one of many in a file */
    char *url;          /* of a captured page, else NULL */
    char *content_type; /* of a captured page, with charset if the server said one, else NULL */
    char *redirect;     /* of a captured redirect: its target, as the server gave it; else NULL */
    guint64 line;       /* of its first byte in its file, for messages; 0: unknown, or the first */
    const char *rule;   /* static; NULL: the record is good */
    char *detail;
} Record;

void record_clear(Record *record);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Record, record_clear)

#define RECORD_LIMIT ((gsize)64 << 20) /* bytes of one record */

/* What parse may need of the recipe. Plain data: it travels to the child process. */
typedef struct ParseOptions {
    char *source;  /* tag */
    char *format;
    char *licence; /* of the source, for documents that do not say theirs; or NULL */
    char *text_field, *id_field;
    char *compat; /* the program whose text is wanted, or NULL */
    char **content, **remove; /* XPath, made of the recipe's selectors; NULL-terminated; may be NULL */
    char *title, *date;       /* XPath */
    char **start_at, **stop_at; /* headings, NULL-terminated; may be NULL */
    char **chapters; /* XPath of links to other pages of the same document, NULL-terminated */
    char **chapter_pages, **chapter_skip; /* expressions of URLs: of pages that have chapters, of links to none; may be NULL */
    gboolean tables;
    char **abstracts;        /* medline: which abstract may be the text; jats: which are; NULL-terminated; NULL: the usual ones */
    gboolean labels_in_line; /* medline: "LABEL: text" instead of headings */
    gboolean probe; /* say what the selectors find (scrapers/extract/probe.h) */
} ParseOptions;

ParseOptions *parse_options_new(const RecipeSource *source);
void parse_options_free(ParseOptions *options);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ParseOptions, parse_options_free)

/* Why a record gave no document: the rule of its verdict, and a line for people. */
typedef struct ParseFailure {
    const char *rule; /* static: one of the RULE_ names */
    char detail[256]; /* valid UTF-8 */
} ParseFailure;

#define RULE_MALFORMED_XML "malformed-xml"
#define RULE_MALFORMED_JSON "malformed-json"
#define RULE_MALFORMED_HTML "malformed-html" /* nested too deep, not HTML at all */
#define RULE_INVALID_UTF8 "invalid-utf8"
#define RULE_TOO_LARGE "too-large"
#define RULE_NO_TEXT "no-text"               /* parsed well, and there is nothing to read */
#define RULE_NOT_A_DOCUMENT "not-a-document" /* another kind of record: a book chapter list, an image, a feed */
#define RULE_DAMAGED_INPUT "damaged-input"   /* truncated or corrupt file: the rest of it could not be read */
#define RULE_DELETED "deleted-by-publisher"  /* a MEDLINE DeleteCitation entry */
#define RULE_MALFORMED_PDF "malformed-pdf"
#define RULE_ENCRYPTED_PDF "encrypted-pdf"   /* a password is needed, or its owner forbids copying */
#define RULE_SCANNED_PDF "scanned-pdf"       /* pictures of pages, without text */
#define RULE_PARSER_CRASHED "parser-crashed"
#define RULE_PARSER_TIMEOUT "parser-timeout"

void parse_failure_set(ParseFailure *failure, const char *rule, const char *format, ...) G_GNUC_PRINTF(3, 4);

typedef enum {
    SPLIT_FILE,     /* a record is a file, or a file inside a tar or zip */
    SPLIT_LINES,    /* a record is a line; empty lines are no records */
    SPLIT_ELEMENTS, /* a record is one of `elements`, in a file too large to hold */
    SPLIT_WARC,     /* a record is a page in a WARC file: the body of a response, or a resource */
} SplitKind;

typedef struct Format {
    const char *name;
    const char *summary;
    SplitKind split;
    const char *const *elements; /* NULL-terminated, for SPLIT_ELEMENTS and for collections */
    const char *const *collections; /* SPLIT_FILE: a file with one of these roots is cut into `elements`; or NULL */
    const char *const *suffixes; /* SPLIT_FILE: ends of the names of archive members that are records; NULL: all */
    gboolean sandboxed;
    gboolean web; /* records come from the open web: a bad one is no error of the curator's */
    /* Fills the document: at the least `id`, on success `text` and `kind`. What it fills on failure (an id, a title) is
     * kept for the ledger. Never prints, never reads files, needs no locale. */
    gboolean (*parse)(const Record *record, const ParseOptions *options, Document *document, ParseFailure *failure);
    /* What names the record for the draw of a sample, found without parsing: bytes of the record, *length of them. NULL: the
     * record is always drawn. A format without it draws by the whole record. */
    const char *(*key)(const Record *record, gsize *length);
    /* Both or neither. Records that needs_convert are given to `convert` before they go to `parse`, in the process and on
     * the thread that calls parser_parse: it runs a program (in a jail) that a sandboxed child could not start. It fills
     * `converted`, which parse gets in the record's stead, or `failure`. FALSE with `error` when the machine fails. */
    gboolean (*needs_convert)(const Record *record);
    gboolean (*convert)(const Record *record, Record *converted, ParseFailure *failure, GError **error);
} Format;

const Format *format_find(const char *name); /* NULL if there is none */
extern const Format *const format_table[];   /* NULL-terminated */

/* Cuts one file. record_reader_next: 1 and the record filled (free with record_clear), 0 at the end, -1 when the file
 * is damaged or unreadable beyond this point. Records come in the order of the file. */
typedef struct RecordReader RecordReader;
RecordReader *record_reader_open(const Format *format, const char *path, GError **error);
int record_reader_next(RecordReader *reader, Record *record, GError **error);
guint64 record_reader_raw_position(const RecordReader *reader); /* bytes of the file on disk, for progress */
gboolean record_reader_digest(RecordReader *reader, Sha256 *digest, GError **error); /* of the whole file on disk */
void record_reader_free(RecordReader *reader);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RecordReader, record_reader_free)

#endif
