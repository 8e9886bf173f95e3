/* SPDX-License-Identifier: Apache-2.0
 * The one C++ file of the store; see store/sentencepiece.h. */
#include "store/sentencepiece.h"

#include <exception>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <sentencepiece_processor.h>

struct SentencePieceModel {
    sentencepiece::SentencePieceProcessor processor;
};

/* Runs `body`, which returns the library's status, and turns whatever goes wrong into a line of text. */
template <typename Body> static gboolean guarded(char **failure, Body body) noexcept
{
    try {
        const sentencepiece::util::Status status = body();
        if (status.ok())
            return TRUE;
        *failure = g_strdup(status.ToString().c_str());
    } catch (const std::exception &cause) {
        *failure = g_strdup(cause.what());
    } catch (...) {
        *failure = g_strdup("an unknown exception of libsentencepiece");
    }
    return FALSE;
}

SentencePieceModel *sentencepiece_load(const char *bytes, gsize length, char **failure)
{
    std::unique_ptr<SentencePieceModel> model;
    const gboolean loaded = guarded(failure, [&] {
        model = std::make_unique<SentencePieceModel>();
        return model->processor.LoadFromSerializedProto(std::string_view(bytes, length));
    });
    return loaded ? model.release() : nullptr;
}

void sentencepiece_free(SentencePieceModel *model)
{
    delete model;
}

int sentencepiece_pieces(const SentencePieceModel *model)
{
    return model->processor.GetPieceSize();
}

int sentencepiece_bos(const SentencePieceModel *model)
{
    return model->processor.bos_id();
}

int sentencepiece_eos(const SentencePieceModel *model)
{
    return model->processor.eos_id();
}

gboolean sentencepiece_encode(const SentencePieceModel *model, const char *text, gsize length, GArray *ids, char **failure)
{
    return guarded(failure, [&] {
        std::vector<int> pieces;
        const auto status = model->processor.Encode(std::string_view(text, length), &pieces);
        for (const int piece : pieces) {
            const guint32 id = static_cast<guint32>(piece);
            g_array_append_val(ids, id);
        }
        return status;
    });
}

gboolean sentencepiece_decode(const SentencePieceModel *model, const guint32 *ids, gsize count, GString *text,
                              char **failure)
{
    return guarded(failure, [&] {
        const std::vector<int> pieces(ids, ids + count);
        std::string decoded;
        const auto status = model->processor.Decode(pieces, &decoded);
        g_string_append_len(text, decoded.data(), static_cast<gssize>(decoded.size()));
        return status;
    });
}
