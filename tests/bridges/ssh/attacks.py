"""Commands that pretend to read, written by hand, by platform; and change lines that no change may hold."""

IOS_SHOWS = """
reload
reload in 5
conf t
configure terminal
config t
write memory
wr
copy running-config startup-config
copy run tftp://10.0.0.9/x
erase startup-config
delete flash:vlan.dat
format flash:
clear ip bgp *
clear counters
debug all
undebug all
no shutdown
enable
disable
exit
tclsh
telnet 10.0.0.1
ssh -l root 10.0.0.1
more nvram:startup-config
dir
terminal monitor
test aaa group tacacs+ a b legacy
request platform software system shell
event manager run x
guestshell
send * hello
do show version
sho
show
s run
shw version
xshow version
show; reload
show version ; reload
show version && reload
show version & reload
show version || reload
show version `reload`
show version $(reload)
show version ${x}
show version > flash:x
show version >> flash:x
show version < flash:x
show version | redirect flash:x
show version | redir flash:x
show version | r flash:x
show version|redirect flash:x
show version |redirect flash:x
show version | append flash:x
show version | a flash:x
show version | tee flash:x
show version | t flash:x
show version | include a | redirect flash:x
show version | include a|tee flash:x
show version | include a| append flash:x
show version | REDIRECT flash:x
show version | Tee flash:x
show version |
show version | | include a
show version | vsh
show version | bash
show version | grep x
show version | awk x
show version | format x
show version | in\tx
show version ?
show version !
show version \\
show version {a}
show redirect flash:x
show tech-support
show tech
show te
show tech-support | include x
sh tech
show key chain
show key ch
show k c
show private-config
show snmp community
show crypto isakmp key
show cry isa key
show crypto pki export x
show vault
ping
ping 10.0.0.1 repeat 1000000
ping 10.0.0.1 size 65535
ping 10.0.0.1; reload
ping 10.0.0.1 | redirect flash:x
ping vrf
ping 10.0.0.1 repeat
ping 10.0.0.1 data ffff repeat 5 verbose
traceroute
traceroute 10.0.0.1 ttl 1 255
show log follow
banner motd x
admin show version
version
!
# show version
| show version
"show" version
'show version'
(show version)
""".strip("\n").splitlines()

OTHERS = {
    "cisco_nxos": """
show version | sed s/a/b/
show version | se x
show version | awk x
show version | egrep x
show version | tr a b
show version | cut -d x
show version | xargs reload
show version | vsh
show version | email x
show version | diff
show version > bootflash:x
show version | json > bootflash:x
show version ; copy r s
run bash
run-script bootflash:x
bash
python bootflash:x.py
feature bash-shell
source x
checkpoint x
show version | source x
show version | bash
show version | run-script x
show running-config | sed -n p
show running-config | vsh -c reload
show version >> bootflash:x
show version && reload
show tech-support details
show file bootflash:x
show file volatile:x
show accounting log
show cli history unformatted
vsh
slot 1 show version
attach module 1
attach console module 1
guestshell run ls
terminal event-manager bypass
load-timer x
write erase
system switchover
configure replace bootflash:x
configure session x
commit
rollback running-config checkpoint x
""",
    "arista_eos": """
bash
bash timeout 5 ls
python
show version | bash
show version | tee flash:x
show version | redirect flash:x
show version | append flash:x
show version | python -c x
show version > flash:x
show version >> flash:x
show version | grep x
show version | awk x
watch show version
show processes top
show logging follow
zerotouch cancel
configure session x
tcpdump
""",
    "cisco_iosxr": """
show version | file disk0:x
show version | utility egrep x
show version | utility script x
admin reload
admin config
admin
run
commit
rollback configuration last 1
run ls
run vi /etc/passwd
show version | run ls
show version | save disk0:x
show tech-support bgp file harddisk:x
show file harddisk:x
show configuration failed
attach location 0/0/CPU0
admin show version | file disk0:x
admin show tech-support
admin run ls
admin vm
admin attach location 0/0
admin show ; reload
commit confirmed 60
commit replace
abort
clear configuration lock
process restart bgp
sam verify x
bash
more disk0:x
dir
copy running-config disk0:x
""",
    "frr": """
vtysh
terminal monitor
show run | redirect x
show version | exclude x
show version | sh
configure terminal
start-shell
bash
write
clear bgp *
debug bgp
""",
    "juniper_junos": """
start shell
start shell user root
request system reboot
request system zeroize
configure
edit
set interfaces ge-0/0/0 disable
monitor traffic
file show /etc/passwd
clear bgp neighbor
op x
restart routing
show version | save x
show version | append x
show version | request message
show version | tee x
show version | refresh 1
show configuration | compare | save x
show version > x
sh version
test configuration x
quit
""",
    "linux": """
ls
rm -rf /
cat /etc/shadow
cat /var/lib/secrets/id_rsa
cat /proc/self/environ
cat /proc/net/../../etc/shadow
cat /sys/class/net/../../../etc/shadow
cat /proc/1/cmdline
cat
ip link set eth0 down
ip link s eth0
ip addr add 10.0.0.1/24 dev eth0
ip route del default
ip route flush table main
ip netns exec r1 bash
ip -batch /tmp/x
ip -b x
ip monitor
ip route show; reboot
ip route show | tee x
ip route show > x
ip route show $(reboot)
ip route show `reboot`
ip route show && reboot
ip route show *
ip route show ~
sysctl -w net.ipv4.ip_forward=0
sysctl net.ipv4.ip_forward=0
sysctl kernel.hostname
sysctl -p /tmp/x
nft flush ruleset
nft -f x
nft add table x
tc qdisc del dev eth0 root
ss -K dst 10.0.0.1
ss -D x
systemctl stop frr
systemctl restart frr
journalctl -f
journalctl --vacuum-size=1
ps e
ps auxe
hostname evil
date -s 12:00
ping 10.0.0.1
ping -f -c 5 10.0.0.1
ping -c 1000 10.0.0.1
ping -c 5 -p ff 10.0.0.1
ping -c 5 -f
sudo ip addr
bash -c id
sh
python3
vtysh
vtysh -c 'configure terminal'
vtysh -c 'show version' -c 'configure terminal'
vtysh -c 'show version | redirect x'
vtysh -c "show version$(reboot)"
vtysh -c 'show version'; reboot
vtysh -c show
vtysh -C
vtysh -f x
tcpdump -i eth0
ethtool -K eth0 tso off
ethtool -s eth0 speed 10
reboot
find / -exec id
env
curl http://10.0.0.1
ip -j -b x
ip -j -batch x
ip -j -s -s -d link set eth0 down
ip -j -s -s -d link add x type dummy
ip -j -s -s -d address flush dev eth0
ip -j neigh add 10.0.0.9 lladdr 02:00:00:00:00:09 dev eth0
ip -j neigh flush all
ip -j route add default via 10.0.0.1
ip -n r1 link set eth0 down
ip -n r1 netns exec r1 id
ip netns add x
ip netns del r1
ip netns attach x 1
ip -all netns exec id
bridge fdb add 02:00:00:00:00:09 dev eth0
bridge -j fdb del 02:00:00:00:00:09 dev eth0
bridge link set dev eth0 cost 1
bridge -b x
tc -j qdisc add dev eth0 root tbf rate 1mbit
tc -b x
nft add rule inet filter input drop
nft delete table inet filter
nft -j add table x
nft -i
nft -c -f x
nft reset counters
nft list ruleset; nft flush ruleset
nft list ruleset -f x
cat /proc/uptime /etc/shadow
cat /proc/uptime /proc/self/environ
cat /etc/os-release > /etc/hostname
cat /proc/sys/kernel/core_pattern
ps -eo pid,args
ps -eo command
ps -eo pid,comm; reboot
ps -eo pid,environ
ps -ww -C sshd -o pid,ppid,environ
ps -ww -C sshd -o pid,ppid,args; reboot
ps -ww -C $(reboot) -o pid,ppid,args
ps eww -C sshd -o pid,ppid,args
dpkg -i x.deb
dpkg --purge frr
dpkg-query -W -f='${Package}' $(reboot)
dpkg-query -W -f='${db:Status-Abbrev} ${Package} ${Version}\\n'; reboot
dpkg-query -W -f="${db:Status-Abbrev} ${Package} ${Version}\\n"
dpkg-query --admindir=/tmp -W
lldpcli configure system hostname x
lldpcli -f json configure lldp portidsubtype ifname
lldpcli -c x
lldpcli pause
""",
    "windows": "show version\n",
    "": "show version\n",
}

