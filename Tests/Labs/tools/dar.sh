# dar, in slices: full, then in turn a week of incrementals (each on the one before) and one of differentials (each on
# the full one).
dar_kind() { echo chain; }
dar_packages() { echo "dar dar"; }
dar_start() { :; }
dar_stop() { :; }

dar_night() {
    local day=$1 n=$2 word chain= base=()
    if [ "$3" ]; then
        word=full
        echo "$((1 - $(cat "$HERE/turn" 2>/dev/null || echo 1)))" >"$HERE/turn"
    else
        chain=$(cat "$HERE/chain")
        word=incr
        [ "$(cat "$HERE/turn")" -eq 0 ] || { word=diff && chain=${chain%% *}; }
        base=(-A "$MASTER/$(name_of "${chain##* }")")
    fi
    local name=home_${day}_$word
    limit 60 dar -c "$MASTER/$name" -R "$SOURCE" -s 100k -Q -q "${base[@]}" </dev/null
    stamp "$day" "$MASTER/$name".*.dar
    echo ${chain:+$chain }"$n" >"$HERE/chain"
    note "$n" "$name" $chain "$n"
}

dar_apply() { limit 60 dar -x "$1/$(name_of "$2")" -R "$3" -Q -q -w </dev/null; }
dar_verify() { restore_chains "$1"; }
