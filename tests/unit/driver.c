/* SPDX-License-Identifier: Apache-2.0
 * driver - a libcuda.so.1 with no GPU behind it, for tests/unit/test_cudnn.c.
 *
 * A plan of cuDNN is complete when the driver has taken the kernels that were compiled for it. This one takes any, and gives
 * them no attributes; all else that cuDNN looks up fails as a driver without GPUs does. */
#include <stddef.h>

/* Their prototypes are cuda.h's, with types that matter to nobody here. */
#pragma GCC diagnostic ignored "-Wmissing-prototypes"

#define SUCCESS 0
#define NO_DEVICE 100

int cuLibraryLoadData(void **library, const void *code)
{
    *library = library;
    return SUCCESS;
}

int cuLibraryGetKernel(void **kernel, void *library, const char *name)
{
    *kernel = kernel;
    return SUCCESS;
}

int cuLibraryUnload(void *library)
{
    return SUCCESS;
}

int cuKernelGetAttribute(int *value, int attribute, void *kernel, int device)
{
    *value = 0;
    return SUCCESS;
}

int cuKernelSetAttribute(int attribute, int value, void *kernel, int device)
{
    return SUCCESS;
}

int cuGetErrorName(int error, const char **name)
{
    *name = "CUDA_ERROR_NO_DEVICE";
    return SUCCESS;
}

int cuGetErrorString(int error, const char **text)
{
    *text = "no CUDA-capable device is detected";
    return SUCCESS;
}

#define ABSENT(name)                                                                                                                       \
    int name(void)                                                                                                                         \
    {                                                                                                                                      \
        return NO_DEVICE;                                                                                                                  \
    }
ABSENT(cuInit)
ABSENT(cuDriverGetVersion)
ABSENT(cuGetProcAddress)
ABSENT(cuGetProcAddress_v2)
ABSENT(cuGetExportTable)
ABSENT(cuDeviceGet)
ABSENT(cuDeviceGetAttribute)
ABSENT(cuDeviceGetCount)
ABSENT(cuDevicePrimaryCtxRelease)
ABSENT(cuDevicePrimaryCtxReset)
ABSENT(cuDevicePrimaryCtxRetain)
ABSENT(cuCtxGetCurrent)
ABSENT(cuCtxGetDevice)
ABSENT(cuCtxGetLimit)
ABSENT(cuCtxPopCurrent)
ABSENT(cuCtxPushCurrent)
ABSENT(cuFuncGetAttribute)
ABSENT(cuFuncSetAttribute)
ABSENT(cuLaunchKernel)
ABSENT(cuLaunchKernelEx)
ABSENT(cuLaunchCooperativeKernel)
ABSENT(cuLibraryLoadFromFile)
ABSENT(cuLinkCreate)
ABSENT(cuLinkAddData)
ABSENT(cuLinkComplete)
ABSENT(cuLinkDestroy)
ABSENT(cuModuleLoadData)
ABSENT(cuModuleLoadDataEx)
ABSENT(cuModuleLoadFatBinary)
ABSENT(cuModuleGetFunction)
ABSENT(cuModuleUnload)
ABSENT(cuOccupancyMaxActiveBlocksPerMultiprocessor)
ABSENT(cuOccupancyMaxPotentialClusterSize)
ABSENT(cuStreamGetCtx)
ABSENT(cuStreamSynchronize)
ABSENT(cuTensorMapEncodeTiled)
