dnl GALEN_CUDA: --with-cuda, --with-cuda-arch, --with-nccl and --with-cudnn.
dnl
dnl Sets have_cuda, cuda_note, and the same of nccl and cudnn, for the summary; substitutes NVCC, NVCCFLAGS (the user's), cuda_flags
dnl (what each .cu file is compiled with), CUDA_CFLAGS and CUDA_LIBS (for what links with them), and those of NCCL and CUDNN;
dnl and sets the conditionals CUDA, NCCL and CUDNN. A toolkit that was asked for and cannot be used is an error with its reason;
dnl one that was not asked for is used where it works.
AC_DEFUN([GALEN_CUDA], [
AC_ARG_WITH([cuda],
  [AS_HELP_STRING([--with-cuda@<:@=DIR@:>@], [build galen-train, which trains on NVIDIA GPUs; DIR is the CUDA toolkit (auto: if there is one)])],
  [], [with_cuda=auto])
AC_ARG_WITH([cuda-arch],
  [AS_HELP_STRING([--with-cuda-arch=LIST], [GPU architectures to compile for (sm_80;sm_90a); later GPUs run PTX of the first])],
  [], [with_cuda_arch='sm_80;sm_90a'])
AC_ARG_WITH([nccl],
  [AS_HELP_STRING([--with-nccl@<:@=DIR@:>@], [train on several GPUs; DIR holds NCCL's include/ and lib/ (auto: if there is one)])],
  [], [with_nccl=auto])
AC_ARG_WITH([cudnn],
  [AS_HELP_STRING([--with-cudnn@<:@=DIR@:>@], [offer cuDNN's attention; DIR holds its include/ and lib/ (auto: if there is one)])],
  [], [with_cudnn=auto])
AC_ARG_VAR([NVCC], [CUDA compiler command])
AC_ARG_VAR([NVCCFLAGS], [CUDA compiler flags])
have_cuda=no
have_nccl=no
have_cudnn=no
cuda_note=' (--without-cuda)'
nccl_note=' (only with CUDA)'
cudnn_note=' (only with CUDA)'
AS_IF([test "x$with_cuda" != xno], [
  _GALEN_CUDA_COMPILER
  AS_IF([test -n "$NVCC"], [_GALEN_CUDA_ARCHITECTURES
    _GALEN_CUDA_LINKS])
  AS_IF([test "x$have_cuda" = xno && test "x$with_cuda" != xauto],
    [AC_MSG_ERROR([--with-cuda was asked for, but CUDA cannot be used$cuda_note])])])
AS_IF([test "x$have_cuda" = xyes], [_GALEN_NCCL
  _GALEN_CUDNN])
AS_IF([test "x$have_nccl" = xno], [
  AS_CASE([$with_nccl], [auto|no], [],
    [AC_MSG_ERROR([--with-nccl was asked for, but NCCL cannot be used$nccl_note])])])
AS_IF([test "x$have_cudnn" = xno], [
  AS_CASE([$with_cudnn], [auto|no], [],
    [AC_MSG_ERROR([--with-cudnn was asked for, but cuDNN cannot be used$cudnn_note])])])
AS_IF([test "x$have_cuda" = xno], [CUDA_CFLAGS= CUDA_LIBS=])
AS_IF([test "x$have_nccl" = xno], [NCCL_CFLAGS= NCCL_LIBS=])
AS_IF([test "x$have_cudnn" = xno], [CUDNN_CFLAGS= CUDNN_LIBS=])
AC_SUBST([cuda_flags])
AC_SUBST([CUDA_CFLAGS])
AC_SUBST([CUDA_LIBS])
AC_SUBST([NCCL_CFLAGS])
AC_SUBST([NCCL_LIBS])
AC_SUBST([CUDNN_CFLAGS])
AC_SUBST([CUDNN_LIBS])
AM_CONDITIONAL([CUDA], [test "x$have_cuda" = xyes])
AM_CONDITIONAL([NCCL], [test "x$have_nccl" = xyes])
AM_CONDITIONAL([CUDNN], [test "x$have_cudnn" = xyes])
])

dnl Finds nvcc: in DIR, in the path, in /usr/local/cuda. Where the C compiler goes through ccache, so does nvcc.
AC_DEFUN([_GALEN_CUDA_COMPILER], [
AS_CASE([$with_cuda],
  [auto|yes], [cuda_places="$PATH$PATH_SEPARATOR/usr/local/cuda/bin"],
  [cuda_places=$with_cuda/bin])
AS_IF([test -z "$NVCC"], [
  AC_PATH_PROG([cuda_compiler], [nvcc], [], [$cuda_places])
  NVCC=$cuda_compiler
  AS_IF([test -n "$NVCC"], [AS_CASE([$CC], [*ccache\ *], [NVCC="ccache $NVCC"])])],
  [cuda_compiler=`AS_ECHO(["$NVCC"]) | sed 's/.* //'`])
cuda_home=`dirname "$cuda_compiler" | sed 's,/bin$,,'`
AS_CASE([$with_cuda], [auto|yes], [], [cuda_home=$with_cuda])
AS_IF([test -z "$NVCC"], [
  AS_CASE([$with_cuda],
    [auto|yes], [cuda_note=' (there is no nvcc in PATH or /usr/local/cuda/bin; install the CUDA toolkit, or give --with-cuda=DIR)'],
    [cuda_note=" (there is no $with_cuda/bin/nvcc; DIR is the folder that has bin/, include/ and lib64/)"])])])

dnl sm_80;sm_90a -> -gencode options; PTX of the first, which any later GPU can compile for itself. PTX of an architecture
dnl with an `a` runs nowhere else.
AC_DEFUN([_GALEN_CUDA_ARCHITECTURES], [
cuda_gencode=
for architecture in `AS_ECHO(["$with_cuda_arch"]) | tr ';,' '  '`; do
  AS_CASE([$architecture],
    [sm_@<:@0-9@:>@*], [],
    [AC_MSG_ERROR([--with-cuda-arch has '$architecture'; write architectures as sm_80;sm_90a])])
  number=`AS_ECHO(["$architecture"]) | sed 's/^sm_//'`
  code=$architecture
  test -n "$cuda_gencode" || code="[[$architecture,compute_$number]]"
  cuda_gencode="$cuda_gencode -gencode arch=compute_$number,code=$code"
done
AS_IF([test -z "$cuda_gencode"], [AC_MSG_ERROR([--with-cuda-arch names no architecture; write them as sm_80;sm_90a])])
dnl GLib's headers: system headers, and nvcc's front end does not know gnu_printf (1217).
cuda_flags="-std=c++17$cuda_gencode -Xcompiler -Wall,-Wextra,-Wno-unused-parameter,-Wno-missing-field-initializers -diag-suppress 1217"
AS_IF([test "x$enable_werror" = xyes], [cuda_flags="$cuda_flags -Werror all-warnings -Xcompiler=-Werror"])
: ${NVCCFLAGS=-O3}
])

dnl A kernel compiled by nvcc, called from a program that $CXX links with the runtime and cublasLt.
AC_DEFUN([_GALEN_CUDA_LINKS], [
cuda_library_directory=$cuda_home/lib64
test -d "$cuda_library_directory" || cuda_library_directory=$cuda_home/lib
CUDA_CFLAGS="-isystem $cuda_home/include"
CUDA_LIBS="-L$cuda_library_directory -Wl,-rpath,$cuda_library_directory -lcublasLt -lcudart_static -lstdc++ -ldl -lrt -lpthread"
AC_MSG_CHECKING([whether $NVCC compiles for $with_cuda_arch])
cat >conftest.cu <<'_CU'
#include <cublasLt.h>
#include <cuda_bf16.h>
__global__ void kernel(__nv_bfloat16 *x) { x[[0]] = __float2bfloat16(1.0f); }
extern "C" int run(void)
{
    cublasLtHandle_t handle;
    kernel<<<1, 1>>>(nullptr);
    return (int)cublasLtCreate(&handle) + (int)cudaGetLastError();
}
_CU
AS_IF([AC_TRY_COMMAND([$NVCC $cuda_flags -c conftest.cu -o conftest_cuda.o >&AS_MESSAGE_LOG_FD 2>&1])], [
  AC_MSG_RESULT([yes])
  saved_LIBS=$LIBS
  LIBS="conftest_cuda.o $CUDA_LIBS $LIBS"
  AC_MSG_CHECKING([whether programs link with cublasLt])
  AC_LINK_IFELSE([AC_LANG_SOURCE([[int run(void); int main(void) { return run(); }]])],
    [AC_MSG_RESULT([yes]); have_cuda=yes; cuda_note=" ($cuda_compiler, $with_cuda_arch)"],
    [AC_MSG_RESULT([no]); cuda_note=" (programs do not link with cublasLt of $cuda_library_directory: config.log says why)"])
  LIBS=$saved_LIBS], [
  AC_MSG_RESULT([no])
  cuda_note=" ($cuda_compiler does not compile for $with_cuda_arch: config.log says why)"])
rm -f conftest.cu conftest_cuda.o
])

dnl NCCL: the system's, the toolkit's, or DIR's. PyPI's wheels (nvidia-nccl-cu12, -cu13) have only libnccl.so.2 in lib/.
AC_DEFUN([_GALEN_NCCL], [
nccl_note=' (--without-nccl)'
AS_CASE([$with_nccl], [auto|yes|no], [], [
  AS_IF([test ! -e "$with_nccl/include/nccl.h"],
    [AC_MSG_ERROR([there is no $with_nccl/include/nccl.h; --with-nccl=DIR names the folder that has include/ and lib/])])])
AS_IF([test "x$with_nccl" != xno], [
  nccl_library=-lnccl
  AS_CASE([$with_nccl], [auto|yes], [NCCL_CFLAGS=$CUDA_CFLAGS NCCL_LIBS=], [
    NCCL_CFLAGS="-isystem $with_nccl/include $CUDA_CFLAGS"
    NCCL_LIBS="-L$with_nccl/lib -Wl,-rpath,$with_nccl/lib"
    test -e "$with_nccl/lib/libnccl.so" || nccl_library=-l:libnccl.so.2])
  NCCL_LIBS="$NCCL_LIBS $nccl_library"
  saved_CFLAGS=$CFLAGS saved_LIBS=$LIBS
  CFLAGS="$CFLAGS $NCCL_CFLAGS" LIBS="$NCCL_LIBS $CUDA_LIBS $LIBS"
  AC_MSG_CHECKING([whether programs link with NCCL])
  AC_LINK_IFELSE([AC_LANG_PROGRAM([[#include <nccl.h>
#if NCCL_VERSION_CODE < NCCL_VERSION(2, 18, 0)
#error NCCL 2.18 or later is needed
#endif]], [[int v; return ncclGetVersion(&v);]])],
    [AC_MSG_RESULT([yes]); have_nccl=yes; nccl_note=],
    [AC_MSG_RESULT([no]); nccl_note=" (programs do not link with NCCL 2.18 or later: config.log says why; --with-nccl=DIR says where it is)"])
  CFLAGS=$saved_CFLAGS LIBS=$saved_LIBS])
])

dnl cuDNN: the system's, the toolkit's, or DIR's. PyPI's wheels (nvidia-cudnn-cu12, -cu13) have only libcudnn.so.9 in lib/.
AC_DEFUN([_GALEN_CUDNN], [
cudnn_note=' (--without-cudnn)'
AS_CASE([$with_cudnn], [auto|yes|no], [], [
  AS_IF([test ! -e "$with_cudnn/include/cudnn.h"],
    [AC_MSG_ERROR([there is no $with_cudnn/include/cudnn.h; --with-cudnn=DIR names the folder that has include/ and lib/])])])
AS_IF([test "x$with_cudnn" != xno], [
  cudnn_library=-lcudnn
  AS_CASE([$with_cudnn], [auto|yes], [CUDNN_CFLAGS=$CUDA_CFLAGS CUDNN_LIBS=], [
    CUDNN_CFLAGS="-isystem $with_cudnn/include $CUDA_CFLAGS"
    CUDNN_LIBS="-L$with_cudnn/lib -Wl,-rpath,$with_cudnn/lib"
    test -e "$with_cudnn/lib/libcudnn.so" || cudnn_library=-l:libcudnn.so.9])
  CUDNN_LIBS="$CUDNN_LIBS $cudnn_library"
  saved_CFLAGS=$CFLAGS saved_LIBS=$LIBS
  CFLAGS="$CFLAGS $CUDNN_CFLAGS" LIBS="$CUDNN_LIBS $CUDA_LIBS $LIBS"
  AC_MSG_CHECKING([whether programs link with cuDNN])
  AC_LINK_IFELSE([AC_LANG_PROGRAM([[#include <cudnn.h>
#if CUDNN_VERSION < 91600
#error cuDNN 9.16 or later is needed
#endif]], [[return cudnnGetVersion() == 0;]])],
    [AC_MSG_RESULT([yes]); have_cudnn=yes; cudnn_note=],
    [AC_MSG_RESULT([no]); cudnn_note=" (programs do not link with cuDNN 9.16 or later: config.log says why; --with-cudnn=DIR says where it is)"])
  CFLAGS=$saved_CFLAGS LIBS=$saved_LIBS])
])
