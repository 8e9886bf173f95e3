/* SPDX-License-Identifier: Apache-2.0
 * scrapers/formats/xml_tape.h - the XML of one record as a flat list of its elements: for formats whose records are small
 * and whose files are large.
 *
 * xml_tape_read checks that the bytes are well-formed XML 1.0 (fifth edition) and notes where each element begins and
 * ends; nothing is copied or decoded. Elements lie on the tape in the order of their start tags, so the children of
 * element i are i + 1, then the `next` of each, up to i's own `next`. Text is read from the bytes when somebody wants it
 * (medline_text.h).
 *
 * A vocabulary lists the names that a format knows. An element that is TAPE_SKIPPED is checked like all others, but
 * what is inside it leaves nothing on the tape; TAPE_OPAQUE is the same, for elements that another parser reads. Elements of
 * other names are on the tape, with what is in them, and the names are remembered.
 *
 * Not read: document types, hence no entities but those of xml_entities.h; namespaces, of which only the prefix is cut
 * off. Encodings other than UTF-8 are the cutter's business. Nothing recurses; depth, elements and size are capped.
 */
#ifndef SCRAPERS_FORMATS_XML_TAPE_H
#define SCRAPERS_FORMATS_XML_TAPE_H

#include "scrapers/formats/format.h"

#define TAPE_DEPTH_LIMIT 256
#define TAPE_LIMIT 4000000 /* elements of one record; 32 bytes each */
#define TAPE_UNKNOWN_LIMIT 16   /* names that are remembered */
#define TAPE_NONE G_MAXUINT32

typedef enum {
    TAPE_READ,    /* the format looks into it */
    TAPE_SKIPPED, /* says nothing that a document keeps */
    TAPE_OPAQUE,
} TapeTreatment;

typedef struct TapeName {
    const char *name;
    TapeTreatment treatment;
} TapeName;

typedef struct TapeElement {
    guint32 start;       /* offset of its '<' */
    guint32 attributes;  /* behind its name */
    guint32 content;     /* behind its start tag */
    guint32 content_end; /* before its end tag; `content` for an empty-element tag */
    guint32 end;         /* behind its end tag */
    guint32 next;        /* number on the tape of the first element behind it */
    guint32 name;        /* index in the vocabulary, or TAPE_NONE */
} TapeElement;

typedef struct XmlTape {
    const TapeName *vocabulary;
    guint32 vocabulary_size;
    guint8 *index;      /* hash of a name -> 1 + index in the vocabulary */
    guint8 *sizes;      /* of the names */
    const char *bytes;  /* of the record; borrowed */
    guint64 line;       /* of the first byte in its file */
    TapeElement *elements;
    guint32 count, capacity;
    char *unknown[TAPE_UNKNOWN_LIMIT]; /* names of unknown elements of this record, each once */
    guint32 unknown_count;
} XmlTape;

/* At most 200 names, each at most 32 bytes; the table must outlive the tape. */
XmlTape *xml_tape_new(const TapeName *vocabulary, guint32 size);
void xml_tape_free(XmlTape *tape);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(XmlTape, xml_tape_free)

/* Reads a record, NUL-terminated, in place of what was on the tape before. FALSE with `failure` filled when it is not
 * well-formed; the line that it names is counted from `line`, that of the record's first byte in its file. */
gboolean xml_tape_read(XmlTape *tape, const char *bytes, gsize length, guint64 line, ParseFailure *failure);

guint32 xml_tape_child(const XmlTape *tape, guint32 parent, guint32 name);   /* the first with this name, or TAPE_NONE */
guint32 xml_tape_next(const XmlTape *tape, guint32 parent, guint32 element); /* its next sibling with the same name */

/* The value of an attribute as it stands in the bytes, references undecoded; FALSE if there is none, or no element. */
gboolean xml_tape_attribute(const XmlTape *tape, guint32 element, const char *name, const char **value, gsize *length);

/* Decodes the reference at `at` ("&lt;", "&#60;", "&alpha;"), all of which xml_tape_read has checked. Appends what it
 * stands for and returns what is behind it. */
const char *xml_tape_decode(const char *at, Buffer *out);

#endif
