# Evacuees are protected from one another, and the town from them: phones on 00000JAPAN reach the AP and not each other,
# whether they are on one radio or on two radios of one bridge; a station of the town's own network reaches neither.
#
# programs: hirake hirake-agent
logs='/run/hirake.log /run/agent.log /run/hostapd.log /run/phone.log /run/other.log /run/staff.log'
RADIOS=7
. /lab/town.sh
reaches() { within "$1" ping -c 3 -W 2 "$2" > /dev/null; }
reaches_not() { ! reaches "$@"; }
address() { within "$1" cat "/sys/class/net/$2/address"; }

town_laid
place other phy4; place far phy6
# A second radio of the same AP, on another channel, its 00000JAPAN in the same bridge.
iw phy phy5 set netns name ap
for file in hostapd-phy0.conf wlan0jp.conf; do
  to=${file/phy0/phy5}; sed 's/wlan0/wlan5/; s/^channel=1$/channel=6/' /etc/hirake/$file > /etc/hirake/${to/wlan0/wlan5}
done
printf '\n[[open]]\nphy = "phy5"\ninterface = "wlan5jp"\nconfig = "/etc/hirake/wlan5jp.conf"\n' >> /etc/hirake/agent.toml
town_started
need "the AP stands settled in the normal mode" await 60 totals settled 1
phone staff wlan1 shiomi-staff "$staff_key"
phone phone wlan2 00000JAPAN
phone other wlan4 00000JAPAN
phone far wlan6 00000JAPAN '' 2437
need "a station joins the town's own network" await 60 joined staff 1
watched staff wlan1 ap 10.8.0.2
turn disaster
need "a phone joins 00000JAPAN" await 60 joined phone 1
need "another phone joins 00000JAPAN" await 60 joined other 1
need "a third phone joins 00000JAPAN on the other radio" await 60 joined far 1

# All in one range of addresses, so that nothing but the networks keeps them apart.
within ap ip addr add 10.9.0.1/24 dev br-open; within ap ip link set br-open up; within ap ip link set br-lan up
within phone ip addr add 10.9.0.2/24 dev wlan2; within other ip addr add 10.9.0.3/24 dev wlan4
within far ip addr add 10.9.0.5/24 dev wlan6
within staff ip addr add 10.9.0.4/24 dev wlan1
check "one phone reaches the AP" await 20 reaches phone 10.9.0.1
check "the other phone reaches the AP" await 20 reaches other 10.9.0.1
check "the phones do not reach each other" reaches_not phone 10.9.0.3
check "the phone on the other radio reaches the AP" await 20 reaches far 10.9.0.1
check "phones on two radios do not reach each other" reaches_not phone 10.9.0.5
# Not for want of an address resolution: that is a broadcast, and stopped as well.
within phone ip neigh replace 10.9.0.3 lladdr "$(address other wlan4)" dev wlan2
within other ip neigh replace 10.9.0.2 lladdr "$(address phone wlan2)" dev wlan4
check "nor when they know each other's address" reaches_not phone 10.9.0.3
within phone ip neigh replace 10.9.0.5 lladdr "$(address far wlan6)" dev wlan2
within far ip neigh replace 10.9.0.2 lladdr "$(address phone wlan2)" dev wlan6
check "nor across two radios" reaches_not phone 10.9.0.5
check "the town's station does not reach a phone" reaches_not staff 10.9.0.2
within phone ip neigh replace 10.9.0.4 lladdr "$(address staff wlan1)" dev wlan2
check "a phone does not reach the town's station" reaches_not phone 10.9.0.4
check "the town's station was untouched by the opening" untouched staff wlan1

# The control: without the one line in the file they would reach each other, so the checks above can fail.
kill -9 "$agent"; wait "$agent" 2> /dev/null
sed 's/^ap_isolate=1$/ap_isolate=0/' /etc/hirake/wlan0jp.conf > /run/unsafe.conf
hostapd_cli -p /run/hostapd -i global raw REMOVE wlan0jp > /dev/null
hostapd_cli -p /run/hostapd -i global raw ADD bss_config=phy0:/run/unsafe.conf > /dev/null
check "both phones join again" await 60 joined phone 2
await 60 joined other 2
check "without isolation the phones would reach each other" await 20 reaches phone 10.9.0.3
for port in wlan0jp wlan5jp; do within ap bash -c "echo 0 > /sys/class/net/$port/brport/isolated"; done
check "without the isolated ports so would those on two radios" await 20 reaches phone 10.9.0.5
