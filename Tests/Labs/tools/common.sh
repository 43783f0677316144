# What the tools of this lab share: time limits, simulated days, the source that is backed up, and the replay of chains.
# Sourced by `restorable`, which sets WORK, NIGHTS, SOURCE and DAYS, and for each tool TOOL, HERE, MASTER and NOTES.

# limit SECONDS COMMAND…: nothing runs without an end. The exit status is the command's, or 124.
limit() { timeout -k 5 "$@"; }

# fake 'DAY TIME' COMMAND…: on a clock that runs from there. libfaketime leaves two objects in /dev/shm if it is killed;
# they bear the pid that is written down here, and the driver removes them.
fake() {
    local when=$1
    shift
    DONT_FAKE_MONOTONIC=1 FAKETIME_DONT_FAKE_MONOTONIC=1 limit 90 \
        bash -c 'echo $$ >>"$0"; exec faketime -f "$@"' "$WORK/faked" "@$when" "$@"
}

# stamp DAY PATH…: as if written in that night; directories after their contents.
stamp() {
    local day=$1
    shift
    find "$@" -depth -exec touch -h -d "$day 01:00 UTC" {} +
}

# skip REASON: this machine cannot run the tool. Only in NAME_start.
skip() {
    echo "$1" >"$HERE/skipped"
    exit 0
}

# remember NAME PID: to be ended at the latest by the driver. end NAME: TERM, ten seconds, KILL.
remember() { echo "$2" >"$WORK/pids/$1"; }
end() {
    local pid
    [ -f "$WORK/pids/$1" ] || return 0
    pid=$(cat "$WORK/pids/$1")
    kill "${2:-TERM}" "$pid" 2>/dev/null || true
    for _ in $(seq 100); do
        [ -d "/proc/$pid" ] && [ "$(sed 's/.*) //; s/ .*//' "/proc/$pid/stat" 2>/dev/null)" != Z ] || break
        sleep 0.1
    done
    kill -KILL "$pid" 2>/dev/null || true
    rm -f "$WORK/pids/$1"
}

# mount_image IMAGE SIZE DIRECTORY MKFS…: a file system in a sparse file. The driver unmounts what is under WORK.
mount_image() {
    local image=$1 size=$2 directory=$3
    shift 3
    truncate -s "$size" "$image" && limit 30 "$@" "$image" >/dev/null 2>&1 && mkdir -p "$directory" &&
        limit 30 mount -o loop,noatime "$image" "$directory"
}

# MARK: The source, the same for every tool that backs up files

# What a tree holds: type, name, target of a link, and the content of every file.
listing() {
    (
        cd "$1" || exit
        find . -mindepth 1 ! -name lost+found ! -name restoresymtable -printf '%y %P %l\n' | LC_ALL=C sort
        find . -type f ! -name restoresymtable -print0 | LC_ALL=C sort -z | xargs -0r sha256sum
    )
}

random() { head -c "$1" /dev/urandom; }

# change_source N: every night leaves its traces (a new file, a changed one, one that is gone, a renamed directory), so
# that a state restored without one of the backups it needs differs from what is noted here.
change_source() {
    local n=$1
    if [ "$n" -eq 1 ]; then
        mkdir -p "$SOURCE/static/an empty directory" "$SOURCE/daily" "$SOURCE/moving-1"
        for part in 1 2 3; do random 350000 >"$SOURCE/static/part $part.bin"; done
        random 40000 >"$SOURCE/table"
        random 3000 >"$SOURCE/moving-1/inside"
        ln -s "part 1.bin" "$SOURCE/static/link"
    else
        mv "$SOURCE/moving-$((n - 1))" "$SOURCE/moving-$n"
        # In the middle, and longer by a line: the size differs as well.
        random 200 | dd of="$SOURCE/table" bs=1 seek=$((n * 211)) conv=notrunc status=none
        echo "night $n" >>"$SOURCE/table"
    fi
    random 120000 >"$SOURCE/daily/$n.bin"
    rm -f "$SOURCE/daily/$((n - 3)).bin"
    seq "$n" >"$SOURCE/state.txt"
    # Two nights may pass within a second, and some tools compare nothing but times.
    touch -d "$(day_of "$n") 00:30 UTC" "$SOURCE/table" "$SOURCE/state.txt" "$SOURCE/daily/$n.bin" "$SOURCE/moving-$n"
    listing "$SOURCE" >"$DAYS/$n.listing"
}

# MARK: Notes. NOTES/N.name: what the backup of night N is called. NOTES/N.files: what was new in the master after it
# (written by the driver). NOTES/N.chain: the nights to restore, in this order, to get the state of N.

# note N NAME CHAIN…
note() {
    echo "$2" >"$NOTES/$1.name"
    echo "${*:3}" >"$NOTES/$1.chain"
}

day_of() { cat "$DAYS/$1.day"; }
name_of() { cat "$NOTES/$1.name"; }
noted() { for ((i = 1; i <= NIGHTS; i++)); do [ ! -f "$NOTES/$i.name" ] || echo "$i"; done; }

