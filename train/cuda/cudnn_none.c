/* SPDX-License-Identifier: Apache-2.0
 * A build without cuDNN; see train/cuda/cudnn_attention.h. */
#include "train/cuda/cudnn_attention.h"

#include "base/error.h"

gboolean cudnn_is_built(void)
{
    return FALSE;
}

CudnnAttention *cudnn_attention_new(const char *device, gboolean deterministic, GError **error)
{
    g_set_error_literal(error, GALEN_ERROR, GALEN_ERROR_SYSTEM,
                        "galen-train was built without cuDNN; build it with ./configure --with-cudnn=DIR, or set cuda.attention to own");
    return NULL;
}

void cudnn_attention_free(CudnnAttention *attention)
{
}

/* Without an `attention` none of these is called. */
const CudnnPlan *cudnn_attention_plan(CudnnAttention *attention, const CudnnShape *shape, CudnnDirection direction, GError **error)
{
    g_return_val_if_reached(NULL);
}

gsize cudnn_plan_workspace(const CudnnPlan *plan)
{
    g_return_val_if_reached(0);
}

char *cudnn_plan_describe(const CudnnPlan *plan)
{
    g_return_val_if_reached(NULL);
}

gboolean cudnn_plan_forward(const CudnnPlan *plan, void *out, float *statistics, const void *qkv, void *workspace, void *stream,
                            GError **error)
{
    g_return_val_if_reached(FALSE);
}

gboolean cudnn_plan_backward(const CudnnPlan *plan, void *dqkv, const void *dout, const void *out, const float *statistics,
                             const void *qkv, void *workspace, void *stream, GError **error)
{
    g_return_val_if_reached(FALSE);
}
