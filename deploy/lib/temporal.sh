# shellcheck shell=bash
# Temporal: the real dev server with its web UI, state in one SQLite file; closed workflows stay 30 days.

TEMPORAL_CLI=$CACHE/bin/temporal

temporal_start() {
  mkdir -p "$STATE/temporal"
  start_process temporal "$TEMPORAL_CLI" server start-dev --ip 127.0.0.1 --port "$TEMPORAL_PORT" \
    --ui-ip 127.0.0.1 --ui-port "$TEMPORAL_UI_PORT" --db-filename "$STATE/temporal/temporal.db" --log-level warn \
    --dynamic-config-value system.enableActivityEagerExecution=true
  wait_until 60 temporal temporal_health
  # The server has no flag for it; its default is one day.
  "$TEMPORAL_CLI" operator namespace update --address "127.0.0.1:$TEMPORAL_PORT" --namespace default --retention 30d \
    >>"$LOGS/temporal.log" 2>&1 || { fail_with_log temporal "refused the retention of 30 days"; return 1; }
}

temporal_stop() { stop_process temporal 20; }

temporal_health() {
  "$TEMPORAL_CLI" operator namespace describe --address "127.0.0.1:$TEMPORAL_PORT" --namespace default --command-timeout 3s
}
temporal_address() { say "127.0.0.1:$TEMPORAL_PORT   UI http://127.0.0.1:$TEMPORAL_UI_PORT"; }
temporal_title() { say "Temporal"; }
