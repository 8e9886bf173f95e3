/* SPDX-License-Identifier: Apache-2.0
 * The kinds of finding, explained; see store/audit.h. docs/findings.md has the same list, and a test compares them. */
#include <string.h>

#include "store/audit.h"

static const FindingKind kinds[] = {
    {FINDING_STORE_DAMAGED, SEVERITY_ERROR, "the database file itself is damaged",
     "A page of part-0000.mdb is not as LMDB writes it: its number, kind, bounds, keys or place in the list of free pages cannot be "
     "right. Records were not looked at, because reading on could crash.",
     "Restore the store from a copy, or build it anew. Look for a failing disk."},
    {FINDING_UNFINISHED, SEVERITY_ERROR, "the build was not finished",
     "There is no manifest.json: a build was stopped, or something changed the store after the last one.",
     "Run galen build again with the same recipe; it goes on where it stopped."},
    {FINDING_HASH_MISMATCH, SEVERITY_ERROR, "bytes are not those that were written",
     "A record's checksum, a table's or file's hash in the seal, or a hash or count in the manifest differs from what is there. One "
     "damaged byte can have several such findings, from the record up to the root.",
     "Restore the store from a copy, or build it anew. Do not train on it: the finding's place says what is affected."},
    {FINDING_MISSING_FILE, SEVERITY_ERROR, "a file of the store is gone",
     "The seal, the tokenizer's model or an earlier manifest was there when the build ended and is not there now.",
     "Restore it from a copy, or build again."},
    {FINDING_MISSING_CAPTURE, SEVERITY_WARNING, "the raw capture of a site is gone",
     "A WARC file below captures/ was there when the build ended. The corpus is whole without it, but texts cannot be traced back to "
     "the pages that they came from, and new rules of extraction cannot be tried without fetching them again.",
     "Restore it from a copy. Where the store was passed on without captures on purpose, nothing need be done."},
    {FINDING_UNKNOWN_FILE, SEVERITY_INFO, "a file below captures/ is new",
     "The file was not there when the build ended, so nothing in the store comes from it.",
     "Build again to take a new crawl in, or move the file away."},
    {FINDING_LEDGER_GAP, SEVERITY_ERROR, "a document has no verdict",
     "Every document that entered is kept, dropped by a rule, or merged into another. This one is none of these, in a finished store.",
     "Report it as a bug of Galen; build anew."},
    {FINDING_LOST_WINNER, SEVERITY_ERROR, "the document that stands for a duplicate is not kept",
     "A document was merged into another one that is missing, undecided, or was dropped before the two were compared.",
     "Report it as a bug of Galen; build anew."},
    {FINDING_LOST_CHAPTER, SEVERITY_ERROR, "a document and its pages disagree",
     "A page is said to be a chapter of a document that does not list it, or a document lists a page that went elsewhere.",
     "Report it as a bug of Galen; build anew."},
    {FINDING_LOST_ID, SEVERITY_ERROR, "a document's id does not lead to it",
     "Looking up source and id finds nothing, or a document with another id. Verbs that take an id would miss it.",
     "Report it as a bug of Galen; build anew."},
    {FINDING_ORPHAN_SPAN, SEVERITY_ERROR, "a shard has tokens of a document that is not kept",
     "Training would see a text that the ledger says was left out.",
     "Build anew. If it comes again, report it as a bug of Galen."},
    {FINDING_UNPACKED, SEVERITY_ERROR, "a kept document is not in the shards",
     "A kept document has no tokens, or fewer or more passes in the shards than the recipe and its draw say.",
     "Build anew. If it comes again, report it as a bug of Galen."},
    {FINDING_SPAN_GAP, SEVERITY_ERROR, "spans do not cover a shard",
     "Which document a token belongs to must be known for each one, without gap or overlap, and in agreement with the placements.",
     "Build anew. If it comes again, report it as a bug of Galen."},
    {FINDING_TOKEN_MISMATCH, SEVERITY_ERROR, "a shard's tokens are not the document's",
     "The token ids in a shard differ from those of the document that its span names, or lie beyond the vocabulary.",
     "Build anew. If it comes again, report it as a bug of Galen."},
    {FINDING_BAD_CUT, SEVERITY_ERROR, "what was taken out of a text does not fit it",
     "Ranges that a stage cut out of a clean text overlap or lie outside it.",
     "Report it as a bug of Galen; build anew."},
    {FINDING_COUNT_MISMATCH, SEVERITY_ERROR, "counts do not add up",
     "Entered is the sum of kept, dropped and merged, in all and in each source, and each document and span names a known source.",
     "Report it as a bug of Galen; build anew."},
    {FINDING_NOT_REDISTRIBUTABLE, SEVERITY_ERROR, "a document may not be passed on, in a store that says it may",
     "The recipe asked for a corpus that may be passed on (redistributable: true), but the licence of this kept document, or of one of "
     "its pages, does not let it be, or nobody has said that it does.",
     "Do not pass the store on. Build again with the same recipe; galen why says what is known of the licence."},
    {FINDING_MISSING_LICENCE, SEVERITY_WARNING, "kept documents have no licence",
     "Neither the documents nor their source in the recipe say under which terms the texts may be used.",
     "Find out, and give the source a licence in its file or the recipe."},
    {FINDING_SOURCE_SHRUNK, SEVERITY_WARNING, "a source has fewer documents than before",
     "Fewer documents of the source entered than in the build before, or less than half of what its source file expects.",
     "See that all input files are there; for a site, galen sources check tells whether it has changed. galen diff names the documents."},
    {FINDING_EMPTY_SOURCE, SEVERITY_WARNING, "a source kept nothing",
     "All documents of the source were dropped or merged, or none entered.",
     "galen list STORE --source TAG shows what became of them."},
    {FINDING_DAMAGED_INPUT, SEVERITY_WARNING, "an input could not be read whole",
     "A file is cut off, damaged or not of its format. What came before the damage is in the store.",
     "Fetch the file again and build."},
    {FINDING_FORGOTTEN_TRACE, SEVERITY_ERROR, "something is left of a forgotten document",
     "A document was forgotten and has a tombstone, but a table has a record of it, a key of it, or another document under its name, or the raw "
     "captures still hold a page that was to go from them. In a store whose forgetting was stopped this is what is still to go.",
     "Run galen build with the store's recipe, or galen forget STORE, which do the rest. If it comes again, report it as a bug of Galen."},
};

const FindingKind *finding_kinds(gsize *count)
{
    *count = G_N_ELEMENTS(kinds);
    return kinds;
}

const FindingKind *finding_kind(const char *id)
{
    for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++)
        if (strcmp(kinds[i].id, id) == 0)
            return &kinds[i];
    return NULL;
}
