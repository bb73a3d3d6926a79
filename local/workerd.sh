#!/bin/sh
# Stands between Miniflare and the Workers runtime (MINIFLARE_WORKERD_PATH) and then becomes the runtime itself.
# Ctrl-C reaches every process of the terminal: the runtime must outlive it for as long as the server takes to let
# requests finish, hence the trap. The process id is what a later server needs to end a runtime left behind.
trap '' INT
[ -n "$FOLIO_RUNTIME_PID_FILE" ] && echo $$ >"$FOLIO_RUNTIME_PID_FILE"
exec "$FOLIO_RUNTIME_BINARY" "$@"
