# APs listen for 00000JAPAN and its look-alikes of others, with the real iw on kernel radios that beacon and have people:
#   a look-alike, and the name itself while nothing is open here, are told by the controller; an AP that opens is seen by
#   its neighbour on the same channel, which is named
#   a station that pings twenty times a second loses nothing by scans of its AP's own channel, one after another; by
#   scans of other channels, which the agent makes only while nobody is there, it would
#   the station of the town's own network is untouched by all that the agents did
#
# programs: hirake hirake-agent
# SCANS: of each kind, one after another (default 20).
RADIOS=6 SECOND_CHANNEL=1
logs='/run/hirake.log /run/agent.log /run/agent2.log /run/hostapd.log /run/rogue.log'
. /lab/town.sh

# rogue SSID: somebody else's AP, phy5 on the same channel.
rogue() {
  [ -z "${rogue-}" ] || { kill "$rogue"; wait "$rogue"; }
  printf 'interface=wlan5\ndriver=nl80211\nssid=%s\nhw_mode=g\nchannel=1\n' "$1" > /run/rogue.conf
  ip netns exec rogue hostapd -t /run/rogue.conf >> /run/rogue.log 2>&1 &
  rogue=$!
}
# strange PART...: the controller knows of a network of others with all of this in it.
strange() {
  local all part; all=$(api town) || return 1; all=${all#*\"strangers\":[}; all=${all%%]*}
  for part; do [[ $all == *"$part"* ]] || return 1; done
}
# witnessed_by AP NEIGHBOUR: the neighbour hears the AP's 00000JAPAN.
witnessed_by() { local ap; ap=$(api "aps/$1") && [[ ${ap#*\"witnessed\":} == *"\"by\":\"$2\""* ]]; }
# pinged NAME WHILE...: a ping each 50 ms from the station to its AP for as long as that takes; says what was lost.
pinged() {
  local name=$1 status=0; shift
  within staff ping -i 0.05 10.8.0.1 > "/run/$name.ping" 2>&1 & local ping=$!
  await 10 at_least "/run/$name.ping" 'bytes from' 2 && "$@" || status=$?
  # What follows the last answer may still be under way: one more round of them.
  await 10 more_pings "$name" $(($(pings "$name") + 5)) || status=1
  kill -9 $ping; wait $ping 2> /dev/null
  pings_missing=$(pings_lost "$name")
  say "$name: $(pings "$name") pings answered, $pings_missing lost"
  return $status
}
# scans MHZ...: what the agent asks of iw, one after another without a rest.
scans() {
  local n=0 again=0
  while [ $n -lt "${SCANS:-20}" ]; do
    if within ap timeout -s KILL 10 iw dev wlan0 scan freq "$@" ap-force passive > /run/scanned 2> /run/scan.err; then
      n=$((n + 1))
    # The agent may be listening on this radio just now, which does one at a time: iw is refused, or waits for a word
    # that was the other's.
    elif [ $again -lt 20 ] && { [ ! -s /run/scan.err ] || grep -qE 'resource busy|Killed' /run/scan.err; }; then
      again=$((again + 1)); say "scan again: $(cat /run/scan.err)"; sleep 0.25
    else
      cat /run/scan.err; return 1
    fi
  done
}
rests() { sleep 4; }

town_laid
second_ap
printf '\n[radio-plan.annex.scan]\nevery-s = 60\n' >> /etc/hirake/controller.toml
sed -i 's/^every-s = 300$/every-s = 60/' /etc/hirake/agent.toml
place rogue phy5
rogue 0000OJAPAN
controller_up
cp /run/town.key.pub /etc/hirake/town.pub
hostapd_up
agent_up
# Before the second AP is there, which has a network of the same name.
phone staff wlan1 shiomi-staff "$staff_key"
need "a station joins the town's own network" await 60 joined staff 1
watched staff wlan1 ap 10.8.0.2
second_ap_up
need "two APs stand settled in the normal mode" await 90 totals settled 2
check "a look-alike is told, and how it deceives" await 120 strange '"ssid":"0000OJAPAN"' '"alarm":false' 'look the same'

turn disaster
need "both APs are open" await 60 totals open 2
check "the second AP hears the first" await 90 witnessed_by yakuba-1 yakuba-2
check "the first AP hears the second" await 90 witnessed_by yakuba-2 yakuba-1
check "neither of them is a stranger" strange '"ssid":"0000OJAPAN"'
check "nor is any 00000JAPAN" eval '! strange "\"ssid\":\"00000JAPAN\""'
turn normal
need "both APs are closed" await 60 totals settled 2
closed_at=$SECONDS
rogue 00000JAPAN

pinged without-scans rests
check "no ping is lost without a scan" [ "$pings_missing" = 0 ]
check "the radio scans its own channel ${SCANS:-20} times" pinged own-channel scans 2412
check "no ping is lost by it" [ "$pings_missing" = 0 ]
check "the station of the town's own network was untouched by all of it" untouched staff wlan1
check "the control: it scans other channels" pinged other-channels scans 2412 2437 2462 2472
check "the control: pings are lost by that" [ "$pings_missing" -gt 0 ]

# A sighting within half a minute of our own closing may be a neighbour town that closes as we do. Then an agent that
# starts anew listens after ten seconds.
await 30 [ $((SECONDS - closed_at)) -ge 25 ]
kill "$agent2"; wait "$agent2" 2> /dev/null; second_agent_up
check "the name itself, while nothing is open here, is an alarm" await 150 strange '"ssid":"00000JAPAN"' '"alarm":true'
check "no address is in any log of the agents" eval '! grep -qiE "([0-9a-f]{2}:){5}[0-9a-f]{2}" /run/agent.log /run/agent2.log'
