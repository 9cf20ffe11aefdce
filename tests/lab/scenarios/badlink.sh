# A bad link between AP and hall: three packets of ten lost each way and half a second of delay each way. A flip and a
# closing go through it and are right in the end, their times are printed; the station of the town's own network on the
# same radio is never touched by either. Then the line goes and comes each second for a minute, in a flip and a closing.
#
# programs: hirake hirake-agent
logs='/run/hirake.log /run/agent.log /run/hostapd.log /run/staff.log /run/staff.event'
. /lab/town.sh
rounds=${ROUNDS:-2} LOSS=${LOSS:-30%} DELAY=${DELAY:-500ms}
# The line between hall and AP, both ways.
bad() { tc qdisc replace dev hall root netem "$@"; within ap tc qdisc replace dev uplink root netem "$@"; }
good() { tc qdisc del dev hall root; within ap tc qdisc del dev uplink root; }
# lost DEVICE [within PLACE]: the kernel's own account of what it dropped at one end of the line.
lost() {
  local said; said=$("${@:2}" tc -s qdisc show dev "$1") && [[ $said =~ ([0-9]+)\ pkt\ \(dropped\ ([0-9]+) ]] || return 1
  say "$1: ${BASH_REMATCH[2]} packets lost, ${BASH_REMATCH[1]} sent"; [ "${BASH_REMATCH[2]}" -gt 0 ]
}

town_up
need "the AP stands settled in the normal mode" await 60 totals settled 1
phone staff wlan1 shiomi-staff "$staff_key"
need "a station joins the town's own network" await 60 joined staff 1
watched staff wlan1 ap 10.8.0.2

bad loss "$LOSS" delay "$DELAY"
for ((round = 1; round <= rounds; round++)); do
  edge=$(now_us); turn disaster
  need "$LOSS lost, $DELAY late ($round): 00000JAPAN is on the air" await 120 on_air_since "$edge"
  measure badlink-edge-to-beacon $(($(beacon 00000JAPAN "$edge") - edge))
  check "the controller learns of it" await 120 totals open 1
  measure badlink-edge-to-known $(($(now_us) - edge))
  check "it stays on the air" stays 2 test -e /run/hostapd/wlan0jp
  edge=$(now_us); turn normal
  check "$LOSS lost, $DELAY late ($round): 00000JAPAN is off the air" await 120 closed
  gone=$(now_us); measure badlink-edge-to-closed $((gone - edge))
  check "the controller learns of it" await 120 totals settled 1
  measure badlink-edge-to-closing-known $(($(now_us) - edge))
done
check "no beacon of 00000JAPAN since it was closed" silent_since "$gone"
check "the hall's end of the line did lose packets" lost hall
check "the AP's end of the line did lose packets" lost uplink within ap
good

# The line goes and comes each second for a minute; half of it for a flip, half for a closing.
flaps() {
  local end=$((SECONDS + 60))
  while [ $SECONDS -lt $end ]; do
    within ap ip link set uplink down; sleep 1; within ap ip link set uplink up; sleep 1
  done
}
flaps & flapping=$!
sleep 2
edge=$(now_us); turn disaster
check "the line flaps: 00000JAPAN is on the air" await 28 on_air_since "$edge"
measure flapping-edge-to-beacon $(($(beacon 00000JAPAN "$edge") - edge))
check "the line flaps: the controller learns of it" await 28 totals open 1
check "the line flaps: 00000JAPAN stays on the air" stays 25 test -e /run/hostapd/wlan0jp
edge=$(now_us); turn normal
check "the line flaps: 00000JAPAN is off the air" await 28 closed
gone=$(now_us); measure flapping-edge-to-closed $((gone - edge))
check "it flapped on the whole time" kill -0 $flapping
wait $flapping
check "the line is good again: the AP stands settled, closed" await 60 totals settled 1
check "no beacon of 00000JAPAN since it was closed" silent_since "$gone"
check "the station of the town's own network was untouched" untouched staff wlan1
check "the control: a radio that is loaded anew throws it off, and the watch sees it" thrown_off staff wlan1
