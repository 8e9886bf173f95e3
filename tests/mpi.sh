# Shared by the tests that start several ranks; source it after lib.sh.
# Open MPI does not start as root, nor more ranks than processors, unless it is told so; in containers ranks may not read each
# other's memory; and MPI frees little at its end, which LeakSanitizer would blame us for.
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_rmaps_base_oversubscribe=1 OMPI_MCA_btl_vader_single_copy_mechanism=none
export ASAN_OPTIONS="detect_leaks=0:${ASAN_OPTIONS:-}"
need_mpi() {
  command -v mpirun >/dev/null || skip_all "mpirun is not installed; ./bootstrap installs it"
  timeout 60 mpirun -np 2 true >/dev/null 2>"$scratch/err" || { note <"$scratch/err"; skip_all "mpirun does not work here: 'mpirun -np 2 true' fails"; }
}
# ranks NUMBER COMMAND...
ranks() { timeout 300 mpirun -np "$@"; }

# A corpus of so many documents in which every rule of deduplication finds something: $recipe, $scratch/cleaned (built up to there)
# and $scratch/whole (built to the end), both by one process.
make_duplicates() {
  command -v python3 >/dev/null || skip_all "python3 is not installed; ./bootstrap check installs it"
  recipe=$scratch/corpus/recipe.yaml
  "$source_root/tests/fixtures/make_duplicates" "$scratch/corpus" "$1" "$source_root/tests/fixtures/tokenizers/gpt2.json" &&
    "$galen" build "$recipe" -o "$scratch/cleaned" --until clean --quiet >/dev/null &&
    cp -r "$scratch/cleaned" "$scratch/whole" && "$galen" build "$recipe" -o "$scratch/whole" --quiet >/dev/null ||
    { echo "Bail out! the corpus does not build"; exit 99; }
}
# Builds $scratch/store to its end: whether it is $scratch/whole, verdicts and all.
finish_store() {
  "$galen" build "$recipe" -o "$scratch/store" --quiet >/dev/null 2>"$scratch/err" || { note <"$scratch/err"; return 1; }
  cmp "$scratch/whole/manifest.json" "$scratch/store/manifest.json"
}
