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

# ap_is ID STANDING [PART]: where the controller says an AP stands, and that its reason has PART in it.
ap_is() { local ap; ap=$(api "aps/$1") && [[ $ap == *"\"standing\":\"$2\""* && ${ap#*\"standing\":} == *"\"why\":\"${3-}"* ]]; }
on_air_since() { beacon 00000JAPAN "$@" > /dev/null; }
closed() { [ ! -e "/run/hostapd/${1:-wlan0jp}" ]; }

# watched NAME RADIO AP ADDRESS: a station of the town's own network in place NAME, which joined through the AP in place
# AP, pings it four times a second from now on, and whatever befalls its association is written down.
watched() {
  within "$3" ip addr replace 10.8.0.1/24 dev br-lan; within "$3" ip link set br-lan up
  within "$1" ip addr add "$4/24" dev "$2"
  need "$1 reaches its AP" await 30 reaches_ap "$1"
  within "$1" iw event > "/run/$1.event" 2>&1 &
  within "$1" ping -i 0.25 10.8.0.1 > "/run/$1.ping" 2>&1 &
  association "$1" "$2" > "/run/$1.association"
  need "$1 is watched" await 10 at_least "/run/$1.ping" 'bytes from' 2
}
reaches_ap() { within "$1" ping -c 1 -W 2 10.8.0.1 > /dev/null; }
# The kernel's own account: the same moment is the same association.
association() { within "$1" iw dev "$2" station dump | grep -F 'associated at [boottime]'; }
pings() { count "/run/$1.ping" 'bytes from'; }
# Of the answered ones the last says how many were sent before it. One reading: more of them come meanwhile.
pings_lost() {
  local answered last; answered=$(grep 'bytes from' "/run/$1.ping"); last=${answered##*seq=}
  echo $((${last%% *} + 1 - $(wc -l <<< "$answered")))
}
more_pings() { [ "$(pings "$1")" -gt "$2" ]; }
# untouched NAME RADIO: it is on the association it began with, nothing ever ended one, and no ping was lost.
untouched() {
  local name=$1 before; before=$(pings "$name")
  await 10 more_pings "$name" "$before" || { say "$name: no ping is answered any more"; return 1; }
  say "$name: $(pings "$name") pings, $(pings_lost "$name") lost, $(joins "$name") joined, $(drops "$name") put off"
  [ "$(association "$name" "$2")" = "$(< "/run/$name.association")" ] || { say "$name: another association"; return 1; }
  ! grep -iE 'deauth|disassoc|disconnect|del station' "/run/$name.event" || return 1
  [ "$(joins "$name") $(drops "$name") $(pings_lost "$name")" = "1 0 0" ]
}
# The control, for the end of a scenario: what throws a station off is seen by the watch.
thrown_off() { hostapd_cli -p /run/hostapd -i wlan0 raw RELOAD > /dev/null; await 20 dropped "$1" 1 && ! untouched "$@"; }

# second_ap RADIO...: tells the town of another AP of the same facility, yakuba-2 in place ap2, with radios of its own:
# phy4 on channel $SECOND_CHANNEL or 6, and phy5 on the 5 GHz channel in $SECOND_5GHZ where that is set. second_ap_up starts it.
second_ap() {
  cat >> /etc/hirake/controller.toml << TOML

[[ap]]
id = "yakuba-2"
facility = "yakuba"
name = "2階"
managed = "agent"
radio = "annex"

[radio-plan.annex.broker]
host = "10.77.0.1"

[radio-plan.annex.places]
config-dir = "/etc/hirake2"
ledger = "/etc/hirake2/ledger"
town-key = "/etc/hirake/town.pub"
hostapd-socket = "/run/hostapd2/global"
hostapd-control-dir = "/run/hostapd2"
TOML
  annex_radio phy4 2.4 "${SECOND_CHANNEL:-6}" wlan4
  [ -z "${SECOND_5GHZ-}" ] || annex_radio phy5 5 "$SECOND_5GHZ" wlan5
}
# annex_radio PHY BAND CHANNEL INTERFACE
annex_radio() {
  cat >> /etc/hirake/controller.toml << TOML

[[radio-plan.annex.radio]]
phy = "$1"
band = "$2"
channel = $3
country = "JP"

[[radio-plan.annex.radio.network]]
interface = "$4"
ssid = "shiomi-staff"
security = "wpa2"
passphrase-file = "/etc/hirake/secret/rawkey"
bridge = "br-lan"

[radio-plan.annex.radio.open]
interface = "${4}jp"
bridge = "br-open"
TOML
}
second_ap_up() {
  place ap2 phy4; [ -z "${SECOND_5GHZ-}" ] || iw phy phy5 set netns name ap2
  ip link add hall2 type veth peer name uplink netns ap2
  ip addr add 10.77.1.1/24 dev hall2; ip link set hall2 up
  within ap2 ip addr add 10.77.1.2/24 dev uplink; within ap2 ip link set uplink up
  within ap2 ip route add 10.77.0.1 via 10.77.1.1
  mkdir -p /run/hostapd2
  need "the second AP's files are rendered" hirake render --config /etc/hirake/controller.toml --out /run/rendered2 yakuba-2
  cp -r /run/rendered2/etc/hirake2 /etc/
  ip netns exec ap2 hostapd -t -g /run/hostapd2/global /etc/hirake2/hostapd-*.conf >> /run/hostapd2.log 2>&1 &
  need "the second AP's hostapd is there" await 30 test -S /run/hostapd2/wlan4
  second_agent_up
}
second_agent_up() {
  ip netns exec ap2 hirake-agent --config /etc/hirake2/agent.toml >> /run/agent2.log 2>&1 &
  agent2=$!
}
same_as_golden() {
  local file
  for file in hostapd-phy0.conf wlan0jp.conf agent.toml; do
    cmp "/etc/hirake/$file" "/run/rendered/etc/hirake/$file" || return 1
  done
}
