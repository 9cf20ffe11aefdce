# The key at an AP (施設の鍵) on a kernel GPIO chip of its own: with no controller running it opens 00000JAPAN and a phone
# joins; the controller, started later, knows it and has it in its record; the AP's power cut and back: still open; a cut
# wire changes nothing; turned back with the controller gone: closed, and known when it is there again.
#
# programs: hirake hirake-agent
logs='/run/hirake.log /run/agent.log /run/hostapd.log /run/phone.log'
. /lab/town.sh

facility_contacts() { local way=(down up) at=$chip_lines; echo "pull-${way[$1]}" > "$at/sim_gpio0/pull"; echo "pull-${way[$2]}" > "$at/sim_gpio1/pull"; }
entry() { [[ $(api 'record?limit=100') == *"\"kind\":\"$1\""* ]]; }
held() { [[ $(api town) == *'"by":"facility-key:yakuba-1"'* ]]; }
not_held() { local town; town=$(api town) && [[ $town != *'"by":"facility-key'* ]]; }
power_cut() { kill -9 "$agent" "$hostapd"; wait "$agent" "$hostapd" 2> /dev/null; rm -rf /run/hostapd/*; sync; }

town_laid
new_chip hallkey 2; chip_lines=$new_lines
facility_contacts 0 1
# The town's key is made in peacetime; from then on there is nobody.
controller_up
cp /run/town.key.pub /etc/hirake/town.pub
kill -9 "$controller"; wait "$controller" 2> /dev/null
for file in 'key /etc/hirake/agent.toml' 'ap.key /etc/hirake/controller.toml'; do
  printf '\n[%s]\nchip = "hallkey"\nno = 0\nnc = 1\n' "${file%% *}" >> "${file#* }"
done
hostapd_up
agent_up
need "the agent reads its key" await 30 at_least /run/agent.log 'facility key at normal' 1
check "at 平時 nothing is on the air" stays 2 closed

phone phone wlan2 00000JAPAN
since=$(now_us)
facility_contacts 1 0
check "no controller: the key opens 00000JAPAN" await 30 on_air_since "$since"
measure facilitykey-edge-to-beacon $(($(beacon 00000JAPAN "$since") - since))
check "the phone joins" await 60 joined phone 1

controller_up
check "the controller, started later, knows who holds it open" await 60 held
check "the AP stands settled, open" await 30 ap_is yakuba-1 settled
check "it is in the record" await 30 entry opened

kill -9 "$controller"; wait "$controller" 2> /dev/null
within ap ip link set uplink down
power_cut
since=$(now_us)
hostapd_up; agent_up
check "power cut and back, no network: 00000JAPAN is on the air" await 60 on_air_since "$since"
facility_contacts 0 0
check "a cut wire is said" await 30 at_least /run/agent.log 'facility key fault=broken' 1
check "and changes nothing" stays 2 test -e /run/hostapd/wlan0jp
facility_contacts 0 1
check "turned back, with nobody there: closed" await 30 closed

within ap ip link set uplink up
controller_up
check "the controller knows that it is over" await 60 not_held
check "the AP stands settled, closed" await 60 totals settled 1
check "the record has who closed" await 30 entry closed
check "no address of a device in any log" no_address_in_logs
