# shellcheck shell=bash
# gpuaas-worker: Temporal workflows and activities.

worker_settings() { export_service_settings worker; }

worker_start() {
  start_service worker "$BIN/gpuaas-worker"
  wait_until 30 worker worker_health
}
worker_stop() { stop_process worker 30; }
worker_health() { http_ok "http://127.0.0.1:$WORKER_PORT/health"; }
worker_address() { say "http://127.0.0.1:$WORKER_PORT/health"; }
worker_title() { say "gpuaas-worker"; }
