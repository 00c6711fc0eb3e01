#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The iSNS client with the server and the tool of open-isns, which are unpacked and not installed: no
# service of the machine is touched.
#
# shellcheck disable=SC2030,SC2031,SC2154

bats_require_minimum_version 1.5.0
load lib.bash

JOE=iqn.2026-11.org.example:joe
EVE=iqn.2026-11.org.example:eve

setup() {
	setup_dir
	ISNSD=$(command -v isnsd || "$top/scripts/unpacked" open-isns-server usr/sbin/isnsd)
	ISNSADM=$(command -v isnsadm || "$top/scripts/unpacked" open-isns-utils usr/sbin/isnsadm)
	ISNS_PORT=$(free_port)
	start_isnsd
	start_tgtd
	add_target
	add_lun 1 1 "$(make_disk disk 16M)"
}

teardown() {
	local rc=0
	teardown_tgtd || rc=$?
	stop_isnsd
	[ -n "${BATS_TEST_COMPLETED:-}" ] || tail -n 40 "$DIR/isnsd.log" 2>/dev/null || true
	return $rc
}

start_isnsd() {
	mkdir -p "$DIR/isns"
	cat >"$DIR/isns/isnsd.conf" <<-END
	SourceName = iqn.2026-11.org.example:isnsd
	Database = $DIR/isns/db
	ControlSocket = $DIR/isns/control
	PIDFile = $DIR/isns/pid
	BindAddress = 127.0.0.1:$ISNS_PORT
	Security = 0
	SLPRegister = 0
	DefaultDiscoveryDomain = 0
	ESIMinInterval = 1s
	ESIMaxInterval = 2s
	SCNTimeout = 5
	END
	"$ISNSD" -f -c "$DIR/isns/isnsd.conf" >>"$DIR/isnsd.log" 2>&1 3>&- </dev/null &
	ISNSD_PID=$!
	wait_for 20 python3 -c "import socket; socket.create_connection(('127.0.0.1', $ISNS_PORT))" 2>/dev/null
}

stop_isnsd() {
	[ -n "${ISNSD_PID:-}" ] || return 0
	kill "$ISNSD_PID" 2>/dev/null || true
	wait "$ISNSD_PID" || true
	ISNSD_PID=
}

# isnsadm NAME WORDS...: in the name of that node.
isnsadm() {
	cat >"$DIR/isns/${1##*:}.conf" <<-END
	SourceName = $1
	ServerAddress = 127.0.0.1:$ISNS_PORT
	Security = 0
	END
	timeout 10 "$ISNSADM" -c "$DIR/isns/${1##*:}.conf" "${@:2}" </dev/null
}

switch_on() {
	local name
	for name in "iSNSServerIP 127.0.0.1" "iSNSServerPort $ISNS_PORT" 'iSNS On'; do
		tgtadm --mode sys --op update --name "${name% *}" --value "${name#* }"
	done
	wait_for 10 shows '.state == "registered"'
}

shows() {
	tgtadm --json system show | jq -e ".isns | $1" >/dev/null
}

may() {
	iscsi-inq -i "$1" "$(url 1)" >/dev/null 2>&1
}

# Both see each other from now on.
domain() {
	isnsadm "$1" --register "initiator=$1"
	isnsadm "$1" --dd-register dd-name=one "member-name=$IQN" "member-name=$1"
}

@test "an initiator of the domain finds target, alias, portal and group" {
	tgtadm target update --tid 1 --name TargetAlias --value 'the disk'
	switch_on
	domain $JOE
	wait_for 10 eval "isnsadm $JOE --query iscsi-name=$IQN >$DIR/said && grep -q 'iSCSI alias.*the disk' $DIR/said"
	cat "$DIR/said"
	grep -q "Portal TCP/UDP port *= $PORT/tcp" "$DIR/said"
	grep -q 'Portal group tag *= 1$' "$DIR/said"
	tgtadm target update --tid 1 --name TargetAlias --value 'another'
	wait_for 10 eval "isnsadm $JOE --query iscsi-name=$IQN | grep -q 'iSCSI alias.*another'"
	stop_tgtd
	isnsadm $JOE --query "iscsi-name=$IQN" >"$DIR/said" || true
	run ! grep -q 'iSCSI alias' "$DIR/said"
}

@test "status inquiries are answered, so that the registration stays" {
	switch_on
	wait_for 20 shows '.inquiries >= 2'
	shows '.state == "registered" and .connections == 1'
}

@test "an initiator that comes into the domain may log in, one that deregisters may not" {
	tgtadm --mode sys --op update --name iSNSAccessControl --value On
	switch_on
	wait_for 10 shows '.targets[0].initiators == 0'
	run ! may $JOE
	domain $JOE
	wait_for 10 may $JOE
	run ! may $EVE
	shows '.notifications > 0'
	isnsadm $JOE --deregister "iscsi-name=$JOE"
	wait_for 10 eval "! may $JOE"
}

@test "a server that ends and begins without its database is told everything again" {
	tgtadm --mode sys --op update --name iSNSAccessControl --value On
	switch_on
	domain $JOE
	wait_for 10 may $JOE
	stop_isnsd
	rm -rf "$DIR/isns/db"
	wait_for 10 shows '.state == "waiting"'
	may $JOE
	start_isnsd
	wait_for 20 shows '.state == "registered"'
	wait_for 10 eval "! may $JOE"
	domain $JOE
	wait_for 10 may $JOE
}

@test "sixty targets are registered and found" {
	local i
	for i in {1..60}; do
		printf '<target %s>\n</target>\n' "$IQN.$i"
	done >"$DIR/many.conf"
	switch_on
	"$BUILD/tgt-admin" -c "$DIR/many.conf" --execute >/dev/null
	wait_for 60 shows '.targets | length == 60'
	isnsadm $JOE --register initiator=$JOE
	isnsadm $JOE --dd-register dd-name=two "member-name=$IQN.60" "member-name=$JOE"
	isnsadm $JOE --query "iscsi-name=$IQN.60" | grep -q 'iSCSI node type.*Target'
	shows '.failures == 0'
}
