/* SPDX-License-Identifier: Apache-2.0
 * One source: the recipe's entry over its source file, over the defaults; see store/recipe_source.h. */
#include "store/recipe_source.h"

#include <math.h>
#include <string.h>

#include "base/error.h"

#define LARGEST_REPEAT 1000

/* The setting of the file, or the default where it says nothing. */
#define SETTING(section, member, fallback) ((section) && (section)->member ? *(section)->member : (fallback))

static const char *const group_names[] = {"guidelines", "abstracts", "papers", "replay"};

/* Held-out shares of the paper's table 2. */
static const double group_valid[] = {0.05, 0.03, 0.03, 0.0};

const char *recipe_group_name(RecipeGroup group)
{
    return group_names[group];
}

gboolean recipe_fault(GError **error, const char *path, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *message = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT, "%s: %s", path, message);
    return FALSE;
}

/* ---- One entry over another ---------------------------------------------------------------------------------- */

#define OVERRIDE(member)                                                                                               \
    if (over->member)                                                                                                  \
        merged->member = over->member
#define OVERRIDE_LIST(member)                                                                                          \
    if (over->member.count)                                                                                            \
        merged->member = over->member

static void override_crawl(FileCrawl *merged, const FileCrawl *over)
{
    OVERRIDE_LIST(start);
    OVERRIDE_LIST(follow);
    OVERRIDE_LIST(skip);
    OVERRIDE_LIST(pages);
    OVERRIDE(max_pages);
    OVERRIDE(max_depth);
    OVERRIDE(max_bytes);
    OVERRIDE(delay);
    OVERRIDE(timeout);
    OVERRIDE(allow_private);
    OVERRIDE(ignore_robots);
    OVERRIDE(contact);
    OVERRIDE(fetch);
    if (over->lists_count) {
        merged->lists = over->lists;
        merged->lists_count = over->lists_count;
    }
}

static void override_chapters(FileChapters *merged, const FileChapters *over)
{
    OVERRIDE_LIST(links);
    OVERRIDE_LIST(pages);
    OVERRIDE_LIST(skip);
    OVERRIDE(headings);
}

/* `chapters` is room for the merged ones. */
static void override_extract(FileExtract *merged, const FileExtract *over, FileChapters *chapters)
{
    OVERRIDE_LIST(content);
    OVERRIDE_LIST(remove);
    OVERRIDE_LIST(start_at);
    OVERRIDE_LIST(stop_at);
    OVERRIDE(title);
    OVERRIDE(date);
    OVERRIDE(tables);
    if (over->chapters) {
        *chapters = merged->chapters ? *merged->chapters : (FileChapters){0};
        override_chapters(chapters, over->chapters);
        merged->chapters = chapters;
    }
}

/* Room for what is merged of two entries. */
typedef struct MergedSource {
    FileSource source;
    FileCrawl crawl;
    FileExtract extract;
    FileChapters chapters;
} MergedSource;

/* Puts what `over` says in place of what room->source says. */
static void override_source(MergedSource *room, const FileSource *over)
{
    FileSource *merged = &room->source;
    OVERRIDE(tag);
    OVERRIDE(name);
    OVERRIDE(format);
    OVERRIDE(group);
    OVERRIDE(licence);
    OVERRIDE(redistributable);
    OVERRIDE(sample);
    OVERRIDE(repeat);
    OVERRIDE(valid);
    OVERRIDE(test);
    OVERRIDE(weight);
    OVERRIDE(max_tokens);
    OVERRIDE(max_share);
    OVERRIDE(text_field);
    OVERRIDE(id_field);
    OVERRIDE(compat);
    OVERRIDE_LIST(abstracts);
    OVERRIDE(abstract_labels);
    OVERRIDE(upsample);
    if (over->paths.count) { /* files instead of the site */
        merged->paths = over->paths;
        merged->crawl = NULL;
    }
    if (over->crawl) {
        room->crawl = merged->crawl ? *merged->crawl : (FileCrawl){0};
        override_crawl(&room->crawl, over->crawl);
        merged->crawl = &room->crawl;
        merged->paths = over->paths;
    }
    if (over->extract) {
        room->extract = merged->extract ? *merged->extract : (FileExtract){0};
        override_extract(&room->extract, over->extract, &room->chapters);
        merged->extract = &room->extract;
    }
}

/* ---- Defaults ------------------------------------------------------------------------------------------------ */

