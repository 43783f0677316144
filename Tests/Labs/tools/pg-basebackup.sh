# pg_basebackup -Ft: a directory with two tars and a manifest a night, each stands alone. Unpacked and verified by
# pg_verifybackup; on the newest of a vault a server is started, and rows compared.
pg-basebackup_kind() { echo single; }
pg-basebackup_packages() { postgres_packages && printf '%s\n' "$postgres_bin/pg_verifybackup postgresql"; }
pg-basebackup_start() { postgres_start; }
pg-basebackup_stop() {
    local pid
    for pid in "$WORK"/pids/base-*; do [ ! -f "$pid" ] || end "$(basename "$pid")" -INT; done
    postgres_stop
}

pg-basebackup_night() {
    local name=base-$1
    postgres_night "$2"
    limit 60 "$postgres_bin/pg_basebackup" -h "$WORK/sockets" -U postgres -D "$MASTER/$name" -Ft -z -c fast -X stream
    stamp "$1" "$MASTER/$name"
    note "$2" "$name" "$2"
}

pg-basebackup_restore() {
    local from=$1/$(name_of "$2")
    tar -C "$3" -xzf "$from/base.tar.gz" && mkdir -p "$3/pg_wal" && tar -C "$3/pg_wal" -xzf "$from/pg_wal.tar.gz" &&
        cp "$from/backup_manifest" "$3/" && limit 60 "$postgres_bin/pg_verifybackup" "$3"
}
pg-basebackup_compare() {
    [ "$LAST" ] || return 0
    local port server status=0
    port=$(postgres_port)
    server=base-$(basename "$RESTORE")
    chown -R postgres: "$2" && chmod 700 "$2"
    postgres_serve "$server" "$2" "$port" >"$RESTORE/said" && postgres_compare "$1" "$port" shop || status=1
    end "$server" -INT
    return "$status"
}
pg-basebackup_verify() { restore_each "$1"; }
