# What breaks around an open AP does not close it: hostapd killed, the agent killed, the AP rebooted with no network at
# all, the controller gone for the closing; nor does a lamp that cannot be lit hold an opening up. Each time the AP finds
# its way back with nobody doing anything.
#
# programs: hirake hirake-agent
logs='/run/hirake.log /run/agent.log /run/hostapd.log /run/phone.log'
. /lab/town.sh
on_air() { beacon 00000JAPAN "$since" > /dev/null; }

town_up
need "the AP stands settled in the normal mode" await 60 totals settled 1
phone phone wlan2 00000JAPAN
turn disaster
need "the phone joins 00000JAPAN" await 60 joined phone 1
need "the AP stands settled, open" await 30 totals open 1

kill -9 "$agent"; wait "$agent" 2> /dev/null
since=$(now_us)
check "agent killed: 00000JAPAN stays on the air" await 10 on_air
agent_up
check "agent started again: it speaks for itself anew" await 60 at_least /run/agent.log '^broker up' 2
check "agent started again: it stands settled, open" await 60 totals open 1
check "the phone never noticed" test "$(drops phone)" = 0
# Nobody told the new agent of it: what hostapd answers is how it finds who is there (agent/recorded/sta-first.txt).
sta_first() { hostapd_cli -p /run/hostapd -i wlan0jp raw STA-FIRST; }
listed() { local all; all=$(sta_first) && [[ $'\n'$all == *$'\n'"$phone_address"$'\n'flags=*'[AUTHORIZED]'*$'\n'aid=* ]]; }
phone_address=$(within phone cat /sys/class/net/wlan2/address)
check "hostapd lists the phone as the agent reads it" listed

kill -9 "$hostapd"; wait "$hostapd" 2> /dev/null
hostapd_up
since=$(now_us)
check "hostapd killed and started again: 00000JAPAN is back" await 60 on_air
measure outage-hostapd-to-beacon $(($(beacon 00000JAPAN "$since") - since))
check "the phone joins again" await 60 joined phone 2

# A reboot in the dark: the AP's programs and their sockets gone, the line to the hall cut before they start.
within ap ip link set uplink down
kill -9 "$agent" "$hostapd"; wait "$agent" "$hostapd" 2> /dev/null
rm -rf /run/hostapd/*
since=$(now_us)
hostapd_up; agent_up
check "rebooted with no network: 00000JAPAN is on the air" await 60 on_air
measure outage-dark-boot-to-beacon $(($(beacon 00000JAPAN "$since") - since))
check "the phone joins again" await 60 joined phone 3

# The key is turned back while the AP is cut off and the controller is dead; both come back later.
kill -9 "$controller"; wait "$controller" 2> /dev/null
turn normal
since=$(now_us)
check "cut off, it goes on radiating what it was last told" await 10 on_air
controller_up
within ap ip link set uplink up
since=$(now_us)
check "line and controller back: 00000JAPAN is gone" await 60 test ! -e /run/hostapd/wlan0jp
measure outage-link-to-closed $(($(now_us) - since))
check "the AP stands settled, closed" await 60 totals settled 1
check "the lamp is off" await 30 is lamp 0

# Somebody else holds the lamp's line when the controller starts: the key is read all the same.
kill -9 "$controller"; wait "$controller" 2> /dev/null
gpiomon "$chip_name" "${line[lamp]}" & thief=$!
controller_up
turn disaster
check "the lamp's line is taken: the key opens all the same" await 60 totals open 1
kill "$thief"; wait "$thief" 2> /dev/null
check "the line is free again: the lamp is lit" await 20 is lamp 1
