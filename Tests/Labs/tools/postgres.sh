# One PostgreSQL for pg-dump, pg-basebackup and barman, on a socket in the work directory. No tool by itself.
postgres_bin=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1)
postgres_packages() { printf '%s\n' "$postgres_bin/initdb postgresql" "psql postgresql" "setpriv util-linux"; }
postgres_rows="select count(*), sum(night), md5(string_agg(md5(text), '' order by night, text)) from orders"

# postgres_ask DATABASE ARGUMENT…
postgres_ask() {
    limit 30 psql -h "$WORK/sockets" -p "${PGPORT:-5432}" -U postgres -d "$1" -qXAt -v ON_ERROR_STOP=1 "${@:2}"
}

# serve NAME DATA PORT: several share the directory of the sockets, by their ports.
postgres_serve() {
    setpriv --reuid=postgres --regid=postgres --clear-groups "$postgres_bin/postgres" -D "$2" -k "$WORK/sockets" \
        -p "$3" -c listen_addresses= -c fsync=off -c shared_buffers=16MB -c autovacuum=off -c max_wal_senders=10 \
        >>"$WORK/sockets/$1.log" 2>&1 </dev/null &
    local pid=$!
    remember "$1" "$pid"
    for _ in $(seq 300); do
        PGPORT=$3 postgres_ask template1 -c 'select 1' >/dev/null 2>&1 && return
        [ -d "/proc/$pid" ] || break
        sleep 0.1
    done
    echo "the server $1 did not start: $(grep -m 1 FATAL "$WORK/sockets/$1.log")"
    return 1
}

# The first of the tools starts it; the others wait.
postgres_start() {
    (
        flock 9
        [ ! -f "$WORK/pids/postgres" ] || exit 0
        mkdir "$WORK/postgres" && chown postgres: "$WORK/postgres"
        # Segments of 1 MB: a backup brings its WAL along.
        limit 60 setpriv --reuid=postgres --regid=postgres --clear-groups "$postgres_bin/initdb" \
            -D "$WORK/postgres" -A trust -U postgres --no-sync --locale=C --wal-segsize=1
        postgres_serve postgres "$WORK/postgres" 5432 9>&-
        # No database is there that nobody needs: each is in every backup.
        postgres_ask template1 -c 'create database shop' -c 'drop database postgres'
        postgres_ask shop -c 'create table orders (night int, text text)' -c 'create table empty (n int)'
    ) 9>"$WORK/postgres.lock"
}
postgres_stop() { end postgres -INT; }

# The rows of night N, and what is there then: once, whoever comes first.
postgres_night() {
    (
        flock 9
        [ ! -f "$DAYS/$1.rows" ] || exit 0
        postgres_ask shop -c "insert into orders
            select $1, md5(i::text) || md5((i * $1)::text) from generate_series(1, 300) i"
        postgres_ask shop -c "$postgres_rows" >"$DAYS/$1.rows.new"
        mv "$DAYS/$1.rows.new" "$DAYS/$1.rows"
    ) 9>"$WORK/postgres.lock"
}

# compare_rows N [PORT] DATABASE
postgres_compare() {
    PGPORT=$2 postgres_ask "$3" -c "$postgres_rows" >"$RESTORE/rows" 2>"$RESTORE/said" || return 1
    cmp -s "$DAYS/$1.rows" "$RESTORE/rows" && return
    echo "restored, and it has other rows: $(cat "$RESTORE/rows")" >"$RESTORE/said"
    return 1
}

# A port of this vault's own; only a name, nothing listens outside the directory of the sockets.
postgres_port() { echo $((5500 + $(printf '%s' "$RESTORE" | cksum | cut -d ' ' -f 1) % 1000)); }
