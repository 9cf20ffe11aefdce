# Two things that take a radio away, in one minute:
#   The second AP has a 2.4 GHz radio and a 5 GHz radio on a channel with radar (W53, Japan's rules, the kernel's own
#   60 s of listening). While it listens, 00000JAPAN on it is Settling with the reason and not Refused, also when it was
#   closed and opened again meanwhile; it is on the air when the minute is over. A radar moves the channel, and the
#   network is back there; closing works on the channel it moved to.
#   Meanwhile the first AP's hostapd is killed at seeded moments, also in the middle of adding 00000JAPAN: each time
#   00000JAPAN comes back and the phone with it.
# The station of the town's own network on the second AP's 2.4 GHz radio is never touched by any of it.
#
# programs: hirake hirake-agent
# KILLS: of hostapd (default 6); SEED: of the moments.
kills=${KILLS:-6} RANDOM=${SEED:-7}
RADIOS=8 SECOND_5GHZ=52
logs='/run/hirake.log /run/agent.log /run/agent2.log /run/hostapd.log /run/hostapd2.log /run/phone.log /run/phone5.log'
logs+=' /run/staff2.event'
. /lab/town.sh
second_hostapd() { hostapd_cli -p /run/hostapd2 -i wlan5 raw STATUS; }
channel_is_not() { local status; status=$(second_hostapd) && [[ $status == *state=ENABLED* && $status != *$'\n'"channel=$1"$'\n'* ]]; }
in_cac() { [[ $(second_hostapd) == *state=DFS* ]]; }
# A second after the move no network, of whatever name, is left on channel 52.
silent_on_52() { sleep 1; local last; last=$(grep ' 5260 MHz ' /run/air | tail -n 1); last=${last%% *}; [ "${last/./}" -lt $(($1 + 500000)) ]; }
is_on() { within "$1" wpa_cli -p "/run/$1" -i "$2" status | grep -q '^wpa_state=COMPLETED'; }
kill_hostapd() { kill -9 "$hostapd"; wait "$hostapd" 2> /dev/null; }

modprobe mac80211_hwsim radios=$RADIOS
mount -t debugfs debug /sys/kernel/debug
second_ap
town_laid
place staff2 phy6; place phone5 phy7
# The minute begins here: the second AP first.
controller_up; cp /run/town.key.pub /etc/hirake/town.pub
listens=$(now_us); second_ap_up
need "the 5 GHz radio listens for radar" await 10 in_cac
hostapd_up; agent_up
need "in normal mode a radio that listens keeps nobody waiting" await 30 totals settled 2
phone staff2 wlan6 shiomi-staff "$staff_key" 2437
need "a station joins the town's own network on 2.4 GHz at the second AP" await 60 joined staff2 1
watched staff2 wlan6 ap2 10.8.0.2
phone phone wlan2 00000JAPAN
phone phone5 wlan7 00000JAPAN '' '5180 5200 5220 5240 5260 5280 5300 5320'

edge=$(now_us); turn disaster
need "the phone joins 00000JAPAN at the first AP" await 60 joined phone 1
check "the second AP is settling, and says that its radio listens for radar" await 30 \
  ap_is yakuba-2 settling "radio of wlan5jp is in state DFS: it listens for radar"
check "the first AP is settled" await 10 ap_is yakuba-1 settled
turn normal
check "closed while it listens: everything is settled" await 30 totals settled 2
check "closed while it listens: the phone is put off" await 30 dropped phone 1
edge=$(now_us); turn disaster
need "opened again: the phone joins again" await 60 joined phone 2
check "opened again: the radio still listens, and is not refused" await 30 \
  ap_is yakuba-2 settling "radio of wlan5jp is in state DFS: it listens for radar"

# Meanwhile, at the first AP. Odd kills: at any moment of an open AP. Even ones: also right after the agent asked the
# next hostapd for 00000JAPAN, which takes a tenth of a second or two over it.
# Read without a process of its own, which would come too late.
asked_again() {
  local end=$((SECONDS + 30)) line
  while [ $SECONDS -lt $end ]; do
    if read -r line <&9; then [[ $line != adding* ]] || return 0; else nap 2000; fi
  done
  return 1
}
told_all() { local line; while read -r line <&9; do :; done; }
exec 9< /run/agent.log
amid=0
for ((round = 1; round <= kills; round++)); do
  nap $((RANDOM * 30)); told_all; kill_hostapd; started=$(now_us); hostapd_up; what="at rest"
  if [ $((round % 2)) = 0 ]; then
    what="in the adding"
    check "hostapd killed ($round): the agent asks the next one for 00000JAPAN" asked_again
    nap $RANDOM; kill_hostapd
    on_air_since "$started" 2412 || amid=$((amid + 1))
    hostapd_up
  fi
  since=$(now_us) expected=$(($(joins phone) + 1))
  check "hostapd killed $what ($round): 00000JAPAN is back" await 60 on_air_since "$since" 2412
  check "hostapd killed $what ($round): the phone is back" await 60 joined phone $expected
done
say "$amid of $((kills / 2)) kills in the adding came before the first beacon"
check "hostapd was killed in the middle of an adding" test $amid -gt 0
check "the first AP is settled, open" await 30 ap_is yakuba-1 settled

need "no beacon of 00000JAPAN on 5 GHz before its minute is over; then it is there" await 120 on_air_since "$listens" 5...
cac=$(($(beacon 00000JAPAN "$listens" 5...) - listens)); measure radar-listening $cac
check "it listened for its minute" test $cac -ge 59000000
check "the second AP is settled, open" await 30 ap_is yakuba-2 settled
need "a phone joins 00000JAPAN on 5 GHz" await 60 joined phone5 1

before=$(second_hostapd); before=${before#*$'\n'channel=}; before=${before%%$'\n'*}
check "it is on the channel it was given" test "$before" = 52
radar=$(now_us); echo 1 > /sys/kernel/debug/ieee80211/phy5/hwsim/dfs_simulate_radar
check "radar: the channel moves" await 30 channel_is_not 52
moved=$(now_us)
check "radar: 00000JAPAN is on the air there" await 90 on_air_since "$moved" 5...
measure radar-hit-to-beacon $(($(beacon 00000JAPAN "$moved" 5...) - radar))
check "radar: the second AP is settled, open" await 60 ap_is yakuba-2 settled
check "radar: the phone followed, or found it again" await 60 is_on phone5 wlan7
check "radar: nothing is sent on the channel of the radar any more" silent_on_52 "$moved"
turn normal
check "closed on the channel it moved to" await 60 test ! -e /run/hostapd2/wlan5jp
check "both APs stand settled, closed" await 60 totals settled 2
check "the station on the second AP's 2.4 GHz radio was untouched" untouched staff2 wlan6
