#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What goes wrong under load: cut connections, a link that is down, resets, commands that time out,
# tgtd killed. The initiator recovers, and fio finds every write that was acknowledged. The target
# is in a network of its own, behind a veth pair.
# vm: -t 600 -m 1536M

. "${0%/*}/lib.sh"

address=10.7.0.2
portal=$address:3260
slow=iqn.2026-11.org.example:slow

in_net() {
	ip netns exec t "$@"
}

network() {
	ip netns add t && ip link add v0 type veth peer name v1 netns t &&
		ip address add 10.7.0.1/24 dev v0 && ip link set v0 up &&
		in_net ip link set lo up && in_net ip address add $address/24 dev v1 &&
		in_net ip link set v1 up
}

# What a start script does: nobody can log in before the targets are there.
serve() {
	ip netns exec t "$BUILD/tgtd" -f -s $work/state --iscsi portal=127.0.0.1:3261 >>$work/tgtd.log 2>&1 &
	tgtd=$!
	within 20 adm system show >/dev/null && target_new 1 && lun_new 1 1 $work/a 64M &&
		target_new 2 $slow && truncate -s 8M $work/b &&
		adm lu new --tid 2 --lun 1 --backing-store "delay:write=12s:$work/b" &&
		adm portal new --portal $portal
}

# So that minutes become seconds.
settings() {
	iscsiadm -m discovery -t st -p $portal && node_set 'node.conn[0].timeo.noop_out_interval' 1 \
		'node.conn[0].timeo.noop_out_timeout' 2 node.session.timeo.replacement_timeout 60 \
		node.session.err_timeo.abort_timeout 15 node.session.err_timeo.lu_reset_timeout 5
}

session_is() {
	has /sys/class/iscsi_session/session1/state "$1"
}

# has_written MORE_THAN: so many writes of the disk are done.
has_written() {
	local fields
	read -ra fields </sys/block/"$A"/stat
	[ "${fields[4]}" -gt "$1" ]
}

# under_load IOPS COMMAND...: the command while fio writes, when there are writes that could be lost;
# then fio reads all of it again. Fails when the load was over before the command was.
under_load() {
	local rc=0 fio fields
	read -ra fields </sys/block/"$A"/stat
	fio_verify "$A" --rw=randwrite --bs=4k --iodepth=16 --direct=1 --size=32M \
		--rate_iops="$1" >$work/fio.out 2>&1 &
	fio=$!
	shift
	within 30 has_written $((fields[4] + 500)) || rc=1
	"$@" || rc=1
	kill -0 $fio 2>/dev/null || { echo 'the load had ended before'; rc=1; }
	within 60 session_is LOGGED_IN || rc=1
	wait $fio || { tail -n 20 $work/fio.out; rc=1; }
	return $rc
}

# The initiator's ports: other ones after each recovery of a session.
port_of_connection() {
	in_net ss -Htn state established "( sport = :3260 )" | sed -n 's/.*:\([0-9]*\) *$/\1/p' | sort
}

other_port() {
	local now
	now=$(port_of_connection)
	[ -n "$now" ] && [ "$now" != "$1" ]
}

# Task management requests of a session.
requests() {
	iscsiadm -m session -r "$1" -s | sed -n 's/.*tmfcmd_pdus: *//p'
}

# asked SESSION COUNT COMMAND...: the command is done by so many of them. Where those fail, the kernel
# goes on by dropping the session; that isn't what is tested.
asked() {
	local session=$1 count=$2 ports before
	shift 2
	ports=$(port_of_connection) before=$(requests "$session")
	"$@" && same 'what was asked' $(($(requests "$session") - before)) "$count" &&
		same 'the port' "$(port_of_connection)" "$ports"
}

# Both ends learn of it at once.
cut_connection() {
	local before i
	for i in 1 2 3; do
		before=$(port_of_connection)
		[ -n "$before" ] || return
		ss -K dst $address dport = 3260 >/dev/null || return
		within 30 other_port "$before" && within 10 session_is LOGGED_IN || return
		sleep 0.5
	done
}

# Nobody learns of it, but for the silence.
cut_link() {
	ip link set v0 down
	within 30 session_is FAILED || return
	ip link set v0 up
}

kill_target() {
	kill -9 $tgtd
	wait $tgtd 2>/dev/null
	sleep 1
	serve
}

reset() {
	local g i
	g=$(echo /sys/block/"$A"/device/scsi_generic/*)
	for i in 1 2 3; do
		asked 1 1 sg_reset "$1" /dev/"${g##*/}" || return
		sleep 0.3
	done
}

slow_disk() {
	local retries
	iscsiadm -m node -T $slow -p $portal --login && within 20 disk 1 2 >/dev/null && S=$(disk 1 2) || return
	echo 1 >/sys/block/"$S"/device/timeout
	for retries in /sys/block/"$S"/device/scsi_disk/*/max_retries; do
		echo 0 >"$retries"
	done
}

# The kernel aborts the command and hears of it when the store has let go of it: no need for more.
times_out() {
	! dd if=/dev/zero of=/dev/"$S" bs=4k count=1 oflag=direct
}

aborted() {
	slow_disk && asked 2 1 times_out && has /sys/block/"$S"/device/state running &&
		dd if=/dev/"$S" bs=4k count=1 iflag=direct of=/dev/null
}

need 'a network of its own' network
need 'tgtd serves there' serve
need 'iscsid starts' initiator_start
need 'discovery' settings
need 'login' login 1
A=$(disk 1)
ok 'connections cut under load (ss -K)' under_load 600 cut_connection
ok 'a link down under load' under_load 700 cut_link
ok 'tgtd killed and started again under load' under_load 600 kill_target
ok 'LOGICAL UNIT RESET under load' under_load 800 reset -d
ok 'TARGET RESET under load' under_load 800 reset -t
ok 'a command that takes too long is aborted' aborted
ok 'tgtd lives' tgtd_alive
finish
