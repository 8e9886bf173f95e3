/* SPDX-License-Identifier: Apache-2.0
 * What communicators of all backends share; see train/communicator.h. */
#include "train/communicator.h"

gboolean communicator_check(const Communicator *communicator, GError **error)
{
    if (!communicator->failure)
        return TRUE;
    g_propagate_error(error, g_error_copy(communicator->failure));
    return FALSE;
}
