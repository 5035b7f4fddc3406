#!/usr/bin/env bash
# The Python SDK's client and worker with ours: the cases of build/bin/python_interop as "ok" and "not ok" lines, once in clear and
# once with all payloads encrypted.
. "$(dirname "${BASH_SOURCE[0]}")/../../deploy/lib/common.sh"

export INTEROP_PYTHON=$CACHE/venv/bin/python PYTHONPATH=$CACHE/python-sdk PYTHONDONTWRITEBYTECODE=1
run() { # PREFIX ARGUMENT...
  "$BIN/python_interop" "${@:2}" 2>&1 | sed -u -e "s/^\[       OK \] \(.*\) (.* ms)$/ok $1\1/" -e "s/^\[  FAILED  \] \(.*\) (.* ms)$/not ok $1\1/"
}
# Each pass in two halves at once: the cases mostly wait.
export GTEST_TOTAL_SHARDS=2
rc=0 parts=()
for GTEST_SHARD_INDEX in 0 1; do
  export GTEST_SHARD_INDEX
  run '' "$@" & parts+=($!)
  INTEROP_KEY='key-key-key-key-key-key-key-key!' run 'encrypted ' "$@" & parts+=($!)
done
for part in "${parts[@]}"; do wait "$part" || rc=1; done
exit $rc
