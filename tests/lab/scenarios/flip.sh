# The whole chain, all of it real: the key's two contacts on GPIO lines, `hirake serve` with its broker inside,
# `hirake-agent` on an AP of its own, hostapd, radios, phones.
#
# Shows: turning the key puts 00000JAPAN on the air, another radio finds it in a scan and a phone joins it; turning the
# key back takes it off; the lamp follows; a broken contact pair (00, 11) changes nothing and raises the alarm; the
# station of the town's own network is never put off.
#
# programs: hirake hirake-agent
logs='/run/hirake.log /run/agent.log /run/hostapd.log /run/staff.log /run/phone.log'
. /lab/town.sh

town_up
need "the AP stands settled in the normal mode" await 60 totals settled 1
phone staff wlan1 shiomi-staff "$staff_key"
need "a station joins the town's own network" await 60 joined staff 1
watched staff wlan1 ap 10.8.0.2
phone phone wlan2 00000JAPAN
check "no scan finds 00000JAPAN" not_found
check "the lamp is off" await 10 is lamp 0

edge=$(now_us); turn disaster
need "key to 災害: the phone joins 00000JAPAN" await 60 joined phone 1
measure flip-edge-to-beacon $(($(beacon 00000JAPAN "$edge") - edge))
measure flip-edge-to-joined $(($(when phone CONNECTED) - edge))
check "another radio finds 00000JAPAN in a scan" await 20 found
check "the AP stands settled, open" await 30 totals open 1
check "the lamp is lit" await 20 is lamp 1
check "the lamp stays lit" stays 3 is lamp 1
check "the phone is counted" await 45 totals stations 2

contacts 0 0
check "both contacts open: the fault is named" await 20 fault broken
check "both contacts open: the buzzer sounds" await 20 is buzzer 1
check "both contacts open: 00000JAPAN stays on the air" stays 3 test -e /run/hostapd/wlan0jp
contacts 1 1
check "both contacts closed: the fault is named" await 20 fault shorted
check "both contacts closed: 00000JAPAN stays on the air" stays 3 test -e /run/hostapd/wlan0jp
contacts 1 0
check "the pair whole again: the alarm ends" await 20 no_fault
check "the pair whole again: the lamp is lit" await 20 is lamp 1
check "the buzzer is silent" stays 2 is buzzer 0
check "the phone was never put off by a fault" test "$(drops phone)" = 0

edge=$(now_us); turn normal
check "key to 平時: the phone is put off" await 60 dropped phone 1
check "its interface is gone" await 30 test ! -e /run/hostapd/wlan0jp
sleep 0.5; measure flip-edge-to-last-beacon $(($(last_beacon 00000JAPAN) - edge))
gone=$(now_us)
check "the AP stands settled, closed" await 30 totals settled 1
check "the lamp is off again" await 20 is lamp 0
contacts 0 0
check "both contacts open at 平時: the fault is named" await 20 fault broken
contacts 1 1
check "both contacts closed at 平時: the fault is named" await 20 fault shorted
check "no beacon of 00000JAPAN since it was closed" silent_since "$gone"
check "no scan finds 00000JAPAN any more" not_found
contacts 0 1
check "the alarm ends" await 20 no_fault
check "the station of the town's own network was untouched: one association, no ping lost" untouched staff wlan1
check "no address of a device is in a log of ours" no_address_in_logs
