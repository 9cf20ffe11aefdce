#!/bin/bash
# The guest's first process: mounts, modules, the words scenarios are written in; then the scenario, then off.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t devtmpfs dev /dev
mkdir -p /dev/pts; mount -t devpts pts /dev/pts; mount -t tmpfs run /run; mount -t tmpfs tmp /tmp
ln -s /proc/self/fd /dev/fd # <( ) of bash needs it
modprobe configfs; mount -t configfs config /sys/kernel/config
ip link set lo up
# NAME=VALUE of LAB_SET arrives on the kernel's command line.
for word in $(< /proc/cmdline); do case $word in [A-Z]*=*) export "${word?}" ;; esac; done

# Times are microseconds since 1970 as integers: floating point is 170 times slower here than on the host.
now_us() { echo "${EPOCHREALTIME/./}"; }
in_s() { printf '%d.%03d s' $(($1 / 1000000)) $(($1 / 1000 % 1000)); }
say() { local up; read -r up _ < /proc/uptime; printf '[%7s] %s\n' "$up" "$*"; }

failed=0
# check WHAT COMMAND...: one thing that has to be true.
check() {
  local what=$1; shift
  if "$@"; then say "ok      $what"; else say "NOT OK  $what"; failed=1; return 1; fi
}
# need WHAT COMMAND...: the same, and without it there is nothing more to see: the logs in $logs, and the end.
need() { check "$@" || { show ${logs:-}; exit 1; }; }
# await SECONDS COMMAND...: until it is true. Seconds are counted, not turns: the machine may be slow.
await() {
  local end=$((SECONDS + $1)); shift
  until "$@"; do [ $SECONDS -lt $end ] || return 1; sleep 0.05; done
}
# stays SECONDS COMMAND...: true now and for as long.
stays() {
  local end=$((SECONDS + $1)); shift
  while [ $SECONDS -lt $end ]; do "$@" || return 1; sleep 0.1; done
}
# nap MICROSECONDS: to the millisecond, where the start of a sleep would take a dozen of them.
exec 8<> <(:)
nap() { read -rt "$(printf '%d.%06d' $(($1 / 1000000)) $(($1 % 1000000)))" -u 8; }
# measure NAME MICROSECONDS: a number for the bench, which reads these lines.
measure() { say "MEASURE $1 $(in_s "$2")"; }
count() { grep -c -- "$2" "$1"; }
at_least() { [ "$(count "$1" "$2")" -ge "$3" ]; }
show() { local file; for file; do say "--- $file"; tail -n 40 "$file"; done; }

# gpio LINES: the key's chip, labelled keybox. Its lines stand in $lines/sim_gpioN/{pull,value}. gpio_second: another.
gpio() { new_chip keybox "$1"; chip_name=$new_name lines=$new_lines; }
gpio_second() { new_chip second 1; second_name=$new_name second_lines=$new_lines; }
new_chip() {
  local chip=/sys/kernel/config/gpio-sim/$1
  modprobe gpio-sim; mkdir -p "$chip/bank0"
  echo "$2" > "$chip/bank0/num_lines"; echo "$1" > "$chip/bank0/label"; echo 1 > "$chip/live"
  new_name=$(< "$chip/bank0/chip_name"); new_lines=/sys/devices/platform/$(< "$chip/dev_name")/$new_name
}
pull() { echo "pull-$2" > "$lines/sim_gpio$1/pull"; }
level() { cat "$lines/sim_gpio$1/value"; }

# place NAME PHY: a namespace with one radio in it, as a device of its own. Radios hear one another across namespaces.
place() {
  ip netns add "$1"; iw phy "$2" set netns name "$1"; ip netns exec "$1" ip link set lo up
}
within() { local place=$1; shift; ip netns exec "$place" "$@"; }

# air: every beacon on the air, from now on, with the kernel's own times, into /run/air.
air() {
  ip link set hwsim0 up
  tcpdump -Z root -U -l -n -tt -i hwsim0 'type mgt subtype beacon' > /run/air 2> /run/air.log &
  await 10 grep -q '^listening' /run/air.log
}
# beacon SSID AFTER_US [MHZ]: when the first beacon after that moment was seen, on channels that look like MHZ; fails
# while there is none. Stamps are compared as texts of the same length: floating point is slow here.
beacon() {
  awk -v name="($1)" -v after="${2:0:-6}.${2: -6}" -v mhz=" ${3:-....} MHz " \
    '$1 "" > after && index($0, name) && $0 ~ mhz { sub(/\./, "", $1); print $1; found = 1; exit }
    END { exit !found }' /run/air
}
# last_beacon SSID [MHZ]: when the last was seen; 0 where none was.
last_beacon() {
  local stamp; stamp=$(grep -F "($1)" /run/air | grep " ${2:-....} MHz " | tail -n 1); stamp=${stamp%% *}
  echo "${stamp/./}" | sed 's/^$/0/'
}

# phone NAME RADIO SSID [PSK [MHZ]]: a wpa_supplicant in place NAME that joins SSID and looks for it each second.
# scan_freq is where it looks, freq_list what it takes: it also hears of others that somebody else's scan has seen.
# Raw keys only: deriving one from a passphrase takes the emulated processor a second.
phone() {
  local name=$1 radio=$2 ssid=$3 key=${4:+psk=$4}
  printf 'ctrl_interface=/run/%s\nnetwork={\n ssid="%s"\n %s\n scan_freq=%s\n freq_list=%s\n}\n' "$name" "$ssid" \
    "${key:-key_mgmt=NONE}" "${5:-2412}" "${5:-2412}" > "/run/$name.conf"
  : > "/run/$name.log"
  within "$name" wpa_supplicant -t -i "$radio" -c "/run/$name.conf" >> "/run/$name.log" 2>&1 &
  await 20 wpa_cli -p "/run/$name" -i "$radio" scan_interval 1 > /dev/null 2>&1
}
joins() { count "/run/$1.log" CTRL-EVENT-CONNECTED; }
drops() { count "/run/$1.log" CTRL-EVENT-DISCONNECTED; }
joined() { [ "$(joins "$1")" -ge "$2" ]; }
dropped() { [ "$(drops "$1")" -ge "$2" ]; }
# when NAME EVENT: the moment of its last such event.
when() { local line; line=$(grep "CTRL-EVENT-$2" "/run/$1.log" | tail -n 1); line=${line%%:*}; echo "${line/./}"; }

say "linux $(uname -r) is up"
(. /lab/scenario.sh; [ $failed = 0 ] || show ${logs:-}; exit $failed) && echo LAB-PASS || echo LAB-FAIL
poweroff -f
