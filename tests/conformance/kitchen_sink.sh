#!/usr/bin/env bash
# The kitchen-sink worker, driven by the Python SDK's client.
. "$(dirname "${BASH_SOURCE[0]}")/../../deploy/lib/common.sh"

export PYTHONPATH=$CACHE/python-sdk PYTHONDONTWRITEBYTECODE=1
exec "$CACHE/venv/bin/python" "$ROOT/tests/conformance/kitchen_sink/drive.py" "$GPUAAS_TEMPORAL_ADDRESS" "$BIN/kitchen_sink_worker" \
  "$BIN/kitchen_sink.protos" "$@"
