/* SPDX-License-Identifier: Apache-2.0
 * store/recipe.h - the recipe: a YAML file that says what a corpus is made of and by which rules.
 *
 * recipe_load checks the file against a schema (unknown keys are errors with line and caret) and the values against
 * each other (known formats, unique tags, shares between 0 and 1). Every setting has a default, listed in
 * docs/recipe.md. Relative paths are resolved against the recipe's folder, or `inputs` when given. The same recipe and
 * the same inputs give the same bytes.
 */
#ifndef STORE_RECIPE_H
#define STORE_RECIPE_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "store/recipe_clean.h"

/* How answers that are no ordinary pages, or pages whose lists need a rule, give the URLs to follow: docs/recipe.md. */
typedef struct RecipeList {
    char *match;            /* regular expression: the URLs of these answers; NULL: every answer of the kind */
    char *kind;             /* "html", "sitemap", "json", "mediawiki" or "pdf" */
    RecipeStrings links;    /* html: XPath of elements or attributes that hold links; json, mediawiki: paths such as
                             "results[].url"; sitemap, pdf: regular expressions of the URLs to take */
    char *link;             /* json, mediawiki: the URL made of each value, which stands for {}; NULL: the value itself */
    RecipeStrings next;     /* html: XPath of the link to the next page; json: path of the next page's URL or number */
    char *next_link;        /* json: the URL made of the next page's number, which stands for {}; without `next` it counts */
} RecipeList;

/* Several pages that make one document: which links of a page lead to the others (store/chapters.h). */
typedef struct RecipeChapters {
    RecipeStrings links;    /* selectors of the links, in the order of reading; empty: each page is a document of its own */
    RecipeStrings pages;    /* regular expressions: URLs of the pages that have chapters; empty: any page */
    RecipeStrings skip;     /* regular expressions: URLs of links that lead to no chapter */
    bool headings;          /* each chapter stands under its link's text as a heading: true */
} RecipeChapters;

/* How a site is crawled. */
typedef struct RecipeCrawl {
    RecipeStrings start;    /* URLs */
    RecipeStrings follow;   /* regular expressions: links to follow; empty: same host */
    RecipeStrings skip;     /* regular expressions: links never to follow */
    RecipeStrings pages;    /* regular expressions: URLs that are documents; empty: every HTML page */
    uint64_t max_pages;     /* 10000 */
    uint64_t max_depth;     /* 16 */
    uint64_t max_bytes;     /* of one decoded response: 32 MiB */
    double delay;           /* seconds between requests to a host: 1.0; robots.txt may ask for more */
    double timeout;         /* seconds for one request: 60 */
    bool allow_private;     /* addresses of private networks and loopback */
    bool ignore_robots;     /* only for one's own sites */
    char *contact;          /* for the User-Agent: a URL or e-mail address */
    char *fetch;            /* "http", or "browser" for sites that need JavaScript: a headless Chromium; "http" */
    RecipeList *lists;
    unsigned lists_count;
    RecipeChapters chapters; /* of the source's `extract`: what they name is fetched */
} RecipeCrawl;

/* What of an HTML page is the document. XPath 1.0. Without `content`, main content is found by its density of text. */
typedef struct RecipeExtract {
    RecipeStrings content;
    RecipeStrings remove;
    char *title;
    char *date;
    RecipeStrings start_at; /* headings (or their beginnings, case ignored): what stands before the first of them goes */
    RecipeStrings stop_at;  /* headings: from one of them on, up to the next heading of its level or above, all goes */
    bool tables;            /* keep tables, as rows with " | " between cells: false */
    RecipeChapters chapters;
} RecipeExtract;

typedef enum { GROUP_GUIDELINES, GROUP_ABSTRACTS, GROUP_PAPERS, GROUP_REPLAY } RecipeGroup;