ODD = [
    "",
    "   ",
    "show version\n",
    "show version\nreload",
    "show version\rreload",
    "show version\r\nreload",
    "show version\x0breload",
    "show version\x0creload",
    "show version\x00",
    "show version\x1b[A",
    "show version\x03",
    "show version\x1a",
    "show version\x7f",
    "show\tversion",
    "show version\u2028reload",
    "show version\u2029reload",
    "show version\x85reload",
    "show version\u00a0x",
    "ѕhow version",
    "show versıon",
    "show version ｜ redirect x",
    "show version \u202e",
    "show version\ufeff",
    "\ud800",
    "show " + "x" * 300,
]

LINES = """
end
exit
quit
do reload
do show run
d reload
en
ex
exi
! comment
!
# comment
banner motd ^C owned ^C
banner login x
ban motd x
no banner motd
alias exec show reload
al exec x y
username evil privilege 15 secret x
user evil secret x
us evil
no username admin
aaa new-model
no aaa new-model
aa new-model
snmp-server community public rw
snmp-s community x
no snmp-server
event manager applet x
ev m a
kron policy-list x
tclsh
scripting tcl init x
line vty 0 4
li vty 0 4
enable secret x
ena s x
no enable secret
password x
privilege exec level 1 reload
parser view x
ip ssh version 1
ip http server
ip ht server
no ip ssh
ip scp server enable
ip tftp source-interface x
tacacs-server host 10.0.0.9
radius-server host 10.0.0.9
radius server x
crypto key zeroize rsa
key config-key password-encrypt x
boot system flash:x
config-register 0x2142
hostname evil
no hostname
service config
no service password-encryption
logging host 10.0.0.9
no logging buffered
no log
log file /etc/passwd
monitor session 1 source interface Gi0/1
archive
macro name x
reload
write erase
wr
copy run start
erase x
clear ip bgp *
debug all
undebug all
terminal monitor
show run | redirect x
sh run
ping 10.0.0.1
telnet 10.0.0.1
ssh 10.0.0.1
more x
configure terminal
conf t
commit
rollback x
default username admin
default no banner
no no username x
restconf
netconf-yang
iox
app-hosting appid x
guestshell enable
daemon x
feature bash-shell
schedule x at 1 reload
description x ; reload
description ?
description `id`
description $(id)
transport input telnet
access-class 1 in
system reboot
secret x
line
abort
top
return
disable
logout
bash
run x
start shell
request x
agentx
frr defaults datacenter
""".strip("\n").splitlines()
