#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What tgtd says, read by somebody else: tshark's dissector finds no malformed PDU in sessions of all
# kinds, from the first byte of the login to the last of the logout.
#
# shellcheck disable=SC2030,SC2031,SC2034,SC2154

bats_require_minimum_version 1.5.0
load lib.bash

PROXY_PID=

setup() {
	setup_dir
	start_tgtd
	add_target
	add_lun 1 1 "$(make_disk disk 64M)"
	REAL=$PORT
	PORT=$(free_port)
	PORTAL=127.0.0.1:$PORT
	python3 "$top/test/lib/pcap_proxy.py" "$PORT" "$REAL" "$DIR/pcap" >"$DIR/proxy" 2>&1 3>&- &
	PROXY_PID=$!
	wait_for 20 grep -q listening "$DIR/proxy"
}

teardown() {
	[ -z "$PROXY_PID" ] || kill "$PROXY_PID" || :
	teardown_tgtd
}

read_pcap() {
	tshark -r "$DIR/pcap" -d "tcp.port==$REAL,iscsi" "$@" 2>/dev/null
}

# well_formed OPCODE...: the target has sent these (as tshark writes them), and nothing malformed.
well_formed() {
	local op
	# The dissector of SCSI takes data that an allocation length cut for malformed.
	read_pcap -Y "tcp.srcport == $REAL && _ws.malformed" -T fields -e frame.number -e _ws.malformed |
		grep -v 'Malformed Packet: SCSI]' >"$DIR/bad" || :
	cat "$DIR/bad"
	[ ! -s "$DIR/bad" ]
	read_pcap -Y "tcp.srcport == $REAL && iscsi" -T fields -e iscsi.opcode |
		tr ',' '\n' | sort -u >"$DIR/opcodes"
	echo "sent: $(tr '\n' ' ' <"$DIR/opcodes")"
	for op; do
		grep -qx "$op" "$DIR/opcodes"
	done
}

initiator() {
	local cmd=$1
	shift
	timeout 100 python3 "$top/test/lib/initiator.py" "$cmd" "$PORT" "$IQN" "$@"
}

@test "discovery and disks with libiscsi and qemu" {
	iscsi-ls -s "$(portal_url)"
	iscsi-inq "$(url 1)"
	iscsi-inq -e 1 -c $((0x83)) "$(url 1)"
	iscsi-readcapacity16 "$(url 1)"
	qemu-io -f raw -c 'write -P 0x5a 1M 3M' -c 'read -P 0x5a 1M 3M' -c 'discard 1M 1M' "$(url 1)"
	well_formed 0x21 0x23 0x24 0x25 0x26 0x31
}

@test "logins that end in every way, and an initiator that is asked to leave" {
	initiator churn 100
	initiator many 20
	run initiator luns 2 2
	IQN=$IQN.none run initiator check_alive
	initiator asked "$DIR/in" stay >"$DIR/said" 3>&- &
	wait_for 20 [ -e "$DIR/in" ]
	tgtadm --mode target --op update --tid 1 --name state --value offline
	wait $!
	run initiator check_alive
	tgtadm --mode target --op update --tid 1 --name state --value ready
	tgtadm target update --tid 1 --name RedirectAddress --value 2001:db8::1
	run initiator check_alive
	well_formed 0x21 0x23 0x25 0x32
}

@test "CHAP in both directions" {
	tgtadm account new --user joe --password secret-of-joe
	tgtadm account new --user disk --password secret-of-disk
	tgtadm account bind --tid 1 --user joe
	tgtadm account bind --tid 1 --user disk --outgoing
	initiator chap login 8,7,6,5 joe secret-of-joe disk secret-of-disk
	run initiator chap login 7 joe wrong
	well_formed 0x23 0x25
}

# Without digests: tshark 4.0 overlooks those of data on the second connection of a session.
@test "several connections, some of which are cut, and their commands go on elsewhere" {
	tgtadm target update --tid 1 --name ErrorRecoveryLevel --value 2
	tgtadm target update --tid 1 --name MaxConnections --value 8
	timeout 110 python3 "$top/test/lib/initiator_faults.py" "$PORT" "$IQN" --erl 2 --conns 3 --commands 150 \
		--cuts 8 --loss 0 --plain
	well_formed 0x21 0x22 0x23 0x25 0x31
}

@test "garbage is answered with nothing malformed" {
	initiator garbage 40
	well_formed 0x23
}
