#!/usr/bin/env bash
# The CLI is one file that runs anywhere: it needs libc and its kin only, and starts at once.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

needed=$(ldd "$BIN/gpuaas" | grep -vE 'linux-vdso|lib(c|m|dl|rt|pthread|resolv)\.so|ld-linux' || true)
same "needs libc and its kin only" "" "$needed"

# The best of ten: a busy machine says nothing about the program.
best=1000000
for _ in 1 2 3 4 5 6 7 8 9 10; do
  begin=${EPOCHREALTIME/./}
  "$BIN/gpuaas" --version >/dev/null
  took=$((${EPOCHREALTIME/./} - begin))
  [ "$took" -ge "$best" ] || best=$took
done
check "--version answers within 20 ms (${best} us)" [ "$best" -le 20000 ]

# It runs where there is nothing but itself, libc and the loader.
mkdir -p "$E2E/root/bin" "$E2E/root/tmp"
cp "$BIN/gpuaas" "$E2E/root/bin/"
ldd "$BIN/gpuaas" | grep -oE '/[^ ]+' | while read -r library; do cp --parents -L "$library" "$E2E/root"; done
same "runs in a root that holds nothing else" "$("$BIN/gpuaas" --version)" "$(chroot "$E2E/root" /bin/gpuaas --version 2>&1)"

for shell in bash zsh fish; do
  ! command -v $shell >/dev/null || check "$shell accepts its completion" $shell -n <("$BIN/gpuaas" completion $shell)
done
same "bash completes commands" "allocations" "$(bash -c '
  PATH='"$BIN"':$PATH
  source <(gpuaas completion bash)
  COMP_WORDS=(gpuaas allo) COMP_CWORD=1 COMPREPLY=()
  _gpuaas
  echo "${COMPREPLY[*]}"' 2>&1)"

# Every command has help, and says it on stdout.
words_of() { "$BIN/gpuaas" __complete -- "$@" "" | cut -f1; }
helpless=""
for group in $(words_of); do
  "$BIN/gpuaas" "$group" --help | grep -q . || helpless+=" $group"
  [ "$group" != help ] || continue
  for command in $(words_of "$group"); do "$BIN/gpuaas" "$group" "$command" --help 2>&1 | grep -q '^Usage' || helpless+=" $group/$command"; done
done
same "every command has help" "" "$helpless"
