# The shortest way there is, as the yardstick: a GPIO edge, gpiomon, a line of shell, hostapd_cli; no controller, no
# broker, no agent. Prints edge -> first beacon -> station associated, ROUNDS times (default 3).
# Uses the very files that the golden test of firmware-config pins.
rounds=${ROUNDS:-3}
logs='/run/hostapd.log /run/staff.log /run/phone.log /run/hand.log'
key=0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef

modprobe mac80211_hwsim radios=3
place ap phy0; place staff phy1; place phone phy2
gpio 4; pull 0 down
air
say "radios and lines are there"

mkdir -p /run/hostapd
within ap hostapd -t -g /run/hostapd/global /etc/hirake/hostapd-phy0.conf > /run/hostapd.log 2>&1 &
phone staff wlan1 shiomi-staff $key
need "a station joins the town's own network" await 60 joined staff 1
phone phone wlan2 00000JAPAN
check "00000JAPAN is not on the air" test "$(count /run/air '(00000JAPAN)')" = 0

gpiomon --line-buffered --format=%e "$chip_name" 0 | while read -r edge; do
  if [ "$edge" = 1 ]; then command="ADD bss_config=phy0:/etc/hirake/wlan0jp.conf"; else command="REMOVE wlan0jp"; fi
  echo "$(hostapd_cli -p /run/hostapd -i global raw "$command" | tail -n 1) $(now_us)"
done > /run/hand.log 2>&1 &
sleep 1

for ((round = 1; round <= rounds; round++)); do
  edge=$(now_us); pull 0 up
  need "round $round: the phone joins" await 60 joined phone $round
  measure bare-edge-to-beacon $(($(beacon 00000JAPAN "$edge") - edge))
  measure bare-edge-to-joined $(($(when phone CONNECTED) - edge))
  check "round $round: isolation is on" grep -q '^ap_isolate=1' /etc/hirake/wlan0jp.conf
  sleep 1
  edge=$(now_us); pull 0 down
  check "round $round: the phone is put off" await 60 dropped phone $round
  check "round $round: the interface is gone" await 20 test ! -e /run/hostapd/wlan0jp
  sleep 0.5; measure bare-edge-to-last-beacon $(($(last_beacon 00000JAPAN) - edge))
done
check "hostapd said OK each time" test "$(count /run/hand.log '^OK')" = $((rounds * 2))
check "the station of the town's own network was never put off" test "$(drops staff)" = 0
