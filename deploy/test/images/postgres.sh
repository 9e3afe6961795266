#!/bin/sh
# What the official image does at its first start: a cluster, a password, a database.
set -eu
if [ ! -s "$PGDATA/PG_VERSION" ]; then
    # Deliberately split: one word for each argument.
    # shellcheck disable=SC2086
    initdb --username postgres --pwfile "$POSTGRES_PASSWORD_FILE" ${POSTGRES_INITDB_ARGS:-}
    echo 'host all all all scram-sha-256' >>"$PGDATA/pg_hba.conf"
    pg_ctl --wait start --options "-c listen_addresses='' -k /run/postgresql"
    createdb --host /run/postgresql --username postgres "$POSTGRES_DB"
    pg_ctl --wait stop
fi
exec postgres -c listen_addresses='*' -k /run/postgresql
