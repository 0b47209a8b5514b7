# One of many: says that it runs, and does nothing.
: > "$STARTED_DIR/$$"
exec sleep 1000000
