/* SPDX-License-Identifier: Apache-2.0
 * Fields of a JSON object through simdjson; see json_record.h. */
#include "scrapers/formats/json_record.h"

#include <cstring>
#include <memory>
#include <new>
#include <string>
#include <string_view>

#include <simdjson.h>

namespace
{

constexpr size_t depth_limit = 64;
/* A parser that met a long line would keep its memory for good; it is given up beyond this size. */
constexpr size_t kept_capacity = size_t{8} << 20;

/* A parser keeps its buffers from line to line; each thread has one. */
simdjson::dom::parser *thread_parser(size_t length)
{
    thread_local std::unique_ptr<simdjson::dom::parser> parser;
    if (!parser || parser->capacity() > kept_capacity)
        parser.reset(new (std::nothrow) simdjson::dom::parser());
    if (parser && parser->capacity() < length + 1 && parser->allocate(MAX(length + 1, size_t{65536}), depth_limit))
        parser.reset();
    return parser.get();
}

/* Copies without U+0000. */
void set_value(JsonField *field, std::string_view text)
{
    field->value = static_cast<char *>(g_malloc(text.size() + 1));
    gsize length = 0;
    const char *from = text.data(), *end = from + text.size();
    while (from < end) {
        const void *zero = std::memchr(from, 0, static_cast<size_t>(end - from));
        const char *stop = zero ? static_cast<const char *>(zero) : end;
        std::memcpy(field->value + length, from, static_cast<size_t>(stop - from));
        length += static_cast<gsize>(stop - from);
        from = zero ? stop + 1 : end;
    }
    field->value[length] = '\0';
    field->length = length;
}

const char *type_name(simdjson::dom::element_type type)
{
    switch (type) {
    case simdjson::dom::element_type::ARRAY:
        return "an array";
    case simdjson::dom::element_type::OBJECT:
        return "an object";
    case simdjson::dom::element_type::STRING:
        return "a string";
    case simdjson::dom::element_type::BOOL:
        return "a boolean";
    case simdjson::dom::element_type::NULL_VALUE:
        return "null";
    default:
        return "a number";
    }
}

void set_integer(JsonField *field, simdjson::dom::element value)
{
    int64_t small;
    uint64_t large;
    if (!value.get_int64().get(small))
        set_value(field, std::to_string(small));
    else if (!value.get_uint64().get(large))
        set_value(field, std::to_string(large));
}

bool set_field(JsonField *field, simdjson::dom::element value, char *detail)
{
    std::string_view text;
    if (field->kind == JSON_FIELD_OBJECT) {
        if (value.is_object())
            set_value(field, simdjson::minify(value));
        return true;
    }
    if (!value.get_string().get(text)) {
        set_value(field, text);
        return true;
    }
    if (field->kind == JSON_FIELD_ID)
        set_integer(field, value);
    if (field->kind != JSON_FIELD_TEXT)
        return true;
    g_snprintf(detail, JSON_DETAIL_SIZE, "field '%s' is %s, not a string", field->name, type_name(value.type()));
    return false;
}

JsonRecordResult fail(simdjson::error_code code, char *detail)
{
    if (code == simdjson::DEPTH_ERROR)
        g_snprintf(detail, JSON_DETAIL_SIZE, "nested deeper than %zu levels", depth_limit);
    else
        g_strlcpy(detail, simdjson::error_message(code), JSON_DETAIL_SIZE);
    return code == simdjson::UTF8_ERROR ? JSON_RECORD_INVALID_UTF8 : JSON_RECORD_MALFORMED;
}

} // namespace

JsonRecordResult json_record_parse(const char *bytes, gsize length, JsonField *fields, gsize count,
                                   char detail[JSON_DETAIL_SIZE])
{
    simdjson::dom::parser *parser = thread_parser(length);
    simdjson::dom::element root;
    simdjson::dom::object object;
    if (!parser)
        return fail(simdjson::MEMALLOC, detail);
    simdjson::error_code code = parser->parse(bytes, length, true).get(root); /* copies, to pad */
    if (code)
        return fail(code, detail);
    if (root.get_object().get(object)) {
        g_snprintf(detail, JSON_DETAIL_SIZE, "the line is %s, not an object", type_name(root.type()));
        return JSON_RECORD_MALFORMED;
    }
    for (gsize i = 0; i < count; i++) {
        simdjson::dom::element value;
        if (!object.at_key(fields[i].name).get(value) && !set_field(&fields[i], value, detail))
            return JSON_RECORD_MALFORMED;
    }
    return JSON_RECORD_OK;
}
