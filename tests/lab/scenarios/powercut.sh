# An AP loses its power in the middle of a flip: agent and hostapd killed at seeded moments between the key's edge and
# the end of the flip, and of everything they wrote only that is left which had reached the medium (a loop device whose
# file is copied at that moment, while nothing is written back by itself). When power returns the AP has no network at
# first. Shown for each cut:
#   the ledger on the medium is the order of before or the new one, whole; what the agent had said to be kept is kept
#   before it has network the AP serves what that ledger says; once it has, the newest order
#   a station on another AP of the same town is never touched
#
# programs: hirake hirake-agent
# CUTS: how many (default 12); SEED: of the moments.
cuts=${CUTS:-12} RANDOM=${SEED:-7}
RADIOS=6
logs='/run/hirake.log /run/agent.log /run/hostapd.log /run/staff.event'
. /lab/town.sh

medium=0
flash_made() {
  local module; for module in loop ext4 crc32c_generic; do modprobe $module || return 1; done
  truncate -s 4M /run/flash.img && mkfs.ext4 -q -F -b 1024 /run/flash.img && mkdir -p /flash && flash_mounted
  # Nothing goes to the medium but what is synced.
  echo 0 > /proc/sys/vm/dirty_writeback_centisecs
}
# A name of its own for each copy: a loop device is found again by the name of its file, and the programs in other
# places, each with mounts of its own, hold the first one for as long as they run.
flash_mounted() {
  medium=$((medium + 1)); mv /run/flash.img "/run/flash.$medium.img"
  mount -t ext4 -o loop,commit=600 "/run/flash.$medium.img" /flash
}
ap_up() { hostapd_up; agent_up; }
power_cut() {
  kill -9 "$agent" "$hostapd"; cp "/run/flash.$medium.img" /run/flash.img
  within ap ip link set uplink down
  wait "$agent" "$hostapd" 2> /dev/null
  need "the medium can be taken away" await 10 umount /flash
  rm -rf /run/hostapd/*; mv /run/agent.log /run/agent.before.log
}
# ledger_says: the order on the medium as "NUMBER MODE", read past our own programs; nothing where there is none.
ledger_says() {
  local page payload; page=$(cat /flash/ledger 2> /dev/null) || return 0
  payload=${page#*\"order\":\"*.}; payload=$(tr '_-' '/+' <<< "${payload%%.*}")
  while [ $((${#payload} % 4)) != 0 ]; do payload+='='; done
  payload=$(base64 -d <<< "$payload")
  [[ $payload =~ \"number\":([0-9]+) ]] && echo -n "${BASH_REMATCH[1]} "
  [[ $payload =~ \"yakuba\":\{\"mode\":\"([a-z]+)\" ]] && echo "${BASH_REMATCH[1]}"
}
agent_says() { grep -q -- "$1" /run/agent.log; }
# after MICROSECONDS MOMENT: waits until so long after the moment.
after() { local left=$(($2 + $1 - $(now_us))); [ $left -le 0 ] || nap $left; }
# serves MODE SINCE: what is on the air, and for normal also the agent's word, lest the wait be over before it began.
serves() {
  if [ "$1" = disaster ]; then on_air_since "$2" 2412 && [ "$(last_beacon 00000JAPAN 2412)" -gt $(($(now_us) - 1000000)) ]
  else agent_says 'state=Serving .*mode=normal' && closed && ! on_air_since "$2" 2412; fi
}

need "the AP has a medium of its own" flash_made
second_ap
town_laid
sed -i 's|^ledger = .*|ledger = "/flash/ledger"|' /etc/hirake/agent.toml
town_started; second_ap_up
need "both APs stand settled in the normal mode" await 60 totals settled 2
phone staff wlan1 shiomi-staff "$staff_key" 2437
need "a station joins the town's own network at the other AP" await 60 joined staff 1
watched staff wlan1 ap2 10.8.0.2

# A flip nobody cuts, to know how long one takes; and the control of the cut itself.
edge=$(now_us); turn disaster
need "a flip that nobody cuts" await 60 agent_says "state=Serving running=2"
took=$(($(beacon 00000JAPAN "$edge" 2412) - edge)); measure powercut-edge-to-beacon $took
echo lost > /flash/unsynced; echo kept > /flash/synced; sync -d /flash/synced
await 60 totals open 2; power_cut; flash_mounted
check "the control: what was synced is there after the cut" test "$(cat /flash/synced)" = kept
check "the control: what was not is gone" test "$(cat /flash/unsynced 2> /dev/null)" != lost
check "the order that was kept is in the ledger" test "$(ledger_says)" = "2 disaster"
since=$(now_us); ap_up
need "no network: 00000JAPAN is on the air" await 60 on_air_since "$since" 2412
within ap ip link set uplink up; need "the AP stands settled, open" await 60 totals open 2

number=2 was=disaster new=0 old=0 early=0
for ((cut = 1; cut <= cuts; cut++)); do
  if [ $was = disaster ]; then wish=normal; else wish=disaster; fi
  # The moments fill the time of a flip and half as much again, each drawn in its own part of it; the parts grow as
  # squares do, for most of what matters happens early.
  part=$(((cut * 7 % cuts) * 1000 + RANDOM % 1000)) whole=$((cuts * 1000))
  moment=$((took * 3 / 2 * part / whole * part / whole))
  edge=$(now_us); turn $wish
  after $moment "$edge"; power_cut
  number=$((number + 1)); flash_mounted; held=$(ledger_says)
  [ $wish = normal ] || on_air_since "$edge" 2412 || early=$((early + 1))
  say "cut $cut, to $wish: power off $(in_s $moment) after the key; its ledger holds: $held"
  case $held in
    "$number $wish") new=$((new + 1)) ;;
    "$((number - 1)) $was") old=$((old + 1)) ;;
    *) need "cut $cut: the ledger is the order of before or the new one" false ;;
  esac
  if grep -q "^ledger written number=$number" /run/agent.before.log; then
    check "cut $cut: it had said that the new order is kept, and it is" test "$held" = "$number $wish"
  fi
  since=$(now_us); ap_up
  check "cut $cut: it starts with what its ledger says" await 30 agent_says "^started number=${held% *} mode=${held#* } from=ledger"
  check "cut $cut: no network, and it serves its ledger's mode" await 60 serves "${held#* }" "$since"
  check "cut $cut: and no other" stays 1 serves "${held#* }" "$since"
  within ap ip link set uplink up
  if [ $wish = disaster ]; then
    check "cut $cut: with network it is right with the newest order" await 60 totals open 2
  else
    check "cut $cut: with network it is right with the newest order" await 60 closed
    check "cut $cut: and stands settled" await 60 totals settled 2
  fi
  need "cut $cut: it serves the newest" await 60 agent_says "state=Serving running=$number mode=$wish"
  was=$wish
done
say "of $cuts cuts $old left the order of before and $new the new one; $early came before the first beacon of an opening"
check "the cuts fell before, in and after the keeping" test "$((old > 0)) $((new > 0)) $((early > 0))" = "1 1 1"
check "the station at the other AP was untouched" untouched staff wlan1