typedef struct RecipeSource {
    char *tag;
    char *name;             /* for people; NULL: the tag */
    char *format;           /* "medline", "jats", "s2orc", "jsonl", "html", "pdf", "warc" */
    RecipeGroup group;
    RecipeStrings paths;    /* files, with * ? [] {} patterns; or */
    RecipeCrawl *crawl;     /* a site */
    RecipeExtract extract;
    char *licence;          /* when the documents do not say it themselves */
    bool redistributable;
    unsigned repeat;        /* times that each document goes into training: 1 */
    double sample;          /* share of its records that enter the store (scrapers/record_draw.h): 1 */
    uint64_t sample_seed;   /* the recipe's */
    double valid;           /* share of documents held out: 0.05 guidelines, 0.03 papers and abstracts, 0 replay */
    double test;            /* share held out for a test: 0 */
    double weight;          /* of its tokens among the sources of its kind (replay or not); NAN: by its size */
    uint64_t max_tokens;    /* of training: 0, no limit */
    double max_share;       /* of all training tokens: 1, no limit */
    char *text_field;       /* jsonl: where the text is: "text" */
    char *id_field;         /* jsonl: "id" */
    char *compat;           /* s2orc: "meditron", the text that the original program wrote; NULL: none */
    bool upsample;          /* passes by the table `upsample` of the recipe: false */
    RecipeClean clean;      /* the recipe's, with what the source overrides */
    RecipeStrings abstracts; /* medline: which may be the text, the first that is there: main, en; jats: which are: main */
    bool labels_in_line;     /* medline: parts begin "LABEL: " instead of standing under headings: false */
    const char *file;       /* the source file that `use` named (store/source_file.h), and its text; or NULL */
    const char *file_text;
    uint64_t expected;       /* documents, by that file; 0: unknown */
} RecipeSource;

typedef struct RecipeDedup {
    bool ids, urls, exact, titles, near;
    bool verify;             /* candidate pairs are confirmed by their texts: true */
    bool characters;         /* shingles of characters rather than of words: false */
    uint64_t shingle;        /* words or characters in a shingle: 5 */
    uint64_t permutations;   /* 112 */
    uint64_t bands, rows;    /* 14 and 8; bands x rows <= permutations */
    double threshold;        /* true Jaccard similarity of shingles: 0.8 */
    uint64_t min_title;      /* characters of a normalised title that may count as identity: 30 */
} RecipeDedup;

/* A set of questions that models are tested with: JSON lines. */
typedef struct RecipeBenchmark {
    char *name;
    RecipeStrings paths;     /* files, with patterns */
    RecipeStrings fields;    /* where the texts are, as "question" or "context.contexts"; empty: the first of "question",
                              "QUESTION" and "text" that a line has */
    char *id_field;          /* NULL: "id", where there is one */
} RecipeBenchmark;

typedef enum { CONTAMINATION_DROP, CONTAMINATION_MASK, CONTAMINATION_REPORT } ContaminationAction;

/* Texts of benchmarks in documents (dedup/ngram_index.h says what the numbers do). */
typedef struct RecipeContamination {
    ContaminationAction action; /* drop */
    uint64_t ngram;          /* words: 8 */
    double overlap;          /* share of a question's n-grams: 0.8 */
    uint64_t long_ngram;     /* words of which one run is proof: 13; 0: none */
    uint64_t min_words;      /* of a question: 8 */
    uint64_t common;         /* a run of long_ngram words in more questions than this proves nothing: 10 */
    RecipeBenchmark *benchmarks; /* none: contamination is not looked for */
    unsigned benchmarks_count;
} RecipeContamination;

typedef enum { CONTAINMENT_OFF, CONTAINMENT_REPORT, CONTAINMENT_DROP } ContainmentAction;

/* Documents most of which stands in another one (dedup/containment.h). */
typedef struct RecipeContainment {
    ContainmentAction action; /* report */
    double threshold;         /* share of the shingles: 0.8 */
    uint64_t min_words;       /* of a document that is looked at: 50 */
} RecipeContainment;

typedef enum { PASSAGES_OFF, PASSAGES_REPORT, PASSAGES_REMOVE } PassagesAction;

/* Runs of words that stand more than once in the corpus (dedup/passages.h). */
typedef struct RecipePassages {
    PassagesAction action;   /* report */
    uint64_t min_words;      /* in a row: 50 */
    uint64_t occurrences;    /* places in the corpus, at least: 2 */
} RecipePassages;

