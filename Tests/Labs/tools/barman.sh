# barman: one unit with its WAL, which only barman may thin out. A backup takes seconds and tens of megabytes: five of
# them, over the nights. Nothing may be moved; check-backup and verify-backup must find each of them whole.
barman_kind() { echo repository; }
barman_packages() { postgres_packages && echo "barman barman"; }

barman_configure() { # barman_home, file
    cat >"$2" <<-END
		[barman]
		barman_home = $1
		barman_user = root
		log_file = $2.log
		log_level = INFO
		[pg]
		description = the lab
		conninfo = host=$WORK/sockets port=5432 user=postgres dbname=shop
		streaming_conninfo = host=$WORK/sockets port=5432 user=postgres
		backup_method = postgres
		streaming_archiver = on
		slot_name = barman
		create_slot = auto
		archiver = off
		immediate_checkpoint = true
		path_prefix = $postgres_bin
	END
}

barman_start() {
    postgres_start
    barman_configure "$MASTER" "$HERE/conf"
    limit 60 barman -c "$HERE/conf" receive-wal --create-slot pg
    barman -c "$HERE/conf" receive-wal pg >>"$HERE/receive.log" 2>&1 </dev/null &
    remember barman $!
    sleep 1
}
barman_stop() {
    [ ! -f "$WORK/pids/barman" ] || limit 20 barman -c "$HERE/conf" receive-wal --stop pg || true
    end barman
    postgres_stop
}

barman_switch() {
    # With something in the next segment: only then the one before it counts as finished.
    postgres_ask shop -c 'select pg_switch_wal()' -c "select pg_logical_emit_message(true, 'lab', 'next')"
    sleep 0.2
    limit 60 barman -c "$HERE/conf" archive-wal pg
}

# The first segment is archived as soon as the next one has begun; before that no backup may start.
barman_begin() {
    for _ in $(seq 20); do
        barman_switch
        ! ls "$MASTER"/pg/wals/*/* >/dev/null 2>&1 || break
        sleep 0.2
    done
}

barman_night() {
    local step=$(((NIGHTS + 4) / 5))
    postgres_night "$2"
    [ $(((NIGHTS - $2) % step)) -eq 0 ] || return 0
    [ -d "$MASTER/pg/base" ] && ls "$MASTER"/pg/base/* >/dev/null 2>&1 || barman_begin
    fake "$1 01:00:00" barman -c "$HERE/conf" backup pg
    barman_switch
    # The seconds in its name are those that had passed.
    note "$2" "$(ls "$MASTER/pg/base" | tail -n 1)" "$2"
}

barman_verify() {
    local n id status
    barman_configure "$1" "$RESTORE/conf"
    for n in $(noted); do
        id=$(name_of "$n") status=0
        {
            limit 60 barman -c "$RESTORE/conf" check-backup pg "$id" &&
                limit 60 barman -c "$RESTORE/conf" verify-backup pg "$id" &&
                limit 60 barman -c "$RESTORE/conf" show-backup pg "$id" | grep -Eq 'Status *: DONE'
        } >"$RESTORE/said" 2>&1 || status=1
        answer "$status" "$id"
    done
}
