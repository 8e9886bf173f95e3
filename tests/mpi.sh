# Shared by the tests that start several ranks; source it after lib.sh.
# Open MPI does not start as root, nor more ranks than processors, unless it is told so; in containers ranks may not read each
# other's memory.
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_rmaps_base_oversubscribe=1 OMPI_MCA_btl_vader_single_copy_mechanism=none
need_mpi() {
  case " $left_out " in *" base/comm_mpi.c "*) skip_all "this galen was configured without MPI" ;; esac
  command -v mpirun >/dev/null || skip_all "mpirun is not installed; ./bootstrap installs it"
  timeout 60 mpirun -np 2 true >/dev/null 2>"$scratch/err" || { note <"$scratch/err"; skip_all "mpirun does not work here: 'mpirun -np 2 true' fails"; }
}
# ranks NUMBER COMMAND...
ranks() { timeout 300 mpirun -np "$@"; }