/* A document of the groups abstracts and papers that has the publication type, or the MeSH heading, is left out, unless it
 * has the other heading. */
typedef struct RecipeExclusion {
    char *publication_type, *mesh; /* one of the two */
    char *unless;                  /* a MeSH heading; or NULL */
} RecipeExclusion;

typedef struct RecipeMetadata {
    RecipeStrings citations;       /* tables of citation counts: files, with patterns; none */
    const RecipeExclusion *exclude;
    unsigned exclude_count;
} RecipeMetadata;

typedef struct RecipeTypeScore {
    char *type; /* a publication type */
    double score;
} RecipeTypeScore;

typedef struct RecipeAgeScore {
    double below; /* years */
    double score;
} RecipeAgeScore;

/* How often a paper goes into training: 1 + its score times, by table 10 of the paper unless the file says otherwise. */
typedef struct RecipeUpsample {
    const char *reference_date;    /* ages are counted back from it: 2023-07-15 */
    const RecipeTypeScore *publication_types;
    unsigned publication_types_count;
    const char *journals;          /* a file of names, one a line; NULL: none */
    double journal_score;          /* of a paper in one of them: 1 */
    const RecipeAgeScore *ages;    /* conditional; by rising age */
    unsigned ages_count;
    double top, middle, bottom;    /* conditional: citations a year, above the upper quartile, between, up to the lower */
    double lower, upper;           /* the quartiles; NAN: those of the corpus */
} RecipeUpsample;

typedef struct RecipeMix {
    double replay_share;     /* of all training tokens: 0.01; 0: no replay */
    uint64_t tokens;         /* of training in all; 0: what the sources have */
    double temperature;      /* shares by size to the power 1/temperature: 1 */
    uint64_t max_passes;     /* how often weights and temperature may take a document: 4 */
} RecipeMix;

typedef struct RecipeTokenizer {
    char *model;             /* SentencePiece .model */
    RecipeStrings special;   /* added behind the model's pieces; "none" alone in the file: none */
} RecipeTokenizer;

typedef enum { PACK_CONCATENATE, PACK_BEST_FIT } PackMode;
const char *recipe_pack_mode_name(PackMode mode);

typedef struct RecipePack {
    PackMode mode;           /* documents one behind the other, or put together into windows: concatenate */
    uint64_t window;         /* tokens that best-fit puts together: 2,048 */
    uint64_t shard_tokens;   /* 16,777,216; of best-fit whole windows, as many as fit into it */
    bool bos;                /* a BOS token before each document: false */
    bool eos;                /* an EOS token after each: true */
} RecipePack;

typedef struct Recipe {
    char *name;
    uint64_t seed;
    bool redistributable;    /* leave out what may not be passed on (store/redistribution.h): false */
    RecipeSource *sources;
    unsigned sources_count;
    RecipeClean clean;
    RecipeMetadata metadata;
    RecipeDedup dedup;
    RecipeContainment containment;
    RecipePassages passages;
    RecipeContamination contamination;
    RecipeUpsample upsample;
    RecipeMix mix;
    RecipeTokenizer tokenizer;
    RecipePack pack;
    char *base_directory;    /* relative paths start here */
    char *text;              /* the file, as it was */
    gpointer loaded;         /* recipe_free's own */
    GPtrArray *files;        /* SourceFile: those that sources use; recipe_free's own */
} Recipe;

Recipe *recipe_load(const char *path, const char *inputs, GError **error);
void recipe_free(Recipe *recipe);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Recipe, recipe_free)
const RecipeSource *recipe_find_source(const Recipe *recipe, const char *tag, unsigned *index);
const char *recipe_group_name(RecipeGroup group);
const char *recipe_contamination_action_name(ContaminationAction action);
const char *recipe_containment_action_name(ContainmentAction action);
const char *recipe_passages_action_name(PassagesAction action);
char *recipe_resolve(const Recipe *recipe, const char *path); /* g_free */

#endif
