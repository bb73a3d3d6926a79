#!/bin/sh
# Stands for the Workers runtime and opens its inspector (the local server has no option for it): that of the one with the
# objects, since two cannot have the same port.
case "$FOLIO_RUNTIME_PID_FILE" in
*/runtime.pid) exec "$BENCH_RUNTIME_BINARY" "$@" --inspector-addr=127.0.0.1:"$BENCH_INSPECTOR_PORT" ;;
*) exec "$BENCH_RUNTIME_BINARY" "$@" ;;
esac
