# The radio bench: the key's edge to the first beacon and to the station associated, two ways in one run, turn about:
#   bare  gpiomon -> shell -> hostapd_cli, on an AP of its own
#   flip  hirake serve -> broker -> hirake-agent, on the other
# Both APs run the same hostapd files. ROUNDS each (default 10). Ends with the medians and their ratio.
#
# programs: hirake hirake-agent
rounds=${ROUNDS:-10}
RADIOS=6
logs='/run/hirake.log /run/agent.log /run/hostapd.log /run/bare-hostapd.log /run/hand.log'
. /lab/town.sh

town_up
need "the AP stands settled in the normal mode" await 60 totals settled 1
phone phone wlan2 00000JAPAN

# The bare AP is on another channel, so that each phone hears its own AP only.
place bare phy4; place bareph phy5
mkdir -p /run/bare /run/bareconf
for file in hostapd-phy0.conf wlan0jp.conf; do
  sed 's/wlan0/wlan4/; s/^channel=1$/channel=6/; s|/var/run/hostapd|/run/bare|' "/etc/hirake/$file" > "/run/bareconf/$file"
done
within bare hostapd -t -g /run/bare/global /run/bareconf/hostapd-phy0.conf > /run/bare-hostapd.log 2>&1 &
need "the bare AP is up" await 30 test -S /run/bare/wlan4
phone bareph wlan5 00000JAPAN '' 2437
# A second chip: gpiomon and hirake cannot both hold a line.
gpio_second
gpiomon --line-buffered --format=%e "$second_name" 0 | while read -r edge; do
  if [ "$edge" = 1 ]; then command="ADD bss_config=phy4:/run/bareconf/wlan0jp.conf"; else command="REMOVE wlan4jp"; fi
  hostapd_cli -p /run/bare -i global raw "$command" | tail -n 1
done > /run/hand.log 2>&1 &
sleep 2

declare -A took
note() { took[$1]+="$2"$'\n'; measure "$1" "$2"; }
median() { printf %s "${took[$1]}" | sort -n | sed -n "$(((rounds + 1) / 2))p"; }

for ((round = 1; round <= rounds; round++)); do
  edge=$(now_us); echo pull-up > "$second_lines/sim_gpio0/pull"
  need "bare $round: joined" await 60 joined bareph $round
  note bare-edge-to-beacon $(($(beacon 00000JAPAN "$edge") - edge))
  note bare-edge-to-joined $(($(when bareph CONNECTED) - edge))
  echo pull-down > "$second_lines/sim_gpio0/pull"
  need "bare $round: off" await 60 dropped bareph $round
  await 20 test ! -e /run/bare/wlan4jp; sleep 1
  edge=$(now_us); turn disaster
  need "flip $round: joined" await 60 joined phone $round
  note flip-edge-to-beacon $(($(beacon 00000JAPAN "$edge") - edge))
  note flip-edge-to-joined $(($(when phone CONNECTED) - edge))
  await 20 totals open 1
  turn normal
  need "flip $round: off" await 60 dropped phone $round
  await 20 test ! -e /run/hostapd/wlan0jp; await 20 totals settled 1; sleep 1
done
for what in edge-to-beacon edge-to-joined; do
  bare=$(median bare-$what) flip=$(median flip-$what)
  ratio=$((flip * 100 / bare))
  say "RESULT $what: bare $(in_s "$bare"), through Hirake $(in_s "$flip"), ratio $((ratio / 100)).$(printf %02d $((ratio % 100))) (median of $rounds)"
done
