# The rest is the same for every job: it finds a port for the server, checks that the server owns it, reports it to the
# harness, and exits with the server. The lines above set the variables and the function that runs the server.

# The server and its children get their own process group.
set -m

# The inodes of the sockets that listen on a port of this node.
hydrotest_listeners() {
    local wanted address state inode
    printf -v wanted '%04X' "$1"
    cat /proc/net/tcp /proc/net/tcp6 2>/dev/null | while read -r _ address _ state _ _ _ _ _ inode _; do
        [[ $address != *":$wanted" || $state != 0A ]] || echo "$inode"
    done
}

# The owner of a port: `server` for a process with the label of this job, `other` or `none`.
hydrotest_owner() {
    local inodes inode marked held
    inodes=$(hydrotest_listeners "$1")
    [ -n "$inodes" ] || { echo none; return; }
    # A server whose environment cannot be read cannot be checked; its responses are signed in any case.
    if [ -n "${hydrotest_server:-}" ] && [ -e "/proc/$hydrotest_server" ] && [ ! -r "/proc/$hydrotest_server/environ" ]; then
        echo server
        return
    fi
    marked=$(grep -lsz "^HYDROTEST_INSTANCE=$HYDROTEST_INSTANCE\$" /proc/[0-9]*/environ)
    # shellcheck disable=SC2086 # a path for each word
    held=$(ls -l ${marked//environ/fd} 2>/dev/null)
    for inode in $inodes; do
        [[ $held == *"socket:[$inode]"* ]] || { echo other; return; }
    done
    echo server
}

# Reports the address of the server to the harness. The file is complete before it gets its name.
hydrotest_announce() {
    printf '%s %s %s %s\n' "$SLURM_JOB_ID" "${SLURM_RESTART_COUNT:-0}" "${SLURMD_NODENAME:-$HOSTNAME}" "$1" \
        >"$hydrotest_directory/address.new" && mv -f "$hydrotest_directory/address.new" "$hydrotest_directory/address"
}

# Asks the server to exit, and kills its process group if it does not; the status is then 137, as for SIGKILL. A server that
# does not listen yet is asked every second, because Apptainer loses signals while it creates the container.
hydrotest_stop() {
    local round
    kill -TERM -- "-$hydrotest_server" 2>/dev/null
    for ((round = 1; round <= hydrotest_tenths; round++)); do
        kill -0 -- "-$hydrotest_server" 2>/dev/null || return 143
        sleep 0.1
        [ -n "$announced" ] || ((round % 10)) || kill -TERM -- "-$hydrotest_server" 2>/dev/null
    done
    echo "hydrotest: the server did not end when it was asked to, and is killed"
    kill -KILL -- "-$hydrotest_server" 2>/dev/null
    return 137
}

# Runs the server on a port until it exits, or until another process turns out to own the port.
hydrotest_attempt() {
    local port=$1 announced='' pause=0.1 round=0 status owner
    hydrotest_serve "$port" &
    hydrotest_server=$!
    while [ -z "$announced" ] && [ -z "$hydrotest_ending" ] && kill -0 "$hydrotest_server" 2>/dev/null; do
        owner=$(hydrotest_owner "$port")
        case $owner in
            server)
                announced=yes
                hydrotest_announce "$port"
                ;;
            other)
                hydrotest_stop
                hydrotest_taken=yes
                return
                ;;
            none)
                # A model that loads for long is checked less often.
                round=$((round + 1))
                [ "$round" -lt 50 ] || pause=1
                sleep "$pause"
                ;;
        esac
    done
    while [ -z "$hydrotest_ending" ]; do
        wait "$hydrotest_server"
        status=$?
        # A signal to this script interrupts the wait.
        kill -0 "$hydrotest_server" 2>/dev/null || break
    done
    if [ -n "$hydrotest_ending" ]; then
        hydrotest_stop
        return
    fi
    # A server whose port is taken exits like a broken one; the owner of the port tells them apart.
    if [ -z "$announced" ] && [ "$(hydrotest_owner "$port")" = other ]; then
        hydrotest_taken=yes
    fi
    return "$status"
}

hydrotest_ending=
trap 'hydrotest_ending=yes' TERM INT HUP
rm -f "$hydrotest_directory/address"
for hydrotest_round in 1 2 3 4 5 6 7 8; do
    # Below the ports that systems assign to clients.
    hydrotest_port=$((20000 + RANDOM % 12768))
    [ "$(hydrotest_owner "$hydrotest_port")" = none ] || continue
    hydrotest_taken=
    hydrotest_attempt "$hydrotest_port"
    hydrotest_status=$?
    [ -n "$hydrotest_taken" ] && [ -z "$hydrotest_ending" ] || exit "$hydrotest_status"
    echo "hydrotest: another process has port $hydrotest_port of $HOSTNAME; another one is tried"
done
echo "hydrotest: no port of $HOSTNAME could be had in $hydrotest_round attempts"
exit 1
