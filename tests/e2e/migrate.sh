#!/usr/bin/env bash
# The schema by the binary, on a database of its own.
. "$(dirname "$0")/lib.sh"

name=gpuaas_migrate_$(random_secret | head -c 12)
cp -r "$ROOT/deploy/migrations" "$E2E/migrations"
GPUAAS_MIGRATIONS_URL=$(postgres_uri gpuaas_owner "$name")
export GPUAAS_MIGRATIONS_URL GPUAAS_MIGRATIONS_DIR=$E2E/migrations
server() { psql -X -q -v ON_ERROR_STOP=1 "$(postgres_uri gpuaas_owner gpuaas)" -c "$1"; }
server "CREATE DATABASE $name" || give_up "a database of its own"
cleanups+=("server 'DROP DATABASE $name WITH (FORCE)'")
migrate() { "$BIN/gpuaas-api" migrate "$@" 2>>"$E2E/migrate.log"; }
pending() { migrate status | grep -c pending; }
all=$(find "$E2E/migrations" -name '*.up.sql' | wc -l)

same "all is pending at first" "$all" "$(pending)"
migrate up >"$E2E/one" &
migrate up >"$E2E/two"; two=$?
wait $!
same "two at once are safe" "0 0" "$? $two"
same "and each file was applied once" "$all" "$(cat "$E2E/one" "$E2E/two" | grep -c '^applied ')"
same "a second run has nothing to do" "nothing to do" "$(migrate up)"
same "nothing is pending then" 0 "$(pending)"
newest=$(printf '%04d' "$all")
same "one is taken back" "took back $newest" "$(migrate down)"
same "it is pending again" "$newest" "$(migrate status | grep pending | cut -d' ' -f1)"
same "and applied again" "applied $newest" "$(migrate up)"

made=$(migrate new add_colour)
next=$(printf '%04d' $((all + 1)))
same "a new migration is the next pair of files" "${next}_add_colour.down.sql ${next}_add_colour.up.sql" \
  "$(cd "$E2E/migrations" && echo "$next"_*)"
check "in the folder that was named" [ -e "$made" ]
echo 'CREATE TABLE colours (name text);' >"$E2E/migrations/${next}_add_colour.up.sql"
echo 'DROP TABLE colours;' >"$E2E/migrations/${next}_add_colour.down.sql"
same "it is applied like the others" "applied $next" "$(migrate up)"

echo '-- a later thought' >>"$E2E/migrations/0001_tenancy.up.sql"
check "an edited file is refused" eval '! migrate up'
check "and shown" eval 'migrate status | grep -q "^0001 .*EDITED"'
