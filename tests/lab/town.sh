# The words of scenarios with a whole town in them: one controller, one AP, phones.

staff_key=$(cat /etc/hirake/secret/rawkey)
declare -A line=([no]=0 [nc]=1 [lamp]=2 [buzzer]=3)

# contacts NO NC: 1 is closed. turn POSITION: as the key does it, one contact before the other.
contacts() {
  local way=(down up)
  pull ${line[no]} "${way[$1]}"; pull ${line[nc]} "${way[$2]}"
}
turn() { case $1 in disaster) pull ${line[nc]} down; pull ${line[no]} up ;; normal) pull ${line[no]} down; pull ${line[nc]} up ;; esac; }
is() { [ "$(level ${line[$1]})" = "$2" ]; }

api() { wget -qO- "http://127.0.0.1:8080/api/v1/$1" 2> /dev/null; }
answers() { [ -n "$(api town)" ]; }
# totals FIELD NUMBER: what the controller says of its APs.
totals() { local all; all=$(api town) || return 1; all=${all#*\"totals\":\{}; [[ ,${all%%\}*}, == *",\"$1\":$2,"* ]]; }
fault() { [[ $(api town) == *"\"fault\":{\"kind\":\"$1\""* ]]; }
no_fault() { [[ $(api town) == *'"fault":null'* ]]; }

# A fourth radio that only looks. `flush` forgets what an earlier scan saw.
scan() { within watch iw dev wlan3 scan freq 2412 flush; }
found() { scan | grep -q 'SSID: 00000JAPAN$'; }
not_found() { local seen; seen=$(scan) && [[ $seen == *shiomi-staff* && $seen != *00000JAPAN* ]]; }
silent_since() { local last; last=$(last_beacon 00000JAPAN); [ "$last" -le "$1" ]; }
no_address_in_logs() { ! grep -qiE '([0-9a-f]{2}:){5}[0-9a-f]{2}' /run/hirake.log /run/agent.log; }

# town_up: radios, key, the line between hall and AP; then controller, hostapd, agent.
town_up() { town_laid; town_started; }
town_laid() {
  modprobe mac80211_hwsim radios="${RADIOS:-4}"
  place ap phy0; place staff phy1; place phone phy2; place watch phy3
  within watch ip link set wlan3 up
  gpio 4; contacts 0 1
  ip link add hall type veth peer name uplink netns ap
  ip addr add 10.77.0.1/24 dev hall; ip link set hall up
  within ap ip addr add 10.77.0.2/24 dev uplink; within ap ip link set uplink up
  air
  mkdir -p /run/hostapd /run/rendered
  need "the town's file is right" hirake check /etc/hirake/controller.toml
  check "the AP's files are rendered" hirake render --config /etc/hirake/controller.toml --out /run/rendered yakuba-1
  check "they are the files the golden test pins" same_as_golden
}
town_started() {
  controller_up
  cp /run/town.key.pub /etc/hirake/town.pub
  hostapd_up
  agent_up
}
# Each in the background, as $controller, $hostapd and $agent: `ip netns exec` becomes the program, so a kill reaches it.
controller_up() {
  NO_COLOR=1 RUST_LOG=info hirake serve --config /etc/hirake/controller.toml >> /run/hirake.log 2>&1 &
  controller=$!
  need "the controller is there" await 60 answers
}
hostapd_up() {
  ip netns exec ap hostapd -t -g /run/hostapd/global /etc/hirake/hostapd-*.conf >> /run/hostapd.log 2>&1 &
  hostapd=$!
  need "hostapd is there" await 30 test -S /run/hostapd/wlan0
}
agent_up() {
  ip netns exec ap hirake-agent --config /etc/hirake/agent.toml >> /run/agent.log 2>&1 &
  agent=$!
}
same_as_golden() {
  local file
  for file in hostapd-phy0.conf wlan0jp.conf agent.toml; do
    cmp "/etc/hirake/$file" "/run/rendered/etc/hirake/$file" || return 1
  done
}