static RecipeCrawl *convert_crawl(const FileCrawl *file)
{
    if (!file)
        return NULL;
    RecipeCrawl *crawl = g_new0(RecipeCrawl, 1);
    *crawl = (RecipeCrawl){
        .start = file->start,
        .follow = file->follow,
        .skip = file->skip,
        .pages = file->pages,
        .max_pages = SETTING(file, max_pages, 10000),
        .max_depth = SETTING(file, max_depth, 16),
        .max_bytes = SETTING(file, max_bytes, (uint64_t)32 << 20),
        .delay = SETTING(file, delay, 1.0),
        .timeout = SETTING(file, timeout, 60.0),
        .allow_private = SETTING(file, allow_private, false),
        .ignore_robots = SETTING(file, ignore_robots, false),
        .contact = file->contact,
        .fetch = file->fetch ? file->fetch : (char *)"http",
        .lists = file->lists,
        .lists_count = file->lists_count,
    };
    return crawl;
}

static gboolean convert_group(const char *path, const FileSource *file, RecipeGroup *group, GError **error)
{
    for (guint i = 0; i < G_N_ELEMENTS(group_names); i++) {
        if (strcmp(file->group, group_names[i]) == 0) {
            *group = (RecipeGroup)i;
            return TRUE;
        }
    }
    return recipe_fault(error, path, "source '%s' has group '%s'; the groups are guidelines, abstracts, papers and replay", file->tag, file->group);
}

/* A citation without a main abstract may have an English one from elsewhere. */
static char *usual_abstract_names[] = {(char *)"main", (char *)"en"};
static const RecipeStrings usual_abstracts = {usual_abstract_names, G_N_ELEMENTS(usual_abstract_names)};
static const RecipeStrings main_abstract = {usual_abstract_names, 1}; /* of a paper */

static RecipeChapters convert_chapters(const FileChapters *file)
{
    if (!file)
        return (RecipeChapters){.headings = true};
    return (RecipeChapters){
        .links = file->links,
        .pages = file->pages,
        .skip = file->skip,
        .headings = SETTING(file, headings, true),
    };
}

static void convert_source(const FileSource *file, RecipeGroup group, RecipeSource *source)
{
    *source = (RecipeSource){
        .tag = file->tag,
        .name = file->name,
        .format = file->format,
        .group = group,
        .paths = file->paths,
        .crawl = convert_crawl(file->crawl),
        .licence = file->licence,
        .redistributable = SETTING(file, redistributable, false),
        .sample = SETTING(file->sample, share, 1.0),
        .sample_seed = SETTING(file->sample, seed, 0),
        .repeat = SETTING(file, repeat, 1u),
        .valid = SETTING(file, valid, group_valid[group]),
        .test = SETTING(file, test, 0.0),
        .weight = SETTING(file, weight, (double)NAN),
        .max_tokens = SETTING(file, max_tokens, 0),
        .max_share = SETTING(file, max_share, 1.0),
        .text_field = file->text_field ? file->text_field : (char *)"text",
        .id_field = file->id_field ? file->id_field : (char *)"id",
        .compat = file->compat,
        .abstracts = file->abstracts.count ? file->abstracts : strcmp(file->format, "jats") == 0 ? main_abstract : usual_abstracts,
        .labels_in_line = file->abstract_labels && strcmp(file->abstract_labels, "inline") == 0,
        .upsample = SETTING(file, upsample, false),
    };
    if (file->extract)
        source->extract = (RecipeExtract){
            .content = file->extract->content,
            .remove = file->extract->remove,
            .title = file->extract->title,
            .date = file->extract->date,
            .start_at = file->extract->start_at,
            .stop_at = file->extract->stop_at,
            .tables = SETTING(file->extract, tables, false),
            .chapters = convert_chapters(file->extract->chapters),
        };
    if (source->crawl)
        source->crawl->chapters = source->extract.chapters;
}

static gboolean tag_is_good(const char *tag)
{
    return strspn(tag, "abcdefghijklmnopqrstuvwxyz0123456789-_") == strlen(tag) && strlen(tag) <= 40;
}

/* ---- Checks -------------------------------------------------------------------------------------------------- */

static gboolean check_lists(const char *path, const RecipeSource *source, GError **error)
{
    static const char *const kinds[] = {"html", "sitemap", "json", "mediawiki", "pdf", NULL};
    for (unsigned i = 0; i < source->crawl->lists_count; i++) {
        const RecipeList *list = &source->crawl->lists[i];
        if (!g_strv_contains(kinds, list->kind))
            return recipe_fault(error, path, "source '%s': a list has kind '%s'; the kinds are html, sitemap, json, mediawiki and pdf", source->tag, list->kind);
    }
    return TRUE;
}