# state_of VAULT N: `whole`, `gone`, or `part MISSING`.
state_of() {
    local file missing= there=
    while IFS= read -r file; do
        if [ -e "$1/$file" ] || [ -L "$1/$file" ]; then there=1; else missing=${missing:-$file}; fi
    done <"$NOTES/$2.files"
    if [ -z "$missing" ]; then echo whole; elif [ -z "$there" ]; then echo gone; else echo "part $missing"; fi
}

# MARK: Restoring all that stayed. One line each: `ok NAME`, or `broken NAME: why`.

# complain VAULT N WHY: and which backup it lacks, of those that it needs.
complain() {
    local link lacks=
    for link in $(cat "$NOTES/$2.chain"); do
        [ "$link" != "$2" ] && [ "$(state_of "$1" "$link")" != whole ] || continue
        lacks="; it needs $(name_of "$link"), which is not there"
        break
    done
    echo "broken $(name_of "$2"): $3$lacks"
}

# What a tool said: its last line that speaks of an error, or its last line.
last_line() {
    local line
    line=$(grep -iE 'error|cannot|could not|failed|unable|missing' "$1" | grep -v 'due to previous errors' | tail -n 1)
    [ -n "$line" ] || line=$(grep -v '^[[:space:]]*$' "$1" | tail -n 1)
    sed -E 's/^\[[0-9]+\] [-0-9]+ [:0-9]+ //' <<<"$line" | cut -c 1-200
}

# compare N TREE: against the source of that night.
compare() {
    listing "$2" >"$RESTORE/listing"
    cmp -s "$DAYS/$1.listing" "$RESTORE/listing" && return
    local first
    first=$(diff "$DAYS/$1.listing" "$RESTORE/listing" | grep -m 1 '^[<>]' | cut -c 1-90)
    echo "restored, and it differs from what was backed up ($first)" >"$RESTORE/said"
    return 1
}

fresh_directory() { rm -rf "$1" && mkdir "$1"; }

# restore_chains VAULT: for a tool that is restored link by link. It calls, in RESTORE, the directory of this vault's
# restores:
#   NAME_fresh TARGET          an empty target (or fresh_directory)
#   NAME_apply VAULT N TARGET  the next link
#   NAME_compare N TARGET      whether it is now the state of N (or compare); LAST=1 for the last one of the vault
# A link that is gone is left out, as anybody would do who has only these files: then it must show in the result.
restore_chains() {
    local vault=$1 n link wanted state applied='' nights=() fresh=fresh_directory check=compare
    local target=$RESTORE/target
    declare -F "${TOOL}_fresh" >/dev/null && fresh=${TOOL}_fresh
    declare -F "${TOOL}_compare" >/dev/null && check=${TOOL}_compare
    for n in $(noted); do
        state=$(state_of "$vault" "$n")
        case $state in
        whole) nights+=("$n") ;;
        part*) complain "$vault" "$n" "a part of it is gone: ${state#part }" ;;
        esac
    done
    for n in "${nights[@]}"; do
        wanted=
        for link in $(cat "$NOTES/$n.chain"); do
            [ "$(state_of "$vault" "$link")" != whole ] || wanted+=" $link"
        done
        # Go on from the state before, where this one continues it.
        if [ -z "$applied" ] || [ "$wanted" = "$applied" ] || [[ "$wanted " != "$applied "* ]]; then
            "$fresh" "$target" || echo "no empty target" >"$RESTORE/said"
            applied=
        fi
        LAST=
        [ "$n" != "${nights[-1]}" ] || LAST=1
        for link in ${wanted#"$applied"}; do
            : >"$RESTORE/said"
            if ! "${TOOL}_apply" "$vault" "$link" "$target" >"$RESTORE/said" 2>&1; then
                complain "$vault" "$n" "$(last_line "$RESTORE/said")"
                applied=
                continue 2
            fi
        done
        applied=$wanted
        if "$check" "$n" "$target"; then echo "ok $(name_of "$n")"; else
            complain "$vault" "$n" "$(last_line "$RESTORE/said")"
        fi
    done
}

# restore_each VAULT: for a tool that restores a state with one command: NAME_restore VAULT N TARGET.
restore_each() {
    local vault=$1 n state check=compare last
    declare -F "${TOOL}_compare" >/dev/null && check=${TOOL}_compare
    for n in $(noted); do [ "$(state_of "$vault" "$n")" != whole ] || last=$n; done
    for n in $(noted); do
        state=$(state_of "$vault" "$n")
        case $state in
        gone) continue ;;
        part*) complain "$vault" "$n" "a part of it is gone: ${state#part }" && continue ;;
        esac
        fresh_directory "$RESTORE/target"
        LAST=
        [ "$n" != "${last:-}" ] || LAST=1
        : >"$RESTORE/said"
        if "${TOOL}_restore" "$vault" "$n" "$RESTORE/target" >"$RESTORE/said" 2>&1 &&
            "$check" "$n" "$RESTORE/target"; then
            echo "ok $(name_of "$n")"
        else
            complain "$vault" "$n" "$(last_line "$RESTORE/said")"
        fi
    done
}

# answer STATUS NAME: for a tool that checks a whole repository by itself; what it said is in RESTORE/said.
answer() {
    if [ "$1" -eq 0 ]; then echo "ok $2"; else echo "broken $2: $(last_line "$RESTORE/said")"; fi
}
