# mariadb-backup: full and incremental directories beside each other. What needs what is in no name, only in the LSNs of
# xtrabackup_checkpoints. Restored by --prepare; on the newest state of a vault a server is started, and rows compared.
mariadb-backup_kind() { echo chain; }
mariadb-backup_packages() {
    printf '%s\n' "mariadb-backup mariadb-backup" "mariadbd mariadb-server" "mariadb-install-db mariadb-server"
}

# serve NAME DATA: a server on a socket of its own.
mariadb_serve() {
    setpriv --reuid=mysql --regid=mysql --clear-groups mariadbd --no-defaults --datadir="$2" \
        --socket="$WORK/sockets/$1" --skip-networking --skip-log-bin --pid-file="$2/pid" \
        --innodb-flush-log-at-trx-commit=2 --innodb-buffer-pool-size=16M --performance-schema=off \
        --innodb-max-dirty-pages-pct=0 "${@:3}" >>"$HERE/$1.log" 2>&1 </dev/null &
    local pid=$!
    remember "$1" "$pid"
    for _ in $(seq 200); do
        limit 10 mariadb-admin --no-defaults -uroot -S "$WORK/sockets/$1" ping >/dev/null 2>&1 && return
        [ -d "/proc/$pid" ] || break
        sleep 0.1
    done
    echo "the server $1 did not start: $(grep -m 1 ERROR "$HERE/$1.log")"
    return 1
}
mariadb_ask() { limit 30 mariadb --no-defaults -uroot -S "$WORK/sockets/$1" -N mysql -e "$2"; }

mariadb-backup_start() {
    mkdir "$HERE/data" && chown mysql: "$HERE/data"
    limit 60 mariadb-install-db --no-defaults --user=mysql --datadir="$HERE/data" --skip-test-db \
        --auth-root-authentication-method=normal >"$HERE/install.log" 2>&1
    mariadb_serve mariadb "$HERE/data" --innodb-log-file-size=4M
    # Without what is the same in every backup and only takes room.
    mariadb_ask mariadb "drop database sys; truncate help_topic; truncate help_keyword; truncate help_relation"
    mariadb_ask mariadb "create database shop; create table shop.orders (night int, text varchar(100)) engine=innodb;
        create table shop.later (n int, text varchar(200)) engine=innodb"
}
mariadb-backup_stop() {
    end mariadb
    local pid
    for pid in "$WORK"/pids/mariadb-*; do [ ! -f "$pid" ] || end "$(basename "$pid")"; done
}

mariadb-backup_night() {
    local day=$1 n=$2 chain= base=() name=$1_01-00-00
    mariadb_ask mariadb "insert into shop.orders select $n, concat(md5(seq), md5(seq * $n)) from mysql.seq_1_to_400"
    mariadb_ask mariadb "$mariadb_rows" >"$NOTES/$n.rows"
    # to_lsn is that of the last checkpoint: while it lags, several backups share one LSN.
    mariadb_ask mariadb "set global innodb_log_checkpoint_now = on" || true
    for _ in $(seq 100); do
        [ "$(mariadb_ask mariadb "show status like 'Innodb_checkpoint_age'" | cut -f 2)" -ge 1000 ] || break
        sleep 0.1
    done
    # With nothing behind the checkpoint, --prepare may miss the last 16 bytes of the log ("only applied up to LSN").
    mariadb_ask mariadb "insert into shop.later select seq, repeat('x', 200) from seq_1_to_20"
    if [ ! "$3" ]; then
        chain=$(cat "$HERE/chain")
        base=(--incremental-basedir="$MASTER/$(name_of "${chain##* }")")
    fi
    fake "$day 01:00:00" mariadb-backup --no-defaults --backup --user=root --socket="$WORK/sockets/mariadb" \
        --datadir="$HERE/data" --target-dir="$MASTER/$name" "${base[@]}"
    stamp "$day" "$MASTER/$name"
    echo ${chain:+$chain }"$n" >"$HERE/chain"
    note "$n" "$name" $chain "$n"
}
mariadb_rows="select count(*), sum(night), md5(group_concat(md5(text) order by night, text)) from shop.orders"

mariadb-backup_apply() {
    local from=$1/$(name_of "$2") to=$3 status=0
    # A copy: --prepare writes into both directories.
    if [ ! -e "$to/xtrabackup_checkpoints" ]; then
        cp -a "$from/." "$to/"
        limit 60 mariadb-backup --no-defaults --prepare --target-dir="$to" 2>&1 | tail -n 20
    else
        cp -a "$from" "$RESTORE/increment"
        limit 60 mariadb-backup --no-defaults --prepare --target-dir="$to" --incremental-dir="$RESTORE/increment" \
            2>&1 | tail -n 20
    fi
    status=${PIPESTATUS[0]}
    rm -rf "$RESTORE/increment"
    return "$status"
}

mariadb-backup_compare() {
    local n=$1 target=$2 server status=0
    local lsn='s/^to_lsn = //p' have want
    have=$(sed -n "$lsn" "$target/xtrabackup_checkpoints")
    want=$(sed -n "$lsn" "$MASTER/$(name_of "$n")/xtrabackup_checkpoints")
    if [ "$have" != "$want" ]; then
        echo "prepared up to LSN $have in place of $want" >"$RESTORE/said"
        return 1
    fi
    [ "$LAST" ] || return 0
    server=mariadb-$(basename "$RESTORE")
    chown -R mysql: "$target"
    {
        mariadb_serve "$server" "$target" && mariadb_ask "$server" "$mariadb_rows" >"$RESTORE/rows"
    } >"$RESTORE/said" 2>&1 || status=1
    end "$server"
    [ "$status" -eq 0 ] || return 1
    cmp -s "$NOTES/$n.rows" "$RESTORE/rows" && return
    echo "a server on it has other rows: $(cat "$RESTORE/rows")" >"$RESTORE/said"
    return 1
}
mariadb-backup_verify() { restore_chains "$1"; }
