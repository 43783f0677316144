# pg_dump -Fd: a directory a night, each stands alone. Restored into a new database, rows compared.
pg-dump_kind() { echo single; }
pg-dump_packages() { postgres_packages; }
pg-dump_start() { postgres_start; }
pg-dump_stop() { postgres_stop; }

pg-dump_night() {
    local name=orders-$1
    postgres_night "$2"
    limit 60 pg_dump -h "$WORK/sockets" -U postgres -Fd -f "$MASTER/$name" shop
    stamp "$1" "$MASTER/$name"
    note "$2" "$name" "$2"
}

pg-dump_restore() {
    local database
    database=$(basename "$RESTORE")
    # Copied as files: it would go through the WAL otherwise, and from there into barman.
    postgres_ask shop -c "drop database if exists \"$database\"" \
        -c "create database \"$database\" strategy file_copy" &&
        limit 60 "$postgres_bin/pg_restore" -h "$WORK/sockets" -U postgres -d "$database" -e "$1/$(name_of "$2")"
}
pg-dump_compare() { postgres_compare "$1" 5432 "$(basename "$RESTORE")"; }
pg-dump_verify() { restore_each "$1"; }
