# Sourced with a program's path: sets LD_LIBRARY_PATH to where its libraries may be (beside it, in the toolkit, among Python's packages), and
# $missing to those that are nowhere.
libraries=$here/lib:/usr/local/cuda/lib64
for folder in $(python3 -c 'import site; print(*site.getsitepackages())' 2>/dev/null); do
  for found in "$folder"/nvidia/*/lib; do [ -d "$found" ] && libraries=$libraries:$found; done
done
export LD_LIBRARY_PATH=${LD_LIBRARY_PATH:+$LD_LIBRARY_PATH:}$libraries
missing=$(ldd "$1" | awk '/not found/ { print $1 }' | tr '\n' ' ')
