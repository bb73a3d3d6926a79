#!/bin/sh
# Stands for the Workers runtime and opens its inspector (the local server has no option for it).
exec "$BENCH_RUNTIME_BINARY" "$@" --inspector-addr=127.0.0.1:"$BENCH_INSPECTOR_PORT"