static gboolean check_source(const char *path, const RecipeSource *source, GError **error)
{
    if (!tag_is_good(source->tag))
        return recipe_fault(error, path, "source tag '%s': use up to 40 lower-case letters, digits, '-' and '_'", source->tag);
    if (!source->paths.count == !source->crawl)
        return recipe_fault(error, path, "source '%s' needs either paths (files) or crawl (a site), and has %s", source->tag,
                            source->crawl ? "both" : "neither");
    if (source->crawl && source->crawl->start.count == 0)
        return recipe_fault(error, path, "source '%s': crawl needs at least one URL under start", source->tag);
    if (source->crawl && strcmp(source->format, "html") != 0)
        return recipe_fault(error, path, "source '%s' is crawled, so its format must be html, not '%s'", source->tag, source->format);
    if (source->crawl && !(source->crawl->delay >= 0 && source->crawl->timeout > 0))
        return recipe_fault(error, path, "source '%s': delay must be 0 or more and timeout above 0", source->tag);
    if (source->crawl && strcmp(source->crawl->fetch, "http") != 0 && strcmp(source->crawl->fetch, "browser") != 0)
        return recipe_fault(error, path, "source '%s': fetch is http or browser, not '%s'", source->tag, source->crawl->fetch);
    if (source->crawl && !check_lists(path, source, error))
        return FALSE;
    if (source->compat && (strcmp(source->compat, "meditron") != 0 || strcmp(source->format, "s2orc") != 0))
        return recipe_fault(error, path, "source '%s': compat is meditron, and only with format s2orc; not '%s' with format %s", source->tag,
                            source->compat, source->format);
    const RecipeChapters *chapters = &source->extract.chapters;
    if (!(source->sample > 0 && source->sample <= 1))
        return recipe_fault(error, path, "source '%s': sample is a share above 0 and up to 1, not %g", source->tag, source->sample);
    if (source->sample < 1 && chapters->links.count)
        return recipe_fault(error, path, "source '%s': a sample of pages would lack chapters of its documents; leave out sample or extract.chapters",
                            source->tag);
    if (!chapters->links.count && (chapters->pages.count || chapters->skip.count))
        return recipe_fault(error, path, "source '%s': extract.chapters needs links, the selectors of the links to the chapters", source->tag);
    if (!(source->valid >= 0 && source->valid < 1))
        return recipe_fault(error, path, "source '%s': valid is a share from 0 to below 1, not %g", source->tag, source->valid);
    if (!(source->test >= 0 && source->test < 1))
        return recipe_fault(error, path, "source '%s': test is a share from 0 to below 1, not %g", source->tag, source->test);
    if (source->repeat < 1 || source->repeat > LARGEST_REPEAT)
        return recipe_fault(error, path, "source '%s': repeat is 1 to %d, not %u", source->tag, LARGEST_REPEAT, source->repeat);
    return TRUE;
}

static gboolean check_needed(const char *path, unsigned number, const FileSource *file, GError **error)
{
    const char *missing = !file->tag ? "tag" : !file->format ? "format" : !file->group ? "group" : NULL;
    if (!missing)
        return TRUE;
    if (file->tag)
        return recipe_fault(error, path, "source '%s' has no '%s', and uses no source file that gives one", file->tag, missing);
    return recipe_fault(error, path, "source number %u has no '%s', and uses no source file that gives one", number, missing);
}

static gboolean check_abstracts(const char *path, const FileSource *file, GError **error)
{
    const char *labels = file->abstract_labels;
    if (labels && strcmp(labels, "headings") != 0 && strcmp(labels, "inline") != 0)
        return recipe_fault(error, path, "source '%s': abstract_labels is headings or inline, not '%s'", file->tag, labels);
    if (labels && strcmp(file->format, "medline") != 0)
        return recipe_fault(error, path, "source '%s': abstract_labels is for format medline, not '%s'", file->tag, file->format);
    if (file->abstracts.count && strcmp(file->format, "medline") != 0 && strcmp(file->format, "jats") != 0)
        return recipe_fault(error, path, "source '%s': abstracts is for formats medline and jats, not '%s'", file->tag, file->format);
    return TRUE;
}

gboolean recipe_source_make(const char *path, unsigned number, const FileSource *entry, const FileSource *under,
                            RecipeSource *source, GError **error)
{
    MergedSource room = {.source = under ? *under : *entry};
    RecipeGroup group = GROUP_GUIDELINES;
    *source = (RecipeSource){0};
    if (under)
        override_source(&room, entry);
    if (!check_needed(path, number, &room.source, error) || !convert_group(path, &room.source, &group, error))
        return FALSE;
    if (!check_abstracts(path, &room.source, error))
        return FALSE;
    convert_source(&room.source, group, source);
    return check_source(path, source, error);
}

void recipe_source_clear(RecipeSource *source)
{
    g_clear_pointer(&source->crawl, g_free);
}
